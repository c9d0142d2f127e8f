/**
 * Systems whose coefficients are the same all over a grid, solved directly by the eigenvectors of its axes.
 *
 *   (c + k Σ_a D_a) x = f,    (D_a x)_i = (2 x_i − x_{i−1} − x_{i+1}) / h_a²  along axis a, but for its ends
 *   D_a = V_a Λ_a V_aᵀ,       x = V (c + k Σ_a Λ_a)⁻¹ Vᵀ f,   V = ⊗_a V_a                                          (1)
 *
 * V_a are sines or cosines: products with dense matrices, and as many operations for each unknown as the sides have unknowns. Nobody looks
 * at what is computed, so a step with such a solve can be recorded. What only constants would balance is left out of f where c is the number 0.
 *
 * Lynch, Rice & Thomas, Numer. Math. 6 (1964) 185; the bases: Strang, SIAM Review 41 (1999) 135.
 */

import { type Device, onDevice, scoped, type Tensor, tensor } from '../../kernel/index.ts';
import type { Grid } from './grid.ts';

/**
 * What lies beyond the last unknown of a line: nothing; the value 0, half a step or a whole one away; the first unknown. Or the last
 * unknown is itself given, as what its row makes of f, and is 0 for its neighbour.
 */
export type LineEnd = 'nothing' | 'half' | 'whole' | 'periodic' | 'given';

export interface Line {
  readonly size: number;
  readonly spacing: number;
  readonly low: LineEnd;
  readonly high: LineEnd;
}

/** Lines of a grid's unknowns, from the fastest. */
export const linesOf = ({ placement, axes }: Grid): readonly Line[] => {
  const ends = {
    neumann: 'nothing',
    periodic: 'periodic',
    dirichlet: placement === 'cell' ? 'half' : 'whole',
  } as const;
  return axes.map(({ size, spacing, low, high }) => ({ size, spacing, low: ends[low], high: ends[high] }));
};

/** Cells along a side up to which products with dense matrices take less time than multigrid, in the plane and in space. */
const longest = { cpu: [512, 256, 128], webgpu: [2048, 1024, 256] } as const;

/** Whether such products take less time. */
export const isShort = (lines: readonly Line[], { kind }: Device): boolean =>
  lines.every(({ size }) => size <= longest[kind][lines.length - 1] + 1); // cells have one face more

/** Eigenvectors as columns, [n, n], and eigenvalues of h² D. */
interface Basis {
  readonly vectors: Float64Array;
  readonly values: Float64Array;
}

/** Where a vector is mirrored beyond an end, counted from the end's unknown, and whether it changes its sign there. */
const mirrors = { nothing: [0.5, 1], half: [0.5, -1], whole: [1, -1], given: [0, -1] } as const;

/** The vectors are cos or sin θ (i + a) in the middle between mirrors at i = −a and i = n − 1 + b. */
function mirrored(n: number, low: keyof typeof mirrors, high: keyof typeof mirrors): Basis {
  const [[a, even], [b, evenToo]] = [mirrors[low], mirrors[high]];
  const [first, last] = [low === 'given' ? 1 : 0, high === 'given' ? n - 2 : n - 1];
  const vectors = new Float64Array(n * n);
  const values = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    if (k < first || k > last) {
      vectors[k * n + k] = 1;
      continue;
    }
    const number = k - first + (even !== evenToo ? 0.5 : even > 0 ? 0 : 1);
    const angle = (Math.PI * number) / (n - 1 + a + b);
    for (let i = first; i <= last; i++)
      vectors[i * n + k] = even > 0 ? Math.cos(angle * (i + a)) : Math.sin(angle * (i + a));
    values[k] = 4 * Math.sin(angle / 2) ** 2;
  }
  return { vectors, values };
}

/** Pairs of cos and sin; the last has no sin where n is even. */
function around(n: number): Basis {
  const vectors = new Float64Array(n * n);
  const values = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const angle = (2 * Math.PI * Math.ceil(k / 2)) / n;
    for (let i = 0; i < n; i++) vectors[i * n + k] = k === 0 || k % 2 === 1 ? Math.cos(angle * i) : Math.sin(angle * i);
    values[k] = 4 * Math.sin(angle / 2) ** 2;
  }
  return { vectors, values };
}

