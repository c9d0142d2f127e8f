/** A pass over storages of known lengths: arenas filled, a dispatch, arenas emptied; in pieces where buffers are large. */

import type { Interval } from '../../ir/analysis/ranges.ts';
import type { Count } from '../../words.ts';
import type { Span } from './bind-groups.ts';
import type { Compiled, CompiledPass } from './compile.ts';
import { Dispatch } from './dispatch.ts';
import { flatGroup } from './emit.ts';
import { toldNumbers } from './layout.ts';
import type { GpuStorage } from './memory.ts';
import { planeOf } from './plane.ts';
import type { Runtime } from './runtime.ts';
import type { Sums } from './shared-sums.ts';
import { fitted, type Piece, windowWordsOf } from './windows.ts';

export type Pass = (storages: readonly GpuStorage[], scratch: GPUBuffer | undefined) => void;

/** What the pieces of a pass share. */
interface Whole {
  readonly runtime: Runtime;
  readonly compiled: Compiled;
  readonly lengths: readonly number[];
  readonly count: Count;
  readonly sums: Sums | undefined;
  readonly check: (storages: readonly GpuStorage[]) => void;
}

/** Invocations or groups from `first` to `end`; `bound`: the words that are bound of each buffer, if not all. */
type Part = Pick<Piece, 'first' | 'end'> & Partial<Pick<Piece, 'bound'>>;

/** One after another in an arena: where each member begins in it, and the words of all. */
function arenaOf(members: readonly number[], words: (k: number) => Interval, bases: number[]): number {
  let size = 0;
  for (const k of members) {
    const { lo, hi } = words(k);
    bases[k] = size - lo;
    size += hi - lo;
  }
  return size;
}

/** Consecutive windows of a buffer: `words` words from byte `offset` on. */
function spansOf(buffer: number, windows: number, offset: number, words: number, windowWords: number): Span[] {
  return Array.from({ length: windows }, (_, k) => ({
    buffer,
    offset: offset + 4 * k * windowWords,
    size: 4 * Math.max(1, Math.min(windowWords, words - k * windowWords)),
  }));
}

/** @param alone Whether no other piece writes the same outputs. */
function preparePart(whole: Whole, compiledPass: CompiledPass, { first, end, bound }: Part, alone: boolean): Pass {
  const { runtime, compiled, lengths, count, sums, check } = whole;
  const { commands, memory, gpu, groups } = runtime;
  const { program, usage } = compiled;
  const { layout, pipeline, bindGroupLayout } = compiledPass;
  const { bindings, windowWords, sumWindows } = layout;
  const words = (k: number): Interval => bound?.[k] ?? { lo: 0, hi: lengths[k] };
  const bases = lengths.map((_, k) => -words(k).lo);
  const arenas = bindings.map(({ members }) => (members.length > 1 ? arenaOf(members, words, bases) : undefined));
  const spans = (): Span[] => {
    const each = bindings.flatMap(({ members: [k], windows }, b) => {
      const { lo, hi } = arenas[b] === undefined ? words(k) : { lo: 0, hi: arenas[b] };
      return spansOf(b, windows, 4 * lo, hi - lo, windowWords);
    });
    return sums ? [...each, ...spansOf(bindings.length, sumWindows, 0, sums.scratch, windowWords)] : each;
  };
  const run = end - first;
  const plane = planeOf(usage.structured ? run : Math.ceil(run / flatGroup), gpu.limits.groupsPerAxis, program.name);
  const numbers = toldNumbers(program);
  const fields = layout.fields.map(({ kind, of }) =>
    kind === 'length'
      ? lengths[of]
      : kind === 'base'
        ? bases[of]
        : kind === 'number'
          ? numbers[of].value
          : (sums?.first.get(of) ?? 0),
  );
  const tiles = tilesOf(compiled, count);
  const head = [...count, 0, ...tiles, plane[0], end, sums?.words ?? 0, sums?.headroom ?? 0, first];
  const record = [...head, ...fields, 0];
  const form = { pipeline, bindGroupLayout, record, plane, check, ...(bound && { spans: spans() }) };
  const dispatch = new Dispatch(commands, groups, form);

  const move = (arena: GPUBuffer, members: readonly number[], storages: readonly GpuStorage[], back: boolean): void => {
    for (const k of members) {
      const { lo, hi } = words(k);
      if (back) commands.copy(arena, bases[k] + lo, storages[k].buffer, lo, hi - lo);
      else commands.copy(storages[k].buffer, lo, arena, bases[k] + lo, hi - lo);
    }
  };
  const fill = (b: number, size: number, storages: readonly GpuStorage[]): GPUBuffer => {
    const { access, members } = bindings[b];
    const { buffer, dirty } = memory.take(size, `the ${members.length} small buffers of '${program.name}' together`);
    if (access === 'read' || !alone) move(buffer, members, storages, false);
    else if (dirty) commands.clear(buffer, size);
    return buffer;
  };
  const packs = arenas.some(size => size !== undefined);
  const buffers: GPUBuffer[] = [];
  return (storages, scratch) => {
    if (packs) check(storages);
    for (let b = 0; b < bindings.length; b++) {
      const size = arenas[b];
      buffers[b] = size === undefined ? storages[bindings[b].members[0]].buffer : fill(b, size, storages);
    }
    if (scratch) buffers[bindings.length] = scratch;
    dispatch.run(buffers, storages);
    if (!packs) return;
    bindings.forEach(({ access, members }, b) => {
      if (arenas[b] === undefined) return;
      if (layout.pass !== 'exponents' && access === 'write') move(buffers[b], members, storages, true);
      memory.give(buffers[b]);
    });
  };
}

