/**
 * Levenberg–Marquardt: Gauss–Newton steps for a sum of squares, damped until they descend.
 *
 *   f(x) = r · r,  J = ∂r/∂x
 *   (JᵀJ + λ diag(JᵀJ)) δ = −Jᵀr,   x ← x + δ if f falls, else λ ← 10 λ                  (1)
 *   covariance of x ≈ s² (JᵀJ)⁻¹,   s² = f / (m − n)                                     (2) m residuals, n unknowns
 *
 * The caller supplies the normal equations, so the residual may be as long as it likes and need not keep its length from
 * point to point. For few unknowns: the dense solve is ml-matrix's Cholesky. Scaling by the diagonal makes the steps
 * independent of units. Marquardt, J. SIAM 11 (1963) 431–441, doi:10.1137/0111030.
 */

import { CholeskyDecomposition, inverse, Matrix } from 'ml-matrix';
import { checkOptions, inWords } from '../../kernel/index.ts';

/** The sum of squares and its Gauss–Newton model at a point. */
export interface NormalEquations {
  /** f = r · r */
  readonly value: number;
  /** Jᵀr */
  readonly gradient: Float64Array;
  /** JᵀJ, row by row. */
  readonly hessian: readonly Float64Array[];
  /** m, the length of r. */
  readonly residuals: number;
}

export interface LeastSquares {
  value(x: Float64Array): Promise<number>;
  normalEquations(x: Float64Array): Promise<NormalEquations>;
}

export interface LevenbergMarquardtOptions {
  /** Steps at most. Default 50. */
  readonly iterations?: number;
  /** Stops where no unknown moved by more than this times its scale. Default 1e-6. */
  readonly xtol?: number;
  /** Stops where a step lowers f by less than this times f. Default 1e-6. */
  readonly rtol?: number;
  /** Size that counts as one for each unknown. Default 1. */
  readonly scale?: readonly number[];
  /** Brings a trial point back to where f is defined. Default: as it is. */
  readonly project?: (x: Float64Array) => Float64Array;
  readonly onIteration?: (x: Float64Array, value: number) => void;
  readonly signal?: AbortSignal;
  /** Goes on from a fit's `state`; the start is then not used. */
  readonly state?: LeastSquaresState;
}

/** Everything that a fit needs to go on: plain data. */
export interface LeastSquaresState {
  readonly x: Float64Array;
  readonly lambda: number;
  /** f at each point so far. */
  readonly history: readonly number[];
}

export interface LeastSquaresFit {
  /** The point with the lowest f met. */
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly reason: 'iterations' | 'converged' | 'stalled' | 'aborted';
  readonly state: LeastSquaresState;
}

const maxDamping = 1e10;

/** The size of each unknown. @throws what is wrong with the start or with the scale given. */
export function scaleOf(who: string, start: Float64Array, given: readonly number[] | undefined): readonly number[] {
  if (!(start instanceof Float64Array))
    throw new TypeError(
      `${who}: the start is ${inWords(start)}; give a Float64Array of the unknowns, such as await toVector(params).`,
    );
  const scale = given ?? Array.from(start, () => 1);
  if (scale.length !== start.length || !scale.every(s => s > 0))
    throw new RangeError(
      `${who}: scale is [${scale.join(', ')}]; it must be ${start.length} positive numbers, one for each unknown.`,
    );
  return scale;
}

const names = 'iterations xtol rtol scale project onIteration signal state'.split(' ');

/** @throws what is wrong with a problem and the options of a fit. @param without An option that it does not have. */
export function checkFit(
  who: string,
  problem: LeastSquares,
  { length }: Float64Array,
  options: LevenbergMarquardtOptions,
  without?: string,
): void {
  checkOptions(
    who,
    options,
    names.filter(name => name !== without),
  );
  for (const part of ['value', 'normalEquations'] as const) {
    const given = (problem as Partial<LeastSquares> | undefined)?.[part];
    if (typeof given !== 'function')
      throw new TypeError(
        `${who}: the problem's ${part} is ${inWords(given)}; give what leastSquares(residual, params) returns, or { value, normalEquations }.`,
      );
  }
  const { iterations = 0, xtol = 0, rtol = 0, state } = options;
  if (!Number.isInteger(iterations) || iterations < 0)
    throw new RangeError(`${who}: ${inWords(iterations)} iterations; give a whole number from 0.`);
  for (const [what, v] of Object.entries({ xtol, rtol }))
    if (!(v >= 0)) throw new RangeError(`${who}: ${what} is ${inWords(v)}; it must not be negative.`);
  if (state && state.x?.length !== length)
    throw new RangeError(
      `${who}: the state is of ${state.x?.length ?? 'no'} unknowns and the start of ${length}; go on with the problem it is of.`,
    );
}

