/**
 * The stretch of outline that a crossing stands for.
 *
 * Shares of pixels are areas between an outline and the borders of pixels that it keeps closest to. With a row each (pairs.ts) they are exact
 * for a line that spans rows wholly, but outlines turn within pixels: where rows end and columns begin, an area is left out or counted
 * twice, whose derivative is up to half a pixel of outline. It is a polygon between the corner G of pixels that is nearest to the vertex V
 * where the outline turns, V, and where the two edges at V pass G's row and column: a triangle for each of them,
 *
 *   ± ½ (g_x − k g_y) g_y,   g = G − V,   k = dx/dy of the edge                   (x and y change places for columns)          (1)
 *
 * which is added to the share of the edge's last crossing before V. With (1) at both ends of every edge, shares of one colour over another sum
 * up to the area of a polygon, and their derivative to its derivative, to the last digit.
 *
 * Edges that cross nothing have no share to add (1) to. So edges are taken together until one crosses: a stretch runs from vertex to vertex of
 * an outline, and edges in between are as if replaced by a straight line. Where an outline goes on in the same direction, two stretches meet at
 * that of the vertices between their crossings which is nearest to the border of the two pixels; where it turns, at the vertex where it does.
 * Both find the same one, since only two edges end a surface there; where there are more, or fewer, the stretch ends.
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import { homogeneous } from '../raster/homogeneous.wgsl.ts';
import { type Cuts, endingBit, firstBits, steepBit } from './silhouettes.ts';
import { type EdgeTables, noneText } from './tables.ts';

/** Added to the number of a vertex in which a stretch ends between the last crossing and the next. */
export const endBit = '0x80000000u';

/** (1) for a stretch's lower and higher end p, as seen from the crossing on the line of pixel centres, across and along. */
export const endText: string = /* wgsl */ `
  fn endArea(p: vec2f, border: f32, slope: f32) -> f32 {
    let x = ceil(p.x) - 0.5 - p.x;
    let y = border - p.y;
    return 0.5 * (x - slope * y) * y; // (1)
  }
`;

/** Edges that are walked along before a stretch ends anyway: none is so long but in a mesh of which hundreds of edges fit in a pixel. */
const longest = 256;

const stretches = lazyKernel(/* wgsl */ `
  ${homogeneous}
  var<storage, read> clip: array<vec4f>;
  var<storage, read> key: array<u32>;
  var<storage, read> edge: array<u32>;
  var<storage, read> count: array<u32>;
  var<storage, read> until: array<u32>;
  var<storage, read> code: array<u32>;
  var<storage, read> ends: array<vec2u>;
  var<storage, read> start: array<u32>;
  var<storage, read> items: array<u32>;
  var<uniform> vertices: u32;
  var<uniform> edges: u32;
  var<uniform> turning: u32;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<storage, read_write> vertex: array<vec2u>;
  struct Place { across: f32, along: f32, shown: bool, ahead: bool }
  /** Of a vertex; \`steep\`: along is y. */
  fn placeOf(v: u32, steep: bool) -> Place {
    let p = inPixels(clip[v], width, height);
    let c = p.xy / p.w;
    let shown = all(c >= vec2f(0.0)) && all(c <= vec2f(width, height));
    return Place(select(c.y, c.x, steep), select(c.x, c.y, steep), p.w > 0.0 && shown, p.w > 0.0);
  }
  /** Where a stretch ends that goes on from an edge at its vertex v, towards larger or smaller coordinates, to the border between two lines. */
  fn endOf(from: u32, v: u32, image: u32, steep: bool, up: bool, border: f32) -> u32 {
    let base = image * vertices;
    var q = from;
    var at = v;
    var found = base + v;
    var least = 2.0;
    for (var step = 0u; step < ${longest}u; step++) {
      let here = placeOf(base + at, steep);
      if (!here.shown) { return base + v; }
      var n = 0u;
      var next = q;
      for (var k = start[at]; k < start[at + 1u]; k++) {
        if ((code[image * edges + items[k]] & ${endingBit}) != 0u) {
          n++;
          if (items[k] != q) { next = items[k]; }
        }
      }
      let one = image * edges + next;
      let there = placeOf(base + ends[next].x + ends[next].y - at, steep);
      let onward = there.ahead && there.along != here.along && (there.along > here.along) == up;
      if (n != 2u || next == q || !onward || ((code[one] & ${steepBit}) != 0u) != steep) { return (base + at) | ${endBit}; }
      let away = abs(here.along - border);
      if (away < least) {
        least = away;
        found = (base + at) | ${endBit};
      }
      if (count[one] > 0u) { return found; }
      q = next;
      at = ends[next].x + ends[next].y - at;
    }
    return base + v;
  }
  @compute @workgroup_size(64)
  fn stretchesOf(@builtin(global_invocation_id) id: vec3u) {
    vertex[id.x] = vec2u(${noneText});
    if (key[id.x] != ${noneText}) {
      let at = edge[id.x];
      let image = at / edges;
      let own = at - image * edges;
      let nth = id.x + count[at] - until[at];
      let line = f32((code[at] & ${firstBits}) + nth);
      let steep = (code[at] & ${steepBit}) != 0u;
      var e = ends[own];
      var found = e + image * vertices;
      let a = placeOf(found.x, steep);
      let b = placeOf(found.y, steep);
      if (turning == 1u && a.ahead && b.ahead) {
        if (a.along > b.along) {
          e = e.yx;
          found = found.yx;
        }
        if (nth == 0u) { found.x = endOf(own, e.x, image, steep, false, line); }
        if (nth + 1u == count[at]) { found.y = endOf(own, e.y, image, steep, true, line + 1.0); }
      }
      vertex[id.x] = found;
    }
  }
`);

/**
 * The two vertices of the stretch of each crossing, the one at smaller coordinates first, of B · V: u32, [n, 2].
 *
 * @param key Of each crossing, of those that there is room for; \`none\` where it is not seen.
 * @param clip [B, V, 4].
 * @param options.corners Whether stretches end where outlines turn; if not, they are edges, and nothing is added to shares.
 */
export function stretchesOf(
  key: Tensor,
  { edge, count, ends: until, code }: Cuts,
  clip: Tensor,
  { start, items, ends, count: edges }: EdgeTables,
  { size: [width, height], corners }: { readonly size: readonly [number, number]; readonly corners: boolean },
): Tensor {
  const [, vertices] = clip.shape;
  const lists = { key, edge, count, until, code, ends, start, items };
  const given = { clip, ...lists, vertices, edges, turning: corners ? 1 : 0, width, height };
  return stretches(given, { count: edge.size }).vertex as Tensor;
}
