/**
 * Contacts of a height field with an ellipsoid or a cylinder: those of its triangles as planes, each where the point that touches is over
 * it; and those of ridges and peaks, that is of edges and vertices whose neighbours all lie below the plane that touches there.
 *
 *   n · (o − p) < 0        for a normal n at p and each vertex o beside the edge, or around the vertex             (1)
 *
 * So a level field touches as a plane does, however fine its grid, and nothing catches at edges within a plane.
 *
 * Feature: (2 + 4 · slot of the plane's, triangle); (1 + 4 · code, 3 · cell + edge) and (3, cell), where an edge and a vertex belong to the cell whose least corner they
 * leave from or are: edges along x, along y, and the diagonal.
 */

import { type Curved, curvedAlongTexts } from './curved.wgsl.ts';
import { segmentTexts } from './cylinder-segment.wgsl.ts';
import { surface } from './height-field.wgsl.ts';
import type { PairText } from './pair.ts';
import { planeCylinder, planeEllipsoid } from './plane.wgsl.ts';
import { spreadFeatures, spreadSlots } from './spread.wgsl.ts';

/** Edges and vertices of a field, and how high others lie over a plane there. */
export const ridges: string = /* wgsl */ `
  // The vertex some columns and rows from the least corner of a cell, in the world; not to be asked for beyond the grid.
  fn fieldVertex(s: Shape, cell: u32, right: i32, up: i32) -> vec3f {
    let columns = i32(tableAt(s.table + 2u));
    let row = i32(cell) / (columns - 1);
    let at = (row + up) * columns + i32(cell) % (columns - 1) + right;
    return toWorld(s, vertexAt(u32(i32(tableAt(s.table)) + at)));
  }
  struct Ridge { p: vec3f, q: vec3f, left: vec3f, right: vec3f } // an edge, and the vertices beside it
  fn ridgeOf(s: Shape, cell: u32, edge: u32) -> Ridge {
    let p = fieldVertex(s, cell, 0, 0);
    let far = fieldVertex(s, cell, 1, 1);
    if (edge == 0u) { return Ridge(p, fieldVertex(s, cell, 1, 0), far, fieldVertex(s, cell, 0, -1)); }
    if (edge == 1u) { return Ridge(p, fieldVertex(s, cell, 0, 1), fieldVertex(s, cell, -1, 0), far); }
    return Ridge(p, far, fieldVertex(s, cell, 0, 1), fieldVertex(s, cell, 1, 0));
  }
  fn lift(n: vec3f, p: vec3f, o: vec3f) -> f32 { return dot(n, o - p) / length(o - p); } // (1)
  fn isPeak(s: Shape, cell: u32, n: vec3f) -> bool { // of a vertex that is not at the border
    let p = fieldVertex(s, cell, 0, 0);
    var most = -1.0;
    var least = 1.0;
    for (var k = 0u; k < 6u; k++) {
      let way = select(-1, 1, (k & 1u) == 0u);
      let o = lift(n, p, fieldVertex(s, cell, select(way, 0, k >= 4u), select(way, 0, k == 2u || k == 3u)));
      most = max(most, o);
      least = min(least, o);
    }
    return most < 1e-6 && least < -1e-6; // of a vertex on a ridge two neighbours are as high
  }
`;

/** What of an edge touches, of two at most: code 0 is nothing, 1 the point that is nearest; others are of cylinder-segment.wgsl.ts. */
const codeOf: Readonly<Record<Curved, string>> = {
  ellipsoid: 'select(0u, 1u, second == 0u)',
  cylinder: 'codesOf(b, middle, u, h)[second]',
};
const onRidge: Readonly<Record<Curved, string>> = {
  ellipsoid: `p = middle + ellipsoidAlongLive(b, middle, u, h) * u;
      near = ellipsoidNear(b, p);`,
  cylinder: `let on = onSegment(b, middle, u, h, feature.x >> 2u);
      p = middle + on.t * u;
      near = Near(on.apart, on.normal);`,
};

