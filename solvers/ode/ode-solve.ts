/**
 * Solves ẏ = f(y, t) from y(t0) = y0.
 *
 * The result is differentiable, in both modes and again, with respect to y0, params, whatever f captures, and times given as tensors.
 * The derivative is that of the steps taken, exact to rounding; how long steps are is not differentiated. When events are, is.
 */

import { flatten } from '../../adjoint/index.ts';
import { isRecording, type Tensor, tensor } from '../../kernel/index.ts';
import { chooseSteps, type OdeStats } from './adaptive.ts';
import { checkFinite } from './check-given.ts';
import { type Course, equalSteps } from './course.ts';
import { checkSaveAt, pathOf } from './dense/dense.ts';
import type { Times } from './dense/dense-lookup.ts';
import type { OdeEvents } from './event/event.ts';
import { foundStages } from './given-steps.ts';
import type { ImexTableau } from './implicit/imex-tableau.ts';
import type { Method } from './method.ts';
import type { OdeOptions } from './options.ts';
import type { Problem } from './problem.ts';
import { problemOf } from './problem-of.ts';
import type { Partitioned, RightHandSide, Split } from './right-hand-side.ts';
import type { Leaves } from './runge-kutta.ts';
import type { Composition } from './symplectic.ts';

export interface OdeSolution<Y, S> {
  /** The state at the end. */
  readonly y: Y;
  /** Times saved at, [n] or [n, rows]; empty if none were asked for. */
  readonly ts: Tensor;
  /** What was saved, each leaf [n, …]; undefined if nothing was. */
  readonly ys: S | undefined;
  readonly stats: OdeStats;
  /** Undefined if no events were looked for. */
  readonly event: OdeEvents | undefined;
  /**
   * The state at a time, or each leaf [times, …] at a list of them; in a batch also [times, rows], for each row its own. Differentiable,
   * in t too. At the time of a reset, the state before it. Needs saveAt: { dense: true }.
   */
  readonly at: (t: Times) => Y;
}

/**
 * Solves an initial value problem.
 *
 * @param f ẏ of the same form as y, from y and { t, params }; { dq, dp } for a symplectic method, with y0 = { q, p }; { explicit, implicit }
 *   for an additive one.
 * @param y0 A tree.
 * @throws OdeError if the steps get too short or too many; RangeError or TypeError if something given does not fit.
 * @example
 * const { y } = odeSolve(y => y.mul(-1), tensor([1]), { t: [0, 1], rtol: 1e-9, atol: 1e-9 });
 * const left = y.sum(); // 0.367879
 */
export function odeSolve<Y, P = undefined, S = Y>(
  f: RightHandSide<Y, P>,
  y0: Y,
  options: OdeOptions<Y, P, S>,
): OdeSolution<Y, S>;
export function odeSolve<Q, V, P = undefined, S = { readonly q: Q; readonly p: V }>(
  f: Partitioned<Q, V, P>,
  y0: { readonly q: Q; readonly p: V },
  options: OdeOptions<{ readonly q: Q; readonly p: V }, P, S, Composition> & { readonly method: Composition },
): OdeSolution<{ readonly q: Q; readonly p: V }, S>;
export function odeSolve<Y, P = undefined, S = Y>(
  f: Split<Y, P>,
  y0: Y,
  options: OdeOptions<Y, P, S, ImexTableau> & { readonly method: ImexTableau },
): OdeSolution<Y, S>;
export function odeSolve<Y, P, S>(
  f: RightHandSide<Y, P> | Partitioned<unknown, unknown, P> | Split<Y, P>,
  y0: Y,
  options: OdeOptions<Y, P, S, Method>,
): OdeSolution<Y, S> {
  const problem = problemOf<Y, P, S>(f, y0, options);
  if (options.saveAt) checkSaveAt(options.saveAt);
  if (options.checkpoints === 'reverse') checkReverse(problem);
  const { form, evaluations, start } = problem;
  const { device } = start[0];
  const follows = options.saveAt !== undefined || isRecording();
  const solution = (
    course: Course | undefined,
    end: Leaves | undefined,
    stats: OdeStats,
    event: OdeEvents | undefined,
  ): OdeSolution<Y, S> => {
    const none = { y: end as Leaves, ts: tensor([], [0], { device }), ys: undefined, last: undefined, at: undefined };
    const { y, ts, ys, last, at } = course ? { at: undefined, ...pathOf(problem, course) } : none;
    return { y: form.rebuild(y), ts, ys, stats, event: event && { ...event, t: last ?? event.t }, at: at ?? notKept };
  };
  if (options.steps !== undefined || options.dt !== undefined) {
    const { course, y } = foundStages(problem, equalSteps(problem), follows);
    const [steps] = course.t.shape;
    const count = (n: number): Tensor => tensor(n, [], { device });
    const stats = { steps: count(steps), rejected: count(0), evaluations: count(steps * evaluations) };
    const solved = solution(y ? undefined : course, y, stats, undefined);
    checkFinite(problem, flatten(solved.y).leaves, steps);
    return solved;
  }
  const { course, y, stats, event } = chooseSteps(problem, follows);
  return solution(course, y, stats, event);
}

/** @throws TypeError if steps cannot be taken back. */
function checkReverse<Y, P, S>({ method, back, events, options }: Problem<Y, P, S>): void {
  if (!back)
    throw new TypeError(
      `odeSolve: checkpoints: 'reverse' takes steps back, which ${method.name} cannot do exactly; use a symplectic method or reversible(…), or let states be kept.`,
    );
  if (events || options.saveAt?.dense || options.saveAt?.interpolate)
    throw new TypeError(
      `odeSolve: checkpoints: 'reverse' keeps no states, but ${events ? 'what an event resets cannot be taken back' : 'dense output keeps them all'}; leave it out.`,
    );
}

function notKept(): never {
  throw new TypeError('odeSolve: at() needs what lies between the steps; ask for it by saveAt: { dense: true }.');
}
