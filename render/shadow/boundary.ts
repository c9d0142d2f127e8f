/**
 * Which places a light does not reach, and whether a shadow's boundary passes within half a pixel of them.
 *
 * A place is dark if a triangle lies before it, as the light sees both. No picture is made of that: the light's tiles say which triangles there
 * may be, and those are asked, so a shadow is as fine as the mesh, whatever the size of the light's picture.
 *
 * A boundary passes where a silhouette that the light sees lies before the place. The picture's pixel is a parallelogram there, with sides x and y
 * (footprint), and along the one of them on which the edge is sooner met, the place is D from the edge:
 *
 *   D = s / max(|∂s/∂x|, |∂s/∂y|),   s: on which side of the line through the edge, in the light's picture                        (1)
 *
 * So along rows (or columns) of pixels D rises by one from pixel to pixel. An edge counts if |D| ≤ ½, the point D away is between its ends and
 * behind it, and nothing else there is before the place. Of several the nearest counts. This is a choice, of whole numbers.
 */

import { noSide, type Triangles } from '../../geometry/index.ts';
import { kernelsByKey, lazyKernel, onDeviceOf, type Tensor, tensor } from '../../kernel/index.ts';
import { facesOf } from '../edges/silhouettes.ts';
import { none, noneText } from '../edges/tables.ts';
import { homogeneous } from '../raster/homogeneous.wgsl.ts';
import { type Cull, setUp } from '../raster/setup.ts';
import { gridOf, listText, type TileLists, tile, tileLists } from '../raster/tiles.ts';
import { placeText, words } from '../raster/triangle.wgsl.ts';

/** Places as the light sees them: clip positions, and their change from pixel to pixel, [n, 4]. */
export interface LitPlaces {
  readonly q: Tensor;
  readonly right: Tensor;
  readonly down: Tensor;
}

/**
 * `fn metBy(a: vec4f, b: vec4f, c: vec2f, right: vec2f, down: vec2f) -> Met`: the line through a and b, in homogeneous pixels, from a point c of the
 * light's picture, of which neighbouring pixels are at c + right and c + down.
 */
export const metText: string = /* wgsl */ `
  ${homogeneous}
  struct Met { far: f32, steps: f32, sideways: bool } // D; and after how many pixels, along which side, it is met
  fn metBy(a: vec4f, b: vec4f, c: vec2f, right: vec2f, down: vec2f) -> Met {
    let da = from2(a, c);
    let db = from2(b, c);
    let sx = -a.w * cross2(right, db) - b.w * cross2(da, right);
    let sy = -a.w * cross2(down, db) - b.w * cross2(da, down);
    let sideways = abs(sx) >= abs(sy);
    let slope = select(sy, sx, sideways);
    if (slope == 0.0) { return Met(1e9, 1e9, true); }
    let ratio = cross2(da, db) / slope;
    return Met(sign(slope) * ratio, -ratio, sideways); // (1)
  }
  /** How a point moves in the light's picture while its homogeneous pixels do by d. */
  fn movedBy(q: vec4f, d: vec4f) -> vec2f { return (d.xy - d.w / q.w * q.xy) / q.w; }
`;

/**
 * Which sides of triangles are silhouettes, bits 1, 2 and 4; of two triangles at a silhouette the one that shows its front has it. And boxes of those that
 * have one: few do, so lists of their own are short.
 */
const outlines = lazyKernel(/* wgsl */ `
  var<storage, read> face: array<u32>;
  var<storage, read> across: array<vec3u>;
  var<storage, read> reach: array<vec2u>;
  var<storage, read_write> outline: array<u32>;
  var<storage, read_write> outlined: array<vec2u>;
  @compute @workgroup_size(64)
  fn shadowOutlines(@builtin(global_invocation_id) id: vec3u) {
    let side = face[id.x];
    var bits = 0u;
    for (var i = 0u; i < 3u; i++) {
      let other = across[id.x][i];
      var shown = 0u;
      if (other != ${noneText}) { shown = face[other]; }
      if (side != 0u && side != shown && (shown == 0u || side == 1u)) { bits |= 1u << i; }
    }
    outline[id.x] = bits;
    outlined[id.x] = select(vec2u(0u), reach[id.x], bits != 0u);
  }
`);