const text = (kind: Curved, name: string, slots: number): string => /* wgsl */ `
  fn ${name}Window(a: Shape, b: Shape, margin: f32) -> vec4u {
    let x = toLocal(a, b.x).xy;
    let size = vec2f(${kind}Reach(b, a.R[0]), ${kind}Reach(b, a.R[1]));
    let wide = size + min(margin, max(size.x, size.y));
    return cellsAround(a, x - wide, x + wide);
  }
  fn ${name}Places(a: Shape, b: Shape, margin: f32) -> u32 {
    let cells = ${name}Window(a, b, margin);
    return (cells.z - cells.x) * (cells.w - cells.y) * ${2 * slots + 7}u;
  }
  fn ${name}Place(a: Shape, b: Shape, margin: f32, i: u32) -> vec2u {
    let cells = ${name}Window(a, b, margin);
    let across = cells.z - cells.x;
    let number = i / ${2 * slots + 7}u;
    let part = i % ${2 * slots + 7}u;
    let column = cells.x + number % across;
    let row = cells.y + number / across;
    let cell = row * (tableAt(a.table + 2u) - 1u) + column;
    if (part < ${2 * slots}u) {
      let feature = vec2u(2u + 4u * (part >> 1u), 2u * cell + (part & 1u));
      let c = ${name}(a, b, feature);
      let under = triangleUnder(a, toLocal(a, c.point - 0.5 * c.gap * c.normal).xy);
      return select(none, feature, under.on && under.triangle == feature.y);
    }
    let edge = (part - ${2 * slots}u) >> 1u; // 3 is the vertex
    let second = (part - ${2 * slots}u) & 1u;
    if ((row == 0u && edge != 1u && edge != 2u) || (column == 0u && edge != 0u && edge != 2u)) { return none; } // nothing is beyond
    if (edge == 3u) {
      return select(none, vec2u(3u, cell), isPeak(a, cell, ${name}(a, b, vec2u(3u, cell)).normal));
    }
    let it = ridgeOf(a, cell, edge);
    let convex = dot(cross(it.q - it.p, it.left - it.p), it.right - it.p);
    let side = cross(it.q - it.p, it.left - it.p);
    if (abs(convex) <= 1e-9 * length(side) * length(it.right - it.p) || convex * dot(side, a.R[2]) > 0.0) { return none; }
    let h = 0.5 * length(it.q - it.p);
    let u = 0.5 * (it.q - it.p) / h;
    let middle = 0.5 * (it.p + it.q);
    let apart = length(b.x - middle - clamp(dot(b.x - middle, u), -h, h) * u);
    if (apart > length(b.size) + margin) { return none; }
    let code = ${codeOf[kind]};
    if (code == 0u || (code == 1u && abs(${kind}Along(b, middle, u, h)) >= h)) { return none; } // its ends are vertices
    let feature = vec2u(1u + 4u * code, 3u * cell + edge);
    let n = ${name}(a, b, feature).normal;
    return select(none, feature, max(lift(n, it.p, it.left), lift(n, it.p, it.right)) < -1e-6);
  }
  ${spreadFeatures(
    name,
    `
    if (all(first == none)) { // so deep that no triangle is below what it touches: out by the one below the middle
      let under = triangleUnder(a, toLocal(a, b.x).xy);
      first = select(none, vec2u(2u, under.triangle), under.on);
      if (under.on) { deepest = ${name}(a, b, first); }
      if (deepest.gap >= 0.0) { return; }
    }`,
  )}
`;

const contact = (kind: Curved, name: string, plane: string): string => /* wgsl */ `
  fn ${name}(a: Shape, b: Shape, feature: vec2u) -> Contact {
    if ((feature.x & 3u) == 2u) {
      let t = triangleOf(a, feature.y);
      let n = a.R * triangleNormal(t);
      return ${plane}(Shape(vec3f(0.0), mat3x3f(n, n, n), toWorld(a, t.p), 0u), b, vec2u(1u, feature.x >> 2u));
    }
    var p = fieldVertex(a, feature.y, 0, 0);
    var near = ${kind}Near(b, p);
    if ((feature.x & 3u) == 1u) {
      let it = ridgeOf(a, feature.y / 3u, feature.y % 3u);
      let h = 0.5 * length(it.q - it.p);
      let u = 0.5 * (it.q - it.p) / h;
      let middle = 0.5 * (it.p + it.q);
      ${onRidge[kind]}
    }
    return Contact(near.apart, -near.normal, p - 0.5 * near.apart * near.normal);
  }
`;

const pairOf = (kind: Curved, plane: string, of: PairText): PairText => {
  const name = kind === 'cylinder' ? 'heightFieldCylinder' : 'heightFieldEllipsoid';
  return {
    slots: spreadSlots,
    needs: [...of.needs, of.contact, surface, ...(kind === 'cylinder' ? segmentTexts : curvedAlongTexts(kind)), ridges],
    features: text(kind, name, of.slots),
    contact: contact(kind, name, plane),
  };
};

export const heightFieldEllipsoid: PairText = pairOf('ellipsoid', 'planeEllipsoid', planeEllipsoid);
export const heightFieldCylinder: PairText = pairOf('cylinder', 'planeCylinder', planeCylinder);
