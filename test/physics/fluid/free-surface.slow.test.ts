// Specification of physics/fluid/free-surface: rest, flight, the dam that breaks, gradients, refusals.

import { checkGradient, rollout } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import { freeSurface, type LiquidState, liquidAt, pointsIn } from 'retrograde/physics';
import { grid } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const closed = (shape: readonly number[], spacing: number) => grid(shape, { spacing, sides: 'neumann' });
const liquid = (points: readonly (readonly number[])[], device = cpu64): LiquidState =>
  liquidAt(tensor(points.flat(), [points.length, points[0].length], { device }));
const run = (
  step: ReturnType<typeof freeSurface>,
  from: LiquidState,
  gravity: Tensor,
  dt: number,
  steps: number,
): LiquidState => rollout((s: LiquidState) => step(s, { gravity }, dt), from, steps);

describe('liquid', () => {
  it('in a pool stays at rest, in the plane and in space', async () => {
    for (const shape of [
      [6, 8],
      [5, 4, 3],
    ]) {
      const d = shape.length;
      const high = [...shape].reverse().map((n, a) => (a === 1 ? 3 : n) * 0.1);
      const start = liquid(pointsIn(Array(d).fill(0), high, 0.05));
      const end = run(freeSurface(closed(shape, 0.1)), start, on64([0, -9.81, 0].slice(0, d)), 0.01, 3);
      near(await end.x.read(), await start.x.read(), 1e-8);
    }
  });

  it('in the air flies by the parabola of the steps', async () => {
    const start = liquid(pointsIn([0.3, 0.5], [0.6, 0.8], 0.05));
    const [dt, steps] = [0.01, 10];
    const thrown = { ...start, v: start.v.add(on64([0.5, 1])) };
    const end = run(freeSurface(closed([12, 12], 0.1)), thrown, on64([0, -9.81]), dt, steps);
    const fall = (9.81 * dt * dt * steps * (steps + 1)) / 2;
    near(await end.x.read(), await start.x.add(on64([0.5 * dt * steps, dt * steps - fall])).read(), 1e-8);
  });

  it('keeps its turning and its momentum in the air', async () => {
    const points = pointsIn([0.3, 0.3], [0.7, 0.7], 0.05);
    const start = liquid(points);
    const v = on64(
      points.flatMap(([x, y]) => [-(y - 0.5), x - 0.5]),
      [points.length, 2],
    );
    const C = on64(
      points.flatMap(() => [0, -1, 1, 0]),
      [points.length, 2, 2],
    );
    const end = run(freeSurface(closed([10, 10], 0.1)), { x: start.x, v, C }, on64([0, 0]), 0.01, 4);
    near(await end.v.mean(0).read(), [0, 0], 1e-9);
    const [x, u] = await Promise.all([end.x.read(), end.v.read()]);
    const turn = points.reduce(
      (sum, _, p) => sum + (x[2 * p] - 0.5) * u[2 * p + 1] - (x[2 * p + 1] - 0.5) * u[2 * p],
      0,
    );
    const first = points.reduce((sum, [px, py]) => sum + (px - 0.5) ** 2 + (py - 0.5) ** 2, 0);
    expect(turn / first).toBeGreaterThan(0.9); // the corners are held back by the pressure
    expect(turn / first).toBeLessThan(1.01);
  });
});

