/**
 * Loop carries that need no recording, because their value in iteration t is known:
 *
 *   c' = c          ⇒  c(t) = c₀                                            (1) invariant
 *   c' = c ± s      ⇒  c(t) = c₀ ± t·s, integers, modulo 2³²                (2) induction; s the same in every iteration
 *   flag            ⇒  true                                                 (3) a conjunct of the loop's own condition
 *
 * Float inductions are never inverted: rounding would not come back.
 */

import type { Builder } from '../ir/builder.ts';
import type { Block, Const, Inst, Value, While } from '../ir/ir.ts';
import { blocksOf, resultsOf } from '../ir/ir.ts';
import { type Substitution, substituted } from './replay.ts';

/** Emits the value of a carry in iteration t (u32), under a substitution for values outside the loop. */
export type ClosedForm = (b: Builder, t: Value, sub: Substitution) => Value;

/** Values of all constants of a program, wherever they stand. */
export type Constants = ReadonlyMap<Value, number>;

export function constantsOf(block: Block, found: Map<Value, number> = new Map()): Constants {
  for (const inst of block.body) {
    if (inst.kind === 'const') found.set(inst.result, inst.value);
    for (const inner of blocksOf(inst)) constantsOf(inner, found);
  }
  return found;
}

/** The closed form of each carry that has one, by position. */
export function closedForms(w: While, constants: Constants): ReadonlyMap<number, ClosedForm> {
  const inside = new Map<Value, Inst>();
  for (const inst of w.body.body) for (const v of resultsOf(inst)) inside.set(v, inst);
  const trueInside = conjuncts(w, constants);
  const forms = new Map<number, ClosedForm>();
  w.params.forEach((param, k) => {
    const next = w.body.yields[k];
    if (next === param)
      forms.set(k, (_, __, sub) => substituted(sub, w.init[k])); // (1)
    else if (trueInside.has(param))
      forms.set(k, b => b.bool(true)); // (3)
    else {
      const stride = strideOf(param, inside.get(next), inside, new Set(w.params));
      if (stride) forms.set(k, induction(w, k, stride)); // (2)
    }
  });
  return forms;
}

interface Stride {
  readonly op: 'add' | 'sub';
  /** A value from outside the loop, or a constant of its body. */
  readonly by: Value | Const;
}

function strideOf(
  param: Value,
  next: Inst | undefined,
  inside: ReadonlyMap<Value, Inst>,
  params: ReadonlySet<Value>,
): Stride | undefined {
  if (param.type !== 'i32' && param.type !== 'u32') return undefined;
  if (next?.kind !== 'pure' || (next.op !== 'add' && next.op !== 'sub')) return undefined;
  const [x, y] = next.args;
  const other = x === param ? y : y === param && next.op === 'add' ? x : undefined;
  if (!other || params.has(other)) return undefined;
  const definition = inside.get(other);
  if (!definition) return { op: next.op, by: other };
  return definition.kind === 'const' ? { op: next.op, by: definition } : undefined;
}

function induction(w: While, k: number, { op, by }: Stride): ClosedForm {
  return (b, t, sub) => {
    const type = w.params[k].type;
    const stride = 'kind' in by ? b.const(type, by.value) : substituted(sub, by);
    const steps = type === 'u32' ? t : b.pure('convert', [t], type);
    return b.pure(op, [substituted(sub, w.init[k]), b.pure('mul', [steps, stride])]);
  };
}

/** Boolean carries that are true whenever the body runs. */
function conjuncts(w: While, constants: Constants): ReadonlySet<Value> {
  const inside = new Map<Value, Inst>();
  for (const inst of w.cond.body) for (const v of resultsOf(inst)) inside.set(v, inst);
  const known = new Set<Value>();
  const visit = (v: Value): void => {
    known.add(v);
    const inst = inside.get(v);
    if (inst?.kind === 'pure' && inst.op === 'and' && v.type === 'bool') inst.args.forEach(visit);
    if (inst?.kind === 'if') {
      const otherwise = inst.else.yields[inst.results.indexOf(v)];
      const isFalse = constants.get(otherwise) === 0;
      if (isFalse) visit(inst.cond);
    }
  };
  visit(w.cond.yields[0]);
  return new Set(w.params.filter(p => p.type === 'bool' && known.has(p)));
}

/**
 * The trip count where it follows from the bounds: `c < n`, c stepping by 1 up to an n from outside (also n > c).
 * Emits max(n − c₀, 0) as u32. Undefined where it must be counted.
 */
export function tripCount(w: While, constants: Constants): ((b: Builder, sub: Substitution) => Value) | undefined {
  const inside = new Map<Value, Inst>();
  for (const inst of [...w.cond.body, ...w.body.body]) for (const v of resultsOf(inst)) inside.set(v, inst);
  const test = inside.get(w.cond.yields[0]);
  if (test?.kind !== 'pure' || (test.op !== 'lt' && test.op !== 'gt')) return undefined;
  const [counter, bound] = test.op === 'lt' ? test.args : [test.args[1], test.args[0]];
  const k = w.params.indexOf(counter);
  if (k < 0 || w.params.includes(bound)) return undefined;
  const limit = inside.get(bound);
  if (limit && limit.kind !== 'const' && limit.kind !== 'length') return undefined;
  const stride = strideOf(counter, inside.get(w.body.yields[k]), inside, new Set(w.params));
  if (stride?.op !== 'add') return undefined;
  const by = 'kind' in stride.by ? stride.by.value : constants.get(stride.by);
  if (by !== 1) return undefined;
  return (b, sub) => {
    const from = substituted(sub, w.init[k]);
    const to = !limit
      ? substituted(sub, bound)
      : limit.kind === 'const'
        ? b.const(bound.type, limit.value)
        : b.length(
            (limit as Extract<Inst, { kind: 'length' }>).buffer,
            (limit as Extract<Inst, { kind: 'length' }>).stride,
          );
    const span = b.pure('sub', [to, from]);
    const steps = span.type === 'u32' ? span : b.pure('bitcast', [span], 'u32');
    return b.pure('select', [b.pure('lt', [from, to]), steps, b.u32(0)]);
  };
}
