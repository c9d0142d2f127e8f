/** Makes the problem that the parts of odeSolve work on (problem.ts) from what it is given, or says what does not fit. */

import { type Flat, flatten, inOrderOf, matching } from '../../adjoint/index.ts';
import { inWords, type Tensor } from '../../kernel/index.ts';
import { checkGiven, checkStart } from './check-given.ts';
import { eventsOf } from './event/event.ts';
import type { ImexTableau } from './implicit/imex-tableau.ts';
import { implicitParts } from './implicit/implicit-problem.ts';
import { isLinearPart, operatorsOf, product } from './implicit/linear-part.ts';
import { Interval } from './interval.ts';
import type { Method } from './method.ts';
import type { OdeOptions } from './options.ts';
import type { Attempts, Problem } from './problem.ts';
import { reversibleParts } from './reversible.ts';
import type { At, Partitioned, RightHandSide, Split } from './right-hand-side.ts';
import { attempt, firstSameAsLast, type Leaves, neededStages, type Rate, rungeKuttaStep } from './runge-kutta.ts';
import { type Composition, symplecticBack, symplecticStep } from './symplectic.ts';
import { tsit5 } from './tableau.ts';

/** @throws if something does not fit together. */
export function problemOf<Y, P, S>(
  f: RightHandSide<Y, P> | Partitioned<unknown, unknown, P> | Split<Y, P>,
  y0: Y,
  options: OdeOptions<Y, P, S, Method>,
): Problem<Y, P, S> {
  checkGiven(options);
  const { method = tsit5 } = options;
  const form = flatten(method.kind === 'symplectic' ? pairOf(y0, method) : y0, 'odeSolve', 'y0');
  const { leaves } = form;
  checkStart(form);
  const clock = options.batch ? [rowsOf(form)] : [];
  const interval = new Interval(options.t, leaves[0].device);
  const at = (t: Tensor): At<P> => ({ t, params: options.params as P });
  const common = {
    form,
    start: leaves,
    interval,
    method,
    clock,
    at,
    options,
    back: undefined,
    attempts: undefined,
    stages: undefined,
    given: undefined,
    events: eventsOf(options.event, form, clock, at, reset =>
      part(form, reset as (y: never, at: At<P>) => unknown, form, at, 'what event.reset returned'),
    ),
  };
  if (method.kind === 'imex') return { ...common, ...splitParts(method, f as Split<unknown, P>, common, at) };
  if (method.kind !== 'symplectic') {
    if (typeof f !== 'function')
      throw new TypeError(
        `odeSolve: ${method.name} takes one function, but f is ${inWords(f)}; give (y, { t, params }) => ẏ, or a symplectic method for { dq, dp }.`,
      );
    const rate = part(form, f as (y: never, at: At<P>) => unknown, form, at, 'what f returned');
    if (method.kind === 'implicit') return { ...common, rate, ...implicitParts(method, rate, undefined, common) };
    if (method.kind === 'reversible')
      return { ...common, ...reversibleParts(method, rate, leaves, options.event !== undefined) };
    const step = (y: Leaves, t: Tensor, dt: Tensor): Leaves => rungeKuttaStep(method, rate, y, t, dt);
    const attempts = (): Attempts => ({
      run: (...given) => attempt(method, rate, ...given),
      endsWithRate: firstSameAsLast(method),
      evaluations: method.b.length,
    });
    return { ...common, rate, step, attempts, evaluations: neededStages(method) };
  }
  if (typeof f !== 'object' || !('dq' in f) || typeof f.dq !== 'function' || typeof f.dp !== 'function')
    throw new TypeError(
      `odeSolve: ${method.name} takes two functions, but f is ${inWords(f)}; give { dq: p => q̇, dp: q => ṗ }, and y0 = { q, p }.`,
    );
  return { ...common, ...kicksAndDrifts(method, f, form, at) };
}

