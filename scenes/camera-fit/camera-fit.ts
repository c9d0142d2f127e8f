/**
 * What lens took these pictures, and from where? Field of view, principal point, distortion and twelve poses, from pictures of a box.
 *
 *   least Σ (picture − seen)²,  first of the pictures at an eighth of their size, last as they are
 *
 * The box and its picture are known; everything of the camera is found by gradients through projection, textures and edges. The box is of
 * small triangles, since distortion moves vertices, and edges between them stay straight.
 *
 * Goal: the field of view to 0.1 %, the principal point to 0.1 px.
 */

import { normal } from '../../adjoint/index.ts';
import { boxMesh } from '../../geometry/index.ts';
import { concat, type Device, type Tensor, zeros } from '../../kernel/index.ts';
import {
  antialias,
  cubeOf,
  cubeTexture,
  difference,
  gaussianPyramid,
  type Image,
  imageOf,
  interpolate,
  type Lens,
  mask,
  noise,
  type Pose,
  panels,
  perspective,
  project,
  rasterize,
  toSrgb,
} from '../../render/index.ts';
import { evenViews } from '../mesh-fit/views.ts';
import { checkWhole, inDoubles, type Scene, type SceneProgress } from '../scene.ts';
import { bundle, type Unknowns } from './bundle.ts';

interface Settings {
  readonly size: number;
  readonly views: number;
}

/** What is looked for, each number in a unit in which it is off by about one. */
interface Params extends Unknowns {
  /** Of the focal length's logarithm, [1], 0.05. */
  readonly focal: Tensor;
  /** Of the principal point, [2], 2 px. */
  readonly centre: Tensor;
  /** k₁ and k₂, [2], 0.05. */
  readonly distortion: Tensor;
  /** [views, 3], 0.02 m. */
  readonly position: Tensor;
  /** Of the quaternion, [views, 4], 0.01. */
  readonly orientation: Tensor;
}
const units = { focal: 0.05, centre: 2, distortion: 0.05, position: 0.02, orientation: 0.01 };

const truth = { fovY: 0.9, centre: [2.5, -1.7], distortion: [-0.12, 0.05] };

const pad = (k: Tensor): Tensor => concat([k, zeros([3], { device: k.device })]); // k₁, k₂, p₁, p₂, k₃

/** Draws the box from all poses: [views, size, size, 3]. */
function drawer(device: Device) {
  const box = boxMesh([0.5, 0.35, 0.4], { divisions: 6, device });
  // Colours go on across the box's edges, so that a pixel's colour is continuous there.
  const planes = [
    [0, 2],
    [1, 3],
  ];
  const paint = cubeOf(
    32,
    d => {
      const [xy, yz] = planes.map(([from, to]) => d.slice([0, from], [d.shape[0], to]));
      const wave = (uv: Tensor, seed: number): Tensor => noise(uv.mul(0.5), { cells: 6, octaves: 2, seed });
      const colours = [3, 5, 9].map(seed =>
        wave(xy, seed)
          .add(wave(yz, seed + 1))
          .sub(1)
          .mul(4)
          .tanh()
          .mul(0.5)
          .add(0.5),
      );
      return concat(colours.map(c => c.reshape([1, -1]))).transpose();
    },
    { device },
  );
  return (lens: Lens, pose: Pose): Tensor => {
    const clip = project({ lens, pose }, box.vertices);
    const raster = rasterize(clip, box.triangles, { size: lens.size, cull: 'back' });
    const seen = cubeTexture(paint, interpolate(raster, clip, box.vertices));
    return antialias(seen.mul(mask(raster)), raster, clip, { intersections: false });
  };
}

