/** Robots of particles, coloured by what their muscles do. */

import type { Image } from '../../render/index.ts';
import { dots } from '../dots.ts';

const turn = 0.5; // rad, about the upright axis
const tilt = 0.35;

/** Seen from the front in the plane; in space from above at an angle, what is farther first. */
export function picture(
  { x, pull }: { readonly x: Float32Array; readonly pull: Float32Array },
  muscles: Int32Array,
  nodes: number,
): Image {
  const d = x.length / muscles.length;
  const most = 5;
  const inked = (p: number, depth: number): number[] => {
    const a = muscles[p] < 0 ? 0 : Math.max(-1, Math.min(1, pull[muscles[p]] / most));
    const base = muscles[p] < 0 ? [0.35, 0.38, 0.42] : [0.62, 0.58, 0.6];
    const colour = a > 0 ? [0.85, 0.2, 0.15] : [0.15, 0.3, 0.85];
    return base.map((b, k) => (b + Math.abs(a) * (colour[k] - b)) * (1 - 0.45 * depth));
  };
  if (d === 2)
    return dots({ x: [0, 1], y: [0, 0.4], width: 480 }, x, { radius: 0.4 / nodes, colourOf: p => inked(p, 0) });
  const [c, s, ct, st] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  const all = Array.from(muscles, (_, p) => {
    const [px, py, pz] = [x[3 * p] - 0.5, x[3 * p + 1], x[3 * p + 2] - 0.5];
    const away = -s * px - c * pz;
    return { p, u: c * px - s * pz, v: ct * py + st * away, depth: ct * away - st * py };
  }).sort((a, b) => b.depth - a.depth);
  const [far, near] = [all[0].depth, (all.at(-1) as (typeof all)[0]).depth];
  const flat = Float32Array.from(all.flatMap(({ u, v }) => [u, v]));
  return dots({ x: [-0.5, 0.4], y: [-0.2, 0.25], width: 480 }, flat, {
    radius: 0.35 / nodes,
    colourOf: k => inked(all[k].p, (all[k].depth - near) / Math.max(1e-9, far - near)),
  });
}
