// Specification of gradients that keep no states: steps are taken back.

import { checkGradient, grad, hvp, readTree, rollout } from 'retrograde/adjoint';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import {
  dopri5,
  heun,
  odeSolve,
  reversible,
  rk4,
  stormerVerlet,
  symplecticEuler,
  tsit5,
  velocityVerlet,
  yoshida4,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { near } from '../util/near.ts';

const on64 = (data: number | readonly number[], shape?: readonly number[]) => tensor(data, shape, { device: cpu64 });

describe('symplectic methods', () => {
  // a pendulum that is driven: forces and velocities depend on time
  const solve = (
    x: { q: Tensor; p: Tensor; k: Tensor },
    method: typeof yoshida4,
    checkpoints: 'reverse' | 'all',
    steps = 200,
    saveAt?: { times: readonly number[] },
  ) =>
    odeSolve(
      { dq: (p: Tensor, { t }) => p.mul(t.sin().mul(0.1).add(1)), dp: (q: Tensor, { t }) => q.sin().mul(x.k).neg().add(t.cos()) }, // biome-ignore format: one system
      { q: x.q, p: x.p },
      { t: [0, 5], steps, method, checkpoints, ...(saveAt && { saveAt }) },
    );

  it.each(devices)('have the gradient of kept states, on $description', async device => {
    const x = {
      q: tensor([0.3, 1.1], undefined, { device }),
      p: tensor([0.2, -0.4], undefined, { device }),
      k: tensor([1.5], undefined, { device }),
    };
    const methods =
      device.kind === 'cpu' ? [symplecticEuler, velocityVerlet, stormerVerlet, yoshida4] : [symplecticEuler];
    for (const method of methods) {
      const gradient = async (checkpoints: 'reverse' | 'all') => {
        const { q, p, k } = await readTree(
          grad((v: typeof x) =>
            solve(v, method, checkpoints, device.kind === 'cpu' ? 100 : 10)
              .y.q.square()
              .sum(),
          )(x),
        );
        return [...q, ...p, ...k];
      };
      near(await gradient('reverse'), await gradient('all'), device.precision === 'f64' ? 1e-12 : 1e-4);
    }
  });

  it('also of what is saved on the way, few and many', async () => {
    for (const width of [2, 6000]) {
      const x = { q: on64(Array.from({ length: width }, (_, k) => Math.sin(k))), p: on64(new Array(width).fill(0.1)), k: on64([1.2]) }; // biome-ignore format: a state
      const times = [0, 1, 2.5, 5];
      const gradient = (checkpoints: 'reverse' | 'all') =>
        grad((v: typeof x) =>
          (solve(v, velocityVerlet, checkpoints, 20, { times }).ys as { q: Tensor }).q.square().sum(),
        )(x).q.read();
      near(await gradient('reverse'), await gradient('all'), 1e-12);
    }
  });

  it('second derivatives too', async () => {
    const x = { q: on64([0.3]), p: on64([0.2]), k: on64([1.5]) };
    const second = (checkpoints: 'reverse' | 'all') =>
      readTree(hvp((v: typeof x) => solve(v, yoshida4, checkpoints, 20).y.q.square().sum())(x, x));
    const [a, b] = [await second('reverse'), await second('all')];
    near([a.q[0], a.p[0], a.k[0]], [b.q[0], b.p[0], b.k[0]], 1e-12);
    expect((await checkGradient((v: typeof x) => solve(v, yoshida4, 'reverse', 30).y, x)).dotProduct).toBeLessThan(
      1e-11,
    );
  });

  it('memory does not grow with the number of steps', async () => {
    const size = 10_000;
    const x = on64(new Float64Array(size).fill(0.5) as unknown as number[]);
    const held = (steps: number) => {
      let most = 0;
      const before = memoryInUse();
      grad((q: Tensor) => {
        const { y } = odeSolve(
          { dq: (p: Tensor) => p, dp: (q: Tensor) => q.neg() },
          { q, p: q.mul(0) },
          { t: [0, 1], steps, method: velocityVerlet, checkpoints: 'reverse' },
        );
        most = memoryInUse() - before;
        return y.q.sum();
      })(x);
      return most / (8 * size);
    };
    held(10);
    const [few, many] = [held(10), held(400)];
    expect(many).toBeLessThan(few + 1);
    expect(many).toBeLessThan(16); // states
  });
});

describe('reversible(…)', () => {
  const rate = (y: Tensor, { t }: { t: Tensor }) => y.mul(t.cos());

  it.each([
    { base: heun, order: 2 },
    { base: rk4, order: 4 },
    { base: dopri5, order: 5 },
  ])('$base.name keeps its order, $order', async ({ base, order }) => {
    const error = async (steps: number) =>
      Math.abs((await odeSolve(rate, on64([1]), { t: [0, 3], steps, method: reversible(base) }).y.item()) - Math.exp(Math.sin(3))); // biome-ignore format: one number
    const measured = Math.log2((await error(32)) / (await error(64)));
    expect(measured).toBeGreaterThan(order - 0.35);
    expect(measured).toBeLessThan(order + 1.2);
  });

  it('has the gradient of kept states, steps given or chosen', async () => {
    const x = { y: on64([1, 0.5]), k: on64([0.7]) };
    for (const how of [{ steps: 60 }, { rtol: 1e-8 }, { rtol: 1e-8, batch: true }]) {
      const gradient = async (checkpoints: 'reverse' | 'all') => {
        const loss = (v: typeof x) =>
          odeSolve(
            (y: Tensor, { t }) =>
              y
                .sin()
                .mul(v.k)
                .add(t.broadcastTo([2]).cos()),
            v.y,
            {
              ...{ t: [0, 4], method: reversible(tsit5), checkpoints },
              ...how,
            },
          )
            .y.square()
            .sum();
        const { y, k } = await readTree(grad(loss)(x));
        return [...y, ...k];
      };
      near(await gradient('reverse'), await gradient('all'), 1e-10);
    }
  });

  it('agrees with the method itself', async () => {
    const options = { t: [0, 3], rtol: 1e-9 } as const;
    const own = await odeSolve(rate, on64([1]), options).y.item();
    const { y, stats } = odeSolve(rate, on64([1]), {
      ...options,
      method: reversible(tsit5),
      saveAt: { times: [1, 3] },
    });
    expect(Math.abs((await y.item()) - own)).toBeLessThan(1e-7);
    expect(await stats.evaluations.item()).toBeGreaterThan(20);
  });
});

describe('rollout with an inverse', () => {
  const step = ({ x, v }: { x: Tensor; v: Tensor }, dt: Tensor) => {
    const vNext = v.sub(x.sin().mul(dt));
    return { x: x.add(vNext.mul(dt)), v: vNext };
  };
  const inverse = ({ x, v }: { x: Tensor; v: Tensor }, dt: Tensor) => {
    const before = x.sub(v.mul(dt));
    return { x: before, v: v.add(before.sin().mul(dt)) };
  };
  const start = { x: on64([1, 2]), v: on64([0.3, 0.1]) };
  const inputs = on64(Array.from({ length: 50 }, (_, i) => 0.05 + 0.001 * i));

  it('is replayed, differentiates inputs, and answers twice', async () => {
    const notes: string[] = [];
    const back = { inverse, inputs, explain: (note: string) => notes.push(note) };
    const loss = (u: Tensor) =>
      rollout(step, start, 50, { ...back, inputs: u })
        .x.square()
        .sum();
    const want = grad((u: Tensor) => rollout(step, start, 50, { inputs: u, checkpoints: 'all' }).x.square().sum())(
      inputs,
    );
    near(await grad(loss)(inputs).read(), await want.read(), 1e-13);
    expect(notes.join('\n')).toMatch(/its inverse.*replayed/);
  });

  it('says what does not go together', () => {
    expect(() => rollout(step, start, 50, { inputs, inverse, checkpoints: 3 })).toThrow(
      'rollout: inverse keeps no states, so checkpoints have no meaning beside it; give one of them.',
    );
    expect(() =>
      grad((u: Tensor) => rollout(step, start, 50, { inputs: u, inverse: (() => start.x) as never }).x.sum())(inputs),
    ).toThrow(/^rollout: /);
  });
});

describe('says what is wrong', () => {
  const rate = (y: Tensor) => y;
  const y0 = on64([1]);
  it.each([
    [
      () => odeSolve(rate, y0, { t: [0, 1], checkpoints: 'reverse' }),
      "odeSolve: checkpoints: 'reverse' takes steps back, which Tsit5 cannot do exactly; use a symplectic method or reversible(…), or let states be kept.",
    ],
    [
      () =>
        odeSolve(rate, y0, {
          t: [0, 1],
          steps: 9,
          method: reversible(rk4),
          checkpoints: 'reverse',
          saveAt: { dense: true },
        }),
      "odeSolve: checkpoints: 'reverse' keeps no states, but dense output keeps them all; leave it out.",
    ],
    [
      () => odeSolve(rate, y0, { t: [0, 1], method: reversible(tsit5), event: { guard: y => y } }),
      'odeSolve: reversible Tsit5 carries a companion of the state, which events cannot reset; use Tsit5 itself.',
    ],
    [
      () => reversible(yoshida4 as never),
      /^reversible: .* is given; give an explicit method, such as reversible\(tsit5\)\.$/,
    ],
    [() => reversible(rk4, { lambda: 1 } as never), "reversible: there is no option 'lambda'"],
    [() => reversible(rk4, { coupling: 2 }), 'reversible: coupling is 2; give a number above 0, at most 1.'],
  ])('%#', (go, message) => {
    expect(go).toThrow(message);
  });
});
