/**
 * Runs a program on plain arrays: the oracle that passes and backends are held to.
 *
 * Invocations run one after another, in order of workgroup and of index within it; in a program with barriers whole workgroups
 * run, each invocation as a generator that stops at barriers. Sums (`scatterAdd`) are taken in double and rounded once at the end.
 */

import type { Count, Precision, Words } from '../words.ts';
import {
  type Address,
  type Atomic,
  type Block,
  type BuiltinName,
  blocksOf,
  type If,
  type Inst,
  type LocalArray,
  largestId,
  type Program,
  type Value,
  type While,
} from './ir.ts';
import { type ScalarFunction, scalarFunction, toType } from './scalar-ops.ts';
import { contains } from './traverse.ts';

/** One invocation: its values by id, its local arrays by id, its builtins. */
interface Frame {
  readonly values: Float64Array;
  readonly arrays: readonly Float64Array[];
  readonly builtins: Readonly<Record<BuiltinName, number>>;
}
type Step = (frame: Frame) => void;
type Steps = (frame: Frame) => Generator<void, void>;

export interface InterpretOptions {
  /** Instructions after which the run is given up as endless. */
  readonly maxSteps?: number;
}

type Memory = Float64Array | Int32Array | Uint32Array;

function memoryFor(type: 'f32' | 'i32' | 'u32', words: ArrayLike<number> | number, precision: Precision): Memory {
  if (type === 'i32') return typeof words === 'number' ? new Int32Array(words) : Int32Array.from(words);
  if (type === 'u32') return typeof words === 'number' ? new Uint32Array(words) : Uint32Array.from(words);
  if (typeof words === 'number') return new Float64Array(words);
  return precision === 'f32' ? Float64Array.from(words, Math.fround) : Float64Array.from(words);
}

const atomicFunctions: Record<Atomic['op'], (old: number, a: number, b: number) => number> = {
  add: (old, a) => old + a,
  sub: (old, a) => old - a,
  min: (old, a) => Math.min(old, a),
  max: (old, a) => Math.max(old, a),
  and: (old, a) => old & a,
  or: (old, a) => old | a,
  xor: (old, a) => old ^ a,
  exchange: (_, a) => a,
  load: old => old,
  store: (_, a) => a,
  compareExchange: (old, compare, a) => (old === compare ? a : old),
};

/**
 * @param words Per program.buffers: the data of a 'read' buffer, the length in words of a 'write' buffer.
 * @returns The words of every buffer after the launch, in fresh arrays.
 */
export function interpret(
  program: Program,
  words: readonly (ArrayLike<number> | number)[],
  count: Count,
  precision: Precision,
  { maxSteps = 1e9 }: InterpretOptions = {},
): Words[] {
  const memory = program.buffers.map((b, k) => memoryFor(b.type, words[k] ?? 0, precision));
  const stepper = makeStepper(program, memory, precision, maxSteps);
  const size = program.workgroupSize;
  const groups = count.map((n, axis) => Math.ceil(n / size[axis]));
  const valueCount = largestId(program.body) + 1;
  const makeArray = (a: LocalArray) => new Float64Array(a.length);

  for (let group = 0; group < groups[0] * groups[1] * groups[2]; group++) {
    const g = unflatten(group, groups);
    const shared = program.arrays.map(a => (a.space === 'workgroup' ? makeArray(a) : undefined));
    const suspended: Generator<void, void>[] = [];
    for (let local = 0; local < size[0] * size[1] * size[2]; local++) {
      const l = unflatten(local, size);
      const at = l.map((k, axis) => g[axis] * size[axis] + k);
      if (!stepper.generator && at.some((k, axis) => k >= count[axis])) continue;
      const builtins = {
        ...{ globalX: at[0], globalY: at[1], globalZ: at[2] },
        ...{ localX: l[0], localY: l[1], localZ: l[2], localIndex: local },
        ...{ workgroupX: g[0], workgroupY: g[1], workgroupZ: g[2] },
        ...{ groupsX: groups[0], groupsY: groups[1], groupsZ: groups[2] },
        ...{ countX: count[0], countY: count[1], countZ: count[2] },
      };
      const arrays = program.arrays.map((a, k) => shared[k] ?? makeArray(a));
      const frame: Frame = { values: new Float64Array(valueCount), arrays, builtins };
      if (stepper.generator) suspended.push(stepper.generator(frame));
      else stepper.run(frame);
    }
    let running = suspended;
    while (running.length > 0) running = running.filter(invocation => !invocation.next().done);
  }
  return memory.map(m => (m instanceof Float64Array && precision === 'f32' ? Float32Array.from(m) : m));
}

