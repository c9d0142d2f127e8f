// Specification of cameras: gl-matrix's matrices, OpenCV's formulas, rays that come back to their pixels, derivatives, bad input.

import { mat4, vec4 } from 'gl-matrix';
import { checkGradient, grad, jvp } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import {
  type Camera,
  compose,
  fisheye,
  inverse,
  type Lens,
  local,
  lookAt,
  orthographic,
  type Pose,
  perspective,
  project,
  rays,
  rigid,
  rotate,
} from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { numbers, on64 } from '../../util/numbers.ts';

const device = cpu64;
const size = [20, 10] as const;
const depths = { size, near: 0.1, far: 10, device };
const pose = lookAt([1, 2, 5], [0.2, 0, 0], [0.1, 1, 0], { device });
const points = on64([0, 0, 0, 1, 0.5, 0.2, -0.7, 0.3, 1, 0.1, -0.6, -2], [4, 3]);
const lenses: Record<string, Lens> = {
  perspective: perspective({ fovY: 0.8, ...depths }),
  'perspective, distorted': perspective({ focal: [15, 14], distortion: [0.1, -0.02, 0.01, 0.02, 0.003], ...depths }),
  'perspective, barrel': perspective({ focal: 15, centre: [9, 6], distortion: [-0.3, 0.1, 0, 0, 0], ...depths }),
  orthographic: orthographic({ height: 3, ...depths }),
  fisheye: fisheye({ focal: 10, ...depths }),
  'fisheye, distorted': fisheye({ focal: 10, distortion: [0.1, 0.02, 0.03, -0.01], ...depths }),
};
const pixelsOf = (clip: ArrayLike<number>): number[] =>
  Array.from({ length: clip.length / 4 }, (_, k) => [
    (clip[4 * k] / clip[4 * k + 3] + 1) * (size[0] / 2),
    (1 - clip[4 * k + 1] / clip[4 * k + 3]) * (size[1] / 2),
  ]).flat();

/** What differentiates, as a tree, and back. */
interface Free {
  readonly pose: Pose;
  readonly focal: Tensor;
  readonly centre: Tensor;
  readonly distortion?: Tensor;
}
const freeOf = ({ focal, centre, distortion }: Lens): Free => ({
  pose,
  focal,
  centre,
  ...(distortion && { distortion }),
});
const cameraOf = (lens: Lens, { pose, ...free }: Free): Camera => ({ lens: { ...lens, ...free }, pose });

it('cameras of tensors look as those of numbers do, one or many, and differentiably', async () => {
  const eyes = Array.from(
    { length: 12 },
    (_, k) => [Math.sin(2 * k), 0.8 * Math.sin(5 * k + 1), Math.cos(2 * k)] as const,
  );
  const ups = eyes.map((_, k) => [Math.sin(3 * k), Math.cos(3 * k), 0.2] as const);
  const aim = [0.1, -0.2, 0.3] as const;
  const eye = on64(eyes.flat(), [12, 3]);
  const up = on64(ups.flat(), [12, 3]);
  const seen = await local(lookAt(eye, aim, up), points).read();
  for (const [k, place] of eyes.entries())
    near(seen.subarray(12 * k, 12 * k + 12), await local(lookAt(place, aim, ups[k], { device }), points).read(), 1e-12);
  const places = { eye: on64([1, 2, 5]), aim: on64([0.2, 0, 0]), up };
  await checkGradient(
    ({ eye, aim, up }: typeof places) =>
      local(lookAt(eye, aim, up), points)
        .square()
        .sum(),
    places,
    {
      tolerance: 1e-6,
    },
  );
});

it('perspective and orthographic lenses are those of gl-matrix', async () => {
  const eye: [number, number, number] = [1, 2, 5];
  const view = mat4.lookAt(mat4.create(), eye, [0.2, 0, 0], [0.1, 1, 0]);
  const matrices = {
    perspective: mat4.perspectiveZO(mat4.create(), 0.8, 2, 0.1, 10),
    orthographic: mat4.orthoZO(mat4.create(), -3, 3, -1.5, 1.5, 0.1, 10),
  };
  const places = await points.read();
  for (const [name, matrix] of Object.entries(matrices)) {
    const whole = mat4.multiply(mat4.create(), matrix, view);
    const expected = [0, 1, 2, 3].flatMap(k => {
      const [x, y, z] = places.subarray(3 * k, 3 * k + 3);
      return [...vec4.transformMat4(vec4.create(), [x, y, z, 1], whole)];
    });
    near(await project({ lens: lenses[name], pose }, points).read(), expected, 2e-6); // gl-matrix counts in f32
  }
});

