/**
 * Links that only slide by themselves. MuJoCo takes 1 / m for how readily they move, whatever their motors' armature (params.ts).
 *
 * Such a link stands on the world, or on a link that is fixed to it; carries nothing; has slides along axes of its frame and no other
 * joints; and its frame stands in the principal axes at its centre of mass. An inertia of six numbers must go down in size.
 */

import type { LinkSpec } from './link-spec.ts';
import type { Link } from './parts.ts';
import { normalized, unturned } from './quaternion.ts';

/** Of each link, whether it does. */
export function slidingAlone(specs: readonly LinkSpec[], links: readonly Link[]): readonly boolean[] {
  const carrying = new Set(links.map(({ parent }) => parent));
  const stands = (l: number): boolean => l < 0 || (links[l].joints.length === 0 && links[l].parent < 0);
  return links.map(({ parent }, l) => slides(specs[l]) && !carrying.has(l) && stands(parent));
}

const near = 1e-6;
const vanish = (numbers: readonly number[], most = near): boolean => numbers.every(x => Math.abs(x) <= most);

/** Whether its own joints and mass are such. */
function slides({
  joints = [],
  com = [0, 0, 0],
  inertia = [0, 0, 0],
  inertiaOrientation = unturned,
}: LinkSpec): boolean {
  const [xx, yy, zz, ...products] = inertia;
  const inAxes = inertia.length === 3 || (xx >= yy && yy >= zz && vanish(products, near * xx));
  const along = joints.every(
    ({ kind, axis = [0, 0, 1], anchor = [0, 0, 0] }) =>
      kind === 'slide' && axis.filter(x => Math.abs(x) > 1e-14).length === 1 && vanish(anchor),
  );
  return joints.length > 0 && along && inAxes && vanish(com) && vanish(normalized(inertiaOrientation).slice(1));
}
