/**
 * Reverse mode.
 *
 *   vjp(f)(x) = (y, ȳ ↦ x̄ = Jᵀ ȳ)        valueAndGrad(L)(x) = (L(x), ∇L(x))
 *
 * The function runs once, on tracked aliases of its arguments; the record is swept backwards by launches, which an outer
 * gradient records in their turn. What the function makes and does not return is released when it has run, but for what rules read; where
 * rules run functions again, such as steps of a rollout, when it has been swept.
 * Griewank & Walther: Evaluating Derivatives, 2nd ed., 2008, ch. 3.
 */

import { backward, bounded, collecting, isRecording, releaseAll, type Tensor, tensor, zeros } from '../kernel/index.ts';
import { checkFunction, isPromise, open, type Recording, result } from './recording.ts';
import { flatten, inOrderOf, matching } from './tree.ts';

export interface ValueAndGrad<X> {
  readonly value: Tensor;
  /** The tree of the parameters. */
  readonly grad: X;
}

/** A loss may be asynchronous; then so is its gradient. */
type Result<L extends Tensor | Promise<Tensor>, R> = L extends Promise<Tensor> ? Promise<R> : R;

const zerosFor = (x: Tensor): Tensor => zeros(x.shape, { device: x.device });

/** Sweeps back from outputs to the recording's leaves; the trace must be closed. */
function sweep<X>(recording: Recording<X>, outputs: readonly Tensor[], bars: readonly (Tensor | undefined)[]): X {
  const { input, targets } = recording;
  const grads = backward(outputs, bars, targets);
  return input.rebuild(grads.map((grad, k) => grad ?? zerosFor(input.leaves[k])));
}

function checkLoss(value: unknown): asserts value is Tensor {
  const { leaves } = flatten(value, 'grad', 'the loss');
  const [loss] = leaves;
  if (leaves.length !== 1 || loss !== value)
    throw new TypeError('grad: the loss is a record; it must be one tensor of one number.');
  if (loss.size !== 1)
    throw new RangeError(
      `grad: the loss must be one number, but has shape [${loss.shape.join(', ')}]. Reduce it first, for example with mean().`,
    );
  if (loss.type !== 'f32') throw new TypeError(`grad: the loss holds ${loss.type}, which has no derivative.`);
}

/** Releases what a function has made and nobody will need: the record keeps what it reads. @param trace Closed. @param made Is emptied. */
function letGoOfRest(trace: Held['trace'], made: Tensor[], results: readonly Tensor[]): void {
  if (!isRecording() && trace.selfContained) releaseAll(made.splice(0), new Set(results));
}

function differentiate<X>(recording: Recording<X>, value: unknown, made: Tensor[]): ValueAndGrad<X> {
  recording.trace.close();
  checkLoss(value);
  letGoOfRest(recording.trace, made, [value]);
  const one = tensor(1, value.shape.length === 0 ? [] : value.shape, { device: value.device });
  try {
    return { value: result(value), grad: sweep(recording, [value], [one]) };
  } finally {
    one.dispose();
  }
}

/**
 * Value and gradient of a loss with respect to a tree of parameters, both on the device.
 *
 * @param loss From the tree to a tensor of one number; may be asynchronous.
 * @throws RangeError if the loss is not one number.
 * @example
 * const work = ({ k, d }) => k.mul(d.square()).sum().mul(0.5);
 * const found = valueAndGrad(work)({ k: tensor([30]), d: tensor([0.2]) });
 * const energy = found.value; // 0.6
 * const force = found.grad.d.sum(); // 6
 */
