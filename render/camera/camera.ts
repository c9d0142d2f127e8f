/**
 * A lens at a place: where it sees points. Clip positions are WebGPU's, (x, y, z, w) with
 *
 *   x / w, y / w = −1 … 1 across the picture, right and up;   z / w = 0 at near … 1 at far                              (1)
 *   perspective   w = d,  z = far (d − near) / (far − near)                                                       (2)
 *   fisheye       w = the distance |X|,  z likewise of w                                                           (3)
 *   orthographic  w = 1,  z = (d − near) / (far − near)                                                             (4)
 */

import { checkRecord, kernelsByKey, sizeOf, type Tensor } from '../../kernel/index.ts';
import { lensArguments, lensKey, lensText } from './distortion.wgsl.ts';
import type { Lens, LensKind } from './lens.ts';
import { local, type Pose } from './pose.ts';

export interface Camera {
  readonly lens: Lens;
  /** From the camera's axes, x right, y up, z backward, to the world. */
  readonly pose: Pose;
}

const bodies: Readonly<Record<LensKind, (distorted: boolean) => string>> = {
  perspective: distorted => /* wgsl */ `
    var u = focal * vec2f(p.x, -p.y);
    let w = -p.z;
    ${
      distorted
        ? /* wgsl */ `
    if (w >= near) {
      let v = vec2f(p.x, -p.y) / w;
      if (inOrder(v)) { u = focal * seen(v) * w; }
    }`
        : ''
    }
    let z = far / (far - near) * (w - near); // (2)`,
  fisheye: distorted => /* wgsl */ `
    let r2 = dot(p.xy, p.xy);
    let w = sqrt(r2 + p.z * p.z);
    var ratio = -1.0 / p.z * (1.0 - r2 / (3.0 * p.z * p.z)); // θ / r near the axis
    if (p.z >= 0.0 || r2 > 1e-8 * p.z * p.z) {
      let r = sqrt(max(r2, 1e-36));
      ratio = atan2(r, -p.z) / r;
    }
    let v = ratio * vec2f(p.x, -p.y);
    var u = focal * v * w;
    ${distorted ? 'if (inOrder(v)) { u = focal * seen(v) * w; }' : ''}
    let z = far / (far - near) * (w - near); // (3)`,
  orthographic: () => /* wgsl */ `
    let u = focal * vec2f(p.x, -p.y);
    let w = 1.0;
    let z = (-p.z - near) / (far - near); // (4)`,
};

const kernels = kernelsByKey();

const text = (lens: Lens): string => /* wgsl */ `
  var<storage, read> points: array<vec3f>; // in the camera's axes
  ${lensText(lens)}
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<uniform> near: f32;
  var<uniform> far: f32;
  var<storage, read_write> clip: array<vec4f>;
  @compute @workgroup_size(64)
  fn project(@builtin(global_invocation_id) id: vec3u) {
    let p = points[id.x];
    ${bodies[lens.kind](lens.distortion !== undefined)}
    let x = 2.0 / width * (u.x + centre.x * w) - w; // (1)
    let y = w - 2.0 / height * (u.y + centre.y * w);
    clip[id.x] = vec4f(x, y, z, w);
  }
`;

/**
 * Where a camera sees points.
 *
 * @param points [n, 3], or [B, n, 3] where each of a batch has its own, in the world, m.
 * @returns Clip positions, [n, 4]; where camera or points are a batch, [B, n, 4]. Differentiable in points, pose and lens.
 */
export function project(camera: Camera, points: Tensor): Tensor {
  checkRecord('project', 'the camera', camera, ['lens', 'pose']);
  const { lens, pose } = camera;
  const { size, near, far } = lens;
  const seen = local(pose, points);
  const { clip } = kernels(lensKey(lens), () => text(lens))(
    { points: seen, ...lensArguments(lens), width: size[0], height: size[1], near, far },
    { count: sizeOf(seen.shape) / 3, out: { clip: seen.shape.slice(0, -1) } },
  );
  return clip as Tensor;
}