function basisOf(n: number, low: LineEnd, high: LineEnd): Basis {
  const { vectors, values } = low === 'periodic' || high === 'periodic' ? around(n) : mirrored(n, low, high);
  for (let k = 0; k < n; k++) {
    let square = 0;
    for (let i = 0; i < n; i++) square += vectors[i * n + k] ** 2;
    for (let i = 0; i < n; i++) vectors[i * n + k] /= Math.sqrt(square);
  }
  return { vectors, values };
}

/** To the eigenvectors of a line, Vᵀ, and back, V. */
interface Turn {
  readonly to: Tensor;
  readonly from: Tensor;
}

interface Tables {
  readonly turns: readonly Turn[];
  /** Σ_a Λ_a, of the grid's shape, and its inverse, 0 for 0. */
  readonly values: Tensor;
  readonly inverse: Tensor;
}

const mostTables = 16;
const tablesOn = onDevice(() => new Map<string, Tables>());

function tablesOf(lines: readonly Line[], device: Device): Tables {
  const known = tablesOn(device);
  const key = lines.map(({ size, spacing, low, high }) => `${size} ${spacing} ${low} ${high}`).join(', ');
  const found = known.get(key);
  if (found) return found;
  const bases = lines.map(({ size, low, high }) => basisOf(size, low, high));
  let sums = new Float64Array(1);
  lines.forEach(({ size, spacing }, a) => {
    const [inner, own] = [sums, bases[a].values];
    sums = Float64Array.from({ length: inner.length * size }, (_, i) => {
      const outer = Math.floor(i / inner.length);
      return inner[i % inner.length] + own[outer] / spacing ** 2;
    });
  });
  const shape = lines.map(({ size }) => size).reverse();
  const on = (data: Float64Array, shape: readonly number[]): Tensor => tensor(data, shape, { device });
  const made: Tables = {
    turns: bases.map(({ vectors }, a) => {
      const n = lines[a].size;
      const turned = Float64Array.from(vectors, (_, i) => vectors[(i % n) * n + Math.floor(i / n)]);
      return { from: on(vectors, [n, n]), to: on(turned, [n, n]) };
    }),
    values: on(sums, shape),
    inverse: on(
      sums.map(v => (v === 0 ? 0 : 1 / v)),
      shape,
    ),
  };
  if (known.size >= mostTables) known.delete(known.keys().next().value as string);
  known.set(key, made);
  return made;
}

/** V or Vᵀ times what lies along line a. */
function along(x: Tensor, lines: readonly Line[], a: number, { to, from }: Turn, way: keyof Turn): Tensor {
  const { size: n } = lines[a];
  const [matrix, transpose] = way === 'to' ? [to, from] : [from, to];
  if (a === 0) return x.reshape([x.size / n, n]).matmul(transpose);
  const inner = lines.slice(0, a).reduce((product, { size }) => product * size, 1);
  const outer = x.size / (n * inner);
  return outer === 1 ? matrix.matmul(x.reshape([n, inner])) : matrix.matmul(x.reshape([outer, n, inner]));
}

/**
 * x of (1), of the shape of f; differentiable in f, k and c.
 *
 * @param lines From the fastest.
 */
export function solveSeparable(
  lines: readonly Line[],
  f: Tensor,
  k: number | Tensor = 1,
  c: number | Tensor = 0,
): Tensor {
  const { turns, values, inverse } = tablesOf(lines, f.device);
  const turned = (x: Tensor, way: keyof Turn): Tensor =>
    turns.reduce((x, turn, a) => along(x, lines, a, turn, way), x).reshape(f.shape);
  const divided = (x: Tensor): Tensor => {
    if (c !== 0) return x.div(values.mul(k).add(c));
    return k === 1 ? x.mul(inverse) : x.mul(inverse).div(k);
  };
  const solved = () => turned(divided(turned(f, 'to')), 'from'); // (1)
  return scoped(solved, x => [x]); // a step that is kept for a gradient keeps x, not what it is made of
}
