/** Distances along rays to shapes. */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { checkShapes, type Shapes, shapeArguments, shapeBindings, shapeFrom } from '../contact/bindings.ts';
import { contactText } from '../contact/pairs.ts';
import { type ShapeKind, shapeKinds } from '../contact/shape.wgsl.ts';
import { rayText } from './ray.wgsl.ts';

const text = (kind: ShapeKind): string => /* wgsl */ `
  ${shapeBindings({ a: kind })}
  var<storage, read> origin: array<vec3f>;
  var<storage, read> direction: array<vec3f>;
  var<storage, read_write> distance: array<f32>;
  ${contactText([])}
  ${rayText([kind])}
  @compute @workgroup_size(64)
  fn rayDistances(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    distance[i] = castRay(${shapeKinds.indexOf(kind)}u, ${shapeFrom('a', kind)}, origin[i], direction[i]);
  }
`;

const kernels = kernelsByKey();

/**
 * How far n rays go to n shapes, ray k to shape k. Differentiable in all that is given.
 *
 * @param origin [n, 3], m.
 * @param direction [n, 3]; the distance is in units of its length.
 * @returns [n]; 1e10 for rays that miss.
 * @throws RangeError if shapes are of another number, or of a kind that rays do not meet.
 */
export function rayDistance(origin: Tensor, direction: Tensor, shapes: Shapes): Tensor {
  const [count] = origin.shape;
  checkShapes('rayDistance', 'shapes', shapes, count);
  if (direction.shape.join() !== origin.shape.join())
    throw new RangeError(
      `rayDistance: 'direction' has shape [${direction.shape.join(', ')}]; for ${count} rays give [${count}, 3].`,
    );
  const run = kernels(shapes.kind, () => text(shapes.kind));
  return run({ ...shapeArguments({ a: shapes }), origin, direction }, { count }).distance;
}