/** An explicit and an implicit part. */
function splitParts<Y, P, S>(
  method: ImexTableau,
  f: Split<unknown, P>,
  common: Pick<Problem<Y, P, S>, 'form' | 'start' | 'clock' | 'interval' | 'options'>,
  at: (t: Tensor) => At<P>,
) {
  const { form, clock } = common;
  const { explicit, implicit } = typeof f === 'object' && f !== null ? f : ({} as Partial<Split<unknown, P>>);
  if (typeof explicit !== 'function' || !(typeof implicit === 'function' || isLinearPart(implicit)))
    throw new TypeError(
      `odeSolve: ${method.name} takes ẏ in two parts, but f is ${inWords(f)}; give { explicit: (y, { t, params }) => …, implicit: a function like it, or { minus: A } }.`,
    );
  const g = part(form, explicit as (y: never, at: At<P>) => unknown, form, at, 'what explicit returned');
  if (isLinearPart(implicit)) {
    if (clock.length > 0)
      throw new TypeError(
        'odeSolve: { minus: A } is for one state and not for a batch, whose rows have steps of their own; give a function as the implicit part.',
      );
    const operators = operatorsOf(implicit, form);
    const rate: Rate = (y, t) => {
      const A = product(operators, y);
      return g(y, t).map((leaf, l) => leaf.sub(A[l]));
    };
    return { rate, ...implicitParts(method, implicit, g, common) };
  }
  const stiff = part(form, implicit as (y: never, at: At<P>) => unknown, form, at, 'what implicit returned');
  const rate: Rate = (y, t) => {
    const other = stiff(y, t);
    return g(y, t).map((leaf, l) => leaf.add(other[l]));
  };
  return { rate, ...implicitParts(method, stiff, g, common) };
}

function kicksAndDrifts<Y, P>(
  method: Composition,
  { dq, dp }: Partitioned<unknown, unknown, P>,
  form: Flat<Y>,
  at: (t: Tensor) => At<P>,
): Pick<Problem<Y, P, unknown>, 'rate' | 'step' | 'back' | 'evaluations'> {
  const { q, p } = form.rebuild(form.leaves) as { q: unknown; p: unknown };
  const [qForm, pForm] = [flatten(q), flatten(p)];
  const velocity = part(pForm, dq as (p: never, at: At<P>) => unknown, qForm, at, 'what dq returned');
  const force = part(qForm, dp as (q: never, at: At<P>) => unknown, pForm, at, 'what dp returned');
  const width = qForm.leaves.length;
  const step = (y: Leaves, t: Tensor, dt: Tensor): Leaves =>
    symplecticStep(method, velocity, force, [y.slice(0, width), y.slice(width)], t, dt).flat();
  const rate = (y: Leaves, t: Tensor): Leaves => [...velocity(y.slice(width), t), ...force(y.slice(0, width), t)];
  const back = (y: Leaves, t: Tensor, dt: Tensor): Leaves =>
    symplecticBack(method, velocity, force, [y.slice(0, width), y.slice(width)], t, dt).flat();
  return { rate, step, back, evaluations: method.kicks.filter(d => d !== 0).length };
}

/** A user's function on leaves. */
function part<P>(
  from: Flat<unknown>,
  f: (y: never, at: At<P>) => unknown,
  to: Flat<unknown>,
  at: (t: Tensor) => At<P>,
  what: string,
): Rate {
  return (y, t) => {
    const made = flatten(f(from.rebuild(y) as never, at(t)), 'odeSolve', what);
    matching('odeSolve', to, made, what);
    return inOrderOf(to, made);
  };
}

/** y0 with q first. */
function pairOf<Y>(y0: Y, { name }: Composition): Y {
  const { q, p, ...more } = y0 as { q?: unknown; p?: unknown };
  if (q === undefined || p === undefined || Object.keys(more).length > 0)
    throw new TypeError(`odeSolve: ${name} needs y0 = { q, p }, each a tree of tensors.`);
  return { q, p } as Y;
}

function rowsOf({ leaves, names }: Flat<unknown>): number {
  const rows = leaves[0].shape[0];
  leaves.forEach(({ shape }, k) => {
    if (shape.length > 0 && shape[0] === rows) return;
    const name = names[k] ? `'${names[k]}' of y0` : 'y0';
    throw new RangeError(
      `odeSolve: ${name} has shape [${shape.join(', ')}]; in a batch the first axis counts the rows${rows === undefined ? '' : `, ${rows} of them`}.`,
    );
  });
  return rows;
}
