/**
 * Random IR programs for property tests: scalar ops of every type, nested ifs and whiles with bounded trip counts (some with a
 * break flag), local arrays, loads in and out of range, stores at the invocation's own index, sums at any index.
 *
 * `smooth` programs are for derivatives: floats pass only through differentiable, well-conditioned ops and stay below 10 in size,
 * and control flow, indices and integers do not depend on them.
 */

import { Builder } from '../../kernel/ir/builder.ts';
import type { Buffer, LocalArray, Program, PureOp, ScalarType, Value } from '../../kernel/ir/ir.ts';
import { floatBinary, floatUnary, intBinary, intUnary } from '../../kernel/ir/ir.ts';
import type { Count } from '../../kernel/words.ts';
import { mulberry32 } from './random.ts';

export interface RandomProgramOptions {
  readonly seed: number;
  /** Statements in the outermost block; inner blocks have fewer. */
  readonly statements?: number;
  readonly smooth?: boolean;
  /** Also loads from the output y, at the invocation's own index, what was stored there before. */
  readonly rereads?: boolean;
  /** Also sums into s at indices from the data. */
  readonly sums?: boolean;
}

export interface RandomProgram {
  readonly program: Program;
  /** As `interpret` takes them: data of inputs, lengths of outputs. */
  readonly words: (number[] | number)[];
  readonly count: Count;
}

const buffer = (name: string, type: Buffer['type'], access: Buffer['access'], stride = 1): Buffer => {
  const shape = stride > 1 ? [stride] : [];
  return { name, type, access, stride, shape, count: undefined, uniform: false, unique: false };
};
/** Inputs: x scalars and p pairs to differentiate, n integers. Outputs: y scalars, z pairs, s sums, m integers. */
export const randomBuffers: readonly Buffer[] = [
  buffer('x', 'f32', 'read'),
  buffer('p', 'f32', 'read', 2),
  buffer('n', 'u32', 'read'),
  buffer('y', 'f32', 'write'),
  buffer('z', 'f32', 'write', 2),
  buffer('s', 'f32', 'write'),
  buffer('m', 'i32', 'write'),
];
const [x, p, n, y, z, s, m] = [0, 1, 2, 3, 4, 5, 6];
const invocations = 5;

const floats = [0, -0, 1, -1, 2, 0.5, 0.1, -3, 1e-3, 7.25];
const ints = [0, 1, 2, 3, 5, 8, 31, 32, 1000003];
const signed = [...ints, -1, -2, -7, -2147483648, 2147483647];

