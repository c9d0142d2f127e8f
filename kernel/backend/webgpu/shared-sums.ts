/** The scratch words of sums that invocations share, and the dispatches that turn them into words of the outputs. */

import type { Count } from '../../words.ts';
import type { Span } from './bind-groups.ts';
import type { Compiled } from './compile.ts';
import { Dispatch } from './dispatch.ts';
import { flatGroup } from './emit.ts';
import type { GpuStorage } from './memory.ts';
import { planeOf } from './plane.ts';
import type { Runtime } from './runtime.ts';
import { headroomBits, type Resolve as ResolveRecord, resolveRecord, scratchWords } from './scatter.ts';
import { windowWordsOf } from './windows.ts';

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
type Resolve = (storages: readonly GpuStorage[], scratch: GPUBuffer) => void;

export function prepareResolve(
  runtime: Runtime,
  { usage, program }: Compiled,
  lengths: readonly number[],
  sums: Sums,
): Resolve {
  const { gpu, commands, groups } = runtime;
  const { looped: counted } = usage.sums;
  const { bindingBytes, groupsPerAxis } = gpu.limits;
  const { pipeline, bindGroupLayout } = runtime.resolve();
  const dispatchOf = (
    part: Omit<ResolveRecord, 'headroom' | 'counted' | 'base'>,
    spans?: readonly Span[],
  ): Dispatch => {
    const plane = planeOf(Math.ceil(part.words / flatGroup), groupsPerAxis, program.name);
    const record = resolveRecord({ ...part, base: 0, headroom: sums.headroom, counted }, plane[0]);
    return new Dispatch(commands, groups, { pipeline, bindGroupLayout, record, plane, ...(spans && { spans }) });
  };
  const each = [...sums.first].flatMap(([k, first]): Resolve[] => {
    const words = lengths[k];
    if (words === 0) return [];
    const keep = usage.buffers[k].stored;
    if (4 * Math.max(sums.scratch, words) > bindingBytes) return piecesOf(k, first, words, keep);
    const dispatch = dispatchOf({ first, words, total: sums.words, keep });
    return [(storages, scratch) => dispatch.run([scratch, storages[k].buffer], storages)];
  });

  /** Where one binding cannot show all: pieces of the scratch words are copied to where it can. */
  function piecesOf(k: number, first: number, words: number, keep: boolean): Resolve[] {
    const planes = scratchWords(counted);
    const most = Math.floor(windowWordsOf(gpu.limits) / (64 * planes)) * 64;
    return Array.from({ length: Math.ceil(words / most) }, (_, p): Resolve => {
      const from = p * most;
      const piece = Math.min(most, words - from);
      const spans = [
        { buffer: 0, offset: 0, size: 4 * piece * planes },
        { buffer: 1, offset: 4 * from, size: 4 * piece },
      ];
      const dispatch = dispatchOf({ first: 0, words: piece, total: piece, keep }, spans);
      return (storages, scratch) => {
        const { buffer } = runtime.memory.take(piece * planes, `a piece of the sums of '${program.name}'`);
        for (let plane = 0; plane < planes; plane++)
          commands.copy(scratch, plane * sums.words + first + from, buffer, plane * piece, piece);
        dispatch.run([buffer, storages[k].buffer], storages);
        runtime.memory.give(buffer);
      };
    });
  }

  return (storages, scratch) => {
    for (const run of each) run(storages, scratch);
  };
}
