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

import { adopt, type Device, kernel, type Tensor, tensor } from '../../kernel/index.ts';
import type { Prepared } from '../preconditioner.ts';
import { inverseOf } from './coarsest.ts';
import { type Hierarchy, largestEigenvalue } from './hierarchy.ts';
import { diagonalOf, type Rows, transpose } from './rows.ts';

/** Σ_j a_ij x_j for number c of row i; `width` vectors lie side by side. */
const rowSum = /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> start: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> x: array<f32>;
  fn rowSum(i: u32, c: u32) -> f32 {
    var sum = 0.0;
    for (var k = start[i]; k < start[i + 1u]; k++) { sum += value[k] * x[column[k] * width + c]; }
    return sum;
  }
`;

const applied = kernel(/* wgsl */ `
  ${rowSum}
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn applied(@builtin(global_invocation_id) id: vec3u) { y[id.x] = rowSum(id.x / width, id.x % width); }
`);

const addedTo = kernel(/* wgsl */ `
  ${rowSum}
  var<storage, read> base: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn addedTo(@builtin(global_invocation_id) id: vec3u) { y[id.x] = base[id.x] + rowSum(id.x / width, id.x % width); }
`);

const residual = kernel(/* wgsl */ `
  ${rowSum}
  var<storage, read> b: array<f32>;
  var<storage, read_write> r: array<f32>;
  @compute @workgroup_size(64)
  fn residual(@builtin(global_invocation_id) id: vec3u) { r[id.x] = b[id.x] - rowSum(id.x / width, id.x % width); }
`);

/** (1) for k = 1, from zero. */
const firstStep = kernel(/* wgsl */ `
  override width: u32 = 1;
  var<storage, read> weight: array<f32>; // (λ D)⁻¹
  var<storage, read> b: array<f32>;
  var<storage, read_write> z: array<f32>;
  @compute @workgroup_size(64)
  fn firstStep(@builtin(global_invocation_id) id: vec3u) { z[id.x] = 4.0 / 3.0 * weight[id.x / width] * b[id.x]; }
`);

/** (1) without z_{k−1}. */
const plainStep = kernel(/* wgsl */ `
  ${rowSum}
  var<storage, read> weight: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn plainStep(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x / width;
    next[id.x] = x[id.x] + 4.0 / 3.0 * weight[i] * (b[id.x] - rowSum(i, id.x % width));
  }
`);

/** (1) */
const step = kernel(/* wgsl */ `
  ${rowSum}
  override k: f32 = 1;
  var<storage, read> weight: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read> z: array<f32>;
  var<storage, read_write> zNext: array<f32>;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn step(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x / width;
    let r = b[id.x] - rowSum(i, id.x % width);
    let d = (2.0 * k - 3.0) / (2.0 * k + 1.0) * z[id.x] + (8.0 * k - 4.0) / (2.0 * k + 1.0) * weight[i] * r;
    zNext[id.x] = d;
    next[id.x] = x[id.x] + d;
  }
