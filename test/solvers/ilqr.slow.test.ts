// Specification of solvers/ilqr.ts: the closed form of the linear regulator, and a pendulum that is swung up.

import { Matrix, solve } from 'ml-matrix';
import { concat, type Tensor, tensor } from 'retrograde/kernel';
import { type ControlProblem, ilqr } from 'retrograde/solvers';
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
    await expect(ilqr(mass, on64([Number.NaN, 0]), u0)).rejects.toThrow(
      'ilqr: the first trajectory costs NaN; give controls u0 that keep it finite.',
    );
  });
});
