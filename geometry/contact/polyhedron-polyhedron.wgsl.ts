/**
 * Contacts of two convex polyhedra, by separating axes and clipping, as of two boxes (box-box.wgsl.ts).
 *
 *   σ_face = min over the other's vertices of n · v − offset                                                    (1)
 *   σ_edges = n · (q − p),  n = ± u × v / |u × v|,   for edges whose normals meet: on the Gauss map the arc between the faces
 *             beside one crosses the arc between the negative faces beside the other                          (2)
 *
 * Faces go before edges, and the first body before the second, unless the other is better by 5 % of σ and 10⁻⁴ of the second's size. The other
 * body's face that is turned most against n is cut to the prism over the reference face. Of the corners of what is left, up to eight are kept:
 * those farthest along eight directions.
 *
 * The work is faces × vertices + edges × edges: meant for bodies of tens of faces.
 *
 * Feature, faces: (1 or 2 for the body of the reference face + 4 · face, face of the other + 2¹² · point), points being k for a
 * corner, 2¹⁸ + 2⁹ k + side for an edge's crossing, 2 · 2¹⁸ + k for a corner of the reference face. Edges: (3 + 4 · edge, 2 · edge +
 * [n is −u × v]).
 *
 * Gregorius: The separating axis test between convex polyhedra, Game Developers Conference, 2013, for (2). Cyrus & Beck: Generalized
 * two- and three-dimensional clipping, 1978.
 */

import { type PairText, relativeShapes } from './pair.ts';
import { type Faceted, facetedTexts } from './polyhedron.wgsl.ts';

const shared = /* wgsl */ `
  // Do the arcs from a to b and from c to d cross on one hemisphere?
  fn arcsCross(a: vec3f, b: vec3f, c: vec3f, d: vec3f) -> bool {
    let ab = cross(a, b);
    let cd = cross(c, d);
    let cb = dot(c, ab);
    let db = dot(d, ab);
    let ad = dot(a, cd);
    let bd = dot(b, cd);
    return cb * db < 0.0 && ad * bd < 0.0 && cb * bd > 0.0;
  }
`;

/** Of points in a plane, those that are farthest along eight directions: `keep` one, and `takeKept` as features, each once. */
export const keepText: string = /* wgsl */ `
  struct Along { best: array<f32, 8>, point: array<u32, 8> }
  fn keep(along: ptr<function, Along>, at: vec2f, point: u32) {
    for (var k = 0u; k < 8u; k++) {
      let angle = 0.3 + 0.7853981633974483 * f32(k);
      let reach = at.x * cos(angle) + at.y * sin(angle);
      if (reach > (*along).best[k]) {
        (*along).best[k] = reach;
        (*along).point[k] = point;
      }
    }
  }
  fn nothingKept() -> Along {
    var along: Along;
    for (var k = 0u; k < 8u; k++) { along.best[k] = -farAway; }
    return along;
  }
  fn takeKept(along: ptr<function, Along>, x: u32, y: u32, scale: u32, features: ptr<function, Features>) -> u32 {
    var found = 0u;
    for (var k = 0u; k < 8u; k++) {
      var fresh = (*along).best[k] > -farAway;
      for (var l = 0u; l < k; l++) {
        if ((*along).best[l] > -farAway && (*along).point[l] == (*along).point[k]) { fresh = false; }
      }
      if (fresh) {
        (*features)[found] = vec2u(x, y + scale * (*along).point[k]);
        found++;
      }
    }
    return found;
  }
`;

/** How far the vertices of one are outside of the best face of the other. */
const axis = (reference: Faceted, other: Faceted): string => /* wgsl */ `
  fn ${reference}Over${other}(s: Shape, t: Shape, face: ptr<function, u32>) -> f32 {
    var best = -farAway;
    for (var f = 0u; f < ${reference}Faces(s); f++) {
      let flat = ${reference}Face(s, f);
      var least = farAway;
      for (var i = 0u; i < ${other}Vertices(t); i++) {
        least = min(least, dot(flat.normal, ${other}Vertex(t, i)));
      }
      if (least - flat.offset > best) { // (1)
        best = least - flat.offset;
        *face = f;
      }
    }
    return best;
  }
`;

