/**
 * All constraints of a model at a state, as rows: λ = −∇s(J a − a_ref), one cost s for each group (pattern.ts).
 *
 * What constraints do follows from three arrays and the coefficients of friction; where they come from (contacts, joints, loops) is not seen
 * any more. Groups that do not act have D = 0.
 */

import { concat, type Tensor, tensor } from '../../../kernel/index.ts';
import type { Moment } from '../contact-law.ts';
import type { Model } from '../model.ts';
import { contactCones, contactGroups, contactRows } from './contact-rows.ts';
import { jointCones, jointGroups, jointRows } from './joint-rows.ts';
import { linkCones, linkGroups, linkRows } from './link-rows.ts';
import type { ConstraintParams } from './params.ts';
import { type Pattern, patternOf } from './pattern.ts';
import { touches } from './touch.ts';

export interface Rows {
  /** By groups, velocities, rows: [envs, entries]. */
  readonly jacobian: Tensor;
  /** [envs, rows]. */
  readonly aref: Tensor;
  /** D, and the width of smooth laws, [envs, groups, 2]. */
  readonly weight: Tensor;
  /** m and μ of friction cones; the loss of dry friction: [groups, 6]; [envs, groups, 6] where environments differ. */
  readonly cone: Tensor;
}

/** What makes rows other than a model's files say. */
export interface Stiffening {
  /** Share of Â that R is; 0: as solref and solimp have it. */
  readonly rigid: number;
  /** Length over which laws are smooth, m; 0: hard. */
  readonly smooth: number;
  /** Bounds and contacts act from this far before their margins, m or rad. */
  readonly reach: number;
}

/** What rows are made for. */
export interface Setting {
  readonly pattern: Pattern;
  readonly dt: number;
  /** The least time constant, s. */
  readonly shortest: number;
  readonly stiffening: Stiffening;
}

const patterns = new WeakMap<Model, Pattern>();

/** The groups of a model: contacts, then joints, then links. */
export function patternFor(model: Model): Pattern {
  const made =
    patterns.get(model) ?? patternOf(model, [...contactGroups(model), ...jointGroups(model), ...linkGroups(model)]);
  patterns.set(model, made);
  return made;
}

export function constraintRows(
  moment: Pick<Moment, 'prepared' | 'kinematics' | 'state' | 'dt'>,
  constraints: ConstraintParams,
  stiffening: Stiffening,
): Rows {
  const { prepared, kinematics, state, dt } = moment;
  const { model, envs } = prepared;
  const pattern = patternFor(model);
  const how: Setting = { pattern, dt, shortest: model.solver.refsafe ? 2 * dt : 0, stiffening };
  const parts: Omit<Rows, 'cone'>[] = [];
  const cones: Tensor[] = [];
  const { geoms, pairs } = constraints;
  if (model.pairs.length > 0 && geoms && pairs) {
    const contact = touches(prepared, kinematics, { geoms, pairs });
    parts.push(contactRows(prepared, kinematics, { contact, v: state.v, constraints }, how));
    cones.push(contactCones(model, constraints, stiffening.smooth > 0) as Tensor);
  }
  if (jointGroups(model).length > 0) {
    parts.push(jointRows(prepared, state, constraints, how));
    cones.push(jointCones(model, constraints));
  }
  if (linkGroups(model).length > 0) {
    parts.push(linkRows(prepared, kinematics, { v: state.v, constraints }, how));
    cones.push(linkCones(model, constraints));
  }
  const joined = (of: 'jacobian' | 'aref' | 'weight'): Tensor =>
    parts.length === 1
      ? parts[0][of]
      : concat(
          parts.map(part => part[of]),
          1,
        );
  const own = cones.some(({ shape }) => shape.length > 2);
  const spread = (x: Tensor): Tensor => (own ? x.broadcastTo([envs, ...x.shape.slice(-2)]) : x);
  const cone = cones.length === 1 ? cones[0] : concat(cones.map(spread), -2);
  return { jacobian: joined('jacobian'), aref: joined('aref'), weight: joined('weight'), cone };
}

const tables = new WeakMap<
  Pattern,
  WeakMap<Tensor['device'], Record<'groups' | 'list' | 'start' | 'ancestors', Tensor>>
>();

/** law, rows, first of the list, count, entry and row of each group; the velocities; the pattern of H. */
export function patternOn(
  pattern: Pattern,
  device: Tensor['device'],
): Record<'groups' | 'list' | 'start' | 'ancestors', Tensor> {
  const of = tables.get(pattern) ?? new WeakMap();
  tables.set(pattern, of);
  const u32 = (numbers: readonly number[]): Tensor => tensor(Uint32Array.from(numbers), undefined, { device });
  const made = of.get(device) ?? {
    groups: u32(
      pattern.groups.flatMap(({ law, rows, list, dofs, entry, row }) => [law, rows, list, dofs.length, entry, row]),
    ),
    list: u32(pattern.groups.flatMap(({ dofs }) => dofs)),
    start: u32(pattern.start),
    ancestors: u32(pattern.ancestors),
  };
  of.set(device, made);
  return made;
}
