/** Launches: passes dispatched one after another, shared sums resolved. What does not depend on the storages is worked out once. */

import type { Program } from '../../ir/ir.ts';
import type { Count } from '../../words.ts';
import type { WebGpuExecutable } from './compile.ts';
import type { GpuStorage } from './memory.ts';
import { preparePass } from './prepared-pass.ts';
import type { Runtime } from './runtime.ts';
import { prepareResolve, sumsOf } from './shared-sums.ts';

/** Enqueues a launch on storages of the lengths it was prepared for. */
export type Launch = (storages: readonly GpuStorage[]) => void;

/** One storage may be several inputs, but an output has its own. */
function checkStorages(program: Program, storages: readonly GpuStorage[]): void {
  program.buffers.forEach((buffer, k) => {
    for (let j = 0; j < k; j++) {
      const other = program.buffers[j];
      if (storages[j].buffer === storages[k].buffer && (buffer.access === 'write' || other.access === 'write'))
        throw new TypeError(
          `webgpu: the kernel '${program.name}' was given one storage for '${other.name}' and '${buffer.name}', which it writes; give it one of its own.`,
        );
    }
  });
}

export function prepare(
  runtime: Runtime,
  executable: WebGpuExecutable,
  lengths: readonly number[],
  count: Count,
): Launch {
  const { program } = executable;
  const total = count[0] * count[1] * count[2];
  if (total > 2 ** 31)
    throw new RangeError(
      `webgpu: '${program.name}' was launched with ${count.join(' × ')} invocations; at most 2³¹ can be numbered. Split the launch.`,
    );
  const check: Launch = storages => checkStorages(program, storages);
  if (total === 0) return check;
  const compiled = executable.variant(count, lengths);
  const { usage } = compiled;
  const sums = usage.sums.sites > 0 ? sumsOf(compiled, lengths, count) : undefined;
  const whole = { runtime, compiled, lengths, count, sums, check };
  const passes = compiled.passes.map(pass => preparePass(whole, pass));
  if (!sums) return storages => passes[0](storages, undefined);
  const resolve = prepareResolve(runtime, compiled, lengths, sums);
  const { memory, commands } = runtime;
  return storages => {
    check(storages);
    const { buffer, dirty } = memory.take(sums.scratch, `the sums of '${program.name}'`);
    if (dirty) commands.clear(buffer, sums.scratch);
    for (const pass of passes) pass(storages, buffer);
    resolve(storages, buffer);
    memory.give(buffer);
  };
}

interface Recent {
  readonly lengths: readonly number[];
  readonly count: Count;
  readonly launch: Launch;
}
const recent = new WeakMap<WebGpuExecutable, Recent>();

const isSame = (a: readonly number[], b: readonly number[]): boolean => a.every((n, k) => n === b[k]);

/** Prepared as the executable was for its last launch, if that was alike. */
export function launchFor(
  runtime: Runtime,
  executable: WebGpuExecutable,
  storages: readonly GpuStorage[],
  count: Count,
): Launch {
  const known = recent.get(executable);
  if (known && isSame(known.count, count) && known.lengths.every((n, k) => n === storages[k].length))
    return known.launch;
  const lengths = storages.map(({ length }) => length);
  const launch = prepare(runtime, executable, lengths, count);
  recent.set(executable, { lengths, count, launch });
  return launch;
}
