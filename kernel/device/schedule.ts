/**
 * How queued launches run: worked out once for each pattern of programs, counts, lengths, and of who needs what, since a loop
 * queues the same again and again.
 */

import { fills } from '../ir/analysis/footprint.ts';
import type { Plan } from '../plan.ts';
import type { Count } from '../words.ts';
import { compose } from './composed.ts';
import { fusedLaunch } from './fused-plans.ts';
import { groupsOf, type Launch } from './launch-groups.ts';
import type { Memory } from './memory.ts';
import { Needs } from './needs.ts';

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

interface Known {
  readonly pattern: Int32Array;
  readonly schedule: Schedule;
}

/** By a hash of the pattern. */
const known = new Map<number, Known>();
const mostKnown = 1000;

let words = new Int32Array(4096);
let length = 0;
let hash = 0;
let turn = 0;

function note(word: number): void {
  if (length === words.length) {
    const more = new Int32Array(2 * length);
    more.set(words);
    words = more;
  }
  words[length++] = word;
  hash = (Math.imul(hash, 0x01000193) ^ word) + (hash >>> 15);
}

function noteMemory(memory: Memory, memories: Memory[]): void {
  if (memory.turn !== turn) {
    memory.turn = turn;
    memory.number = memories.push(memory) - 1;
    memory.reads = 0;
  }
  note(memory.number);
}

function isKnown({ pattern }: Known): boolean {
  if (pattern.length !== length) return false;
  for (let k = 0; k < length; k++) if (pattern[k] !== words[k]) return false;
  return true;
}

/** @param mostBuffers Of a fused program. */
export function scheduled(
  launches: readonly Launch[],
  demanded: Memory | 'all' | undefined,
  mostBuffers: number,
): Scheduled {
  const memories: Memory[] = [];
  turn++;
  length = 0;
  hash = mostBuffers;
  note(mostBuffers);
  for (let k = 0; k < launches.length; k++) {
    const launch = launches[k];
    launch.place = k;
    note(2 * launch.plan.id + (launch.state === 'again' ? 1 : 0));
    for (let axis = 0; axis < 3; axis++) note(launch.count[axis]);
    for (const memory of launch.inputs) {
      noteMemory(memory, memories);
      memory.reads++;
    }
    for (const memory of launch.outputs) noteMemory(memory, memories);
  }
  for (const { length, owners, queued, reads } of memories) {
    note(length);
    note((owners > queued ? 1 : 0) + (queued > reads ? 2 : 0));
  }
  note(demanded === undefined ? -1 : demanded === 'all' ? -2 : demanded.number);
  const found = known.get(hash);
  if (found && isKnown(found)) return { schedule: found.schedule, memories };
  const [at, pattern] = [hash, words.slice(0, length)];
  const { settled, ...schedule } = makeSchedule(launches, demanded, mostBuffers);
  if (known.size >= mostKnown) known.clear();
  if (settled) known.set(at, { pattern, schedule });
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
