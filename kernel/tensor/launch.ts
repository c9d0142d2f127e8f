/**
 * One launch: allocates the outputs, runs the program, and records the call if an input is tracked.
 *
 * Arguments have been checked by whoever built them (kernel.ts for users' kernels); here only the device is.
 */

import type { Storage } from '../backend/backend.ts';
import type { Device } from '../device/device.ts';
import { decide, execute } from '../device/execute.ts';
import type { Memory } from '../device/memory.ts';
import { adopt } from '../device/scope.ts';
import { fills } from '../ir/analysis/footprint.ts';
import type { Derived, Plan } from '../plan.ts';
import type { Count, Words } from '../words.ts';
import { makeTensor } from './construct.ts';
import { checkOutputs } from './debug.ts';
import { type Cotangents, type Rule, record } from './graph.ts';
import type { Tensor } from './tensor.ts';

const describe = (device: Device): string => `the ${device.kind === 'cpu' ? `CPU (${device.precision})` : 'GPU'}`;

/** The device that all inputs share. */
export function commonDevice(name: string, inputs: readonly Tensor[], inputNames?: readonly string[]): Device {
  const { device } = inputs[0];
  for (let k = 1; k < inputs.length; k++)
    if (inputs[k].device !== device)
      throw new TypeError(
        `${name}: ${inputNames ? `'${inputNames[0]}'` : 'one input'} is on ${describe(device)} and ${inputNames ? `'${inputNames[k]}'` : 'another'} ` +
          `on ${describe(inputs[k].device)}${describe(device) === describe(inputs[k].device) ? ', opened twice' : ''}; ` +
          'all must be on one device. Move one: await x.to(device).',
      );
  return device;
}

/** Runs a program, unrecorded. inputs and shapes in the order of plan.reads and plan.writes. */
export function run(
  plan: Plan,
  device: Device,
  inputs: readonly Tensor[],
  count: Count,
  shapes: readonly (readonly number[])[],
): Tensor[] {
  const lengths = shapes.map(sizeOf);
  const given = inputs.map(input => input.memory);
  const outputs = device.queue.add(plan, given, lengths, count) ?? runNow(plan, device, given, lengths, count);
  const results = outputs.map((memory, k) => {
    const tensor = makeTensor(memory, memory.type, shapes[k]);
    adopt(tensor);
    return tensor;
  });
  if (device.debug) {
    const storages = plan.slots.map(({ write, position }) => (write ? outputs : given)[position].storage);
    checkOutputs(device, plan.program, storages, results, count);
  }
  return results;
}

function runNow(
  plan: Plan,
  device: Device,
  inputs: readonly Memory[],
  lengths: readonly number[],
  count: Count,
): Memory[] {
  const { slots, writes, usage } = plan;
  const outputs: Memory[] = [];
  try {
    const given = inputs.map(input => input.storage);
    const runs = count[0] * count[1] * count[2] > 0;
    const filled = plan.sums && runs ? filledBySums(plan, device, given, lengths, count) : undefined;
    slots.forEach(({ write, position: k }, buffer) => {
      if (!write) return;
      const zero = !filled?.has(buffer) && !fills(usage.writes[k], count, lengths[k]);
      outputs.push(device.allocate(writes[k].type, lengths[k], zero));
    });
    const storages = slots.map(({ write, position }) => (write ? outputs[position].storage : given[position]));
    if (runs) execute(plan, device, storages, count);
  } catch (error) {
    for (const memory of outputs) memory.release();
    throw error;
  }
  return outputs;
}

/** Runs a program whose only output begins as a copy of a tensor, unrecorded. */
export function runOnto(plan: Plan, device: Device, inputs: readonly Tensor[], count: Count, base: Tensor): Tensor {
  const { type, size, shape } = base;
  const given = inputs.map(({ memory }) => memory.storage);
  const before = base.memory.storage;
  const memory = device.allocate(type, size, false);
  device.flush();
  device.backend.copy(before, memory.storage, size, 0, 0);
  const storages = plan.slots.map(({ write, position }) => (write ? memory.storage : given[position]));
  if (sizeOf(count) > 0) execute(plan, device, storages, count);
  const made = makeTensor(memory, type, shape);
  adopt(made);
  return made;
}