it('distorted lenses follow the formulas', async () => {
  const seen = await local(pose, points).read();
  const [k1, k2, p1, p2, k3] = [0.1, -0.02, 0.01, 0.02, 0.003];
  const expected = [0, 1, 2, 3].flatMap(k => {
    const d = -seen[3 * k + 2];
    const [u, v] = [seen[3 * k] / d, -seen[3 * k + 1] / d];
    const r2 = u * u + v * v;
    const radial = 1 + k1 * r2 + k2 * r2 ** 2 + k3 * r2 ** 3;
    return [
      10 + 15 * (u * radial + 2 * p1 * u * v + p2 * (r2 + 2 * u * u)),
      5 + 14 * (v * radial + p1 * (r2 + 2 * v * v) + 2 * p2 * u * v),
    ];
  });
  near(pixelsOf(await project({ lens: lenses['perspective, distorted'], pose }, points).read()), expected, 1e-12);
  const angles = [0, 1, 2, 3].flatMap(k => {
    const [x, y, z] = seen.subarray(3 * k, 3 * k + 3);
    const theta = Math.atan2(Math.hypot(x, y), -z);
    const bent = theta * (1 + 0.1 * theta ** 2 + 0.02 * theta ** 4 + 0.03 * theta ** 6 - 0.01 * theta ** 8);
    return [10 + (10 * bent * x) / Math.hypot(x, y), 5 - (10 * bent * y) / Math.hypot(x, y)];
  });
  near(pixelsOf(await project({ lens: lenses['fisheye, distorted'], pose }, points).read()), angles, 1e-12);
});

it('what a polynomial would fold back into the picture stays outside', async () => {
  const lens = perspective({ focal: 15, distortion: [-0.5, 0, 0, 0, 0], ...depths });
  const ahead: Pose = { position: on64([0, 0, 0]), orientation: on64([0, 0, 0, 1]) };
  const [x] = pixelsOf(await project({ lens, pose: ahead }, on64([1.45, 0, -1], [1, 3])).read());
  expect(x).toBeCloseTo(10 + 15 * 1.45, 12); // 1.45 (1 − 0.5 · 1.45²) = −0.07 would be near the middle
});

it('a fisheye sees beside and behind, and its derivatives are those of the axis there', async () => {
  const ahead: Pose = { position: on64([0, 0, 0]), orientation: on64([0, 0, 0, 1]) };
  const lens = fisheye({ focal: 10, ...depths });
  const clip = project({ lens, pose: ahead }, on64([1, 0, 0, 0, 1, 1, 0, 0, -2], [3, 3]));
  near(pixelsOf(await clip.read()), [10 + 5 * Math.PI, 5, 10, 5 - 7.5 * Math.PI, 10, 5], 1e-12);
  const { tangent } = jvp((x: Tensor) => project({ lens, pose: ahead }, x))(
    on64([0, 0, -2], [1, 3]),
    on64([1, 0, 0], [1, 3]),
  );
  near(await tangent.read(), [(2 / 20) * 10, 0, 0, 0], 1e-12);
});

describe.each(Object.keys(lenses))('%s', name => {
  const lens = lenses[name];

  it('is differentiable', async () => {
    await checkGradient(({ points, ...free }: Free & { points: Tensor }) => project(cameraOf(lens, free), points), {
      ...freeOf(lens),
      points,
    });
    await checkGradient((free: Free) => rays(cameraOf(lens, free)), freeOf(lens));
    // Once more, for the derivative of the gradient: two steps of Newton's method have it.
    const weight = on64(numbers(600, 1), [10, 20, 3]);
    const slope = grad((free: Free) => rays(cameraOf(lens, free)).direction.mul(weight).sum());
    await checkGradient((free: Free) => slope(free), freeOf(lens), { tolerance: 1e-5 });
  });

  it('has rays through the centres of its pixels, as wide as these', async () => {
    const { origin, direction, footprint, radius } = rays({ lens, pose });
    const far = origin.add(direction.mul(3)).reshape([-1, 3]);
    const centres = Array.from({ length: 200 }, (_, k) => [(k % 20) + 0.5, Math.floor(k / 20) + 0.5]).flat();
    near(pixelsOf(await project({ lens, pose }, far).read()), centres, 1e-11);
    // The parallelogram between neighbours' rays at a distance of 3 m has about the area of a square of such sides.
    const p = await far.read();
    const at = (i: number, j: number): number[] => [0, 1, 2].map(c => p[3 * (20 * j + i) + c]);
    const [a, b, c, d] = [at(8, 5), at(10, 5), at(9, 4), at(9, 6)];
    const [u, v] = [b.map((x, k) => (x - a[k]) / 2), d.map((x, k) => (x - c[k]) / 2)];
    const area = Math.hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]);
    const half = (await radius.read())[109] + 3 * (await footprint.read())[109];
    expect(4 * half * half).toBeCloseTo(area, 3);
  });
});

