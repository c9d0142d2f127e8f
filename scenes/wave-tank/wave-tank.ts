/**
 * How must water stand so that, left alone, its waves meet in the shape of a letter?
 *
 *   min dx² Σ (glyph − end(h))²      over the height h of each cell, 65 536 of them, by conjugate gradients on the normal equations:
 *
 *   q = A p,  α = |s|² / |q|²,  h⁺ = h + α p,  r⁺ = r − α q,  s⁺ = Aᵀ r⁺,  p⁺ = s⁺ + (|s⁺|² / |s|²) p
 *
 * end(h) = A h is linear: a step costs one run forwards and one adjoint, as an evaluation of the gradient does. Waves shorter than a
 * few cells travel slower than others and meet late, so the loss falls fast at first and then slowly.
 * Hestenes & Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409, §10; Björck: Numerical Methods for Least Squares Problems, 1996, §7.4.
 *
 * Goal: what conjugate gradients reached in 10 and 40 steps for the height field of DiffTaichi's wave.py: 0.033 and 0.0065.
 */

import { vjp } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { beside, fieldImage, type Image, water } from '../../render/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { glyph, surface, type Tank } from './tank.ts';

const sizes = { small: { cells: 96, steps: 96 }, full: { cells: 256, steps: 256 } } as const;
const goals = { early: { steps: 10, loss: 0.033 }, late: { steps: 40, loss: 0.0065 } } as const;
const pictures = 32;

/** Heights from `low` to `high`, in metres. */
const seen = async (u: Tensor, n: number, low: number, high: number): Promise<Image> =>
  fieldImage(Array.from(await u.read()), n, { low, high, colours: water, width: 256 });

export interface TankStep {
  /** Gradients evaluated so far. */
  readonly evaluations: number;
  /** dx² Σ (glyph − end(h))² */
  readonly loss: number;
  readonly h: Tensor;
}

/** Heights that lead to the target better and better. @param target [cells, cells], m. */
export async function* shapeWater(tank: Tank, target: Tensor, device: Device): AsyncGenerator<TankStep> {
  const { end } = surface(tank, device);
  const run = vjp(end);
  let h = zeros(target.shape, { device });
  let r = target;
  const first = run(h);
  let s = first.pullback(r);
  first.dispose();
  let p = s;
  let size = s.square().sum();
  for (let evaluations = 1; ; evaluations++) {
    const { value: q, pullback, dispose } = run(p);
    const alpha = size.div(q.square().sum());
    h = h.add(p.mul(alpha));
    r = r.sub(q.mul(alpha));
    s = pullback(r);
    dispose();
    const next = s.square().sum();
    p = s.add(p.mul(next.div(size)));
    size = next;
    yield { evaluations, loss: await r.square().mean().item(), h };
  }
}

export const waveTank: Scene = {
  name: 'wave-tank',
  summary: 'finds how water must stand for its waves to meet in the shape of a letter',
  settings: { cells: 'of the tank along a side (preset small: 96; full: 256)', steps: 'of time (96; 256)' },
  async run({ preset, settings, iterations = goals.late.steps, onProgress, signal, device }) {
    const tank: Tank = { ...sizes[preset], ...settings };
    checkWhole('wave-tank', tank, { cells: 16, steps: 8 });
    const n = tank.cells;
    const target = tensor(glyph(n), [n, n], { device });
    const start = await target.square().mean().item();
    const history: SceneProgress[] = [];
    let best: TankStep | undefined;
    for await (const now of shapeWater(tank, target, device)) {
      best = now;
      const { evaluations, loss } = now;
      const progress = {
        iteration: evaluations,
        loss,
        done: evaluations / iterations,
        note: `the surface is off by ${Math.sqrt(loss).toPrecision(3)} m`,
      };
      history.push(progress);
      onProgress(progress);
      if (evaluations >= iterations || signal?.aborted) break;
    }
    const { h, loss } = best as TankStep;
    const early = history.find(({ iteration }) => iteration === goals.early.steps)?.loss;
    const bounds = [...(early === undefined ? [] : [early / goals.early.loss])];
    if (iterations >= goals.late.steps) bounds.push(loss / goals.late.loss);
    const value = bounds.length > 0 ? Math.max(...bounds) : Number.POSITIVE_INFINITY;
    const surfaces = surface(tank, device).film(h, pictures);
    const film = await Promise.all(surfaces.map(u => seen(u, n, -1, 2)));
    const spread = 3 * Math.sqrt(await h.square().mean().item());
    return {
      goal: { name: 'largest loss over what is allowed after 10 and 40 gradients', value, bound: 1, met: value <= 1 },
      fitted: { height: Array.from(await h.read()) },
      loss,
      iterations: history.length,
      estimates: [],
      history,
      pictures: [
        {
          caption: `the water at the beginning (dark to light: ±${spread.toPrecision(2)} m), at the end, and as it was wanted (−0.5 … 1.5 m)`,
          image: beside(
            [
              await seen(h, n, -spread, spread),
              await seen(surfaces[pictures - 1], n, -0.5, 1.5),
              await seen(target, n, -0.5, 1.5),
            ],
            8,
          ),
        },
      ],
      film: {
        images: [await seen(h, n, -1, 2), ...film],
        fps: 12,
        caption: 'from rest to the end: −1 … 2 m, what is lower or higher as dark or light as these',
      },
      notes: [
        `${n} × ${n} cells, ${tank.steps} steps; ${n * n} heights are sought.`,
        `The loss falls from ${start.toPrecision(4)} (still water) ${early === undefined ? '' : `to ${early.toPrecision(3)} after ${goals.early.steps} gradients and `}to ${loss.toPrecision(3)} after ${history.length}.`,
      ],
    };
  },
};
