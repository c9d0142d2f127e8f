/**
 * Snapshots of loop carries in a fixed amount of local memory, for loops of any length.
 *
 * Going forward, states are recorded every `spacing` iterations; when half of the slots are full, every second one is
 * dropped and the spacing doubles (online doubling). Going back to iteration t, the newest snapshot at or before t is
 * advanced, recording on the way into the slots that are free: every state if they suffice, otherwise into half of them,
 * evenly, which leaves the other half for the stretches between. With 64 slots the body is replayed at most twice more
 * than in the sweep itself up to 8 192 iterations, three times up to 500 000. Slots form a stack ordered by position.
 */

import type { Builder } from '../ir/builder.ts';
import type { LocalArray, Value } from '../ir/ir.ts';

/** Bytes of local memory a loop may use: WGSL guarantees 8 192 bytes of function variables. */
const budget = 4096;
const [fewest, most] = [8, 64];

export interface Snapshots {
  readonly total: number;
  /** 32-bit words in one snapshot, its position included. */
  readonly words: number;
  readonly position: LocalArray;
  readonly scalars: readonly LocalArray[];
  readonly arrays: readonly { readonly of: LocalArray; readonly slots: LocalArray }[];
}

export function snapshots(b: Builder, scalars: readonly Value[], arrays: readonly LocalArray[]): Snapshots {
  const words = 1 + scalars.length + arrays.reduce((sum, a) => sum + a.length, 0);
  const fit = Math.min(most, Math.max(fewest, Math.floor(budget / 4 / words)));
  const total = fit - (fit % 4); // half of it must be even
  return {
    total,
    words,
    position: b.localArray('snapshot.t', 'u32', total),
    scalars: scalars.map(v => b.localArray('snapshot', v.type, total)),
    arrays: arrays.map(of => ({ of, slots: b.localArray(`snapshot.${of.name}`, of.type, total * of.length) })),
  };
}

const plus = (b: Builder, x: Value, k: number) => b.pure('add', [x, b.u32(k)]);

/** Writes the current state (scalars given, arrays as they are) into a slot. */
function save(b: Builder, s: Snapshots, slot: Value, position: Value, values: readonly Value[]): void {
  b.arrayStore(s.position, slot, position);
  s.scalars.forEach((array, k) => {
    b.arrayStore(array, slot, values[k]);
  });
  for (const { of, slots } of s.arrays)
    b.arrayCopy(slots, b.pure('mul', [slot, b.u32(of.length)]), of, b.u32(0), of.length);
}

/** Reads a slot: the scalars are returned, the arrays overwritten. */
function restore(b: Builder, s: Snapshots, slot: Value): Value[] {
  for (const { of, slots } of s.arrays)
    b.arrayCopy(of, b.u32(0), slots, b.pure('mul', [slot, b.u32(of.length)]), of.length);
  return s.scalars.map(array => b.arrayLoad(array, slot));
}

/** State of the forward recording: slots in use, next iteration to record, spacing. */
export type Recording = readonly [used: Value, next: Value, spacing: Value];
export const startRecording = (b: Builder): Recording => [b.u32(0), b.u32(0), b.u32(1)];

/** At the start of iteration t: records the state if it is its turn. */
export function record(
  b: Builder,
  s: Snapshots,
  t: Value,
  [used, next, spacing]: Recording,
  values: readonly Value[],
): Recording {
  const results = b.if(
    b.pure('eq', [t, next]),
    () => {
      const full = b.pure('eq', [used, b.u32(s.total / 2)]);
      const [used2, spacing2] = b.if(
        full,
        () => {
          keepEverySecond(b, s);
          return [b.u32(s.total / 4), b.pure('mul', [spacing, b.u32(2)])];
        },
        () => [used, spacing],
      );
      save(b, s, used2, t, values);
      return [plus(b, used2, 1), b.pure('add', [t, spacing2]), spacing2];
    },
    () => [used, next, spacing],
  );
  return [results[0], results[1], results[2]];
}

function keepEverySecond(b: Builder, s: Snapshots): void {
  b.while(
    [b.u32(1)],
    ([j]) => b.pure('lt', [j, b.u32(s.total / 4)]),
    ([j]) => {
      const from = b.pure('mul', [j, b.u32(2)]);
      for (const array of [s.position, ...s.scalars]) b.arrayStore(array, j, b.arrayLoad(array, from));
      for (const { of, slots } of s.arrays) {
        const words = b.u32(of.length);
        b.arrayCopy(slots, b.pure('mul', [j, words]), slots, b.pure('mul', [from, words]), of.length);
      }
      return [plus(b, j, 1)];
    },
  );
}

/**
 * Emits the way back to the start of iteration t: pops what lies after t, restores, and advances.
 *
 * @param advance Emits one iteration's body from the state at its start (iteration number, scalars); the next scalars.
 * @returns Slots in use afterwards. The state is in `results` (values made by the caller) and in the arrays.
 */
export function goBack(
  b: Builder,
  s: Snapshots,
  t: Value,
  used: Value,
  results: readonly Value[],
  advance: (p: Value, values: readonly Value[]) => readonly Value[],
): Value {
  const last = b.pure('sub', [used, b.u32(1)]);
  const past = b.pure('gt', [b.arrayLoad(s.position, last), t]);
  const kept = b.pure('select', [past, last, used]);
  const slot = b.pure('sub', [kept, b.u32(1)]);
  const start = b.arrayLoad(s.position, slot);
  const state = restore(b, s, slot);
  const spacing = spacingFor(b, s, b.pure('sub', [t, start]), kept);
  const init = [start, kept, b.pure('add', [start, spacing]), ...state];
  const params = init.map(v => b.value(v.type));
  const cond = b.block(() => [b.pure('lt', [params[0], t])]);
  const body = b.block(() => {
    const [p, count, next, ...values] = params;
    const free = b.pure('lt', [count, b.u32(s.total)]);
    const [count2, next2] = b.if(
      b.pure('and', [b.pure('eq', [p, next]), free]),
      () => {
        save(b, s, count, p, values);
        return [plus(b, count, 1), b.pure('add', [p, spacing])];
      },
      () => [count, next],
    );
    return [plus(b, p, 1), count2, next2, ...advance(p, values)];
  });
  const usedNow = b.value('u32');
  b.push({ kind: 'while', init, params, cond, body, results: [b.value('u32'), usedNow, b.value('u32'), ...results] });
  return usedNow;
}

/** 1 if a snapshot of each of d states fits into the free slots; else d over half of them, rounded up. */
function spacingFor(b: Builder, s: Snapshots, d: Value, used: Value): Value {
  const free = b.pure('sub', [b.u32(s.total), used]);
  const half = b.pure('max', [b.pure('shr', [plus(b, free, 1), b.u32(1)]), b.u32(1)]);
  const even = b.pure('div', [b.pure('add', [d, b.pure('sub', [half, b.u32(1)])]), half]);
  return b.pure('select', [b.pure('le', [d, free]), b.u32(1), even]);
}
