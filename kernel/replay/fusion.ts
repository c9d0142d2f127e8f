/**
 * Launches of a replay that hand on, from one to the next, what each invocation computes for itself: run as one (ir/passes/fuse.ts).
 *
 * A launch joins the last one that it depends on, if that runs over the same range. What nobody else reads is not stored.
 */

import type { Executable, ReplayOp, ReplaySlot } from '../backend/backend.ts';
import { isOwn, knowsLength, mostInsts, sameCount, shareOf } from '../device/launch-groups.ts';
import { type BufferUse, type Usage, usageOf } from '../ir/analysis/footprint.ts';
import type { Buffer, Program } from '../ir/ir.ts';
import { type Fused, fuse, type Part, type Slot } from '../ir/passes/fuse.ts';
import { visit } from '../ir/traverse.ts';
import { type ReplayRun, touched } from './ops.ts';

export interface FusionOptions {
  compile(program: Program): Executable;
  readonly mostBuffers: number;
  /** Whether to compile for a combination that has not been seen before. */
  readonly atOnce: boolean;
}

export function fuseReplay(
  ops: readonly ReplayOp[],
  slots: readonly ReplaySlot[],
  returned: ReadonlySet<number>,
  options: FusionOptions,
): readonly ReplayOp[] {
  const readers = new Map<number, number>();
  for (const op of ops) for (const slot of new Set(touched(op).reads)) readers.set(slot, (readers.get(slot) ?? 0) + 1);
  const out: ReplayOp[] = [];
  for (const op of ops) {
    if (op.kind === 'run') {
      const { writes } = touched(op);
      // What clears its outputs may as well come before the launch that it joins.
      const clears = out.filter(
        other =>
          other.kind === 'zero' &&
          writes.includes(other.slot) &&
          out.every(o => o === other || !touches(o, other.slot)),
      );
      const at = out.findLastIndex(other => !clears.includes(other) && conflict(other, op));
      const before = out[at];
      const joined = before?.kind === 'run' ? join(before, op, slots, returned, readers, options) : undefined;
      if (joined) {
        for (const slot of new Set(touched(op).reads)) readers.set(slot, (readers.get(slot) as number) - 1);
        for (const clear of clears) out.splice(out.indexOf(clear), 1);
        out.splice(out.indexOf(before), 1, ...clears, joined);
        continue;
      }
    }
    out.push(op);
  }
  return out;
}

const touches = (op: ReplayOp, slot: number): boolean => Object.values(touched(op)).some(all => all.includes(slot));

/** Whether the order of two operations matters. */
function conflict(a: ReplayOp, b: ReplayOp): boolean {
  const [first, second] = [touched(a), touched(b)];
  return (
    first.writes.some(slot => second.reads.includes(slot) || second.writes.includes(slot)) ||
    first.reads.some(slot => second.writes.includes(slot))
  );
}

const usages = new WeakMap<Program, Usage>();

export function usageFor(program: Program): Usage {
  const known = usages.get(program) ?? usageOf(program);
  usages.set(program, known);
  return known;
}

/** Programs with loops do enough by themselves, and take longer with more to hold in registers. */
function loops({ body }: Program): boolean {
  let found = false;
  visit(body, inst => {
    found ||= inst.kind === 'while';
  });
  return found;
}

/** How a launch uses its buffers, in the program's order. */
function usesOf({ buffers }: Program, { reads, writes }: Usage): readonly BufferUse[] {
  let [read, write] = [0, 0];
  return buffers.map(({ access }) => (access === 'write' ? writes[write++] : reads[read++]));
}

/** The launch without what only dead outputs are computed for. */
export function withoutOutputs(
  op: ReplayRun,
  dead: ReadonlySet<number>,
  slots: readonly ReplaySlot[],
  { compile, atOnce }: FusionOptions,
): ReplayRun {
  const { program } = op.executable;
  const usage = usageFor(program);
  const uses = usesOf(program, usage);
  const info = op.slots.map((slot, k): Slot => {
    const use = uses[k];
    const own = use.buffer.access === 'write' && isOwn(use, use, slots[slot].length, op.count);
    return { own, kept: !dead.has(slot) || (use.loaded && !own), share: shareOf(slots[slot], op.count) };
  });
  if (!usage.separable || info.every(({ kept }) => kept)) return op;
  const pruned = fusedOf([program], [op.slots.map((_, k) => k)], info, atOnce);
  return pruned ? { ...op, executable: compile(pruned.program), slots: pruned.slots.map(k => op.slots[k]) } : op;
}

