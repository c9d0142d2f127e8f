/**
 * Smoke in a square box of air without friction, 1 m wide, whose sides are joined to each other: from velocities at the start to the smoke
 * after a second.
 *
 *   u(0) = P v,   ∂u/∂t + (u·∇)u = −∇p,   ∇·u = 0,   ∂s/∂t + u·∇s = 0        P: the part without divergence
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { type FlowState, incompressible } from '../../physics/index.ts';
import { grid, project } from '../../solvers/index.ts';

export interface Box {
  /** Cells along a side. */
  readonly cells: number;
  readonly steps: number;
  /** States kept for a gradient; 0: all that each step computes. */
  readonly checkpoints: number;
}

/** Velocities on the faces, [cells, cells] each, in units of `cells` m/s: so their squares add up to ∫ |v|² on any grid, and a step is as long. */
export interface Gust {
  readonly x: Tensor;
  readonly y: Tensor;
}

export interface SmokeBox {
  readonly calm: Gust;
  /** Smoke after so many steps, all by default. Differentiable in the gust. */
  end(gust: Gust, count?: number): Tensor;
  /** `count` moments on the way, evenly spaced, the end among them. */
  film(gust: Gust, count: number): readonly Tensor[];
}

const span = 1; // s
/** Fields of a state (u, v, smoke) and of a step's record; what is held besides where steps are recorded once, and where they run again. */
const fields = { state: 3, record: 13.8, once: 22, again: 42 };

/** Bytes of tensors that a gradient takes. */
export function memoryOf({ cells, steps, checkpoints }: Box, { precision }: Device): number {
  const field = cells * cells * (precision === 'f64' ? 8 : 4);
  const held = checkpoints
    ? Math.min(checkpoints, steps) * fields.state + fields.again
    : steps * fields.record + fields.once;
  return field * held;
}

/** @param onStep Called once for each step on the way back. */
export function smokeBox(
  { cells: n, steps, checkpoints }: Box,
  smoke: Tensor,
  device: Device,
  onStep: () => void = () => {},
): SmokeBox {
  const g = grid([n, n], { spacing: 1 / n, sides: 'periodic' });
  const step = incompressible(g);
  const advance = (state: FlowState): FlowState => step(state, {}, span / steps);
  const start = ({ x, y }: Gust): FlowState => ({ u: project(g, { x: x.mul(n), y: y.mul(n) }).u, smoke });
  const still = zeros([n, n], { device });
  return {
    calm: { x: still, y: still },
    end(gust, count = steps) {
      // A step that takes its number is recorded for itself.
      const { smoke } = checkpoints
        ? rollout(advance, start(gust), count, { checkpoints, onAdjoint: onStep })
        : rollout((now: FlowState, _: number) => advance(now), start(gust), count, {
            checkpoints: 'all',
            onAdjoint: onStep,
          });
      return smoke as Tensor;
    },
    film(gust, count) {
      const images: Tensor[] = [];
      let state = start(gust);
      for (let k = 0; k < count; k++) {
        const [from, to] = [k, k + 1].map(i => Math.round((i * steps) / count));
        state = rollout(advance, state, to - from);
        images.push(state.smoke as Tensor);
      }
      return images;
    },
  };
}

/** A disc of smoke in the middle, of an area, [cells, cells]. */
export function puff(n: number, area: number, device: Device): Tensor {
  const radius = Math.sqrt(area / Math.PI);
  const data = Float64Array.from({ length: n * n }, (_, i) => {
    const away = Math.hypot((i % n) + 0.5 - n / 2, Math.floor(i / n) + 0.5 - n / 2);
    return Math.min(1, Math.max(0, 0.5 + radius * n - away));
  });
  return tensor(data, [n, n], { device });
}
