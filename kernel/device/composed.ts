/**
 * Launches that compute elements in place of loading them: a sum over x · y needs no storage for the products.
 *
 * An elementwise launch is taken into the one that reads its output if that loads each element once. What has been taken in
 * everywhere need not run by itself.
 */

import type { Fused, Part } from '../ir/passes/fuse.ts';
import { inlineMap, mapOf } from '../ir/passes/inline-map.ts';
import { size } from '../ir/traverse.ts';
import { Plan } from '../plan.ts';
import { isCheap, type Launch } from './launch-groups.ts';
import type { Memory } from './memory.ts';
import type { Needs } from './needs.ts';

interface Composed {
  readonly plan: Plan;
  readonly slots: readonly number[];
}

const known = new Map<string, Composed | 'none' | 'large'>();
const mostKnown = 1000;
/** With loops not unrolled. */
const mostInsts = 400;

export interface Composition {
  readonly launches: readonly Launch[];
  /** Whose inputs others read now. */
  readonly taken: readonly Launch[];
  /** Not needed now; their outputs are owned. */
  readonly parked: readonly Launch[];
  /** What these will read. */
  readonly missed: ReadonlySet<Memory>;
  /** Not needed at all. */
  readonly dropped: readonly Launch[];
}

export function compose(queued: readonly Launch[], needs: Needs, mostBuffers: number): Composition {
  const taken = new Set<Launch>();
  const makers = new Map<Memory, Launch>();
  const composed = queued.map(launch => {
    const now = launch.plan.readsOnce ? absorb(launch, makers, taken, needs, mostBuffers) : launch;
    for (const output of now.outputs) makers.set(output, now);
    return now;
  });
  const read = new Set<Memory>();
  const missed = new Set<Memory>();
  const launches: Launch[] = [];
  const parked: Launch[] = [];
  const dropped: Launch[] = [];
  for (const launch of composed.reverse()) {
    const { inputs, outputs } = launch;
    const needed = outputs.some(output => read.has(output) || needs.isMissed(output));
    const wanted = outputs.some(needs.isWanted);
    const recalled = outputs.some(output => missed.has(output));
    const spare = taken.has(launch) ? !outputs.some(needs.isDemanded) : !wanted && isCheap(launch);
    if (!needed && !wanted && !recalled) dropped.push(launch);
    else if (!needed && spare) {
      parked.push(launch);
      for (const memory of inputs) missed.add(memory);
    } else {
      launches.push(launch);
      for (const memory of inputs) read.add(memory);
    }
  }
  return { launches: launches.reverse(), taken: [...taken], parked, missed, dropped };
}

/**
 * The launch with all the maps before it taken in; as it was if that would be too large, or compute functions twice, since half
 * of it gains nothing.
 */
function absorb(
  launch: Launch,
  makers: ReadonlyMap<Memory, Launch>,
  taken: Set<Launch>,
  needs: Needs,
  mostBuffers: number,
): Launch {
  const absorbed: Launch[] = [];
  let now = launch;
  for (let k = 0; k < now.inputs.length; k++) {
    const source = makers.get(now.inputs[k]);
    const next = source && composition(source, now, k, mostBuffers);
    if (!next) continue;
    if (next === 'large' || (isCostly(source.plan) && needs.readsOf(source.outputs[0]) > 1)) return launch;
    absorbed.push(source);
    now = { ...now, ...next };
    k = -1;
  }
  for (const source of absorbed) taken.add(source);
  return now;
}

const costly = /^(exp|log|pow|a?(sin|cos|tan))/;
const isCostly = ({ draft }: Plan): boolean =>
  draft.body.body.some(inst => inst.kind === 'pure' && costly.test(inst.op));

/** The plan and inputs of a launch that has taken in what makes its input k; undefined if that cannot be. */
function composition(
  map: Launch,
  launch: Launch,
  k: number,
  mostBuffers: number,
): { readonly plan: Plan; readonly inputs: readonly Memory[] } | 'large' | undefined {
  const [output] = map.outputs;
  const { buffer, lengthStride } = launch.plan.usage.reads[k];
  if (!isCheap(map) || output.length !== map.count[0] || map.count[1] * map.count[2] !== 1) return undefined;
  if (buffer.type !== output.type || buffer.stride !== 1 || lengthStride !== undefined) return undefined;
  if (launch.inputs.indexOf(output) !== launch.inputs.lastIndexOf(output)) return undefined;
  const memories: Memory[] = [];
  const slotOf = (memory: Memory): number => {
    const found = memories.indexOf(memory);
    return found >= 0 ? found : memories.push(memory) - 1;
  };
  const partOf = ({ plan, inputs, outputs }: Launch): Part => ({
    program: plan.draft,
    slots: plan.slots.map(({ write, position }) => slotOf((write ? outputs : inputs)[position])),
  });
  const [first, second] = [partOf(map), partOf(launch)];
  const whole = new Set<number>();
  map.inputs.forEach((memory, j) => {
    if (memory.length === output.length && map.plan.usage.reads[j].buffer.stride === 1) whole.add(slotOf(memory));
  });
  const key = [map.plan.id, first.slots, [...whole], launch.plan.id, second.slots].join(';');
  let entry = known.get(key);
  if (!entry) {
    if (known.size >= mostKnown) known.clear();
    entry =
      whole.size > 0 && mapOf(map.plan.draft)
        ? made(inlineMap(first, second, slotOf(output), whole, memories.length))
        : 'none';
    known.set(key, entry);
  }
  if (entry === 'none') return undefined;
  if (entry === 'large' || entry.slots.length > mostBuffers) return 'large';
  const { plan, slots } = entry;
  const inputs = plan.slots.flatMap(({ write }, j) => (write ? [] : [memories[slots[j]]]));
  return { plan, inputs };
}

function made({ program, slots }: Fused): Composed | 'large' {
  const plan = new Plan(program, true);
  plan.readsOnce = true;
  return size(program.body) > mostInsts ? 'large' : { plan, slots };
}
