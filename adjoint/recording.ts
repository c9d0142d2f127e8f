/** Runs a function on leaves of a new trace, and says what a sweep over its record needs. */

import {
  adopt,
  inMode,
  inWords,
  isTracked,
  leaf,
  nextTrace,
  outliving,
  type Target,
  type Tensor,
  Trace,
} from '../kernel/index.ts';
import { type Flat, flatten, mapTree } from './tree.ts';

export interface Recording<X> {
  readonly trace: Trace;
  readonly input: Flat<X>;
  readonly targets: readonly Target[];
  /** The tree of leaves, to be given to the function. */
  readonly leaves: X;
}

/** @throws TypeError if it is not a function. */
export function checkFunction(who: string, f: unknown): void {
  if (typeof f !== 'function')
    throw new TypeError(`${who}: what is to be differentiated is ${inWords(f)}; give a function of a tree of tensors.`);
}

/**
 * @param more Arguments after the tree.
 * @throws TypeError if there are such, or if a leaf of the tree holds integers: those have no derivative.
 */
export function open<X>(who: string, x: X, more: readonly unknown[] = []): Recording<X> {
  if (more.length > 0)
    throw new TypeError(
      `${who}: ${more.length + 1} arguments are given; it takes one tree, such as { x, y } or [x, y], and captures what is constant.`,
    );
  const input = flatten(x, who, 'the argument');
  input.leaves.forEach((tensor, k) => {
    if (tensor.type !== 'f32')
      throw new TypeError(
        `${who}: ${input.names[k] ? `'${input.names[k]}'` : 'the argument'} holds ${tensor.type}, which has no derivative; let the function capture it instead.`,
      );
  });
  const trace = new Trace();
  const leaves = input.leaves.map(tensor => {
    const made = leaf(tensor, trace);
    adopt(made);
    return made;
  });
  const targets = leaves.map(made => ({ node: made.node as NonNullable<typeof made.node>, slot: 0 }));
  return { trace, input, targets, leaves: input.rebuild(leaves) };
}

/** What leaves a gradient: the same values, still tracked if an outer gradient is being recorded, otherwise a constant. */
export function result(x: Tensor): Tensor {
  const made = x.alias(isTracked(x));
  adopt(made);
  return made;
}

export const isPromise = (x: unknown): x is Promise<unknown> => typeof x === 'object' && x !== null && 'then' in x;

/** Runs a function so that no gradient sees what it does. */
export const unrecorded = <T>(run: () => T): T => inMode({ floor: nextTrace(), frames: [], captured: undefined }, run);

/** What a function makes, seen by no gradient, and kept when the scope that it is made in ends. For tables that are made once. */
export const lasting = <T>(make: () => T): T => mapTree(unrecorded(make), outliving);
