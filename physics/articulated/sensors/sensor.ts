/**
 * Sensors: what is measured, and where. Kinds have the names of MuJoCo's elements; sensing.ts has the equations.
 *
 *   of joints      jointpos jointvel (hinge, slide), ballquat ballangvel (ball), jointactuatorfrc (hinge, slide)
 *   of tendons     tendonpos tendonvel tendonactuatorfrc
 *   of bounds      jointlimitpos jointlimitvel jointlimitfrc, and the same of tendons (limits.ts)
 *   of actuators   actuatorpos actuatorvel actuatorfrc
 *   at sites       accelerometer gyro velocimeter magnetometer force torque touch rangefinder, in the site's axes
 *   of frames      framepos framequat framexaxis frameyaxis framezaxis framelinvel frameangvel, relative to another frame or the world;
 *                  framelinacc frameangacc, in the world's axes
 *   of subtrees    subtreecom subtreelinvel subtreeangmom: a link and all that hangs on it, or the world: everything
 *   of contacts    contact: between two sets of shapes (touching.ts)
 *   else           clock e_potential e_kinetic
 */

import { numberOf } from '../by-name.ts';
import type { Model } from '../model.ts';
import { type JointKind, lengthOf, type SensedFrame, type Sensor } from '../parts.ts';
import { type Quaternion, unturned, type Vec3 } from '../quaternion.ts';
import {
  type ActuatorSensor,
  type ContactChoice,
  type ContactData,
  type FrameSensor,
  type JointSensor,
  limitSensors,
  type OtherSensor,
  otherSensors,
  type SiteSensor,
  type SubtreeSensor,
  type TendonSensor,
} from './kinds.ts';
import { sizeOf } from './touching.ts';

/** A frame: of a link ('world' too), of a geom or a site; or a link's centre of mass, which has axes if it is given any. */
export interface FrameSpec {
  readonly on: 'link' | 'com' | 'geom' | 'site';
  readonly name: string;
  /** Of 'link': a place in the link's frame, m. Default its origin. */
  readonly position?: Vec3;
  /** Of 'link' and 'com': axes in the link's frame, such as the principal ones. */
  readonly orientation?: Quaternion;
}

/** Shapes that may touch: one, those of a link ('world' too), or those of a link and all that hangs on it. */
export interface TouchedSpec {
  readonly on: 'geom' | 'link' | 'subtree';
  readonly name: string;
}

interface Shared {
  /** Default: kind and number. */
  readonly name?: string;
  /** What is measured stays within −cutoff and cutoff. Default: no bound. */
  readonly cutoff?: number;
  /** Standard deviation of its noise, for who adds noise: what is measured has none. Default 0. */
  readonly noise?: number;
}

export type SensorSpec =
  | (Shared & { readonly kind: JointSensor; readonly joint: string })
  | (Shared & { readonly kind: TendonSensor; readonly tendon: string })
  | (Shared & { readonly kind: ActuatorSensor; readonly actuator: string })
  | (Shared & { readonly kind: SiteSensor; readonly site: string })
  | (Shared & { readonly kind: FrameSensor; readonly of: FrameSpec; readonly relativeTo?: FrameSpec })
  | (Shared & { readonly kind: SubtreeSensor; readonly link: string })
  | (Shared & {
      readonly kind: 'contact';
      /** Default: everything. */
      readonly first?: TouchedSpec;
      readonly second?: TouchedSpec;
      /** Default ['found']. */
      readonly data?: readonly ContactData[];
      /** Default 'mindist'. */
      readonly choice?: ContactChoice;
    })
  | (Shared & { readonly kind: OtherSensor });

const placeOf = ({ link, position, orientation }: Omit<SensedFrame, 'com'>): Omit<SensedFrame, 'com'> => ({
  link,
  position,
  orientation,
});

/** The world's frame. */
export const worldFrame: SensedFrame = { link: -1, position: [0, 0, 0], orientation: unturned, com: false };

type Parts = Pick<Model, 'links' | 'joints' | 'tendons' | 'sites' | 'geoms' | 'actuators' | 'limits'>;

/** @throws RangeError naming the sensor, and what it refers to that there is not. */
export function sensorsOf(specs: readonly SensorSpec[], parts: Parts): readonly Sensor[] {
  const made = specs.map((spec, k) => sensorOf(spec, spec.name ?? `${spec.kind} ${k}`, parts));
  const twice = made.find(({ name }, k) => numberOf(made, name) !== k);
  if (twice) throw new RangeError(`tree: there are two sensors of the name '${twice.name}'; every sensor has its own.`);
  return made;
}

const is = <T extends string>(list: readonly T[], kind: string): kind is T =>
  (list as readonly string[]).includes(kind);

