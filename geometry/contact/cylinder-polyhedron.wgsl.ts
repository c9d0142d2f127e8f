/**
 * Contacts of a cylinder with a box or a polyhedron: with a face, an edge or a corner (curved-polyhedron.wgsl.ts).
 *
 *   standing   |n · w| > 0.9 for the face's normal n and the axis w: of the points where the lower end and the face overlap, seen along n, up to
 *              eight: those farthest along eight directions. They are four of the rim (1), where the rim crosses sides (2), and corners (3)
 *   lying      else the line of the cylinder that is lowest over the face, cut by the face's sides: its two ends     (4)
 *   edge       where it is nearest to the cylinder, or both ends of the part that lies along it (cylinder-segment.wgsl.ts)
 *
 *   rim        p(θ) = c + R (cos θ e + sin θ f);   on a side with outward normal o through r,   cos(θ − θ_o) = o · (r − c) / (R |P o|)       (2)
 *
 * A face goes before edges and corners unless they are better by a hundredth and a thousandth of the cylinder's least size.
 *
 * Feature: (1 + 8 face, y): y & 3 is 0 for the line, end in bit 2 and 1 + the side that cuts it from bit 3 on; 1 for (1), 2 for (2) with the
 * root in bit 2 and the side from bit 3 on, 3 for (3). (2 + 8 edge, code), (3 + 8 corner, 0).
 */

import { besideTexts, nameOf } from './curved-polyhedron.wgsl.ts';
import { segmentTexts } from './cylinder-segment.wgsl.ts';
import { type PairText, relativeShapes } from './pair.ts';
import type { Faceted } from './polyhedron.wgsl.ts';
import { keepText } from './polyhedron-polyhedron.wgsl.ts';

const structs = /* wgsl */ `
  struct SideOfFace { r: vec3f, out: vec3f }
  struct OverFace { p: vec3f, on: bool } // 'on': whether it exists
`;

const point = (kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}Side(b: Shape, face: u32, normal: vec3f, k: u32) -> SideOfFace {
    let r = ${kind}Corner(b, face, k);
    return SideOfFace(r, normalize(cross(${kind}Corner(b, face, (k + 1u) % ${kind}Sides(b, face)) - r, normal)));
  }
  // A point of the cylinder over a face.
  fn ${name}Point(a: Shape, b: Shape, face: u32, normal: vec3f, y: u32) -> OverFace {
    let w = a.R[2];
    let d = radialAgainst(normal, a);
    let lower = select(1.0, -1.0, dot(normal, w) > 0.0);
    let c = a.x + lower * a.size.y * w;
    let which = y >> 3u;
    if ((y & 3u) == 0u) {
      let q = a.x + a.size.x * d;
      if (which == 0u) { return OverFace(q + select(-1.0, 1.0, (y & 4u) == 0u) * lower * a.size.y * w, true); }
      let side = ${name}Side(b, face, normal, which - 1u);
      return OverFace(q + dot(side.out, side.r - q) / dot(side.out, w) * w, true); // (4)
    }
    if ((y & 3u) == 1u) {
      let around = select(d, cross(w, d), (y & 4u) != 0u);
      return OverFace(c + select(1.0, -1.0, (y & 8u) != 0u) * a.size.x * around, true); // (1)
    }
    if ((y & 3u) == 2u) {
      let side = ${name}Side(b, face, normal, which);
      let across = side.out - dot(side.out, w) * w;
      let size = length(across);
      let x = dot(side.out, side.r - c) / (a.size.x * size); // (2)
      let square = 1.0 - x * x;
      if (square <= 0.0) { return OverFace(c, false); }
      let e = across / size;
      let f = select(1.0, -1.0, (y & 4u) != 0u) * cross(w, e);
      return OverFace(c + a.size.x * (x * e + sqrt(square) * f), true);
    }
    let r = ${kind}Corner(b, face, y >> 2u);
    let p = r + dot(c - r, w) / dot(normal, w) * normal; // (3)
    return OverFace(p, dot(p - c, p - c) <= a.size.x * a.size.x);
  }