const clip = (reference: Faceted, other: Faceted): string => /* wgsl */ `
  fn clip${other}To${reference}(s: Shape, t: Shape, face: u32, first: u32, margin: f32, features: ptr<function, Features>) {
    let top = ${reference}Face(s, face);
    var turned = 0u;
    var most = 2.0;
    for (var f = 0u; f < ${other}Faces(t); f++) {
      let against = dot(top.normal, ${other}Face(t, f).normal);
      if (against < most) {
        most = against;
        turned = f;
      }
    }
    let bottom = ${other}Face(t, turned);
    let corner = ${reference}Corner(s, face, 0u);
    let e = normalize(${reference}Corner(s, face, 1u) - corner);
    let d = cross(top.normal, e);
    let reach = 1e-3 * length(${reference}Corner(s, face, 1u) - corner);
    var along = nothingKept();
    let corners = ${other}Sides(t, turned);
    let sides = ${reference}Sides(s, face);
    for (var k = 0u; k < corners; k++) {
      let p = ${other}Corner(t, turned, k);
      let l = ${other}Corner(t, turned, (k + 1u) % corners) - p;
      var enter = 0.0;
      var leave = 1.0;
      var entering = sides;
      var leaving = sides;
      for (var j = 0u; j < sides; j++) {
        let r = ${reference}Corner(s, face, j);
        let out = normalize(cross(${reference}Corner(s, face, (j + 1u) % sides) - r, top.normal));
        let slope = dot(out, l);
        let beyond = dot(out, p - r) - reach;
        if (slope == 0.0) {
          if (beyond > 0.0) { leave = -1.0; }
        } else {
          let x = -beyond / slope;
          if (slope < 0.0 && x > enter) {
            enter = x;
            entering = j;
          }
          if (slope > 0.0 && x < leave) {
            leave = x;
            leaving = j;
          }
        }
      }
      if (enter <= leave) {
        let q = p + enter * l;
        if (dot(top.normal, q) - top.offset <= margin) {
          keep(&along, vec2f(dot(q, e), dot(q, d)), select(0x40000u + 0x200u * k + entering, k, entering == sides));
        }
        let w = p + leave * l;
        if (leaving < sides && dot(top.normal, w) - top.offset <= margin) {
          keep(&along, vec2f(dot(w, e), dot(w, d)), 0x40000u + 0x200u * k + leaving);
        }
      }
    }
    for (var j = 0u; j < sides; j++) {
      let r = ${reference}Corner(s, face, j);
      var within = true;
      for (var k = 0u; k < corners; k++) { // the other face turns the other way around n
        let p = ${other}Corner(t, turned, k);
        let out = cross(${other}Corner(t, turned, (k + 1u) % corners) - p, top.normal);
        if (dot(out, r - p) >= 0.0) { within = false; }
      }
      let gap = (bottom.offset - dot(bottom.normal, r)) / dot(top.normal, bottom.normal);
      if (within && gap <= margin) { keep(&along, vec2f(dot(r, e), dot(r, d)), 0x80000u + j); }
    }
    takeKept(&along, first + 4u * face, turned, 0x1000u, features);
  }
`;

const place = (reference: Faceted, other: Faceted): string => /* wgsl */ `
  fn ${other}On${reference}(s: Shape, t: Shape, feature: vec2u) -> Contact {
    let face = feature.x >> 2u;
    let turned = feature.y & 0xfffu;
    let point = feature.y >> 12u;
    let top = ${reference}Face(s, face);
    var at = vec3f(0.0);
    if (point < 0x40000u) {
      at = ${other}Corner(t, turned, point);
    } else if (point < 0x80000u) {
      let k = (point & 0x3ffffu) >> 9u;
      let j = point & 0x1ffu;
      let p = ${other}Corner(t, turned, k);
      let l = ${other}Corner(t, turned, (k + 1u) % ${other}Sides(t, turned)) - p;
      let r = ${reference}Corner(s, face, j);
      let out = cross(${reference}Corner(s, face, (j + 1u) % ${reference}Sides(s, face)) - r, top.normal);
      at = p + dot(out, r - p) / dot(out, l) * l;
    } else {
      let r = ${reference}Corner(s, face, point & 0x3ffffu);
      let bottom = ${other}Face(t, turned);
      at = r + (bottom.offset - dot(bottom.normal, r)) / dot(top.normal, bottom.normal) * top.normal;
    }
    let gap = dot(top.normal, at) - top.offset;
    return Contact(gap, top.normal, at - 0.5 * gap * top.normal);
  }
`;