`);

export interface Matrix {
  readonly rows: number;
  readonly start: Tensor;
  readonly column: Tensor;
  readonly value: Tensor;
}

interface Smoothed {
  readonly A: Matrix;
  /** (λ D)⁻¹ */
  readonly weight: Tensor;
}

interface Level extends Smoothed {
  readonly P: Matrix;
  readonly R: Matrix;
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
  finest: Matrix | undefined,
): Prepared {
  const on = (data: Uint32Array | Float64Array, shape?: readonly number[]): Tensor => {
    const t = tensor(data, shape, { device });
    adopt(t);
    return t;
  };
  const matrix = ({ rows, start, column, value }: Rows): Matrix => ({
    rows,
    start: on(unsigned(start)),
    column: on(unsigned(column)),
    value: on(value),
  });
  const down = levels.map(({ A, diagonal, lambda, P, R }, k) => ({
    A: k === 0 && finest ? finest : matrix(A),
    weight: on(weights(diagonal, lambda)),
    P: matrix(P),
    R: matrix(R),
  }));
  const n = coarsest.rows;
  const dense = n <= mostDense ? on(inverseOf(coarsest, nearNullspace), [n, n]) : undefined;
  const last = (turned: boolean): Solve => {
    if (dense) {
      const inverse = turned ? dense.transpose() : dense;
      return b => inverse.matmul(b);
    }
    const diagonal = diagonalOf(coarsest);
    const A = matrix(turned ? transpose(coarsest) : coarsest);
    const weight = on(weights(diagonal, largestEigenvalue(coarsest, diagonal)));
    return b => smoothedFromZero({ A, weight }, lastDegree * degree, b);
  };
  const solveLast = last(false);
  const apply = (b: Tensor): Tensor => cycle(down, solveLast, degree, b);
  if (symmetric) return { apply, applyTranspose: apply };
  const turned = down.map((level, k) => ({ ...level, A: matrix(transpose(levels[k].A)) }));
  const solveTurned = last(true);
  return { apply, applyTranspose: b => cycle(turned, solveTurned, degree, b) };
}

type Solve = (b: Tensor) => Tensor;

/** A level that cannot be made coarser, since its unknowns are hardly coupled, is smoothed if it is larger than this. */
const mostDense = 1000;
/** So many times as thoroughly as the others. */
const lastDegree = 3;

const unsigned = ({ buffer, byteOffset, length }: Int32Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length);

/** (λ D)⁻¹ */
function weights(diagonal: Float64Array, lambda: number): Float64Array {
  const weight = new Float64Array(diagonal.length);
  for (let i = 0; i < weight.length; i++) weight[i] = 1 / (lambda * diagonal[i]);
  return weight;
}

const launchOf = (rows: number, { shape }: Tensor) => {
  const [, width = 1] = shape;
  return { count: rows * width, shape: [rows, ...shape.slice(1)], overrides: { width } };
};

function cycle([level, ...coarser]: readonly Level[], last: Solve, degree: number, b: Tensor): Tensor {
  if (!level) return last(b);
  const { A, weight, P, R } = level;
  const { count, shape, overrides } = launchOf(A.rows, b);
  const full = { count, overrides };
  const before = smoothedFromZero(level, degree, b);
  const { r } = residual({ ...without(A), x: before, b }, { ...full, out: { r: shape } });
  const small = launchOf(R.rows, b);
  const { y: rc } = applied({ ...without(R), x: r }, { count: small.count, overrides, out: { y: small.shape } });
  const { y: corrected } = addedTo(
    { ...without(P), x: cycle(coarser, last, degree, rc), base: before },
    { ...full, out: { y: shape } },
  );
  const options = { ...full, out: { next: shape } };
  const { next } = plainStep({ ...without(A), weight, b, x: corrected }, options);
  return degree === 1 ? next : smooth(level, next, next.sub(corrected), degree, b);
}

/** (1) */
function smoothedFromZero(level: Smoothed, degree: number, b: Tensor): Tensor {
  const { count, shape, overrides } = launchOf(level.A.rows, b);
  const { z } = firstStep({ weight: level.weight, b }, { count, overrides, out: { z: shape } });
  return smooth(level, z, z, degree, b);
}

/** Steps 2 to `degree` of (1). */
function smooth({ A, weight }: Smoothed, x: Tensor, z: Tensor, degree: number, b: Tensor): Tensor {
  const { count, shape, overrides } = launchOf(A.rows, b);
  let now = { zNext: z, next: x };
  for (let k = 2; k <= degree; k++)
    now = step(
      { ...without(A), weight, b, z: now.zNext, x: now.next },
      { count, overrides: { ...overrides, k }, out: { zNext: shape, next: shape } },
    );
  return now.next;
}

const without = ({ start, column, value }: Matrix) => ({ start, column, value });
