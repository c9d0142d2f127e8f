/** Contacts of a sphere with a cylinder or an ellipsoid: with the nearest point of its surface (curved.wgsl.ts). */

import { type Curved, curvedTexts } from './curved.wgsl.ts';
import type { PairText } from './pair.ts';

const pair = (kind: Curved, name: string): PairText => ({
  slots: 1,
  needs: curvedTexts(kind),
  contact: /* wgsl */ `
  fn ${name}(a: Shape, b: Shape, feature: vec2u) -> Contact {
    let near = ${kind}Near(b, a.x);
    let gap = near.apart - a.size.x;
    return Contact(gap, -near.normal, a.x - (a.size.x + 0.5 * gap) * near.normal);
  }
  `,
});

export const sphereCylinder: PairText = pair('cylinder', 'sphereCylinder');
export const sphereEllipsoid: PairText = pair('ellipsoid', 'sphereEllipsoid');
