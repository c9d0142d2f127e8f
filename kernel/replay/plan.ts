/**
 * From a trace to a replay: what must run each time, and which memory it runs on.
 *
 *   fixed      a launch that reads fixed slots alone has been run when the trace was made; its outputs are kept, not computed again
 *   dead       a launch is dropped if nothing that it writes is read later or returned, and of another what only such outputs are
 *              computed for; a fill is, if a launch fills the same words
 *   fused      launches over one range that hand on their own words are one (replay/fusion.ts)
 *   blocks     what is made and not returned shares blocks of memory with what is made after its last use
 *
 * The memory of a result is the caller's, bound anew each time. A result that is no slot of its own is copied to one where the
 * caller asks for it (`own`), and is otherwise told by what it is: something given, or something fixed.
 */

import type { ReplayOp, ReplaySlot, Storage } from '../backend/backend.ts';
import type { Trace } from '../device/trace.ts';
import { fills } from '../ir/analysis/footprint.ts';
import { type FusionOptions, fuseReplay, usageFor, withoutOutputs } from './fusion.ts';
import { type ReplayRun, touched } from './ops.ts';

export type Result =
  /** `same`: an earlier result that has this slot too. */
  | { readonly kind: 'slot'; readonly slot: number; readonly same?: number | undefined }
  | { readonly kind: 'given'; readonly slot: number }
  | { readonly kind: 'fixed'; readonly storage: Storage };

export interface ReplayPlan {
  readonly ops: readonly ReplayOp[];
  readonly slots: readonly ReplaySlot[];
  /** Whether given slot k is used. */
  readonly reads: readonly boolean[];
  readonly fixed: readonly { readonly slot: number; readonly storage: Storage }[];
  readonly blocks: readonly ReplaySlot[];
  /** Which block a slot has. */
  readonly places: readonly { readonly slot: number; readonly block: number }[];
  readonly results: readonly (Result | undefined)[];
  /** Slots of their own that must be 0 after each run. */
  readonly watched: readonly number[];
}

/** Slots that a launch writes from end to end, whatever they held. */
function filled(op: ReplayRun, slots: readonly ReplaySlot[]): readonly number[] {
  const { writes } = usageFor(op.executable.program);
  return touched(op).writes.filter((slot, k) => !writes[k].loaded && fills(writes[k], op.count, slots[slot].length));
}

/** Operations whose outcome is needed; `trim` is given a launch some of whose outputs are not. */
function live(
  ops: readonly ReplayOp[],
  slots: readonly ReplaySlot[],
  results: Iterable<number>,
  trim: (op: ReplayRun, dead: ReadonlySet<number>) => ReplayRun,
): ReplayOp[] {
  const needed = new Set(results);
  const kept: ReplayOp[] = [];
  for (const whole of ops.toReversed()) {
    const dead = new Set(touched(whole).writes.filter(slot => !needed.has(slot)));
    if (dead.size === touched(whole).writes.length) continue;
    const op = whole.kind === 'run' && dead.size > 0 ? trim(whole, dead) : whole;
    kept.push(op);
    // What a launch does not fill, it may read, and counts on what that held before, whether or not somebody asks for it after.
    for (const slot of touched(op).writes) needed.add(slot);
    for (const slot of op.kind === 'run' ? filled(op, slots) : op.kind === 'zero' ? [op.slot] : []) needed.delete(slot);
    for (const slot of touched(op).reads) needed.add(slot);
  }
  return kept.reverse();
}

/**
 * @param alone How many of the given, from the first on, may be told as results; later ones are copied.
 * @param own Whether result k must be a slot of its own.
 */
export function planReplay(
  trace: Trace,
  given: number,
  alone: number,
  own: (result: number) => boolean,
  fusion: FusionOptions,
): ReplayPlan {
  const { slots: known } = trace;
  const slots: ReplaySlot[] = known.map(({ storage: { type, length } }) => ({ type, length }));
  const ops = trace.ops.filter(
    (op): op is ReplayOp => op.kind !== 'write' && touched(op).writes.some(slot => !known[slot].fixed),
  );
  const taken = new Map<number, number>();
  const results = trace.results.map((slot, k): Result | undefined => {
    if (slot === undefined) return undefined;
    const { origin, fixed, storage } = known[slot];
    const made = origin === 'made' && !fixed;
    const same = taken.get(slot);
    if (made && !(own(k) && same !== undefined)) {
      taken.set(slot, same ?? k);
      return { kind: 'slot', slot, same };
    }
    if (!own(k) && slot < alone) return { kind: 'given', slot };
    if (!own(k) && fixed) return { kind: 'fixed', storage };
    const copy = slots.push(slots[slot]) - 1;
    ops.push({ kind: 'copy', from: slot, to: copy, words: slots[slot].length, fromWord: 0, toWord: 0 });
    return { kind: 'slot', slot: copy };
  });
  const watched = trace.watched.flatMap(slot => {
    if (known[slot].fixed) return []; // and was 0 when it was recorded
    const copy = slots.push(slots[slot]) - 1;
    ops.push({ kind: 'copy', from: slot, to: copy, words: slots[slot].length, fromWord: 0, toWord: 0 });
    return [copy];
  });
  const returned = new Set([...watched, ...results.flatMap(r => (r?.kind === 'slot' ? [r.slot] : []))]);
  const trimmed = live(ops, slots, returned, (op, dead) => withoutOutputs(op, dead, slots, fusion));
  const kept = live(fuseReplay(trimmed, slots, returned, fusion), slots, returned, op => op);
  const used = new Set(kept.flatMap(op => Object.values(touched(op)).flat()));
  const fixed = known.flatMap((s, slot) => (s.fixed && used.has(slot) ? [{ slot, storage: s.storage }] : []));
  const temporary = (slot: number): boolean => slot >= given && !known[slot]?.fixed && !returned.has(slot);
  const reads = Array.from({ length: given }, (_, k) => used.has(k));
  return { ops: kept, slots, reads, fixed, results, watched, ...place(kept, slots, temporary) };
}

/** Gives temporaries blocks, each to one after another; inputs of an operation never share with its outputs. */
function place(
  ops: readonly ReplayOp[],
  slots: readonly ReplaySlot[],
  temporary: (slot: number) => boolean,
): Pick<ReplayPlan, 'blocks' | 'places'> {
  const last = new Map<number, number>();
  const touches = ops.map(op => Object.values(touched(op)).flat().filter(temporary));
  touches.forEach((all, t) => {
    for (const slot of all) last.set(slot, t);
  });
  const blocks: ReplaySlot[] = [];
  const free: number[] = [];
  const blockOf = new Map<number, number>();
  const fits = (block: number, slot: number): boolean =>
    blocks[block].type === slots[slot].type && blocks[block].length === slots[slot].length;
  touches.forEach((all, t) => {
    for (const slot of all) {
      if (blockOf.has(slot)) continue;
      const found = free.findIndex(block => fits(block, slot));
      blockOf.set(slot, found < 0 ? blocks.push(slots[slot]) - 1 : free.splice(found, 1)[0]);
    }
    for (const slot of new Set(all)) if (last.get(slot) === t) free.push(blockOf.get(slot) as number);
  });
  return { blocks, places: [...blockOf].map(([slot, block]) => ({ slot, block })) };
}