function join(
  a: ReplayRun,
  b: ReplayRun,
  slots: readonly ReplaySlot[],
  returned: ReadonlySet<number>,
  readers: ReadonlyMap<number, number>,
  { compile, mostBuffers, atOnce }: FusionOptions,
): ReplayRun | undefined {
  const { count } = a;
  const programs = [a.executable.program, b.executable.program];
  const usage = programs.map(usageFor);
  if (!sameCount(count, b.count) || usage[0].size + usage[1].size > mostInsts) return undefined;
  const written = new Map<number, BufferUse>();
  const places: Place[] = [];
  const numbers: number[][] = [];
  for (const [part, { slots: own, executable }] of [a, b].entries()) {
    const uses = usesOf(executable.program, usage[part]);
    if (!usage[part].separable || loops(executable.program)) return undefined;
    numbers.push(
      own.map((slot, k) => {
        const { buffer } = uses[k];
        const found = places.findIndex(
          p => p.slot === slot && (p.buffer.access === 'write' || agree(p.buffer, buffer)),
        );
        return found >= 0 ? found : places.push({ slot, buffer }) - 1;
      }),
    );
    for (const [k, use] of uses.entries()) {
      const slot = own[k];
      const source = written.get(slot);
      const { length } = slots[slot];
      if (use.buffer.access === 'write') {
        if (source || places.some(p => p.slot === slot && p.buffer.access === 'read')) return undefined;
        if (use.summed && !isOwn(use, use, length, count)) return undefined;
        written.set(slot, use);
      } else if (source) {
        if (
          ![use, source].every(u => knowsLength(u, slots[slot], count)) ||
          use.buffer.uniform ||
          use.buffer.type !== source.buffer.type ||
          !isOwn(source, use, length, count)
        )
          return undefined;
      }
    }
  }
  if (places.length > mostBuffers) return undefined;
  const reads = touched(b).reads;
  const info = places.map(({ slot }): Slot => {
    const use = written.get(slot);
    const linked = reads.includes(slot) && !returned.has(slot) && readers.get(slot) === 1;
    return {
      own: use !== undefined && isOwn(use, use, slots[slot].length, count),
      kept: !use || !linked,
      share: shareOf(slots[slot], count),
    };
  });
  const fused = fusedOf(programs, numbers, info, atOnce);
  if (!fused) return undefined;
  return { kind: 'run', executable: compile(fused.program), slots: fused.slots.map(k => places[k].slot), count };
}

interface Place {
  readonly slot: number;
  readonly buffer: Buffer;
}

const agree = (a: Buffer, b: Buffer): boolean =>
  b.access === 'read' && a.type === b.type && a.uniform === b.uniform && a.count === b.count;

const ids = new WeakMap<Program, number>();
let programs = 0;

function idOf(program: Program): number {
  const id = ids.get(program) ?? programs++;
  ids.set(program, id);
  return id;
}

const known = new Map<string, Fused | 'seen'>();
const mostKnown = 1000;

/** Programs as one; undefined if they are seen for the first time and that is not enough. */
function fusedOf(
  parts: readonly Program[],
  numbers: readonly (readonly number[])[],
  slots: readonly Slot[],
  atOnce: boolean,
): Fused | undefined {
  const key = JSON.stringify([parts.map(idOf), numbers, slots]);
  const found = known.get(key);
  if (found && found !== 'seen') return found;
  if (known.size >= mostKnown) known.clear();
  if (!found && !atOnce) {
    known.set(key, 'seen');
    return undefined;
  }
  const fused = fuse(
    parts.map((program, k): Part => ({ program, slots: numbers[k] })),
    slots,
  );
  known.set(key, fused);
  return fused;
}