const pair = (a: Faceted, b: Faceted): PairText => {
  const name = `${a}${b[0].toUpperCase()}${b.slice(1)}`;
  const both = (text: (reference: Faceted, other: Faceted) => string) =>
    [...new Set([text(a, b), text(b, a)])].join('');
  return {
    slots: 8,
    needs: [...new Set([...facetedTexts(a), ...facetedTexts(b), shared, keepText])],
    features: /* wgsl */ `
  ${both(axis)}
  ${both(clip)}
  fn ${name}Features(first: Shape, second: Shape, margin: f32, features: ptr<function, Features>) {
    ${relativeShapes}
    let size = length(${b}Vertex(b, 0u) - b.x);
    var faceA = 0u;
    var faceB = 0u;
    let alongA = ${a}Over${b}(a, b, &faceA);
    let alongB = ${b}Over${a}(b, a, &faceB);
    let second_ = alongB > alongA + 0.05 * abs(alongA) + 1e-4 * size;
    let face = select(alongA, alongB, second_);
    if (face > margin) { return; }
    var best = face + 0.05 * abs(face) + 1e-4 * size;
    var edges = none;
    for (var i = 0u; i < ${a}Edges(a); i++) {
      let e = ${a}Edge(a, i);
      let u = e.q - e.p;
      let f = ${a}Face(a, e.f).normal;
      let g = ${a}Face(a, e.g).normal;
      for (var j = 0u; j < ${b}Edges(b); j++) {
        let d = ${b}Edge(b, j);
        if (arcsCross(f, g, -${b}Face(b, d.f).normal, -${b}Face(b, d.g).normal)) { // (2)
          let axis = cross(u, d.q - d.p);
          let square = dot(axis, axis);
          let backwards = dot(axis, f + g) < 0.0;
          let gap = select(1.0, -1.0, backwards) * dot(axis, d.p - e.p);
          if (square > 1e-8 * dot(u, u) * dot(d.q - d.p, d.q - d.p) && gap > best * sqrt(square)) {
            best = gap / sqrt(square);
            edges = vec2u(3u + 4u * i, 2u * j + select(0u, 1u, backwards));
          }
        }
      }
    }
    if (edges.x != 0u) {
      if (best <= margin) { (*features)[0] = edges; }
      return;
    }
    if (second_) {
      clip${a}To${b}(b, a, faceB, 2u, margin, features);
    } else {
      clip${b}To${a}(a, b, faceA, 1u, margin, features);
    }
  }
  `,
    contact: /* wgsl */ `
  ${both(place)}
  fn ${name}(first: Shape, second: Shape, feature: vec2u) -> Contact {
    ${relativeShapes}
    var c: Contact;
    if ((feature.x & 3u) == 1u) {
      c = ${b}On${a}(a, b, feature);
    } else if ((feature.x & 3u) == 2u) {
      c = ${a}On${b}(b, a, feature);
      c.normal = -c.normal;
    } else {
      let e = ${a}Edge(a, feature.x >> 2u);
      let d = ${b}Edge(b, feature.y >> 1u);
      let u = normalize(e.q - e.p);
      let v = normalize(d.q - d.p);
      let n = select(1.0, -1.0, (feature.y & 1u) != 0u) * normalize(cross(u, v));
      let r = d.p - e.p;
      let w = dot(u, v);
      let s = (dot(r, u) - w * dot(r, v)) / (1.0 - w * w);
      let t = (w * dot(r, u) - dot(r, v)) / (1.0 - w * w);
      c = Contact(dot(n, r), n, 0.5 * (e.p + s * u + d.p + t * v));
    }
    c.point += first.x;
    return c;
  }
  `,
  };
};

export const boxConvex: PairText = pair('box', 'convex');
export const convexConvex: PairText = pair('convex', 'convex');
