/** Which pairs of kinds of shapes have contacts, and the WGSL that finds them, for kernels of one's own. */

import { boxBox } from './box-box.wgsl.ts';
import { capsuleBox, capsuleConvex, sphereConvex } from './capsule-polyhedron.wgsl.ts';
import { cylinderCylinder } from './cylinder-cylinder.wgsl.ts';
import { cylinderBox, cylinderConvex } from './cylinder-polyhedron.wgsl.ts';
import { capsuleCylinder } from './cylinder-segment.wgsl.ts';
import { capsuleEllipsoid, ellipsoidBox, ellipsoidConvex } from './ellipsoid.wgsl.ts';
import { ellipsoidCylinder, ellipsoidEllipsoid } from './ellipsoid-round.wgsl.ts';
import { heightFieldBox, heightFieldCapsule, heightFieldSphere } from './height-field.wgsl.ts';
import { heightFieldConvex } from './height-field-convex.wgsl.ts';
import { heightFieldCylinder, heightFieldEllipsoid } from './height-field-curved.wgsl.ts';
import { heightFieldSdf } from './height-field-sdf.wgsl.ts';
import type { PairText } from './pair.ts';
import { planeBox, planeCapsule, planeCylinder, planeEllipsoid, planeSphere } from './plane.wgsl.ts';
import { planeConvex } from './plane-convex.wgsl.ts';
import { boxConvex, convexConvex } from './polyhedron-polyhedron.wgsl.ts';
import { capsuleCapsule, sphereCapsule, sphereSphere } from './round.wgsl.ts';
import { planeSdf, sdfCapsule, sdfSphere } from './sdf.wgsl.ts';
import { sdfConvex, sdfSdf } from './sdf-points.wgsl.ts';
import { sdfBox, sdfCylinder, sdfEllipsoid } from './sdf-solid.wgsl.ts';
import { type ShapeKind, shapeKinds, shapeText } from './shape.wgsl.ts';
import { sphereBox } from './sphere-box.wgsl.ts';
import { sphereCylinder, sphereEllipsoid } from './sphere-round.wgsl.ts';

/** Two kinds, in any order. */
export type Pair = readonly [ShapeKind, ShapeKind];

const pairs: Readonly<Record<string, PairText>> = {
  planeSphere,
  planeCapsule,
  planeEllipsoid,
  planeCylinder,
  planeBox,
  sphereSphere,
  sphereCapsule,
  sphereEllipsoid,
  sphereCylinder,
  sphereBox,
  capsuleCapsule,
  capsuleEllipsoid,
  capsuleCylinder,
  ellipsoidEllipsoid,
  ellipsoidCylinder,
  ellipsoidBox,
  ellipsoidConvex,
  cylinderCylinder,
  cylinderBox,
  cylinderConvex,
  capsuleBox,
  boxBox,
  sphereConvex,
  capsuleConvex,
  planeConvex,
  boxConvex,
  convexConvex,
  heightFieldSphere,
  heightFieldCapsule,
  heightFieldEllipsoid,
  heightFieldCylinder,
  heightFieldBox,
  heightFieldConvex,
  heightFieldSdf,
  planeSdf,
  sdfSdf,
  sdfSphere,
  sdfCapsule,
  sdfEllipsoid,
  sdfCylinder,
  sdfBox,
  sdfConvex,
};

/** Whether two kinds are in the order in which contacts have them; otherwise swap the shapes, and the normal points the other way. */
export const inOrder = (a: ShapeKind, b: ShapeKind): boolean => shapeKinds.indexOf(a) <= shapeKinds.indexOf(b);

/** Name of a pair's functions: its kinds in order, as in `sphereBox`. */
export function pairName(a: ShapeKind, b: ShapeKind): string {
  const [first, second] = inOrder(a, b) ? [a, b] : [b, a];
  return `${first}${second[0].toUpperCase()}${second.slice(1)}`;
}

function known(a: ShapeKind, b: ShapeKind): PairText {
  const text = pairs[pairName(a, b)];
  if (!text)
    throw new RangeError(
      `contacts: there is no contact between '${a}' and '${b}'; there is for ${Object.keys(pairs).join(', ')}.`,
    );
  return text;
}

/** Whether contacts of two kinds can be found. */
export const haveContacts = (a: ShapeKind, b: ShapeKind): boolean => pairName(a, b) in pairs;

/**
 * How many contacts two shapes can have: slots, of which those that are not used have a gap of 1e10 m.
 *
 * @throws RangeError if contacts between the kinds are not known.
 */
export const contactSlots = (a: ShapeKind, b: ShapeKind): number => known(a, b).slots;

/** Whether features of two kinds are more than the number of the slot, (1, slot). */
export const choosesFeatures = (a: ShapeKind, b: ShapeKind): boolean => known(a, b).features !== undefined;

/**
 * WGSL for kernels that find contacts of these pairs of kinds: structs `Shape` and `Contact`, and functions in two phases. The number of
 * a pair is its place in the list; shapes are given in the order of `inOrder`.
 *
 *   fn findFeatures(pair: u32, a: Shape, b: Shape, margin: f32, features: ptr<function, Features>)
 *     chooses what is discrete, a vec2u for each slot: which corners, faces or edges touch; (0, 0) where nothing does. Not to be
 *     differentiated. Contacts farther apart than `margin` may be left out. `Features` is an array of as many as any pair has slots,
 *     and is zero before.
 *   fn findContact(pair: u32, a: Shape, b: Shape, feature: vec2u) -> Contact
 *     gap, normal and point for a feature that is taken as given; differentiable.
 *
 * Functions of one pair have its name: `sphereBoxFeatures(a, b, margin, features)` where the choice is more than the number of the
 * slot, and `sphereBox(a, b, feature)`.
 *
 * Pairs with a kind that `hasTables` need two functions more, of the including kernel: `fn tableAt(i: u32) -> u32` and
 * `fn vertexAt(i: u32) -> vec3f`, where the tables and vertices of `shapeTables` are.
 *
 * @throws RangeError if contacts of a pair are not known.
 */
export function contactText(list: readonly Pair[]): string {
  const texts = list.map(([a, b]) => known(a, b));
  const names = list.map(([a, b]) => pairName(a, b));
  const slots = Math.max(1, ...texts.map(text => text.slots));
  const functions = new Set(texts.flatMap(text => [...text.needs, text.features ?? '', text.contact]));
  const found = texts.map(({ features }, k) =>
    features
      ? `case ${k}u: { ${names[k]}Features(a, b, margin, features); }`
      : `case ${k}u: { for (var k = 0u; k < ${texts[k].slots}u; k++) { (*features)[k] = vec2u(1u, k); } }`,
  );
  const made = names.map((name, k) => `case ${k}u: { return ${name}(a, b, feature); }`);
  return /* wgsl */ `
  ${shapeText}
  alias Features = array<vec2u, ${slots}>;
  ${[...functions].join('')}
  fn findFeatures(pair: u32, a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    switch pair {
      ${found.join('\n      ')}
      default: {}
    }
  }
  fn findContact(pair: u32, a: Shape, b: Shape, feature: vec2u) -> Contact {
    if (all(feature == none)) { return noContact(); }
    switch pair {
      ${made.join('\n      ')}
      default: { return noContact(); }
    }
  }
`;
}
