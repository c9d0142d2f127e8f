/** Programs made into pipelines when they are first launched: one, or two where sums are shared. */

import { countLimits, keepsTo, scatterOwnership } from '../../ir/analysis/affine.ts';
import type { LocalArray, Program, ScatterAdd } from '../../ir/ir.ts';
import type { Count } from '../../words.ts';
import type { Executable } from '../backend.ts';
import { Commands } from './commands.ts';
import type { Gpu, Reports } from './device.ts';
import { emit } from './emit.ts';
import { fixedWords, type Group, type Layout, layoutOf, layoutOfGroups, type Pass } from './layout.ts';
import { resolveShader } from './scatter.ts';
import { hasSums, type Usage, usageOf } from './usage.ts';
import { type Known, variantsOf } from './variants.ts';
import { windowWordsOf } from './windows.ts';

export interface CompiledPass {
  readonly layout: Layout;
  readonly wgsl: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroupLayout: GPUBindGroupLayout;
}

/** A program's pipelines under one reading of which of its sums are shared. */
export interface Compiled {
  readonly program: Program;
  readonly usage: Usage;
  readonly passes: readonly CompiledPass[];
  /** A pass with buffers bound as these groups say. */
  refit(pass: Pass, groups: readonly Group[], sumWindows: number): CompiledPass;
}

export interface WebGpuExecutable extends Executable {
  /** What to launch for a count, on buffers of these lengths. */
  variant(count: Count, lengths: readonly number[]): Compiled;
}

type Made = Pick<CompiledPass, 'pipeline' | 'bindGroupLayout'>;

function pipelineOf(
  { device }: Gpu,
  reports: Reports,
  label: string,
  code: string,
  buffers: readonly GPUBufferBindingLayout[],
): Made {
  const say = (message: string) => `the kernel '${label}' cannot be compiled on this device: ${message}`;
  return reports.watch('validation', say, () => {
    const uniform: GPUBufferBindingLayout = { type: 'uniform', hasDynamicOffset: true };
    const entries = [uniform, ...buffers].map((buffer, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer,
    }));
    const bindGroupLayout = device.createBindGroupLayout({ label, entries });
    const module = device.createShaderModule({ label, code });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] });
    const pipeline = device.createComputePipeline({ label, layout, compute: { module, entryPoint: 'main' } });
    return { pipeline, bindGroupLayout };
  });
}

/** Pipelines of programs whose texts tell no shapes, by text: one serves all of these. */
const general = new WeakMap<GPUDevice, Map<string, Made>>();

function sharedPipeline({ device }: Gpu, code: string, make: () => Made): Made {
  const ofDevice = general.get(device) ?? new Map<string, Made>();
  general.set(device, ofDevice);
  const made = ofDevice.get(code) ?? make();
  ofDevice.set(code, made);
  return made;
}

const bytesOf = (arrays: readonly LocalArray[]): number =>
  arrays.filter(a => a.space === 'workgroup').reduce((sum, a) => sum + Math.ceil(a.length / 4) * 16, 0);

function checkFit(program: Program, usage: Usage, { limits }: Gpu): void {
  const size = program.workgroupSize;
  const who = `webgpu: the kernel '${program.name}'`;
  if (!usage.structured) return;
  const invocations = size[0] * size[1] * size[2];
  if (invocations > limits.groupInvocations || size.some((n, axis) => n > limits.groupSize[axis]))
    throw new RangeError(
      `${who} has workgroups of ${size.join(' × ')} = ${invocations}; this device allows ${limits.groupInvocations} (${limits.groupSize.join(', ')} along the axes). Make @workgroup_size smaller.`,
    );
  const bytes = bytesOf(program.arrays);
  if (bytes > limits.groupBytes)
    throw new RangeError(
      `${who} has ${bytes} bytes of workgroup memory; this device allows ${limits.groupBytes}. Make its workgroup arrays smaller.`,
    );
}

/** What is to be compiled, and what is known of its launches. */
interface Task {
  readonly program: Program;
  readonly usage: Usage;
  readonly known: Known;
}

