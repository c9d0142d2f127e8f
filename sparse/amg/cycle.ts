/**
 * A V-cycle on the device: smooth, correct by what the coarser level finds, smooth.
 *
 *   x₀ = 0     z_k = (2k − 3)/(2k + 1) z_{k−1} + (8k − 4)/(2k + 1) (λ D)⁻¹ (b − A x_{k−1})     x_k = x_{k−1} + z_k          (1)
 *
 * (1) is the smoother: Chebyshev polynomials of the fourth kind, which need a bound λ of the eigenvalues of D⁻¹A and no lower end of an
 * interval; of degree 1 it is Jacobi's method damped by 4/(3λ). The same before and after, so that a cycle of a symmetric matrix is symmetric.
 *
 * Lottes: Optimal polynomial smoothers for multigrid V-cycles, Numer. Linear Algebra Appl. 30 (2023) e2518.
 */

import { adopt, type Device, kernelsByKey, type Tensor, tensor } from '../../kernel/index.ts';
import { overRows, product, type RowSums, rowSums, withSums } from '../matrix/row-sums.ts';
import type { Prepared } from '../preconditioner.ts';
import { inverseOfCoarsest } from './coarsest.ts';
import { largestEigenvalue } from './diagonal-blocks.ts';
import { type Hierarchy, inverseOf } from './hierarchy.ts';
import { diagonalPlaces, type Rows, transpose } from './rows.ts';

/** What a kernel makes of the sums of a row of A x: from numbers of the row, word n each, numbers of the row. */
interface Made {
  readonly name: string;
  readonly inputs: string;
  readonly outputs: readonly string[];
  /** Statements for number a of a row of `height` numbers; D is the block's part of (λ D)⁻¹ (b − A x). */
  lines(a: number, D: string): string;
}

const residual: Made = {
  name: 'residual',
  inputs: 'var<storage, read> b: array<f32>;',
  outputs: ['r'],
  lines: a => `r[n] = b[n] - sum${a};`,
};

const added: Made = {
  name: 'added',
  inputs: 'var<storage, read> base: array<f32>;',
  outputs: ['y'],
  lines: a => `y[n] = base[n] + sum${a};`,
};

const smoothing = 'var<storage, read> weight: array<f32>; var<storage, read> b: array<f32>;';

/** (1) without z_{k−1}. */
const plainStep: Made = {
  name: 'plain step',
  inputs: smoothing,
  outputs: ['next'],
  lines: (_, D) => `next[n] = x[n] + 4.0 / 3.0 * (${D});`,
};

/** (1) */
const step: Made = {
  name: 'step',
  inputs: `override k: f32 = 1; ${smoothing} var<storage, read> z: array<f32>;`,
  outputs: ['next', 'zNext'],
  lines: (_, D) => `
      let d = (2.0 * k - 3.0) / (2.0 * k + 1.0) * z[n] + (8.0 * k - 4.0) / (2.0 * k + 1.0) * (${D});
      zNext[n] = d;
      next[n] = x[n] + d;`,
};

