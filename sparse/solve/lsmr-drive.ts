/**
 * Runs LSMR and judges its result: by Aᵀ(b − A x), computed anew, which is zero at the solution.
 *
 * If what LSMR believed was too good, it starts again with what is left of b, as long as that helps. On a GPU nothing can be judged
 * without waiting: all steps run, and the judgement is thrown by the next read.
 */

import { iterate } from '../../adjoint/index.ts';
import { outliving, peek, scoped, type Tensor, type Words } from '../../kernel/index.ts';
import { type LsmrState, type Products, roundingOf, startLsmr, stepLsmr } from '../krylov/lsmr.ts';
import { dots } from '../krylov/method.ts';
import type { LinearOperator } from '../operators/operator.ts';
import type { SolveReport } from './drive.ts';
import { ConvergenceError } from './error.ts';
import { representable, unitOf } from './unit.ts';

export interface Limits {
  readonly rtol: number;
  readonly atol: number;
  readonly maxSteps: number;
  readonly onSolved: ((report: SolveReport) => void) | undefined;
}

/** A new start that does not at least halve the gradient is the last. */
const worthwhile = 0.25;
/** LSMR aims a little below the tolerance, for what its own reckoning is off. */
const aim = 0.81;
/** Starts on a GPU, where nobody can tell whether one is enough. */
const rounds = 2;

/** Squares, for each vector. */
interface Squares {
  /** |Aᵀ r|² */
  readonly gradient: Words;
  /** |Aᵀ b|² */
  readonly first: Words;
  /** |b|² */
  readonly size: Words;
  /** ‖A‖², from below. */
  readonly norm: Words;
  /** |x|² */
  readonly reach: Words;
}

export function leastSquaresNow(A: LinearOperator<unknown>, b: Tensor, limits: Limits): Tensor {
  return scoped(
    () => run(A, b, limits),
    x => [x],
  );
}

function run(A: LinearOperator<unknown>, b: Tensor, limits: Limits): Tensor {
  const { transpose, device } = A;
  const products: Products = { apply: x => A.apply(x), applyTranspose: y => transpose.apply(y) };
  const step = (state: LsmrState): LsmrState => stepLsmr(products, state);
  const gradient = (r: Tensor): Tensor => squared(transpose.apply(r));
  const first = gradient(b);
  const size = dots(b, b);
  if (!device.backend.readSync) {
    let x: Tensor | undefined;
    let r = b;
    let norm = size;
    for (let round = 0; round < rounds; round++) {
      const { state } = iterate(step, startLsmr(products, r), { maxSteps: Math.ceil(limits.maxSteps / rounds) });
      x = x ? x.add(state.x) : state.x;
      r = b.sub(A.apply(x));
      norm = state.normSquared;
    }
    const last = outliving(x as Tensor);
    const memories = [gradient(r), first, size, norm, squared(last)].map(t => t.memory.retain());
    device.check(memories, (gradient, first, size, norm, reach) =>
      conclude(A, last, { gradient, first, size, norm, reach }, limits, limits.maxSteps),
    );
    return x as Tensor;
  }
  const seen = (t: Tensor): Words => peek(t) as Words;
  const known = { first: seen(first), size: seen(size) };
  const found = representable(known.size, device) ? undefined : unitOf(b);
  if (found) {
    const { unit, values } = found;
    return run(A, b.div(unit), { ...limits, atol: limits.atol / Math.max(...values) }).mul(unit);
  }
  const none = new Float64Array(size.size);
  let x: Tensor | undefined;
  let r = b;
  let left = known.first;
  let iterations = 0;
  for (;;) {
    const before = left;
    const start = startLsmr(products, r);
    const { state, steps } = iterate(step, start, {
      maxSteps: limits.maxSteps - iterations,
      watch: ['residual', 'normSquared'],
      stop: ([gradient, norm]) =>
        gradient.every((v, k) => !(v > aim * limitOf(A, { ...known, norm, reach: none }, limits, k))),
    });
    iterations += steps;
    x = x ? x.add(state.x) : state.x;
    r = b.sub(A.apply(x));
    left = seen(gradient(r));
    const squares: Squares = { ...known, gradient: left, norm: seen(state.normSquared), reach: seen(squared(x)) };
    const limit = Array.from(left, (_, k) => limitOf(A, squares, limits, k));
    const met = left.every((v, k) => v <= limit[k]);
    const helps = left.some((v, k) => v > limit[k] && v <= worthwhile * before[k]);
    if (!met && helps && steps > 0 && iterations < limits.maxSteps) continue;
    conclude(A, x, squares, limits, iterations);
    return x;
  }
}

const squared = (v: Tensor): Tensor => dots(v, v);

/** Bound on |Aᵀ r|²; what rounding makes of A, b and A x, nobody can do without. */
function limitOf(
  { device }: LinearOperator<unknown>,
  { first, size, norm, reach }: Omit<Squares, 'gradient'>,
  { rtol, atol }: Limits,
  k: number,
): number {
  const rounding = roundingOf(device) ** 2 * norm[k] * (size[k] + norm[k] * reach[k]);
  return Math.max(rtol ** 2 * first[k], rounding, atol ** 2);
}

/** @throws ConvergenceError unless each gradient is within its limit. */
function conclude(A: LinearOperator<unknown>, x: Tensor, squares: Squares, limits: Limits, iterations: number): void {
  const { gradient, first, size } = squares;
  const { rtol, maxSteps, onSolved } = limits;
  const relative = Array.from(gradient, (v, k) => (v === 0 ? 0 : Math.sqrt(v / first[k])));
  const worst = relative.reduce((a, v) => (v > a || Number.isNaN(v) ? v : a), 0);
  if (size.every(Number.isFinite) && gradient.every((v, k) => v <= limitOf(A, squares, limits, k))) {
    onSolved?.({ method: 'LSMR', iterations, residual: worst });
    return;
  }
  const why = !size.every(Number.isFinite)
    ? 'b holds numbers that are not finite'
    : !gradient.every(Number.isFinite)
      ? `the ${A.name} gives numbers that are not finite`
      : iterations >= maxSteps
        ? 'these were all the steps allowed; scale the columns, damp, or give more maxSteps'
        : 'new starts do not help; the matrix is too ill-conditioned for this tolerance: scale the columns, damp, or ask for a larger rtol';
  throw new ConvergenceError(
    `leastSquaresSolve: LSMR left |Aᵀ(b − Ax)| / |Aᵀb| at ${worst.toPrecision(3)} after ${iterations} steps, above rtol = ${rtol}: ${why}.`,
    { iterations, residual: worst, x: outliving(x) },
  );
}
