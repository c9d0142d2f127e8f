/**
 * Which queued launches run as one: those over the same range that hand on, from one to the next, only what each invocation
 * computes for itself. Groups run in order; a launch joins the first one that comes late enough for what it reads.
 */

import { type BufferUse, ownedExtent, sameSteps } from '../ir/analysis/footprint.ts';
import type { Plan } from '../plan.ts';
import type { Count } from '../words.ts';
import type { Memory } from './memory.ts';
import type { Needs } from './needs.ts';

export interface Launch {
  readonly plan: Plan;
  /** In the order of plan.reads and plan.writes. */
  readonly inputs: readonly Memory[];
  readonly outputs: readonly Memory[];
  readonly count: Count;
  /** 'parked': it ran, as part of another, and its output was not stored; 'again': it will run once more. */
  state: 'new' | 'parked' | 'again';
  /** The group that it is in, and its place in the queue; set while the queue runs. */
  group: number;
  place: number;
}

export interface Group {
  readonly launches: Launch[];
  readonly count: Count;
  readonly memories: Set<Memory>;
  /** Instructions; infinite if nothing may join. */
  size: number;
}

/** Small, so that what was fused compiles fast and keeps to registers. */
export const mostInsts = 400;
const mostCheap = 24;

/** Made in code, not written by a user: small and simple. */
export const isTensorOperation = ({ draft }: Plan): boolean => draft.source === '';

/** @param mostBuffers Of a fused program. */
export function groupsOf(launches: readonly Launch[], needs: Needs, mostBuffers: number): Group[] {
  const groups: Group[] = [];
  for (const launch of launches) launch.group = -1;
  // What is handed on runs where it is needed first.
  for (const launch of launches)
    if (!mayJoin(launch) || launch.outputs.some(needs.isEnd)) place(launch, groups, needs, mostBuffers);
  for (const launch of launches) place(launch, groups, needs, mostBuffers);
  return groups;
}

/** Puts a launch into the first group that may have it, together with those not yet placed that hand on to it. */
function place(launch: Launch, groups: Group[], needs: Needs, mostBuffers: number): void {
  if (launch.group >= 0) return;
  const gathered = new Set<Launch>();
  const gather = (member: Launch): void => {
    if (gathered.has(member)) return;
    member.inputs.forEach((memory, k) => {
      const source = needs.makerOf(memory);
      if (!source || source.group >= 0) return;
      if (isLink(memory, source, member, k) && mayJoin(source) && mayJoin(member)) gather(source);
      else place(source, groups, needs, mostBuffers);
    });
    gathered.add(member);
  };
  gather(launch);
  let members = [...gathered].filter(member => member.group < 0);
  // One that also hands on otherwise than within an invocation comes before.
  for (const member of members)
    member.inputs.forEach((memory, k) => {
      const source = needs.makerOf(memory);
      if (source && members.includes(source) && source.group < 0 && !isLink(memory, source, member, k))
        place(source, groups, needs, mostBuffers);
    });
  members = members.filter(member => member.group < 0);
  if (launch.group >= 0) return;
  const whole = emptyGroup(launch);
  const fits = members.every(member => {
    const room = hasRoom(whole, [member], needs, mostBuffers);
    if (room) add(whole, member, needs, -1);
    return room;
  });
  if (fits) join(members, groups, needs, mostBuffers);
  else for (const member of members) join([member], groups, needs, mostBuffers);
}

/** Sources outside of the members have been placed. */
function join(members: readonly Launch[], groups: Group[], needs: Needs, mostBuffers: number): void {
  let first = 0;
  for (const member of members)
    member.inputs.forEach((memory, k) => {
      const source = needs.makerOf(memory);
      if (source && source.group >= 0)
        first = Math.max(first, source.group + (isLink(memory, source, member, k) ? 0 : 1));
    });
  const joins = members.every(mayJoin);
  let at = joins ? groups.findIndex((group, g) => g >= first && hasRoom(group, members, needs, mostBuffers)) : -1;
  if (at < 0) at = groups.push(emptyGroup(members[0])) - 1;
  if (!joins) groups[at].size = Number.POSITIVE_INFINITY;
  for (const member of members) add(groups[at], member, needs, at);
}

