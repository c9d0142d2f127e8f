/**
 * Contacts of an ellipsoid with a capsule, a box or a polyhedron: one, since its surface is curved everywhere.
 *
 * A capsule touches where its segment is nearest to the ellipsoid; φ = D − r with D of curved.wgsl.ts, negative within, which is the least way
 * out until the segment itself is deep within, where normals jump along it: then it is told too small. A polyhedron touches with a
 * face, an edge or a corner (curved-polyhedron.wgsl.ts).
 *
 * Feature of a polyhedron: (1, face), (2, edge), (3, corner).
 */

import { curvedAlongTexts } from './curved.wgsl.ts';
import { besideTexts, nameOf } from './curved-polyhedron.wgsl.ts';
import { type PairText, relativeShapes } from './pair.ts';
import type { Faceted } from './polyhedron.wgsl.ts';

export const capsuleEllipsoid: PairText = {
  slots: 1,
  needs: curvedAlongTexts('ellipsoid'),
  contact: /* wgsl */ `
  fn capsuleEllipsoid(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let t = ellipsoidAlongLive(b, a.x, a.R[2], a.size.y);
    let near = ellipsoidNear(b, a.x + t * a.R[2]);
    let gap = near.apart - a.size.x;
    return Contact(gap, -near.normal, a.x + t * a.R[2] - (a.size.x + 0.5 * gap) * near.normal);
  }
  `,
};

const features = (kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}Features(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    ${relativeShapes}
    var best = ${name}Face(a, b);
    if (best.s > margin) { return; }
    var chosen = vec2u(1u, best.which);
    if (!${name}IsOver(b, best.which, ellipsoidLowest(a, ${kind}Face(b, best.which).normal))) {
      let beside = ${name}Beside(a, b);
      if (beside.s > best.s) {
        let edges = ${kind}Edges(b);
        chosen = select(vec2u(3u, beside.which - edges), vec2u(2u, beside.which), beside.which < edges);
        best = beside;
      }
    }
    if (best.s <= margin) { (*features)[0] = chosen; }
  }
`;

const contact = (kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}(first: Shape, second: Shape, feature: vec2u) -> Contact {
    ${relativeShapes}
    if (feature.x == 1u) {
      let flat = ${kind}Face(b, feature.y);
      let lowest = ellipsoidLowest(a, flat.normal);
      let gap = dot(flat.normal, lowest) - flat.offset;
      return Contact(gap, -flat.normal, first.x + lowest - 0.5 * gap * flat.normal);
    }
    var p: vec3f;
    if (feature.x == 2u) {
      let it = ${name}EdgeOf(b, feature.y);
      p = it.middle + ellipsoidAlongLive(a, it.middle, it.u, it.h) * it.u;
    } else {
      p = ${kind}Vertex(b, feature.y);
    }
    let near = ellipsoidNear(a, p);
    return Contact(near.apart, near.normal, first.x + p - 0.5 * near.apart * near.normal);
  }
`;

const pair = (kind: Faceted): PairText => {
  const name = nameOf('ellipsoid', kind);
  return {
    slots: 1,
    needs: besideTexts('ellipsoid', kind),
    features: features(kind, name),
    contact: contact(kind, name),
  };
};

export const ellipsoidBox: PairText = pair('box');
export const ellipsoidConvex: PairText = pair('convex');
