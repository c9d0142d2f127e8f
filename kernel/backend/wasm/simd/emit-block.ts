/**
 * Control flow of several lanes (Pharr & Mark 2012, ispc). Where all lanes agree it is ordinary control flow.
 *
 * if    each side runs under its part of the mask, and not at all if no lane is in it; results are blended by the condition.
 *       Short sides that only compute run always.
 * while runs until no lane goes on. A variable whose value is used afterwards keeps it in lanes that have stopped; one that all
 *       running lanes agree on stays a scalar.
 */

import type { Block, If, Inst, Value, While } from '../../../ir/ir.ts';
import { emitLength } from '../emit-array.ts';
import { emitLoad as emitScalarLoad } from '../emit-buffer.ts';
import { V128 } from '../encode.ts';
import type { Slot } from '../locals.ts';
import * as op from '../opcodes.ts';
import { isDroppable } from '../uses.ts';
import { emitElementSums } from './element-sums.ts';
import { emitArrayCopy, emitArrayFill, emitArrayLoad, emitArrayStore } from './emit-array.ts';
import { emitLoad, emitScatterAdd, emitStore } from './emit-buffer.ts';
import { type ElementAccess, emitLoads, emitStores, groupElements } from './emit-element.ts';
import { emitUniformLoad } from './emit-sweep.ts';
import type { LaneEmitter, Mask } from './emitter.ts';
import { v128 } from './opcodes.ts';
import { isIdle } from './uses.ts';

/** A side of a branch with at most this many instructions costs less than the branch. */
const shortSide = 8;

export function emitInsts(insts: readonly Inst[], block: Block, to: LaneEmitter): void {
  const groups = groupElements(insts, to);
  for (const inst of insts) {
    if (groups.others.has(inst)) continue;
    const group = groups.first.get(inst);
    if (group) {
      emitGroup(group, to);
      continue;
    }
    if (isDroppable(inst) && (!to.lives(inst.result) || !to.isWanted(inst.result))) continue;
    switch (inst.kind) {
      case 'const':
        break;
      case 'builtin':
      case 'pure':
        to.pure(inst, block, true);
        break;
      case 'load':
        if (to.isVector(inst.result)) emitLoad(inst, to);
        else if (to.sweepOf(inst)) emitUniformLoad(inst, to);
        else emitScalarLoad(inst, new Map(), to);
        break;
      case 'length':
        emitLength(inst, to);
        break;
      case 'store':
        emitStore(inst, to);
        break;
      case 'scatterAdd':
        emitScatterAdd(inst, to);
        break;
      case 'arrayLoad':
        emitArrayLoad(inst, to);
        break;
      case 'arrayStore':
        emitArrayStore(inst, to);
        break;
      case 'arrayFill':
        emitArrayFill(inst, to);
        break;
      case 'arrayCopy':
        emitArrayCopy(inst, to);
        break;
      case 'if':
        if (isIdle(inst, v => isLive(v, to))) break;
        if (to.isVector(inst.cond)) emitBlend(inst, to);
        else emitBranch(inst, to);
        break;
      case 'while':
        if (to.isVector(inst.cond.yields[0])) emitMaskedLoop(inst, to);
        else emitLoop(inst, to);
        break;
      default:
        throw new Error(`wasm: ${inst.kind} among lanes.`);
    }
  }
}

function emitGroup(group: readonly ElementAccess[], to: LaneEmitter): void {
  if (isOf('load', group)) emitLoads(group, to);
  else if (isOf('scatterAdd', group)) emitElementSums(group, to);
  else if (isOf('store', group) && !emitStores(group, to)) for (const store of group) emitStore(store, to);
}
const isOf = <K extends ElementAccess['kind']>(
  kind: K,
  group: readonly ElementAccess[],
): group is readonly Extract<ElementAccess, { kind: K }>[] => group[0].kind === kind;

/** A result that is used in the body, as a vector or a scalar; others are known or lines. */
const isLive = (v: Value, to: LaneEmitter): boolean => to.lives(v) && to.isWanted(v);

