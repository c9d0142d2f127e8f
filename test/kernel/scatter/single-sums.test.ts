// Owned sums of one term are stores: the same bits (0 + v), zeros where nothing is added, and only where words cannot meet.

import { hvp, valueAndGrad } from 'retrograde/adjoint';
import { device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { interpret } from '../../../kernel/ir/interpret.ts';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { contains } from '../../../kernel/ir/traverse.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { devices } from '../../util/devices.ts';
import { scheduled } from '../../util/passes.ts';
import { randomOwnSums } from '../../util/random-own-sums.ts';

type Count = readonly [number, number, number];

const x = Array.from({ length: 100 }, (_, k) => Math.fround(Math.sin(3 * k)));
const k = Array.from({ length: 100 }, (_, k) => (k * k) % 3);

function run(source: string, count: Count, length: number) {
  const { decision, actual, expected } = scheduled(
    simplify(lower(parse(source))),
    { x, k, y: length, z: length },
    count,
    0,
  );
  for (const name of ['y', 'z'])
    for (const [j, e] of (expected[name] ?? []).entries())
      if (!Object.is(actual[name][j], e)) expect.fail(`${name}[${j}] is ${actual[name][j]}, not ${e}\n${source}`);
  const left = (name: string): boolean =>
    (decision?.passes ?? []).some(({ plan: { program } }) =>
      contains(program.body, inst => inst.kind === 'scatterAdd' && program.buffers[inst.buffer].name === name),
    );
  return { stored: ['y', 'z'].filter(name => decision && name in expected && !left(name)).join() };
}

const wrapped = (body: string): string => `var<storage, read> x: array<f32>; var<storage, read> k: array<u32>;
var<storage, read_write> y: array<f32>; var<storage, read_write> z: array<f32>;
@compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) { let X = id.x; let Y = id.y; ${body} z[X] += 0.0; }`;

describe('stored are', () => {
  const rows: readonly (readonly [body: string, stored: string, count?: Count])[] = [
    ['y[X] += x[X];', 'y,z'],
    ['y[X] += -0.0;', 'y,z'],
    ['y[X] += x[X];', 'y,z', [30, 1, 1]],
    ['y[2u * X] += x[X]; y[2u * X + 1u] += x[X + 1u];', 'y,z'],
    ['y[X] += x[X]; y[X] += x[X + 1u];', 'y,z'],
    ['if (X < 3u) { y[X] += x[X]; }', 'y,z'],
    ['if (x[X] > 0.0) { y[X] += x[X]; } else { y[X] += 2.0; }', 'y,z'],
    ['if (x[X] > 0.0) { let j = 3u * X + 1u; y[j] += x[X]; if (x[X] > 0.5) { y[j] += 1.0; } }', 'y,z'],
    ['for (var e = 0u; e < 3u; e++) { y[3u * X + e] += x[X + e]; }', 'y,z', [6, 1, 1]],
    ['for (var e = 0u; e < 3u; e++) { if (x[e] > 0.0) { y[3u * X + e] += x[X + e]; } }', 'y,z', [6, 1, 1]],
    ['if (X < 5u) { y[5u * Y + X] += x[X + Y]; }', 'y', [7, 3, 1]],
    // words that meet
    ['y[X / 2u] += x[X];', 'z'],
    ['y[X] += x[X]; y[X + k[X]] += 1.0;', 'z'],
    ['for (var e = 0u; e < k[X]; e++) { y[X] += x[X + e]; }', 'z'],
    ['for (var e = 0u; e < min(k[X], 3u); e++) { y[2u * X + e / 2u] += x[X + e]; }', 'z'],
    // kept apart by integers alone
    ['if (X < 5u) { y[5u * Y + X] += x[X]; } if (X < 5u) { y[5u * Y + X] += 1.0; }', '', [7, 3, 1]],
    ['if (Y == 0u) { y[X] += x[X]; } else { y[X + 20u] += 1.0; }', '', [12, 3, 1]],
    // more invocations than the text says
    ['y[X] += x[X];', '', [12, 2, 1]],
  ];
  for (const [body, stored, count = [12, 1, 1] as const] of rows)
    it(`${body}, count ${count}: ${stored || 'none'}`, () => {
      expect(run(wrapped(body), count, 20).stored).toBe(stored);
    });

  it('what random kernels own, bit by bit', () => {
    let found = 0;
    for (let seed = 1; seed <= 120; seed++) {
      const { source, count, length } = randomOwnSums(seed);
      if (run(source, count, length).stored) found++;
    }
    expect(found).toBeGreaterThan(30);
  });
});

const threads = await device({ kind: 'cpu', threads: 2, makeDefault: false });

describe.each([...devices, threads].map(device => [device.description, device] as const))('on %s', (_, device) => {
  it('random kernels add what they add', async () => {
    for (let seed = 1001; seed <= (device.kind === 'cpu' ? 1060 : 1020); seed++) {
      const { source, count, length } = randomOwnSums(seed);
      const sums = kernel(source as string);
      const given = { x: tensor(x, [100], { device }), k: tensor(k, [100], { type: 'u32', device }) };
      const out = sums(given, { count, out: { y: length, z: length } }) as Readonly<Record<string, Tensor>>;
      const words = sums.program.buffers.map(b => ({ x, k, y: length, z: length })[b.name] ?? 0);
      const want = interpret(sums.program, words, count, device.precision);
      for (const [at, { name }] of sums.program.buffers.entries()) {
        if (!out[name]) continue;
        const got = await out[name].read();
        for (const [j, w] of Array.from(want[at]).entries())
          if (!(Math.abs(got[j] - w) <= 2e-6))
            expect.fail(`seed ${seed}: ${name}[${j}] is ${got[j]}, not ${w}\n${source}`);
      }
    }
  });

  it('a stride that is a number of the launch may be 0', async () => {
    const scaled = kernel(/* wgsl */ `
      var<storage, read> c: array<f32>;
      var<storage, read> v: array<f32>;
      var<uniform> many: u32;
      var<uniform> wide: u32;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn scaled(@builtin(global_invocation_id) id: vec3u) {
        y[id.x] = c[id.x * many] * v[id.x] + c[(id.x / wide * wide) * many + id.x % wide];
      }
    `);
    const n = device.kind === 'cpu' ? 200_000 : 4000;
    const v = tensor(Float32Array.from({ length: n }, (_, k) => k % 4), [n], { device }); // biome-ignore format: short
    for (const many of [1, 0]) {
      const c = tensor(new Float32Array(many ? n : 8).fill(1), [many ? n : 8], { device });
      const grad = valueAndGrad((c: Tensor) => scaled({ c, v, many, wide: 8 }, { count: n }).y.sum())(c).grad;
      const got = await grad.read();
      const want = many ? [1, 2, 3, 4, 1, 2] : [1.5 * n + n / 8, ...new Array(7).fill(n / 8)];
      for (const [k, w] of want.entries()) expect(Math.abs(got[k] / w - 1)).toBeLessThan(1e-6);
    }
  });

  it('a gradient that skips words is 0 there, in memory that was used before; so is its derivative', async () => {
    const half = kernel(/* wgsl */ `
      var<storage, read> x: array<vec3f>;
      var<storage, read_write> y: array<vec3f>;
      @compute @workgroup_size(64) fn half(@builtin(global_invocation_id) id: vec3u) {
        let i = id.x;
        let p = x[2u * i];
        if (p.x > 0.0) { y[i] = p * p.y * p.z; } else { y[i] = p * dot(p, p); }
      }
    `);
    const n = 8000;
    const at = Float64Array.from({ length: 3 * n }, (_, j) => Math.fround(Math.sin(0.7 * j)));
    const p = tensor(at, [n, 3], { device });
    const loss = (x: Tensor): Tensor => half({ x }, { count: n / 2 - 5 }).y.sum();
    // Σ f of each point: s p₁ p₂ or s |p|², with s = p₀ + p₁ + p₂.
    const slope = (j: number): readonly number[] => {
      const [a, b, c] = at.subarray(3 * j, 3 * j + 3);
      const s = a + b + c;
      if (j % 2 === 1 || j >= n - 10) return [0, 0, 0];
      return a > 0 ? [b * c, b * c + s * c, b * c + s * b] : [a, b, c].map(u => a * a + b * b + c * c + 2 * u * s);
    };
    for (let again = 0; again < 2; again++) {
      p.mul(3).add(1).dispose();
      const { grad, value } = valueAndGrad(loss)(p);
      const got = await grad.read();
      const along = tensor(
        Float64Array.from(at, u => 1e-3 * u),
        [n, 3],
        { device },
      );
      const second = await hvp(loss)(p, along).read();
      let [worst, worstSecond] = [0, 0];
      for (let j = 0; j < n; j++)
        for (const [c, want] of slope(j).entries()) {
          worst = Math.max(worst, Math.abs(got[3 * j + c] - want));
          // The loss is of degree 3, its slope of degree 2.
          worstSecond = Math.max(worstSecond, Math.abs(second[3 * j + c] - 2e-3 * want));
        }
      expect(worst).toBeLessThan(4e-6);
      expect(worstSecond).toBeLessThan(1e-8);
      value.dispose();
      grad.dispose();
    }
  });
});
