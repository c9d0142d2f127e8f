/**
 * The saltation matrix: how a small change before an event becomes one after it.
 *
 *   Ξ = ∂R/∂y + (f⁺ − ∂R/∂y f⁻ − ∂R/∂t) ∂g/∂y / ġ,   ġ = ∂g/∂y f⁻ + ∂g/∂t
 *
 * f⁻ is the flow before the event, at y; f⁺ that after it, at R(y). Gradients through events have it in them already; as a matrix it tells
 * stability of periodic motions, and whether a derivative can be trusted: det Ξ, and its size where ġ is small.
 *
 * Kong, Payne, Zhu, Johnson: Saltation Matrices: The Essential Tool for Linearizing Hybrid Dynamical Systems, arXiv 2306.06862, eq. (2).
 */

import { flatten, jacobian, jvp, pack, unpack } from '../adjoint/index.ts';
import { checkOptions, inWords, Tensor, tensor } from '../kernel/index.ts';
import type { At, RightHandSide } from '../solvers/index.ts';

export interface SaltationOptions<Y, P> {
  /** f⁻ */
  readonly flow: RightHandSide<Y, P>;
  /** f⁺; default: the same. */
  readonly after?: RightHandSide<Y, P>;
  /** g, zero at the event: one number. */
  readonly guard: (y: Y, at: At<P>) => Tensor;
  /** R; default: the state stays what it is. */
  readonly reset?: (y: Y, at: At<P>) => Y;
}

/**
 * Ξ at an event, [n, n] for a state of n numbers, its leaves one after another; differentiable.
 *
 * @param y The state just before it.
 * @throws RangeError if the guard is not one number.
 */
export function saltation<Y, P = undefined>(
  event: SaltationOptions<Y, P>,
  y: Y,
  { t = 0, params }: { readonly t?: number | Tensor; readonly params?: P } = {},
): Tensor {
  checkOptions('saltation', event, ['flow', 'after', 'guard', 'reset']);
  const { flow, after = flow, guard, reset = (y: Y): Y => y } = event;
  for (const [name, f] of Object.entries({ flow, after, guard, reset }))
    if (typeof f !== 'function')
      throw new TypeError(`saltation: ${name} is ${inWords(f)}; give a function of (y, { t, params }).`);
  const form = flatten(y, 'saltation', 'the state');
  const x = pack(y);
  const [{ device }] = form.leaves;
  const now = typeof t === 'number' ? tensor(t, [], { device }) : t;
  const vector =
    (f: (y: Y, at: At<P>) => unknown) =>
    (x: Tensor, time: Tensor = now): Tensor =>
      pack(f(unpack(form, x), { t: time, params: params as P }));
  const [f, fAfter, g, R] = [flow, after, guard, reset].map(vector);
  const gap = g(x);
  if (!(gap instanceof Tensor) || gap.size !== 1)
    throw new RangeError(`saltation: the guard returned ${inWords(gap)}; it must be one number.`);
  const n = x.size;
  const inTime = (h: typeof f): Tensor => jvp((time: Tensor) => h(x, time))(now, now.mul(0).add(1)).tangent;
  const before = f(x).reshape([n, 1]);
  const slope = jacobian((x: Tensor) => g(x))(x).reshape([1, n]);
  const dR = jacobian((x: Tensor) => R(x))(x).reshape([n, n]);
  const rate = slope.matmul(before).add(inTime(g).reshape([1, 1]));
  const jump = fAfter(R(x))
    .reshape([n, 1])
    .sub(dR.matmul(before))
    .sub(inTime(R).reshape([n, 1]));
  return dR.add(jump.matmul(slope.div(rate)));
}