const text = (grid: TileLists): string => /* wgsl */ `
  var<storage, read> q: array<vec4f>;
  var<storage, read> right: array<vec4f>;
  var<storage, read> down: array<vec4f>;
  var<storage, read> clip: array<vec4f>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> across: array<vec3u>;
  var<storage, read> outline: array<u32>;
  var<storage, read> reach: array<vec2u>;
  var<storage, read> setup: array<array<f32, ${words}>>;
  var<storage, read> starts: array<u32>;
  var<storage, read> entries: array<u32>;
  var<storage, read> outlineStarts: array<u32>;
  var<storage, read> outlineEntries: array<u32>;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<uniform> slack: f32;
  var<storage, read_write> lit: array<f32>;
  var<storage, read_write> edge: array<vec2u>;
  ${metText}
  ${placeText}
  ${listText(grid)}
  /** Whether a triangle other than two is before depth z at c. */
  fn covered(c: vec2f, z: f32, own: u32, other: u32) -> bool {
    let x = u32(c.x);
    let y = u32(c.y);
    let tile = tileAt(x, y);
    let end = endOf(0u, tile);
    for (var k = firstOf(0u, tile); k < end; k++) {
      let t = entries[k];
      let box = reach[t];
      if (t != own && t != other && x >= (box.x & 0xffffu) && x < (box.x >> 16u) && y >= (box.y & 0xffffu) && y < (box.y >> 16u)) {
        let T = triangleOf(t);
        let E = edgesAt(T, c);
        if (all(E >= T.least)) {
          let before = depthOf(T, E);
          if (before >= 0.0 && before < z) { return true; }
        }
      }
    }
    return false;
  }
  @compute @workgroup_size(64)
  fn shadowBoundaries(@builtin(global_invocation_id) id: vec3u) {
    edge[id.x] = vec2u(${noneText});
    lit[id.x] = 1.0;
    let size = vec2f(width, height);
    let p = inPixels(q[id.x], width, height);
    if (p.w > 0.0) {
      let c = p.xy / p.w;
      if (all(c >= vec2f(0.0)) && all(c < size)) {
        let z = p.z / p.w;
        if (covered(c, z - slack, ${noneText}, ${noneText})) { lit[id.x] = 0.0; }
        let px = inPixels(right[id.x], width, height);
        let py = inPixels(down[id.x], width, height);
        let dx = movedBy(p, px);
        let dy = movedBy(p, py);
        let slopes = vec2f(px.z - px.w * z, py.z - py.w * z) / p.w; // of depth
        let reach = 0.5 * max(abs(dx), abs(dy));
        if (reach.x + reach.y > 0.0) {
          let low = vec2u(max(c - reach, vec2f(0.0)));
          let high = vec2u(min(c + reach, size - 0.5));
          var best = 0.5;
          for (var ty = low.y / ${tile[1]}u; ty <= high.y / ${tile[1]}u; ty++) {
            for (var tx = low.x / ${tile[0]}u; tx <= high.x / ${tile[0]}u; tx++) {
              let tile = ty * ${grid.columns}u + tx;
              let end = outlineStarts[(tile + 1u) * ${grid.chunks}u];
              for (var k = outlineStarts[tile * ${grid.chunks}u]; k < end; k++) {
                let t = outlineEntries[k];
                let bits = outline[t];
                for (var i = 0u; i < 3u && bits != 0u; i++) {
                  if ((bits & (1u << i)) != 0u) {
                    let other = across[t][i];
                    let from = corners[t][i];
                    let to = corners[t][(i + 1u) % 3u];
                    let a = inPixels(clip[from], width, height);
                    let b = inPixels(clip[to], width, height);
                    if (a.w > 0.0 && b.w > 0.0) {
                      let met = metBy(a, b, c, dx, dy);
                      let there = c + met.steps * select(dy, dx, met.sideways);
                      if (abs(met.far) <= best && all(there >= vec2f(0.0)) && all(there < size)) {
                        let start = a.xy / a.w;
                        let way = b.xy / b.w - start;
                        let share = dot(there - start, way) / dot(way, way);
                        if (share > -1e-5 && share < 1.00001) {
                          let own = mix(a.z / a.w, b.z / b.w, share);
                          let place = z + met.steps * select(slopes.y, slopes.x, met.sideways) - slack;
                          if (own >= 0.0 && own < place && !covered(there, place, t, other)) {
                            let third = inPixels(clip[corners[t][(i + 2u) % 3u]], width, height);
                            let inside = cross2(from2(a, third.xy / third.w), from2(b, third.xy / third.w)) * third.w;
                            best = abs(met.far);
                            edge[id.x] = select(vec2u(from, to), vec2u(to, from), inside > 0.0); // lit where s > 0
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
`;

