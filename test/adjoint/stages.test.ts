// Specification of custom stages, Jacobians, checkGradient, random tensors, and save and load.

import {
  checkGradient,
  custom,
  grad,
  hvp,
  jacobian,
  jvp,
  load,
  normal,
  randomBits,
  save,
  uniform,
} from 'retrograde/adjoint';
import { concat, kernel, memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';

const on64 = (data: number[] | number[][]) => tensor(data, undefined, { device: cpu64 });
const words = async (x: Tensor) => Array.from(await x.read());

describe('custom', () => {
  const square = custom((x: Tensor) => x.detach().square(), {
    name: 'square',
    vjp: (x, bar) => bar.mul(x).mul(2),
    jvp: (x, dot) => dot.mul(x).mul(2),
  });

  it('is differentiated by its rules, in both modes and again', async () => {
    const x = on64([1, -2, 3]);
    const loss = (x: Tensor) => square(x.sin()).sum();
    expect((await checkGradient(loss, x)).dotProduct).toBeLessThan(1e-14);
    const plain = await words(hvp((x: Tensor) => x.sin().square().sum())(x, x));
    for (const [k, v] of (await words(hvp(loss)(x, x))).entries()) expect(v).toBeCloseTo(plain[k], 13);
  });

  it('takes and gives trees; its value is handed to its rules', async () => {
    const polar = custom(({ x, y }: { x: Tensor; y: Tensor }) => ({ r: x.square().add(y.square()).sqrt() }), {
      vjp: ({ x, y }, bar, { r }) => ({ x: bar.r.mul(x).div(r), y: bar.r.mul(y).div(r) }),
    });
    const g = grad((q: { x: Tensor; y: Tensor }) => polar(q).r.sum())({ x: on64([3, 0]), y: on64([4, 2]) });
    expect(await words(g.x)).toEqual([0.6, 0]);
    expect(await words(g.y)).toEqual([0.8, 1]);
  });

  it('tells its rule which adjoints are asked for', async () => {
    const asked: boolean[][] = [];
    const product = custom(({ x, y }: { x: Tensor; y: Tensor }) => x.mul(y), {
      vjp({ x, y }, bar, _, isWanted) {
        asked.push([isWanted(x), isWanted(y)]);
        return { x: bar.mul(y), y: isWanted(y) ? bar.mul(x) : y };
      },
    });
    const [x, y] = [on64([3, 0]), on64([4, 2])];
    expect(await words(grad((x: Tensor) => product({ x: x.sin(), y }).sum())(on64([0, 0])))).toEqual([4, 2]);
    expect(await words(grad((y: Tensor) => product({ x, y }).sum())(y))).toEqual([3, 0]);
    expect(asked).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it('a rule that uses the value is differentiated through it, to any order', async () => {
    const exp = custom((x: Tensor) => x.exp(), { vjp: (_, bar, y) => bar.mul(y), jvp: (_, dot, y) => dot.mul(y) });
    const x = on64([0.5, -1]);
    const one = on64([1, 1]);
    const f = (x: Tensor) => exp(x.mul(2));
    const first = grad((x: Tensor) => f(x).sum());
    const second = grad((x: Tensor) => first(x).sum());
    const third = grad((x: Tensor) => second(x).sum());
    const tangents = jvp((x: Tensor) => jvp(f)(x, one).tangent)(x, one).tangent;
    const expected = [0.5, -1].map(v => Math.exp(2 * v));
    for (const [found, factor] of [
      [second(x), 4],
      [third(x), 8],
      [hvp((x: Tensor) => f(x).sum())(x, one), 4],
      [tangents, 4],
      [jvp(second)(x, one).tangent, 8],
    ] as const)
      for (const [k, v] of (await words(found)).entries()) expect(v).toBeCloseTo(factor * expected[k], 12);
  });

  it('says which rule is missing, and what a rule returned', () => {
    const oneWay = custom((x: Tensor) => x.exp(), { name: 'oneWay', vjp: (_, bar) => bar.sum() });
    const x = on64([1, 2]);
    expect(() => jvp(oneWay)(x, x)).toThrow(
      'oneWay: a tangent needs its jvp, and it has none; give one: custom(f, { jvp }).',
    );
    expect(() => grad((x: Tensor) => oneWay(x).sum())(x)).toThrow(
      'oneWay: vjp: the adjoint has shape []; it must be [2].',
    );
  });

  it('a wrong rule is found by checkGradient', async () => {
    const wrong = custom((x: Tensor) => x.square(), {
      vjp: (x, bar) => bar.mul(x),
      jvp: (x, dot) => dot.mul(x).mul(2),
    });
    await expect(checkGradient(wrong, on64([1, 2]))).rejects.toThrow(
      /checkGradient: <w, J u> = .* by jvp, but <J\^T w, u> = .* by vjp/,
    );
    const both = custom((x: Tensor) => x.square(), { vjp: (x, bar) => bar.mul(x), jvp: (x, dot) => dot.mul(x) });
    await expect(checkGradient(both, on64([1, 2]))).rejects.toThrow(
      /checkGradient: central differences give .*, the derivative is/,
    );
  });
});

it('checkGradient says where something is not finite', async () => {
  const root = (x: Tensor) => x.sqrt();
  const says = (f: (x: Tensor) => Tensor, x: number[]) => expect(checkGradient(f, on64(x))).rejects.toThrow;
  await says(root, [1, Number.NaN])('checkGradient: the argument is NaN at element 1, so nothing can be compared');
  await says(root, [1, -1])('checkGradient: the value of f is NaN at element 1');
  await says(root, [1, 1e-9])('checkGradient: f is not finite at a distance of h = 6.00e-6 from the point');
});

describe('checkGradient of leaves unlike in size', () => {
  const place = { centre: tensor([64, 1000], [2], { device: cpu32 }), angle: tensor([0.3], [1], { device: cpu32 }) };
  const wave = ({ centre, angle }: typeof place) => centre.sum().mul(0.01).add(angle.mul(3)).sin().add(angle.exp());

  it('moves each leaf by parts of its own size', async () => {
    for (let seed = 1; seed < 9; seed++) {
      const { difference, taylorOrder = 2 } = await checkGradient(wave, place, { seed });
      expect(difference).toBeLessThan(0.02);
      expect(taylorOrder).toBeGreaterThan(1.5);
    }
  });

  it('finds a wrong derivative of a small leaf beside a large one', async () => {
    const half = custom((x: Tensor) => x.mul(3), { vjp: (_, bar) => bar.mul(1.5), jvp: (_, dot) => dot.mul(1.5) });
    const wrong = ({ centre, angle }: typeof place) => centre.mul(1e-3).sum().add(half(angle));
    await expect(checkGradient(wrong, place)).rejects.toThrow('checkGradient: central differences give');
  });
});

describe('jacobian', () => {
  const f = (x: Tensor) => concat([x.square(), x.slice(0, 1).mul(x.slice(1, 2))]);
  it.each(['forward', 'reverse', undefined] as const)('is [...y, ...x], mode %s', async mode => {
    for (const batch of [1, 2, 64]) {
      const J = jacobian(f, mode ? { mode, batch } : { batch })(on64([2, 3]));
      expect(J.shape).toEqual([3, 2]);
      expect(await words(J)).toEqual([4, 0, 0, 6, 3, 2]);
    }
  });

  it('leaves nothing behind', () => {
    const x = tensor([2, 3], undefined, { device: cpu32 });
    for (const mode of ['forward', 'reverse'] as const) jacobian(f, { mode })(x).dispose();
    const before = memoryInUse(cpu32);
    for (const mode of ['forward', 'reverse'] as const) jacobian(f, { mode, batch: 2 })(x).dispose();
    expect(memoryInUse(cpu32)).toBe(before);
  });

  it('can be differentiated', async () => {
    const trace = (x: Tensor) => jacobian((y: Tensor) => y.pow(3), { mode: 'reverse' })(x).sum();
    expect(await words(grad(trace)(on64([1, 2])))).toEqual([6, 12]);
  });
});

describe('checkGradient', () => {
  it('measures order two of Taylor’s remainder', async () => {
    const { taylorOrder } = await checkGradient((x: Tensor) => x.exp().sum(), on64([0.5, -1, 2]));
    expect(taylorOrder).toBeCloseTo(2, 1);
  });
  it('works in single precision', async () => {
    const x = tensor([0.5, -1, 2], undefined, { device: cpu32 });
    expect((await checkGradient((x: Tensor) => x.sin().mul(x).sum(), x)).difference).toBeLessThan(1e-2);
  });
});

describe('random tensors', () => {
  it.each(devices.map(d => [d.description, d] as const))('are Philox4x32-10: %s', async (_, device) => {
    expect(await words(randomBits([4], { seed: 0, device }))).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    expect(await words(randomBits([6], { seed: 0, device }))).toHaveLength(6);
  });

  it('knows the vectors of Random123', async () => {
    const philox = kernel(/* wgsl */ `
      var<uniform> counter: vec4u;
      var<uniform> key: vec2u;
      var<storage, read_write> y: vec4u;
      @compute @workgroup_size(1) fn philox() { y = philox4x32(counter, key); }
    `);
    const all = 0xffffffff;
    const known = [
      { counter: [all, all, all, all], key: [all, all], want: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd] },
      {
        counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        key: [0xa4093822, 0x299f31d0],
        want: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
      },
    ];
    for (const { counter, key, want } of known)
      expect(await words(philox({ counter, key }, { count: 1 }).y)).toEqual(want);
  });

  it('repeat with their key, and differ with seed and stream', async () => {
    const draw = (seed: number, stream = 0) => words(uniform([50], { seed, stream, device: cpu64 }));
    expect(await draw(7)).toEqual(await draw(7));
    expect(await draw(7)).not.toEqual(await draw(8));
    expect(await draw(7)).not.toEqual(await draw(7, 1));
    expect(await draw(2 ** 40)).not.toEqual(await draw(0));
    expect(() => uniform([1], { seed: -1 })).toThrow('uniform: seed -1; a seed is a whole number from 0 to 2^53 - 1.');
  });

  it('have the moments of their laws', async () => {
    const n = 40_000;
    const moments = (v: number[]) => {
      const mean = v.reduce((a, b) => a + b, 0) / v.length;
      return [mean, v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length];
    };
    const [um, uv] = moments(await words(uniform([n], { seed: 3, device: cpu64 })));
    expect(Math.abs(um - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(uv - 1 / 12)).toBeLessThan(0.002);
    const [nm, nv] = moments(await words(normal([n / 4, 4], { seed: 3, device: cpu64 })));
    expect(Math.abs(nm)).toBeLessThan(0.02);
    expect(Math.abs(nv - 1)).toBeLessThan(0.03);
  });
});

describe('save and load', () => {
  it.each(devices.map(d => [d.description, d] as const))('keep any tree, bit for bit: %s', async (_, device) => {
    const x = tensor(
      [
        [0.1, -0],
        [Number.NaN, 1e-40],
      ],
      undefined,
      { device },
    );
    const tree = {
      x,
      list: [tensor(new Uint32Array([7, 2 ** 31]), undefined, { device }), { 'odd "name"': tensor(3, [], { device }) }],
      again: x,
    };
    const back = load<typeof tree>(await save(tree), device);
    expect(back.x.shape).toEqual([2, 2]);
    expect(await back.x.read()).toEqual(await x.read());
    expect(await back.again.read()).toEqual(await x.read());
    const [integers, record] = back.list as [Tensor, Record<string, Tensor>];
    expect(await integers.read()).toEqual(new Uint32Array([7, 2 ** 31]));
    expect(await record['odd "name"'].item()).toBe(3);
  });

  it('refuses bytes that are something else, or end early', async () => {
    const bytes = await save(on64([1, 2, 3]));
    expect(() => load(new Uint8Array(20))).toThrow(
      'load: these bytes are not a saved tree; give the bytes that save() returned.',
    );
    expect(() => load(bytes.subarray(0, bytes.length - 8))).toThrow(
      'load: the bytes end too early; give the bytes that save() returned.',
    );
    expect(() => load(new Uint8Array(3))).toThrow('load: these 3 bytes are not a saved tree');
  });
});
