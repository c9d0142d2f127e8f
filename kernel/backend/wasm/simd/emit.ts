/**
 * SPMD on SIMD: the body of a kernel for several invocations at a time, neighbours along x (Pharr & Mark, ispc: A SPMD compiler
 * for high-performance CPU programming, 2012). Scalar code of the same body runs what is left over at the ends of rows and
 * segments; both give the same bits.
 *
 * Programs with workgroup memory or barriers, with atomics, or of enormous size stay scalar; those that never ask where along x
 * they are; and those whose invocations may see what others store, which they do in order.
 */

import { readsOthers } from '../../../ir/analysis/affine.ts';
import type { LocalArray, Program } from '../../../ir/ir.ts';
import { contains, isPlain, size, visit } from '../../../ir/traverse.ts';
import { emitZero } from '../emit-array.ts';
import { emitInsts } from '../emit-block.ts';
import { type BufferAccess, Emitter, paramCount, type Setting } from '../emitter.ts';
import { Code, type Func, I32 } from '../encode.ts';
import { invocationBuiltins } from '../invocations.ts';
import * as op from '../opcodes.ts';
import { sharedSums } from '../sums.ts';
import { countUses, noUses } from '../uses.ts';
import { operandsIn } from './access.ts';
import { emitZero as emitLaneZero, mapArrays } from './emit-array.ts';
import { emitInsts as emitLaneInsts } from './emit-block.ts';
import { emitLanes } from './emit-pure.ts';
import { LaneEmitter } from './emitter.ts';
import { level } from './form.ts';
import { HoistEmitter } from './hoist.ts';
import { lanesOf } from './lanes.ts';
import { type ApartLoop, emitLoops, type VectorLoop } from './loop.ts';
import { NarrowEmitter } from './narrow.ts';
import { Rates } from './rates.ts';
import type { Guard } from './segment.ts';
import { SweptSegment } from './swept-segment.ts';
import { closeTotals, openTotals } from './totals.ts';
import { countLaneUses } from './uses.ts';
import { blocksRun, chosen, usualOutcomes } from './usual.ts';
import { isNarrow } from './worth.ts';

const mostInstructions = 20_000;
/** A row of a body without loops is worth its preparation from here on. */
const shortestPlainRow = 8;

export function isVectorisable(program: Program): boolean {
  if (size(program.body) > mostInstructions || !isPlain(program)) return false;
  if (!contains(program.body, inst => inst.kind === 'builtin' && inst.name === 'globalX')) return false;
  return !rereads(program) || (sharedSums(program).size === 0 && !readsOthers(program));
}

const rereads = ({ body, buffers }: Program): boolean =>
  contains(body, inst => inst.kind === 'load' && buffers[inst.buffer].access === 'write');

/** Bytes of scratch memory beyond the scalar code's: arrays, and if there are loops a vector to spare. */
export const laneScratchBytes = (program: Program): number => mapArrays(program).bytes + (hasLoops(program) ? 16 : 0);

const hasLoops = (program: Program): boolean => contains(program.body, inst => inst.kind === 'while');

export interface VectorSetting {
  readonly setting: Setting;
  /** Before the loops: buffers and scratch memory are open. */
  readonly opened: Code;
  readonly buffers: readonly (BufferAccess | undefined)[];
  /** Arrays that each invocation has to clear. */
  readonly zeroed: readonly LocalArray[];
  /** Where the lanes' arrays start, in bytes from the record. */
  readonly arraysAt: number;
}

