/**
 * Gauss–Newton: the steps of levenberg-marquardt.ts without damping, shortened until they descend.
 *
 *   JᵀJ δ = −Jᵀr,   x ← x + t δ,   t = 1, ½, ¼, … the first with f(x + t δ) ≤ f(x) + 2·10⁻⁴ t δ·Jᵀr         (1)
 *
 * Close to a fit with small residuals it converges like Newton's method. It needs J of full rank; where it is not, use
 * levenbergMarquardt().
 * Nocedal & Wright: Numerical Optimization, 2006, §10.3.
 */

import { along } from '../optimise/vector.ts';
import {
  checkFit,
  checkModel,
  dampedStep,
  type LeastSquares,
  type LeastSquaresFit,
  type LevenbergMarquardtOptions,
  scaleOf,
} from './levenberg-marquardt.ts';

export type GaussNewtonOptions = Omit<LevenbergMarquardtOptions, 'project'>;

/** Minimises a sum of squares from `start`. The value never rises. */
export async function gaussNewton(
  problem: LeastSquares,
  start: Float64Array,
  options: GaussNewtonOptions = {},
): Promise<LeastSquaresFit> {
  const { iterations = 50, xtol = 1e-6, rtol = 1e-6, onIteration, signal } = options;
  const scale = scaleOf('gaussNewton', start, options.scale);
  checkFit('gaussNewton', problem, start, options, 'project');
  let x = options.state?.x ?? start;
  const history = [...(options.state?.history ?? [])];
  let value = await problem.value(x);
  if (!Number.isFinite(value))
    throw new RangeError(`gaussNewton: the sum of squares is ${value} at the start; start where it is finite.`);
  const end = (reason: LeastSquaresFit['reason'], iterations: number): LeastSquaresFit => {
    return { x, value, iterations, reason, state: { x, lambda: 0, history } };
  };
  for (let i = 0; i < iterations; i++) {
    if (signal?.aborted) return end('aborted', i);
    const model = await problem.normalEquations(x);
    checkModel('gaussNewton', model);
    history.push(model.value);
    onIteration?.(x, model.value);
    const step = dampedStep(model, 0, scale);
    if (!step) return end('stalled', i);
    const delta = Float64Array.from(step, (s, k) => s * scale[k]);
    const slope = 2 * delta.reduce((sum, d, k) => sum + d * model.gradient[k], 0);
    const small = Math.max(...step.map(Math.abs)) <= xtol;
    let lower: number | undefined;
    for (let t = 1; t > 1e-9; t *= 0.5) {
      const next = along(x, t, delta);
      const found = await problem.value(next);
      if (found <= value + 1e-4 * t * slope && found < value) {
        x = next;
        lower = found;
        break;
      }
      if (small) break;
    }
    if (lower === undefined) return end(small ? 'converged' : 'stalled', i + 1);
    const gain = value - lower;
    value = lower;
    if (small || gain <= rtol * value) return end('converged', i + 1);
  }
  return end('iterations', iterations);
}