/** Pushes a value as the local of another holds it. */
function pushAs(value: Value, target: Value, to: LaneEmitter): void {
  if (to.isVector(target)) to.pushLanes(value);
  else to.push(value);
}

/** Uses a value up without wanting it. */
function discard(value: Value, to: LaneEmitter): void {
  if (to.lives(value)) to.hold(value).free();
}

function emitBranch(inst: If, to: LaneEmitter): void {
  const { code } = to;
  const outcome = to.outcomes.get(inst.cond);
  if (outcome === undefined) to.push(inst.cond);
  const slots = inst.results.map(v => (isLive(v, to) ? to.reserve([v], 0) : undefined));
  const outer = to.guards;
  const known = to.isKnownBefore(inst.cond);
  const arm = (block: Block, truth: boolean) => {
    if (known) to.guards = [...outer, { value: inst.cond, truth }];
    emitInsts(block.body, block, to);
    block.yields.forEach((v, k) => {
      const slot = slots[k];
      if (!slot) return;
      pushAs(v, inst.results[k], to);
      code.set(slot.local);
    });
    to.guards = outer;
  };
  if (outcome !== undefined) {
    arm(outcome ? inst.then : inst.else, outcome);
    return;
  }
  code.if();
  arm(inst.then, true);
  if (inst.else.body.length > 0 || slots.some(Boolean)) {
    code.else();
    arm(inst.else, false);
  }
  code.end();
}

/** No effects, no loops, little work: may run for lanes that do not want it. */
const isShort = (block: Block): boolean =>
  block.body.length <= shortSide &&
  block.body.every(
    inst => inst.kind === 'const' || inst.kind === 'builtin' || inst.kind === 'pure' || inst.kind === 'length',
  );

/** A branch that else computes nothing: what it computes is blended in where it ran, which may be seldom. */
function emitRare(inst: If, to: LaneEmitter): void {
  const { code, locals } = to;
  const outer = to.mask;
  const cond = to.hold(inst.cond);
  const slots = inst.results.map((v, k) => {
    if (!isLive(v, to)) return undefined;
    const slot = to.reserve([v], 0);
    to.pushLanes(inst.else.yields[k]);
    code.set(slot.local);
    return slot;
  });
  const mask = locals.take(V128, 1);
  cond.get();
  if (outer) {
    code.get(outer.local);
    code.vector(v128.and);
  }
  code.tee(mask.local);
  to.lanes.any(code);
  code.if();
  to.mask = mask;
  emitInsts(inst.then.body, inst.then, to);
  slots.forEach((slot, k) => {
    if (!slot) return;
    to.pushLanes(inst.then.yields[k]);
    code.get(slot.local);
    code.get(mask.local);
    to.lanes.widen(code, inst.results[k].type);
    code.vector(v128.bitselect);
    code.set(slot.local);
  });
  to.mask = outer;
  code.end();
  locals.release(mask);
  cond.free();
}

function emitBlend(inst: If, to: LaneEmitter): void {
  if (inst.else.body.length === 0 && !isShort(inst.then)) {
    emitRare(inst, to);
    return;
  }
  const { code, locals } = to;
  const outer = to.mask;
  const cond = to.hold(inst.cond);
  const live = inst.results.map(v => isLive(v, to));
  const side = (block: Block, truth: boolean): (Slot | undefined)[] => {
    const slots = block.yields.map((_, k) => (live[k] ? locals.take(V128, 1) : undefined));
    const fill = () => {
      emitInsts(block.body, block, to);
      block.yields.forEach((v, k) => {
        const slot = slots[k];
        if (!slot) return;
        to.pushLanes(v);
        code.set(slot.local);
      });
    };
    if (isShort(block)) {
      fill();
      return slots;
    }
    const mask = locals.take(V128, 1);
    if (outer) {
      code.get(outer.local);
      cond.get();
      code.vector(truth ? v128.and : v128.andnot);
    } else {
      cond.get();
      if (!truth) code.vector(v128.not);
    }
    code.tee(mask.local);
    to.lanes.any(code);
    code.if();
    to.mask = mask;
    fill();
    to.mask = outer;
    code.end();
    locals.release(mask);
    return slots;
  };
  const then = side(inst.then, true);
  const otherwise = side(inst.else, false);
  inst.results.forEach((v, k) => {
    const [a, b] = [then[k], otherwise[k]];
    if (!a || !b) return;
    code.get(a.local);
    code.get(b.local);
    cond.get();
    to.lanes.widen(code, v.type);
    code.vector(v128.bitselect);
    to.define(v);
    locals.release(a);
    locals.release(b);
  });
  cond.free();
}

