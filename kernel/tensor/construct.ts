/** How launches make and know tensors without their methods, which are themselves launches: tensor.ts installs the constructor here. */

import type { Memory } from '../device/memory.ts';
import { inWords } from '../error.ts';
import type { WordType } from '../words.ts';
import type { Tensor } from './tensor.ts';

type Construct = (memory: Memory, type: WordType, shape: readonly number[]) => Tensor;

let construct: Construct | undefined;

export function installTensor(make: Construct): void {
  construct = make;
}

/** A tensor that takes over one share of the memory; nobody releases it yet. */
export function makeTensor(memory: Memory, type: WordType, shape: readonly number[]): Tensor {
  if (!construct) throw new Error('tensor.ts has not been loaded');
  return construct(memory, type, shape);
}

/** @param or What else is allowed. */
export function checkTensor(who: string, value: Tensor, or = ''): void {
  if (typeof value !== 'object' || value === null || !('hold' in value))
    throw new TypeError(`${who}: the other operand is ${inWords(value)}; give a tensor${or}.`);
}
