/** Proof that a recomputed state is the state that was: a sum over words of mixed bits, on the device, the same in any order. */

import { kernelsByKey, type Tensor, type WordType } from '../../kernel/index.ts';

const source = (type: WordType): string => /* wgsl */ `
  var<storage, read> x: array<${type}>;
  var<storage, read_write> hash: atomic<u32>;
  @compute @workgroup_size(64) fn hashState(@builtin(global_invocation_id) id: vec3u) {
    var h = bitcast<u32>(x[id.x]) ^ (id.x * 0x9e3779b9u);
    h = (h ^ (h >> 16u)) * 0x85ebca6bu;
    h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
    atomicAdd(&hash, h ^ (h >> 16u));
  }
`;

const kernelOf = kernelsByKey();

/** One u32 for each leaf of a state. */
export function hashState(state: readonly Tensor[]): Tensor[] {
  return state.map(leaf => {
    const hash = kernelOf(leaf.type, () => source(leaf.type));
    return hash({ x: leaf.detach() }, { count: leaf.size }).hash.keep();
  });
}

/** @throws Error, at once on the CPU and otherwise at the next read, if the hashes differ. */
export function compareHashes(was: readonly Tensor[], is: readonly Tensor[], message: (leaf: number) => string): void {
  was.forEach((before, k) => {
    before.device.check([before.memory.retain(), is[k].memory.retain()], (a, b) => {
      if (a[0] !== b[0]) throw new Error(message(k));
    });
  });
}
