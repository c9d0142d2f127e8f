// Specification of advection: a rotating Gaussian, order of convergence, ranges kept, sums conserved, adjoint identities, gradients.
// Numbers from reference/cases.json: rotation. There, departures are those of an exact rotation, and MacCormack has no limiter.

import { checkGradient, hvp, jvp, rollout, vjp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  type Grid,
  grid,
  macCormack,
  type Points,
  sample,
  semiLagrangian,
  toCells,
  upwind,
  type VectorField,
  vanLeer,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const made = (shape: readonly number[], f: (...at: number[]) => number, device: Device = cpu64): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: size }, (_, i) => {
    let rest = i;
    const at = [...shape].reverse().map(n => {
      const k = rest % n;
      rest = (rest - k) / n;
      return k;
    });
    return f(...at);
  });
  return tensor(data, shape, { device });
};
const random = (shape: readonly number[], seed: number, device?: Device): Tensor => {
  const next = mulberry32(seed);
  return made(shape, () => next() - 0.5, device);
};
const square = (n: number): Grid => grid([n, n], { spacing: 1 / n, sides: 'neumann' });
const gaussian = (n: number, device?: Device): Tensor =>
  made(
    [n, n],
    (i, j) => Math.exp(-(((i + 0.5) / n - 0.5) ** 2 + ((j + 0.5) / n - 0.75) ** 2) / (2 * 0.06 ** 2)),
    device,
  );
const l2 = async (a: Tensor, b: Tensor): Promise<number> => Math.sqrt(await a.sub(b).square().mean().item());

describe('a Gaussian, once around in 2 N steps', () => {
  /** Where the cells come from in a turn by an angle. */
  const turned = (n: number, angle: number): Points => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const at = (k: number): number => (k + 0.5) / n - 0.5;
    return {
      x: made([n, n], (i, j) => 0.5 + c * at(i) - s * at(j)),
      y: made([n, n], (i, j) => 0.5 + s * at(i) + c * at(j)),
    };
  };
  const spin = (n: number): VectorField => ({
    x: made([n, n], (_, j) => -2 * Math.PI * ((j + 0.5) / n - 0.5)),
    y: made([n, n], i => 2 * Math.PI * ((i + 0.5) / n - 0.5)),
  });

  it.each([
    [64, 0.054946491242386444, 0.3893684054282057, 0.023723992861867, 0.8861401371597899],
    [128, 0.037641652490995735, 0.555189831487625, 0.006951358805140968, 0.9796949346494948],
    [256, 0.02322430175721835, 0.7107883672391778, 0.0017782426158213984, 0.9974524344823184],
  ])('N = %i: with exact departures to all digits, traced ones nearly', async (n, sl, slPeak, mac, macPeak) => {
    const g = square(n);
    const start = gaussian(n);
    const [back, forth] = [turned(n, -Math.PI / n), turned(n, Math.PI / n)];
    const one = rollout(q => sample(g, q, back), start, 2 * n);
    expect(await l2(one, start)).toBeCloseTo(sl, 12);
    expect(Math.max(...(await one.read()))).toBeCloseTo(slPeak, 12);
    const corrected = (q: Tensor): Tensor => {
      const moved = sample(g, q, back);
      return moved.add(q.sub(sample(g, moved, forth)).mul(0.5));
    };
    const two = rollout(corrected, start, 2 * n);
    expect(await l2(two, start)).toBeCloseTo(mac, 12);
    expect(Math.max(...(await two.read()))).toBeCloseTo(macPeak, 12);
    if (n > 128) return;
    const u = spin(n);
    const dt = 1 / (2 * n);
    const traced = await l2(
      rollout(q => semiLagrangian(g, q, u, dt), start, 2 * n),
      start,
    );
    expect(Math.abs(traced / sl - 1)).toBeLessThan(1e-3);
    for (const limit of [false, true]) {
      const near = await l2(
        rollout(q => macCormack(g, q, u, dt, { limit }), start, 2 * n),
        start,
      );
      expect(Math.abs(near / mac - 1)).toBeLessThan(0.06);
    }
  });
});

