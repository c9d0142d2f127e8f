/**
 * Boxes along the world's axes around shapes: x ± w with
 *
 *   sphere r      capsule |R_z| h + r      cylinder |R_z| h + r √(1 − R_z²)      ellipsoid √Σ (R_k s_k)²      box, sdf Σ |R_k| s_k      convex max |v − x|
 */

import { type ShapeKind, shapeKinds } from '../contact/shape.wgsl.ts';

const boxWidth = 'abs(s.R[0]) * s.size.x + abs(s.R[1]) * s.size.y + abs(s.R[2]) * s.size.z';

const widths: Partial<Readonly<Record<ShapeKind, string>>> = {
  sphere: 'vec3f(s.size.x)',
  capsule: 'abs(s.R[2]) * s.size.y + vec3f(s.size.x)',
  cylinder: 'abs(s.R[2]) * s.size.y + s.size.x * sqrt(max(vec3f(0.0), vec3f(1.0) - s.R[2] * s.R[2]))',
  ellipsoid:
    'sqrt(s.size.x * s.size.x * s.R[0] * s.R[0] + s.size.y * s.size.y * s.R[1] * s.R[1] + s.size.z * s.size.z * s.R[2] * s.R[2])',
  convex: 'widthOfVertices(s)',
  box: boxWidth,
  sdf: boxWidth,
};

const convex = /* wgsl */ `
  fn widthOfVertices(s: Shape) -> vec3f {
    var w = vec3f(0.0);
    for (var i = 0u; i < tableAt(s.table + 1u); i++) { w = max(w, abs(s.R * vertexAt(tableAt(s.table) + i))); }
    return w;
  }
`;

/**
 * WGSL to add to `contactText`: `fn widthOf(kind: u32, s: Shape) -> vec3f`, half the size of the box along the world's axes around a
 * shape, for these kinds; a kind's number is its place in `shapeKinds`. For 'convex' with the
 * functions `tableAt` and `vertexAt` of `contactText`.
 *
 * @throws RangeError for kinds that no box can be around.
 */
export function boundsText(kinds: readonly ShapeKind[]): string {
  const cases = kinds.map(kind => {
    const width = widths[kind];
    if (!width)
      throw new RangeError(
        `boundsText: a ${kind} has no bounds; give kinds among ${Object.keys(widths).join(', ')}, and pair it with all others.`,
      );
    return `case ${shapeKinds.indexOf(kind)}u: { return ${width}; }`;
  });
  return /* wgsl */ `
  ${kinds.includes('convex') ? convex : ''}
  fn widthOf(kind: u32, s: Shape) -> vec3f {
    switch kind {
      ${cases.join('\n      ')}
      default: { return vec3f(0.0); }
    }
  }
`;
}
