/**
 * A cart on a rail, and a pole on a hinge that stands or hangs on it.
 *
 *   (M + m) ẍ + m l (θ̈ cos θ − θ̇² sin θ) = u,     l θ̈ + ẍ cos θ = g sin θ               θ from the top, towards +x
 *   min ∫ r(t) c(x) + 10⁻³ u² dt + 10 c(x_T),   c = ½ θ² + 0.05 x² + 0.01 ẋ² + 0.02 θ̇²              (1)
 *   r(t) = s² (3 − 2 s),   s = (8 t/T − 3) / 3 within 0 … 1                                         (2)
 *
 * A tree of two links of physics/articulated, in steps of its 'euler'. The state of a row is (x, θ, ẋ, θ̇, t). What is wanted counts
 * from three eighths of the time on (2): a cost that counts from the start rewards to hang on, and half of the starts end there.
 * Sizes: Barto, Sutton & Anderson, IEEE Trans. SMC 13 (1983) 834: 1 kg and 0.1 kg, the latter half a metre from the hinge, at most 10 N.
 */

import { rollout } from '../../adjoint/index.ts';
import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { articulated, articulatedParams, type Model, tree } from '../../physics/index.ts';
import type { ControlProblem } from '../../solvers/index.ts';

export const mostForce = 10; // N
export const rate = 60; // Hz
export const poleLength = 0.5; // m

export const cartpole: Model = tree({
  name: 'cart-pole',
  links: [
    { name: 'cart', joints: [{ kind: 'slide', axis: [1, 0, 0] }], mass: 1 },
    { name: 'pole', parent: 'cart', joints: [{ kind: 'hinge', axis: [0, 0, -1] }], mass: 0.1, com: [0, poleLength, 0] },
  ],
});

const step = articulated(cartpole);

export const columns = (x: Tensor, from: number, to: number): Tensor => x.slice([0, from], [x.shape[0], to]);

/** From states [r, 5] and forces [r, 1], N, to the states 1/60 s later; and (1) over so many of them. */
export function swingUp(device: Device, steps: number): ControlProblem {
  const params = articulatedParams(cartpole, device);
  const row = (values: readonly number[]): Tensor => tensor(values, [1, values.length], { device });
  const push = row([1, 0]);
  const weights = row([0.05, 0.5, 0.01, 0.02]);
  const off = (x: Tensor): Tensor => columns(x, 0, 4).square().mul(weights).sum(1);
  const wanted = (x: Tensor): Tensor => {
    const s = columns(x, 4, 5)
      .mul((8 * rate) / (3 * steps))
      .sub(1)
      .max(0)
      .min(1)
      .reshape([-1]);
    return s.square().mul(s.mul(-2).add(3)); // (2)
  };
  return {
    step(x, u) {
      const state = { q: columns(x, 0, 2), v: columns(x, 2, 4) };
      const { q, v } = step(state, { params, tau: u.mul(push) }, 1 / rate);
      const clock = columns(x, 4, 5).add(1 / rate);
      return concat([q.transpose(), v.transpose(), clock.transpose()]).transpose();
    },
    stage: (x, u) => off(x).mul(wanted(x)).add(u.square().sum(1).mul(1e-3)).div(rate),
    terminal: x => off(x).mul(10), // (1)
  };
}

/**
 * Costs of plans.
 *
 * @param x0 Where each begins, [plans, 5], or all, [5]. @param u [plans, steps, 1], N; what is more than the cart can do is cut off.
 * @returns [plans].
 */
export function costs({ step, stage, terminal }: ControlProblem, x0: Tensor, u: Tensor): Tensor {
  const [plans, steps] = u.shape;
  const inputs = u.max(-mostForce).min(mostForce).transpose([1, 0, 2]);
  const first = x0.reshape([-1, 5]).broadcastTo([plans, 5]);
  const { state, saved } = rollout(({ x }: { x: Tensor }, u: Tensor) => ({ x: step(x, u) }), { x: first }, steps, {
    inputs,
    save: ({ x }) => x,
  });
  const before = concat([first.reshape([1, plans, 5]), saved.slice(0, steps - 1)]).reshape([steps * plans, 5]);
  const running = stage(before, inputs.reshape([steps * plans, 1]));
  return running.reshape([steps, plans]).sum(0).add(terminal(state.x));
}

/** The angle's distance from the top, rad. */
export const fromTop = (theta: number): number => Math.abs(theta - 2 * Math.PI * Math.round(theta / (2 * Math.PI)));
