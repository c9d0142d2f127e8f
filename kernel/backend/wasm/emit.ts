/**
 * IR → a WebAssembly module that exports `run(begin, end, frame, scratch)`: invocations begin ≤ n < end, x fastest, one after
 * another, or, in a program with workgroup memory or barriers, workgroups begin ≤ n < end. `frame` is the address of the launch
 * frame, `scratch` that of this thread's scratchBytes.
 *
 * What does not depend on the invocation (uniform loads above all) is computed before the loop.
 */

import {
  arraysOf,
  type Block,
  type BuiltinName,
  blocksOf,
  type Inst,
  type LocalArray,
  operandsOf,
  type Program,
} from '../../ir/ir.ts';
import { expandMath } from '../../ir/math/expand.ts';
import { visit } from '../../ir/traverse.ts';
import { ValueMap } from '../../ir/value-map.ts';
import { emitZero } from './emit-array.ts';
import { emitInsts } from './emit-block.ts';
import { cutAtBarriers, emitRegions, holdsBarrier, planSpills } from './emit-grouped.ts';
import { type BufferAccess, Emitter, paramCount, params } from './emitter.ts';
import { type Code, encodeModule, type Func, I32 } from './encode.ts';
import { loopOverGroups, loopOverInvocations } from './invocations.ts';
import type { Layout } from './layout.ts';
import { Locals } from './locals.ts';
import { type MathImport, MathImports } from './math.ts';
import * as map from './memory-map.ts';
import * as op from './opcodes.ts';
import { rotateLoops } from './rotate.ts';
import { emitVectorised, isVectorisable, laneScratchBytes } from './simd/emit.ts';
import { sharedSums, sumsInDouble, withSumsOf } from './sums.ts';
import { countUses, noUses } from './uses.ts';

export interface Emitted {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly imports: readonly MathImport[];
  /** The range is one of workgroups, not of invocations. */
  readonly grouped: boolean;
  readonly scratchBytes: number;
  /** Per buffer: sums are taken in doubles, in memory that the backend gives for the launch. */
  readonly wide: readonly boolean[];
  /** Scalar code of a program that could have vectors, which give the same bits. */
  readonly lacksVectors: boolean;
}

export interface EmitOptions {
  /** Whether the memory it will run on is shared by threads. */
  readonly shared?: boolean;
  /** Leave out vectors where scalar code gives the same bits. */
  readonly scalar?: boolean;
}

export function emitProgram(
  source: Program,
  layout: Layout,
  { shared = false, scalar = false }: EmitOptions = {},
): Emitted {
  const expanded = withSumsOf(source, layout.precision === 'f32' ? expandMath(source) : source);
  const barriers = holdsBarrier(expanded.body);
  const grouped = barriers || expanded.arrays.some(array => array.space === 'workgroup');
  const vectorisable = !grouped && isVectorisable(expanded);
  const lacksVectors = vectorisable && scalar && sharedSums(expanded).size === 0;
  const vectorised = vectorisable && !lacksVectors;
  const program = withSumsOf(expanded, vectorised ? rotateLoops(expanded) : expanded);
  if (program.buffers.length > map.bufferLimit)
    throw new RangeError(`${program.name}: ${program.buffers.length} buffers; at most ${map.bufferLimit} are allowed.`);
  const constants = new ValueMap<number>();
  visit(program.body, inst => {
    if (inst.kind === 'const') constants.set(inst.result, inst.value);
  });
  const imports = new MathImports();
  const regions = grouped ? cutAtBarriers(program.body, []) : [];
  const plan = grouped
    ? planSpills(regions, constants, layout)
    : { spills: new ValueMap<number>(), bytes: 0, uses: noUses() };
  if (!grouped) countUses(program.body.body, program.body, [], plan.uses);
  const scratch = map.mapScratch(program, layout, plan.bytes);
  const { uses, spills } = plan;
  const locals = new Locals(paramCount);
  const [group, record] = [locals.fresh(I32), locals.fresh(I32)];
  const hoisted = new ValueMap<number>();
  const setting = { program, layout, imports, constants, spills, scratch, locals, hoisted, group, record };
  const to = new Emitter(setting, uses);
  to.buffers = openBuffers(to);
  const size = program.workgroupSize;
  const records = grouped ? size[0] * size[1] * size[2] : 1;
  const scratchBytes = scratch.groupBytes + records * scratch.recordBytes;
  openScratch(to, scratch.groupBytes, grouped ? 0 : scratch.recordBytes);
  if (grouped) {
    loopOverGroups(to, scratch, scratchBytes, !barriers, (each, first) => emitRegions(regions, to, each, first));
  } else {
    const { body } = program;
    const cleared = clearedBefore(body);
    const zeroed = program.arrays.filter(array => cleared.get(array));
    if (vectorised) {
      const arraysAt = align16(scratchBytes) - scratch.groupBytes;
      const { code, others } = emitVectorised({ setting, opened: to.code, buffers: to.buffers, zeroed, arraysAt });
      return finish(code, locals, align16(scratchBytes) + laneScratchBytes(program), others);
    }
    const [fixed, varying] = partByInvariance(program);
    emitInsts(fixed, body, to, false);
    loopOverInvocations(to, builtinsIn(body), () => {
      for (const array of zeroed) emitZero(array, to);
      emitInsts(varying, body, to);
    });
  }
  return finish(to.code, locals, scratchBytes);

  function finish(code: Code, { types }: Locals, bytes: number, others: readonly Func[] = []): Emitted {
    const func: Func = { name: 'run', params: [I32, I32, I32, I32], results: [], locals: types, code };
    const wide = to.buffers.map(access => access?.wide ?? false);
    return {
      bytes: encodeModule(imports.list(), func, shared, others),
      imports: imports.list(),
      grouped,
      scratchBytes: bytes,
      wide,
      lacksVectors,
    };
  }
}

