/**
 * Contacts of many pairs of shapes at once, in two kernels: one that chooses corners, faces and edges, and is not differentiated, and one
 * that finds gap, normal and point for that choice.
 *
 * So derivatives are those of contacts that keep their features. Gaps are differentiable across most changes of features; points and
 * normals jump there.
 */

import { checkOptions, type Kernel, kernelsByKey, type Tensor, tensor } from '../../kernel/index.ts';
import { checkShapes, type Shapes, shapeArguments, shapeBindings, shapeFrom } from './bindings.ts';
import { contactSlots, contactText, inOrder } from './pairs.ts';
import type { ShapeKind } from './shape.wgsl.ts';

/** Of n pairs, each with as many slots as its kinds can have contacts. */
export interface Contacts {
  /** [n, slots], m; negative where shapes overlap, 1e10 in slots that are not used. */
  readonly gap: Tensor;
  /** [n, slots, 3], from the first shape to the second. */
  readonly normal: Tensor;
  /** [n, slots, 3], half-way between the surfaces, m. */
  readonly point: Tensor;
  /** [n, slots, 2], u32: which features touch; zeros where nothing does. */
  readonly features: Tensor;
}

export interface ContactOptions {
  /** Contacts whose gap is larger may be left out, m. Default 1e9: none is. */
  readonly margin?: number;
  /** The features of contacts found before, to be kept. Default: those that the shapes' places call for. */
  readonly features?: Tensor;
}

/** One slot is none to loop over. */
const eachSlot = (a: ShapeKind, b: ShapeKind): string =>
  contactSlots(a, b) === 1 ? 'let k = 0u;' : `for (var k = 0u; k < ${contactSlots(a, b)}u; k++)`;

const featuresText = (a: ShapeKind, b: ShapeKind): string => /* wgsl */ `
  ${shapeBindings({ a, b })}
  var<storage, read> margin: f32;
  var<storage, read_write> features: array<vec2u>;
  ${contactText([[a, b]])}
  @compute @workgroup_size(64)
  fn contactFeatures(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var found: Features;
    findFeatures(0u, ${shapeFrom('a', a)}, ${shapeFrom('b', b)}, margin, &found);
    ${eachSlot(a, b)} { features[${contactSlots(a, b)}u * i + k] = found[k]; }
  }
`;

const contactsText = (a: ShapeKind, b: ShapeKind): string => /* wgsl */ `
  ${shapeBindings({ a, b })}
  var<storage, read> features: array<vec2u>;
  var<storage, read_write> gap: array<f32>;
  var<storage, read_write> normal: array<vec3f>;
  var<storage, read_write> point: array<vec3f>;
  ${contactText([[a, b]])}
  @compute @workgroup_size(64)
  fn contactGaps(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    ${eachSlot(a, b)} {
      let slot = ${contactSlots(a, b)}u * i + k;
      let c = findContact(0u, ${shapeFrom('a', a)}, ${shapeFrom('b', b)}, features[slot]);
      gap[slot] = c.gap;
      normal[slot] = c.normal;
      point[slot] = c.point;
    }
  }
`;

const featureKernels = kernelsByKey();
const contactKernels = kernelsByKey();

/**
 * Contacts of n pairs: shape k of `a` with shape k of `b`. Differentiable in sizes, positions and rotations.
 *
 * @throws RangeError if contacts between the kinds are not known, or there are not as many of one as of the other.
 */
export function contacts(a: Shapes, b: Shapes, options: ContactOptions = {}): Contacts {
  checkOptions('contacts', options, ['margin', 'features']);
  if (!inOrder(a.kind, b.kind)) {
    const { normal, ...rest } = contacts(b, a, options);
    return { ...rest, normal: normal.mul(-1) };
  }
  const slots = contactSlots(a.kind, b.kind);
  const [count] = a.position.shape;
  checkShapes('contacts', 'a', a, count);
  checkShapes('contacts', 'b', b, count);
  const { device } = a.position;
  const both = shapeArguments({ a, b });
  const kernelOf = (kernels: typeof featureKernels, text: typeof featuresText): Kernel =>
    kernels(`${a.kind} ${b.kind}`, () => text(a.kind, b.kind));
  const { margin = 1e9 } = options;
  if (!(margin >= 0)) throw new RangeError(`contacts: margin is ${margin}; give a length of at least 0 m.`);
  const features =
    options.features ??
    kernelOf(featureKernels, featuresText)(
      {
        ...Object.fromEntries(Object.entries(both).map(([name, x]) => [name, x.detach()])),
        margin: tensor(margin, [], { device }),
      },
      { count, out: { features: [count, slots] } },
    ).features;
  const found = kernelOf(contactKernels, contactsText)(
    { ...both, features },
    { count, out: { gap: [count, slots], normal: [count, slots], point: [count, slots] } },
  );
  return { gap: found.gap, normal: found.normal, point: found.point, features };
}
