/**
 * Where an edge passes between the centres of two neighbouring pixels.
 *
 *   D = (f_a g_b − f_b g_a) / (f_a w_b − f_b w_a)      f: across, g: along the line of pixel centres, from the first of the two   (1)
 *
 * which is (1) of homogeneous.wgsl.ts, in pixels from the first centre (the left one or the upper one) to the second. A crossing counts where
 * no more than `layer` surfaces, the edge's own triangles aside, are in front of it: there, not at the pixels, since what hides it may be smaller
 * than a pixel and shown by none. Which crossings these are is a choice (`chooseCrossings`); D, and how the edge lies there, are differentiable
 * (`crossingPlaces`).
 */

import { kernelsByKey, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { homogeneous } from '../raster/homogeneous.wgsl.ts';
import type { Raster } from '../raster/rasterize.ts';
import { listText, type TileLists } from '../raster/tiles.ts';
import { placeText, words } from '../raster/triangle.wgsl.ts';
import { type Cuts, firstBits, sideShift } from './silhouettes.ts';
import { type EdgeTables, noneText } from './tables.ts';

/**
 * A crossing's key is (2 · pixel + axis) · 4 + side: the first pixel of the pair, of B · H · W; 0 if the second one is to its right, 1 if below;
 * 0 where the surface is on the first one's side, 1 where it is on the second one's, 2 where it is on both, at a seam.
 */
const chooseText = (lists: TileLists): string => /* wgsl */ `
  ${homogeneous}
  var<storage, read> clip: array<vec4f>;
  var<storage, read> edge: array<u32>;
  var<storage, read> count: array<u32>;
  var<storage, read> until: array<u32>;
  var<storage, read> code: array<u32>;
  var<storage, read> ends: array<vec2u>;
  var<storage, read> sides: array<vec2u>;
  var<storage, read> setup: array<array<f32, ${words}>>;
  var<storage, read> reach: array<vec2u>;
  var<storage, read> starts: array<u32>;
  var<storage, read> entries: array<u32>;
  var<uniform> vertices: u32;
  var<uniform> triangles: u32;
  var<uniform> edges: u32;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<uniform> layer: u32;
  var<uniform> slack: f32;
  var<storage, read_write> key: array<u32>;
  var<storage, read_write> vertex: array<vec2u>;
  ${placeText}
  ${listText(lists)}
  @compute @workgroup_size(64)
  fn chooseCrossings(@builtin(global_invocation_id) id: vec3u) {
    key[id.x] = ${noneText};
    vertex[id.x] = vec2u(${noneText});
    if (id.x < until[arrayLength(&until) - 1u]) {
      let at = edge[id.x];
      let batch = at / 2u / edges;
      let own = at / 2u - batch * edges;
      let e = ends[own];
      let row = (at & 1u) == 0u;
      let line = (code[at] & ${firstBits}) + id.x + count[at] - until[at];
      let a = inPixels(clip[batch * vertices + e.x], f32(width), f32(height));
      let b = inPixels(clip[batch * vertices + e.y], f32(width), f32(height));
      let centre = f32(line) + 0.5;
      let fa = select(a.x, a.y, row) - centre * a.w;
      let fb = select(b.x, b.y, row) - centre * b.w;
      let p = (fa * b - fb * a) / (fa * b.w - fb * a.w);
      let along = select(p.y, p.x, row);
      let first = floor(along - 0.5);
      let most = select(height, width, row);
      if (first >= 0.0 && first + 1.0 < f32(most)) {
        let c = select(vec2f(centre, along), vec2f(along, centre), row);
        let around = sides[own] + batch * triangles;
        let within = vec2u(c);
        let tile = tileAt(within.x, within.y);
        let end = endOf(batch, tile);
        var front = 0u;
        for (var k = firstOf(batch, tile); k < end && front <= layer; k++) {
          let r = entries[k];
          let low = reach[r] & vec2u(0xffffu);
          if (all(within >= low) && all(within < (reach[r] >> vec2u(16u))) && r != around.x && r != around.y) {
            let T = triangleOf(r);
            let E = edgesAt(T, c);
            if (all(E > vec3f(0.0))) {
              let z = depthOf(T, E);
              if (z >= 0.0 && z < p.z - slack) { front++; }
            }
          }
        }
        if (front <= layer) {
          vertex[id.x] = e + batch * vertices;
          let x = select(line, u32(first), row);
          let y = select(u32(first), line, row);
          key[id.x] = 8u * ((batch * height + y) * width + x) + select(4u, 0u, row) + (code[at] >> ${sideShift});
        }
      }
    }
  }
`;

const choosing = kernelsByKey();

/** Shorter edges, in pixels, do not tell which way the outline goes. */
const shortest = 0.1;

const place = lazyKernel(/* wgsl */ `
  ${homogeneous}
  var<storage, read> clip: array<vec4f>;
  var<storage, read> vertex: array<vec2u>;
  var<storage, read> key: array<u32>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<storage, read_write> place: array<vec3f>;
  @compute @workgroup_size(64)
  fn crossingPlaces(@builtin(global_invocation_id) id: vec3u) {
    let k = key[id.x];
    if (k != ${noneText}) {
      let pixel = k / 8u;
      let c = vec2f(f32(pixel % width), f32(pixel / width % height)) + 0.5;
      let a = inPixels(clip[vertex[id.x].x], f32(width), f32(height));
      let b = inPixels(clip[vertex[id.x].y], f32(width), f32(height));
      let da = from2(a, c);
      let db = from2(b, c);
      let row = (k & 4u) == 0u;
      let fa = select(da.x, da.y, row);
      let fb = select(db.x, db.y, row);
      let ga = select(da.y, da.x, row);
      let gb = select(db.y, db.x, row);
      let d = (fa * gb - fb * ga) / (fa * b.w - fb * a.w); // (1)
      let along = db * a.w - da * b.w;
      let size = length(along);
      let trust = size / (size + ${shortest} * abs(a.w * b.w));
      place[id.x] = vec3f(d, vec2f(-along.y, along.x) * (trust / size));
    }
  }
`);

export interface Crossings {
  /** u32, [n]; `none` where there is none. */
  readonly key: Tensor;
  /** The two vertices of its edge, of B · V: u32, [n, 2]. */
  readonly vertex: Tensor;
}

/** The crossings that can be seen behind `layer` surfaces. @param clip [B, V, 4]. */
export function chooseCrossings(
  cuts: Cuts,
  clip: Tensor,
  raster: Raster,
  tables: EdgeTables,
  layer: number,
): Crossings {
  const { lists, triangles, size, setup } = raster;
  const [width, height] = size;
  const [, vertices] = clip.shape;
  const { tiles, columns, chunks } = lists;
  const { edge, count, ends: until, code } = cuts;
  const choose = choosing(`${tiles} ${columns} ${chunks}`, () => chooseText(lists));
  const { key, vertex } = choose(
    {
      ...{ clip, edge, count, until, code, ends: tables.ends, sides: tables.sides },
      ...{ setup: setup.setup, reach: setup.reach, starts: lists.starts, entries: lists.entries },
      ...{ vertices, triangles: triangles.size, edges: tables.count, width, height, layer },
      ...{ slack: clip.device.precision === 'f64' ? 1e-14 : 5e-6 },
    },
    { count: edge.size },
  );
  return { key, vertex };
}

/** Of each crossing D and the normal of its edge, [n, 3]; 0 where there is none. Differentiable in `clip`, [B V, 4]. */
export function crossingPlaces(
  { key, vertex }: Crossings,
  clip: Tensor,
  [width, height]: readonly [number, number],
): Tensor {
  return place({ clip, vertex, key, width, height }, { count: key.size }).place;
}
