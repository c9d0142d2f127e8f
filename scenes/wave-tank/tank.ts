/**
 * A square tank of water, 1 m wide: from the height of its surface at rest to that after some time.
 *
 *   ∂²u/∂t² = c² Δu,   u(0) = h,   ∂u/∂t(0) = 0,   ∂u/∂n = 0 at the walls           end(h) = u(T), linear in h
 *   c Δt = dx / √3
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { type WaveState, wave } from '../../physics/index.ts';
import { grid } from '../../solvers/index.ts';

export interface Tank {
  /** Cells along a side. */
  readonly cells: number;
  readonly steps: number;
}

export interface Surface {
  /** The surface at the end. Differentiable in h, [cells, cells]. */
  end(h: Tensor): Tensor;
  /** `count` surfaces on the way, evenly spaced, the end among them. */
  film(h: Tensor, count: number): readonly Tensor[];
}

export function surface({ cells: n, steps }: Tank, device: Device): Surface {
  const step = wave(grid([n, n], { spacing: 1 / n, sides: 'neumann' }));
  const c = tensor([1], [1], { device });
  const dt = 1 / (n * Math.sqrt(3));
  const still = zeros([n, n], { device });
  const advance = (state: WaveState): WaveState => step(state, { c }, dt);
  const start = (h: Tensor): WaveState => ({ u: h, v: still });
  return {
    end: h => rollout(advance, start(h), steps).u,
    film(h, count) {
      const images: Tensor[] = [];
      let state = start(h);
      for (let k = 0; k < count; k++) {
        const [from, to] = [k, k + 1].map(i => Math.round((i * steps) / count));
        state = rollout(advance, state, to - from);
        images.push(state.u);
      }
      return images;
    },
  };
}

type Point = readonly [number, number];
/** The letter R, as strokes in the unit square, y up. */
const strokes: readonly (readonly [Point, Point])[] = [
  [[0.3, 0.2], [0.3, 0.8]],
  [[0.3, 0.8], [0.56, 0.8]],
  [[0.56, 0.8], [0.68, 0.66]],
  [[0.68, 0.66], [0.56, 0.5]],
  [[0.56, 0.5], [0.3, 0.5]],
  [[0.5, 0.5], [0.7, 0.2]],
]; // biome-ignore format: a table
const halfWidth = 0.07;

/** A glyph of height 1 m with flanks two cells wide, [cells, cells]; row 0 is at the bottom. */
export function glyph(n: number): Float64Array {
  const distance = (x: number, y: number): number =>
    Math.min(
      ...strokes.map(([[ax, ay], [bx, by]]) => {
        const [dx, dy] = [bx - ax, by - ay];
        const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
        return Math.hypot(x - ax - t * dx, y - ay - t * dy);
      }),
    );
  return Float64Array.from({ length: n * n }, (_, i) => {
    const away = distance(((i % n) + 0.5) / n, (Math.floor(i / n) + 0.5) / n) - halfWidth;
    return Math.min(1, Math.max(0, 0.5 - (away * n) / 2));
  });
}
