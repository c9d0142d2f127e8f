/**
 * The pose of a camera from where it is and what it looks at.
 *
 *   b = (eye − target) / |·|,   r = (up × b) / |·|,   t = b × r          backwards, right, top: columns of R(q)
 *
 * Cameras look along −z, so b is their z. Of the four formulas for a quaternion of a matrix the one with the largest divisor is taken: all
 * give the same but for its sign and length, so the choice does no harm to derivatives.
 * Shepperd: Quaternion from rotation matrix, J. Guidance and Control 1 (1978) 223, doi:10.2514/3.55767b.
 */

import { type mat3, quat, vec3 } from 'gl-matrix';
import { type Device, inWords, lazyKernel, Tensor, tensor } from '../../kernel/index.ts';
import type { Pose } from './pose.ts';

type Point = readonly [number, number, number];

const lookAtKernel = lazyKernel(/* wgsl */ `
  var<storage, read> eye: array<vec3f>;
  var<storage, read> aim: array<vec3f>;
  var<storage, read> up: array<vec3f>;
  var<storage, read_write> position: array<vec3f>;
  var<storage, read_write> orientation: array<vec4f>;
  @compute @workgroup_size(64)
  fn lookAt(@builtin(global_invocation_id) id: vec3u) {
    let p = eye[id.x % arrayLength(&eye)];
    let b = normalize(p - aim[id.x % arrayLength(&aim)]);
    let r = normalize(cross(up[id.x % arrayLength(&up)], b));
    let t = cross(b, r);
    let trace = r.x + t.y + b.z;
    let most = max(max(trace, r.x), max(t.y, b.z));
    var q = vec4f(t.z - b.y, b.x - r.z, r.y - t.x, 1.0 + trace);
    if (most == trace) {
    } else if (most == r.x) {
      q = vec4f(1.0 + r.x - t.y - b.z, r.y + t.x, r.z + b.x, t.z - b.y);
    } else if (most == t.y) {
      q = vec4f(r.y + t.x, 1.0 - r.x + t.y - b.z, t.z + b.y, b.x - r.z);
    } else {
      q = vec4f(r.z + b.x, t.z + b.y, 1.0 - r.x - t.y + b.z, r.y - t.x);
    }
    position[id.x] = p;
    orientation[id.x] = normalize(q);
  }
`);

/**
 * The pose of a camera at `eye` that looks at `target`.
 *
 * Numbers, or tensors of shape [3] or [B, 3], m, in which it is differentiable; of a batch, the pose is one. Tensors' numbers are not
 * looked at: where numbers would be refused, they give NaN.
 *
 * @param up A direction that is up in the picture. Default: y.
 * @throws RangeError if eye and target are in one place, or `up` is along the line between them.
 * @example
 * const camera = { lens: perspective({ fovY: 0.6, size: [64, 64], near: 0.1, far: 9 }), pose: lookAt(tensor([0, 0, 2]), [0, 0, 0]) };
 * const middle = project(camera, tensor([[0, 0, 1]])); // [[0, 0, 0.9101124, 1]]
 */
export function lookAt(
  eye: Point | Tensor,
  target: Point | Tensor,
  up: Point | Tensor = [0, 1, 0],
  { device }: { readonly device?: Device } = {},
): Pose {
  const given = Object.entries({ eye, target, up });
  const tensors = given.flatMap(([, point]) => (point instanceof Tensor ? [point] : []));
  for (const [name, point] of given)
    if (point instanceof Tensor ? point.shape.at(-1) !== 3 || point.shape.length > 2 : point?.length !== 3)
      throw new TypeError(
        `lookAt: ${name} is ${inWords(point)}; give three numbers, [x, y, z], or a tensor of shape [3] or [B, 3].`,
      );
  if (tensors.length === 0) return fixedPose(eye as Point, target as Point, up as Point, device);
  const batches = new Set(tensors.filter(({ shape }) => shape.length > 1).map(({ shape }) => shape[0]));
  if (batches.size > 1)
    throw new RangeError(`lookAt: there are batches of ${[...batches].join(' and ')} places; give as many, or one.`);
  const [batch] = batches;
  const on = (point: Point | Tensor): Tensor =>
    point instanceof Tensor ? point : tensor(Float64Array.from(point), [3], { device: tensors[0].device });
  const { position, orientation } = lookAtKernel({ eye: on(eye), aim: on(target), up: on(up) }, { count: batch ?? 1 });
  return batch === undefined
    ? { position: position.reshape([3]), orientation: orientation.reshape([4]) }
    : { position, orientation };
}

function fixedPose(eye: Point, target: Point, up: Point, device: Device | undefined): Pose {
  const double = (): vec3 => new Float64Array(3) as unknown as vec3;
  const back = vec3.normalize(double(), vec3.subtract(double(), eye as vec3, target as vec3));
  const right = vec3.cross(double(), up as vec3, back);
  if (!(vec3.length(right) > 1e-9 * vec3.length(up as vec3)))
    throw new RangeError(
      `lookAt: from [${eye.join(', ')}] to [${target.join(', ')}] with [${up.join(', ')}] up is no direction to look; eye and target must be apart, and up not along the line between them.`,
    );
  vec3.normalize(right, right);
  const top = vec3.cross(double(), back, right);
  const q = quat.fromMat3(new Float64Array(4) as unknown as quat, [...right, ...top, ...back] as unknown as mat3);
  const on = device ? { device } : {};
  return {
    position: tensor(Float64Array.from(eye), [3], on),
    orientation: tensor(Float64Array.from(q), [4], on),
  };
}
