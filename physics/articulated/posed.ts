/**
 * Links that somebody else moves: poses as inputs of a step, as of MuJoCo's mocap bodies.
 *
 * A link without joints stands where its parameters say; they may be others at every step. Its velocity counts as 0, so that what is
 * welded to it is dragged by the constraint alone.
 */

import { concat, type Tensor } from '../../kernel/index.ts';
import type { ArticulatedParams, Model } from './model.ts';

/** Where a link stands in its parent's frame; what is not given stays. */
export interface LinkPose {
  /** [3], m, or [envs, 3]. */
  readonly position?: Tensor;
  /** Quaternion (w, x, y, z) of any length, [4] or [envs, 4]. */
  readonly orientation?: Tensor;
}

/**
 * Parameters with other poses of links, by name; differentiable in them.
 *
 * @throws RangeError if there is no such link, or the pose has another shape; TypeError if a free joint moves the link.
 * @example
 *   const hand = mjcf(`<mujoco><worldbody><body name="hand" mocap="true"/><body><freejoint/><geom size="0.1"/></body></worldbody></mujoco>`);
 *   const params = posed(hand, articulatedParams(hand), { hand: { position: tensor([0, 0, 0.3]) } });
 */
export function posed(
  model: Model,
  params: ArticulatedParams,
  poses: Readonly<Record<string, LinkPose>>,
): ArticulatedParams {
  let { position, orientation } = params;
  for (const [name, pose] of Object.entries(poses)) {
    const l = model.links.findIndex(link => link.name === name);
    if (l < 0) throw new RangeError(`posed: there is no link '${name}'.`);
    const free = model.links[l].joints.find(j => model.joints[j].kind === 'free');
    if (free !== undefined)
      throw new TypeError(
        `posed: link '${name}' moves by '${model.joints[free].name}', a free joint; its place is in q.`,
      );
    if (pose.position) position = withRow(`position of '${name}'`, position, l, pose.position);
    if (pose.orientation) orientation = withRow(`orientation of '${name}'`, orientation, l, pose.orientation);
  }
  return { ...params, position, orientation };
}

/** Rows of a parameter, [l, w] or [envs, l, w], with another one in a place. */
function withRow(what: string, rows: Tensor, l: number, row: Tensor): Tensor {
  const [links, w] = rows.shape.slice(-2);
  if (row.shape.length > 2 || row.shape[row.shape.length - 1] !== w)
    throw new RangeError(
      `posed: the ${what} has shape [${row.shape.join(', ')}]; it must be [${w}], or [environments, ${w}].`,
    );
  const own = row.shape.length === 2 || rows.shape.length === 3;
  const envs = Math.max(row.shape.length === 2 ? row.shape[0] : 1, rows.shape.length === 3 ? rows.shape[0] : 1);
  const all = rows.reshape([-1, links, w]).broadcastTo([envs, links, w]);
  const parts = [
    ...(l > 0 ? [all.slice([0, 0, 0], [envs, l, w])] : []),
    row.reshape([-1, 1, w]).broadcastTo([envs, 1, w]),
    ...(l < links - 1 ? [all.slice([0, l + 1, 0], [envs, links, w])] : []),
  ];
  return concat(parts, 1).reshape(own ? [envs, links, w] : [links, w]);
}