describe('poses', () => {
  const a: Pose = { position: on64([1, -2, 0.5]), orientation: on64([0.3, -0.2, 0.5, 1.4]) };
  const b: Pose = { position: on64(numbers(6, 2), [2, 3]), orientation: on64(numbers(8, 3), [2, 4]) };

  it('come back, and follow one another', async () => {
    near(await local(a, rigid(a, points)).read(), await points.read(), 1e-13);
    near(await rigid(inverse(a), rigid(a, points)).read(), await points.read(), 1e-13);
    const both = rigid(a, rigid(b, points).reshape([8, 3])).reshape([2, 4, 3]);
    near(await rigid(compose(a, b), points).read(), await both.read(), 1e-13);
    expect(compose(b, a).position.shape).toEqual([2, 3]);
    near(await rotate(a, points).read(), await rigid(a, points).sub(a.position).read(), 1e-13);
  });

  it('are differentiable, of any length', async () => {
    await checkGradient((x: { a: Pose; b: Pose; points: Tensor }) => rigid(compose(inverse(x.a), x.b), x.points), {
      a,
      b,
      points,
    });
    const longer = { position: a.position, orientation: a.orientation.mul(3) };
    near(await rigid(longer, points).read(), await rigid(a, points).read(), 1e-13);
  });

  it('of a batch take the same points or their own', async () => {
    const own = on64(numbers(24, 4), [2, 4, 3]);
    const camera = { lens: lenses.perspective, pose: b };
    const clip = await project(camera, own).read();
    for (const k of [0, 1]) {
      const one = {
        position: b.position.slice(k, k + 1).reshape([3]),
        orientation: b.orientation.slice(k, k + 1).reshape([4]),
      };
      const mine = own.slice(k, k + 1).reshape([4, 3]);
      near(clip.subarray(16 * k, 16 * k + 16), await project({ ...camera, pose: one }, mine).read(), 1e-13);
      near(
        (await project(camera, points).read()).subarray(16 * k, 16 * k + 16),
        await project({ ...camera, pose: one }, points).read(),
        1e-13,
      );
      near(
        (await rays(camera).direction.read()).subarray(600 * k, 600 * k + 600),
        await rays({ ...camera, pose: one }).direction.read(),
        1e-13,
      );
    }
  });
});

it('a GPU sees the same', async () => {
  const there = { size, near: 0.1, far: 10, device: gpu };
  const lens = perspective({ focal: [15, 14], distortion: [0.1, -0.02, 0.01, 0.02, 0.003], ...there });
  const camera = { lens, pose: lookAt([1, 2, 5], [0.2, 0, 0], [0.1, 1, 0], { device: gpu }) };
  const here = { lens: lenses['perspective, distorted'], pose };
  near(await project(camera, await points.to(gpu)).read(), await project(here, points).read(), 1e-5);
  near(await rays(camera).direction.read(), await rays(here).direction.read(), 1e-5);
});

it.each([
  [() => perspective({ ...depths }), 'perspective: give either focal or fovY.'],
  [() => perspective({ ...depths, fovY: 4 }), 'perspective: fovY is 4; give an angle between 0 and π.'],
  [() => perspective({ ...depths, focal: [1, 2, 3] }), 'perspective: focal has shape [3]; give 2 numbers.'],
  [
    () => perspective({ ...depths, focal: 9, distortion: [1] }),
    'perspective: distortion has shape [1]; give 5 numbers.',
  ],
  [
    () => perspective({ ...depths, focal: 9, near: 0 }),
    'perspective: near is 0 and far 10; give depths with 0 < near < far, in m.',
  ],
  [() => orthographic({ ...depths, height: 0 }), 'orthographic: height is 0; give a length above 0 m.'],
  [
    () => fisheye({ ...depths, focal: 3, size: [0, 1] }),
    'fisheye: size is [0, 1]; give width and height, whole numbers of pixels from 1 to 65535.',
  ],
  [
    () => lookAt([0, 1, 0], [0, 0, 0]),
    'lookAt: from [0, 1, 0] to [0, 0, 0] with [0, 1, 0] up is no direction to look; eye and target must be apart, and up not along the line between them.',
  ],
  [() => rigid(pose, on64([1, 2, 3])), 'rigid: the points are a tensor of shape [3]; give f32, [n, 3] or [B, n, 3].'],
  [
    () => rigid({ ...pose, position: on64([1, 2]) }, points),
    'rigid: the pose has a position of shape [2] and an orientation of [4]; give [3] and [4], or [B, 3] and [B, 4].',
  ],
])('%#: bad input', (act, message) => {
  // biome-ignore format: a table
  expect(act).toThrow(message);
});
