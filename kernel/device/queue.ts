/**
 * Launches that wait, so that those over the same range can run as one.
 *
 * A launch enters with memory for its outputs that has no storage yet. The queue runs when somebody asks for such storage, at
 * the end of the current task, and when it is long. What nobody owns by then is neither stored nor, if nothing else needs it,
 * computed. What was only an intermediate result of a fused launch is not stored either, even if it is owned: its launch is
 * parked, to run again should somebody ask. Values are those of the launches one by one. What goes wrong in a launch is told to
 * whoever asks for its results.
 */

import { fills } from '../ir/analysis/footprint.ts';
import type { Plan } from '../plan.ts';
import type { Count } from '../words.ts';
import type { Device } from './device.ts';
import { execute } from './execute.ts';
import { isTensorOperation, type Launch } from './launch-groups.ts';
import { Memory } from './memory.ts';
import { Recorder } from './recorder.ts';
import { type Step, scheduled } from './schedule.ts';

const mostLaunches = 64;
/** Bytes that only queued launches keep. */
const mostIdle = 2 ** 27;
const mostInvocations = 2 ** 32;
const none: ReadonlySet<Launch> = new Set();
/** Of a fused program: a GPU has few bindings. */
const mostBuffers = { cpu: 32, webgpu: 8 } as const;

export class Queue {
  private readonly device: Device;
  private launches: Launch[] = [];
  private readonly parked = new Set<Launch>();
  /** Users' kernels that have run. */
  private readonly launched = new WeakSet<Plan>();
  private idleBytes = 0;
  private running = false;
  private scheduled = false;

  constructor(device: Device) {
    this.device = device;
  }

  /** Memory for the outputs of a launch that will run; undefined if it is one that must run at once. */
  add(plan: Plan, inputs: readonly Memory[], lengths: readonly number[], count: Count): Memory[] | undefined {
    const { device } = this;
    const total = count[0] * count[1] * count[2];
    if (device.debug || total === 0 || total >= mostInvocations || !this.takes(plan)) return undefined;
    for (const input of inputs) if (input.foreign) return undefined;
    if (this.idleBytes > mostIdle) this.flushAll();
    else if (this.launches.length >= mostLaunches) this.flush();
    const outputs = plan.writes.map(({ type }, k) => new Memory(device, type, lengths[k]));
    const launch: Launch = { plan, inputs, outputs, count, state: 'new', group: -1, place: 0 };
    for (const output of outputs) output.source = launch;
    for (const { source } of inputs) if (source) this.recall(source);
    retain(launch);
    this.launches.push(launch);
    if (!this.scheduled) {
      this.scheduled = true;
      queueMicrotask(() => {
        this.scheduled = false;
        this.flush();
      });
    }
    return outputs;
  }

  /** A user's kernel runs at once the first time, so that one which the device does not take is refused there. */
  private takes(plan: Plan): boolean {
    if (isTensorOperation(plan)) return true;
    if (this.launched.has(plan)) return plan.usage.separable;
    this.launched.add(plan);
    return false;
  }

  /** Puts a parked launch back, after those that it needs. */
  private recall(launch: Launch): void {
    if (launch.state !== 'parked') return;
    launch.state = 'again';
    this.parked.delete(launch);
    for (const { source } of launch.inputs) if (source) this.recall(source);
    this.launches.push(launch);
  }

  /** Computes a memory. */
  demand(memory: Memory): void {
    if (memory.source) this.recall(memory.source);
    this.flush(memory);
  }

  /** The memory is about to change: computes what is owned and made from it. */
  beforeWrite(memory: Memory): void {
    if (memory.queued === 0) return;
    for (const launch of this.parked) if (launch.inputs.includes(memory)) this.recall(launch);
    this.flush('all');
  }

  /** Computes everything that is owned. */
  private flushAll(): void {
    for (const launch of this.parked) this.recall(launch);
    this.flush('all');
  }

  /** Nobody owns what a parked launch would make. */
  abandon(launch: Launch): void {
    if (this.parked.delete(launch)) release(launch);
  }

