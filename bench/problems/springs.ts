/**
 * A cloth of side² nodes hung by two corners: structural, shear and bending springs, each with its own stiffness.
 *
 *   f_i = Σ_s k_s (|d| − L_s) d / |d|,  d = x_j − x_i        v⁺ = v + dt (f + g − b v),  x⁺ = x + dt v⁺     (unit masses)
 *   L = ½ Σ |x(T) − target|²
 */

import { type Problem, uniform } from './problem.ts';

/** Springs at a node, at most. Shorter lists are filled up with the node itself, and spring number `springs`. */
export const slots = 12;

export interface Springs extends Problem {
  readonly arrays: {
    readonly x: Float32Array;
    readonly target: Float32Array;
    /** 1, or 0 where pinned. */
    readonly free: Float32Array;
    readonly from: Int32Array;
    readonly to: Int32Array;
    readonly rest: Float32Array;
    readonly stiffness: Float32Array;
    /** Springs of node i: start[i] … start[i + 1] − 1; who is at the other end, and which spring. */
    readonly start: Int32Array;
    readonly neighbour: Int32Array;
    readonly spring: Int32Array;
  };
  readonly constants: {
    readonly nodes: number;
    readonly springs: number;
    readonly steps: number;
    readonly dt: number;
    readonly drag: number;
    readonly gravity: number;
  };
}

function edgesOf(side: number): [number, number][] {
  const edges: [number, number][] = [];
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++) {
      const at = r * side + c;
      if (c + 1 < side) edges.push([at, at + 1]);
      if (r + 1 < side) edges.push([at, at + side]);
      if (c + 1 < side && r + 1 < side) edges.push([at, at + side + 1], [at + 1, at + side]);
      if (c + 2 < side) edges.push([at, at + 2]);
      if (r + 2 < side) edges.push([at, at + 2 * side]);
    }
  return edges;
}

export function springs({ side = 100, steps = 200 }: { side?: number; steps?: number } = {}): Springs {
  const nodes = side * side;
  const edges = edgesOf(side);
  const x = Float32Array.from({ length: 3 * nodes }, (_, i) => {
    const [r, c] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side];
    const across = c / (side - 1);
    return [across, (0.05 * Math.sin(6 * across)) / (side - 1), r / (side - 1)][i % 3]!;
  });
  const length = ([i, j]: [number, number]) => Math.hypot(...[0, 1, 2].map(d => x[3 * i + d]! - x[3 * j + d]!));
  const around: [number, number][][] = Array.from({ length: nodes }, () => []);
  edges.forEach(([i, j], s) => {
    around[i]!.push([j, s]);
    around[j]!.push([i, s]);
  });
  const start = new Int32Array(nodes + 1);
  around.forEach((list, i) => {
    start[i + 1] = start[i]! + list.length;
  });
  return {
    arrays: {
      x,
      target: x.map((value, i) => value + (i % 3 === 1 ? -0.3 : 0)),
      free: Float32Array.from({ length: nodes }, (_, i) => Number(i !== 0 && i !== side - 1)),
      from: Int32Array.from(edges, e => e[0]),
      to: Int32Array.from(edges, e => e[1]),
      rest: Float32Array.from(edges, length),
      stiffness: uniform(edges.length, 7, 4000, 6000),
      start,
      neighbour: Int32Array.from(around.flat(), e => e[0]),
      spring: Int32Array.from(around.flat(), e => e[1]),
    },
    constants: { nodes, springs: edges.length, steps, dt: 2e-3, drag: 0.2, gravity: -9.8 },
  };
}

/** Lists of neighbours and springs as columns: entry k of node i at k · nodes + i. */
export function columns({
  arrays,
  constants: { nodes, springs },
}: Springs): Record<'neighbour' | 'spring', Int32Array> {
  const { start, neighbour, spring } = arrays;
  const at = (list: Int32Array, i: number, k: number, none: number) => {
    const entry = start[i]! + k;
    return entry < start[i + 1]! ? list[entry]! : none;
  };
  const column = (list: Int32Array, none: (i: number) => number) =>
    Int32Array.from({ length: slots * nodes }, (_, e) => at(list, e % nodes, Math.floor(e / nodes), none(e % nodes)));
  return { neighbour: column(neighbour, i => i), spring: column(spring, () => springs) };
}
