/** The scratch words of sums that invocations share, and the dispatches that turn them into words of the outputs. */

import type { Count } from '../backend.ts';
import type { Compiled } from './compile.ts';
import { Dispatch } from './dispatch.ts';
import { flatGroup } from './emit.ts';
import type { Runtime } from './launch.ts';
import type { GpuStorage } from './memory.ts';
import { planeOf } from './plane.ts';
import { headroomBits, resolveRecord, scratchWords } from './scatter.ts';

export interface Sums {
  /** Words summed, and words of scratch for them. */
  readonly words: number;
  readonly scratch: number;
  /** First word of each shared buffer. */
  readonly first: ReadonlyMap<number, number>;
  readonly headroom: number;
}

export function sumsOf({ usage }: Compiled, lengths: readonly number[], count: Count): Sums {
  const first = new Map<number, number>();
  let words = 0;
  usage.buffers.forEach((use, k) => {
    if (!use.shared) return;
    first.set(k, words);
    words += lengths[k];
  });
  const scratch = Math.max(1, words) * scratchWords(usage.sums.looped);
  const headroom = headroomBits(count[0] * count[1] * count[2] * usage.sums.sites);
  return { words, scratch, first, headroom };
}

/** To be called for each launch, with what the passes have left. */
export function prepareResolve(
  runtime: Runtime,
  { usage, program }: Compiled,
  lengths: readonly number[],
  sums: Sums,
): (storages: readonly GpuStorage[], scratch: GPUBuffer) => void {
  const { pipeline, bindGroupLayout } = runtime.resolve();
  const { looped: counted } = usage.sums;
  const each = [...sums.first].flatMap(([buffer, first]) => {
    const words = lengths[buffer];
    if (words === 0) return [];
    const plane = planeOf(Math.ceil(words / flatGroup), runtime.gpu.limits.groupsPerAxis, program.name);
    const keep = usage.buffers[buffer].stored;
    const whole = { first, words, total: sums.words, base: 0, headroom: sums.headroom, counted, keep };
    const record = resolveRecord(whole, plane[0]);
    const form = { pipeline, bindGroupLayout, record, plane };
    return [{ buffer, dispatch: new Dispatch(runtime.commands, runtime.groups, form) }];
  });
  return (storages, scratch) => {
    for (const { buffer, dispatch } of each) dispatch.run([scratch, storages[buffer].buffer], storages);
  };
}
