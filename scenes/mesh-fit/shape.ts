/**
 * What shape has a thing of which only outlines are known? A sphere is bent until its silhouettes are those seen from twenty sides.
 *
 *   loss = 1 − iou(silhouettes, seen) + a mean |δ|² / h² + b mean (1 − n₁ · n₂)²                                   (1)
 *
 * with δ the vertices' distance from the middle of their neighbours and h an edge's length at the start. All of the gradient is from edges: a
 * silhouette is 1 inside, 0 outside, and between on pixels that its outline cuts.
 *
 * Goal: intersection over union of at least 0.97 in views that were held out, of the pixels whose middle is covered. After Liu, Li, Chen & Li, Soft rasterizer, 2019, §5.
 */

import { bumpySphere, icosphere, type Triangles } from '../../geometry/index.ts';
import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import {
  antialias,
  type Camera,
  difference,
  flatNormals,
  flatteningLoss,
  type Image,
  imageOf,
  interpolate,
  iou,
  laplacianLoss,
  mask,
  panels,
  perspective,
  project,
  rasterize,
  shade,
} from '../../render/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { descend } from './descend.ts';
import { evenViews } from './views.ts';

interface Settings {
  readonly times: number;
  readonly size: number;
  readonly views: number;
}

const tidy = { laplacian: 0.2, flattening: 0.02 };

const camerasOf = ({ size, views }: Settings, device: Device, from: number): Camera => ({
  lens: perspective({ fovY: 0.7, size: [size, size], near: 0.5, far: 10, device }),
  pose: evenViews(views, 4.2, device, from),
});

/** White on black, [views, size, size, 1]: smooth along outlines, or zeros and ones. */
function silhouettes(vertices: Tensor, triangles: Triangles, cameras: Camera, smooth: boolean): Tensor {
  const clip = project(cameras, vertices);
  const raster = rasterize(clip, triangles, { size: cameras.lens.size, cull: 'back' });
  return smooth ? antialias(mask(raster), raster, clip, { intersections: false }) : mask(raster);
}

/** The shape under a lamp, grey on white. */
async function picture(vertices: Tensor, triangles: Triangles, size: number): Promise<Image> {
  const { device } = vertices;
  const cameras = camerasOf({ times: 0, size, views: 1 }, device, 0.3);
  const clip = project(cameras, vertices);
  const raster = rasterize(clip, triangles, { size: [size, size], cull: 'back' });
  const normal = interpolate(raster, clip, flatNormals(vertices, triangles));
  const colour = tensor([2.4, 2.4, 2.4], [3], { device });
  const lamps = [
    [-1, -2, -1],
    [1, 0.3, -1],
  ].map(direction => ({
    kind: 'directional' as const,
    direction: tensor(direction, [3], { device }),
    irradiance: colour,
  }));
  const lit = shade({ normal }, { kind: 'lambert', albedo: tensor([0.8, 0.8, 0.8], [3], { device }) }, lamps);
  const inside = mask(raster);
  const image = antialias(lit.add(0.1).mul(inside).add(inside.neg().add(1)), raster, clip);
  return imageOf(image.min(1).reshape([size, size, 3]));
}

const firstOf = (images: Tensor): Promise<Image> => imageOf(images.slice(0, 1).reshape(images.shape.slice(1)));
/** Pixels of pictures of the shape in the report and in the film. */
const shown = { sheet: 256, film: 160 };

