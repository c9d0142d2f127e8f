// What local arrays hold: loads of what is known, stores that nobody sees, clamps that do nothing; never another result.

import { valueAndGrad } from 'retrograde/adjoint';
import { device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import type { Builder } from '../../../kernel/ir/builder.ts';
import { interpret } from '../../../kernel/ir/interpret.ts';
import type { LocalArray, Program, Value } from '../../../kernel/ir/ir.ts';
import { eliminateDeadElements } from '../../../kernel/ir/passes/dead-elements.ts';
import { dropClamps } from '../../../kernel/ir/passes/drop-clamps.ts';
import { forwardElements } from '../../../kernel/ir/passes/forward-elements.ts';
import { size } from '../../../kernel/ir/traverse.ts';
import { verify } from '../../../kernel/ir/verify.ts';
import { programOf, store, textAfter } from '../../util/program.ts';
import { mulberry32 } from '../../util/random.ts';

const plus = (b: Builder, v: Value, k: number): Value => b.pure('add', [v, b.u32(k)]);
/** for k = 0 … count − 1 */
const forEach = (b: Builder, count: number, body: (k: Value) => void): void => {
  b.while(
    [b.u32(0)],
    ([k]) => b.pure('lt', [k, b.u32(count)]),
    ([k]) => {
      body(k);
      return [plus(b, k, 1)];
    },
  );
};

describe('forwardElements', () => {
  it('takes what was stored or loaded at the same place, past stores to others of its base', () => {
    const text = textAfter(forwardElements, b => {
      const a = b.localArray('a', 'f32', 8);
      const n = b.pure('min', [b.load('u32', 1, b.u32(0)), b.u32(6)]);
      const x = b.load('f32', 0, b.u32(0));
      b.arrayStore(a, n, x);
      b.arrayStore(a, plus(b, n, 1), b.float(5));
      const far = b.load('u32', 1, b.u32(1));
      const sum = b.pure('add', [b.arrayLoad(a, n), b.arrayLoad(a, far)]);
      store(b, b.pure('add', [sum, b.arrayLoad(a, far)]));
    });
    expect(text.match(/a\[/g)).toHaveLength(3);
    expect(text).toMatch(/(%\d+) = load x.*(%\d+) = load a\[.*(%\d+) = add \1 \2\n%\d+ = add \3 \2\n/s);
  });

  it('keeps a load of a store that may be out of range', () => {
    const text = textAfter(forwardElements, b => {
      const a = b.localArray('a', 'f32', 8);
      const n = b.load('u32', 1, b.u32(0));
      b.arrayStore(a, n, b.float(1));
      store(b, b.arrayLoad(a, n));
    });
    expect(text.match(/a\[/g)).toHaveLength(2);
  });
});

describe('eliminateDeadElements', () => {
  const stores = (build: (b: Builder, a: LocalArray) => void): number => {
    const program = eliminateDeadElements(
      programOf(b => {
        build(b, b.localArray('a', 'f32', 12));
      }),
    );
    let count = 0;
    JSON.stringify(program.body, (key, value) => {
      if (key === 'kind' && value === 'arrayStore') count++;
      return value;
    });
    return count;
  };

  it('drops stores before others to the same place, and after the last load', () => {
    expect(
      stores((b, a) => {
        const n = b.pure('min', [b.load('u32', 1, b.u32(0)), b.u32(6)]);
        b.arrayStore(a, n, b.float(1));
        b.arrayStore(a, plus(b, n, 1), b.float(2));
        b.arrayStore(a, n, b.float(3));
        store(b, b.arrayLoad(a, b.u32(3)));
        b.arrayStore(a, n, b.float(4));
      }),
    ).toBe(2);
  });

  it('drops the zeros that a loop leaves behind it, not those that it comes to again', () => {
    const zeros = (next: number) =>
      stores((b, a) => {
        forEach(b, 9, k => b.arrayStore(a, k, b.pure('convert', [k], 'f32')));
        forEach(b, 9, k => {
          b.store(2, k, 1, 0, b.arrayLoad(a, plus(b, k, next)));
          b.arrayStore(a, plus(b, k, 1), b.float(0));
        });
      });
    expect([0, 1, 2].map(zeros)).toEqual([2, 1, 1]);
  });

  it('drops components that nobody reads', () => {
    expect(
      stores((b, a) => {
        forEach(b, 4, k => {
          const at = b.pure('mul', [k, b.u32(3)]);
          for (let c = 0; c < 3; c++) b.arrayStore(a, plus(b, at, c), b.float(c));
        });
        const n = b.pure('min', [b.load('u32', 1, b.u32(0)), b.u32(3)]);
        store(b, b.arrayLoad(a, plus(b, b.pure('mul', [n, b.u32(3)]), 1)));
      }),
    ).toBe(1);
  });
});

describe('dropClamps', () => {
  it('drops those that loop counters do not reach', () => {
    const text = textAfter(dropClamps, b => {
      forEach(b, 9, k => {
        const inside = b.pure('max', [b.pure('min', [k, b.u32(8)]), b.u32(0)]);
        b.store(2, b.pure('min', [plus(b, inside, 1), b.u32(8)]), 1, 0, b.float(1));
      });
    });
    expect(text.match(/min|max/g)).toHaveLength(1);
  });
});

it('random programs on local arrays give the same bits after each pass, and all passes find much to do', () => {
  const random = mulberry32(11);
  const whole = (n: number) => Math.floor(random() * n);
  const pick = <T>(of: readonly T[]): T => of[whole(of.length)];

  function randomProgram(): Program {
    return programOf(b => {
      const arrays = [b.localArray('a', 'f32', 12), b.localArray('c', 'f32', 12)];
      let out = 0;
      const place = (counters: readonly Value[]): Value => {
        const stride = pick([1, 3, 3]);
        const base = [
          ...counters,
          ...counters,
          b.u32(whole(4)),
          b.pure('min', [b.load('u32', 1, b.u32(whole(3))), b.u32(3)]),
        ];
        const chosen = random() < 0.1 ? b.load('u32', 1, b.u32(whole(3))) : pick(base);
        const clamped = random() < 0.3 ? b.pure('min', [chosen, b.u32(3)]) : chosen;
        return plus(b, b.pure('mul', [clamped, b.u32(stride)]), whole(stride));
      };
      const statements = (depth: number, counters: readonly Value[], values: readonly Value[]): void => {
        const pool = [...values];
        for (let k = 0; k < 6; k++) {
          const array = pick(arrays);
          const roll = random();
          if (roll < 0.35) b.arrayStore(array, place(counters), pick(pool));
          else if (roll < 0.7) pool.push(b.pure('add', [b.arrayLoad(array, place(counters)), pick(pool)]));
          else if (roll < 0.76) b.arrayFill(array, pick(pool));
          else if (roll < 0.8) b.arrayCopy(arrays[0], b.u32(whole(4)), arrays[1], b.u32(whole(4)), 8);
          else if (depth < 3 && roll < 0.88)
            b.if(
              b.pure('lt', [pick(pool), b.float(whole(4))]),
              () => nested(counters, pool, depth),
              () => nested(counters, pool, depth),
            );
          else if (depth < 3) {
            const up = random() < 0.5;
            b.while(
              [b.u32(up ? 0 : 4)],
              ([c]) => b.pure(up ? 'lt' : 'gt', [c, b.u32(up ? 4 : 0)]),
              ([c]) => {
                const next = b.pure(up ? 'add' : 'sub', [c, b.u32(1)]);
                statements(depth + 1, [...counters, up ? c : next, c], pool);
                return [next];
              },
            );
          }
        }
        b.store(2, b.u32(out++), 1, 0, pool[pool.length - 1]);
      };
      const nested = (counters: readonly Value[], pool: readonly Value[], depth: number): readonly Value[] => {
        statements(depth + 1, counters, pool);
        return [];
      };
      statements(0, [], [b.load('f32', 0, b.u32(0)), b.load('f32', 0, b.u32(1)), b.float(0)]);
      for (const array of random() < 0.5 ? arrays : [])
        for (const c of [0, 4, 11]) b.store(2, b.u32(out++), 1, 0, b.arrayLoad(array, b.u32(c)));
    });
  }
  const passes = { forwardElements, eliminateDeadElements, dropClamps };
  const found = { forwardElements: 0, eliminateDeadElements: 0, dropClamps: 0 };
  for (let trial = 0; trial < 200; trial++) {
    const program = randomProgram();
    const integers = [trial % 5, 2, pick([1, 5, 40])];
    const run = (p: Program) => interpret(p, [[1.25, 2.5], integers, 64, 1], [1, 1, 1], 'f32')[2];
    const expected = run(program);
    let all = program;
    for (const [name, pass] of Object.entries(passes)) {
      const alone = pass(program);
      verify(alone);
      found[name as keyof typeof found] += size(program.body) - size(alone.body);
      expect(run(alone), `${name}, trial ${trial}`).toEqual(expected);
      all = pass(all);
    }
    expect(run(all), `all, trial ${trial}`).toEqual(expected);
  }
  for (const [name, dropped] of Object.entries(found)) expect(dropped, name).toBeGreaterThan(100);
});

describe('a local array under a condition', () => {
  afterAll(() => device('cpu'));
  const turned = kernel(/* wgsl */ `
    var<storage, read> x: array<f32>;
    var<storage, read> first: array<u32>;
    var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64)
    fn turned(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x;
      if (x[i] > 0.0) {
        var a = array<vec3f, 4>();
        for (var j = 0u; j < 3u; j++) { a[(first[i] + j) & 3u] += vec3f(x[i] * f32(j + 1u), x[i], 1.0); }
        y[i] = a[i & 3u].x;
      }
    }
  `);
  it.each(['f32', 'f64'] as const)('has zeros in every invocation, and so has its adjoint: %s', async precision => {
    const on = { device: await device({ kind: 'cpu', precision }) };
    const each = Array.from({ length: 40 }, (_, i) => i);
    const isOff = (i: number): boolean => i % 7 === 3;
    const first = (i: number): number => (i * 5 + 2) % 4;
    const x = tensor(each.map(i => (isOff(i) ? -1 : 1 + i)), [40], on); // biome-ignore format: one line
    const given = { first: tensor(Uint32Array.from(each, first), [40], on) };
    const { value, grad } = valueAndGrad((x: Tensor) => turned({ x, ...given }, { count: 40 }).y.sum())(x);
    const slopes = each.map(i => (isOff(i) ? 0 : [1, 2, 3, 0][(i - first(i) + 8) % 4]));
    expect([...(await grad.read())]).toEqual(slopes);
    expect(await value.item()).toBe(slopes.reduce((sum, slope, i) => sum + slope * (1 + i), 0));
  });
});