/** @throws RangeError where a sum of squares or its derivatives are not finite. */
export function checkModel(who: string, { value, gradient, hessian }: NormalEquations): void {
  if (!Number.isFinite(value))
    throw new RangeError(`${who}: the sum of squares is ${value} at the start; start where it is finite.`);
  const wrong = gradient.findIndex((g, k) => !Number.isFinite(g) || !Number.isFinite(hessian[k][k]));
  if (wrong >= 0)
    throw new RangeError(
      `${who}: the residual is finite, but its derivative by unknown ${wrong} is not; look at it with debug(), or move away from where a root, a norm or a division has none.`,
    );
}

/** Solves (1), in units of scale, or gives undefined where the damped matrix is not positive definite. */
export function dampedStep(
  { hessian, gradient }: NormalEquations,
  lambda: number,
  scale: readonly number[],
): number[] | undefined {
  const scaled = new Matrix(hessian.map((row, i) => Array.from(row, (h, j) => h * (scale[i] * scale[j]))));
  const floor = 1e-12 * Math.max(...scaled.diagonal(), Number.MIN_VALUE); // for an unknown without influence
  for (let i = 0; i < scaled.rows; i++) scaled.set(i, i, scaled.get(i, i) * (1 + lambda + 1e-15) || floor);
  const cholesky = new CholeskyDecomposition(scaled);
  if (!cholesky.isPositiveDefinite()) return undefined;
  const right = Matrix.columnVector(Array.from(gradient, (g, i) => -g * scale[i]));
  return cholesky.solve(right).to1DArray();
}

/**
 * Minimises a sum of squares from `start`. The value never rises.
 *
 * @example
 *   const { x } = await levenbergMarquardt(leastSquares(residual, params), await toVector(params));
 *   const best = fromVector(params, x);
 */
export async function levenbergMarquardt(
  problem: LeastSquares,
  start: Float64Array,
  options: LevenbergMarquardtOptions = {},
): Promise<LeastSquaresFit> {
  const { iterations = 50, xtol = 1e-6, rtol = 1e-6, project = x => x, onIteration, signal } = options;
  const scale = scaleOf('levenbergMarquardt', start, options.scale);
  checkFit('levenbergMarquardt', problem, start, options);
  let x = options.state?.x ?? project(start);
  let value = Number.POSITIVE_INFINITY;
  let lambda = options.state?.lambda ?? 1e-3;
  const history = [...(options.state?.history ?? [])];
  const end = (reason: LeastSquaresFit['reason'], iterations: number): LeastSquaresFit => {
    return { x, value, iterations, reason, state: { x, lambda, history } };
  };
  for (let i = 0; i < iterations; i++) {
    if (signal?.aborted) return end('aborted', i);
    const model = await problem.normalEquations(x);
    value = model.value;
    checkModel('levenbergMarquardt', model);
    history.push(value);
    onIteration?.(x, value);
    for (;;) {
      const step = dampedStep(model, lambda, scale);
      if (step) {
        const next = project(x.map((xi, k) => xi + step[k] * scale[k]));
        const lower = await problem.value(next);
        if (lower < value) {
          const small = Math.max(...step.map(Math.abs)) <= xtol || value - lower <= rtol * value;
          x = next;
          value = lower;
          lambda = Math.max(lambda / 10, 1e-7);
          if (small) return end('converged', i + 1);
          break;
        }
        if (Math.max(...step.map(Math.abs)) <= xtol) return end('converged', i + 1);
      }
      lambda *= 10;
      if (lambda > maxDamping) return end('stalled', i + 1);
    }
  }
  if (value === Number.POSITIVE_INFINITY) value = await problem.value(x);
  return end('iterations', iterations);
}

/** Standard deviation of each unknown, by (2). */
export function standardErrors({ hessian, value, residuals }: NormalEquations): number[] {
  const covariance = inverse(new Matrix(hessian.map(row => Array.from(row))));
  const variance = value / Math.max(residuals - hessian.length, 1); // s²
  return covariance.diagonal().map(c => Math.sqrt(Math.max(c, 0) * variance));
}
