/**
 * Which values all invocations of a workgroup have alike, and where they may part: WGSL's uniformity analysis (§15.2) on structured SSA.
 * Barriers where they may have parted are errors, whatever the device: a GPU's compiler refuses them, and a CPU would go by one invocation.
 *
 * A value may differ if what it is computed from may, or if it is chosen by a condition that may; ids within the workgroup,
 * memory that invocations write, and what atomics return may. Rules are the standard's or looser: what constants decide is decided here.
 */

import { KernelError } from '../../error.ts';
import {
  type ArrayLoad,
  type Atomic,
  type Block,
  type If,
  type Inst,
  type LocalArray,
  operandsOf,
  type Program,
  resultsOf,
  type Value,
  type While,
} from '../ir.ts';
import { contains } from '../traverse.ts';

/** Why invocations of a workgroup may have different values of something, in words, and where that begins. */
interface Cause {
  readonly what: string;
  readonly at: number | undefined;
}
/** A load of workgroup memory. */
export type SharedLoad = ArrayLoad | (Atomic & { readonly target: { readonly array: LocalArray } });
/** Function memory that may differ. */
type Memory = Map<LocalArray, Cause>;

export interface Uniformity {
  /** Loads of workgroup memory that all invocations make alike, between two barriers: what workgroupUniformLoad is lowered to. */
  readonly loads: ReadonlySet<SharedLoad>;
  /** Barriers that not all invocations may reach, and why. */
  readonly astray: ReadonlyMap<Inst, Cause>;
}

export function uniformity(program: Program): Uniformity {
  const analysis = new Analysis(program);
  do {
    analysis.changed = false;
    analysis.block(program.body, undefined, new Map());
  } while (analysis.changed);
  return analysis;
}

/** @throws KernelError if a barrier stands where invocations of a workgroup may have parted. */
export function checkBarriers(program: Program): void {
  if (!contains(program.body, inst => inst.kind === 'barrier')) return;
  const { astray } = uniformity(program);
  if (astray.size === 0) return;
  const lineOf = (at: number) => program.source.slice(0, at).split('\n').length;
  const diagnostics = [...astray].map(([{ at }, { what, at: from }]) => ({
    message: `not all invocations of a workgroup may come to this barrier: it depends on ${what}${from === undefined ? '' : ` in line ${lineOf(from)}`}.`,
    at,
    remedy: 'All must come to a barrier: put the work under the condition, and the barrier outside of it.',
  }));
  throw new KernelError(program.name, program.source, diagnostics);
}

const within = /^(global|local)/;

class Analysis implements Uniformity {
  readonly loads = new Set<SharedLoad>();
  readonly astray = new Map<Inst, Cause>();
  /** Whether anything has become different since this was set to false; loops go on until nothing does. */
  changed = false;
  private readonly program: Program;
  private readonly causes = new Map<Value, Cause>();
  private readonly parted = new Map<While, Cause>();
  private readonly carried = new Map<While, Memory>();

  constructor(program: Program) {
    this.program = program;
  }

  /** @param flow Why not all invocations may be here. @param memory Changed to what it is after the block. */
  block(block: Block, flow: Cause | undefined, memory: Memory): void {
    block.body.forEach((inst, at) => {
      if (inst.kind === 'if') this.if(inst, flow, memory);
      else if (inst.kind === 'while') this.while(inst, flow, memory);
      else if (inst.kind === 'barrier') {
        if (flow) this.astray.set(inst, flow);
      } else if (isSharedLoad(inst)) this.sharedLoad(inst, block, at, flow);
      else {
        const cause = this.origin(inst, memory) ?? this.any(operandsOf(inst));
        for (const result of resultsOf(inst)) this.mark(result, cause);
        this.write(inst, cause ?? flow, memory);
      }
    });
  }

