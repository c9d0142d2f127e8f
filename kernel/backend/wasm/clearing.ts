/**
 * Clearing outputs before a launch, where it does not store to them (ir/analysis/coverage.ts), unless it sums in copies. What was found is
 * kept until the count, a length or a uniform that it rests on changes.
 */

import { type Coverage, coverageOf, type Span } from '../../ir/analysis/coverage.ts';
import type { Count } from '../../words.ts';
import type { WasmExecutable, WasmStorage } from './executable.ts';
import type { Heap } from './memory.ts';

/** Smaller ones are cleared faster than looked into. */
const worthProving = 2 ** 14;

interface Finding {
  readonly count: Count;
  readonly lengths: readonly number[];
  readonly uniforms: readonly (readonly [buffer: number, word: number, value: number])[];
  readonly gaps: readonly Span[];
}

export class Clearing {
  private readonly heap: Heap;
  private readonly coverages = new WeakMap<WasmExecutable, Coverage>();
  private readonly findings = new WeakMap<WasmExecutable, (Finding | undefined)[]>();

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /** Makes stale storages what they are to be. @param summed Whether buffer k is written as a whole after the launch. */
  before(
    executable: WasmExecutable,
    storages: readonly WasmStorage[],
    count: Count,
    summed: (k: number) => boolean,
  ): void {
    const { buffers } = executable.program;
    const clear = (storage: WasmStorage) => {
      storage.stale = false;
      this.heap.fill(storage.address, 0, storage.bytes);
    };
    const clearGaps = (k: number) => {
      const { address, bytes, length } = storages[k];
      const word = bytes / length;
      for (const [from, to] of this.gaps(executable, k, storages, count))
        this.heap.fill(address + from * word, 0, (Math.min(to, length) - from) * word);
    };
    // Inputs first: what is stored may depend on them.
    for (let k = 0; k < storages.length; k++) if (storages[k].stale && buffers[k].access === 'read') clear(storages[k]);
    for (let k = 0; k < storages.length; k++) {
      const storage = storages[k];
      if (!storage.stale) continue;
      if (!summed(k)) {
        if (storage.bytes < worthProving) clear(storage);
        else clearGaps(k);
      }
      storage.stale = false;
    }
  }

  private gaps(executable: WasmExecutable, k: number, storages: readonly WasmStorage[], count: Count): readonly Span[] {
    let findings = this.findings.get(executable);
    if (!findings) {
      findings = [];
      this.findings.set(executable, findings);
    }
    const last = findings[k];
    const words = new Int32Array(this.heap.buffer);
    const at = (buffer: number, word: number) => words[storages[buffer].address / 4 + word];
    if (
      last?.count.every((n, axis) => n === count[axis]) &&
      last.lengths.every((length, j) => length === storages[j].length) &&
      last.uniforms.every(([buffer, word, value]) => at(buffer, word) === value)
    )
      return last.gaps;
    const uniforms: [number, number, number][] = [];
    const uniform = (buffer: number, word: number): number => {
      const value = at(buffer, word);
      uniforms.push([buffer, word, value]);
      return executable.program.buffers[buffer].type === 'u32' ? value >>> 0 : value;
    };
    let coverage = this.coverages.get(executable);
    if (!coverage) {
      coverage = coverageOf(executable.program);
      this.coverages.set(executable, coverage);
    }
    const lengths = storages.map(storage => storage.length);
    const gaps = coverage(k, { count, lengths, uniform });
    findings[k] = { count: [...count], lengths, uniforms, gaps };
    return gaps;
  }
}
