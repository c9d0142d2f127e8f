/** Size and place of a geom or site, from size, pos and an orientation, or from the two ends of `fromto`. */

import { type Primitive, sizeCounts } from '../../../geometry/index.ts';
import { fromZ, scale3, type Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import type { Frame } from './frame.ts';
import { type Angles, orientationOf } from './orientation.ts';
import { vec3 } from './reading.ts';

export const placed = (element: Element, angles: Angles): Frame => ({
  position: vec3(element, 'pos'),
  orientation: orientationOf(element, angles),
});

export function extentOf(
  element: Element,
  type: Primitive,
  angles: Angles,
): { readonly size: readonly number[]; readonly at: Frame } {
  const size = element.numbers('size', [1, 3]) ?? [];
  const ends = element.numbers('fromto', 6);
  const at = placed(element, angles);
  if (!ends) return { size, at };
  if (type === 'sphere') element.fail('a sphere has no fromto; give it pos.');
  const [from, to] = [ends.slice(0, 3), ends.slice(3)] as unknown as [Vec3, Vec3];
  const along = to.map((x, k) => x - from[k]) as unknown as Vec3;
  const half = Math.hypot(...along) / 2;
  if (half < 1e-10) element.fail(`fromto of <${element.name}> has no length; its ends must not coincide.`);
  const position = scale3(0.5, to.map((x, k) => x + from[k]) as unknown as Vec3);
  return {
    size: sizeCounts[type] === 2 ? [size[0], half] : [size[0], size[0], half],
    at: { position, orientation: fromZ(scale3(-1, along)) },
  };
}