  private origin(inst: Inst, memory: Memory): Cause | undefined {
    const { buffers } = this.program;
    if (inst.kind === 'builtin' && within.test(inst.name)) return { what: "the invocation's id", at: inst.at };
    if (inst.kind === 'load' && buffers[inst.buffer].access === 'write')
      return { what: `'${buffers[inst.buffer].name}', which invocations write`, at: inst.at };
    if (inst.kind === 'atomic') return { what: 'what an atomic returns', at: inst.at };
    if (inst.kind === 'arrayLoad') return memory.get(inst.array);
    return inst.kind === 'arrayCopy' ? memory.get(inst.source) : undefined;
  }

  private write(inst: Inst, cause: Cause | undefined, memory: Memory): void {
    if (inst.kind === 'arrayFill') {
      if (cause) memory.set(inst.array, cause);
      else memory.delete(inst.array);
    } else if (cause && inst.kind === 'arrayStore') memory.set(inst.array, cause);
    else if (cause && inst.kind === 'arrayCopy') memory.set(inst.target, cause);
  }

  private sharedLoad(inst: SharedLoad, { body }: Block, at: number, flow: Cause | undefined): void {
    const { index, array } = inst.kind === 'atomic' ? inst.target : inst;
    const cause = this.causes.get(index) ?? flow;
    const before = body.slice(0, at).findLast(other => !isQuiet(other));
    const after = body.slice(at + 1).find(other => !isQuiet(other));
    if (!cause && before?.kind === 'barrier' && after?.kind === 'barrier') this.loads.add(inst);
    else {
      this.loads.delete(inst);
      this.mark(inst.result, cause ?? { what: `'${array.name}', which invocations write`, at: inst.at });
    }
  }

  private if(inst: If, flow: Cause | undefined, memory: Memory): void {
    const cond = this.condition(inst.cond, inst);
    const inner = flow ?? cond;
    const other: Memory = new Map(memory);
    this.block(inst.then, inner, memory);
    this.block(inst.else, inner, other);
    for (const [array, cause] of other) memory.set(array, cause);
    inst.results.forEach((result, k) => {
      const [a, b] = [inst.then.yields[k], inst.else.yields[k]];
      this.mark(result, this.any([a, b]) ?? (a === b ? undefined : inner));
    });
  }

  private while(inst: While, flow: Cause | undefined, memory: Memory): void {
    for (const [array, cause] of this.carried.get(inst) ?? []) memory.set(array, cause);
    const inner = flow ?? this.parted.get(inst);
    inst.params.forEach((param, k) => {
      const next = inst.body.yields[k];
      this.mark(param, this.any([inst.init[k], next]) ?? (next === param ? undefined : inner));
    });
    this.block(inst.cond, inner, memory);
    const ends = this.condition(inst.cond.yields[0], inst);
    if (ends && !this.parted.has(inst)) {
      this.parted.set(inst, ends);
      this.changed = true;
    }
    const after: Memory = new Map(memory);
    this.block(inst.body, inner ?? ends, after);
    const known = this.carried.get(inst);
    if ([...after.keys()].some(array => !known?.has(array))) {
      this.carried.set(inst, new Map([...(known ?? []), ...after]));
      this.changed = true;
    }
    inst.results.forEach((result, k) => {
      this.mark(result, this.causes.get(inst.params[k]));
    });
  }

  private condition(cond: Value, { at }: If | While): Cause | undefined {
    const cause = this.causes.get(cond);
    return cause && { what: cause.what, at: cause.at ?? at };
  }

  private any(values: readonly Value[]): Cause | undefined {
    for (const value of values) {
      const cause = this.causes.get(value);
      if (cause) return cause;
    }
    return undefined;
  }

  private mark(value: Value, cause: Cause | undefined): void {
    if (!cause || this.causes.has(value)) return;
    this.causes.set(value, cause);
    this.changed = true;
  }
}

const isSharedLoad = (inst: Inst): inst is SharedLoad =>
  (inst.kind === 'arrayLoad' && inst.array.space === 'workgroup') ||
  (inst.kind === 'atomic' && inst.op === 'load' && 'array' in inst.target);

/** Neither writes anything nor has blocks: may stand between a barrier and the load that belongs to it. */
const isQuiet = (inst: Inst): boolean =>
  inst.kind === 'const' || inst.kind === 'builtin' || inst.kind === 'pure' || isSharedLoad(inst);
