/**
 * Force and torque between a link and its parent: what the parent exerts, so that the link and what hangs on it move as they do.
 *
 *   F = Σ f,   T = Σ n − (x − O) × F,   in the site's axes          n, f: forces (3) of inverse.ts, over the subtree    (1)
 *
 * less the forces of contacts (contacts.ts), closed loops (loops.ts) and spatial tendons (tensions.ts) on it. Forces from elsewhere are not known here.
 */

import { lazyKernel, type Tensor, tensor } from '../../../kernel/index.ts';
import type { ArticulatedParams } from '../model.ts';
import type { Sensor } from '../parts.ts';
import { type Moved, pointMotionsOf } from '../points.ts';
import { tablesOf } from '../tables-of.ts';
import { sensedPoints } from './motions.ts';
import { integers } from './tables.ts';

/** Of each sensor: the frames behind its link, the frame of its root, and which numbers are its own. */
const tables = tablesOf((list: readonly Sensor[], { tables: { frames, frameOf } }, device) => {
  const isBehind = (f: number, top: number): boolean =>
    f === top || (frames[f].before > 0 && isBehind(frames[f].before - 1, top));
  const tops = list.map(({ of }) => (of && of.link >= 0 ? frameOf[of.link] : -1));
  const masks = tops.flatMap(top => frames.map((_, f) => (top >= 0 && isBehind(f, top) ? 1 : 0)));
  return {
    mask: tensor(masks, [1, list.length, frames.length, 1], { device }),
    roots: integers(
      tops.map(top => frames[Math.max(0, top)].root),
      device,
    ),
    kept: integers(
      list.flatMap(({ kind }, s) => [0, 1, 2].map(k => 6 * s + (kind === 'force' ? k : 3 + k))),
      device,
    ),
  };
});

/** @param force On frames, (torque, force) about O, [envs, frames, 6]. @returns [envs, 3 per sensor]. */
export function interactions(moved: Moved, felt: readonly Sensor[], force: Tensor, params: ArticulatedParams): Tensor {
  const { model, envs, sizes } = moved.prepared;
  const { device } = force;
  const sites = pointMotionsOf(moved, sensedPoints(felt, model, params, device));
  const { relative } = moved.kinematics;
  const { mask, roots, kept } = tables(felt, model, device);
  const n = felt.length;
  const sum = force.reshape([envs, 1, sizes.frames, 6]).mul(mask).sum(2); // torque about O, force
  const parts = sum.reshape([envs * n, 6]).transpose();
  const [torque, push] = [parts.slice(0, 3).transpose(), parts.slice(3, 6).transpose()];
  const O = relative
    .transpose([1, 2, 0])
    .gather(roots)
    .transpose([2, 0, 1])
    .reshape([envs * n, 12])
    .transpose()
    .slice(9, 12)
    .transpose();
  const [x, R] = [sites.position, sites.orientation].map(all =>
    all
      .reshape([envs, n, 2, -1])
      .transpose([2, 0, 1, 3])
      .slice(0, 1)
      .reshape([envs * n, -1]),
  );
  const both = wrench({ torque, push, arm: x.sub(O), R }, { count: envs * n, out: { felt: [envs * n, 6] } }).felt;
  return both
    .reshape([envs, 6 * n])
    .transpose()
    .gather(kept)
    .transpose();
}

const wrench = lazyKernel(/* wgsl */ `
  var<storage, read> torque: array<vec3f>;
  var<storage, read> push: array<vec3f>;
  var<storage, read> arm: array<vec3f>;
  var<storage, read> R: array<f32>;
  var<storage, read_write> felt: array<f32>;
  @compute @workgroup_size(64)
  fn wrench(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let turned = torque[i] - cross(arm[i], push[i]);
    for (var k = 0u; k < 3u; k++) {
      let axis = vec3f(R[9u * i + 3u * k], R[9u * i + 3u * k + 1u], R[9u * i + 3u * k + 2u]);
      felt[6u * i + k] = dot(axis, push[i]);                                                                     // (1)
      felt[6u * i + 3u + k] = dot(axis, turned);
    }
  }
`);
