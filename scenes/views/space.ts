/**
 * What stands there, if these are its photographs? Soft ellipsoids with colours that depend on the side one looks from, fitted to a solid that is
 * given by its distance field and seen from all around.
 *
 * Gaussians start in a ball at random, small and grey, and find places, sizes, turns, opacities and colours by gradients of the squared
 * difference, with Adam; no ellipsoid is added or removed. Goal: views that nobody took, to 25 dB.
 */

import { uniform } from '../../adjoint/index.ts';
import { type Device, stack, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import {
  type Camera,
  difference,
  distanceField,
  drawField,
  drawSplats,
  type Gaussians,
  type Image,
  imageOf,
  panels,
  perspective,
  rays,
  type SeenSurface,
} from '../../render/index.ts';
import { adam } from '../../solvers/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { cameraAt, decibels, descent, ring, together } from './views.ts';

const sizes = {
  small: { pixels: 32, views: 10, splats: 200, iterations: 60 },
  full: { pixels: 96, views: 24, splats: 1500, iterations: 300 },
} as const;
const bound = 25; // dB
const distance = 3.2; // m

/** A ring that stands, and a ball in it. */
const solid = distanceField(/* wgsl */ `
  fn distance(p: vec3f) -> f32 {
    let ring = length(vec2f(length(p.xy) - 0.55, p.z)) - 0.17;
    return min(ring, length(p - vec3f(0, -0.05, 0)) - 0.24);
  }
`)({});

/** Stripes under two lights. */
function shaded({ point, normal }: SeenSurface): Tensor {
  const { device } = point;
  const light = (direction: readonly number[], colour: readonly number[]): Tensor =>
    normal
      .mul(tensor(direction, [3], { device }))
      .sum(normal.shape.length - 1)
      .max(0)
      .reshape([...normal.shape.slice(0, -1), 1])
      .mul(tensor(colour, [3], { device }));
  const paint = point
    .mul(tensor([9, 7, 8], [3], { device }))
    .add(tensor([0, 2, 4], [3], { device }))
    .sin()
    .mul(0.25)
    .add(0.6);
  return light([0.5, 0.7, 0.5], [0.9, 0.8, 0.7])
    .add(light([-0.7, 0.1, -0.7], [0.3, 0.4, 0.6]))
    .add(0.2)
    .mul(paint);
}

/** Free numbers, in units that make steps of one size right for all. */
interface Cluster {
  readonly place: Tensor;
  readonly size: Tensor;
  readonly turn: Tensor;
  readonly strength: Tensor;
  readonly harmonics: Tensor;
}

const gaussiansOf = ({ place, size, turn, strength, harmonics }: Cluster): Gaussians => ({
  mean: place.mul(0.3),
  scale: size.exp(),
  orientation: turn,
  opacity: strength.mul(-4).exp().add(1).pow(-1),
  harmonics,
});

function ball(count: number, seed: number, device: Device): Cluster {
  const turn = tensor([0, 0, 0, 1], [4], { device });
  return {
    place: uniform([count, 3], { seed, device }).sub(0.5).mul(5),
    size: zeros([count, 3], { device }).add(Math.log(0.5 / Math.cbrt(count))),
    turn: uniform([count, 4], { seed, stream: 1, device }).sub(0.5).mul(0.2).add(turn),
    strength: zeros([count], { device }).sub(0.3),
    harmonics: zeros([count, 4, 3], { device }),
  };
}

export const splatViews: Scene = {
  name: 'splat-views',
  summary: 'builds a thing of soft ellipsoids from photographs',
  settings: {
    pixels: 'along a side of a photograph (preset small: 32; full: 96)',
    views: 'photographs (10; 24)',
    splats: 'ellipsoids (200; 1500)',
  },
  async run({ preset, settings, iterations: most, onProgress, signal, device, seed }) {
    const { iterations: usual, ...base } = sizes[preset];
    const given = { ...base, ...settings };
    checkWhole('splat-views', given, { pixels: 8, views: 1, splats: 1 });
    const { pixels, views, splats } = given;
    const iterations = most ?? usual;
    const lens = perspective({ fovY: 0.6, size: [pixels, pixels], near: 0.1, far: 10, device });
    const background = tensor([0.05, 0.06, 0.09], [3], { device });
    const take = (camera: Camera): Tensor => drawField(solid, rays(camera), shaded, { far: 8, background });
    const see = (camera: Camera, cluster: Cluster): Tensor =>
      drawSplats(camera, gaussiansOf(cluster), { background }).image;
    const cameras = ring(views, lens, distance, device);
    const photographs = cameras.map(take);
    const [all, seen] = [together(cameras), stack(photographs)];
    const loss = (cluster: Cluster): Tensor => see(all, cluster).sub(seen).square().mean();

    const fresh = [0.3, 1.7, 3.9, 5.1].map((around, k) => cameraAt(lens, distance, around, 0.2 + 0.15 * k, device));
    const unseen = fresh.map(take);
    const heldOut = async (cluster: Cluster): Promise<number> =>
      decibels(await see(together(fresh), cluster).sub(stack(unseen)).square().mean().item());
    const row = async (camera: Camera, photograph: Tensor, cluster: Cluster) => {
      const [real, now] = [await imageOf(photograph), await imageOf(see(camera, cluster))];
      return [
        { image: real, label: 'photograph' },
        { image: now, label: 'splats' },
        { image: difference(now, real, 3), label: 'difference x 3' },
      ];
    };
    const history: SceneProgress[] = [];
    const film: Image[] = [];
    const orbit: Image[] = [];
    let last = { iteration: 0, loss: Number.NaN };
    let held = Number.NaN;
    let sheet: Image | undefined;
    for await (const { params, ...stretch } of descent(
      loss,
      ball(splats, seed, device),
      adam({ rate: step => 0.04 * 0.15 ** (step / Math.max(1, iterations)) }),
      {
        iterations,
        pictures: 12,
        ...{ history, onProgress, signal },
      },
    )) {
      last = stretch;
      film.push(panels([await row(cameras[0], photographs[0], params)], { height: 200 }));
      if (stretch.iteration < iterations && !signal?.aborted) continue;
      held = await heldOut(params);
      sheet = panels([await row(cameras[0], photographs[0], params), await row(fresh[1], unseen[1], params)], {
        height: 200,
      });
      for (let k = 0; k < 24; k++) {
        const camera = cameraAt(lens, distance, (2 * Math.PI * k) / 24, 0.35, device);
        orbit.push(panels([await row(camera, take(camera), params)], { height: 200 }));
      }
    }
    const pictures = [
      {
        caption: 'a photograph, and a view that nobody took: the thing, the splats, and the difference',
        image: sheet ?? film[film.length - 1],
      },
    ];
    return {
      goal: {
        name: 'mean squared difference of views that nobody took',
        value: 10 ** (-held / 10),
        bound: 10 ** (-bound / 10),
        met: held >= bound,
      },
      fitted: { ...given, iterations: last.iteration, photographs: decibels(last.loss), unseenViews: held },
      loss: last.loss,
      iterations: last.iteration,
      estimates: [],
      history,
      pictures: [...pictures, { caption: 'on the way', image: film[Math.floor(film.length / 2)] }],
      film: { images: [...film, ...orbit], fps: 8, caption: 'how the splats find their places, and once around' },
      notes: [
        `${splats} ellipsoids from ${views} photographs of ${pixels} × ${pixels} pixels: photographs to ${decibels(last.loss).toFixed(1)} dB, views that nobody took to ${held.toFixed(1)} dB.`,
      ],
    };
  },
};