/** Which triangle is beyond each side, from corner k to the next one: u32, [T, 3], `none` at borders. */
const neighbours = onDeviceOf(
  ({ size, halfEdges: { mate } }: Triangles, device): Tensor =>
    tensor(
      mate.map(k => (k === noSide ? none : Math.floor(k / 3))),
      [size, 3],
      { device },
    ),
);

export interface Boundaries {
  /** 1 where nothing is before a place, else 0, [n]. */
  readonly lit: Tensor;
  /** Vertices of the boundary by which a place lies, such that the light is where s > 0: u32, [n, 2]; `none` where there is none. */
  readonly edge: Tensor;
}

const kernels = kernelsByKey();

export interface Casters {
  /** Clip positions in the light, [V, 4]. */
  readonly clip: Tensor;
  readonly triangles: Triangles;
  /** Of the light's picture; only their ratio counts. */
  readonly size: readonly [width: number, height: number];
  readonly cull: Cull;
  readonly capacity: number | undefined;
}

/**
 * The light's picture in pixels, of which only the proportions are given: as many tiles as there are triangles, so that lists are short, within bounds, since
 * finding lists takes triangles times bands of tiles.
 */
function cutFor(triangles: number, [width, height]: Casters['size']): Casters['size'] {
  const pixels = tile[0] * tile[1] * Math.min(Math.max(triangles, 256), 16384);
  const scale = Math.sqrt(pixels / (width * height));
  return [width, height].map(n => Math.min(Math.max(1, Math.round(scale * n)), 65535)) as [number, number];
}

/** Which boundary each place is by. @param slack How much farther than a surface, of the light's depths, what lies in its shadow must be. */
export function chooseBoundaries(
  { clip, triangles, size, cull, capacity }: Casters,
  places: LitPlaces,
  slack: number,
): Boundaries {
  const { device } = clip;
  const cut = cutFor(triangles.size, size);
  const [width, height] = cut;
  const corners = triangles.on(device);
  const across = neighbours(triangles, device);
  const { setup, reach } = setUp(clip, corners, cut, cull);
  const grid = gridOf(cut, triangles.size);
  const tiles = grid.columns * grid.rows;
  const room = capacity ?? Math.min(8 * triangles.size + 64 * tiles, triangles.size * tiles);
  const lists = tileLists(reach, grid, 1, room, 'shadow: triangles');
  const face = facesOf(clip.reshape([1, ...clip.shape]), corners, cull);
  const { outline, outlined } = outlines({ face, across, reach }, { count: triangles.size });
  const borders = tileLists(outlined as Tensor, grid, 1, room, 'shadow: outlines');
  const run = kernels(`${lists.columns} ${lists.tiles} ${lists.chunks}`, () => text(lists));
  const { starts, entries } = lists;
  const { lit, edge } = run(
    {
      ...places,
      clip,
      corners,
      across,
      outline,
      reach,
      setup,
      starts,
      entries,
      outlineStarts: borders.starts,
      outlineEntries: borders.entries,
      width,
      height,
      slack,
    },
    { count: places.q.shape[0] },
  );
  return { lit, edge } as Boundaries;
}
