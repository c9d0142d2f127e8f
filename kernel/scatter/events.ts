/**
 * A program that keeps what it would have summed: each event of a bundle (static-index.ts) gets a slot of its own.
 *
 *   slot = n · N + i           the n-th event of invocation i of N: neighbours write neighbouring slots
 *   slot = start[i] + n        where invocations have very different numbers of events
 *
 * The same walk makes the two programs that find out beforehand how many events each invocation has, and where each adds. They
 * follow both arms of a branch on floats, as the kept program counts both.
 */

import { Builder } from '../ir/builder.ts';
import { type Block, type Buffer, type If, type Inst, largestId, type Program, type Value } from '../ir/ir.ts';
import { eliminateDeadCode } from '../ir/passes/dce.ts';
import { simplify } from '../ir/passes/simplify.ts';
import { dropBuffers } from '../transform/buffers.ts';
import { compensated, settled } from './compensated.ts';
import { isEffect } from './slice.ts';
import type { Bundle, Fluid } from './static-index.ts';

/** Buffers appended to a program's own: slots are written to `slots`, `start` is read where slots are not in columns. */
export interface EventBuffers {
  readonly slots: Buffer;
  readonly start: Buffer | undefined;
}
const plain = { shape: [], count: undefined, uniform: false };
export const slotBuffer = (name: string, type: Buffer['type'], stride: number): Buffer => ({
  ...plain, name: `${name} kept`, type, access: 'write', stride, unique: true,
}); // biome-ignore format: one record
export const indexBuffer = (name: string): Buffer => ({
  ...plain, name, type: 'u32', access: 'read', stride: 1, unique: false,
}); // biome-ignore format: one record

/** Words of which each invocation keeps what it adds to them in all, at w · N + i. */
export interface Totals {
  readonly wordOf: ReadonlyMap<Inst, number>;
  readonly words: number;
  readonly buffer: Buffer;
}

/** What becomes of an event: its words are kept, or its index, or it is only counted. */
export type Keep = 'words' | 'index' | 'count';

export interface Kept {
  readonly bundle: Bundle;
  readonly buffers: EventBuffers;
}

export interface Changes {
  readonly kept: readonly Kept[];
  readonly totals?: readonly Totals[];
  /** Buffers whose words get one term at most, as they are then: sums into them become stores. */
  readonly stored?: ReadonlyMap<number, Buffer>;
  /** Buffers whose sums are dropped. */
  readonly dropped?: ReadonlySet<number>;
}