export const shapeFit: Scene = {
  name: 'mesh-fit-shape',
  summary: 'bends a sphere until its silhouettes are those of a thing seen from twenty sides',
  settings: {
    times: 'how often the triangles of an icosahedron are quartered (preset small: 2; full: 3)',
    size: 'of the silhouettes, px (32; 64)',
    views: 'how many are known, and how many are held out (8; 20)',
  },
  async run({ preset, settings, iterations, seed, onProgress, device, signal }) {
    const small = preset === 'small';
    const values: Settings = { times: small ? 2 : 3, size: small ? 32 : 64, views: small ? 8 : 20, ...settings };
    checkWhole('mesh-fit-shape', values, { times: 1, size: 8, views: 1 });
    const steps = iterations ?? (small ? 80 : 300);
    const truth = bumpySphere({ times: 4, device });
    const { vertices: start, triangles } = icosphere(0.8, values.times, { device });
    const edge = 1 / 2 ** values.times;
    const known = camerasOf(values, device, 0);
    const others = camerasOf(values, device, 0.5);
    const target = silhouettes(truth.vertices, truth.triangles, known, true);
    const hidden = silhouettes(truth.vertices, truth.triangles, others, false);
    const held = (moved: Tensor): Promise<number> =>
      iou(silhouettes(start.add(moved), triangles, others, false), hidden).item();
    const history: SceneProgress[] = [];
    const film: Image[] = [];
    const curve: (readonly [number, number])[] = [];
    const { moved } = await descend(
      { moved: zeros(start.shape, { device }) },
      params => {
        const x = start.add(params.moved);
        return iou(silhouettes(x, triangles, known, true), target)
          .neg()
          .add(1)
          .add(laplacianLoss(x, triangles).mul(tidy.laplacian / edge ** 2))
          .add(flatteningLoss(x, triangles).mul(tidy.flattening)); // (1)
      },
      {
        iterations: steps,
        rate: step => 0.01 * 0.1 ** (step / steps),
        onStep: async (step, loss, params) => {
          if (step % Math.ceil(steps / 40) !== 0 && step !== steps - 1) return;
          const value = await held(params.moved);
          curve.push([step, value]);
          const note = `silhouettes held out agree to ${(100 * value).toFixed(2)} %`;
          const progress = { iteration: step, loss, done: step / steps, note };
          history.push(progress);
          film.push(await picture(start.add(params.moved), triangles, shown.film));
          onProgress(progress);
        },
        ...(signal && { signal }),
      },
    );
    const found = start.add(moved);
    const value = await held(moved);
    const [aim, seen] = await Promise.all([hidden, silhouettes(found, triangles, others, false)].map(firstOf));
    const solid = (vertices: Tensor, on: Triangles): Promise<Image> => picture(vertices, on, shown.sheet);
    const thing = await solid(truth.vertices, truth.triangles);
    const [sphere, bent] = await Promise.all([start, found].map(vertices => solid(vertices, triangles)));
    const bound = small ? 0.93 : 0.97;
    return {
      goal: {
        name: 'what silhouettes held out have not in common',
        value: 1 - value,
        bound: 1 - bound,
        met: value >= bound,
      },
      fitted: { iou: value },
      loss: history.at(-1)?.loss ?? Number.NaN,
      iterations: steps,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'the thing, the sphere to begin with, and what it was bent to; below, a silhouette held out',
          image: panels(
            [
              [
                { image: thing, label: 'target' },
                { image: sphere, label: 'guess' },
                { image: bent, label: 'now' },
              ],
              [
                { image: aim, label: 'target' },
                { image: seen, label: 'now' },
                { image: difference(seen, aim), label: 'difference' },
              ],
            ],
            { height: shown.sheet },
          ),
        },
      ],
      film: { images: film, fps: 10, caption: 'the sphere as it is bent' },
      plots: [
        {
          caption: 'Intersection over union of silhouettes held out',
          x: { name: 'step' },
          y: { name: 'IoU' },
          series: [{ name: 'held out', marks: 'line', points: curve }],
        },
      ],
      notes: [
        `${values.views} silhouettes of ${values.size}² pixels, as many held out; ${triangles.vertices} vertices, seed ${seed} plays no part.`,
        `Weights: Laplacian ${tidy.laplacian} in squares of an edge's length, flattening ${tidy.flattening}.`,
      ],
    };
  },
};
