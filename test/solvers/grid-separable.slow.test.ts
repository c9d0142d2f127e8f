// Specification of solvers/grid/separable.ts and line.ts: what they find solves the equation, on every kind of line, and is differentiable.

import { checkGradient, hvp, rollout } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { diffuse, diffuseFaces, grid, poisson, project } from 'retrograde/solvers';
import type { LayoutOptions } from 'retrograde/sparse';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Line, type LineEnd, solveSeparable } from '../../solvers/grid/separable.ts';

let f64: Awaited<ReturnType<typeof device>>;
beforeAll(async () => {
  f64 = await device({ kind: 'cpu', precision: 'f64' });
});

/** Σ_a D_a x + c x, word by word. */
function times(lines: readonly Line[], x: ArrayLike<number>, k: number, c: number): Float64Array {
  const isGiven = (i: number, { size, low, high }: Line) =>
    (low === 'given' && i === 0) || (high === 'given' && i === size - 1);
  return Float64Array.from({ length: x.length }, (_, word) => {
    let sum = c * x[word];
    let stride = 1;
    for (const line of lines) {
      const { size, spacing, low, high } = line;
      const i = Math.floor(word / stride) % size;
      const beyond = (end: LineEnd, around: number): number =>
        end === 'nothing' ? x[word] : end === 'half' ? -x[word] : end === 'periodic' ? x[word + around * stride] : 0;
      const before = i > 0 ? (isGiven(i - 1, line) ? 0 : x[word - stride]) : beyond(low, size - 1);
      const after = i < size - 1 ? (isGiven(i + 1, line) ? 0 : x[word + stride]) : beyond(high, 1 - size);
      if (!isGiven(i, line)) sum += (k * (2 * x[word] - before - after)) / spacing ** 2;
      stride *= size;
    }
    return sum;
  });
}

const noise = (n: number, seed = 1): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) * seed) * Math.cos(78.233 * i + seed));
const ends: readonly LineEnd[] = ['nothing', 'half', 'whole', 'given'];
const pairs: readonly (readonly [LineEnd, LineEnd])[] = [
  ['periodic', 'periodic'],
  ...ends.flatMap(low => ends.map(high => [low, high] as const)),
];

describe('systems that are the same everywhere', () => {
  it.each(pairs)('are solved on lines that end with %s and %s, of any length', async (low, high) => {
    for (const size of [1, 2, 3, 4, 7, 16]) {
      const lines = [
        { size, spacing: 0.3, low, high },
        { size: 3, spacing: 0.5, low: 'half', high: 'nothing' },
        { size: 5, spacing: 1, low: 'periodic', high: 'periodic' },
      ] as const;
      for (const count of [1, 2, 3]) {
        const some = lines.slice(0, count);
        const shape = some.map(line => line.size).reverse();
        const f = noise(shape.reduce((a, b) => a * b));
        const x = await solveSeparable(some, tensor(f, shape, { device: f64 }), 0.7, 2).read();
        times(some, x, 0.7, 2).forEach((v, i) => {
          expect(v).toBeCloseTo(f[i], 12);
        });
      }
    }
  });

  it('leaves out what only constants would balance', async () => {
    const lines = [
      { size: 6, spacing: 1, low: 'nothing', high: 'nothing' },
      { size: 4, spacing: 0.5, low: 'periodic', high: 'periodic' },
    ] as const;
    const f = noise(24);
    const mean = f.reduce((a, b) => a + b) / 24;
    const x = await solveSeparable(lines, tensor(f, [4, 6], { device: f64 }), 3).read();
    expect(Array.from(x).reduce((a, b) => a + b)).toBeCloseTo(0, 12);
    times(lines, x, 3, 0).forEach((v, i) => {
      expect(v).toBeCloseTo(f[i] - mean, 12);
    });
  });

  it('are differentiable in f, k and c, twice', async () => {
    const lines = [
      { size: 5, spacing: 0.4, low: 'given', high: 'nothing' },
      { size: 4, spacing: 0.5, low: 'half', high: 'half' },
    ] as const;
    const on = (data: ArrayLike<number>, shape: number[]) => tensor(Float64Array.from(data), shape, { device: f64 });
    const weights = on(noise(20, 2), [4, 5]);
    const loss = ({ f, k, c }: { f: Tensor; k: Tensor; c: Tensor }) =>
      solveSeparable(lines, f, k, c).mul(weights).sin().sum();
    const at = { f: on(noise(20), [4, 5]), k: on([0.6], [1]), c: on([1.5], [1]) };
    const check = await checkGradient(loss, at);
    expect(check.dotProduct).toBeLessThan(1e-12);
    const turn = { f: on(noise(20, 3), [4, 5]), k: on([1], [1]), c: on([-0.5], [1]) };
    const slopeAt = async (step: number) => {
      const moved = {
        f: at.f.add(turn.f.mul(step)),
        k: at.k.add(turn.k.mul(step)),
        c: at.c.add(turn.c.mul(step)),
      };
      const h = 1e-4;
      const of = (kind: number) => loss({ ...moved, k: moved.k.add(kind * h) }).item();
      return ((await of(1)) - (await of(-1))) / (2 * h);
    };
    const second = hvp(loss)(at, turn) as unknown as { k: Tensor };
    const h = 1e-3;
    expect(await second.k.item()).toBeCloseTo(((await slopeAt(h)) - (await slopeAt(-h))) / (2 * h), 5);
  });
});