it('a dam breaks as Martin and Moyce saw it, somewhat sooner, and slower than shallow water', async () => {
  // Phil. Trans. R. Soc. Lond. A 244 (1952) 312, table 2: a column twice as high as wide; T = t √(2 g / a), Z = x / a.
  const seen = [[1.19, 1.44], [1.63, 1.89], [1.98, 2.33], [2.32, 2.78]]; // biome-ignore format: a table
  const [a, n] = [0.1, 8];
  const h = a / n;
  const step = freeSurface(closed([17, 28], h));
  const dt = (0.25 * h) / Math.sqrt(2 * 9.81 * 2 * a);
  const unit = Math.sqrt((2 * 9.81) / a);
  let state = liquid(pointsIn([0, 0], [a, 2 * a], h / 2));
  let done = 0;
  const ahead: number[] = [];
  for (const [T, Z] of seen) {
    const steps = Math.round(T / unit / dt) - done;
    state = run(step, state, on64([0, -9.81]), dt, steps);
    done += steps;
    const x = await state.x.read();
    const front = Math.max(...x.filter((_, k) => k % 2 === 0)) / a;
    ahead.push(front / Z);
    expect(front).toBeLessThan(1 + 2 * T); // Ritter: 2 √(g H) t
    const cells = new Set(
      Array.from({ length: x.length / 2 }, (_, p) => `${Math.floor(x[2 * p] / h)} ${Math.floor(x[2 * p + 1] / h)}`),
    );
    expect(Math.abs((cells.size * h * h) / (2 * a * a) - 1)).toBeLessThan(0.1); // volume
  }
  for (const ratio of ahead) {
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.12); // the gate took its time, and the bottom was rough
  }
});

it('is differentiable over a run, and the same in single precision and on a GPU', async () => {
  const points = pointsIn([0, 0], [0.3, 0.4], 0.05);
  const noise = numbers(2 * points.length, 1).map(v => 0.01 * v);
  const start = liquid(points.map((p, k) => p.map((c, a) => Math.max(0.01, c + noise[2 * k + a]))));
  const step = freeSurface(closed([6, 6], 0.1));
  const loss = ({ x, v, gravity }: { x: Tensor; v: Tensor; gravity: Tensor }): Tensor => {
    const end = run(step, { ...start, x, v }, gravity, 0.01, 4);
    return end.x.square().sum().add(end.v.sin().sum());
  };
  const at = {
    x: start.x,
    v: on64(
      noise.map(u => 10 * u),
      [points.length, 2],
    ),
    gravity: on64([1, -9.81]),
  };
  const { dotProduct, difference } = await checkGradient(loss, at, { dotTolerance: 1e-7 });
  expect(dotProduct).toBeLessThan(1e-7);
  expect(difference).toBeLessThan(1e-6);
  const at32 = async (device: Device, steps: number): Promise<void> => {
    const single = run(step, liquid(points, device), tensor([1, -9.81], [2], { device }), 0.01, steps);
    const double = run(step, liquid(points), on64([1, -9.81]), 0.01, steps);
    near(await single.x.read(), await double.x.read(), 1e-4);
  };
  await at32(cpu32, 4);
  await at32(gpu, 1);
});

it('says what it cannot take', () => {
  const wrong =
    "freeSurface: the grid must have 2 or 3 axes of at least 2 cells, all sides closed; take grid(shape, { spacing, sides: 'neumann' }).";
  expect(() => freeSurface(grid([4, 4]))).toThrow(wrong);
  expect(() => freeSurface(closed([4], 1))).toThrow(wrong);
  const step = freeSurface(closed([4, 4], 0.1));
  const state = liquid([[0.1, 0.1]]);
  const gravity = on64([0, -9.81]);
  expect(() => step(state, { gravity: on64([0]) }, 0.1)).toThrow('freeSurface: gravity has shape [1]; it must be [2].');
  expect(() => step({ ...state, C: state.v }, { gravity }, 0.1)).toThrow(
    'freeSurface: C has shape [1, 2]; it must be [1, 2, 2].',
  );
  expect(() => step(state, { gravity }, 0)).toThrow('freeSurface: dt is 0; it must be a positive number of seconds.');
  expect(() => step({ ...state, v: on64([[3, 0]].flat(), [1, 2]) }, { gravity }, 0.1)).toThrow('freeSurface: Δt |v| / h is 3, and must not be above 1; take dt ≤ 0.0333.'); // biome-ignore format: a message
});
