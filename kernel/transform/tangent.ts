/**
 * Forward mode: IR → IR. Every varied float gets a tangent beside it (Griewank & Walther, Evaluating Derivatives, 2nd ed., §3.1).
 *
 *   y = op(x₁ … xₙ)   ⇒   ẏ = Σᵢ ∂op/∂xᵢ · ẋᵢ                                           (1)
 *
 * Control flow is that of the original; loops carry tangents beside values; local arrays have a shadow of tangents.
 * `scatterAdd` stays `scatterAdd`, so the tangent of an adjoint needs no special case.
 */

import { Builder } from '../ir/builder.ts';
import {
  type Address,
  type Block,
  type Buffer,
  type Inst,
  type LocalArray,
  largestId,
  type Program,
  tangentName,
  type Value,
} from '../ir/ir.ts';
import { eliminateDeadCode } from '../ir/passes/dce.ts';
import { type Activity, varied } from './activity.ts';
import { dropBuffers, redirectLengths } from './buffers.ts';
import { ruleOf } from './derivatives.ts';
import { refuseUndifferentiable } from './refuse.ts';
import { sinkSelects } from './sink-selects.ts';

interface Context {
  readonly b: Builder;
  readonly varied: Activity;
  /** Tangents known so far; a value without one has tangent zero. */
  readonly dot: Map<Value, Value>;
  readonly shadow: ReadonlyMap<LocalArray, LocalArray>;
  /** Buffer number → number of the buffer of its tangent. */
  readonly tangentOf: ReadonlyMap<number, number>;
}

/**
 * @param inputs Names of the float inputs that have tangents.
 * @returns A program that reads the inputs and tangentName(x) of those, and writes tangentName(y) of every float output.
 * @throws KernelError if the program has no derivative.
 */
export function tangent(given: Program, inputs: ReadonlySet<string>): Program {
  refuseUndifferentiable(given);
  const program = sinkSelects(given);
  const buffers: Buffer[] = [...program.buffers];
  const tangentOf = new Map<number, number>();
  program.buffers.forEach((buffer, k) => {
    if (buffer.type === 'f32' && (buffer.access === 'write' || inputs.has(buffer.name)))
      tangentOf.set(k, buffers.push({ ...buffer, name: tangentName(buffer.name) }) - 1);
  });
  const b = new Builder(largestId(program.body) + 1, program.arrays);
  const activity = varied(program, inputs);
  const shadow = new Map([...activity.arrays].map(a => [a, b.localArray(tangentName(a.name), 'f32', a.length)]));
  const lengths = new Map([...tangentOf].filter(([k]) => program.buffers[k].access === 'write'));
  const source = redirectLengths(program.body, lengths);
  const body = tangentBlock({ b, varied: activity, dot: new Map(), shadow, tangentOf }, source, []);
  const whole = { ...program, name: tangentName(program.name), buffers, arrays: b.arrays, body };
  const originals = new Set(program.buffers);
  return dropBuffers(
    eliminateDeadCode(whole),
    (buffer, used) => used || (buffer.access === 'write' && !originals.has(buffer)),
  );
}

/** The block with tangents computed along; it yields what the original does, then the tangents of the yields listed in `also`. */
function tangentBlock(c: Context, block: Block, also: readonly number[]): Block {
  return c.b.block(() => {
    for (const inst of block.body) emit(c, inst);
    return [...block.yields, ...also.map(k => dotOf(c, block.yields[k]))];
  });
}

const dotOf = (c: Context, v: Value): Value => c.dot.get(v) ?? c.b.float(0);
const isVaried = (c: Context, v: Value) => c.varied.values.has(v);

/** Positions of the varied values, and fresh values for their tangents, which are recorded in c.dot. */
function dots(c: Context, values: readonly Value[], at: readonly number[]): Value[] {
  return at.map(k => {
    const dot = c.b.value('f32');
    c.dot.set(values[k], dot);
    return dot;
  });
}
const variedAt = (c: Context, values: readonly Value[]) => [...values.keys()].filter(k => isVaried(c, values[k]));

function emit(c: Context, inst: Inst): void {
  const { b } = c;
  b.at = inst.at;
  const addressOf = (a: Address) => [a.index, a.stride, a.offset] as const;
  switch (inst.kind) {
    case 'pure': {
      b.push(inst);
      let sum: Value | undefined;
      inst.args.forEach((arg, k) => {
        const dot = c.dot.get(arg);
        const rule = dot && ruleOf(inst.op, k, inst.args, inst.result);
        if (!dot || !rule) return;
        const term = rule(b, dot, inst.args, inst.result);
        sum = sum ? b.pure('add', [sum, term]) : term; // (1)
      });
      if (sum) c.dot.set(inst.result, sum);
      return;
    }
    case 'load': {
      b.push(inst);
      const dot = c.tangentOf.get(inst.buffer);
      if (dot !== undefined) c.dot.set(inst.result, b.load('f32', dot, ...addressOf(inst)));
      return;
    }
    case 'store':
    case 'scatterAdd': {
      const dot = c.tangentOf.get(inst.buffer);
      if (dot === undefined) return;
      if (inst.kind === 'store') b.store(dot, ...addressOf(inst), dotOf(c, inst.value));
      else if (c.dot.has(inst.value)) b.scatterAdd(dot, ...addressOf(inst), dotOf(c, inst.value));
      return;
    }
    case 'atomic':
      return; // integers; the result is unused
    case 'arrayLoad': {
      b.push(inst);
      const shadow = c.shadow.get(inst.array);
      if (shadow) c.dot.set(inst.result, b.arrayLoad(shadow, inst.index));
      return;
    }
    case 'arrayStore':
    case 'arrayFill': {
      b.push(inst);
      const shadow = c.shadow.get(inst.array);
      if (shadow) b.push({ ...inst, array: shadow, value: dotOf(c, inst.value) });
      return;
    }
    case 'arrayCopy': {
      b.push(inst);
      const target = c.shadow.get(inst.target);
      if (!target) return;
      const source =
        c.shadow.get(inst.source) ?? b.localArray(tangentName(inst.source.name), 'f32', inst.source.length);
      b.push({ ...inst, target, source });
      return;
    }
    case 'if': {
      const also = variedAt(c, inst.results);
      const then = tangentBlock({ ...c, dot: new Map(c.dot) }, inst.then, also);
      const otherwise = tangentBlock({ ...c, dot: new Map(c.dot) }, inst.else, also);
      b.push({ ...inst, then, else: otherwise, results: [...inst.results, ...dots(c, inst.results, also)] });
      return;
    }
    case 'while': {
      const also = variedAt(c, inst.params);
      const init = [...inst.init, ...also.map(k => dotOf(c, inst.init[k]))];
      const inner: Context = { ...c, dot: new Map(c.dot) };
      const params = [...inst.params, ...dots(inner, inst.params, also)];
      const cond = tangentBlock({ ...inner, dot: new Map(inner.dot) }, inst.cond, []);
      const body = tangentBlock(inner, inst.body, also);
      b.push({ ...inst, init, params, cond, body, results: [...inst.results, ...dots(c, inst.results, also)] });
      return;
    }
    default:
      b.push(inst);
  }
}