describe('a solution that is not finite', () => {
  const g = grid([4, 4], { sides: 'dirichlet' });
  const line = grid([4], { sides: 'dirichlet' });
  const bad = (n: number, shape: number[]) =>
    tensor(
      noise(n).map((v, i) => (i === 2 ? Number.NaN : v)),
      shape,
      { device: f64 },
    );
  const k = (n: number) => ({ x: tensor(new Float64Array(n).fill(1), [n], { device: f64 }) });
  it('is told at once, by the first step of a rollout too', () => {
    const q = bad(16, [4, 4]);
    expect(() => diffuse(g, q, 1, 0.1)).toThrow('diffuse: the solution is not finite');
    expect(() => poisson(g, q)).toThrow('poisson: the solution is not finite');
    expect(() => diffuse(line, bad(4, [4]), k(5), 0.1)).toThrow('diffuse: the solution is not finite');
    const u = { x: bad(20, [4, 5]), y: bad(20, [5, 4]) };
    expect(() => project(g, u)).toThrow('project: the solution is not finite');
    expect(() => diffuseFaces(g, u, 1, 0.1)).toThrow('diffuseFaces: the solution is not finite');
    expect(() => rollout(now => diffuse(g, now, 1, 0.1), q, 10)).toThrow('diffuse: the solution is not finite');
  });
});

describe('lines whose conductivity varies', () => {
  const kinds: readonly LayoutOptions[] = [
    { sides: 'dirichlet' },
    { sides: [['dirichlet', 'neumann']] },
    { sides: 'neumann' },
    { sides: 'periodic' },
    { placement: 'node' },
    { placement: 'node', sides: 'periodic' },
  ];
  it.each(kinds)('are solved as by iteration, with their derivatives: %o', async options => {
    const g = grid([7], { spacing: 0.3, ...options });
    const faces = options.sides === 'periodic' ? 7 : 8;
    const on = (data: Float64Array) => tensor(data, [data.length], { device: f64 });
    const at = { q: on(noise(7)), k: on(noise(faces, 2).map(v => 1.5 + v)) };
    const solve = { rtol: 1e-14 };
    const later = ({ q, k }: typeof at, more: { solve?: typeof solve }) =>
      diffuse(g, q, { x: k }, 0.2, { theta: 0.5, ...more });
    const [direct, iterated] = [await later(at, {}).read(), await later(at, { solve }).read()];
    direct.forEach((v, i) => {
      expect(v).toBeCloseTo(iterated[i], 12);
    });
    const loss = (given: typeof at) => later(given, {}).sin().sum();
    expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-12);
    if (options.sides === 'neumann' || options.sides === 'periodic') return; // p is known up to a constant there, and iterated
    const p = await poisson(g, at.q, { conductivity: { x: at.k } }).read();
    const q = await poisson(g, at.q, { conductivity: { x: at.k }, solve }).read();
    p.forEach((v, i) => {
      expect(v).toBeCloseTo(q[i], 12);
    });
  });
});

it('does not keep steps from being recorded', async () => {
  const g = grid([8, 8], { sides: 'neumann' });
  const notes: string[] = [];
  const start = tensor(noise(64), [8, 8], { device: f64 });
  const end = rollout(q => diffuse(g, q, 0.5, 0.1), start, 30, { explain: note => notes.push(note) });
  expect(await end.sum().item()).toBeCloseTo(await start.sum().item(), 12);
  expect(notes.join()).toMatch(/replayed/);
});