`;

const features = (kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}Offer(a: Shape, b: Shape, face: u32, e: vec3f, y: u32, margin: f32, along: ptr<function, Along>) {
    let flat = ${kind}Face(b, face);
    let it = ${name}Point(a, b, face, flat.normal, y);
    var within = it.on && dot(flat.normal, it.p) - flat.offset <= margin;
    for (var k = 0u; k < ${kind}Sides(b, face); k++) {
      let side = ${name}Side(b, face, flat.normal, k);
      if (dot(side.out, it.p - side.r) > 1e-4 * a.size.x) { within = false; }
    }
    if (within) { keep(along, vec2f(dot(it.p, e), dot(it.p, cross(flat.normal, e))), y); }
  }
  fn ${name}OnFace(a: Shape, b: Shape, face: u32, margin: f32, features: ptr<function, Features>) -> f32 {
    let flat = ${kind}Face(b, face);
    let sides = ${kind}Sides(b, face);
    var along = nothingKept();
    if (abs(dot(flat.normal, a.R[2])) > 0.9) {
      let e = normalize(${kind}Corner(b, face, 1u) - ${kind}Corner(b, face, 0u));
      for (var k = 0u; k < 4u + 3u * sides; k++) {
        let y = select(select(3u + 4u * (k - 4u - 2u * sides), 2u + 4u * (k - 4u), k < 4u + 2u * sides), 1u + 4u * k, k < 4u);
        ${name}Offer(a, b, face, e, y, margin, &along);
      }
    } else {
      let lower = select(1.0, -1.0, dot(flat.normal, a.R[2]) > 0.0);
      let q = a.x + a.size.x * radialAgainst(flat.normal, a);
      var part = vec2f(-a.size.y, a.size.y);
      var by = select(vec2u(4u, 0u), vec2u(0u, 4u), lower < 0.0);
      for (var k = 0u; k < sides; k++) {
        let side = ${name}Side(b, face, flat.normal, k);
        let slope = dot(side.out, a.R[2]);
        let t = dot(side.out, side.r - q) / slope;
        if (slope == 0.0 && dot(side.out, q - side.r) > 0.0) { part.x = farAway; }
        if (slope < 0.0 && t > part.x) {
          part.x = t;
          by.x = 8u * (k + 1u);
        }
        if (slope > 0.0 && t < part.y) {
          part.y = t;
          by.y = 8u * (k + 1u);
        }
      }
      if (part.x > part.y) { return farAway; }
      for (var k = 0u; k < 2u; k++) {
        let p = q + part[k] * a.R[2];
        if (dot(flat.normal, p) - flat.offset <= margin) {
          along.best[k] = 1.0;
          along.point[k] = by[k];
        }
      }
    }
    var least = farAway;
    for (var k = 0u; k < 8u; k++) {
      if (along.best[k] > -farAway) {
        least = min(least, dot(flat.normal, ${name}Point(a, b, face, flat.normal, along.point[k]).p) - flat.offset);
      }
    }
    takeKept(&along, 1u + 8u * face, 0u, 1u, features);
    return least;
  }
  fn ${name}Features(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    ${relativeShapes}
    let best = ${name}Face(a, b);
    if (best.s > margin) { return; }
    let normal = ${kind}Face(b, best.which).normal;
    let least = ${name}OnFace(a, b, best.which, margin, features);
    if (${name}IsOver(b, best.which, cylinderLowest(a, normal)) && least < farAway) { return; }
    let beside = ${name}Beside(a, b);
    let more = 0.01 * abs(best.s) + 1e-3 * min(a.size.x, a.size.y);
    let face = select(scoreOf(least, best.s), best.s, least <= max(best.s, beside.s) + more) + more;
    if (least < farAway && beside.s <= face) { return; }
    for (var k = 0u; k < 8u; k++) { (*features)[k] = none; }
    if (best.s < 0.0 && beside.s < 3.0 * best.s) { // so deep that neither is on both: what is lowest over the face
      (*features)[0] = vec2u(1u + 8u * best.which, select(0u, 1u, abs(dot(normal, a.R[2])) > 0.9));
      return;
    }
    if (beside.s > margin) { return; }
    let edges = ${kind}Edges(b);
    if (beside.which < edges) {
      let it = ${name}EdgeOf(b, beside.which);
      let codes = codesOf(a, it.middle, it.u, it.h);
      (*features)[0] = vec2u(2u + 8u * beside.which, codes.x);
      if (codes.y != 0u) { (*features)[1] = vec2u(2u + 8u * beside.which, codes.y); }
    } else {
      (*features)[0] = vec2u(3u + 8u * (beside.which - edges), 0u);
    }
  }
`;

const contact = (kind: Faceted, name: string): string => /* wgsl */ `
  fn ${name}(first: Shape, second: Shape, feature: vec2u) -> Contact {
    ${relativeShapes}
    let number = feature.x >> 3u;
    if ((feature.x & 7u) == 1u) {
      let flat = ${kind}Face(b, number);
      let p = ${name}Point(a, b, number, flat.normal, feature.y).p;
      let gap = dot(flat.normal, p) - flat.offset;
      return Contact(gap, -flat.normal, first.x + p - 0.5 * gap * flat.normal);
    }
    if ((feature.x & 7u) == 2u) {
      let it = ${name}EdgeOf(b, number);
      let on = onSegment(a, it.middle, it.u, it.h, feature.y);
      return Contact(on.apart, on.normal, first.x + it.middle + on.t * it.u - 0.5 * on.apart * on.normal);
    }
    let p = ${kind}Vertex(b, number);
    let near = cylinderNear(a, p);
    return Contact(near.apart, near.normal, first.x + p - 0.5 * near.apart * near.normal);
  }
`;

const pair = (kind: Faceted): PairText => {
  const name = nameOf('cylinder', kind);
  return {
    slots: 8,
    needs: [...new Set([...besideTexts('cylinder', kind), ...segmentTexts, keepText, structs, point(kind, name)])],
    features: features(kind, name),
    contact: contact(kind, name),
  };
};

export const cylinderBox: PairText = pair('box');
export const cylinderConvex: PairText = pair('convex');