describe('in one dimension', () => {
  const wave = (n: number): Tensor => made([n], i => Math.sin((2 * Math.PI * (i + 0.5)) / n));
  it.each([
    ['semiLagrangian', 0.9, 1.1],
    ['macCormack', 1.7, 2.3],
    ['upwind', 0.9, 1.1],
    ['vanLeer', 1.5, 2.3],
  ] as const)('%s converges with its order', async (name, least, most) => {
    const errors = await Promise.all(
      [64, 128, 256].map(async n => {
        const g = grid([n], { spacing: 1 / n, sides: 'periodic' });
        const u = { x: made([n], () => 1) };
        const dt = 0.4 / n;
        const step = (q: Tensor): Tensor =>
          name === 'macCormack'
            ? macCormack(g, q, u, dt, { limit: false })
            : { semiLagrangian, upwind, vanLeer }[name](g, q, u, dt);
        const end = rollout(step, wave(n), Math.round(n / 0.4));
        return end.sub(wave(n)).abs().mean().item();
      }),
    );
    const order = Math.log2(errors[1] / errors[2]);
    expect(order).toBeGreaterThan(least);
    expect(order).toBeLessThan(most);
  });
});

const grids: readonly (readonly [string, Grid])[] = [
  ['periodic line', grid([7], { spacing: 0.5, sides: 'periodic' })],
  ['line of nodes', grid([5], { spacing: 0.5, placement: 'node' })],
  ['closed and periodic', grid([4, 5], { spacing: [1, 0.5], sides: ['neumann', 'periodic'] })],
  ['space', grid([3, 2, 4], { sides: [['dirichlet', 'neumann'], 'neumann', 'periodic'] })],
];
const faceShape = ({ shape, axes }: Grid, k: number): readonly number[] =>
  shape.map((n, d) => (d === shape.length - 1 - k && axes[k].low !== 'periodic' ? n + 1 : n));
const flow = (g: Grid, seed: number, device?: Device): VectorField =>
  Object.fromEntries(g.axes.map(({ name }, k) => [name, random(faceShape(g, k), seed + k, device)]));

describe.each(grids)('%s', (_, g) => {
  const dt = 0.3;
  const schemes = {
    semiLagrangian: (q: Tensor, u: VectorField) => semiLagrangian(g, q, toCells(g, u), dt),
    macCormack: (q: Tensor, u: VectorField) => macCormack(g, q, toCells(g, u), dt),
    unlimited: (q: Tensor, u: VectorField) => macCormack(g, q, toCells(g, u), dt, { limit: false }),
    upwind: (q: Tensor, u: VectorField) => upwind(g, q, u, dt),
    vanLeer: (q: Tensor, u: VectorField) => vanLeer(g, q, u, dt),
  };

  it('results keep to the range of what they come from', async () => {
    const q = random(g.shape, 1);
    const values = await q.read();
    for (const scheme of [schemes.semiLagrangian, schemes.macCormack]) {
      const next = await scheme(q, flow(g, 2)).read();
      expect(Math.max(...next)).toBeLessThanOrEqual(Math.max(...values) + 1e-15);
      expect(Math.min(...next)).toBeGreaterThanOrEqual(Math.min(...values) - 1e-15);
    }
  });

  it('⟨A q, w⟩ = ⟨q, Aᵀ w⟩ for what is linear in q', async () => {
    const [q, w, u] = [random(g.shape, 1), random(g.shape, 3), flow(g, 2)];
    for (const scheme of [schemes.semiLagrangian, schemes.unlimited, schemes.upwind]) {
      const { value, pullback } = vjp((q: Tensor) => scheme(q, u))(q);
      const [left, right] = [await value.mul(w).sum().item(), await q.mul(pullback(w)).sum().item()];
      expect(Math.abs(left - right)).toBeLessThan(1e-14 * g.size);
    }
  });

  it('everything is differentiable in field and velocity', async () => {
    const at = { q: random(g.shape, 1), u: flow(g, 2) };
    for (const scheme of Object.values(schemes)) {
      const loss = ({ q, u }: typeof at) =>
        rollout(now => scheme(now, u), q, 3)
          .sin()
          .sum();
      expect((await checkGradient(loss, at)).dotProduct).toBeLessThan(1e-10);
    }
    const loss = ({ q, u }: typeof at) => schemes.unlimited(q, u).square().sum();
    const second = (p: typeof at) => hvp(loss)(p, p).q.square().sum();
    expect((await checkGradient(second, at)).dotProduct).toBeLessThan(1e-9);
  });

  it.each(devices)('is the same on $description', async device => {
    const run = (on: Device) =>
      Promise.all(Object.values(schemes).map(scheme => scheme(random(g.shape, 1, on), flow(g, 2, on)).read()));
    const [expected, found, again] = [await run(cpu64), await run(device), await run(device)];
    expect(found).toEqual(again);
    expected.forEach((field, f) => {
      field.forEach((v, i) => {
        expect(Math.abs(found[f][i] - v)).toBeLessThan(device.precision === 'f64' ? 1e-15 : 1e-5);
      });
    });
  });
});