function unflatten(index: number, size: readonly number[]): [number, number, number] {
  return [index % size[0], Math.floor(index / size[0]) % size[1], Math.floor(index / (size[0] * size[1]))];
}

/** Compiles the body to closures; `generator` exists if there are barriers to stop at. */
function makeStepper(
  program: Program,
  memory: readonly Memory[],
  precision: Precision,
  maxSteps: number,
): { run: Step; generator?: Steps } {
  let stepsLeft = maxSteps;
  const holdsBarrier = (block: Block): boolean => contains(block, inst => inst.kind === 'barrier');
  const spend = (block: Block) => {
    stepsLeft -= block.body.length + 1;
    if (stepsLeft < 0) throw new Error(`interpret: ${program.name} ran more than ${maxSteps} instructions.`);
  };

  /** Assigns all at once: sources may be among the targets (swapped loop variables). */
  function assignment(targets: readonly Value[], sources: readonly Value[]): Step {
    const to = targets.map(v => v.id);
    const from = sources.map(v => v.id);
    const copies = new Float64Array(to.length);
    return ({ values }) => {
      for (let k = 0; k < from.length; k++) copies[k] = values[from[k]];
      for (let k = 0; k < to.length; k++) values[to[k]] = copies[k];
    };
  }

  function compile(block: Block): Step {
    const steps = block.body.map(compileInst);
    return frame => {
      spend(block);
      for (const step of steps) step(frame);
    };
  }
  function compileSteps(block: Block): Steps {
    const steps = block.body.map(inst => {
      if (inst.kind === 'barrier') return 'barrier';
      if (!blocksOf(inst).some(holdsBarrier)) return { step: compileInst(inst) };
      return { steps: inst.kind === 'if' ? ifSteps(inst) : whileSteps(inst as While) };
    });
    return function* (frame) {
      spend(block);
      for (const s of steps) {
        if (s === 'barrier') yield;
        else if ('step' in s) s.step?.(frame);
        else yield* s.steps(frame);
      }
    };
  }
  function ifSteps(inst: If): Steps {
    const arms = [inst.else, inst.then].map(b => ({ run: compileSteps(b), done: assignment(inst.results, b.yields) }));
    return function* (frame) {
      const arm = arms[frame.values[inst.cond.id]];
      yield* arm.run(frame);
      arm.done(frame);
    };
  }
  function whileSteps(inst: While): Steps {
    const start = assignment(inst.params, inst.init);
    const cond = compile(inst.cond);
    const body = compileSteps(inst.body);
    const next = assignment(inst.params, inst.body.yields);
    const done = assignment(inst.results, inst.params);
    const test = inst.cond.yields[0].id;
    return function* (frame) {
      start(frame);
      for (cond(frame); frame.values[test]; cond(frame)) {
        yield* body(frame);
        next(frame);
      }
      done(frame);
    };
  }
  /** Position in the buffer's memory, or −1. */
  function wordAt({ buffer, index, stride, offset }: Address): (values: Float64Array) => number {
    const { length } = memory[buffer];
    return values => {
      const word = values[index.id] * stride + offset;
      return word >= 0 && word < length ? word : -1;
    };
  }

  function compileInst(inst: Inst): Step {
    switch (inst.kind) {
      case 'const': {
        const { id, type } = inst.result;
        const value = type === 'f32' && precision === 'f32' ? Math.fround(inst.value) : inst.value;
        return ({ values }) => {
          values[id] = value;
        };
      }
      case 'builtin':
        return ({ values, builtins }) => {
          values[inst.result.id] = builtins[inst.name];
        };
      case 'pure': {
        const operand = inst.args[inst.op === 'select' ? 1 : 0];
        const f: ScalarFunction = scalarFunction(inst.op, operand.type, inst.result.type, precision);
        const r = inst.result.id;
        const [a, b, c] = inst.args.map(v => v.id);
        return ({ values }) => {
          values[r] = f(values[a], values[b], values[c]);
        };
      }
      case 'load': {
        const at = wordAt(inst);
        const from = memory[inst.buffer];
        return ({ values }) => {
          const word = at(values);
          values[inst.result.id] = word < 0 ? 0 : from[word];
        };
      }
      case 'length': {
        const elements = Math.floor(memory[inst.buffer].length / inst.stride);
        return ({ values }) => {
          values[inst.result.id] = elements;
        };
      }
      case 'store':
      case 'scatterAdd': {
        const at = wordAt(inst);
        const to = memory[inst.buffer];
        const adds = inst.kind === 'scatterAdd';
        return ({ values }) => {
          const word = at(values);
          if (word >= 0) to[word] = adds ? to[word] + values[inst.value.id] : values[inst.value.id];
        };
      }
      case 'atomic':
        return compileAtomic(inst);
      case 'arrayLoad':
        return ({ values, arrays }) => {
          values[inst.result.id] = arrays[inst.array.id][values[inst.index.id]] ?? 0;
        };
      case 'arrayStore':
        return ({ values, arrays }) => {
          const index = values[inst.index.id];
          if (index >= 0 && index < inst.array.length) arrays[inst.array.id][index] = values[inst.value.id];
        };
      case 'arrayFill':
        return ({ values, arrays }) => {
          arrays[inst.array.id].fill(values[inst.value.id]);
        };
      case 'arrayCopy':
        return ({ values, arrays }) => {
          const source = arrays[inst.source.id];
          const target = arrays[inst.target.id];
          const from = values[inst.sourceStart.id];
          const to = values[inst.targetStart.id];
          for (let k = 0; k < inst.length && to + k < target.length; k++) target[to + k] = source[from + k] ?? 0;
        };
      case 'if': {
        const arms = [inst.else, inst.then].map(b => ({ run: compile(b), done: assignment(inst.results, b.yields) }));
        return frame => {
          const arm = arms[frame.values[inst.cond.id]];
          arm.run(frame);
          arm.done(frame);
        };
      }
      case 'while': {
        const start = assignment(inst.params, inst.init);
        const cond = compile(inst.cond);
        const body = compile(inst.body);
        const next = assignment(inst.params, inst.body.yields);
        const done = assignment(inst.results, inst.params);
        const test = inst.cond.yields[0].id;
        return frame => {
          start(frame);
          for (cond(frame); frame.values[test]; cond(frame)) {
            body(frame);
            next(frame);
          }
          done(frame);
        };
      }
      case 'barrier':
        throw new Error('interpret: a barrier outside of the stepping code.');
    }
  }
  function compileAtomic(inst: Atomic): Step {
    const { target, result } = inst;
    const f = atomicFunctions[inst.op];
    const wrap = toType(result.type, precision) ?? (x => x);
    const [a, b] = inst.operands.map(v => v.id);
    const wordIn = 'array' in target ? undefined : wordAt(target);
    return ({ values, arrays }) => {
      const place = 'array' in target ? arrays[target.array.id] : memory[target.buffer];
      const word = wordIn ? wordIn(values) : values[target.index.id];
      const inside = word >= 0 && word < place.length;
      const old = inside ? place[word] : 0;
      if (inside) place[word] = wrap(f(old, values[a], values[b]));
      values[result.id] = old;
    };
  }

  if (holdsBarrier(program.body)) return { run: () => {}, generator: compileSteps(program.body) };
  return { run: compile(program.body) };
}