const tilesOf = ({ program }: Compiled, count: Count): number[] =>
  count.map((n, axis) => Math.ceil(n / program.workgroupSize[axis]));

/** Whether each binding can show all of what it is to show. */
function fits({ layout }: CompiledPass, lengths: readonly number[], sums: Sums | undefined, bytes: number): boolean {
  const words = layout.bindings.map(({ members }) => members.reduce((sum, k) => sum + lengths[k], 0));
  return Math.max(...words, sums?.scratch ?? 0) * 4 <= bytes;
}

export function preparePass(whole: Whole, pass: CompiledPass): Pass {
  const { compiled, lengths, count, sums, runtime } = whole;
  const { limits } = runtime.gpu;
  const { program, usage } = compiled;
  if (fits(pass, lengths, sums, limits.bindingBytes)) {
    const [nx, ny, nz] = usage.structured ? tilesOf(compiled, count) : count;
    const bound = pass.layout.bindings.flatMap(({ members }) => (members.length === 1 ? members : []));
    return withClears(whole, pass, bound, preparePart(whole, pass, { first: 0, end: nx * ny * nz }, true));
  }
  const kind = pass.layout.pass;
  const sumWindows = sums ? Math.ceil(sums.scratch / windowWordsOf(limits)) : 1;
  const pieces = fitted({ program, usage, pass: kind, lengths, count, sumWindows }, limits);
  const parts = pieces.map(piece =>
    preparePart(whole, compiled.refit(kind, piece.groups, sumWindows), piece, pieces.length === 1),
  );
  return withClears(whole, pass, [...pass.layout.places.keys()], (storages, scratch) => {
    for (const part of parts) part(storages, scratch);
  });
}

/** After the pass of exponents, the second pass starts from zeros again. */
function withClears(
  { runtime, lengths, compiled }: Whole,
  { layout }: CompiledPass,
  buffers: readonly number[],
  run: Pass,
): Pass {
  if (layout.pass !== 'exponents') return run;
  const written = buffers.filter(k => compiled.program.buffers[k].access === 'write');
  return (storages, scratch) => {
    run(storages, scratch);
    for (const k of written) runtime.commands.clear(storages[k].buffer, lengths[k]);
  };
}
