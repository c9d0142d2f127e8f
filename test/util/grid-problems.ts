// Matrices of grid problems for preconditioners: variable and anisotropic diffusion, convection, and plane elasticity.

import { coordinates, type Pattern } from 'retrograde/sparse';

export interface Problem {
  readonly pattern: Pattern;
  readonly values: Float64Array;
}

interface Faces {
  /** Conductivity between (x, y) and its neighbour to the right, or above; also of the faces on the sides. */
  readonly right: (x: number, y: number) => number;
  readonly up: (x: number, y: number) => number;
}

/** −∇·(k ∇u) by five points on n × n cells, times h²; zero outside, or no flux through the sides. */
export function diffusion(n: number, { right, up }: Faces, sides: 'dirichlet' | 'neumann' = 'dirichlet'): Problem {
  const entries: (readonly [number, number, number])[] = [];
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const i = x + n * y;
      for (const [dx, dy, k] of [
        [-1, 0, right(x - 1, y)],
        [1, 0, right(x, y)],
        [0, -1, up(x, y - 1)],
        [0, 1, up(x, y)],
      ] as const) {
        const inside = x + dx >= 0 && x + dx < n && y + dy >= 0 && y + dy < n;
        if (inside) entries.push([i, i + dx + n * dy, -k]);
        if (inside || sides === 'dirichlet') entries.push([i, i, k]);
      }
    }
  return assembled(n * n, entries);
}

export const constant = (right: number, up: number = right): Faces => ({ right: () => right, up: () => up });

/** −Δu + v·∇u by five points, first-order upwind, times h²; `peclet` is v h, along (1, ½). */
export function convection(n: number, peclet: number): Problem {
  const entries: (readonly [number, number, number])[] = [];
  const [vx, vy] = [peclet, peclet / 2];
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const i = x + n * y;
      entries.push([i, i, 4 + vx + vy]);
      if (x > 0) entries.push([i, i - 1, -1 - vx]);
      if (x + 1 < n) entries.push([i, i + 1, -1]);
      if (y > 0) entries.push([i, i - n, -1 - vy]);
      if (y + 1 < n) entries.push([i, i + n, -1]);
    }
  return assembled(n * n, entries);
}

function assembled(size: number, entries: readonly (readonly [number, number, number])[]): Problem {
  const { pattern, entry } = coordinates(
    [size, size],
    entries.map(([i]) => i),
    entries.map(([, j]) => j),
  );
  const values = new Float64Array(pattern.size);
  entries.forEach(([, , v], t) => {
    values[entry[t]] += v;
  });
  return { pattern, values };
}

/**
 * Stiffness of a plane lattice of springs, along the axes and both diagonals, on n × n nodes with two unknowns each; the nodes at x = 0 are
 * held by springs. In 2 × 2 blocks, with the rigid motions of its nodes.
 */
export function lattice(n: number): Problem & { readonly rigid: Float64Array } {
  const blocks = new Map<string, number[]>();
  const add = (i: number, j: number, [dx, dy]: readonly [number, number], sign: number): void => {
    const key = `${i},${j}`;
    const block = blocks.get(key) ?? [0, 0, 0, 0];
    const s = sign / (dx * dx + dy * dy);
    blocks.set(
      key,
      [dx * dx, dx * dy, dy * dx, dy * dy].map((v, k) => block[k] + s * v),
    );
  };
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const i = x + n * y;
      if (x === 0)
        for (const d of [
          [1, 0],
          [0, 1],
        ] as const)
          add(i, i, d, 1);
      for (const d of [
        [1, 0],
        [0, 1],
        [1, 1],
        [-1, 1],
      ] as const) {
        const [u, v] = [x + d[0], y + d[1]];
        if (u < 0 || u >= n || v >= n) continue;
        const j = u + n * v;
        for (const [a, b, sign] of [
          [i, i, 1],
          [j, j, 1],
          [i, j, -1],
          [j, i, -1],
        ] as const)
          add(a, b, d, sign);
      }
    }
  const keys = [...blocks.keys()].map(key => key.split(',').map(Number));
  const { pattern, entry } = coordinates(
    [n * n, n * n],
    keys.map(([i]) => i),
    keys.map(([, j]) => j),
  );
  const values = new Float64Array(pattern.size * 4);
  [...blocks.values()].forEach((block, t) => {
    values.set(block, entry[t] * 4);
  });
  const rigid = new Float64Array(n * n * 6);
  for (let i = 0; i < n * n; i++) {
    const [x, y] = [i % n, Math.floor(i / n)];
    rigid.set([1, 0, -y, 0, 1, x], i * 6);
  }
  return { pattern, values, rigid };
}