/** Buffers that the passes of its sums will write in full. */
function filledBySums(
  plan: Plan,
  device: Device,
  given: readonly Storage[],
  lengths: readonly number[],
  count: Count,
): ReadonlySet<number> | undefined {
  const inputAt = (k: number): Storage | undefined => (plan.slots[k].write ? undefined : given[plan.slots[k].position]);
  const length = (k: number): number => inputAt(k)?.length ?? lengths[plan.slots[k].position];
  const known = (k: number): Words | undefined => {
    const storage = inputAt(k);
    return storage && device.known(storage);
  };
  return decide(plan, device, { count, length, known })?.filled;
}

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Runs and records a program. */
export function launch(
  plan: Plan,
  device: Device,
  inputs: readonly Tensor[],
  count: Count,
  shapes: readonly (readonly number[])[],
): Tensor[] {
  const outputs = run(plan, device, inputs, count, shapes);
  const node = record(new LaunchRule(plan, device, count, shapes), inputs);
  if (node)
    outputs.forEach((output, slot) => {
      output.attach(node, slot);
    });
  return outputs;
}

/** Derivatives of a launch are launches, recorded in their turn. */
class LaunchRule implements Rule {
  private readonly plan: Plan;
  private readonly device: Device;
  private readonly count: Count;
  private readonly shapes: readonly (readonly number[])[];

  constructor(plan: Plan, device: Device, count: Count, shapes: readonly (readonly number[])[]) {
    this.plan = plan;
    this.device = device;
    this.count = count;
    this.shapes = shapes;
  }

  get name(): string {
    return this.plan.name;
  }
  get inputNames(): readonly string[] {
    return this.plan.inputNames;
  }

  reads(tracked: readonly boolean[]): readonly number[] {
    return this.plan.recomputed ? tracked.map((_, k) => k) : this.plan.readByDerivatives(tracked);
  }
  get again(): Rule['again'] {
    return this.plan.recomputed ? inputs => run(this.plan, this.device, inputs, this.count, this.shapes) : undefined;
  }

  vjp(inputs: readonly Tensor[], bars: Cotangents, wanted: readonly boolean[]): Cotangents {
    const { reads, writes } = this.plan;
    const active = reads.map((b, k) => b.type === 'f32' && wanted[k]);
    const seeded = writes.map((b, k) => b.type === 'f32' && bars[k] !== undefined);
    if (!active.includes(true) || !seeded.includes(true)) return [];
    const derived = this.plan.adjoint(active, seeded);
    return this.apply(
      derived,
      inputs,
      bars,
      derived.targets.map(k => inputs[k].shape),
    );
  }

  jvp(inputs: readonly Tensor[], dots: Cotangents): Cotangents {
    const active = this.plan.reads.map((b, k) => b.type === 'f32' && dots[k] !== undefined);
    if (!active.includes(true)) return [];
    const derived = this.plan.tangent(active);
    return this.apply(
      derived,
      inputs,
      dots,
      derived.targets.map(k => this.shapes[k]),
    );
  }

  private apply(
    derived: Derived,
    inputs: readonly Tensor[],
    seeds: Cotangents,
    shapes: readonly (readonly number[])[],
  ): Cotangents {
    const absent: Tensor[] = []; // an output read only for its length has no seed
    const args = derived.sources.map(({ from, position }, k) => {
      const given = from === 'input' ? inputs[position] : seeds[position];
      if (given) return given;
      const { type } = derived.plan.reads[k];
      const shape = this.shapes[position];
      absent.push(makeTensor(this.device.allocate(type, sizeOf(shape)), type, shape));
      return absent[absent.length - 1];
    });
    const results = launch(derived.plan, this.device, args, this.count, shapes);
    for (const made of absent) adopt(made);
    const placed: (Tensor | undefined)[] = [];
    derived.targets.forEach((position, k) => {
      placed[position] = results[k];
    });
    return placed;
  }
}

/**
 * An operation with derivatives of its own: `forward` runs unrecorded work, and its outputs get a node with `rule`.
 * The rule's own work is made of recorded operations, so it can be differentiated again.
 */
export function differentiable(
  rule: Rule,
  inputs: readonly Tensor[],
  forward: () => readonly Tensor[],
): readonly Tensor[] {
  const outputs = forward();
  const node = record(rule, inputs);
  if (node)
    outputs.forEach((output, slot) => {
      output.attach(node, slot);
    });
  return outputs;
}