const align16 = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Loads the address and the length of each buffer that the program touches. */
function openBuffers(to: Emitter): (BufferAccess | undefined)[] {
  const { program, layout, code, locals } = to;
  const strides = program.buffers.map(() => new Set<number>());
  const summed = layout.precision === 'f32' ? sumsInDouble(program) : new Set<number>();
  visit(program.body, inst => {
    if (inst.kind === 'atomic') {
      if ('buffer' in inst.target) strides[inst.target.buffer].add(inst.target.stride);
    } else if ('buffer' in inst) strides[inst.buffer].add(inst.stride);
  });
  const forever = Number.POSITIVE_INFINITY;
  const fromFrame = (offset: number) => {
    const slot = locals.take(I32, forever);
    code.get(params.frame);
    code.access(op.i32.load, 2, offset);
    code.set(slot.local);
    return slot;
  };
  return program.buffers.map(({ type }, k) => {
    if (strides[k].size === 0) return undefined;
    const words = fromFrame(map.lengthAt(k));
    const limits = [...strides[k]].map(stride => {
      if (stride === 1) return [stride, words] as const;
      const limit = locals.take(I32, forever);
      code.get(words.local);
      code.i32(stride);
      code.op(op.i32.divU);
      code.set(limit.local);
      return [stride, limit] as const;
    });
    const wide = summed.has(k);
    return { type, wide, base: fromFrame(map.addressAt(k)), limits: new Map(limits) };
  });
}

/** @param recordBytes To clear once, for the words that stay zero after each array. */
function openScratch(to: Emitter, groupBytes: number, recordBytes: number): void {
  const { code } = to;
  code.get(params.scratch);
  code.tee(to.group.local);
  code.i32(groupBytes);
  code.op(op.i32.add);
  code.set(to.record.local);
  if (recordBytes === 0) return;
  code.get(to.record.local);
  code.i32(0);
  code.i32(recordBytes);
  code.fill();
}

/** Instructions of the outermost block that give every invocation the same, and the others. */
function partByInvariance(program: Program): [fixed: Inst[], varying: Inst[]] {
  const fixed: Inst[] = [];
  const varying: Inst[] = [];
  const values = new ValueMap<true>();
  for (const inst of program.body.body) {
    const same =
      inst.kind === 'const' ||
      inst.kind === 'length' ||
      (inst.kind === 'builtin' && /^(count|groups)/.test(inst.name)) ||
      inst.kind === 'pure' ||
      (inst.kind === 'load' && program.buffers[inst.buffer].access === 'read');
    if (!same || !operandsOf(inst).every(v => values.has(v))) varying.push(inst);
    else {
      fixed.push(inst);
      values.set(inst.result, true);
    }
  }
  return [fixed, varying];
}

/**
 * The local arrays of a block, and whether each must hold zeros where the block begins: all but those that are always filled before they
 * are read, since the innermost block that holds all their mentions begins them with a fill.
 */
function clearedBefore(block: Block): ReadonlyMap<LocalArray, boolean> {
  const needs = new Map<LocalArray, boolean>();
  const filled = new Set<LocalArray>();
  for (const inst of block.body) {
    if (inst.kind === 'arrayFill' && !needs.has(inst.array)) filled.add(inst.array);
    const inner = new Map<LocalArray, boolean>(arraysOf(inst).map(array => [array, !filled.has(array)]));
    for (const each of blocksOf(inst))
      for (const [array, need] of clearedBefore(each)) inner.set(array, inner.has(array) || need);
    for (const [array, need] of inner) needs.set(array, !filled.has(array) && (needs.has(array) || need));
  }
  return needs;
}

function builtinsIn(block: Block): Set<BuiltinName> {
  const names = new Set<BuiltinName>();
  visit(block, inst => {
    if (inst.kind === 'builtin') names.add(inst.name);
  });
  return names;
}
