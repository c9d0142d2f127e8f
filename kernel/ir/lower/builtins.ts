/**
 * Float and logical built-in functions as scalar ops, after the WGSL specification's definitions.
 *
 *   normalize v·(1/|v|), 0 where |v| = 0        smoothstep t²(3 − 2t), t = clamp((x − a)/(b − a), 0, 1)        mix a(1 − t) + bt
 *   clamp min(max(x, a), b)                     pow with a constant integer exponent, |n| ≤ 8, is multiplications
 */

import type { BuiltinCall } from '../../wgsl/ast.ts';
import { floatBinary, floatUnary, intUnary, type PureOp, type Value } from '../ir.ts';
import { integerBuiltin } from './bits.ts';
import type { Emitter } from './emitter.ts';
import { memoryBuiltin } from './memory.ts';
import { determinant, dot, each, map, transpose, type Words } from './operators.ts';
import { packingBuiltin } from './packing.ts';
import { components, fail, type Lowering, type Rvalue } from './values.ts';

const componentwise = new Set<string>([...floatUnary, ...floatBinary, ...intUnary, 'ldexp']);

export function builtin(lo: Lowering, e: BuiltinCall): Rvalue {
  const memory = memoryBuiltin(lo, e);
  if (memory) return memory;
  const { emit } = lo;
  const args = e.args.map(arg => components(emit, lo.expression(arg)));
  if (e.name === 'pow') return [power(emit, args[0], args[1])];
  const words = floatBuiltin(emit, e, args) ?? integerBuiltin(emit, e.name, args) ?? packingBuiltin(emit, e.name, args);
  if (words) return [words];
  if (e.name === 'modf' || e.name === 'frexp') return parts(emit, e, args[0]);
  if (componentwise.has(e.name)) return [each(emit, e.name as PureOp, ...args)];
  return fail(lo, e.start, `the built-in function '${e.name}' is not supported in kernels`);
}

function floatBuiltin(emit: Emitter, e: BuiltinCall, args: readonly Words[]): Words | undefined {
  const [a, b, c] = args;
  const op = (name: PureOp, ...operands: readonly Words[]): Words => each(emit, name, ...operands);
  const f = (value: number): Words => [emit.float(value)];
  switch (e.name) {
    case 'all':
    case 'any':
      return [a.reduce((x, y) => emit.pure(e.name === 'all' ? 'and' : 'or', [x, y]))];
    case 'select':
      return map([c, b, a], (cond, yes, no) => emit.pure('select', [cond, yes, no]));
    case 'abs':
      return a[0].type === 'u32' ? a : op('abs', a);
    case 'clamp':
      return op('min', op('max', a, b), c);
    case 'saturate':
      return op('min', op('max', a, f(0)), f(1));
    case 'step':
      return map([a, b], (edge, x) => emit.pure('select', [emit.pure('ge', [x, edge]), emit.float(1), emit.float(0)]));
    case 'smoothstep': {
      const t = op('min', op('max', op('div', op('sub', c, a), op('sub', b, a)), f(0)), f(1));
      return op('mul', op('mul', t, t), op('sub', f(3), op('mul', f(2), t)));
    }
    case 'mix':
      return op('add', op('mul', a, op('sub', f(1), c)), op('mul', b, c));
    case 'fma':
      return op('add', op('mul', a, b), c);
    case 'degrees':
      return op('mul', a, f(180 / Math.PI));
    case 'radians':
      return op('mul', a, f(Math.PI / 180));
    case 'dot':
      return [dot(emit, a, b)];
    case 'length':
      return [length(emit, a)];
    case 'distance':
      return [length(emit, op('sub', a, b))];
    case 'normalize':
      return normalize(emit, a);
    case 'cross': {
      const minor = (i: number, j: number): Value =>
        emit.pure('sub', [emit.pure('mul', [a[i], b[j]]), emit.pure('mul', [a[j], b[i]])]);
      return [minor(1, 2), minor(2, 0), minor(0, 1)];
    }
    case 'reflect':
      return op('sub', a, op('mul', op('mul', f(2), [dot(emit, b, a)]), b));
    case 'refract':
      return refract(emit, a, b, c);
    case 'faceForward': {
      const away = emit.pure('lt', [dot(emit, b, c), emit.float(0)]);
      return map([a], x => emit.pure('select', [away, x, emit.pure('neg', [x])]));
    }
    case 'transpose': {
      const [m] = e.args;
      return m.type.kind === 'matrix' ? transpose(a, m.type.rows) : a;
    }
    case 'determinant':
      return [determinant(emit, a, Math.sqrt(a.length))];
    case 'bitcast': {
      const type = e.type.kind === 'vector' ? e.type.of : e.type.kind === 'scalar' ? e.type.name : 'f32';
      if (type !== 'f32' && type !== 'i32' && type !== 'u32') return a;
      return a.map(x => (x.type === type ? x : emit.pure('bitcast', [x], type)));
    }
    default:
      return undefined;
  }
}