/** The whole function, and those that it calls. */
export function emitVectorised({ setting, opened, buffers, zeroed, arraysAt }: VectorSetting): {
  readonly code: Code;
  readonly others: readonly Func[];
} {
  const { program, layout, locals } = setting;
  const rates = new Rates(program);
  const lanes = lanesOf(layout.precision);
  const [x, y, z] = [0, 1, 2].map(() => locals.fresh(I32).local);
  const hoists = [level.launch, level.row, level.segment].map(() => new HoistEmitter(setting, noUses(), buffers));
  const [launch, row] = hoists;
  row.builtin = invocationBuiltins(row, [x, y, z]);
  hoists[level.segment].builtin = invocationBuiltins(hoists[level.segment], [x, y, z]);
  launch.code.append(opened);
  const arrays = { local: 0, offsets: mapArrays(program).offsets };
  if (program.arrays.length > 0) {
    arrays.local = locals.fresh(I32).local;
    openArrays(launch, arrays.local, arraysAt, mapArrays(program).bytes);
  }
  let spare: number | undefined;
  if (hasLoops(program)) {
    spare = locals.fresh(I32).local;
    launch.code.get(launch.record.local);
    launch.code.i32(arraysAt + mapArrays(program).bytes);
    launch.code.op(op.i32.add);
    launch.code.set(spare);
  }
  hoistInsts(program, rates, hoists);
  const totals = openTotals(program, rates, launch);
  const segment = new SweptSegment(rates, hoists, lanes, spare);

  const scalarUses = noUses();
  const { body } = program;
  countUses(body.body, body, [], scalarUses, v => rates.levelOf(v) > level.row);
  const scalar = new Emitter(setting, scalarUses, buffers);
  scalar.builtin = invocationBuiltins(scalar, [x, y, z]);
  locals.enterLoop();
  for (const array of zeroed) emitZero(array, scalar);
  emitInsts(body.body, body, scalar);
  locals.leaveLoop();

  const outer = hoists[level.segment];
  const repeats = mayRepeat(program);
  const narrow = repeats && isNarrow(program, rates, lanes.count);
  const others: Func[] = [];
  const vector = narrow ? invocation() : vectorOfThem([]);
  const outcomes = narrow ? [] : usualOutcomes(program, rates);
  const usual = outcomes.length > 0 ? { ...vectorOfThem(outcomes), condition: segment.holds(outcomes) } : undefined;
  segment.finish();

  const whole = new Emitter(setting, noUses(), buffers);
  emitLoops(whole, { x, y, z }, segment, {
    launch: launch.code,
    row: row.code,
    segment: outer.code,
    scalar: scalar.code,
    vector,
    usual,
    lanes: narrow ? 1 : lanes.count,
    overlap: repeats,
    shortestRow: body.body.some(inst => inst.kind === 'while') ? lanes.count : shortestPlainRow,
  });
  closeTotals(totals, whole.code);
  return { code: whole.code, others };

  function vectorOfThem(outcomes: readonly Guard[]): VectorLoop {
    const taken = new Map(outcomes.map(({ value, truth }) => [value, truth]));
    const isWide = (buffer: number) => buffers[buffer]?.wide ?? false;
    const uses = countLaneUses(
      body,
      inst => {
        const side = chosen(inst, taken, rates);
        return side ? [side] : operandsIn(inst, rates, isWide);
      },
      v => rates.levelOf(v) > level.segment && !rates.isLine(v),
      inst => blocksRun(inst, taken),
    );
    const vector = new LaneEmitter(setting, uses, buffers, {
      rates,
      segment,
      totals,
      outcomes: taken,
      moves: !hasLoops(program),
      outer,
      x,
      arrays,
      emitLanes,
    });
    vector.builtin = invocationBuiltins(vector, [x, y, z]);
    locals.enterLoop();
    for (const array of zeroed) emitLaneZero(array, vector);
    emitLaneInsts(body.body, body, vector);
    locals.leaveLoop();
    vector.prefix.append(vector.code);
    return { entry: vector.entry, round: vector.prefix, step: vector.step };
  }

  function invocation(): ApartLoop {
    const uses = noUses();
    countUses(body.body, body, [], uses, v => rates.levelOf(v) > level.segment);
    const to = new NarrowEmitter(setting, uses, buffers, { rates, segment, outer, x });
    to.builtin = invocationBuiltins(to, [x, y, z]);
    const stop = locals.fresh(I32).local;
    const typeOf = (local: number) => (local < paramCount ? I32 : locals.types[local - paramCount]);
    const func = to.loop(stop, typeOf, () => {
      for (const array of zeroed) emitZero(array, to);
      emitInsts(body.body, body, to);
    });
    const call = new Code();
    for (const local of to.code.taken) call.get(local);
    call.call(setting.imports.list().length + others.push(func));
    return { stop, call };
  }
}

/** Computes all values of the launch and of a row, in the order of the program. */
function hoistInsts(program: Program, rates: Rates, hoists: readonly HoistEmitter[]): void {
  visit(program.body, inst => {
    if (!('result' in inst) || inst.kind === 'const' || rates.levelOf(inst.result) > level.row) return;
    emitInsts([inst], program.body, hoists[rates.levelOf(inst.result)], false);
  });
}

/** @param bytes To clear once, for the vectors that stay zero after each array. */
function openArrays(to: Emitter, local: number, at: number, bytes: number): void {
  const { code } = to;
  code.get(to.record.local);
  code.i32(at);
  code.op(op.i32.add);
  code.tee(local);
  code.i32(0);
  code.i32(bytes);
  code.fill();
}

/** An invocation may run twice if it only stores what it computes from inputs. */
const mayRepeat = (program: Program): boolean =>
  !rereads(program) && !contains(program.body, inst => inst.kind === 'scatterAdd');
