// Specification of optimal control through impacts: task 3 of Zhong et al., arXiv 2207.05060, with the constants of their program; `weight` is
// that of ∫ u² dt. The optimum is that of notes/contacts.md §3 (V9). Their two later tasks (V9b) are played by the scene billiards.

import { rollout } from 'retrograde/adjoint';
import { hybrid } from 'retrograde/events';
import { type Tensor, tensor } from 'retrograde/kernel';
import { lbfgs, minimize } from 'retrograde/solvers';
import { expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';

const on64 = (data: number | readonly number[], shape?: readonly number[]) => tensor(data, shape, { device: cpu64 });
const steps = 480;
const dt = 1 / steps;
/** In which controls are sought: the first step of L-BFGS, of length 1, is to leave the balls a chance to meet. */
const unit = 2 / Math.sqrt(steps);

const table = /* wgsl */ `
  struct State { x1: vec2f, x2: vec2f, v1: vec2f, v2: vec2f }
  struct Params { u: vec2f } // acceleration of the first ball
  const r = 0.2;
  fn flow(s: State, p: Params, dt: f32) -> State {
    return State(s.x1 + dt * s.v1 + 0.5 * dt * dt * p.u, s.x2 + dt * s.v2, s.v1 + dt * p.u, s.v2);
  }
  fn ballsGap(s: State, p: Params) -> vec2f {
    let d = s.x2 - s.x1;
    return vec2f(length(d) - 2.0 * r, dot(d, s.v2 - s.v1) / length(d));
  }
  fn ballsJump(s: State, p: Params) -> State { // elastic, equal masses
    let n = normalize(s.x2 - s.x1);
    let impulse = dot(s.v2 - s.v1, n) * n;
    return State(s.x1, s.x2, s.v1 + impulse, s.v2 - impulse);
  }
`;

it('along the diagonal: within 1 % of the optimum in 25 evaluations', async () => {
  const [x1, x2, u] = [[-2, -2], [-1, -1], [3, 3]]; // biome-ignore format: a row
  const [weight, optimum] = [0.1, 1.39654216];
  const move = hybrid(table, { guards: ['balls'] });
  const still = on64([0, 0], [1, 2]);
  const start = { x1: on64(x1, [1, 2]), x2: on64(x2, [1, 2]), v1: still, v2: still };
  let evaluations = 0;
  const loss = ({ w }: { w: Tensor }) => {
    evaluations++;
    const inputs = w.div(unit);
    const end = rollout((s, u: Tensor) => move(s, { u }, dt).state, start, steps, { inputs });
    return end.x2
      .square()
      .sum()
      .add(
        inputs
          .square()
          .sum()
          .mul(weight * dt),
      );
  };
  const first = on64(
    Array.from({ length: 2 * steps }, (_, k) => u[k % 2] * unit),
    [steps, 1, 2],
  );
  let spent = Number.POSITIVE_INFINITY;
  const { value } = await minimize(loss, { w: first }, lbfgs(), {
    iterations: 20,
    onIteration: progress => {
      if (progress.value <= 1.01 * optimum) spent = Math.min(spent, evaluations);
    },
  });
  expect(spent).toBeLessThanOrEqual(25);
  expect(value).toBeLessThan(1.01 * optimum);
  expect(value).toBeGreaterThan(optimum);
});
