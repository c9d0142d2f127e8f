/**
 * How queued launches run: worked out once for each pattern of programs, counts, lengths, and of who needs what, since a loop
 * queues the same again and again.
 */

import type { Count } from './backend/backend.ts';
import { compose } from './composed.ts';
import { fusedLaunch } from './fused-plans.ts';
import { fills } from './ir/footprint.ts';
import { groupsOf, type Launch } from './launch-groups.ts';
import type { Memory } from './memory.ts';
import { Needs } from './needs.ts';
import type { Plan } from './plan.ts';

/** One launch; numbers are those of memories and launches in the pattern. */
export interface Step {
  readonly plan: Plan;
  readonly count: Count;
  /** For each buffer of the program: its memory, and whether it is read, written, or written after clearing. */
  readonly memories: readonly number[];
  readonly roles: readonly ('read' | 'write' | 'clear')[];
  /** Outputs that the program never writes. */
  readonly zeros: readonly number[];
  /** Launches that it completes, and of these the ones that need their inputs no more. */
  readonly completes: readonly number[];
  readonly releases: readonly number[];
}

export interface Schedule {
  readonly steps: readonly Step[];
  /** Launches whose output is owned, but not stored. */
  readonly parked: readonly number[];
  /** Launches that nobody needs any more. */
  readonly dropped: readonly number[];
}

export interface Scheduled {
  readonly schedule: Schedule;
  readonly memories: readonly Memory[];
}

const known = new Map<string, Schedule>();
const mostKnown = 1000;

let pattern = 0;

/** @param mostBuffers Of a fused program. */
export function scheduled(
  launches: readonly Launch[],
  demanded: Memory | 'all' | undefined,
  mostBuffers: number,
): Scheduled {
  const memories: Memory[] = [];
  pattern++;
  let key = `${mostBuffers}`;
  const note = (memory: Memory): void => {
    if (memory.pattern !== pattern) {
      memory.pattern = pattern;
      memory.number = memories.push(memory) - 1;
      memory.reads = 0;
    }
    key += `,${memory.number}`;
  };
  launches.forEach(({ plan, inputs, outputs, count, state }, k) => {
    launches[k].place = k;
    key += `${state === 'again' ? ';!' : ';'}${plan.id}x${count}`;
    for (const memory of inputs) {
      note(memory);
      memory.reads++;
    }
    for (const memory of outputs) note(memory);
  });
  for (const { length, owners, queued, reads } of memories)
    key += `;${length}${owners > queued ? 'w' : ''}${queued > reads ? 'm' : ''}`;
  if (demanded) key += demanded === 'all' ? ';all' : `;${demanded.number}`;
  let schedule = known.get(key);
  if (!schedule) {
    const { settled, ...made } = makeSchedule(launches, demanded, mostBuffers);
    schedule = made;
    if (known.size >= mostKnown) known.clear();
    if (settled) known.set(key, schedule);
  }
  return { schedule, memories };
}

/** Settled unless what runs one by one now is to be fused when it comes again. */
function makeSchedule(
  queued: readonly Launch[],
  demanded: Memory | 'all' | undefined,
  mostBuffers: number,
): Schedule & { readonly settled: boolean } {
  const steps: Step[] = [];
  let settled = true;
  const { launches, taken, parked, missed, dropped } = compose(queued, new Needs(queued, demanded), mostBuffers);
  const needs = new Needs(queued, demanded, launches, missed);
  const later = parked.map(placeOf);
  const late = new Set(taken.map(placeOf));
  const step = (
    plan: Plan,
    count: Count,
    memories: readonly Memory[],
    completes: readonly number[],
    zeros: readonly Memory[] = [],
  ): Step => ({
    plan,
    count,
    memories: memories.map(numberOf),
    roles: plan.slots.map(({ write, position }, k) =>
      write ? (fills(plan.usage.writes[position], count, memories[k].length) ? 'write' : 'clear') : 'read',
    ),
    zeros: zeros.map(numberOf),
    completes,
    releases: completes.filter(place => !late.has(place)),
  });
  for (const group of groupsOf(launches, needs, mostBuffers)) {
    const { count } = group;
    const fused = group.launches.length > 1 ? fusedLaunch(group, needs) : undefined;
    if (fused) {
      const { plan, memories, zeros } = fused;
      const completed = group.launches.filter(launch => !fused.parked.has(launch));
      steps.push(step(plan, count, memories, completed.map(placeOf), zeros));
      for (const launch of fused.parked) later.push(launch.place);
      continue;
    }
    settled &&= group.launches.length === 1;
    for (const { plan, inputs, outputs, place } of group.launches) {
      const memories = plan.slots.map(({ write, position }) => (write ? outputs : inputs)[position]);
      steps.push(step(plan, count, memories, [place]));
    }
  }
  const completed = steps.flatMap(({ completes }) => completes).filter(place => late.has(place));
  return { steps, parked: later, dropped: [...completed, ...dropped.map(placeOf)], settled };
}

const placeOf = ({ place }: Launch): number => place;
const numberOf = ({ number }: Memory): number => number;
