/**
 * All constraints of a model at a state, as rows: λ = −∇s(J a − a_ref), one cost s for each group (pattern.ts).
 *
 * What constraints do follows from three arrays and the coefficients of friction; where they come from (contacts, joints, loops) is not seen
 * any more. Groups that do not act have D = 0.
 */

import { concat, type Device, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import type { Moment } from '../contact-law.ts';
import type { Kinematics } from '../dynamics/kinematics.ts';
import type { ArticulatedState, Model } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { contactCones, contactGroups, contactRows } from './contact-rows.ts';
import { jointCones, jointGroups, jointRows } from './joint-rows.ts';
import { linkCones, linkGroups, linkRows } from './link-rows.ts';
import type { ConstraintParams } from './numbers.ts';
import { type Pattern, patternOf } from './pattern.ts';
import type { Rows, Setting, Stiffening } from './row-form.ts';
import { touches } from './touch.ts';

export const settingOf = (model: Model, dt: number, stiffening: Stiffening): Setting => ({
  pattern: patternFor(model),
  dt,
  shortest: model.solver.refsafe ? 2 * dt : 0,
  stiffening,
});

/** As solref and solimp have it. */
export const asGiven: Stiffening = { rigid: 0, smooth: 0, reach: 0 };

const patterns = new WeakMap<Model, Pattern>();

/** The groups of a model: contacts, then joints, then links. */
export function patternFor(model: Model): Pattern {
  const made =
    patterns.get(model) ?? patternOf(model, [...contactGroups(model), ...jointGroups(model), ...linkGroups(model)]);
  patterns.set(model, made);
  return made;
}

/** Constraints of one kind: the groups of the pattern that are theirs, and how their rows follow from where everything is. */
export interface Part {
  /** The first of its groups, and how many. */
  readonly first: number;
  readonly count: number;
  readonly cone: Tensor;
  rows(state: ArticulatedState, at: () => Kinematics): Omit<Rows, 'cone'>;
}

/** All constraints of a model, kind by kind. */
export function partsOf(
  prepared: Prepared,
  dt: number,
  constraints: ConstraintParams,
  stiffening: Stiffening,
): readonly Part[] {
  const { model } = prepared;
  const how = settingOf(model, dt, stiffening);
  const parts: Part[] = [];
  const add = (count: number, cone: () => Tensor, rows: Part['rows']): void => {
    const last = parts[parts.length - 1];
    const first = last ? last.first + last.count : 0;
    if (count > 0) parts.push({ first, count, cone: cone(), rows });
  };
  const { geoms, pairs } = constraints;
  if (geoms && pairs)
    add(
      contactGroups(model).length,
      () => contactCones(model, constraints, stiffening.smooth > 0) as Tensor,
      ({ v }, at) => {
        const now = at();
        const contact = touches(prepared, now, { geoms, pairs });
        return contactRows(prepared, now, { contact, v, constraints }, how);
      },
    );
  add(
    jointGroups(model).length,
    () => jointCones(model, constraints),
    state => jointRows(prepared, state, constraints, how),
  );
  add(
    linkGroups(model).length,
    () => linkCones(model, constraints),
    ({ v }, at) => linkRows(prepared, at(), { v, constraints }, how),
  );
  return parts;
}

export function constraintRows(
  { prepared, kinematics, state, dt }: Pick<Moment, 'prepared' | 'kinematics' | 'state' | 'dt'>,
  constraints: ConstraintParams,
  stiffening: Stiffening,
): Rows {
  const { envs } = prepared;
  const parts = partsOf(prepared, dt, constraints, stiffening);
  const rows = parts.map(part => part.rows(state, () => kinematics));
  const joined = (of: keyof (typeof rows)[number]): Tensor =>
    rows.length === 1
      ? rows[0][of]
      : concat(
          rows.map(part => part[of]),
          1,
        );
  const cones = parts.map(({ cone }) => cone);
  const own = cones.some(({ shape }) => shape.length > 2);
  const spread = (x: Tensor): Tensor => (own ? x.broadcastTo([envs, ...x.shape.slice(-2)]) : x);
  const cone = cones.length === 1 ? cones[0] : concat(cones.map(spread), -2);
  return { jacobian: joined('jacobian'), aref: joined('aref'), weight: joined('weight'), cone };
}

/** law, rows, first of the list, count, entry and row of each group; the velocities; the pattern of H. */
export const patternOn: (
  pattern: Pattern,
  device: Device,
) => Readonly<Record<'groups' | 'list' | 'start' | 'ancestors', Tensor>> = onDeviceOf((pattern: Pattern, device) => {
  const u32 = (numbers: readonly number[]): Tensor => tensor(Uint32Array.from(numbers), undefined, { device });
  return {
    groups: u32(
      pattern.groups.flatMap(({ law, rows, list, dofs, entry, row }) => [law, rows, list, dofs.length, entry, row]),
    ),
    list: u32(pattern.groups.flatMap(({ dofs }) => dofs)),
    start: u32(pattern.start),
    ancestors: u32(pattern.ancestors),
  };
});

/** Statements that have the group s at hand: law, rows, list, count, entry, row, and `cone`. */
export const groupAt = ({ groups, widest }: Pattern, own: boolean): string => `
      let law = groups[s * 6u];
      let rows = groups[s * 6u + 1u];
      let first = groups[s * 6u + 2u];
      let count = groups[s * 6u + 3u];
      let entry = groups[s * 6u + 4u];
      let row = groups[s * 6u + 5u];
      var coneOf: Line;
      for (var r = 0u; r < ${widest}u; r++) { coneOf[r] = cone[(${own ? `e * ${groups.length}u + ` : ''}s) * 6u + r]; }`;