it('fluxes conserve the sum, and carry in what is given at a Dirichlet side', async () => {
  const n = 16;
  const closed = square(n);
  const q = gaussian(n);
  // A stream function that vanishes on the sides.
  const psi = (i: number, j: number): number => Math.sin((Math.PI * i) / n) * Math.sin((Math.PI * j) / n);
  const u = {
    x: made([n, n + 1], (i, j) => (psi(i, j + 1) - psi(i, j)) * n * 0.1),
    y: made([n + 1, n], (i, j) => -(psi(i + 1, j) - psi(i, j)) * n * 0.1),
  };
  for (const scheme of [upwind, vanLeer]) {
    const end = rollout(now => scheme(closed, now, u, 0.1), q, 50);
    expect(await end.sum().item()).toBeCloseTo(await q.sum().item(), 11);
    expect(Math.min(...(await end.read()))).toBeGreaterThan(-1e-3);
  }
  const pipe = grid([8], { spacing: 1, sides: [['dirichlet', 'neumann']] });
  const one = { x: made([9], () => 1) };
  const filled = rollout(
    now => vanLeer(pipe, now, one, 0.5, { x: [3, 0] }),
    made([8], () => 0),
    60,
  );
  (await filled.read()).forEach(v => {
    expect(v).toBeCloseTo(3, 6);
  });
});

it('tangents at points that the field is sampled at are slopes', async () => {
  const g = grid([4], { sides: 'neumann' });
  const q = made([4], i => i * i);
  const { value, tangent } = jvp((x: Tensor) => sample(g, q, { x }))(
    made([3], i => 0.7 + i),
    made([3], () => 1),
  );
  expect(Array.from(await value.read()).map(v => v.toFixed(12))).toEqual([
    '0.200000000000',
    '1.600000000000',
    '5.000000000000',
  ]);
  expect(Array.from(await tangent.read())).toEqual([1, 3, 5]);
});

it('says what does not fit', () => {
  const g = grid([2, 3]);
  const q = random([2, 3], 1);
  const u = { x: random([2, 4], 1), y: random([3, 3], 1) };
  expect(() => semiLagrangian(g, q, u, 0.1)).toThrow(
    'departures: u.x has shape [2, 4]; on this grid it must be [2, 3].',
  );
  expect(() => macCormack(g, random([3], 1), u, 0.1)).toThrow('macCormack: q has shape [3]');
  expect(() => semiLagrangian(g, q, toCells(g, u), Number.NaN)).toThrow(
    'departures: dt is NaN; it must be a finite number of seconds.',
  );
  expect(() => vanLeer(g, q, u, 0)).toThrow('vanLeer: dt is 0; it must be a positive number of seconds.');
  expect(() => upwind(g, q, { x: u.x }, 0.1)).toThrow('upwind: u.y is missing; on this grid it must be [3, 3].');
  expect(() => sample(g, q, { x: random([2], 1) })).toThrow(
    'sample: points.y is missing; each axis needs its coordinates',
  );
});