function emitLoop(inst: While, to: LaneEmitter): void {
  const { code, locals } = to;
  inst.init.forEach((v, k) => {
    pushAs(v, inst.params[k], to);
  });
  const slots = inst.params.map((param, k) => to.reserve([param, inst.results[k]], 1));
  for (const slot of slots.toReversed()) code.set(slot.local);
  locals.enterLoop();
  code.block();
  code.loop();
  emitInsts(inst.cond.body, inst.cond, to);
  to.push(inst.cond.yields[0]);
  code.op(op.i32.eqz);
  code.branchIf(1);
  emitInsts(inst.body.body, inst.body, to);
  next(inst, to, slots);
  code.branch(0);
  code.end();
  code.end();
  locals.leaveLoop();
  for (const slot of slots) locals.release(slot);
}

/** All values are pushed before any variable is set: they may be each other's. `keep`: in lanes that do not run. */
function next(
  inst: While,
  to: LaneEmitter,
  slots: readonly Slot[],
  keep: readonly boolean[] = [],
  running?: Mask,
): void {
  const { code } = to;
  const { yields } = inst.body;
  const moves = yields.flatMap((v, k) => (v === inst.params[k] ? [] : [k]));
  yields.forEach((v, k) => {
    if (v === inst.params[k]) discard(v, to);
  });
  for (const k of moves) {
    pushAs(yields[k], inst.params[k], to);
    if (!keep[k] || !running || !to.isVector(inst.params[k])) continue;
    code.get(slots[k].local);
    code.get(running.local);
    to.lanes.widen(code, inst.params[k].type);
    code.vector(v128.bitselect);
  }
  for (const k of moves.toReversed()) code.set(slots[k].local);
}

function emitMaskedLoop(inst: While, to: LaneEmitter): void {
  const { code, locals } = to;
  const outer = to.mask;
  const live = inst.results.map(v => isLive(v, to));
  inst.init.forEach((v, k) => {
    pushAs(v, inst.params[k], to);
  });
  // A variable on which running lanes agree has a second place, for the lanes' last values.
  const slots = inst.params.map((param, k) =>
    to.isVector(param) ? to.reserve([param, inst.results[k]], 1) : to.reserve([param], 1),
  );
  for (const slot of slots.toReversed()) code.set(slot.local);
  const last = inst.params.map((param, k) => {
    if (to.isVector(param) || !live[k]) return undefined;
    const slot = to.reserve([inst.results[k]], 1);
    code.get(slots[k].local);
    to.lanes.splat(code, param.type);
    code.set(slot.local);
    return slot;
  });
  const running = locals.take(V128, 1);
  if (outer) code.get(outer.local);
  else code.get(to.segment.constant('i32', -1));
  code.set(running.local);
  to.mask = running;
  locals.enterLoop();
  code.block();
  code.loop();
  emitInsts(inst.cond.body, inst.cond, to);
  to.push(inst.cond.yields[0]);
  code.get(running.local);
  code.vector(v128.and);
  code.tee(running.local);
  to.lanes.any(code);
  code.op(op.i32.eqz);
  code.branchIf(1);
  emitInsts(inst.body.body, inst.body, to);
  next(inst, to, slots, live, running);
  last.forEach((slot, k) => {
    if (!slot) return;
    code.get(slots[k].local);
    to.lanes.splat(code, inst.params[k].type);
    code.get(slot.local);
    code.get(running.local);
    to.lanes.widen(code, inst.params[k].type);
    code.vector(v128.bitselect);
    code.set(slot.local);
  });
  code.branch(0);
  code.end();
  code.end();
  locals.leaveLoop();
  to.mask = outer;
  for (const slot of [...slots, ...last, running]) if (slot) locals.release(slot);
}
