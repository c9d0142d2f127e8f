/**
 * The surface on which samples over a grid are 0, as triangles, by surface nets: a vertex in each cell that the surface passes, and two
 * triangles across each edge of the grid that it crosses.
 *
 *   x = mean of  p + f_p / (f_p − f_q) (q − p)                     over the cell's edges pq on which f changes its sign                (1)
 *
 * Which cells and edges these are is chosen once; where vertices are follows from samples, differentiably. Sheets that pass the same cell
 * share its vertex. Where the surface leaves the grid it is open. Curved bodies come out too small, by a part of second order in the cells' size.
 *
 * Gibson: Constrained elastic surface nets, MICCAI 1998.
 */

import { checkOptions, checkRecord, inWords, lazyKernel, outliving, type Tensor, tensor } from '../kernel/index.ts';
import { checkDistanceGrid, type DistanceGrid, spacingOf } from './contact/distance-grid.ts';
import { type Mesh, type MeshOptions, mesh } from './mesh.ts';
import { Triangles } from './triangles.ts';

export interface Isosurface extends Mesh {
  /**
   * The vertices for other samples on the same grid that are 0 between the same neighbours, [vertices, 3], m. Differentiable.
   *
   * @param samples As many as the grid has, in its order; any shape.
   */
  at(samples: Tensor): Tensor;
}

const netKernel = lazyKernel(/* wgsl */ `
  var<storage, read> f: array<f32>;
  var<storage, read> cells: array<vec2u>; // first corner; a bit for each of its edges that is crossed
  var<storage, read> spacing: array<f32>;
  var<uniform> nx: u32;
  var<uniform> ny: u32;
  var<storage, read_write> x: array<vec3f>;
  fn valueAt(c: vec3u) -> f32 { return f[(c.z * ny + c.y) * nx + c.x]; }
  @compute @workgroup_size(64)
  fn surfaceNet(@builtin(global_invocation_id) id: vec3u) {
    let at = cells[id.x].x;
    let first = vec3u(at % nx, at / nx % ny, at / (nx * ny));
    var sum = vec3f(0.0);
    var count = 0.0;
    for (var e = 0u; e < 12u; e++) {
      if (((cells[id.x].y >> e) & 1u) == 0u) { continue; }
      let axis = e / 4u;
      let low = e & 1u; // where the edge begins: its two other coordinates
      let high = (e >> 1u) & 1u;
      let p = vec3u(
        select(low, 0u, axis == 0u),
        select(select(high, low, axis == 0u), 0u, axis == 1u),
        select(high, 0u, axis == 2u));
      let step = vec3u(u32(axis == 0u), u32(axis == 1u), u32(axis == 2u));
      let a = valueAt(first + p);
      let b = valueAt(first + p + step);
      sum += vec3f(p) + a / (a - b) * vec3f(step);
      count += 1.0;
    }
    let h = vec3f(spacing[0], spacing[1], spacing[2]);
    x[id.x] = h * (vec3f(first) + sum / count) - vec3f(spacing[3], spacing[4], spacing[5]); // (1)
  }
`);

/** Cells that the surface passes: the number of their first corner and the edges that are crossed; and where each cell is in that list. */
function crossed({ counts: [nx, ny, nz], distances }: DistanceGrid): {
  readonly cells: readonly number[];
  readonly numberOf: ReadonlyMap<number, number>;
} {
  const strides = [1, nx, nx * ny];
  /** Of a cell's edges: where they begin, from its first corner, and how far their ends are. */
  const edgesOfCell = strides.flatMap((step, axis) => {
    const [u, v] = strides.filter((_, other) => other !== axis);
    return [0, u, v, u + v].map(from => ({ from, step }));
  });
  const cells: number[] = [];
  const numberOf = new Map<number, number>();
  for (let z = 0; z < nz - 1; z++)
    for (let y = 0; y < ny - 1; y++)
      for (let x = 0; x < nx - 1; x++) {
        const first = x + nx * (y + ny * z);
        let edges = 0;
        edgesOfCell.forEach(({ from, step }, e) => {
          const p = first + from;
          if (distances[p] < 0 !== distances[p + step] < 0) edges |= 1 << e;
        });
        if (edges === 0) continue;
        numberOf.set(first, cells.length / 2);
        cells.push(first, edges);
      }
  return { cells, numberOf };
}

/** Two triangles for each edge of the grid that is crossed within it, seen from where samples are positive. */
function netOf({ counts, distances }: DistanceGrid, numberOf: ReadonlyMap<number, number>): number[] {
  const strides = [1, counts[0], counts[0] * counts[1]];
  const corners: number[] = [];
  for (let p = 0; p < distances.length; p++)
    for (let axis = 0; axis < 3; axis++) {
      if (distances[p] < 0 === distances[p + strides[axis]] < 0) continue;
      const [across, up] = [(axis + 1) % 3, (axis + 2) % 3];
      const i = [0, 1, 2].map(k => Math.floor(p / strides[k]) % counts[k]);
      const isInner = [across, up].every(k => i[k] > 0 && i[k] < counts[k] - 1);
      if (!isInner || i[axis] === counts[axis] - 1) continue;
      const [u, v] = [strides[across], strides[up]];
      const around = [p - u - v, p - v, p, p - u].map(cell => numberOf.get(cell)!);
      const [a, b, c, d] = distances[p] < 0 ? around : around.reverse();
      corners.push(a, b, c, a, c, d);
    }
  return corners;
}

/**
 * Triangles where samples change their sign, seen from outside, where they are positive.
 *
 * @param grid Samples of a function that is negative within, as of a signed distance.
 * @returns A mesh, and `at`, by which its vertices follow samples. Empty if no two neighbours differ in sign.
 * @throws RangeError if a sample is not finite, or there are not as many as the grid has.
 * @example
 * const ball = distanceGrid(([x, y, z]) => Math.hypot(x, y, z) - 1, { halfSize: [1.2, 1.2, 1.2] });
 * const skin = isosurface(ball);
 * const radius = skin.vertices.square().sum(1).sqrt().mean(); // ≈ 1
 */
export function isosurface(grid: DistanceGrid, options: MeshOptions = {}): Isosurface {
  checkOptions('isosurface', options, ['device']);
  checkRecord('isosurface', 'the grid', grid, ['counts', 'halfSize', 'distances']);
  checkDistanceGrid('isosurface', grid);
  const { counts, distances, halfSize } = grid;
  const on = options.device ? { device: options.device } : {};
  const { cells, numberOf } = crossed(grid);
  const count = cells.length / 2;
  const triangles = new Triangles(count, netOf(grid, numberOf));
  const cellTable = outliving(tensor(Uint32Array.from(cells), [count, 2], on));
  const spacing = outliving(tensor([...spacingOf(grid), ...halfSize], [6], on));
  const at = (samples: Tensor): Tensor => {
    if (samples?.type !== 'f32' || samples.size !== distances.length)
      throw new RangeError(`isosurface: samples are ${inWords(samples)}; give ${distances.length} numbers of f32.`);
    const f = samples.reshape([samples.size]);
    return netKernel({ f, cells: cellTable, spacing, nx: counts[0], ny: counts[1] }, { count }).x;
  };
  const samples = tensor(Float64Array.from(distances), [distances.length], on);
  return { ...mesh(at(samples), triangles), at };
}
