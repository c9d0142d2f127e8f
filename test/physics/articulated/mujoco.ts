// Models, states, accelerations, mass matrices, derivatives and trajectories computed by MuJoCo 3.3.8, and the same models as trees.

import { readFileSync } from 'node:fs';
import { type ActuatorSpec, type JointSpec, type LinkSpec, type Model, tree } from 'retrograde/physics';

export const names = ['pendulum', 'cartpole', 'double_pendulum', 'spatial_arm', 'free_body'] as const;

export interface ReferenceState {
  readonly qpos: readonly number[];
  readonly qvel: readonly number[];
  readonly ctrl: readonly number[];
  readonly qacc: readonly number[];
  readonly M: readonly number[];
  readonly bias: readonly number[];
  readonly passive: readonly number[];
  readonly actuator: readonly number[];
  readonly energy: readonly [number, number];
  readonly xpos: readonly number[];
  readonly xquat: readonly number[];
  readonly dqacc_dq_rows: readonly (readonly number[])[];
  readonly dqacc_dv_rows: readonly (readonly number[])[];
  readonly dqacc_du_rows: readonly (readonly number[])[];
}

export interface Reference {
  readonly xml: string;
  readonly params: Readonly<Record<string, number & readonly number[]>>;
  readonly states: readonly ReferenceState[];
  readonly trajectory: readonly {
    readonly t: number;
    readonly qpos: readonly number[];
    readonly qvel: readonly number[];
  }[];
}

export const reference = (name: (typeof names)[number]): Reference =>
  JSON.parse(readFileSync(new URL(`reference/${name}.json`, import.meta.url), 'utf8')) as Reference;

const kinds = ['free', 'ball', 'slide', 'hinge'] as const;

const actuators: Readonly<Record<(typeof names)[number], readonly ActuatorSpec[]>> = {
  pendulum: [{ kind: 'motor', joint: 'joint 0' }],
  cartpole: [{ kind: 'motor', joint: 'joint 0', gear: 10 }],
  double_pendulum: [{ kind: 'motor', joint: 'joint 1', gear: 2 }],
  spatial_arm: [
    { kind: 'motor', joint: 'joint 0', gear: 5 },
    { kind: 'motor', joint: 'joint 1', gear: 4 },
    { kind: 'position', joint: 'joint 2', kp: 60, kv: 3 },
    { kind: 'motor', joint: 'joint 3', gear: [0.1, 0.2, 0.3] },
  ],
  free_body: [],
};

/** The tree that MuJoCo's compiled numbers describe. */
export function modelOf(name: (typeof names)[number], { params: p }: Reference): Model {
  const row = (name: string, k: number, width: number) => p[name].slice(k * width, (k + 1) * width);
  const links = Array.from({ length: p.nbody - 1 }, (_, l): LinkSpec => {
    const b = l + 1;
    const joints = Array.from({ length: p.njnt }, (_, j) => j).filter(j => p.jnt_bodyid[j] === b);
    return {
      name: `${b}`,
      parent: p.body_parentid[b] === 0 ? 'world' : `${p.body_parentid[b]}`,
      position: row('body_pos', b, 3) as [number, number, number],
      orientation: row('body_quat', b, 4) as [number, number, number, number],
      mass: p.body_mass[b],
      com: row('body_ipos', b, 3) as [number, number, number],
      inertia: row('body_inertia', b, 3) as [number, number, number],
      inertiaOrientation: row('body_iquat', b, 4) as [number, number, number, number],
      joints: joints.map((j): JointSpec => {
        const kind = kinds[p.jnt_type[j]];
        const at = p.jnt_qposadr[j];
        return {
          name: `joint ${j}`,
          kind,
          axis: row('jnt_axis', j, 3) as [number, number, number],
          anchor: row('jnt_pos', j, 3) as [number, number, number],
          stiffness: p.jnt_stiffness[j],
          damping: p.dof_damping[p.jnt_dofadr[j]],
          armature: p.dof_armature[p.jnt_dofadr[j]],
          ...(p.jnt_type[j] > 1 && { reference: p.qpos0[at], springReference: p.qpos_spring[at] }),
        };
      }),
    };
  });
  return tree({ links, actuators: actuators[name], gravity: p.gravity as unknown as [number, number, number] });
}
