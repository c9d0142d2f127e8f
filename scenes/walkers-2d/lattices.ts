/** Robots of nodes and springs, some of which are muscles: DiffTaichi's mass-spring robots. */

import type { Edge } from '../../physics/index.ts';

export interface Lattice {
  readonly name: string;
  /** m; the first is the head. */
  readonly nodes: readonly (readonly [number, number])[];
  readonly springs: readonly Edge[];
  /** Of each spring, N/m per kg. */
  readonly stiffness: readonly number[];
  /** How much of its length each spring contracts at most. */
  readonly muscle: readonly number[];
}

const bridge: Lattice = {
  name: 'A',
  nodes: [[0.2, 0.1], [0.3, 0.13], [0.4, 0.1], [0.2, 0.2], [0.3, 0.2], [0.4, 0.2]], // biome-ignore format: a table
  springs: [[0, 1], [1, 2], [3, 4], [4, 5], [0, 3], [2, 5], [0, 4], [1, 4], [2, 4], [3, 1], [5, 1]], // biome-ignore format: a table
  stiffness: Array.from({ length: 11 }, () => 14000),
  muscle: Array.from({ length: 11 }, () => 0.1),
};

/** Column and row; the upright springs of a muscle contract. */
type Cell = readonly [column: number, row: number, kind?: 'muscle' | 'foot'];

/** Squares braced crosswise, and feet, triangles that stand on a corner; nodes 5 cm apart. */
function cells(name: string, all: readonly Cell[]): Lattice {
  const nodes: [number, number][] = [];
  const springs: Edge[] = [];
  const muscle: number[] = [];
  const node = (column: number, row: number): number => {
    const at: [number, number] = [column * 0.05 + 0.1, row * 0.05 + 0.1];
    const known = nodes.findIndex(([x, y]) => x === at[0] && y === at[1]);
    return known >= 0 ? known : nodes.push(at) - 1;
  };
  const join = (a: number, b: number, contraction: number): void => {
    if (springs.some(([c, d]) => (c === a && d === b) || (c === b && d === a))) return;
    springs.push([a, b]);
    muscle.push(contraction);
  };
  for (const [i, j, kind] of all) {
    const corners =
      kind === 'foot'
        ? [node(i + 0.5, j + 0.5), node(i, j + 1), node(i + 1, j + 1)]
        : [node(i, j), node(i, j + 1), node(i + 1, j), node(i + 1, j + 1)];
    if (kind !== 'foot')
      for (const side of [0, 2]) join(corners[side], corners[side + 1], kind === 'muscle' ? 0.15 : 0);
    for (const a of corners) for (const b of corners) if (a !== b) join(a, b, 0);
  }
  return { name, nodes, springs, muscle, stiffness: springs.map(() => 3e4) };
}

const body: readonly Cell[] = [[0, 1, 'muscle'], [0, 2], [1, 2], [2, 1, 'muscle'], [2, 2]]; // biome-ignore format: a table
const giraffe: readonly Cell[] = [[2, 0, 'muscle'], [0, 0, 'muscle'], ...body, [2, 3], [2, 4]]; // biome-ignore format: a table

export const lattices: readonly Lattice[] = [
  bridge,
  cells('B', [[2, 0, 'foot'], [0, 0, 'foot'], ...body]),
  cells('C', giraffe),
  cells('D', [...giraffe, [3, 1], [4, 0, 'muscle'], [4, 1, 'muscle']]),
];
