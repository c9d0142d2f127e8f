/**
 * Derivatives of what acts on joints by positions, velocities, activations and controls; and of activations after a step.
 *
 * Springs, dampers and actuators act on the joint whose coordinates they feel, so that joints share directions (directions.ts). Weight that
 * is carried, and forces at sites, depend on all positions, those of a medium on velocities, too; tendons couple what they couple, and count as if that were all.
 */

import { jvps } from '../../../adjoint/index.ts';
import { stack, type Tensor, tensor } from '../../../kernel/index.ts';
import { carriesWeight } from '../dynamics/compensation.ts';
import { isImmersed } from '../medium/medium.ts';
import type { Model } from '../model.ts';
import { type Actuator, lengthOf } from '../parts.ts';
import { directionsOf, unitsOf } from './directions.ts';

/** Variables: q along velocities, v, activations, controls (or forces of joints, where nothing is controlled). */
export interface Variables {
  readonly dq: Tensor;
  readonly v: Tensor;
  readonly act?: Tensor | undefined;
  readonly u: Tensor;
}

/** What acts, [envs, nv], and activations after the step, [envs, activations]. */
export interface Acting {
  readonly tau: Tensor;
  readonly act?: Tensor | undefined;
}

/** Tangents by directions, [directions, envs, nv] and [directions, envs, activations], and to which columns they belong. */
export interface Acted {
  readonly tau: Tensor;
  readonly act: Tensor | undefined;
  /** Of each column: direction; first row of τ, and number of rows; 1 + activation that follows, or 0. */
  readonly table: Tensor;
}

/** Of the columns of one variable: directions, and what each reaches. */
interface Block {
  readonly name: keyof Variables;
  readonly directions: readonly number[];
  readonly reach: readonly (readonly [first: number, count: number, act: number])[];
}

/** Velocities that springs and dampers couple: those of a joint, or half of a free one's. */
function parts({ joints }: Model): readonly (readonly [first: number, count: number])[] {
  return joints.flatMap(({ kind, dof }): readonly (readonly [number, number])[] =>
    kind === 'free'
      ? [
          [dof, 3],
          [dof + 3, 3],
        ]
      : [[dof, lengthOf[kind].dof]],
  );
}

/** @param given Which variables there are. @param controlled Whether u are controls. */
export function blocksOf(model: Model, given: Variables, controlled: boolean): readonly Block[] {
  const { nv, actuators, joints, tendons } = model;
  const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, k) => first + k);
  const local = parts(model);
  const own = local.flatMap(([first, count]) => range(first, count).map(() => [first, count, 0] as const));
  const all = range(0, nv).map(() => [0, nv, 0] as const);
  const tied = tendons.length > 0;
  const dragged = isImmersed(model);
  const coupled = tied || dragged || carriesWeight(model) || actuators.some(({ site }) => site >= 0);
  const together = directionsOf(
    nv,
    local.map(([first, count]) => range(first, count)),
  );
  const reachOf = ({ joint, activation }: Actuator): readonly [number, number, number] =>
    joint < 0 ? [0, nv, activation + 1] : [joints[joint].dof, lengthOf[joints[joint].kind].dof, activation + 1];
  const ofActuators = (name: 'act' | 'u', list: readonly Actuator[]): Block => {
    const reach = list.map(reachOf);
    const meeting = range(0, nv).map(d =>
      reach.flatMap(([first, count], k) => (d >= first && d < first + count ? [k] : [])),
    );
    return { name, reach, directions: directionsOf(list.length, meeting) };
  };
  const active = actuators.filter(({ activation }) => activation >= 0).sort((a, b) => a.activation - b.activation);
  return [
    { name: 'dq', directions: coupled ? range(0, nv) : together, reach: coupled ? all : own },
    { name: 'v', directions: tied || dragged ? range(0, nv) : together, reach: tied || dragged ? all : own },
    ...(given.act && controlled ? [ofActuators('act', active)] : []),
    controlled ? ofActuators('u', actuators) : { name: 'u', directions: together, reach: own },
  ];
}

/** @param acts A function of the variables. */
export function actedBy(blocks: readonly Block[], acts: (x: Variables) => Acting, at: Variables): Acted {
  const [envs] = at.v.shape;
  const { device } = at.v;
  const tangents: Acting[] = [];
  const rows: number[] = [];
  for (const { name, directions, reach } of blocks) {
    rows.push(...directions.flatMap((direction, k) => [tangents.length + direction, ...reach[k]]));
    const along = jvps((own: Tensor) => acts({ ...at, [name]: own }));
    tangents.push(...along(at[name] as Tensor, unitsOf(directions, envs, device)).tangents);
  }
  return {
    tau: stack(tangents.map(({ tau }) => tau)),
    act: tangents[0].act && stack(tangents.map(({ act }) => act as Tensor)),
    table: tensor(Uint32Array.from(rows), [rows.length / 4, 4], { device }),
  };
}
