/** Blocks and control flow: structured IR is structured WebAssembly, values passing through locals. */

import type { Block, If, Inst, Value, While } from '../../ir/ir.ts';
import { emitArrayCopy, emitArrayFill, emitArrayLoad, emitArrayStore, emitLength } from './emit-array.ts';
import { emitAtomic } from './emit-atomic.ts';
import { emitLoad, emitScatterAdd, emitStore, shareAddresses } from './emit-buffer.ts';
import type { Emitter } from './emitter.ts';
import * as op from './opcodes.ts';
import { isDroppable } from './uses.ts';

/** Instructions of a block, in order. `mayWait`: pure values may be computed at their use. */
export function emitInsts(insts: readonly Inst[], block: Block, to: Emitter, mayWait = true): void {
  const addresses = shareAddresses(insts, to);
  for (const inst of insts) {
    if (isDroppable(inst) && !to.isWanted(inst.result)) continue;
    switch (inst.kind) {
      case 'const':
        break;
      case 'builtin':
      case 'pure':
        to.pure(inst, block, mayWait);
        break;
      case 'load':
        emitLoad(inst, addresses, to);
        break;
      case 'length':
        emitLength(inst, to);
        break;
      case 'store':
        emitStore(inst, addresses, to);
        break;
      case 'scatterAdd':
        emitScatterAdd(inst, to);
        break;
      case 'atomic':
        emitAtomic(inst, to);
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
        emitIf(inst, to);
        break;
      case 'while':
        emitWhile(inst, to);
        break;
      case 'barrier':
        throw new Error('wasm: a barrier inside a stretch without barriers.');
    }
  }
}

function emitIf(inst: If, to: Emitter): void {
  const { code } = to;
  to.push(inst.cond);
  const slots = inst.results.map(v => (to.isWanted(v) ? to.reserve([v], 0) : undefined));
  const arm = (block: Block) => {
    emitInsts(block.body, block, to);
    block.yields.forEach((v, k) => {
      to.push(v);
      const slot = slots[k];
      if (slot) code.set(slot.local);
      else code.op(op.drop);
    });
  };
  code.if();
  arm(inst.then);
  if (inst.else.body.length > 0 || inst.else.yields.length > 0) {
    code.else();
    arm(inst.else);
  }
  code.end();
  inst.results.forEach((v, k) => {
    const slot = slots[k];
    if (slot) to.settle(v, slot);
  });
}

/**
 * block { loop { cond; br_if out; body; params = next; br loop } }. A parameter and its result share a local, which is held
 * through the loop.
 */
function emitWhile(inst: While, to: Emitter): void {
  const { code, locals } = to;
  for (const v of inst.init) to.push(v);
  const slots = inst.params.map((param, k) => to.reserve([param, inst.results[k]], 1));
  for (const slot of slots.toReversed()) code.set(slot.local);
  to.opened(inst, slots);
  locals.enterLoop();
  code.block();
  code.loop();
  emitInsts(inst.cond.body, inst.cond, to);
  to.push(inst.cond.yields[0]);
  code.op(op.i32.eqz);
  code.branchIf(1);
  emitInsts(inst.body.body, inst.body, to);
  assignAtOnce(
    inst.body.yields,
    slots.map(slot => slot.local),
    inst.params,
    to,
  );
  code.branch(0);
  code.end();
  code.end();
  locals.leaveLoop();
  slots.forEach((slot, k) => {
    to.spill(inst.results[k], slot);
    locals.release(slot);
  });
}

/** All values are pushed before any target is set: they may be each other's. */
function assignAtOnce(values: readonly Value[], targets: readonly number[], unchanged: readonly Value[], to: Emitter) {
  const moved = values.map((v, k) => v !== unchanged[k]);
  values.forEach((v, k) => {
    to.push(v);
    if (!moved[k]) to.code.op(op.drop);
  });
  for (let k = values.length - 1; k >= 0; k--) if (moved[k]) to.code.set(targets[k]);
}
