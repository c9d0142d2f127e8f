/**
 * Contacts of a sphere or capsule with a polyhedron: those of its segment of points p ± h u, in a coat of radius r.
 *
 *   σ = max over faces of min over ends (n · p − offset)          how far the segment is outside of a face          (1)
 *   d = least distance between the segment and an edge             if it is outside of the polyhedron
 *
 * The part of the segment over the face of the largest σ touches with its two ends, at n · p − offset − r, unless the edge at the
 * distance d is nearer by a hundredth, whose ends are corners. A segment that pierces the polyhedron leaves by the nearest face, or
 * beside an edge e, along ± u × e, if that is nearer.
 *
 * Where an edge is nearest, that is one contact, or two at the ends of where segment and edge are beside each other, if gaps there are not much
 * larger: together by no more than |gap|, or a hundredth of r. So what a linear force adds up to is the same where one takes the place of
 * two, and a segment along an edge lies on both ends whichever way it turns a little.
 *
 * Feature: (1 + 2 end, face), (9, edge), (10 + [−u × e], edge), (12 + [+u], edge) at an end beside an edge; a face's end is 0 or 1 where the segment's own end is over it, and else
 * 2 or 3 with the side that cuts it in the bits of y from 16 on.
 */

import type { PairText } from './pair.ts';
import { type Faceted, facetedTexts } from './polyhedron.wgsl.ts';
import { roundText } from './shape.wgsl.ts';

/** Nearest points of a segment and an edge, as of two capsules (round.wgsl.ts). */
export const nearestText = /* wgsl */ `
  struct Nearest { p: vec3f, q: vec3f }
  fn nearestOnSegments(x: vec3f, u: vec3f, h: f32, edge: Edge) -> Nearest {
    let middle = 0.5 * (edge.p + edge.q);
    let along = edge.q - edge.p;
    let size = length(along);
    let v = along / size;
    let k = 0.5 * size;
    let r = middle - x;
    let c = dot(u, v);
    let ru = dot(r, u);
    let rv = dot(r, v);
    let w = cross(u, v);
    let square = dot(w, w);
    var s = 0.0;
    if (square > 1e-8) { s = clamp((ru - c * rv) / square, -h, h); }
    let t = clamp(s * c - rv, -k, k);
    s = clamp(ru + t * c, -h, h);
    return Nearest(x + s * u, middle + t * v);
  }
`;

/** The end towards s = ± h of the part of a segment p + s u beside an edge, and its foot there. */
const besideText = /* wgsl */ `
  struct Beside { near: Nearest, s: f32 }
  fn endBeside(u: vec3f, end: f32, edge: Edge) -> Beside {
    let middle = 0.5 * (edge.p + edge.q);
    let along = edge.q - edge.p;
    let size = length(along);
    let v = along / size;
    let k = 0.5 * size;
    let c = dot(u, v);
    let rv = dot(middle, v);
    let free = end * c - rv;
    let t = clamp(free, -k, k);
    var s = end;
    if (t != free) { s = (t + rv) / c; }
    return Beside(Nearest(s * u, middle + t * v), s);
  }
`;

