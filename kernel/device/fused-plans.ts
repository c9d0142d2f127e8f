/** Plans of fused launches, made once for each combination of programs, of how they hang together, and of what is needed afterwards. */

import type { Buffer } from '../ir/ir.ts';
import { fuse, type Part, type Slot } from '../ir/passes/fuse.ts';
import { Plan } from '../plan.ts';
import { type Group, isCheap, isOwnOutput, isTensorOperation, type Launch, mayGo, shareOf } from './launch-groups.ts';
import type { Memory } from './memory.ts';
import type { Needs } from './needs.ts';

export interface FusedLaunch {
  readonly plan: Plan;
  /** For each buffer of its program. */
  readonly memories: readonly Memory[];
  /** Outputs to be kept that the program never writes. */
  readonly zeros: readonly Memory[];
  /** Launches whose output is owned, but not stored: it has been used up, as far as can be seen. */
  readonly parked: ReadonlySet<Launch>;
}

interface Known {
  readonly plan: Plan;
  readonly slots: readonly number[];
}

const known = new Map<string, Known | 'seen'>();
const mostKnown = 1000;

/** One launch in place of a group's; undefined if they should better run one by one. */
export function fusedLaunch(
  { launches, count }: Pick<Group, 'launches' | 'count'>,
  needs: Needs,
): FusedLaunch | undefined {
  const memories: Memory[] = [];
  const buffers: Buffer[] = [];
  const slotOf = new Map<Memory, number>();
  const uses = new Map<Memory, number>();
  const numbers: number[][] = [];
  let key = '';
  for (const { plan, inputs, outputs } of launches) {
    const slots = plan.slots.map(({ write, position }, k) => {
      const memory = (write ? outputs : inputs)[position];
      const buffer = plan.draft.buffers[k];
      if (!write) uses.set(memory, (uses.get(memory) ?? 0) + 1);
      const found = slotOf.get(memory);
      if (found !== undefined && agree(buffers[found], buffer)) return found;
      const slot = memories.push(memory) - 1;
      buffers.push(buffer);
      if (found === undefined) slotOf.set(memory, slot);
      return slot;
    });
    numbers.push(slots);
    key += `${plan.id}:${slots};`;
  }
  const slots = memories.map((memory): Slot => ({ own: false, kept: true, share: shareOf(memory, count) }));
  const written = new Set<number>();
  const parked = new Set<Launch>();
  const missed = new Set(needs.missed);
  for (const launch of launches.toReversed()) {
    const { plan, inputs, outputs } = launch;
    plan.usage.writes.forEach((use, k) => {
      const memory = outputs[k];
      const inside = uses.get(memory) ?? 0;
      const wanted = needs.isWanted(memory);
      let kept =
        needs.readsOf(memory) > inside ||
        needs.isMissed(memory) ||
        !mayGo(use, memory, count) ||
        (wanted && (inside === 0 || needs.isDemanded(memory)));
      if (!kept && (wanted || missed.has(memory))) {
        kept = needs.demanded === 'all' || !isCheap(launch);
        if (!kept) {
          parked.add(launch);
          for (const input of inputs) missed.add(input);
        }
      }
      const slot = slotOf.get(memory) as number;
      written.add(slot);
      slots[slot] = { ...slots[slot], own: isOwnOutput(use, memory, count), kept };
    });
  }
  for (const { own, kept, share } of slots) key += `${own ? 'o' : ''}${kept ? 'k' : ''}${share ?? ''},`;
  let entry = known.get(key);
  // What users' kernels make together is fused when it comes again.
  if (entry === undefined && !launches.every(({ plan }) => isTensorOperation(plan))) {
    remember(key, 'seen');
    return undefined;
  }
  if (entry === undefined || entry === 'seen') {
    const parts = launches.map(({ plan }, k): Part => ({ program: plan.draft, slots: numbers[k] }));
    const fused = fuse(parts, slots);
    entry = { plan: new Plan(fused.program), slots: fused.slots };
    remember(key, entry);
  }
  const { plan, slots: used } = entry;
  const zeros = memories.filter((_, slot) => slots[slot].kept && written.has(slot) && !used.includes(slot));
  return { plan, memories: used.map(slot => memories[slot]), zeros, parked };
}

function remember(key: string, entry: Known | 'seen'): void {
  if (known.size >= mostKnown) known.clear();
  known.set(key, entry);
}

/** Whether two buffers of one memory may be one: what reads a written one has been checked by the group. */
const agree = (a: Buffer, b: Buffer): boolean =>
  a.access === 'write' || (a.type === b.type && a.uniform === b.uniform && a.count === b.count);
