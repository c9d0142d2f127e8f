/**
 * Runs an iterative method and judges its result.
 *
 * What a method believes its residual to be drifts from b − A x; so once it believes to have arrived, the residual is computed anew, and
 * if that is too large the method starts again from there, as long as that helps. On a GPU nothing can be judged without waiting: all
 * steps run, leave alone what has converged, and the judgement is thrown by the next read. Where a step is recorded nobody can look either (unseen.ts).
 */

import { iterate, type Plan } from '../../adjoint/index.ts';
import { isBeingRecorded, outliving, peek, scoped, type Tensor, type Words } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod, type System } from '../krylov/method.ts';
import type { LinearOperator } from '../operators/operator.ts';
import type { Prepared } from '../preconditioner.ts';
import { ConvergenceError } from './error.ts';
import { evidence } from './evidence.ts';
import { aim, farthestOn } from './goal.ts';
import { iterandOf } from './iterand.ts';
import { leavingAlone } from './leaving-alone.ts';
import type { Nullspace } from './nullspace.ts';
import { errorByRounding } from './rounding.ts';
import type { Experience } from './steps-taken.ts';
import { representable, unitOf, unitsOutOfRange } from './unit.ts';
import { solveUnseen } from './unseen.ts';

export interface SolveReport {
  readonly method: string;
  readonly iterations: number;
  /** Largest |b − A x| / |b|, computed anew from x. */
  readonly residual: number;
  /** |x − A⁻¹ b| / |x|, estimated, where rounding kept a factorisation from the default rtol. */
  readonly error?: number;
}

export interface Solving {
  readonly method: IterativeMethod;
  readonly prepared: Prepared;
  readonly project: (v: Tensor) => Tensor;
  /** What `project` takes out. */
  readonly nullspace: Nullspace | undefined;
  readonly rtol: number;
  /** One for all columns, or one for each. */
  readonly atol: number | readonly number[];
  readonly maxSteps: number;
  /** Whether what rounding lets it reach is enough. */
  readonly withinRounding: boolean;
  /** Whether many products are to be expected. */
  readonly many: boolean;
  /** Steps from one look at the residual to the next. */
  readonly every: number;
  readonly x0: Tensor | undefined;
  /** How solves like this one went; undefined if each is to be looked at. */
  readonly experience: Experience | undefined;
  /** Where the recorded step is kept for the next solve; undefined if it is not. */
  readonly plan: Plan | undefined;
  readonly onSolved: ((report: SolveReport) => void) | undefined;
}

/** A new start that does not at least halve the residual is the last. */
const worthwhile = 0.25;

export function solveNow(A: LinearOperator<unknown>, b: Tensor, solving: Solving): Tensor {
  return scoped(
    () => run(A, b, solving),
    x => [x],
  );
}

/** In units in which b is of about size one, if its squares are out of range. */
function runInUnits(A: LinearOperator<unknown>, b: Tensor, solving: Solving): Tensor | undefined {
  const found = unitOf(b);
  if (!found) return undefined;
  const { unit, values } = found;
  const { x0, atol } = solving;
  const own = values.map((u, k) => (typeof atol === 'number' ? atol : atol[k]) / u);
  try {
    return run(A, b.div(unit), { ...solving, atol: own, x0: x0?.div(unit) }).mul(unit);
  } catch (error) {
    if (!(error instanceof ConvergenceError)) throw error;
    throw new ConvergenceError(error.message, { ...error, x: outliving(error.x.mul(unit)) });
  }
}

const squared = (atol: Solving['atol'], k: number): number => (typeof atol === 'number' ? atol : atol[k]) ** 2;

