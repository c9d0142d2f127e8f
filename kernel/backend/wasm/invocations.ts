/** The loops over invocations and over workgroups, and the builtins that tell an invocation where it is. */

import type { BuiltinName } from '../../ir/ir.ts';
import { type Emitter, params, pushFrameBuiltin } from './emitter.ts';
import { type Code, I32 } from './encode.ts';
import type { ScratchMap } from './memory-map.ts';
import * as map from './memory-map.ts';
import * as op from './opcodes.ts';

const forever = Number.POSITIVE_INFINITY;
const axisOf = (name: BuiltinName): number => 'XYZ'.indexOf(name[name.length - 1]);

/** local += step */
export function advance(code: Code, local: number, step: number): void {
  code.get(local);
  code.i32(step);
  code.op(op.i32.add);
  code.set(local);
}

/** block { br_if (begin ≥ end); loop { body; begin++; br_if (begin ≠ end) } } */
function overRange(to: Emitter, body: () => void): void {
  const { code } = to;
  code.block();
  code.get(params.begin);
  code.get(params.end);
  code.op(op.i32.geU);
  code.branchIf(0);
  to.locals.enterLoop();
  code.loop();
  body();
  advance(code, params.begin, 1);
  code.get(params.begin);
  code.get(params.end);
  code.op(op.i32.ne);
  code.branchIf(0);
  code.end();
  to.locals.leaveLoop();
  code.end();
}

/** Coordinates of number `params.begin` in a box whose sizes are words of the frame. */
export function unflatten(to: Emitter, sizes: number, [x, y, z]: readonly number[]): void {
  const { code } = to;
  const size = (axis: number) => {
    code.get(params.frame);
    code.access(op.i32.load, 2, sizes + 4 * axis);
  };
  code.get(params.begin);
  size(0);
  code.op(op.i32.remU);
  code.set(x);
  code.get(params.begin);
  size(0);
  code.op(op.i32.divU);
  code.tee(z);
  size(1);
  code.op(op.i32.remU);
  code.set(y);
  code.get(z);
  size(1);
  code.op(op.i32.divU);
  code.set(z);
}

/** Pushes builtins of the invocation whose x, y and z are in locals; ids in the workgroup are remainders. */
export function invocationBuiltins(to: Emitter, global: readonly number[]): (name: BuiltinName) => void {
  const { code } = to;
  const size = to.program.workgroupSize;
  const within = (axis: number) => {
    code.get(global[axis]);
    code.i32(size[axis]);
    code.op(op.i32.remU);
  };
  return name => {
    if (name.startsWith('count') || name.startsWith('groups')) pushFrameBuiltin(code, name);
    else if (name.startsWith('global')) code.get(global[axisOf(name)]);
    else if (name === 'localIndex') {
      within(2);
      code.i32(size[1]);
      code.op(op.i32.mul);
      within(1);
      code.op(op.i32.add);
      code.i32(size[0]);
      code.op(op.i32.mul);
      within(0);
      code.op(op.i32.add);
    } else if (name.startsWith('local')) within(axisOf(name));
    else {
      code.get(global[axisOf(name)]);
      code.i32(size[axisOf(name)]);
      code.op(op.i32.divU);
    }
  };
}

/** One after another: x, y, z count along. */
export function loopOverInvocations(to: Emitter, builtins: ReadonlySet<BuiltinName>, body: () => void): void {
  const { code, locals } = to;
  const global = [0, 1, 2].map(() => locals.take(I32, forever).local);
  const count = [0, 1].map(axis => {
    const { local } = locals.take(I32, forever);
    pushFrameBuiltin(code, axis === 0 ? 'countX' : 'countY');
    code.set(local);
    return local;
  });
  to.builtin = invocationBuiltins(to, global);
  const needs = (axis: string) =>
    builtins.has('localIndex') ||
    [...builtins].some(name => /^(global|local|workgroup)/.test(name) && name.endsWith(axis));
  const needsZ = needs('Z');
  const needsY = needsZ || needs('Y');
  const needsX = needsY || needs('X');
  code.get(params.begin);
  code.get(params.end);
  code.op(op.i32.ltU);
  code.if();
  unflatten(to, map.frame.count, global);
  code.end();
  // x += 1; if x = count { x = 0; y += 1; … }
  const next = (axis: number) => {
    advance(code, global[axis], 1);
    const carries = axis === 0 ? true : needsZ;
    if (axis === 2 || !carries) return;
    code.get(global[axis]);
    code.get(count[axis]);
    code.op(op.i32.eq);
    code.if();
    code.i32(0);
    code.set(global[axis]);
    if (axis === 0 ? needsY : needsZ) next(axis + 1);
    code.end();
  };
  overRange(to, () => {
    body();
    if (needsX) next(0);
  });
}

/**
 * @param guarded Leave out invocations beyond the count.
 * @param body Is given the emitter of a loop over the workgroup's invocations, and that of "go to the first".
 */
export function loopOverGroups(
  to: Emitter,
  scratch: ScratchMap,
  scratchBytes: number,
  guarded: boolean,
  body: (eachInvocation: (inner: () => void) => void, firstInvocation: () => void) => void,
): void {
  const { code, locals } = to;
  const size = to.program.workgroupSize;
  const invocations = size[0] * size[1] * size[2];
  const group = [0, 1, 2].map(() => locals.take(I32, forever).local);
  const index = locals.take(I32, forever).local;
  // Place in the workgroup: (index / step) % size[axis]
  const within = (axis: number) => {
    const step = axis === 0 ? 1 : axis === 1 ? size[0] : size[0] * size[1];
    code.get(index);
    if (step > 1) {
      code.i32(step);
      code.op(op.i32.divU);
    }
    if (axis === 2 || step * size[axis] === invocations) return;
    code.i32(size[axis]);
    code.op(op.i32.remU);
  };
  const global = (axis: number) => {
    code.get(group[axis]);
    code.i32(size[axis]);
    code.op(op.i32.mul);
    within(axis);
    code.op(op.i32.add);
  };
  to.builtin = name => {
    if (name.startsWith('count') || name.startsWith('groups')) pushFrameBuiltin(code, name);
    else if (name.startsWith('global')) global(axisOf(name));
    else if (name === 'localIndex') code.get(index);
    else if (name.startsWith('local')) within(axisOf(name));
    else code.get(group[axisOf(name)]);
  };
  const firstInvocation = () => {
    code.i32(0);
    code.set(index);
    code.get(to.group.local);
    code.i32(scratch.groupBytes);
    code.op(op.i32.add);
    code.set(to.record.local);
  };
  const eachInvocation = (inner: () => void) => {
    firstInvocation();
    locals.enterLoop();
    code.loop();
    if (guarded) {
      [0, 1, 2].forEach(axis => {
        global(axis);
        pushFrameBuiltin(code, (['countX', 'countY', 'countZ'] as const)[axis]);
        code.op(op.i32.ltU);
      });
      code.op(op.i32.and, op.i32.and);
      code.if();
    }
    inner();
    if (guarded) code.end();
    advance(code, index, 1);
    advance(code, to.record.local, scratch.recordBytes);
    code.get(index);
    code.i32(invocations);
    code.op(op.i32.ne);
    code.branchIf(0);
    code.end();
    locals.leaveLoop();
  };
  overRange(to, () => {
    unflatten(to, map.frame.groups, group);
    if (scratchBytes > 0) {
      code.get(to.group.local);
      code.i32(0);
      code.i32(scratchBytes);
      code.fill();
    }
    body(eachInvocation, firstInvocation);
  });
}
