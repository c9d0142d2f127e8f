/** Expressions: constants, names, parts of values and places, operators, constructors, calls. */

import type { Expression, Type } from '../../wgsl/ast.ts';
import type { PureOp, ScalarType, Value } from '../ir.ts';
import { placeOf } from './access.ts';
import { builtin } from './builtins.ts';
import type { Emitter } from './emitter.ts';
import { isCheap } from './jumps.ts';
import { leavesOf } from './layout.ts';
import { binary, each, shortCircuit } from './operators.ts';
import { element, load } from './places.ts';
import { isPlace } from './usage.ts';
import {
  components,
  concatenate,
  constant,
  elementAt,
  fail,
  type Lowering,
  memberOf,
  only,
  type Rvalue,
  zero,
} from './values.ts';

const unaryOps: Record<'-' | '!' | '~', PureOp> = { '-': 'neg', '!': 'not', '~': 'not' };

export function expression(lo: Lowering, e: Expression): Rvalue {
  const { emit } = lo;
  if (e.value !== undefined) return constant(emit, e.type, e.value);
  const at = emit.at;
  emit.at = e.start;
  const result = evaluate(lo, e);
  emit.at = at;
  return result;
}

function evaluate(lo: Lowering, e: Expression): Rvalue {
  const { emit } = lo;
  switch (e.kind) {
    case 'name': {
      const entry = lo.frame.get(e.variable);
      return entry && 'value' in entry ? entry.value : load(lo, placeOf(lo, e));
    }
    case 'deref':
      return load(lo, placeOf(lo, e));
    case 'index':
      if (isPlace(e)) return load(lo, placeOf(lo, e));
      return elementAt(lo, e.base.type, lo.expression(e.base), only(emit, lo.expression(e.index)));
    case 'member':
      if (isPlace(e)) return load(lo, placeOf(lo, e));
      if (e.base.type.kind !== 'struct') return fail(lo, e.start, `'.${e.field}' is not a member`);
      return memberOf(e.base.type, lo.expression(e.base), e.position);
    case 'swizzle':
      return [swizzle(lo, e)];
    case 'unary':
      return [each(emit, unaryOps[e.op], components(emit, lo.expression(e.operand)))];
    case 'binary': {
      const { op, left, right } = e;
      if ((op === '&&' || op === '||') && e.type.kind === 'scalar') {
        const a = only(emit, lo.expression(left));
        return [[shortCircuit(emit, op, a, isCheap(right), () => only(emit, lo.expression(right)))]];
      }
      const a = components(emit, lo.expression(left));
      const b = components(emit, lo.expression(right));
      return [binary(emit, op, a, left.type, b, right.type)];
    }
    case 'call':
      return lo.call(e.fn, e.args);
    case 'builtin':
      return builtin(lo, e);
    case 'construct':
      return construct(lo, e.type, e.args);
    default:
      return fail(lo, e.start, `a ${e.kind} expression has no value here`);
  }
}

function swizzle(lo: Lowering, e: Extract<Expression, { kind: 'swizzle' }>): readonly Value[] {
  const { emit } = lo;
  if (!isPlace(e.base)) {
    const whole = components(emit, lo.expression(e.base));
    return e.components.map(c => whole[c]);
  }
  const base = placeOf(lo, e.base);
  const loaded = new Map<number, Value>();
  return e.components.map(c => {
    const value = loaded.get(c) ?? only(emit, load(lo, element(emit, base, emit.u32(c))));
    loaded.set(c, value);
    return value;
  });
}

const convert = (emit: Emitter, words: readonly Value[], type: ScalarType): readonly Value[] =>
  words.map(word => (word.type === type ? word : emit.pure('convert', [word], type)));

function construct(lo: Lowering, type: Type, args: readonly Expression[]): Rvalue {
  const { emit } = lo;
  if (args.length === 0) return zero(emit, type);
  const values = args.map(arg => lo.expression(arg));
  if (type.kind === 'struct') return values.flat();
  if (type.kind === 'array') return concatenate(emit, type, values);
  const [leaf] = leavesOf(type);
  const words = values.flatMap(value => convert(emit, components(emit, value), leaf.type));
  return [words.length === 1 ? Array.from({ length: leaf.words }, () => words[0]) : words];
}
