/** One launch: arenas filled, passes dispatched, shared sums resolved, arenas emptied. */

import type { Program } from '../../ir/ir.ts';
import type { Count, Storage } from '../backend.ts';
import type { BindGroups } from './bind-groups.ts';
import type { Commands } from './commands.ts';
import type { Compiled, CompiledPass } from './compile.ts';
import type { Gpu } from './device.ts';
import { flatGroup } from './emit.ts';
import type { Binding } from './layout.ts';
import type { GpuStorage, Memory } from './memory.ts';
import { headroomBits, resolveRecord, scratchWords } from './scatter.ts';

export interface Runtime {
  readonly gpu: Gpu;
  readonly commands: Commands;
  readonly memory: Memory;
  readonly groups: BindGroups;
  /** The pipeline that turns fixed-point sums into words, made when first needed. */
  resolve(): Pick<CompiledPass, 'pipeline' | 'bindGroupLayout'>;
}

interface Sums {
  readonly buffer: GPUBuffer;
  readonly words: number;
  /** First word of each shared buffer. */
  readonly first: ReadonlyMap<number, number>;
  readonly headroom: number;
}

const product = (count: Count): number => count[0] * count[1] * count[2];

function planeOf(groups: number, perAxis: number, who: string): [number, number] {
  const rows = Math.ceil(groups / perAxis);
  if (rows > perAxis)
    throw new RangeError(
      `webgpu: ${who} was launched with ${groups} workgroups; this device allows ${perAxis} × ${perAxis}.`,
    );
  return [Math.ceil(groups / rows), rows];
}

function checkStorages(program: Program, storages: readonly GpuStorage[]): void {
  const seen = new Map<GPUBuffer, number>();
  program.buffers.forEach((buffer, k) => {
    const first = seen.get(storages[k].buffer);
    if (first !== undefined && (buffer.access === 'write' || program.buffers[first].access === 'write'))
      throw new TypeError(
        `webgpu: the kernel '${program.name}' was given one storage for '${program.buffers[first].name}' and '${buffer.name}', which it writes; give it one of its own.`,
      );
    if (first === undefined || buffer.access === 'write') seen.set(storages[k].buffer, k);
  });
}

function takeSums(
  { memory, commands }: Runtime,
  executable: Compiled,
  storages: readonly Storage[],
  count: Count,
): Sums {
  const { usage, program } = executable;
  const first = new Map<number, number>();
  let words = 0;
  usage.buffers.forEach((use, k) => {
    if (!use.shared) return;
    first.set(k, words);
    words += storages[k].length;
  });
  const total = Math.max(1, words) * scratchWords(usage.sums.looped);
  const { buffer, dirty } = memory.take(total, `the sums of '${program.name}'`);
  if (dirty) commands.clear(buffer, total);
  return { buffer, words, first, headroom: headroomBits(product(count) * usage.sums.sites) };
}

/** Takes an arena, copies inputs into it (outputs are zero on entry), and says where each member begins. */
function fillArena(
  runtime: Runtime,
  name: string,
  binding: Binding,
  storages: readonly GpuStorage[],
  bases: number[],
): GPUBuffer {
  const { memory, commands } = runtime;
  let words = 0;
  for (const k of binding.members) {
    bases[k] = words;
    words += storages[k].length;
  }
  const { buffer, dirty } = memory.take(words, `the ${binding.members.length} small buffers of '${name}' together`);
  if (binding.access === 'write' && dirty) commands.clear(buffer, words);
  if (binding.access === 'read')
    for (const k of binding.members) commands.copy(storages[k].buffer, 0, buffer, bases[k], storages[k].length);
  return buffer;
}

function runPass(
  runtime: Runtime,
  executable: Compiled,
  { layout, pipeline, bindGroupLayout }: CompiledPass,
  storages: readonly GpuStorage[],
  count: Count,
  sums: Sums | undefined,
): void {
  const { commands, memory, gpu } = runtime;
  const { program, usage } = executable;
  const bases: number[] = [];
  const bound = layout.bindings.map(binding =>
    binding.members.length > 1
      ? fillArena(runtime, program.name, binding, storages, bases)
      : storages[binding.members[0]].buffer,
  );
  const groups = count.map((n, axis) => Math.ceil(n / program.workgroupSize[axis]));
  const total = usage.structured ? groups[0] * groups[1] * groups[2] : product(count);
  const plane = planeOf(
    usage.structured ? total : Math.ceil(total / flatGroup),
    gpu.limits.groupsPerAxis,
    program.name,
  );
  const fields = layout.fields.map(({ kind, buffer }) =>
    kind === 'length' ? storages[buffer].length : kind === 'base' ? bases[buffer] : (sums?.first.get(buffer) ?? 0),
  );
  const head = [...count, 0, ...groups, plane[0], total, sums?.words ?? 0, sums?.headroom ?? 0, 0];
  const record = [...head, ...fields, 0];
  const buffers = sums ? [...bound, sums.buffer] : bound;
  const group = runtime.groups.get(bindGroupLayout, buffers, record.length * 4);
  commands.dispatch(pipeline, group, record, plane, buffers);
  layout.bindings.forEach((binding, b) => {
    if (binding.members.length === 1) {
      // The second pass starts from zeros again.
      const k = binding.members[0];
      if (layout.pass === 'exponents' && binding.access === 'write') commands.clear(bound[b], storages[k].length);
      return;
    }
    if (layout.pass !== 'exponents' && binding.access === 'write')
      for (const k of binding.members) commands.copy(bound[b], bases[k], storages[k].buffer, 0, storages[k].length);
    memory.give(bound[b]);
  });
}

function resolveSums(
  runtime: Runtime,
  { usage, program }: Compiled,
  storages: readonly GpuStorage[],
  sums: Sums,
): void {
  const { pipeline, bindGroupLayout } = runtime.resolve();
  for (const [k, first] of sums.first) {
    const words = storages[k].length;
    if (words === 0) continue;
    const plane = planeOf(Math.ceil(words / flatGroup), runtime.gpu.limits.groupsPerAxis, program.name);
    const { looped: counted } = usage.sums;
    const keep = usage.buffers[k].stored;
    const record = resolveRecord(
      { first, words, total: sums.words, base: 0, headroom: sums.headroom, counted, keep },
      plane[0],
    );
    const buffers = [sums.buffer, storages[k].buffer];
    const group = runtime.groups.get(bindGroupLayout, buffers, record.length * 4);
    runtime.commands.dispatch(pipeline, group, record, plane, buffers);
  }
}

export function launch(runtime: Runtime, executable: Compiled, storages: readonly GpuStorage[], count: Count): void {
  const { program, passes } = executable;
  checkStorages(program, storages);
  const total = product(count);
  if (total === 0) return;
  if (total > 2 ** 31)
    throw new RangeError(
      `webgpu: '${program.name}' was launched with ${count.join(' × ')} invocations; at most 2³¹ can be numbered. Split the launch.`,
    );
  const [first] = passes;
  const sums = first.layout.pass === 'whole' ? undefined : takeSums(runtime, executable, storages, count);
  for (const pass of passes) runPass(runtime, executable, pass, storages, count, sums);
  if (!sums) return;
  resolveSums(runtime, executable, storages, sums);
  runtime.memory.give(sums.buffer);
}
