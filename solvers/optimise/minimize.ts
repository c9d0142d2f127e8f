/**
 * Minimises a differentiable loss over a tree of parameters, by any method that steps from gradients.
 *
 * The driver evaluates, keeps the best iterate and the history, and stops; a method (adam.ts, lbfgs.ts) only chooses the
 * next point. All that a run knows is in `state`, plain data that can be saved, so a run cut in two takes the same steps.
 */

import { disposeTree, flatten, valueAndGrad } from '../../adjoint/index.ts';
import { checkOptions, inWords, isTracked, Tensor } from '../../kernel/index.ts';
import { type Constraints, constrain } from './constraints.ts';
import { dot, fromVector, toVector } from './vector.ts';

/** The loss and its gradient at a point. */
export interface Evaluation {
  readonly x: Float64Array;
  readonly value: number;
  readonly grad: Float64Array;
}

export type Evaluate = (x: Float64Array) => Promise<Evaluation>;

/** How to step. S is the method's memory: plain data, never changed in place. */
export interface Method<S> {
  readonly name: string;
  start(at: Evaluation): S;
  /** What vanishes where the loss is least. Default |gradient|. */
  slope?(at: Evaluation): number;
  /** The next point and memory, or undefined if no step from here lowers the loss. */
  step(
    memory: S,
    at: Evaluation,
    evaluate: Evaluate,
  ): Promise<{ readonly at: Evaluation; readonly memory: S } | undefined>;
}

export interface Progress {
  /** Steps taken before this point, over all resumed runs. */
  readonly iteration: number;
  readonly value: number;
  /** |gradient|; within bounds, of what they leave of it. */
  readonly gradient: number;
}

/** Everything a run needs to go on: give it to `minimize` as `state`. */
export interface MinimizeState<S> {
  readonly method: string;
  readonly memory: S;
  readonly at: Evaluation;
  readonly best: Evaluation;
  readonly history: readonly Progress[];
}

export interface MinimizeOptions<S> {
  /** Steps to take at most. Default 100. */
  readonly iterations?: number;
  /** Stops where |gradient| ≤ this. Default 0. */
  readonly gradientTolerance?: number;
  /** Stops where a step lowers the loss by less than this times the loss. Default 0: only a step that cannot stops. */
  readonly rtol?: number;
  /** Called with each point, the first included. */
  readonly onIteration?: (progress: Progress) => void;
  /** Stops before the next step; the best point so far is returned. */
  readonly signal?: AbortSignal;
  /** Of the parameters, by their names; the method, the history and the state are then of free numbers. */
  readonly constraints?: Constraints;
  /** Goes on from a run's `state`. */
  readonly state?: MinimizeState<S>;
}

export interface Minimum<P, S> {
  /** The parameters with the lowest loss met, fresh tensors. */
  readonly best: P;
  /** Their loss. */
  readonly value: number;
  readonly history: readonly Progress[];
  /** Why it stopped. 'stalled': the method found no lower point. 'diverged': the last loss or gradient is not finite. */
  readonly reason: 'iterations' | 'converged' | 'stalled' | 'diverged' | 'aborted';
  readonly state: MinimizeState<S>;
}

/**
 * Minimises `loss`, starting from `params`.
 *
 * @param loss From parameters to one number; may be asynchronous.
 * @param method `adam()` or `lbfgs()`, or any other Method.
 * @throws RangeError if the loss is not finite where it starts; TypeError for a parameter that holds integers, and where the loss
 *   is not computed from the parameters.
 * @example
 * const rosenbrock = ({ x, y }) => x.sub(1).square().add(y.sub(x.square()).square().mul(100)).sum();
 * const { best } = await minimize(rosenbrock, { x: tensor([-1]), y: tensor([1]) }, lbfgs(), { iterations: 60 });
 * const x = best.x; // 1
 */