function length(emit: Emitter, v: Words): Value {
  return v.length === 1 ? emit.pure('abs', [v[0]]) : emit.pure('sqrt', [dot(emit, v, v)]);
}

/** The reciprocal is selected, not the result, so that both value and derivative are 0 where the length is. */
function normalize(emit: Emitter, v: Words): Words {
  const l = length(emit, v);
  const degenerate = emit.pure('eq', [l, emit.float(0)]);
  const divisor = emit.pure('select', [degenerate, emit.float(1), l]);
  const scale = emit.pure('select', [degenerate, emit.float(0), emit.pure('div', [emit.float(1), divisor])]);
  return each(emit, 'mul', v, [scale]);
}

/** k = 1 − η²(1 − (n·i)²); 0 where k < 0 (total reflection), else ηi − (η n·i + √k) n. */
function refract(emit: Emitter, i: Words, n: Words, eta: Words): Words {
  const one = emit.float(1);
  const cosine = dot(emit, n, i);
  const sine2 = emit.pure('sub', [one, emit.pure('mul', [cosine, cosine])]);
  const k = emit.pure('sub', [one, emit.pure('mul', [emit.pure('mul', [eta[0], eta[0]]), sine2])]);
  const total = emit.pure('lt', [k, emit.float(0)]);
  const root = emit.pure('sqrt', [emit.pure('select', [total, one, k])]);
  const along = emit.pure('add', [emit.pure('mul', [eta[0], cosine]), root]);
  const refracted = each(emit, 'sub', each(emit, 'mul', eta, i), each(emit, 'mul', [along], n));
  return refracted.map(x => emit.pure('select', [total, emit.float(0), x]));
}

/** modf: (x − trunc x, trunc x); frexp: (fraction, exponent). In the order of the result struct's members. */
function parts(emit: Emitter, e: BuiltinCall, x: Words): Rvalue {
  const names =
    e.type.kind === 'struct'
      ? e.type.members.map(member => member.name)
      : ['fract', e.name === 'modf' ? 'whole' : 'exp'];
  const whole = e.name === 'modf' ? each(emit, 'trunc', x) : [];
  return names.map(name => {
    if (name === 'whole') return whole;
    if (name === 'exp') return each(emit, 'frexpExp', x);
    return e.name === 'modf' ? each(emit, 'sub', x, whole) : each(emit, 'frexpFract', x);
  });
}

function power(emit: Emitter, x: Words, y: Words): Words {
  return map([x, y], (base, exponent) => {
    const n = emit.constantOf(exponent);
    if (n === undefined || !Number.isInteger(n) || Math.abs(n) > 8) return emit.pure('pow', [base, exponent]);
    if (n === 0) return emit.float(1);
    const positive = integerPower(emit, base, Math.abs(n));
    return n > 0 ? positive : emit.pure('div', [emit.float(1), positive]);
  });
}

function integerPower(emit: Emitter, x: Value, n: number): Value {
  if (n === 1) return x;
  const half = integerPower(emit, x, n >> 1);
  const square = emit.pure('mul', [half, half]);
  return n % 2 ? emit.pure('mul', [square, x]) : square;
}
