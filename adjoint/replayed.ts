/**
 * A function that is called again and again on other values of the same form: the frames of a fit, the steps of an optimiser.
 *
 *   x ↦ f(x)      called until two calls in a row have launched the same, from then on replayed
 *
 * A replay is a fixed list of launches, without JavaScript for each but its call, whose memory is kept from one to the next: nothing is
 * allocated but what is returned. What f captures is taken for constant, so what changes must be in x. As in a recorded step of a rollout,
 * nobody looks at what the launches give: lists that have too little room are told of while f is called, but not by its replays.
 */

import {
  adopt,
  checkOptions,
  type Device,
  isRecording,
  makeTensor,
  Repeated,
  sizeOf,
  type Tensor,
  whyNotNow,
  withRecorder,
} from '../kernel/index.ts';
import { checkFunction } from './recording.ts';
import { type Flat, flatten } from './tree.ts';

export interface ReplayedOptions {
  /** Told once whether calls are replayed, and why not. */
  readonly explain?: (note: string) => void;
}

export interface Replayed<X, Y> {
  (x: X): Y;
  /** Lets go of what was recorded and of its memory; the next call begins anew. */
  dispose(): void;
}

/** What is known of a function for arguments of one form. */
interface Known {
  readonly form: string;
  readonly repeated: Repeated;
  readonly y: Flat<unknown>;
}

const formOf = ({ leaves, names }: Flat<unknown>): string =>
  leaves.map(({ type, shape }, k) => `${names[k]} ${type} ${shape.join()}`).join('; ');

/**
 * The same function, faster from its third call or so on. Where somebody differentiates it, it is called as it is; put the gradient inside.
 *
 * @param f From a tree of tensors to another; synchronous.
 * @example
 * const target = tensor([3, 4]);
 * const step = replayed(({ x }: { x: Tensor }) => valueAndGrad((x: Tensor) => x.sub(target).square().sum())(x));
 * let x = tensor([0, 0]);
 * for (let k = 0; k < 50; k++) x = x.sub(step({ x }).grad.mul(0.2));
 * const end = x.sum(); // 7
 */
export function replayed<X, Y>(f: (x: X) => Y, options: ReplayedOptions = {}): Replayed<X, Y> {
  checkFunction('replayed', f);
  checkOptions('replayed', options, ['explain']);
  let known: Known | undefined;
  const dispose = (): void => {
    known?.repeated.release();
    known = undefined;
  };
  const call = (x: X): Y => {
    const input = flatten(x, 'replayed', 'the argument');
    const [first] = input.leaves;
    if (!first || isRecording() || whyNotNow(first.device)) return f(x);
    const form = formOf(input);
    if (known?.form !== form) {
      dispose();
      const y = f(x);
      known = { form, ...begin(f, input, flatten(y, 'replayed', 'the value'), options) };
      return y;
    }
    return again<Y>(first.device, input, known);
  };
  return Object.assign(call, { dispose });
}

function begin<X, Y>(
  f: (x: X) => Y,
  input: Flat<X>,
  y: Flat<Y>,
  { explain }: ReplayedOptions,
): Pick<Known, 'repeated' | 'y'> {
  const [{ device }] = input.leaves;
  const body = {
    who: 'replayed',
    name: 'the function',
    otherwise: 'the function is called',
    steps: Number.POSITIVE_INFINITY,
    carry: [],
    inputs: input.leaves.map(({ type, shape }) => ({ type, shape })),
    run: (_: unknown, leaves: readonly Tensor[]) => ({ carry: [], sinks: flatten(f(input.rebuild(leaves))).leaves }),
  };
  return { repeated: new Repeated(device, body, undefined, explain), y };
}

function again<Y>(device: Device, { leaves }: Flat<unknown>, { repeated, y }: Known): Y {
  const views = (memories: readonly Tensor['memory'][]) => memories.map(memory => ({ memory, word: 0 }));
  const made = y.leaves.map(({ type, shape }) => makeTensor(device.allocate(type, sizeOf(shape), false), type, shape));
  for (const tensor of made) adopt(tensor);
  const [inputs, sinks] = [leaves, made].map(some => views(some.map(({ memory }) => memory)));
  withRecorder(device, () => repeated.step([], inputs, sinks, 0));
  return y.rebuild(made) as Y;
}