export function randomProgram(options: RandomProgramOptions): RandomProgram {
  const random = mulberry32(options.seed);
  const { smooth = false, rereads = false, sums = true, statements = 14 } = options;
  const b = new Builder();
  const pools: Record<ScalarType, Value[]> = { f32: [], i32: [], u32: [], bool: [] };
  /** Bounds on the size of floats (smooth programs). */
  const bounds = new Map<Value, number>();
  const arrays: LocalArray[] = [];

  const below = (k: number) => Math.floor(random() * k);
  const oneOf = <T>(items: readonly T[]): T => items[below(items.length)];
  const chance = (probability: number) => random() < probability;

  function constant(type: ScalarType): Value {
    const choices = { f32: smooth ? [0.5, -1, 1.5, 2] : floats, i32: signed, u32: ints, bool: [0, 1] }[type];
    const value = oneOf(choices);
    const v = b.const(type, type === 'f32' && chance(0.2) ? random() * 2 - 1 : value);
    bounds.set(v, 2);
    return v;
  }
  function pick(type: ScalarType): Value {
    const pool = pools[type];
    if (pool.length === 0 || chance(0.25)) return constant(type);
    // Recent values more often, so that chains grow.
    return pool[Math.max(below(pool.length), below(pool.length))];
  }
  const keep = (v: Value): Value => {
    pools[v.type].push(v);
    return v;
  };
  const bound = (v: Value) => bounds.get(v) ?? 1;
  const bounded = (v: Value, size: number): Value => {
    bounds.set(v, size);
    return size > 6 ? squash(v) : v;
  };
  function squash(v: Value): Value {
    const small = b.pure(oneOf<PureOp>(['sin', 'tanh', 'cos']), [v]);
    bounds.set(small, 1);
    return small;
  }

  function smoothOp(): Value {
    const [u, v] = [pick('f32'), pick('f32')];
    const positive = () => b.pure('add', [b.float(2), b.pure('mul', [v, v])]);
    switch (below(12)) {
      case 0:
      case 1:
        return bounded(b.pure('add', [u, v]), bound(u) + bound(v));
      case 2:
        return bounded(b.pure('sub', [u, v]), bound(u) + bound(v));
      case 3:
      case 4:
        return bounded(b.pure('mul', [u, v]), bound(u) * bound(v));
      case 5:
        return bounded(b.pure('div', [u, positive()]), bound(u) / 2);
      case 6:
        return bounded(b.pure(oneOf<PureOp>(['sqrt', 'log', 'inverseSqrt']), [positive()]), 6);
      case 7:
        return bounded(b.pure('exp', [squash(u)]), 3);
      case 8:
        return bounded(b.pure('pow', [positive(), squash(u)]), 38);
      case 9:
        return bounded(b.pure('atan2', [u, positive()]), 1.6);
      case 10:
        return bounded(b.pure('select', [pick('bool'), u, v]), Math.max(bound(u), bound(v)));
      default:
        return bounded(b.pure(oneOf<PureOp>(['neg', 'atan', 'sin', 'cos', 'tanh']), [u]), Math.max(1.6, bound(u)));
    }
  }
  function anyOp(type: ScalarType): Value {
    if (type === 'bool') {
      if (chance(0.3)) return b.pure('not', [pick('bool')]);
      if (chance(0.4)) return b.pure(oneOf<PureOp>(['and', 'or', 'xor', 'eq', 'ne']), [pick('bool'), pick('bool')]);
      const operand = smooth ? oneOf<ScalarType>(['i32', 'u32']) : oneOf<ScalarType>(['f32', 'i32', 'u32']);
      return b.pure(oneOf<PureOp>(['eq', 'ne', 'lt', 'le', 'gt', 'ge']), [pick(operand), pick(operand)]);
    }
    if (chance(0.1)) return b.pure('select', [pick('bool'), pick(type), pick(type)]);
    if (type === 'f32' && chance(0.05)) return b.pure('ldexp', [pick('f32'), pick('i32')]);
    if (chance(0.15)) {
      const from = smooth
        ? oneOf<ScalarType>(['i32', 'u32', 'bool'])
        : oneOf<ScalarType>(['f32', 'i32', 'u32', 'bool']);
      return b.pure(from !== 'bool' && type !== 'f32' && chance(0.2) ? 'bitcast' : 'convert', [pick(from)], type);
    }
    const unary = chance(0.3);
    if (type === 'f32')
      return unary ? b.pure(oneOf(floatUnary), [pick('f32')]) : b.pure(oneOf(floatBinary), [pick('f32'), pick('f32')]);
    if (unary) return b.pure(oneOf(intUnary), [pick(type)]);
    const op = oneOf(intBinary);
    return b.pure(op, [pick(type), pick(op === 'shl' || op === 'shr' ? 'u32' : type)]);
  }
  /** An index below `length`, or sometimes (not in smooth programs) out of range. */
  function index(length: number): Value {
    const v = chance(0.5) ? pick('u32') : pick('i32');
    if (!smooth && chance(0.15)) return v;
    const whole = v.type === 'i32' ? b.pure('convert', [v], 'u32') : v;
    return b.pure('rem', [whole, b.u32(length)]);
  }
  function load(): Value {
    if (chance(0.3)) return b.load('u32', n, index(6));
    const v = chance(0.5) ? b.load('f32', x, index(8)) : b.load('f32', p, index(4), 2, below(2));
    return v;
  }
  const own = (): Value => b.builtin('globalX');

  function arrayStatement(): void {
    if (arrays.length === 0 || (chance(0.3) && arrays.length < 4))
      arrays.push(b.localArray(oneOf(['a', 'b', 'c']), oneOf<ScalarType>(['f32', 'f32', 'u32']), 3));
    const a = oneOf(arrays);
    const at = () => (chance(0.5) ? b.u32(below(3)) : index(3));
    const value = () => (smooth && a.type === 'f32' ? squash(pick('f32')) : pick(a.type));
    switch (below(5)) {
      case 0:
        b.arrayFill(a, value());
        break;
      case 1: {
        const others = arrays.filter(other => other !== a && other.type === a.type);
        if (others.length > 0) b.arrayCopy(a, b.u32(below(3)), oneOf(others), b.u32(below(3)), 2);
        else b.arrayStore(a, at(), value());
        break;
      }
      case 2:
        b.arrayStore(a, at(), value());
        break;
      default:
        keep(b.arrayLoad(a, at()));
    }
  }
  function output(): void {
    const v = pick('f32');
    if (sums && chance(0.3)) b.scatterAdd(s, index(3), 1, 0, smooth ? v : b.pure('convert', [pick('i32')], 'f32'));
    else if (rereads && chance(0.4)) keep(b.load('f32', y, own()));
    else if (rereads || chance(0.5)) b.store(y, own(), 1, 0, v);
    else if (chance(0.7)) b.store(z, own(), 2, below(2), v);
    else b.store(m, own(), 1, 0, pick('i32'));
  }

  /** Runs `fill` in a scope: what it adds to the pools is gone afterwards. */
  function scoped<T>(fill: () => T): T {
    const lengths = Object.values(pools).map(pool => pool.length);
    const result = fill();
    Object.values(pools).forEach((pool, k) => {
      pool.length = lengths[k];
    });
    return result;
  }
  const types = (k: number): ScalarType[] =>
    Array.from({ length: k }, () => oneOf<ScalarType>(['f32', 'f32', 'f32', 'i32', 'u32', 'bool']));
  const yieldOf = (type: ScalarType): Value => (smooth && type === 'f32' ? squash(pick('f32')) : pick(type));

  function ifStatement(depth: number): void {
    const results = types(below(3));
    const arm = () =>
      scoped(() => {
        fill(depth + 1);
        return results.map(yieldOf);
      });
    for (const v of b.if(pick('bool'), arm, arm)) keep(v);
  }
  function whileStatement(depth: number): void {
    const carried = types(1 + below(3));
    const limit = chance(0.4) ? b.u32(below(6)) : b.pure('rem', [pick('u32'), b.u32(5)]);
    const breaks = chance(0.3);
    const init = [b.u32(0), b.bool(false), ...carried.map(yieldOf)];
    const results = b.while(
      init,
      ([k, stopped]) =>
        scoped(() => {
          const more = b.pure('lt', [k, limit]);
          return breaks ? b.pure('and', [more, b.pure('not', [stopped])]) : more;
        }),
      ([k, stopped, ...carry]) =>
        scoped(() => {
          for (const v of [k, ...carry]) keep(v);
          fill(depth + 1);
          const next = carried.map((type, j) => (chance(0.15) ? carry[j] : yieldOf(type)));
          return [b.pure('add', [k, b.u32(1)]), breaks ? pick('bool') : stopped, ...next];
        }),
    );
    for (const v of results.slice(2)) keep(v);
  }
  function fill(depth: number): void {
    const length = depth === 0 ? statements : 1 + below(5);
    for (let k = 0; k < length; k++) {
      const choice = random();
      if (choice < 0.42)
        keep(
          smooth && chance(0.7)
            ? smoothOp()
            : anyOp(
                smooth
                  ? oneOf<ScalarType>(['i32', 'u32', 'bool'])
                  : oneOf<ScalarType>(['f32', 'f32', 'i32', 'u32', 'bool']),
              ),
        );
      else if (choice < 0.56) keep(load());
      else if (choice < 0.7) arrayStatement();
      else if (choice < 0.8) output();
      else if (depth < 3 && choice < 0.9) ifStatement(depth);
      else if (depth < 3) whileStatement(depth);
    }
  }

  const body = b.block(() => {
    keep(own());
    fill(0);
    b.store(y, own(), 1, 0, pick('f32'));
    b.store(z, own(), 2, 1, pick('f32'));
    if (!smooth) b.store(m, own(), 1, 0, pick('i32'));
    return [];
  });
  const program: Program = {
    name: `random${options.seed}`,
    buffers: randomBuffers,
    arrays: b.arrays,
    body,
    workgroupSize: [64, 1, 1],
    source: '',
  };
  const data = (length: number) => Array.from({ length }, () => Math.fround(random() * 2 - 1));
  const integers = Array.from({ length: 6 }, () => below(chance(0.5) ? 5 : 100));
  const outputs = [invocations, 2 * invocations, 3, invocations];
  return { program, words: [data(8), data(8), integers, ...outputs], count: [invocations, 1, 1] };
}