/** (1) for k = 1, from zero. */
const firstText = (h: number): string => /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> weight: array<f32>;
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> z: array<f32>;
  @compute @workgroup_size(64)
  fn firstStep(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x / width;
    let c = id.x % width;
    ${Array.from({ length: h }, (_, a) => `z[(i * ${h}u + ${a}u) * width + c] = 4.0 / 3.0 * (${weighted(h, a, q => word('b', h, q))});`).join('\n    ')}
  }`;

const firstStep = kernelsByKey();

const word = (of: string, h: number, q: number): string => `${of}[(i * ${h}u + ${q}u) * width + c]`;
/** Number a of (λ D)⁻¹ v. */
const weighted = (h: number, a: number, v: (q: number) => string): string =>
  Array.from({ length: h }, (_, q) => `weight[i * ${h * h}u + ${a * h + q}u] * ${v(q)}`).join(' + ');

/** Launches one over all rows of A. */
function run(
  A: RowSums,
  made: Made,
  given: Readonly<Record<string, Tensor>>,
  x: Tensor,
  more: Readonly<Record<string, number>> = {},
): Tensor[] {
  const { count, shape, overrides } = overRows(A, x);
  const h = A.height;
  const launch = withSums(A, made.name, {
    ...made,
    lines: a =>
      made.lines(
        a,
        weighted(h, a, q => `(${word('b', h, q)} - sum${q})`),
      ),
  });
  const out = Object.fromEntries(made.outputs.map(name => [name, shape]));
  const results = launch({ ...A.given, ...given, x }, { count, overrides: { ...overrides, ...more }, out });
  return made.outputs.map(name => results[name]);
}

interface Smoothed {
  readonly A: RowSums;
  /** (λ D)⁻¹, [rows, h, h] */
  readonly weight: Tensor;
}

interface Level extends Smoothed {
  readonly P: RowSums;
  readonly R: RowSums;
}

/**
 * The tensors join the current scope.
 *
 * @param finest The finest level's matrix, if it is on the device already.
 */
export function cycles(
  { levels, coarsest, nearNullspace }: Hierarchy,
  symmetric: boolean,
  degree: number,
  device: Device,
  finest: RowSums | undefined,
): Prepared {
  const on = (data: Float64Array, shape?: readonly number[]): Tensor => {
    const t = tensor(data, shape, { device });
    adopt(t);
    return t;
  };
  const rows = (A: Rows): RowSums => rowSums(A, [A.height, A.width], on(A.value));
  const down = levels.map(({ A, inverse, lambda, P, R }, k) => ({
    A: k === 0 && finest ? finest : rows(A),
    weight: on(weights(inverse, lambda)),
    P: rows(P),
    R: rows(R),
  }));
  const n = coarsest.rows * coarsest.height;
  const dense = n <= mostDense ? on(inverseOfCoarsest(coarsest, nearNullspace), [n, n]) : undefined;
  const last = (turned: boolean): Solve => {
    if (dense) {
      const inverse = turned ? dense.transpose() : dense;
      return b => inverse.matmul(b);
    }
    const matrix = turned ? transpose(coarsest) : coarsest;
    const inverse = inverseOf(matrix, diagonalPlaces(matrix));
    const level = { A: rows(matrix), weight: on(weights(inverse, largestEigenvalue(matrix, inverse))) };
    return b => smoothedFromZero(level, lastDegree * degree, b);
  };
  const solveLast = last(false);
  const apply = (b: Tensor): Tensor => cycle(down, solveLast, degree, b);
  if (symmetric) return { apply, applyTranspose: apply };
  const turned = down.map((level, k) => {
    const { A, inverse, lambda } = levels[k];
    return { ...level, A: rows(transpose(A)), weight: on(weights(turnedBlocks(inverse, A.height), lambda)) };
  });
  const solveTurned = last(true);
  return { apply, applyTranspose: b => cycle(turned, solveTurned, degree, b) };
}

type Solve = (b: Tensor) => Tensor;

/** A level that cannot be made coarser, since its unknowns are hardly coupled, is smoothed if it is larger than this. */
const mostDense = 1000;
/** So many times as thoroughly as the others. */
const lastDegree = 3;

/** (λ D)⁻¹ */
const weights = (inverse: Float64Array, lambda: number): Float64Array => inverse.map(v => v / lambda);

const turnedBlocks = (blocks: Float64Array, h: number): Float64Array =>
  h === 1 ? blocks : blocks.map((_, p) => blocks[p - (p % (h * h)) + (p % h) * h + (Math.floor(p / h) % h)]);

function cycle([level, ...coarser]: readonly Level[], last: Solve, degree: number, b: Tensor): Tensor {
  if (!level) return last(b);
  const { A, weight, P, R } = level;
  const before = smoothedFromZero(level, degree, b);
  const [r] = run(A, residual, { b }, before);
  const [corrected] = run(P, added, { base: before }, cycle(coarser, last, degree, product(R, r)));
  const [next] = run(A, plainStep, { weight, b }, corrected);
  return degree === 1 ? next : smooth(level, next, next.sub(corrected), degree, b);
}

/** (1) */
function smoothedFromZero(level: Smoothed, degree: number, b: Tensor): Tensor {
  const { A, weight } = level;
  const { count, shape, overrides } = overRows(A, b);
  const run = firstStep(A.height, () => firstText(A.height));
  const { z } = run({ weight, b }, { count, overrides, out: { z: shape } });
  return smooth(level, z, z, degree, b);
}

/** Steps 2 to `degree` of (1). */
function smooth({ A, weight }: Smoothed, x: Tensor, z: Tensor, degree: number, b: Tensor): Tensor {
  let now = { z, x };
  for (let k = 2; k <= degree; k++) {
    const [next, zNext] = run(A, step, { weight, b, z: now.z }, now.x, { k });
    now = { z: zNext, x: next };
  }
  return now.x;
}
