/** <joint> of a URDF file: how a link hangs on its parent, and which joints follow others. */

import type { JointEqualitySpec } from '../constraint/equalities.ts';
import type { JointSpec } from '../link-spec.ts';
import { fromZ, rotate, type Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import { amount, type Origin, originOf, vec3 } from './link.ts';

const types = ['revolute', 'continuous', 'prismatic', 'fixed', 'floating', 'planar'] as const;

export interface UrdfJoint {
  readonly element: Element;
  readonly name: string;
  readonly type: (typeof types)[number];
  readonly parent: string;
  readonly child: string;
  /** Of the child's frame in the parent's, which is the joint's. */
  readonly origin: Origin;
  readonly joints: readonly JointSpec[];
  readonly mimic: JointEqualitySpec | undefined;
}

export function jointOf(element: Element): UrdfJoint {
  const name = element.needed('name');
  const type = element.word('type', types, element.needed('type') as (typeof types)[number]);
  const linkOf = (tag: 'parent' | 'child'): string =>
    (element.one(tag) ?? element.fail(`joint '${name}' has no <${tag}>.`)).needed('link');
  return {
    element,
    name,
    type,
    parent: linkOf('parent'),
    child: linkOf('child'),
    origin: originOf(element),
    joints: motionsOf(element, name, type),
    mimic: mimicOf(element, name, type),
  };
}

function motionsOf(element: Element, name: string, type: UrdfJoint['type']): readonly JointSpec[] {
  if (type === 'fixed') return [];
  if (type === 'floating') return [{ kind: 'free', name }];
  const axis = vec3(element.one('axis'), 'xyz', [1, 0, 0]);
  if (!(Math.hypot(...axis) > 1e-10))
    element.fail(`the axis of joint '${name}' is '${axis.join(' ')}', which has no direction.`);
  const [dynamics, limit] = [element.one('dynamics'), element.one('limit')];
  const effort = limit?.number('effort') ?? 0;
  const shared = {
    damping: dynamics ? Math.max(0, dynamics.number('damping') ?? 0) : 0,
    frictionLoss: dynamics ? Math.max(0, dynamics.number('friction') ?? 0) : 0,
  };
  if (type === 'planar') {
    const turn = fromZ(axis);
    const along = (e: Vec3): Vec3 => rotate(turn, e);
    return [
      { kind: 'slide', name: `${name}_x`, axis: along([1, 0, 0]), ...shared },
      { kind: 'slide', name: `${name}_y`, axis: along([0, 1, 0]), ...shared },
      { kind: 'hinge', name: `${name}_turn`, axis, ...shared },
    ];
  }
  const bounded =
    type !== 'continuous' && rangeOf(limit ?? element.fail(`joint '${name}' is ${type} and has no <limit>.`));
  return [
    {
      kind: type === 'prismatic' ? 'slide' : 'hinge',
      name,
      axis,
      ...shared,
      ...(bounded && { range: bounded }),
      ...(effort > 0 && { driveRange: [-effort, effort] as const }),
    },
  ];
}

function rangeOf(limit: Element): readonly [number, number] {
  const [lower, upper] = [limit.number('lower') ?? 0, limit.number('upper') ?? 0];
  return lower <= upper
    ? [lower, upper]
    : limit.fail(`<limit> has lower = ${lower} and upper = ${upper}; the lower comes first.`);
}

function mimicOf(element: Element, name: string, type: UrdfJoint['type']): JointEqualitySpec | undefined {
  const mimic = element.one('mimic');
  if (!mimic) return undefined;
  if (type !== 'revolute' && type !== 'continuous' && type !== 'prismatic')
    mimic.fail(`joint '${name}' is ${type}; only revolute, continuous and prismatic joints can mimic.`);
  const multiplier = mimic.number('multiplier') ?? 1;
  const offset = mimic.has('offset') ? amount(mimic, 'offset', Number.NEGATIVE_INFINITY) : 0;
  return {
    kind: 'joint',
    name: `${name} mimics`,
    joints: [name, mimic.needed('joint')],
    polynomial: [offset, multiplier],
  };
}
