/**
 * tree({ links }): a model from a list of links, each with its joints.
 *
 * Parents stand before their children. What makes no physical sense is refused: a moving link with no mass anywhere behind it, an
 * inertia that no body has (½ tr I − I, the second moments of the mass, must not be negative in any direction), an axis of length 0.
 */

import { checkRecord } from '../../kernel/index.ts';
import { actuatorsOf } from './actuators/actuator.ts';
import { checkInertia, checkLink, checkMoves, checkNumbers } from './check-tree.ts';
import { constraintsOf } from './constraint/build.ts';
import type { JointSpec, LinkSpec, SiteSpec } from './link-spec.ts';
import { immersedOf } from './medium/immersed.ts';
import type { Model } from './model.ts';
import { type Actuator, type Joint, type JointKind, type Link, lengthOf, type Sensor, type Site } from './parts.ts';
import { normalized, type Symmetric, turnSymmetric, unturned } from './quaternion.ts';
import { sensorsOf } from './sensors/sensor.ts';
import { slidingAlone } from './sliding-alone.ts';
import { tables } from './tables.ts';
import { tendonsOf } from './tendons/tendon.ts';
import type { TreeSpec } from './tree-spec.ts';

/**
 * Builds a model.
 *
 * @throws RangeError or TypeError naming the link or joint, and what is wrong with it.
 * @example
 *   const pendulum = tree({ links: [{ name: 'rod', joints: [{ kind: 'hinge' }], mass: 1, com: [0, -0.5, 0], inertia: [0.08, 0.01, 0.08] }] });
 */
export function tree(spec: TreeSpec): Model {
  checkRecord('tree', 'what is given', spec, ['links']);
  const { name = 'tree', links: specs, gravity = [0, -9.81, 0] } = spec;
  if (specs.length === 0) throw new RangeError('tree: no links; a model has at least 1.');
  checkNumbers('tree', 'gravity', gravity, 3);
  const numbers = new Map<string, number>();
  const links: Link[] = [];
  const joints: Joint[] = [];
  const made: JointSpec[] = [];
  const at = { q: 0, dof: 0 };
  for (const link of specs) {
    checkLink(link, specs, numbers);
    const own = (link.joints ?? []).map((joint, k, all) => {
      const title = joint.name ?? (all.length > 1 ? `${link.name} ${k}` : link.name);
      joints.push({ name: title, kind: joint.kind, link: links.length, ...at });
      made.push(joint);
      at.q += lengthOf[joint.kind].q;
      at.dof += lengthOf[joint.kind].dof;
      return joints.length - 1;
    });
    const parent = link.parent === undefined || link.parent === 'world' ? -1 : (numbers.get(link.parent) as number);
    numbers.set(link.name, links.length);
    links.push({ name: link.name, parent, joints: own });
  }
  if (joints.length === 0) throw new RangeError(`tree: nothing in '${name}' moves; give at least one link a joint.`);
  const inertias = specs.map(link => {
    const { inertia = [0, 0, 0], inertiaOrientation = unturned } = link;
    const whole = (inertia.length === 3 ? [...inertia, 0, 0, 0] : inertia) as Symmetric;
    checkInertia(link, whole);
    return turnSymmetric(normalized(inertiaOrientation), whole);
  });
  const values = {
    gravity,
    position: specs.flatMap(({ position = [0, 0, 0] }) => [...position]),
    orientation: specs.flatMap(({ orientation = unturned }) => [...normalized(orientation)]),
    mass: specs.map(({ mass = 0 }) => mass),
    com: specs.flatMap(({ com = [0, 0, 0] }) => [...com]),
    inertia: inertias.flat(),
    axis: made.flatMap(({ axis = [0, 0, 1] }) => [...axis]),
    anchor: made.flatMap(({ anchor = [0, 0, 0] }) => [...anchor]),
    reference: joints.flatMap(({ kind, link }, j) => rest(kind, specs[link], made[j].reference ?? 0)),
    stiffness: made.map(({ stiffness = 0 }) => stiffness),
    springReference: joints.flatMap(({ kind, link }, j) =>
      rest(kind, specs[link], made[j].springReference ?? made[j].reference ?? 0),
    ),
    damping: joints.flatMap(({ kind }, j) => new Array<number>(lengthOf[kind].dof).fill(made[j].damping ?? 0)),
    armature: joints.flatMap(({ kind }, j) => new Array<number>(lengthOf[kind].dof).fill(made[j].armature ?? 0)),
    gravityCompensation: specs.map(({ gravityCompensation = 0 }) => gravityCompensation),
  };
  checkMoves(specs, links, made);
  const sites = (spec.sites ?? []).map(site => siteOf(site, numbers));
  const structure = tables(links, joints);
  const constraints = constraintsOf(spec, links, joints, numbers);
  const { geoms } = constraints;
  const tendons = tendonsOf(spec.tendons ?? [], { joints, sites, geoms, links, specs, nv: at.dof, tables: structure });
  const massive = specs.map(({ mass = 0, com = [0, 0, 0], inertia = [0, 0, 0], inertiaOrientation = unturned }) => ({
    ...{ mass, com, inertiaOrientation: normalized(inertiaOrientation) },
    inertia: (inertia.length === 3 ? [...inertia, 0, 0, 0] : inertia) as Symmetric,
  }));
  const medium = immersedOf(spec.medium, links, massive);
  const model: Omit<Model, 'actuators' | 'sensors'> = {
    name,
    links,
    joints,
    tendons: tendons.tendons,
    immersed: medium.immersed,
    sites,
    keyframes: spec.keyframes ?? [],
    ...constraints,
    driveRanges: made.map(({ driveRange }) => driveRange),
    driveCarries: made.map(({ driveCarries = false }) => driveCarries),
    magnetic: spec.magnetic ?? [0, -0.5, 0],
    nq: at.q,
    nv: at.dof,
    q0: values.reference,
    timestep: spec.timestep,
    integrator: spec.integrator,
    tables: structure,
    slidesAlone: slidingAlone(specs, links),
    values: { ...values, ...tendons.values, ...medium.values },
  };
  const actuators: readonly Actuator[] = actuatorsOf(spec.actuators ?? [], model);
  const sensors: readonly Sensor[] = sensorsOf(spec.sensors ?? [], { ...model, actuators });
  return { ...model, actuators, sensors };
}

/** q of a joint in the constant pose. */
function rest(kind: JointKind, link: LinkSpec, reference: number): readonly number[] {
  if (kind === 'ball') return unturned;
  if (kind === 'free') return [...(link.position ?? [0, 0, 0]), ...normalized(link.orientation ?? unturned)];
  return [reference];
}

function siteOf(site: SiteSpec, numbers: ReadonlyMap<string, number>): Site {
  const { name, link, position = [0, 0, 0], orientation = unturned } = site;
  const number = link === 'world' ? -1 : numbers.get(link);
  if (number === undefined) throw new RangeError(`tree: site '${name}' is on link '${link}', which there is not.`);
  const { kind = 'sphere', size = [0.005] } = site;
  return { name, link: number, position, orientation: normalized(orientation), kind, size };
}