export async function minimize<P, S>(
  loss: (params: P) => Tensor | Promise<Tensor>,
  params: P,
  method: Method<S>,
  options: MinimizeOptions<S> = {},
): Promise<Minimum<P, S>> {
  const { iterations = 100, gradientTolerance = 0, rtol = 0, onIteration, signal, state } = options;
  check(loss, params, method, options);
  if (options.constraints) {
    const { constraints, ...rest } = options;
    const { free, apply } = await constrain(params, constraints);
    const found = await minimize((u: P) => loss(apply(u)), free, method, rest);
    const best = apply(found.best);
    disposeTree([free, found.best]);
    return { ...found, best };
  }
  if (state) checkState(state, params, method);
  let depends = state !== undefined;
  const evaluate: Evaluate = async x => {
    const point = fromVector(params, x);
    const result = await valueAndGrad(depends ? loss : connected(loss))(point);
    depends = true;
    const value = await result.value.item();
    const grad = await toVector(result.grad);
    disposeTree(result.grad);
    disposeTree(point);
    result.value.dispose();
    return { x, value, grad };
  };

  let at = state?.at ?? (await evaluate(await toVector(params)));
  if (!Number.isFinite(at.value)) {
    throw new RangeError(`minimize: the loss is ${at.value} at the start; start where it is finite.`);
  }
  let best = state?.best ?? at;
  let memory = state?.memory ?? method.start(at);
  const slopeAt = (at: Evaluation): number => method.slope?.(at) ?? Math.sqrt(dot(at.grad, at.grad));
  const history = [...(state?.history ?? [])];
  const note = (): void => {
    const progress = { iteration: history.length, value: at.value, gradient: slopeAt(at) };
    history.push(progress);
    onIteration?.(progress);
  };
  if (!state) note();

  let reason: Minimum<P, S>['reason'] = 'iterations';
  for (let i = 0; i < iterations; i++) {
    const slope = slopeAt(at);
    if (signal?.aborted) reason = 'aborted';
    else if (!Number.isFinite(slope) || Number.isNaN(at.value)) reason = 'diverged';
    else if (slope <= gradientTolerance) reason = 'converged';
    if (reason !== 'iterations') break;
    const next = await method.step(memory, at, evaluate);
    if (!next) {
      reason = 'stalled';
      break;
    }
    const gain = at.value - next.at.value;
    ({ at, memory } = next);
    if (at.value < best.value) best = at;
    note();
    if (gain >= 0 && gain < rtol * Math.abs(at.value)) {
      reason = 'converged';
      break;
    }
  }
  return {
    best: fromVector(params, best.x),
    value: best.value,
    history,
    reason,
    state: { method: method.name, memory, at, best, history },
  };
}

const names = 'iterations gradientTolerance rtol onIteration signal constraints state'.split(' ');

function check(
  loss: unknown,
  params: unknown,
  method: unknown,
  options: Pick<MinimizeOptions<unknown>, 'iterations' | 'gradientTolerance' | 'rtol'>,
): void {
  if (typeof loss !== 'function')
    throw new TypeError(`minimize: the loss is ${inWords(loss)}; give a function from parameters to one number.`);
  const isMethod = typeof method === 'object' && method !== null && 'step' in method;
  if (!isMethod)
    throw new TypeError(`minimize: the method is ${inWords(method)}; give what adam() or lbfgs() returns.`);
  checkOptions('minimize', options, names);
  const { iterations = 0, gradientTolerance = 0, rtol = 0 } = options;
  if (!Number.isInteger(iterations) || iterations < 0)
    throw new RangeError(`minimize: ${iterations} iterations; give a whole number from 0.`);
  for (const [what, v] of Object.entries({ gradientTolerance, rtol }))
    if (!(v >= 0)) throw new RangeError(`minimize: ${what} is ${inWords(v)}; it must not be negative.`);
  const { leaves, names: leafNames } = flatten(params, 'minimize', 'the parameters');
  if (leaves.length === 0) throw new RangeError('minimize: the parameters hold no tensors; give at least one.');
  const wrong = leaves.findIndex(leaf => leaf.type !== 'f32');
  if (wrong >= 0)
    throw new TypeError(
      `minimize: ${leafNames[wrong] ? `'${leafNames[wrong]}'` : 'the parameter'} holds ${leaves[wrong].type}, which has no derivative; let the loss capture it instead.`,
    );
}

/** @throws RangeError unless the state is of this method, and of as many numbers. */
function checkState<S>(state: MinimizeState<S>, params: unknown, { name }: Method<S>): void {
  if (state.method !== name)
    throw new RangeError(`minimize: the state is of '${state.method}', but the method is '${name}'.`);
  const unknowns = flatten(params, 'minimize').leaves.reduce((sum, { size }) => sum + size, 0);
  if (state.at?.x.length !== unknowns)
    throw new RangeError(
      `minimize: the state is of ${state.at ? state.at.x.length : 'no'} unknowns and the parameters are ${unknowns}; go on with the parameters it is of.`,
    );
}

/** The same loss, which must come from its parameters: values read back, or other tensors, have no gradient and look like a minimum. */
function connected<P>(loss: (params: P) => Tensor | Promise<Tensor>): (params: P) => Tensor | Promise<Tensor> {
  const checked = (value: Tensor): Tensor => {
    if (value instanceof Tensor && !isTracked(value))
      throw new TypeError(
        'minimize: the loss does not depend on the parameters by tensor operations; compute it from the tensors that it is given, without reading them.',
      );
    return value;
  };
  return params => {
    const value = loss(params);
    return value instanceof Promise ? value.then(checked) : checked(value);
  };
}
