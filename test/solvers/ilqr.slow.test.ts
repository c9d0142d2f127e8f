// Specification of solvers/control/ilqr.ts: the closed form of the linear regulator, and a pendulum that is swung up.

import { Matrix, solve } from 'ml-matrix';
import { grad, hvp, rollout } from 'retrograde/adjoint';
import { concat, type Tensor, tensor } from 'retrograde/kernel';
import { boxQp, type ControlProblem, ilqr } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { devices, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';

const column = (x: Tensor, k: number): Tensor => x.slice([0, k], [x.shape[0], k + 1]);
const total = (x: Tensor): Tensor => x.sum(1);

// A point mass: position and velocity, pushed.
const dt = 0.1;
const [A, B] = [
  [
    [1, dt],
    [0, 1],
  ],
  [[0.5 * dt ** 2], [dt]],
];
const mass: ControlProblem = {
  step: (x, u) => {
    const [p, v] = [column(x, 0), column(x, 1)];
    return concat([
      p
        .add(v.mul(dt))
        .add(u.mul(0.5 * dt ** 2))
        .transpose(),
      v.add(u.mul(dt)).transpose(),
    ]).transpose();
  },
  stage: (x, u) => total(x.square()).mul(0.5).add(total(u.square()).mul(0.05)),
  terminal: x => total(x.square()).mul(5),
};

/** Riccati's recursion: gains and cost-to-go. */
function riccati(steps: number) {
  const [a, b] = [new Matrix(A), new Matrix(B)];
  let P = Matrix.eye(2).mul(10);
  const gains: number[][][] = [];
  for (let t = 0; t < steps; t++) {
    const S = Matrix.add(b.transpose().mmul(P).mmul(b), Matrix.eye(1).mul(0.1));
    const K = solve(S, b.transpose().mmul(P).mmul(a)).neg();
    gains.unshift(K.to2DArray());
    P = Matrix.add(
      Matrix.eye(2),
      a
        .transpose()
        .mmul(P)
        .mmul(Matrix.add(a, b.mmul(K))),
    );
  }
  return { gains, P };
}

describe('ilqr', () => {
  it.each(devices)('of a linear system is the regulator, after one step, on $description', async device => {
    const steps = device === gpu ? 6 : 30;
    const x0 = tensor([1, -0.5], undefined, { device });
    const { gains, value, history, u } = await ilqr(mass, x0, tensor(new Float64Array(steps), [steps, 1], { device }), {
      ...(device.precision === 'f32' && { rtol: 1e-4 }),
    });
    const exact = riccati(steps);
    const f64 = device.precision === 'f64';
    const start = Matrix.columnVector([1, -0.5]);
    const cost = 0.5 * start.transpose().mmul(exact.P).mmul(start).get(0, 0);
    expect(value / cost).toBeCloseTo(1, f64 ? 12 : 4);
    expect(history.length).toBe(2);
    exact.gains.forEach((K, t) => {
      for (let j = 0; j < 2; j++) expect(gains[t][0][j]).toBeCloseTo(K[0][j], f64 ? 10 : 3);
    });
    expect((await u.read())[0]).toBeCloseTo(exact.gains[0][0][0] - 0.5 * exact.gains[0][0][1], f64 ? 10 : 3);
  });

  // θ from the top, ω; torque u, too weak to lift it at once.
  const pendulum: ControlProblem = {
    step: (x, u) => {
      const [theta, omega] = [column(x, 0), column(x, 1)];
      const next = omega.add(theta.sin().mul(9.81).sub(omega.mul(0.1)).add(u).mul(0.05));
      return concat([theta.add(next.mul(0.05)).transpose(), next.transpose()]).transpose();
    },
    stage: (x, u) =>
      total(u.square())
        .mul(0.005)
        .add(total(column(x, 0).cos().neg().add(1)).mul(0.05)),
    terminal: x => {
      const [theta, omega] = [column(x, 0), column(x, 1)];
      return total(theta.cos().neg().add(1).mul(200).add(omega.square().mul(10)));
    },
  };
  const hanging = () => on64([Math.PI, 0]);
  const pushes = () =>
    on64(
      Float64Array.from({ length: 60 }, (_, t) => 0.5 * Math.sin(0.3 * t)),
      [60, 1],
    );

  it.each([false, true])('swings a pendulum up, with curvature of f: %s', async secondOrder => {
    const found = await ilqr(pendulum, hanging(), pushes(), { iterations: 150, secondOrder });
    const x = await found.x.read();
    expect(Math.cos(x[120])).toBeGreaterThan(0.99);
    expect(Math.abs(x[121])).toBeLessThan(0.5);
    found.history.slice(1).forEach((value, i) => {
      expect(value).toBeLessThan(found.history[i]);
    });
    expect(found.value).toBeLessThan(0.1 * found.history[0]);
  });

  it.each(devices)('with limits is the least of a quadratic program, on $description', async device => {
    const steps = device === gpu ? 4 : 20;
    const x0 = [2, 0];
    const all = (u: Tensor): Tensor => {
      const { x, cost } = rollout(
        ({ x, cost }, u) => {
          const row = u.reshape([1, 1]);
          return { x: mass.step(x, row), cost: cost.add(mass.stage(x, row)) };
        },
        { x: on64(x0, [1, 2]), cost: on64([0]) },
        steps,
        { inputs: u },
      );
      return cost.add(mass.terminal(x)).sum();
    };
    const none = on64(new Float64Array(steps));
    const g = await grad(all)(none).read();
    const H = new Float64Array(steps * steps);
    for (let j = 0; j < steps; j++) {
      const unit = on64(Float64Array.from({ length: steps }, (_, i) => (i === j ? 1 : 0)));
      H.set(await hvp(all)(none, unit).read(), j * steps);
    }
    const bound = (v: number) => on64(new Float64Array(steps).fill(v));
    const exact = await boxQp({ H: on64(H, [steps, steps]), g: on64(g), low: bound(-3), high: bound(0.5) }).read();
    const f64 = device.precision === 'f64';
    const { u, gains, reason } = await ilqr(
      mass,
      tensor(x0, undefined, { device }),
      tensor(new Float64Array(steps).fill(9), [steps, 1], { device }),
      { low: -3, high: [0.5], ...(!f64 && { rtol: 1e-6 }) },
    );
    expect(reason).toBe('converged');
    const found = await u.read();
    let held = 0;
    exact.forEach((v, t) => {
      expect(found[t]).toBeCloseTo(v, f64 ? 6 : 3);
      if (found[t] !== -3 && found[t] !== 0.5) return;
      held++;
      expect(gains[t].flat().every(k => k === 0)).toBe(true);
    });
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(steps);
  });

  it('swings a pendulum up with a torque that is limited, and goes on from its state', async () => {
    const limits = { low: -4, high: 4, iterations: 150 };
    const found = await ilqr(pendulum, hanging(), pushes(), limits);
    const [x, u] = [await found.x.read(), await found.u.read()];
    expect(Math.cos(x[120])).toBeGreaterThan(0.97);
    expect(Math.max(...u.map(Math.abs))).toBe(4);
    expect(u.filter(v => Math.abs(v) === 4).length).toBeLessThan(u.length);
    const half = await ilqr(pendulum, hanging(), pushes(), { ...limits, iterations: 2 });
    const rest = await ilqr(pendulum, hanging(), pushes(), { ...limits, iterations: 2, state: half.state });
    const whole = await ilqr(pendulum, hanging(), pushes(), { ...limits, iterations: 4 });
    expect(rest.state).toEqual(whole.state);
  });

  it('cut in two takes the same steps, and stops when told to', async () => {
    const whole = await ilqr(pendulum, hanging(), pushes(), { iterations: 4 });
    const half = await ilqr(pendulum, hanging(), pushes(), { iterations: 2 });
    const rest = await ilqr(pendulum, hanging(), pushes(), { iterations: 2, state: structuredClone(half.state) });
    expect(rest.state).toEqual(whole.state);
    const control = new AbortController();
    control.abort();
    expect((await ilqr(pendulum, hanging(), pushes(), { signal: control.signal })).reason).toBe('aborted');
  });

  it('says what is wrong', async () => {
    const [x0, u0] = [on64([1, 0]), on64([0, 0], [2, 1])];
    await expect(ilqr(mass, x0, on64([0, 0]))).rejects.toThrow(
      'ilqr: x0 has shape [2] and u0 [2]; they must be [n] and [steps, m].',
    );
    await expect(ilqr({ ...mass, stage: x => x.square() }, x0, u0)).rejects.toThrow(
      'ilqr: stage gives shape [1, 2] for one row; it must be [1].',
    );
    for (const [act, message] of [
      [
        () => ilqr(mass, x0, u0, { low: 1, high: 0 }),
        'ilqr: the bounds of unknown 0 are 1 and 0; low must not be above',
      ],
      [
        () => ilqr(mass, x0, u0, { low: [0, 0] }),
        'ilqr: low has 2 numbers for 1 unknowns; give one for all, or one for',
      ],
      [() => ilqr(mass, x0, u0, { iterations: -1 }), 'ilqr: -1 iterations; give a whole number from 0.'],
      [() => ilqr(mass, x0, u0, { rtol: -1 }), 'ilqr: rtol is -1; it must not be negative.'],
      [() => ilqr(mass, x0, u0, { tolerance: 1 } as never), "ilqr: there is no option 'tolerance'; the options are"],
      [
        () => ilqr({} as never, x0, u0),
        "ilqr: the problem's step is undefined; give { step, stage, terminal }, functions",
      ],
      [() => ilqr(mass, [1, 0] as never, u0), 'ilqr: x0 is [1, 0]; give a tensor.'],
      [() => ilqr(mass, x0, tensor([[0]])), "ilqr: u0 is not on x0's device; move it there: await u0.to(x0.device)."],
      [
        () => ilqr(mass, x0, u0, { state: { u: new Float64Array(3), mu: 0, history: [1] } }),
        'ilqr: the state has 3 controls and u0 2; go on with the problem it is of.',
      ],
    ] as const)
      await expect(act()).rejects.toThrow(message);
    await expect(ilqr(mass, on64([Number.NaN, 0]), u0)).rejects.toThrow(
      'ilqr: the first trajectory costs NaN; give controls u0 that keep it finite.',
    );
  });
});