function sensorOf(
  spec: SensorSpec,
  name: string,
  { links, joints, tendons, sites, geoms, actuators, limits }: Parts,
): Sensor {
  const who = `tree: sensor '${name}'`;
  const find = (what: string, list: readonly { readonly name: string }[], wanted: string): number => {
    const number = numberOf(list, wanted);
    if (number < 0) throw new RangeError(`${who} is on ${what} '${wanted}', which there is not.`);
    return number;
  };
  const linkOf = (wanted: string): number => (wanted === 'world' ? -1 : find('link', links, wanted));
  const shared = {
    name,
    kind: spec.kind,
    cutoff: spec.cutoff,
    noise: spec.noise ?? 0,
    of: undefined,
    relativeTo: undefined,
  };
  if ('joint' in spec) {
    const on = find('joint', joints, spec.joint);
    const { kind } = joints[on];
    const axial = kind === 'hinge' || kind === 'slide';
    if (is(limitSensors, spec.kind)) {
      if (limits.every(({ joint }) => joint !== on))
        throw new RangeError(`${who}: a ${spec.kind} is of a joint with a range; joint '${spec.joint}' has none.`);
      return { ...shared, size: 1, on };
    }
    const wanted: JointKind | undefined = spec.kind.startsWith('ball') ? 'ball' : undefined;
    if (wanted ? kind !== wanted : !axial)
      throw new RangeError(
        `${who}: a ${spec.kind} is of a ${wanted ?? 'hinge or slide'}; joint '${spec.joint}' is ${kind}.`,
      );
    const size = spec.kind === 'ballquat' ? 4 : lengthOf[kind].dof;
    return { ...shared, size, on };
  }
  if ('tendon' in spec) {
    const on = find('tendon', tendons, spec.tendon);
    if (is(limitSensors, spec.kind) && limits.every(({ tendon }) => tendon !== on))
      throw new RangeError(`${who}: a ${spec.kind} is of a tendon with a range; tendon '${spec.tendon}' has none.`);
    return { ...shared, size: 1, on };
  }
  if ('actuator' in spec) {
    const on = find('actuator', actuators, spec.actuator);
    if (spec.kind !== 'actuatorfrc' && actuators[on].gear.length > 1)
      throw new RangeError(
        `${who}: a ${spec.kind} is of an actuator of a hinge, slide or tendon; '${spec.actuator}' is of another.`,
      );
    return { ...shared, size: 1, on };
  }
  if ('site' in spec) {
    const on = find('site', sites, spec.site);
    const { link, position, orientation } = sites[on];
    return {
      ...shared,
      size: spec.kind === 'rangefinder' || spec.kind === 'touch' ? 1 : 3,
      on,
      of: { link, position, orientation, com: false },
    };
  }
  if ('link' in spec) return { ...shared, size: 3, on: linkOf(spec.link) };
  if ('of' in spec) {
    const frame = ({ on, name: wanted, position, orientation = unturned }: FrameSpec): SensedFrame => {
      if (on === 'com') return { ...worldFrame, link: linkOf(wanted), orientation, com: wanted !== 'world' };
      if (on === 'link') return { ...worldFrame, link: linkOf(wanted), position: position ?? [0, 0, 0], orientation };
      const list = on === 'site' ? sites : geoms;
      return { ...placeOf(list[find(on, list, wanted)]), com: false };
    };
    const turned = spec.kind === 'framequat' || spec.kind.endsWith('axis');
    const isBare = (frame: FrameSpec | undefined): boolean => frame?.on === 'com' && !frame.orientation;
    if ((turned && isBare(spec.of)) || isBare(spec.relativeTo))
      throw new RangeError(
        `${who}: a centre of mass has no axes; give it an orientation, or take the link's frame, { on: 'link' }.`,
      );
    const [of, relativeTo] = [frame(spec.of), spec.relativeTo && frame(spec.relativeTo)];
    return { ...shared, size: spec.kind === 'framequat' ? 4 : 3, on: -1, of, relativeTo };
  }
  if (spec.kind === 'contact') {
    const { data = ['found'], choice = 'mindist' } = spec;
    const of = (touched: TouchedSpec | undefined): readonly number[] | undefined => {
      if (!touched) return undefined;
      if (touched.on === 'geom') return [find('geom', geoms, touched.name)];
      const top = linkOf(touched.name);
      const isIn = (link: number): boolean =>
        link === top || (touched.on === 'subtree' && link >= 0 && isIn(links[link].parent));
      return geoms.flatMap(({ link }, g) => (isIn(link) ? g : []));
    };
    const touching = { first: of(spec.first), second: of(spec.second), data, choice };
    return { ...shared, size: data.reduce((sum, name) => sum + sizeOf(name), 0), on: -1, touching };
  }
  if (!is(otherSensors, spec.kind))
    throw new TypeError(`${who}: kind '${(spec as SensorSpec).kind}' is not known, or what it is on is missing.`);
  return { ...shared, size: 1, on: -1 };
}
