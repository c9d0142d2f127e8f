/** A pass over storages of known lengths: arenas filled, a dispatch, arenas emptied. */

import type { Count } from '../backend.ts';
import type { Compiled, CompiledPass } from './compile.ts';
import { Dispatch } from './dispatch.ts';
import { flatGroup } from './emit.ts';
import type { Runtime } from './launch.ts';
import type { Binding } from './layout.ts';
import type { GpuStorage } from './memory.ts';
import { planeOf } from './plane.ts';
import type { Sums } from './shared-sums.ts';

export type Pass = (storages: readonly GpuStorage[], scratch: GPUBuffer | undefined) => void;

/** Where each member of an arena begins, and the words of all. */
function arenaOf({ members }: Binding, lengths: readonly number[], bases: number[]): number {
  let words = 0;
  for (const k of members) {
    bases[k] = words;
    words += lengths[k];
  }
  return words;
}

export function preparePass(
  runtime: Runtime,
  { program, usage }: Compiled,
  { layout, pipeline, bindGroupLayout }: CompiledPass,
  lengths: readonly number[],
  count: Count,
  sums: Sums | undefined,
  check: (storages: readonly GpuStorage[]) => void,
): Pass {
  const { commands, memory, gpu, groups } = runtime;
  const { bindings } = layout;
  const bases: number[] = [];
  const arenas = bindings.map(b => (b.members.length > 1 ? arenaOf(b, lengths, bases) : undefined));
  const tiles = count.map((n, axis) => Math.ceil(n / program.workgroupSize[axis]));
  const [nx, ny, nz] = usage.structured ? tiles : count;
  const total = nx * ny * nz;
  const plane = planeOf(
    usage.structured ? total : Math.ceil(total / flatGroup),
    gpu.limits.groupsPerAxis,
    program.name,
  );
  const fields = layout.fields.map(({ kind, buffer }) =>
    kind === 'length' ? lengths[buffer] : kind === 'base' ? bases[buffer] : (sums?.first.get(buffer) ?? 0),
  );
  const head = [...count, 0, ...tiles, plane[0], total, sums?.words ?? 0, sums?.headroom ?? 0, 0];
  const record = [...head, ...fields, 0];
  const dispatch = new Dispatch(commands, groups, { pipeline, bindGroupLayout, record, plane, check });

  const fill = (words: number, { access, members }: Binding, storages: readonly GpuStorage[]): GPUBuffer => {
    const what = `the ${members.length} small buffers of '${program.name}' together`;
    const { buffer, dirty } = memory.take(words, what);
    if (access === 'write' && dirty) commands.clear(buffer, words);
    if (access === 'read') for (const k of members) commands.copy(storages[k].buffer, 0, buffer, bases[k], lengths[k]);
    return buffer;
  };
  const empty = (arena: GPUBuffer, { access, members }: Binding, storages: readonly GpuStorage[]): void => {
    if (layout.pass !== 'exponents' && access === 'write')
      for (const k of members) commands.copy(arena, bases[k], storages[k].buffer, 0, lengths[k]);
    memory.give(arena);
  };
  const packs = arenas.some(words => words !== undefined);
  // The second pass starts from zeros again.
  const cleared =
    layout.pass !== 'exponents' ? [] : bindings.filter(b => b.access === 'write' && b.members.length === 1);
  const bound: GPUBuffer[] = [];
  return (storages, scratch) => {
    if (packs) check(storages);
    bindings.forEach((binding, b) => {
      const words = arenas[b];
      bound[b] = words === undefined ? storages[binding.members[0]].buffer : fill(words, binding, storages);
    });
    if (scratch) bound[bindings.length] = scratch;
    dispatch.run(bound, storages);
    for (const { members } of cleared) commands.clear(storages[members[0]].buffer, lengths[members[0]]);
    if (packs)
      bindings.forEach((binding, b) => {
        if (arenas[b] !== undefined) empty(bound[b], binding, storages);
      });
  };
}
