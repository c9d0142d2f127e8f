/**
 * Lattices of discrete velocities: D2Q9 in the plane, D3Q19 in space.
 *
 *   Σ_q w_q = 1,   Σ_q w_q c_q c_q = I / 3,   Σ_q w_q c_q c_q c_q c_q = (δδ + δδ + δδ) / 9             speed of sound 1 / √3
 *
 * Velocity 0 rests; the others come in pairs that are opposite to each other, 2k − 1 and 2k.
 * Qian, d'Humières & Lallemand, Europhys. Lett. 17 (1992) 479, doi:10.1209/0295-5075/17/6/001.
 */

export interface Lattice {
  readonly name: 'D2Q9' | 'D3Q19';
  readonly axes: readonly ('x' | 'y' | 'z')[];
  /** Velocities c_q in cells per step. */
  readonly velocities: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

const both = (c: readonly number[]): readonly (readonly number[])[] => [c, c.map(x => -x + 0)];

function lattice(name: Lattice['name'], halves: readonly (readonly number[])[], weights: readonly number[]): Lattice {
  const dimensions = halves[0].length;
  const velocities = [new Array<number>(dimensions).fill(0), ...halves.flatMap(both)];
  const axes = (['x', 'y', 'z'] as const).slice(0, dimensions);
  return { name, axes, velocities, weights: velocities.map(c => weights[c.filter(x => x !== 0).length]) };
}

export const d2q9: Lattice = lattice(
  'D2Q9',
  [[1, 0], [0, 1], [1, 1], [1, -1]], // biome-ignore format: a table
  [4 / 9, 1 / 9, 1 / 36],
);

export const d3q19: Lattice = lattice(
  'D3Q19',
  [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1]], // biome-ignore format: a table
  [1 / 3, 1 / 18, 1 / 36],
);

/** The velocity against c_q. */
export const opposite = (q: number): number => (q === 0 ? 0 : q % 2 === 1 ? q + 1 : q - 1);

/** The first of each pair. */
export const pairs = ({ velocities }: Lattice): readonly number[] =>
  velocities.flatMap((_, q) => (q % 2 === 1 ? [q] : []));

/** Σ_k c_k names_k as WGSL, for c of −1, 0 and 1; '0.0' where all are 0. */
export function signedSum(c: readonly number[], names: readonly string[]): string {
  const terms = c.flatMap((x, k) => (x === 0 ? [] : [[x > 0 ? '+' : '-', names[k]]]));
  return (
    terms.map(([sign, name], k) => (k === 0 ? (sign === '+' ? name : `-${name}`) : ` ${sign} ${name}`)).join('') ||
    '0.0'
  );
}