  /** Runs all launches that somebody needs. */
  flush(demanded?: Memory | 'all'): void {
    const { launches } = this;
    if (launches.length === 0 || this.running) return;
    this.launches = [];
    this.running = true;
    try {
      const { backend } = this.device;
      const fixed = backend instanceof Recorder && backend.recording ? fixedOf(launches, backend) : none;
      if (fixed.size > 0) this.runAll(launches.filter(launch => fixed.has(launch)));
      this.runAll(fixed.size > 0 ? launches.filter(launch => !fixed.has(launch)) : launches, demanded);
    } catch (error) {
      discard(launches, error); // each step catches its own
    } finally {
      this.running = false;
      if (this.parked.size === 0) this.idleBytes = 0;
    }
  }

  private runAll(launches: readonly Launch[], demanded?: Memory | 'all'): void {
    if (launches.length === 1 && launches[0].outputs.every(isOwned)) {
      runAlone(launches[0], this.device);
      return;
    }
    const { schedule, memories } = scheduled(launches, demanded, mostBuffers[this.device.kind]);
    for (const step of schedule.steps) this.run(step, launches, memories);
    for (const place of schedule.dropped) release(launches[place]);
    for (const place of schedule.parked) this.park(launches[place]);
  }

  private run(step: Step, launches: readonly Launch[], memories: readonly Memory[]): void {
    const { plan, count, roles, zeros, completes, releases } = step;
    let failure: { readonly error: unknown } | undefined;
    try {
      const storages = step.memories.map((number, k) =>
        roles[k] === 'read' ? memories[number].storage : memories[number].materialise(roles[k] === 'clear'),
      );
      for (const number of zeros) memories[number].materialise(true);
      execute(plan, this.device, storages, count);
    } catch (error) {
      failure = { error };
    }
    for (const place of releases) release(launches[place]);
    for (const place of completes)
      for (const output of launches[place].outputs)
        if (failure) output.spoil(failure.error);
        else output.settle();
  }

  private park(launch: Launch): void {
    if (launch.outputs[0].owners === 0) release(launch);
    else {
      launch.state = 'parked';
      this.parked.add(launch);
    }
  }

  /** Only queued launches own this memory now. */
  idle(memory: Memory): void {
    this.idleBytes += this.device.bytesOf(memory);
  }

  /** Makes room by running what is queued; false if there is nothing to run. */
  relieve(): boolean {
    if (this.launches.length === 0 || this.running) return false;
    this.flush();
    return true;
  }

  /** Forgets what is queued. */
  clear(): void {
    const error = new Error('device: it was destroyed before this was computed; read what you need first.');
    const launches = [...this.launches, ...this.parked];
    this.launches = [];
    this.parked.clear();
    discard(launches, error);
  }
}

/** What does the same each time that a step is replayed. Fused with what differs it would run each time. */
function fixedOf(launches: readonly Launch[], recorder: Recorder): ReadonlySet<Launch> {
  const same = new Set<Launch>();
  for (const launch of launches)
    if (launch.inputs.every(({ source, held }) => (source ? same.has(source) : !held || recorder.isFixed(held))))
      same.add(launch);
  return same;
}

function discard(launches: readonly Launch[], error: unknown): void {
  launches.forEach(release);
  for (const { outputs } of launches) for (const output of outputs) output.spoil(error);
}

const isOwned = ({ owners }: Memory): boolean => owners > 0;

function runAlone(launch: Launch, device: Device): void {
  const { plan, inputs, outputs, count } = launch;
  try {
    const { usage, slots } = plan;
    const storages = slots.map(({ write, position }) =>
      write
        ? outputs[position].materialise(!fills(usage.writes[position], count, outputs[position].length))
        : inputs[position].storage,
    );
    execute(plan, device, storages, count);
    for (const output of outputs) output.settle();
  } catch (error) {
    for (const output of outputs) output.spoil(error);
  }
  release(launch);
}

function retain({ inputs }: Launch): void {
  for (const input of inputs) {
    input.queued++;
    input.retain();
  }
}

function release({ inputs }: Launch): void {
  for (const input of inputs) {
    input.queued--;
    input.release();
  }
}
