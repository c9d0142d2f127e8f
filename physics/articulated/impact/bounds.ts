/**
 * Bounds of hinges and slides as contacts without friction, which come after those of shapes: two slots for each,
 *
 *   φ = q − l,  J = e        and        φ = u − q,  J = −e,        e the joint's velocity                                  (1)
 */

import { type Tensor, tensor } from '../../../kernel/index.ts';
import type { Model } from '../model.ts';

export const boundSlots = ({ limits }: Model): number => 2 * limits.length;

/** @throws RangeError for bounds that are no two numbers. */
export function checkBounds({ limits, joints, tendons }: Model): void {
  const tied = limits.find(({ joint }) => joint < 0)?.tendon;
  if (tied !== undefined)
    throw new RangeError(
      `impact: tendon '${tendons[tied].name}' has bounds; the law knows those of joints alone. Leave them out, or take convex().`,
    );
  for (const { joint } of limits)
    if (joints[joint].kind === 'ball')
      throw new RangeError(
        `impact: joint '${joints[joint].name}' is a ball with a range; the law bounds hinges and slides alone.`,
      );
}

/** 1, −1 or 0 of each slot for each of `count` numbers: its joint's, with the sign of (1). */
function signsOf({ limits, joints }: Model, of: 'q' | 'dof', count: number): number[] {
  return limits.flatMap(({ joint }) =>
    [1, -1].flatMap(sign => Array.from({ length: count }, (_, k) => (k === joints[joint][of] ? sign : 0))),
  );
}

/** φ of (1), as rows of ten numbers of which the first is the gap, [envs, slots, 10]. @param range [limits, 2]. */
export function boundGaps(model: Model, q: Tensor, range: Tensor): Tensor {
  const { device } = q;
  const slots = boundSlots(model);
  const signs = tensor(signsOf(model, 'q', model.nq), [slots, model.nq], { device });
  const sides = tensor([-1, 1], [1, 2], { device });
  const first = tensor([1, ...Array.from({ length: 9 }, () => 0)], [1, 1, 10], { device });
  const gap = q
    .reshape([q.shape[0], 1, model.nq])
    .mul(signs)
    .sum(2)
    .add(range.mul(sides).reshape([1, slots])); // (1)
  return gap.reshape([q.shape[0], slots, 1]).mul(first);
}

/** J of (1), with rows of nothing for tangents, [envs, 3 slots, nv]. */
export function boundJacobian(model: Model, envs: number, device: Tensor['device']): Tensor {
  const { nv } = model;
  const none = Array.from({ length: 2 * nv }, () => 0);
  const signs = signsOf(model, 'dof', nv);
  const rows = Array.from({ length: boundSlots(model) }, (_, s) => [...signs.slice(s * nv, (s + 1) * nv), ...none]);
  return tensor(rows.flat(), [1, 3 * boundSlots(model), nv], { device }).broadcastTo([envs, 3 * boundSlots(model), nv]);
}