async function calibrated(
  settings: Settings,
  device: Device,
  run: Omit<Parameters<Scene['run']>[0], 'preset' | 'settings'>,
) {
  const { size, views } = settings;
  const { seed, onProgress, iterations = 30, signal } = run;
  const on = { device };
  const draw = drawer(device);
  const frame = { size: [size, size] as const, near: 0.1, far: 10, device };
  const around = evenViews(views, 1.6, device);
  const middle = size / 2;
  const trueLens = perspective({
    ...frame,
    fovY: truth.fovY,
    centre: truth.centre.map(x => middle + (x * size) / 128) as [number, number],
    distortion: [...truth.distortion, 0, 0, 0],
  });
  const seen = draw(trueLens, around);
  // Known to begin with: roughly where the cameras were, and what lens they should have had.
  const guess: Pose = {
    position: around.position.add(normal([views, 3], { seed, device }).mul(units.position)),
    orientation: around.orientation.add(normal([views, 4], { seed, stream: 1, device }).mul(units.orientation)),
  };
  const guessed = 0.95 * (size / 2 / Math.tan(truth.fovY / 2));
  const cameraOf = (p: Params): { lens: Lens; pose: Pose } => ({
    lens: perspective({
      ...frame,
      focal: p.focal.mul(units.focal).exp().mul(guessed),
      centre: p.centre.mul((units.centre * size) / 128).add(middle),
      distortion: pad(p.distortion.mul(units.distortion)),
    }),
    pose: {
      position: guess.position.add(p.position.mul(units.position)),
      orientation: guess.orientation.add(p.orientation.mul(units.orientation)),
    },
  });
  const drawn = (p: Params): Tensor => {
    const { lens, pose } = cameraOf(p);
    return draw(lens, pose);
  };
  const start: Params = {
    focal: zeros([1], on),
    centre: zeros([2], on),
    distortion: zeros([2], on),
    position: zeros([views, 3], on),
    orientation: zeros([views, 4], on),
  };
  const history: SceneProgress[] = [];
  const levels = Math.max(2, Math.round(Math.log2(size)) - 2);
  let params = start;
  for (let level = levels - 1; level >= 0; level--) {
    const at = (images: Tensor): Tensor => gaussianPyramid(images, { levels: level + 1 })[level];
    const target = at(seen);
    params = await bundle(params, p => at(drawn(p)).sub(target), {
      own: ['position', 'orientation'],
      iterations: Math.ceil(iterations / levels),
      onStep: cost => {
        const off = Math.sqrt(cost / target.size);
        const note = `at ${size >> level}² pixels, pictures are off by ${off.toExponential(1)}`;
        const done = (levels - 1 - level) / levels;
        const progress = { iteration: history.length + 1, loss: off, done, note };
        history.push(progress);
        onProgress(progress);
      },
      ...(signal && { signal }),
    });
  }
  const lensOf = async (p: Params) => {
    const { lens } = cameraOf(p);
    const [f] = await lens.focal.read();
    const centre = Array.from(await lens.centre.read(), x => x - middle);
    const distortion = Array.from(await (lens.distortion as Tensor).read()).slice(0, 2);
    return { fovY: 2 * Math.atan(size / 2 / f), centre, distortion };
  };
  const [before, after] = [await lensOf(start), await lensOf(params)];
  const far = await params.position.mul(units.position).add(guess.position).sub(around.position).square().mean().item();
  const one = async (images: Tensor): Promise<Image> => imageOf(images.slice(0, 1).reshape([size, size, 3]));
  const pictures = await Promise.all([seen, drawn(start), drawn(params)].map(one));
  return { before, after, position: Math.sqrt(3 * far), pictures, history, middle };
}

export const cameraFit: Scene = {
  name: 'camera-fit',
  summary: 'finds the lens and the poses of a camera from pictures of a box',
  settings: {
    size: 'of the pictures, px (preset small: 48; full: 128)',
    views: 'how many pictures (4; 12)',
  },
  async run({ preset, settings, device: given, ...run }) {
    const small = preset === 'small';
    const values: Settings = { size: small ? 48 : 128, views: small ? 4 : 12, ...settings };
    checkWhole('camera-fit', values, { size: 16, views: 1 });
    const { before, after, position, pictures, history } = await inDoubles(given, device =>
      calibrated(values, device, { ...run, device, iterations: run.iterations ?? (small ? 12 : 30) }),
    );
    const scaled = truth.centre.map(x => (x * values.size) / 128);
    const fov = Math.abs(after.fovY / truth.fovY - 1);
    const off = Math.hypot(after.centre[0] - scaled[0], after.centre[1] - scaled[1]);
    const row = (name: string, unit: string, fitted: number, guess: number, is: number, allowed?: number) => ({
      name,
      unit,
      fitted,
      interval: 0,
      guess,
      truth: is,
      ...(allowed !== undefined && { allowed }),
    });
    const [target, guess, found] = pictures.map(image => toSrgb(image));
    const bounds = small ? { fov: 0.01, centre: 0.5 } : { fov: 0.001, centre: 0.1 };
    return {
      goal: {
        name: `error of the field of view, and ${bounds.centre} px of the principal point`,
        value: fov,
        bound: bounds.fov,
        met: fov <= bounds.fov && off <= bounds.centre,
      },
      fitted: { ...after, position },
      loss: history.at(-1)?.loss ?? Number.NaN,
      iterations: history.length,
      estimates: [
        row('field of view', 'rad', after.fovY, before.fovY, truth.fovY, bounds.fov * truth.fovY),
        row('principal point, right', 'px', after.centre[0], before.centre[0], scaled[0], bounds.centre),
        row('principal point, down', 'px', after.centre[1], before.centre[1], scaled[1], bounds.centre),
        row('k₁', '', after.distortion[0], before.distortion[0], truth.distortion[0]),
        row('k₂', '', after.distortion[1], before.distortion[1], truth.distortion[1]),
      ],
      history,
      device: 'the CPU, in f64',
      pictures: [
        {
          caption: 'the first view: seen, guessed, found; and how far off they are',
          image: panels(
            [
              [
                { image: target, label: 'seen' },
                { image: guess, label: 'guess' },
                { image: found, label: 'found' },
              ],
              [
                { image: difference(guess, target), label: 'guess - seen' },
                { image: difference(found, target), label: 'found - seen' },
              ],
            ],
            { height: 256 },
          ),
        },
      ],
      notes: [
        `${values.views} pictures of ${values.size}² pixels. Positions are found to ${(1000 * position).toFixed(2)} mm, of 1.6 m.`,
        'In f64: the field of view and the distance do nearly the same to a picture.',
      ],
    };
  },
};
