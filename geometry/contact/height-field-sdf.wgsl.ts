/**
 * Contacts of a height field with a body given by a signed distance: points of the body's surface along the normals of the triangles below or above
 * them, and peaks of the field in the body, as sdf-points.wgsl.ts has them.
 *
 * Points are as dense as samples; an edge of the field that is narrower may be between them.
 *
 * Feature: (2 + 4 · point of the body, triangle); (3, cell) for the vertex at the cell's least corner.
 */

import { spheres, surface } from './height-field.wgsl.ts';
import { ridges } from './height-field-curved.wgsl.ts';
import type { PairText } from './pair.ts';
import { sdfPoints, sdfText } from './sdf.wgsl.ts';
import { nearSdf } from './sdf-points.wgsl.ts';
import { roundText } from './shape.wgsl.ts';
import { spreadFeatures, spreadSlots } from './spread.wgsl.ts';

export const heightFieldSdf: PairText = {
  slots: spreadSlots,
  needs: [roundText, surface, spheres, ridges, sdfText, sdfPoints, nearSdf],
  features: /* wgsl */ `
  fn heightFieldSdfWindow(a: Shape, b: Shape, margin: f32) -> vec4u { // cells under the body's grid
    let x = toLocal(a, b.x).xy;
    let wide = vec2f(dot(abs(a.R[0] * b.R), b.size), dot(abs(a.R[1] * b.R), b.size)) + min(margin, length(b.size));
    return cellsAround(a, x - wide, x + wide);
  }
  fn heightFieldSdfPlaces(a: Shape, b: Shape, margin: f32) -> u32 {
    let cells = heightFieldSdfWindow(a, b, margin);
    return sdfVertices(b) + (cells.z - cells.x) * (cells.w - cells.y);
  }
  fn heightFieldSdfPlace(a: Shape, b: Shape, margin: f32, i: u32) -> vec2u {
    let points = sdfVertices(b);
    if (i < points) {
      let under = triangleUnder(a, toLocal(a, sdfVertex(b, i)).xy);
      return select(none, vec2u(2u + 4u * i, under.triangle), under.on);
    }
    let cells = heightFieldSdfWindow(a, b, margin);
    let across = cells.z - cells.x;
    let column = cells.x + (i - points) % across;
    let row = cells.y + (i - points) / across;
    if (column == 0u || row == 0u) { return none; }
    let cell = row * (tableAt(a.table + 2u) - 1u) + column;
    if (!sdfMayReach(b, fieldVertex(a, cell, 0, 0), margin)) { return none; }
    return select(none, vec2u(3u, cell), isPeak(a, cell, heightFieldSdf(a, b, vec2u(3u, cell)).normal));
  }
  ${spreadFeatures('heightFieldSdf')}
  `,
  contact: /* wgsl */ `
  fn heightFieldSdf(a: Shape, b: Shape, feature: vec2u) -> Contact {
    if (feature.x == 3u) { return turnedAround(onSdf(b, fieldVertex(a, feature.y, 0, 0), 0.0)); }
    return fromField(a, sphereAtTriangle(a, toLocal(a, sdfVertex(b, feature.x >> 2u)), 0.0, feature));
  }
  `,
};
