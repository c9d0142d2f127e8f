/**
 * The numbers of a model's constraints, as tensors: all differentiable.
 *
 * How heavy a constraint is to move, Â in law.ts, is estimated from links and velocities by themselves, at q⁰ (MuJoCo's invweight0):
 *
 *   of a velocity d    (M⁻¹)_dd; of a ball's or free joint's three, their mean
 *   of a tendon        C M⁻¹ Cᵀ
 *   of a link          tr(J M⁻¹ Jᵀ) / 3,  J of its centre of mass; the same for turning
 *
 * A link that slides alone (sliding-alone.ts) has 1 / m, and so have its velocities.
 *
 * They are parameters like others: who varies masses and wants them to follow calls `inverseWeights` again.
 */

import { lasting } from '../../../adjoint/index.ts';
import { concat, type Device, onDeviceOf, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { forwardDynamics } from '../dynamics/dynamics.ts';
import type { ArticulatedParams, Model } from '../model.ts';
import { lengthOf } from '../parts.ts';
import { pointJacobians } from '../point-jacobians.ts';
import { articulatedParams } from '../structure.ts';
import { tied } from '../tendons/tendon.ts';
import type { ConstraintParams, Soft } from './numbers.ts';

/** How readily links and velocities move at q⁰. */
export function inverseWeights(
  model: Model,
  params: ArticulatedParams,
): Pick<ConstraintParams, 'linkWeight' | 'dofWeight' | 'tendonWeight'> {
  const { nv, nq, links, joints, q0, slidesAlone } = model;
  const { device } = params.mass;
  const q = tensor([...q0], [1, nq], { device });
  const q0s = q.broadcastTo([nv, nq]);
  const still = zeros([nv, nv], { device });
  const identity = tensor(
    Array.from({ length: nv * nv }, (_, k) => (k % (nv + 1) === 0 ? 1 : 0)),
    [nv, nv],
    { device },
  );
  const { tendonStiffness: k, tendonDamping: d } = params;
  const slack = k && d ? { tendonStiffness: k.mul(0), tendonDamping: d.mul(0) } : {};
  const calm = params.medium ? { medium: params.medium.mul(0) } : {};
  const free = { ...params, gravity: params.gravity.mul(0), damping: params.damping.mul(0), ...slack, ...calm };
  const unsprung = { ...free, stiffness: params.stiffness.mul(0) };
  const inverse = forwardDynamics(model, unsprung, { q: q0s, v: still }, identity);
  const diagonal = inverse.mul(identity).sum(1);
  const shares = joints.flatMap(({ kind, dof }) => {
    const three = (from: number) => Array.from({ length: 3 }, () => [from, from + 1, from + 2]);
    if (kind === 'free') return [...three(dof), ...three(dof + 3)];
    return kind === 'ball' ? three(dof) : Array.from({ length: lengthOf[kind].dof }, () => [dof, dof, dof]);
  });
  const points = { links: links.map((_, l) => l), offsets: params.com };
  const J = pointJacobians(model, params, q, points).reshape([links.length * 6, nv]);
  const byInverse = {
    linkWeight: J.matmul(inverse).mul(J).sum(1).reshape([links.length, 2, 3]).mean(2),
    dofWeight: diagonal.gather(shares.flat()).reshape([nv, 3]).mean(1),
  };
  const weights = slidesAlone.includes(true) ? ofSliding(model, params.mass, byInverse) : byInverse;
  if (model.tendons.length === 0) return weights;
  const C = tied(model, params, q).weights.reshape([model.tendons.length, nv]);
  return { ...weights, tendonWeight: C.matmul(inverse).mul(C).sum(1) };
}

/** With 1 / m in place of those of links that slide alone. */
function ofSliding(
  { links, joints, slidesAlone }: Model,
  mass: Tensor,
  { linkWeight, dofWeight }: Pick<ConstraintParams, 'linkWeight' | 'dofWeight'>,
): Pick<ConstraintParams, 'linkWeight' | 'dofWeight'> {
  const sliding = links.flatMap((_, l) => (slidesAlone[l] ? [l] : []));
  const own = new Map(sliding.map((l, k) => [l, k]));
  const heavy = mass.gather(sliding);
  const light = heavy.mul(0).add(1).div(heavy);
  const dofLinks = joints.flatMap(({ kind, link }) => new Array<number>(lengthOf[kind].dof).fill(link));
  const choice = (at: readonly number[]): readonly number[] =>
    at.map((link, k) => (slidesAlone[link] ? at.length + (own.get(link) as number) : k));
  const shifts = light.reshape([sliding.length, 1]);
  return {
    linkWeight: concat([linkWeight, concat([shifts, shifts.mul(0)], 1)]).gather(choice(links.map((_, l) => l))),
    dofWeight: concat([dofWeight, light]).gather(choice(dofLinks)),
  };
}

/** The numbers a model was built with, on a device: the default one if none is named. */
export function constraintParams(model: Model, device?: Device): ConstraintParams {
  const { geoms, pairs, limits, frictionLosses, equalities, solver } = model;
  const params = articulatedParams(model, device);
  const options = { device: params.mass.device };
  const list = <T>(items: readonly T[], width: number, of: (item: T) => readonly number[]): Tensor =>
    tensor(items.flatMap(of), width === 1 ? [items.length] : [items.length, width], options);
  const soft = (items: readonly { solref: readonly number[]; solimp: readonly number[] }[]): Soft => ({
    solref: list(items, 2, ({ solref }) => solref),
    solimp: list(items, 5, ({ solimp }) => solimp),
  });
  return {
    ...(geoms.length > 0 && {
      geoms: {
        size: list(geoms, 3, ({ size }) => size),
        position: list(geoms, 3, ({ position }) => position),
        orientation: list(geoms, 4, ({ orientation }) => orientation),
      },
    }),
    ...(pairs.length > 0 && {
      pairs: {
        ...soft(pairs),
        friction: list(pairs, 5, ({ friction }) => friction),
        solrefFriction: list(pairs, 2, ({ solrefFriction }) => solrefFriction),
        margin: list(pairs, 1, ({ margin }) => [margin]),
        impratio: tensor([solver.impratio], [1], options),
      },
    }),
    ...(limits.length > 0 && {
      limits: {
        ...soft(limits),
        range: list(limits, 2, ({ range }) => range),
        margin: list(limits, 1, ({ margin }) => [margin]),
      },
    }),
    ...(frictionLosses.length > 0 && {
      losses: { ...soft(frictionLosses), loss: list(frictionLosses, 1, ({ loss }) => [loss]) },
    }),
    ...(equalities.length > 0 && {
      equalities: {
        ...soft(equalities),
        anchors: list(equalities, 6, ({ anchors }) => anchors.flat()),
        orientation: list(equalities, 4, ({ orientation }) => orientation),
        torqueScale: list(equalities, 1, ({ torqueScale }) => [torqueScale]),
        polynomial: list(equalities, 5, ({ polynomial }) => polynomial),
      },
    }),
    ...inverseWeights(model, params),
  };
}

/** As `constraintParams`, made once for a model and a device; not to be differentiated by. */
export const usualParams: (model: Model, device: Device) => ConstraintParams = onDeviceOf((model: Model, device) =>
  lasting(() => constraintParams(model, device)),
);
