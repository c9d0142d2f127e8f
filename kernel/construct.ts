/** How launches make tensors without knowing their methods, which are themselves launches: tensor.ts installs the constructor here. */

import type { WordType } from './backend/backend.ts';
import type { Memory } from './memory.ts';
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