function compileLayout({ program, usage, known }: Task, layout: Layout, gpu: Gpu, reports: Reports): CompiledPass {
  const sumBindings = layout.pass === 'whole' ? 0 : layout.sumWindows;
  const count = layout.bindings.reduce((sum, { windows }) => sum + windows, sumBindings);
  const recordBytes = 4 * (fixedWords + layout.fields.length + 4);
  if (count > gpu.limits.storageBuffers || recordBytes > Commands.recordBytes)
    throw new RangeError(
      `webgpu: the kernel '${program.name}' has ${program.buffers.length} buffers, more than ${Math.floor(Commands.recordBytes / 12)} or than this device can bind packed. Split the kernel.`,
    );
  const wgsl = emit(program, usage, layout, known);
  const types = layout.bindings.flatMap(({ access, windows }) =>
    new Array<GPUBufferBindingLayout>(windows).fill({ type: access === 'read' ? 'read-only-storage' : 'storage' }),
  );
  for (let k = 0; k < sumBindings; k++) types.push({ type: 'storage' });
  const make = (): Made => pipelineOf(gpu, reports, program.name, wgsl, types);
  return { layout, wgsl, ...(program.general ? sharedPipeline(gpu, wgsl, make) : make()) };
}

/** The passes of a program, as they are unless buffers are large, and then as these groups of buffers are bound. */
function compilePasses(task: Task, gpu: Gpu, reports: Reports): Compiled {
  const { program, usage } = task;
  const passes = passesOf(usage).map(pass =>
    compileLayout(task, layoutOf(program, usage, pass, gpu.limits.storageBuffers), gpu, reports),
  );
  const refitted = new Map<string, CompiledPass>();
  const refit: Compiled['refit'] = (pass, groups, sumWindows) => {
    const key = [pass, sumWindows, ...groups.map(({ members, windows }) => `${members}:${windows}`)].join(';');
    let found = refitted.get(key);
    if (!found) {
      const shape = { windowWords: windowWordsOf(gpu.limits), sumWindows, based: true };
      found = compileLayout(task, layoutOfGroups(program, usage, pass, groups, shape), gpu, reports);
      refitted.set(key, found);
    }
    return found;
  };
  return { program, usage, passes, refit };
}

/** The passes a program takes. */
const passesOf = (usage: Usage): readonly Pass[] => (usage.sums.sites > 0 ? ['exponents', 'sums'] : ['whole']);

export function compileProgram(program: Program, gpu: Gpu, reports: Reports): WebGpuExecutable {
  const ownership = hasSums(program) ? scatterOwnership(program) : undefined;
  let [codeBytes, compileMs] = [0, 0];
  const reading = (owned: (sum: ScatterAdd) => boolean) => {
    const usage = usageOf(program, owned);
    checkFit(program, usage, gpu);
    const find = variantsOf(program, usage.structured, (known): Compiled => {
      const start = performance.now();
      const compiled = compilePasses({ program, usage, known }, gpu, reports);
      codeBytes += compiled.passes.reduce((sum, { wgsl }) => sum + wgsl.length, 0);
      compileMs += performance.now() - start;
      return compiled;
    });
    return { usage, find };
  };
  const usual = reading(sum => ownership?.get(sum) === 'owned');
  /** Counts within which the sums that are not shared are safe. */
  const limits = usual.usage.buffers.some(use => use.owned) ? countLimits(program) : [];
  /** With all sums shared, for launches beyond the limits. */
  let safe: typeof usual | undefined;
  return {
    program,
    get codeBytes() {
      return codeBytes;
    },
    get compileMs() {
      return compileMs;
    },
    variant(count, lengths) {
      if (limits.every(limit => keepsTo(count, limit))) return usual.find(count, lengths);
      safe ??= reading(() => false);
      return safe.find(count, lengths);
    },
  };
}

export function compileResolve(gpu: Gpu, reports: Reports): Pick<CompiledPass, 'pipeline' | 'bindGroupLayout'> {
  return pipelineOf(gpu, reports, 'sum', resolveShader, [{ type: 'read-only-storage' }, { type: 'storage' }]);
}
