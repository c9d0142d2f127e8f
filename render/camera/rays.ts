/**
 * What each pixel of a camera sees: the ray through its centre, and how wide it is. Differentiable in pose and lens.
 *
 *   v = ((x + ½ − c_x) / f_x, (y + ½ − c_y) / f_y),   u: seen(u) = v                                   (1) lens.ts
 *   perspective  d ∝ (u_x, −u_y, −1)          fisheye  d = (u_x sin θ / θ, −u_y sin θ / θ, −cos θ), θ = |u|    (2)
 *   Ω = |∂(d) / ∂(x, y)|                      the solid angle of a pixel, of which half a side is √Ω / 2         (3)
 *   ∂/∂x = −∂/∂c_x                            of anything here, since it depends on x − c_x alone                (4)
 *
 * seen is inverted by Newton's method, u ← u − seen′(u)⁻¹ (seen(u) − v), unrecorded; two more steps from there leave u as it is and have the
 * first and second derivatives of the inverse.
 */

import { jvps } from '../../adjoint/index.ts';
import { checkRecord, kernelsByKey, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import type { Camera } from './camera.ts';
import { lensArguments, lensKey, lensText } from './distortion.wgsl.ts';
import type { Lens } from './lens.ts';
import { batchOf, rigid, rotate } from './pose.ts';

/** Of a batch of poses with B in front. */
export interface Rays {
  /** Where rays begin, [H, W, 3], m. */
  readonly origin: Tensor;
  /** [H, W, 3], of length 1; zeros for pixels that a distorted lens does not reach. */
  readonly direction: Tensor;
  /** Half the side of what a pixel sees, per m of distance, [H, W]; 0 for an orthographic lens, */
  readonly footprint: Tensor;
  /** and at the origin, [H, W], m; 0 but for an orthographic lens. */
  readonly radius: Tensor;
  /**
   * How far what the next pixel to the right sees, and the next one below, lies from what this one sees, in half widths of a pixel, [H, W, 3] each:
   * about 2 long, across the ray. Without them pixels count as round.
   */
  readonly sides?: readonly [Tensor, Tensor];
}

const kernels = kernelsByKey();

const target = /* wgsl */ `
    let place = vec2f(f32(id.x), f32(id.y)) + 0.5;
    let v = (place - centre) / focal; // (1)`;

const startText = (lens: Lens): string => /* wgsl */ `
  ${lensText(lens)}
  var<uniform> width: u32;
  var<storage, read_write> start: array<vec3f>; // u, and 1 if it is one
  @compute @workgroup_size(64)
  fn undistort(@builtin(global_invocation_id) id: vec3u) {
    ${target}
    var u = vec2f(0.0);
    for (var k = 0u; k < 40u; k++) {
      let J = seenSlope(u);
      let off = seen(u) - v;
      let det = J[0].x * J[1].y - J[1].x * J[0].y;
      let next = u - vec2f(J[1].y * off.x - J[1].x * off.y, J[0].x * off.y - J[0].y * off.x) / det;
      u = select(0.9 * u, next, inOrder(next));
    }
    let off = seen(u) - v;
    let found = dot(off, off) < 1e-8 * (1.0 + dot(v, v));
    start[id.y * width + id.x] = select(vec3f(0.0), vec3f(u, 1.0), found);
  }
`;

const directions: Readonly<Record<Lens['kind'], string>> = {
  perspective: `
    let far = inverseSqrt(1.0 + dot(u, u));
    let d = far * vec3f(u.x, -u.y, -1.0); // (2)
    let solid = far * far * far;`,
  fisheye: `
    let square = dot(u, u);
    var ratio = 1.0 - square / 6.0; // sin θ / θ near the axis
    if (square > 1e-6) { ratio = sin(sqrt(square)) / sqrt(square); }
    let d = vec3f(ratio * u.x, -ratio * u.y, -cos(sqrt(max(square, 1e-30)))); // (2)
    let solid = ratio;`,
  orthographic: '',
};

const text = (lens: Lens): string => {
  const distorted = lens.distortion !== undefined;
  return /* wgsl */ `
  ${lensText(lens)}
  ${distorted ? 'var<storage, read> start: array<vec3f>;' : ''}
  var<uniform> width: u32;
  var<storage, read_write> direction: array<vec3f>;
  var<storage, read_write> half: array<f32>;
  @compute @workgroup_size(64)
  fn pixelRays(@builtin(global_invocation_id) id: vec3u) {
    let pixel = id.y * width + id.x;
    ${target}
    var u = v;
    var stretch = 1.0;
    ${
      distorted
        ? /* wgsl */ `
    if (start[pixel].z == 0.0) { return; }
    u = start[pixel].xy;
    for (var k = 0u; k < 2u; k++) {
      let J = seenSlope(u);
      let off = seen(u) - v;
      let det = J[0].x * J[1].y - J[1].x * J[0].y;
      u = u - vec2f(J[1].y * off.x - J[1].x * off.y, J[0].x * off.y - J[0].y * off.x) / det;
    }
    let J = seenSlope(u);
    stretch = J[0].x * J[1].y - J[1].x * J[0].y;`
        : ''
    }
    ${directions[lens.kind]}
    direction[pixel] = d;
    half[pixel] = 0.5 * sqrt(solid / (focal.x * focal.y * stretch)); // (3)
  }
`;
};

const orthographicText = (lens: Lens): string => /* wgsl */ `
  ${lensText(lens)}
  var<uniform> width: u32;
  var<storage, read_write> origin: array<vec3f>;
  var<storage, read_write> direction: array<vec3f>;
  var<storage, read_write> half: array<f32>;
  @compute @workgroup_size(64)
  fn parallelRays(@builtin(global_invocation_id) id: vec3u) {
    let pixel = id.y * width + id.x;
    ${target}
    origin[pixel] = vec3f(v.x, -v.y, 0.0);
    direction[pixel] = vec3f(0.0, 0.0, -1.0);
    half[pixel] = 0.5 * inverseSqrt(focal.x * focal.y);
  }
`;

/** The rays of a camera's pixels, row by row from the top. */
export function rays(camera: Camera): Rays {
  checkRecord('rays', 'the camera', camera, ['lens', 'pose']);
  const { lens, pose } = camera;
  const [width, height] = lens.size;
  const batch = batchOf('rays', pose);
  const dims = batch === undefined ? [height, width] : [batch, height, width];
  const { device } = lens.focal;
  const pixels = [height * width];
  const each = (x: Tensor): Tensor => x.reshape([height, width]).broadcastTo(dims);
  const none = (): Tensor => zeros(dims, { device });
  const across = (tangents: readonly Made[], of: keyof Made, half: Tensor): readonly [Tensor, Tensor] => {
    const [right, down] = tangents.map(made =>
      rotate(pose, made[of].div(half.max(1e-9).reshape([...pixels, 1]))).reshape([...dims, 3]),
    );
    return [right, down];
  };
  const { value, tangents } = jvps((centre: Tensor) => seenBy({ ...lens, centre }))(
    lens.centre,
    [
      [-1, 0],
      [0, -1],
    ].map(way => tensor(way, [2], { device })), // (4)
  );
  if (lens.kind === 'orthographic')
    return {
      origin: rigid(pose, value.origin).reshape([...dims, 3]),
      direction: rotate(pose, value.direction).reshape([...dims, 3]),
      footprint: none(),
      radius: each(value.half),
      sides: across(tangents, 'origin', value.half),
    };
  const at = pose.position.reshape(batch === undefined ? [1, 1, 3] : [batch, 1, 1, 3]);
  return {
    origin: at.broadcastTo([...dims, 3]),
    direction: rotate(pose, value.direction).reshape([...dims, 3]),
    footprint: each(value.half),
    radius: none(),
    sides: across(tangents, 'direction', value.half),
  };
}

/** In the camera's axes, pixel by pixel; half: half the side of what a pixel sees. */
interface Made {
  readonly origin: Tensor;
  readonly direction: Tensor;
  readonly half: Tensor;
}

function seenBy(lens: Lens): Made {
  const [width, height] = lens.size;
  const pixels = [height * width];
  const given = { ...lensArguments(lens), width };
  const made =
    lens.kind === 'orthographic'
      ? kernels('orthographic', () => orthographicText(lens))(given, {
          count: [width, height],
          out: { origin: pixels, direction: pixels, half: pixels },
        })
      : kernels(lensKey(lens), () => text(lens))(
          { ...given, ...(lens.distortion && { start: startOf(lens) }) },
          { count: [width, height], out: { direction: pixels, half: pixels } },
        );
  return made as unknown as Made;
}

const startOf = (lens: Lens): Tensor => {
  const [width, height] = lens.size;
  const given = Object.fromEntries(Object.entries(lensArguments(lens)).map(([name, x]) => [name, x.detach()]));
  const made = kernels(`start ${lensKey(lens)}`, () => startText(lens))(
    { ...given, width },
    { count: [width, height], out: { start: [height * width] } },
  );
  return made.start as Tensor;
};
