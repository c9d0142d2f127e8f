/**
 * When memory is given back: a tensor the user holds gives its share back when disposed of, when collected, or when the scope it was
 * made in ends. What a differentiated function or a step of a rollout makes and does not return belongs to that call.
 */

import { giveBack, type Hold } from './memory.ts';

/** A tensor, as scopes know it. */
export interface Handle {
  readonly hold: Hold;
  /** By the user, whatever scopes do. */
  readonly kept: boolean;
  /** Another handle on the same values. */
  alias(tracked: boolean): Handle;
}

const collected = new FinalizationRegistry<Hold>(giveBack);

/** From now on the garbage collector gives the tensor's memory back, if nobody does before. */
export const releaseWhenCollected = (tensor: Handle): void => collected.register(tensor, tensor.hold);

let scope: Handle[] | undefined;

/** Puts a tensor that was computed (not made from data) into the current scope. */
export function adopt(tensor: Handle): void {
  if (scope) scope.push(tensor);
  else releaseWhenCollected(tensor);
}

/** Another handle on the same values that no scope ends: for what may be looked at later. */
export function outliving<T extends Handle>(tensor: T): T {
  const alias = tensor.alias(false) as T;
  releaseWhenCollected(alias);
  return alias;
}

/** Runs a synchronous function; `made` receives what is computed in it, which is then the caller's to release. */
export function collecting<T>(made: Handle[], run: () => T): T {
  const outer = scope;
  scope = made;
  try {
    return run();
  } finally {
    scope = outer;
  }
}

/** Releases tensors, except survivors, which join the current scope, and what the user keeps. */
export function releaseAll(made: readonly Handle[], survivors: ReadonlySet<Handle> = new Set()): void {
  for (const tensor of made)
    if (tensor.kept) releaseWhenCollected(tensor);
    else if (survivors.has(tensor)) adopt(tensor);
    else giveBack(tensor.hold);
}

/** Runs a synchronous function and releases what was computed in it, except for its survivors and what the user keeps. */
export function scoped<T>(run: () => T, survivors: (result: T) => Iterable<Handle>): T {
  const made: Handle[] = [];
  let surviving: ReadonlySet<Handle> | undefined;
  try {
    return collecting(made, () => {
      const result = run();
      surviving = new Set(survivors(result));
      return result;
    });
  } finally {
    releaseAll(made, surviving);
  }
}
