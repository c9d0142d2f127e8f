/**
 * Sums into a few words that all invocations of a launch share (a loss, the gradient of a parameter): kept in locals while the
 * chunk runs, two doubles each, and added to their words at its end,
 *
 *   word += (Σ lanes 0, 2) + (Σ lanes 1, 3).
 *
 * Through memory each addition would wait for the store before it. Scalar code still adds to the words themselves.
 */

import type { Program, ScatterAdd } from '../../../ir/ir.ts';
import { visit } from '../../../ir/traverse.ts';
import type { Emitter } from '../emitter.ts';
import { type Code, I32, V128 } from '../encode.ts';
import * as map from '../memory-map.ts';
import * as op from '../opcodes.ts';
import { sharedSums } from '../sums.ts';
import type { LaneEmitter, Total, Totals } from './emitter.ts';
import { level } from './form.ts';
import { f64x2, v128 } from './opcodes.ts';
import type { Rates } from './rates.ts';

/** More would crowd the registers. */
const mostTotals = 8;
const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** @param launch Emits what runs before the loops: the words' addresses. */
export function openTotals(program: Program, rates: Rates, launch: Emitter): Totals {
  const seen = new Set<number>();
  const sums: ScatterAdd[] = [];
  visit(program.body, inst => {
    if (inst.kind === 'load' || inst.kind === 'store') seen.add(inst.buffer);
    if (inst.kind === 'scatterAdd' && inst.value.type === 'f32' && rates.levelOf(inst.index) === level.launch)
      sums.push(inst);
  });
  const shared = sharedSums(program);
  const totals = new Map<ScatterAdd, Total>();
  for (const inst of sums.slice(0, mostTotals)) {
    if (seen.has(inst.buffer) || !shared.has(inst.buffer)) continue;
    const bytes = launch.wordBytes(inst.buffer);
    const offset = launch.word(inst.buffer, inst.stride, inst.offset * bytes, inst.index, map.sink);
    const address = launch.locals.fresh(I32).local;
    launch.code.set(address);
    totals.set(inst, { sum: launch.locals.fresh(V128).local, address, offset });
  }
  return totals;
}

/** Adds the lanes that run. */
export function emitTotal(inst: ScatterAdd, { sum }: Total, to: LaneEmitter): void {
  const { code, lanes, mask } = to;
  const value = to.holdLanes(inst.value);
  value.get();
  if (mask) {
    code.get(mask.local);
    lanes.widen(code, 'f32');
    code.vector(v128.and);
  }
  if (lanes.count === 4) {
    const running = to.keep(V128);
    running.get();
    code.vector(f64x2.promote);
    running.get();
    running.get();
    code.shuffle(upperHalf);
    code.vector(f64x2.promote, f64x2.add);
    running.free();
  }
  code.get(sum);
  code.vector(f64x2.add);
  code.set(sum);
  value.free();
}

/** After the loops. */
export function closeTotals(totals: Totals, code: Code): void {
  for (const { sum, address, offset } of totals.values()) {
    code.get(address);
    code.get(address);
    code.access(op.f64.load, 3, offset);
    for (const lane of [0, 1]) {
      code.get(sum);
      code.lane(f64x2.extract, lane);
    }
    code.op(op.f64.add, op.f64.add);
    code.access(op.f64.store, 3, offset);
  }
}
