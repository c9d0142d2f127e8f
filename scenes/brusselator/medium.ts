/**
 * A square of gel in which the Brusselator reacts and spreads: from its state at rest plus a disturbance to its pattern.
 *
 *   ∂u/∂t = D_u Δu + a − (b + 1) u + u² v,   ∂v/∂t = D_v Δv + b u − u² v,   closed sides          by the classical Runge–Kutta method
 *   Rest (a, b / a) is unstable for b > (1 + a η)², η = √(D_u / D_v), first to waves of k² = a / √(D_u D_v)             (1) Turing
 *   and for b > 1 + a² to oscillations, which stay away here
 *
 * Lengths are in those waves: √(D_u D_v) = a / (2π)². Stable while Δt (8 D_v / dx² + a² + b) ≤ 2.78: at eight cells a wave, diffusion asks
 * for steps a few times shorter than the reaction does, which costs far less than solving systems with it.
 * Turing, Phil. Trans. R. Soc. B 237 (1952) 37; Prigogine & Lefever, J. Chem. Phys. 48 (1968) 1695.
 */

import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { grid, laplacian, odeSolve, rk4 } from '../../solvers/index.ts';

export interface Medium {
  /** Cells along a side. */
  readonly cells: number;
  /** Cells along a wave (1). */
  readonly fine: number;
  readonly duration: number;
}

interface Concentrations {
  readonly u: Tensor;
  readonly v: Tensor;
}

const a = 2.5;
const b = 4.75; // (1) from 4.1; oscillations from 7.25. With a η near 1 stripes are as welcome as spots.
const ratio = 6; // D_v / D_u
const spreadOfV = (a * Math.sqrt(ratio)) / (2 * Math.PI) ** 2;

/** u at rest. */
export const rest: number = a;

export interface Pattern {
  /** u at the end, from u = a + disturbance. Differentiable, [cells, cells]. */
  end(disturbance: Tensor): Tensor;
  /** u at so many times, evenly spaced, up to twice the duration, [count, cells, cells]. */
  film(disturbance: Tensor, count: number): Tensor;
}

/** The step that is surely stable. */
const stableStep = (dx: number): number => 2.6 / ((8 * spreadOfV) / dx ** 2 + a ** 2 + b);

export function pattern({ cells: n, fine, duration }: Medium, device: Device): Pattern {
  const field = grid([n, n], { spacing: 1 / fine, sides: 'neumann' });
  const [restU, restV] = [a, b / a].map(value => tensor(new Float64Array(n * n).fill(value), [n, n], { device }));
  const rates = ({ u, v }: Concentrations): Concentrations => {
    const meetings = u.square().mul(v);
    const spreadU = laplacian(field, u).mul(spreadOfV / ratio);
    const spreadV = laplacian(field, v).mul(spreadOfV);
    return {
      u: spreadU
        .add(meetings)
        .sub(u.mul(b + 1))
        .add(a),
      v: spreadV.sub(meetings).add(u.mul(b)),
    };
  };
  const start = (disturbance: Tensor): Concentrations => ({ u: restU.add(disturbance), v: restV });
  const least = Math.ceil(duration / stableStep(1 / fine));
  return {
    end: disturbance => odeSolve(rates, start(disturbance), { t: [0, duration], method: rk4, steps: least }).y.u,
    film(disturbance, count) {
      const every = Math.ceil((2 * least) / count);
      const { ys } = odeSolve(rates, start(disturbance), {
        t: [0, 2 * duration],
        method: rk4,
        steps: every * count,
        saveAt: { every, fn: ({ u }) => u },
      });
      return ys as Tensor;
    },
  };
}

/** A spiral with so many arms, or rings, whose waves are so long, from −1 to 1, [cells, cells]. */
export function spiral({ cells: n, fine }: Medium, arms: number, wave: number): Float64Array {
  const middle = (i: number): number => (i + 0.5 - n / 2) / fine;
  return Float64Array.from({ length: n * n }, (_, p) => {
    const [x, y] = [middle(p % n), middle(Math.floor(p / n))];
    return Math.cos((2 * Math.PI * Math.hypot(x, y)) / wave - arms * Math.atan2(y, x));
  });
}

/** The correlation of two fields, −1 … 1. */
export function correlation(x: Tensor, y: Tensor): Tensor {
  const [dx, dy] = [x.sub(x.mean()), y.sub(y.mean())];
  return dx.mul(dy).mean().div(dx.square().mean().mul(dy.square().mean()).sqrt());
}