export function valueAndGrad<X, L extends Tensor | Promise<Tensor>>(
  loss: (params: X) => L,
): (params: X) => Result<L, ValueAndGrad<X>> {
  checkFunction('grad', loss);
  return (params, ...more: never[]) => {
    const made: Tensor[] = [];
    // What an outer record may run again lives as long as that record.
    const within = isRecording() ? <T>(run: () => T): T => run() : <T>(run: () => T): T => collecting(made, run);
    const recording = within(() => open('grad', params, more));
    const finish = (kept: readonly Tensor[]): void => {
      recording.trace.finish();
      releaseAll(made, new Set(kept));
    };
    const fail = (error: unknown): never => {
      finish([]);
      throw error;
    };
    const conclude = (value: unknown): ValueAndGrad<X> => {
      try {
        const result = within(() => differentiate(recording, value, made));
        finish(flatten(result).leaves);
        return result;
      } catch (error) {
        return fail(error);
      }
    };
    let value: unknown;
    try {
      value = within(() => loss(recording.leaves));
    } catch (error) {
      fail(error);
    }
    return (isPromise(value) ? value.then(conclude, fail) : conclude(value)) as Result<L, ValueAndGrad<X>>;
  };
}

/** Gradient of a loss with respect to a tree of parameters: `valueAndGrad` without the value. */
export function grad<X, L extends Tensor | Promise<Tensor>>(loss: (params: X) => L): (params: X) => Result<L, X> {
  const both = valueAndGrad(loss);
  return (params, ...more: never[]) => {
    const r: unknown = (both as (...all: unknown[]) => unknown)(params, ...more);
    if (isPromise(r)) return r.then(v => (v as ValueAndGrad<X>).grad) as Result<L, X>;
    const { value, grad } = r as ValueAndGrad<X>;
    if (!flatten(grad).leaves.includes(value)) value.dispose();
    return grad as Result<L, X>;
  };
}

export interface Pullback<X, Y> {
  readonly value: Y;
  /** x̄ = Jᵀ ȳ; may be called several times. */
  pullback(bar: Y): X;
  /** Lets go of the record; otherwise the garbage collector does. */
  dispose(): void;
}

interface Held {
  readonly trace: Recording<unknown>['trace'];
  /** What f made: a rollout in it runs its steps again, which use what they captured. */
  readonly made: readonly Tensor[];
}
const letGo = ({ trace, made }: Held): void => {
  releaseAll(made);
  trace.finish();
};
const abandoned = new FinalizationRegistry<Held>(letGo);

/**
 * Value of a function of a tree, and the map from adjoints of the value to adjoints of the argument.
 *
 * @example
 * const { value, pullback } = vjp(x => x.square())(tensor([1, 2, 3])); // value: [1, 4, 9]
 * const y = pullback(tensor([0, 0, 1])).sum(); // 6
 */
export function vjp<X, Y>(f: (x: X) => Y): (x: X) => Pullback<X, Y> {
  checkFunction('vjp', f);
  return (x, ...more: never[]) => {
    const made: Tensor[] = [];
    const recording = collecting(made, () => open('vjp', x, more));
    const { trace } = recording;
    const held: Held = { trace, made };
    const life = { over: false }; // what the two methods hold on to, together or taken apart
    try {
      const y = collecting(made, () => flatten(f(recording.leaves), 'vjp', 'the value'));
      trace.close();
      const ends = y.leaves.map(leaf => leaf.alias(true));
      const value = y.rebuild(y.leaves.map(result));
      letGoOfRest(trace, made, []);
      made.push(...ends);
      const pullback: Pullback<X, Y> = {
        value,
        pullback(bar) {
          if (life.over) throw new Error('vjp: the record has been released; call the pullback before dispose().');
          const bars = flatten(bar, 'vjp', 'the adjoint');
          matching('vjp', y, bars, 'the adjoint');
          return bounded(
            () => sweep(recording, ends, inOrderOf(y, bars)),
            r => flatten(r).leaves,
          );
        },
        dispose() {
          life.over = true;
          letGo(held);
        },
      };
      abandoned.register(life, held);
      return pullback;
    } catch (error) {
      letGo(held);
      throw error;
    }
  };
}