function run(A: LinearOperator<unknown>, b: Tensor, solving: Solving): Tensor {
  const { method, prepared, project, maxSteps, every, x0, experience } = solving;
  const farthest = farthestOn(A.device);
  const right = project(b);
  const size = dots(right, right);
  const judge = new Judge(A, b, solving);
  const { cycle = 1 } = method;
  const cycles = (steps: number): number => Math.floor(steps / cycle);
  const begin = (r: Tensor) => method.start(system, r.mul(0), r);
  const step = (state: Iterate): Iterate => method.step(system, state);
  let now = iterandOf(A, right, x0 && project(x0.detach()), project);
  const unseen = A.device.kind === 'cpu' && isBeingRecorded(A.device) ? experience?.allowed : undefined;
  const sizes = unseen ? undefined : peek(size);
  if (sizes && !representable(sizes, A.device)) {
    const x = runInUnits(A, b, solving);
    if (x) return x;
  }
  const isMany = solving.many && !solving.plan?.isReady; // a step that is recorded has its products laid out
  const times = (isMany && A.repeated?.()) || ((x: Tensor) => A.apply(x));
  const system: System = {
    apply: x => project(times(x)),
    applyTranspose: y => project(A.transpose.apply(y)),
    precondition: r => project(prepared.apply(r)),
  };
  if (unseen)
    return solveUnseen({
      ...solving,
      system,
      b: right,
      start: now,
      atol: Math.sqrt(squared(solving.atol, 0)),
      allowed: unseen,
    });
  const limits = sizes?.map((square, k) => Math.max(solving.rtol ** 2 * square, squared(solving.atol, k)));
  if (!limits) {
    let broken = size.mul(0);
    const { starts } = now;
    const limit = size
      .mul(solving.rtol ** 2)
      .max(squared(solving.atol, 0))
      .mul(aim);
    for (let k = 0; k < starts; k++) {
      const careful = leavingAlone(step, limit.max(dots(now.r, now.r).mul(farthest)));
      const { state } = iterate(careful, begin(now.r), { maxSteps: Math.ceil(maxSteps / starts / cycle) });
      now = now.add(project(state.x));
      broken = broken.add(state.breakdown.abs());
    }
    const proof = evidence(A, b, now.x, solving.nullspace);
    const memories = [size, dots(now.r, now.r), broken, ...proof.sums].map(t => t.memory.retain());
    const last = outliving(now.x);
    b.device.check(memories, (bb, rr, broken, ...sums) => {
      proof.judge(...sums);
      judge.conclude(last, bb, rr, broken, maxSteps);
    });
    return now.x;
  }
  let iterations = 0;
  let taken: number[] | undefined = [];
  let spent = 0; // with those that are then not taken
  let allowed = cycles(maxSteps);
  let residual = peek(dots(now.r, now.r)) as Words;
  let trouble: Words | undefined; // what broke down first, also in steps that are then not taken
  for (;;) {
    const before = residual;
    const goals = before.map((v, k) => Math.max(aim * limits[k], farthest * v));
    const { state, steps } = iterate(step, begin(now.r), {
      maxSteps: allowed,
      every: method.every ?? (cycle === 1 ? every : 1),
      plan: solving.plan,
      watch: ['residual', 'breakdown'],
      stop: ([rr, broken]) => rr.every((v, k) => !(v > goals[k])) || broken.some(v => v !== 0),
    });
    const next = now.add(project(state.x));
    const after = peek(dots(next.r, next.r)) as Words;
    const worse = !(Math.max(...after) <= Math.max(...before));
    spent += steps * cycle;
    const broken = peek(state.breakdown) as Words;
    if (broken.some(v => v !== 0)) trouble ??= broken;
    // On singular systems iterates get better first, and then grow without end: the steps are taken again, half as many.
    if (worse && steps > 1) {
      taken = undefined;
      allowed = Math.floor(steps / 2);
      continue;
    }
    iterations += steps * cycle;
    taken?.push(steps);
    if (!worse) [now, residual] = [next, after];
    allowed = cycles(maxSteps - spent);
    const met = residual.every((v, k) => v <= limits[k]);
    const final = method.breakdown !== undefined && broken.some(v => v !== 0);
    const helps = steps > 0 && residual.some((v, k) => v > limits[k] && v <= worthwhile * before[k]);
    if (!met && helps && !final && allowed > 0) continue;
    if (met) experience?.note(taken);
    const proof = evidence(A, b, now.x, solving.nullspace);
    proof.judge(...proof.sums.map(sum => peek(sum) as Words));
    const error = met || !solving.withinRounding ? undefined : errorByRounding(system, right, now.x, now.r);
    judge.conclude(now.x, peek(size) as Words, residual, trouble ?? broken, iterations, error);
    return now.x;
  }
}

const hasFinite = (v: Tensor): boolean => (peek(dots(v, v)) as Words).every(Number.isFinite);

class Judge {
  private readonly A: LinearOperator<unknown>;
  private readonly b: Tensor;
  private readonly solving: Solving;

  constructor(A: LinearOperator<unknown>, b: Tensor, solving: Solving) {
    this.A = A;
    this.b = b;
    this.solving = solving;
  }

  /** @throws ConvergenceError unless each residual is within its limit, or as small as rounding lets it be, with this error of x. */
  conclude(x: Tensor, size: Words, residual: Words, broken: Words, iterations: number, error?: number): void {
    const { method, rtol, atol, onSolved } = this.solving;
    const known = size.every(Number.isFinite);
    const relative = Array.from(residual, (v, k) => (v === 0 ? 0 : Math.sqrt(v / size[k])));
    const worst = relative.reduce((a, v) => (v > a || Number.isNaN(v) ? v : a), 0);
    const met = residual.every((v, k) => v <= Math.max(rtol ** 2 * size[k], squared(atol, k)));
    if ((met || error !== undefined) && known) {
      onSolved?.({ method: method.name, iterations, residual: worst, ...(error !== undefined && { error }) });
      return;
    }
    const why = this.reason(size, residual, broken, iterations);
    throw new ConvergenceError(
      `linearSolve: ${method.name} left |b − Ax| / |b| at ${worst.toPrecision(3)} after ${iterations} steps, above rtol = ${rtol}: ${why}.`,
      { iterations, residual: worst, x: outliving(x) },
    );
  }

  private reason(size: Words, residual: Words, broken: Words, iterations: number): string {
    const { A, solving } = this;
    if (!size.every(Number.isFinite))
      return `b holds numbers that are not finite${A.device.kind === 'cpu' ? '' : ', or whose squares are not'}`;
    if (A.device.kind === 'cpu' && unitsOutOfRange(A.apply(this.b)))
      return `the numbers of the ${A.name} are so small or so large that ${A.device.precision} cannot sum their squares; scale the equations`;
    if (!residual.every(Number.isFinite)) {
      const given = iterations === 0 && solving.x0 ? 'x0' : 'its preconditioner';
      return `the ${A.name} (or ${given}) gives numbers that are not finite`;
    }
    const { breakdown } = solving.method;
    if (breakdown && broken.some(v => v !== 0)) return breakdown;
    if (A.device.kind === 'cpu' && ![A.apply(this.b), solving.prepared.apply(this.b)].every(hasFinite))
      return `the ${A.name} (or its preconditioner) gives numbers that are not finite`;
    if (iterations + (solving.method.cycle ?? 1) > solving.maxSteps)
      return 'these were all the steps allowed; give a preconditioner, more maxSteps, or a nullspace if the matrix is singular';
    return A.device.precision === 'f64'
      ? 'new starts do not help; the matrix may be singular (give its nullspace) or too ill-conditioned for this tolerance'
      : 'f32 reaches no further here; ask for a larger rtol, or use an f64 device';
  }
}