const features = (kind: Faceted, name: string, round: 'sphere' | 'capsule'): string => /* wgsl */ `
  fn ${name}Features(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    var b = second;
    b.x = second.x - first.x;
    let u = first.R[2];
    let h = ${round === 'sphere' ? '0.0' : 'first.size.y'};
    var sigma = -farAway;
    var face = 0u;
    for (var f = 0u; f < ${kind}Faces(b); f++) {
      let flat = ${kind}Face(b, f);
      let outside = -h * abs(dot(flat.normal, u)) - flat.offset; // (1)
      if (outside > sigma) {
        sigma = outside;
        face = f;
      }
    }
    if (sigma > margin + first.size.x) { return; }
    var least = farAway; // squared distance to an edge
    var edge = 0u;
    var slant = 2.0; // squared sine of the angle to it
    var beside = -farAway; // how far it is out along u × e, if it pierces
    var leave = vec2u(0u, 0u);
    var pierced = sigma <= 0.0;
    for (var e = 0u; e < ${kind}Edges(b); e++) {
      let it = ${kind}Edge(b, e);
      let near = nearestOnSegments(vec3f(0.0), u, h, it);
      let d = near.p - near.q;
      let axis = cross(u, it.q - it.p);
      let square = dot(axis, axis);
      let turned = square / dot(it.q - it.p, it.q - it.p);
      let nearer = dot(d, d) - least;
      if (nearer < -1e-5 * least || (nearer < 1e-5 * least && turned < slant)) { // edges meet in a corner: the one along the segment
        least = dot(d, d);
        slant = turned;
        edge = e;
      }
      let f = ${kind}Face(b, it.f).normal;
      let g = ${kind}Face(b, it.g).normal;
      let c = dot(f, g);
      let alongF = dot(axis, f);
      let alongG = dot(axis, g);
      // Is ± axis = α f + β g with α, β of one sign: a normal at the edge?
      let within = (alongF - c * alongG) * (alongG - c * alongF) > 0.0;
      if (h > 0.0 && within && turned > 1e-12) {
        let sign = select(-1.0, 1.0, alongF + alongG > 0.0);
        let out = -sign * dot(axis, it.p) / sqrt(square);
        if (out > 0.0) { pierced = false; }
        if (out > beside) {
          beside = out;
          leave = vec2u(select(11u, 10u, sign > 0.0), e);
        }
      }
    }
    if (pierced && beside > sigma + 0.05 * abs(sigma)) {
      (*features)[0] = leave;
      return;
    }
    let flat = ${kind}Face(b, face);
    var from = vec2f(-h, h); // the part over the face, along u
    var by = vec2u(0u, 1u);
    for (var k = 0u; k < ${kind}Sides(b, face); k++) {
      let p = ${kind}Corner(b, face, k);
      let q = ${kind}Corner(b, face, (k + 1u) % ${kind}Sides(b, face));
      let out = cross(q - p, flat.normal);
      let slope = dot(out, u);
      let t = dot(out, p) / slope;
      if (slope == 0.0 && dot(out, p) < 0.0) { from.x = farAway; }
      if (slope < 0.0 && t > from.x) {
        from.x = t;
        by.x = 2u | (k << 16u);
      }
      if (slope > 0.0 && t < from.y) {
        from.y = t;
        by.y = 3u | (k << 16u);
      }
    }
    let gaps = from * dot(flat.normal, u) - flat.offset - first.size.x;
    if (!pierced && (from.x > from.y || min(gaps.x, gaps.y) + first.size.x > 1.01 * sqrt(least))) {
      let gap = sqrt(least) - first.size.x;
      if (gap <= margin) { (*features)[0] = vec2u(9u, edge); }
      ${
        round === 'sphere'
          ? ''
          : `let it = ${kind}Edge(b, edge);
      let low = endBeside(u, -h, it);
      let high = endBeside(u, h, it);
      let ends = vec2f(length(low.near.p - low.near.q), length(high.near.p - high.near.q)) - first.size.x;
      if (low.s < high.s && ends.x + ends.y - 2.0 * gap <= max(abs(gap), 0.01 * first.size.x) && max(ends.x, ends.y) <= margin) {
        (*features)[0] = vec2u(12u, edge);
        (*features)[1] = vec2u(13u, edge);
      }`
      }
      return;
    }
    var found = 0u;
    for (var k = 0u; k < ${round === 'sphere' ? 1 : 2}u; k++) {
      if (gaps[k] <= margin) {
        (*features)[found] = vec2u(1u + 2u * (by[k] & 3u), face | (by[k] & 0xffff0000u));
        found++;
      }
    }
  }
`;

const contact = (kind: Faceted, name: string, round: 'sphere' | 'capsule'): string => /* wgsl */ `
  fn ${name}(a: Shape, second: Shape, feature: vec2u) -> Contact {
    var b = second;
    b.x = second.x - a.x;
    let u = a.R[2];
    let h = ${round === 'sphere' ? '0.0' : 'a.size.y'};
    var c: Contact;
    if (feature.x == 9u) {
      let near = nearestOnSegments(vec3f(0.0), u, h, ${kind}Edge(b, feature.y));
      c = between(near.p, a.size.x, near.q, 0.0);
    } ${
      round === 'sphere'
        ? ''
        : `else if (feature.x >= 12u) {
      let near = endBeside(u, select(h, -h, feature.x == 12u), ${kind}Edge(b, feature.y)).near;
      c = between(near.p, a.size.x, near.q, 0.0);
    }`
    } else if (feature.x >= 10u) {
      let edge = ${kind}Edge(b, feature.y);
      let out = select(-1.0, 1.0, feature.x == 10u) * normalize(cross(u, edge.q - edge.p));
      let near = nearestOnSegments(vec3f(0.0), u, h, edge);
      let depth = dot(out, near.q - near.p);
      c = Contact(-depth - a.size.x, -out, near.p + 0.5 * (depth - a.size.x) * out);
    } else {
      let face = feature.y & 0xffffu;
      let flat = ${kind}Face(b, face);
      let end = feature.x >> 1u;
      var t = select(h, -h, end == 0u);
      if (end >= 2u) {
        let k = feature.y >> 16u;
        let p = ${kind}Corner(b, face, k);
        let out = cross(${kind}Corner(b, face, (k + 1u) % ${kind}Sides(b, face)) - p, flat.normal);
        t = dot(out, p) / dot(out, u);
      }
      let gap = dot(flat.normal, t * u) - flat.offset - a.size.x;
      c = Contact(gap, -flat.normal, t * u - (a.size.x + 0.5 * gap) * flat.normal);
    }
    c.point += a.x;
    return c;
  }
`;

const pair = (round: 'sphere' | 'capsule', kind: Faceted): PairText => {
  const name = `${round}${kind[0].toUpperCase()}${kind.slice(1)}`;
  return {
    slots: round === 'sphere' ? 1 : 2,
    needs: [roundText, ...facetedTexts(kind), nearestText, ...(round === 'sphere' ? [] : [besideText])],
    features: features(kind, name, round),
    contact: contact(kind, name, round),
  };
};

export const capsuleBox: PairText = pair('capsule', 'box');
export const sphereConvex: PairText = pair('sphere', 'convex');
export const capsuleConvex: PairText = pair('capsule', 'convex');