const emptyGroup = ({ count }: Launch): Group => ({ launches: [], count, memories: new Set(), size: 0 });

function add(group: Group, launch: Launch, needs: Needs, at: number): void {
  for (const memory of launch.inputs)
    if (!group.launches.includes(needs.makerOf(memory) as Launch)) group.memories.add(memory);
  for (const memory of launch.outputs) if (needs.isEnd(memory)) group.memories.add(memory);
  group.launches.push(launch);
  group.size += launch.plan.usage.size;
  launch.group = at;
}

export const sameCount = (a: Count, b: Count): boolean => a[0] === b[0] && a[1] === b[1] && a[2] === b[2];

function mayJoin({ plan, outputs, count }: Launch): boolean {
  const { usage } = plan;
  if (!usage.separable || usage.size > mostInsts / 2) return false;
  return usage.writes.every((use, k) => !use.summed || isOwn(use, use, outputs[k].length, count));
}

function hasRoom(group: Group, members: readonly Launch[], needs: Needs, mostBuffers: number): boolean {
  const [{ count }] = members;
  const size = members.reduce((sum, { plan }) => sum + plan.usage.size, group.size);
  if (!(size <= mostInsts) || !sameCount(group.count, count)) return false;
  const inside = new Set([...group.launches, ...members]);
  const outside = members.flatMap(({ inputs }) =>
    inputs.filter(memory => !inside.has(needs.makerOf(memory) as Launch)),
  );
  // Kernels that have nothing to do with each other are left apart.
  const related = members.some(({ inputs }) =>
    inputs.some(memory => group.memories.has(memory) || group.launches.includes(needs.makerOf(memory) as Launch)),
  );
  if (!related && group.launches.length > 0 && !members.every(({ plan }) => isTensorOperation(plan))) return false;
  const ends = members.flatMap(({ outputs }) => outputs.filter(needs.isEnd));
  return new Set([...group.memories, ...outside, ...ends]).size <= mostBuffers;
}

/** Whether each invocation has the words of two footprints, of one buffer, to itself, and all of them exist. */
export function isOwn(a: BufferUse, b: BufferUse, length: number, count: Count): boolean {
  if (!a.footprint || !b.footprint || !sameSteps(a.footprint, b.footprint)) return false;
  const extent = ownedExtent(a.footprint, Math.max(a.footprint.high, b.footprint.high), count);
  return extent !== undefined && extent <= length;
}

/** Of a memory, or of a replay's slot. */
interface Sized {
  readonly length: number;
}

/** Words per invocation, in a one-dimensional launch with so many for each. */
export function shareOf({ length }: Sized, count: Count): number | undefined {
  return count[1] === 1 && count[2] === 1 && length % count[0] === 0 ? length / count[0] : undefined;
}

/** Whether a program that asks for the length of a memory may be told it by the count. */
export const knowsLength = ({ lengthStride }: BufferUse, of: Sized, count: Count): boolean =>
  lengthStride === undefined || lengthStride === shareOf(of, count);

/** Whether input k of a launch may be handed on to it, within the invocation, by the launch that makes it. */
function isLink(memory: Memory, source: Launch, launch: Launch, k: number): boolean {
  const { count } = launch;
  const read = launch.plan.usage.reads[k];
  const { buffer } = read;
  if (!sameCount(source.count, count) || buffer.uniform || buffer.type !== memory.type) return false;
  const written = source.plan.usage.writes[source.outputs.indexOf(memory)];
  return (
    isOwn(written, read, memory.length, count) &&
    knowsLength(written, memory, count) &&
    knowsLength(read, memory, count)
  );
}

/** Whether the words of an output may be left unwritten: nobody reads them but the invocation that wrote them. */
export function mayGo(use: BufferUse, memory: Memory, count: Count): boolean {
  return (!use.loaded || isOwn(use, use, memory.length, count)) && knowsLength(use, memory, count);
}

export const isOwnOutput = (use: BufferUse, memory: Memory, count: Count): boolean =>
  isOwn(use, use, memory.length, count);

/** Little enough to be computed a second time rather than stored: most intermediate results are garbage not collected yet. */
export const isCheap = ({ plan, state }: Launch): boolean =>
  state === 'new' && plan.writes.length === 1 && plan.usage.size <= mostCheap && isTensorOperation(plan);