/** The program with these changes; its buffers are the program's and those given, as far as it uses them. */
export function keepEvents(
  program: Program,
  { kept, totals = [], stored = new Map(), dropped = new Set() }: Changes,
  { conditions }: Fluid,
  keep: Keep,
): Program {
  const b = new Builder(largestId(program.body) + 1, program.arrays);
  const added = kept.flatMap(({ buffers }) => [buffers.slots, ...(buffers.start ? [buffers.start] : [])]);
  const own = program.buffers.map((buffer, k) => stored.get(k) ?? buffer);
  const buffers = [...own, ...added, ...totals.map(t => t.buffer)];
  const running = totals.map(({ words }) => ['sums', 'lost'].map(name => b.localArray(name, 'f32', words)));
  const sites = new Map<string, number>();
  for (const [t, { wordOf }] of totals.entries())
    for (const w of wordOf.values()) sites.set(`${t} ${w}`, (sites.get(`${t} ${w}`) ?? 0) + 1);
  let loops = 0;
  const counters = kept.map(() => b.localArray('events', 'u32', 1));
  const place = new Map(kept.flatMap(({ bundle }, k) => bundle.events.map(event => [event[0], k] as const)));
  const member = new Map(
    kept.flatMap(({ bundle }) =>
      bundle.events.flatMap(event => event.map(sum => [sum as Inst, event[0] as Inst] as const)),
    ),
  );
  /** Undefined where events are only counted. */
  const slotOf = new Map<Inst, Value | undefined>();
  /** Inside a branch on floats: the counters at its start, and the events seen since. */
  let flat: { readonly base: readonly Value[]; readonly seen: number[] } | undefined;
  let [flatId, all]: readonly Value[] = [];

  const number = (k: number): Value => {
    const zero = b.u32(0);
    if (flat) return b.pure('add', [flat.base[k], b.u32(flat.seen[k]++)]);
    const n = b.arrayLoad(counters[k], zero);
    b.arrayStore(counters[k], zero, b.pure('add', [n, b.u32(1)]));
    return n;
  };
  function open(k: number): Value | undefined {
    const n = number(k);
    if (keep === 'count') return undefined;
    const { start } = kept[k].buffers;
    return start
      ? b.pure('add', [b.load('u32', buffers.indexOf(start), flatId), n])
      : b.pure('add', [b.pure('mul', [n, all]), flatId]);
  }
  function event(inst: Extract<Inst, { kind: 'scatterAdd' }>): boolean {
    const first = member.get(inst);
    if (first?.kind !== 'scatterAdd') return false;
    const k = place.get(first) ?? 0;
    const isNew = !slotOf.has(first);
    if (isNew) slotOf.set(first, open(k));
    const { bundle, buffers: own } = kept[k];
    const slot = slotOf.get(first);
    const at = buffers.indexOf(own.slots);
    if (slot && keep === 'words') {
      const word = bundle.words.findIndex(w => w.buffer === inst.buffer && w.offset === inst.offset);
      b.store(at, slot, bundle.words.length, word, inst.value);
    } else if (slot && isNew)
      b.store(at, slot, 1, 0, inst.index.type === 'u32' ? inst.index : b.pure('convert', [inst.index], 'u32'));
    return true;
  }
  function store(inst: Extract<Inst, { kind: 'scatterAdd' }>): boolean {
    if (!stored.has(inst.buffer)) return false;
    if (keep === 'words') b.store(inst.buffer, inst.index, inst.stride, inst.offset, inst.value);
    return true;
  }
  /** Adds to the invocation's own total. */
  function total(inst: Extract<Inst, { kind: 'scatterAdd' }>): boolean {
    const t = totals.findIndex(({ wordOf }) => wordOf.has(inst));
    const w = totals[t]?.wordOf.get(inst);
    if (w === undefined) return false;
    const [sums, lost] = running[t];
    const at = b.u32(w);
    if (loops === 0 && sites.get(`${t} ${w}`) === 1) b.arrayStore(sums, at, inst.value);
    else {
      const next = compensated(b, { sum: b.arrayLoad(sums, at), lost: b.arrayLoad(lost, at) }, inst.value);
      b.arrayStore(sums, at, next.sum);
      b.arrayStore(lost, at, next.lost);
    }
    return true;
  }
  /** One branch after the other, and the results chosen afterwards. */
  function bothArms({ cond, then, else: otherwise, results }: If): void {
    copyAll(then);
    copyAll(otherwise);
    results.forEach((result, k) => {
      b.push({ kind: 'pure', op: 'select', args: [cond, then.yields[k], otherwise.yields[k]], result });
    });
  }
  const copied = (block: Block): Block =>
    b.block(() => {
      copyAll(block);
      return block.yields;
    });
  function branch(inst: If): void {
    const outermost = !flat && conditions.has(inst);
    if (outermost) flat = { base: counters.map(c => b.arrayLoad(c, b.u32(0))), seen: counters.map(() => 0) };
    if (flat && keep !== 'words') bothArms(inst);
    else {
      const then = copied(inst.then);
      b.push({ ...inst, then, else: copied(inst.else) });
    }
    if (!outermost || !flat) return;
    const { base, seen } = flat;
    flat = undefined;
    counters.forEach((c, k) => {
      if (seen[k] > 0) b.arrayStore(c, b.u32(0), b.pure('add', [base[k], b.u32(seen[k])]));
    });
  }
  function copyAll(block: Block): void {
    for (const inst of block.body) {
      if (inst.kind === 'if') branch(inst);
      else if (inst.kind === 'while') {
        loops++;
        const cond = copied(inst.cond);
        b.push({ ...inst, cond, body: copied(inst.body) });
        loops--;
      } else if (inst.kind === 'scatterAdd' && (event(inst) || store(inst) || total(inst))) continue;
      else if (isEffect(inst) ? keep === 'words' && !(inst.kind === 'scatterAdd' && dropped.has(inst.buffer)) : true)
        b.push(inst);
    }
  }

  const body = b.block(() => {
    flatId = flatIdOf(b);
    all = invocationsOf(b);
    copyAll(program.body);
    if (keep === 'count')
      kept.forEach(({ buffers: own }, k) => {
        b.store(buffers.indexOf(own.slots), flatId, 1, 0, b.arrayLoad(counters[k], b.u32(0)));
      });
    totals.forEach(({ words, buffer }, t) => {
      const [sums, lost] = running[t];
      for (let w = 0; w < words; w++) {
        const at = b.u32(w);
        const sum = settled(b, { sum: b.arrayLoad(sums, at), lost: b.arrayLoad(lost, at) });
        b.store(buffers.indexOf(buffer), b.pure('add', [b.pure('mul', [all, at]), flatId]), 1, 0, sum);
      }
    });
    return [];
  });
  const whole = eliminateDeadCode({ ...program, buffers, arrays: b.arrays, body });
  return dropBuffers(simplify(whole), (_, used) => used);
}

/** countX · countY · countZ */
const invocationsOf = (b: Builder): Value =>
  (['countX', 'countY', 'countZ'] as const).map(name => b.builtin(name)).reduce((p, q) => b.pure('mul', [p, q]));

/** x + countX · (y + countY · z) */
function flatIdOf(b: Builder): Value {
  const row = b.pure('add', [b.builtin('globalY'), b.pure('mul', [b.builtin('countY'), b.builtin('globalZ')])]);
  return b.pure('add', [b.builtin('globalX'), b.pure('mul', [b.builtin('countX'), row])]);
}
