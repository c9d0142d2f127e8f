/** Mass properties of shapes at a place, solid or hollow, and of several together, as numbers. */

import { hollowMomentsOf, momentsOf, type Primitive } from '../../geometry/index.ts';
import {
  add3,
  type Quaternion,
  rotate,
  type Symmetric,
  scale3,
  steiner,
  turnSymmetric,
  type Vec3,
} from './quaternion.ts';

export interface MassProperties {
  readonly mass: number;
  readonly com: Vec3;
  /** About the centre of mass. */
  readonly inertia: Symmetric;
}

const spread = (mass: number, moments: Vec3, position: Vec3, orientation: Quaternion): MassProperties => {
  const [x, y, z] = scale3(mass, moments);
  return { mass, com: position, inertia: turnSymmetric(orientation, [x, y, z, 0, 0, 0]) };
};

/** A solid of a mass, at a place. */
export function solid(
  kind: Primitive,
  size: readonly number[],
  mass: number,
  position: Vec3,
  orientation: Quaternion,
): MassProperties {
  return spread(mass, momentsOf(kind, size), position, orientation);
}

/** A hollow shape of a mass, at a place. */
export function shell(
  kind: Exclude<Primitive, 'ellipsoid'>,
  size: readonly number[],
  mass: number,
  position: Vec3,
  orientation: Quaternion,
): MassProperties {
  return spread(mass, hollowMomentsOf(kind, size), position, orientation);
}

/** A body of another mass, turned and then moved. */
export function moved(body: MassProperties, mass: number, position: Vec3, orientation: Quaternion): MassProperties {
  const scaled = body.inertia.map(x => (x * mass) / body.mass) as unknown as Symmetric;
  return {
    mass,
    com: add3(position, rotate(orientation, body.com)),
    inertia: turnSymmetric(orientation, scaled),
  };
}

/** Several as one. */
export function together(parts: readonly MassProperties[]): MassProperties {
  const mass = parts.reduce((sum, part) => sum + part.mass, 0);
  if (mass === 0) return { mass: 0, com: [0, 0, 0], inertia: [0, 0, 0, 0, 0, 0] };
  const com = parts.reduce<Vec3>((sum, part) => add3(sum, scale3(part.mass / mass, part.com)), [0, 0, 0]);
  const inertia = parts.reduce<number[]>(
    (sum, part) => {
      const away = steiner(part.mass, add3(part.com, scale3(-1, com)));
      return sum.map((x, k) => x + part.inertia[k] + away[k]);
    },
    [0, 0, 0, 0, 0, 0],
  );
  return { mass, com, inertia: inertia as unknown as Symmetric };
}
