/**
 * What does a globe look like, from small pictures of it at random distances? Its texture by gradients through mip-mapped lookups.
 *
 *   loss = mean (picture − reference)²,   a new camera for each step                                               (1)
 *   the reference is drawn at four times the size, and averaged                                                   (2)
 *
 * Lookups in mip maps are anisotropic. Where the globe turns away, 'trilinear' ones take texels from as far across as along: they blur what
 * near pictures tell.
 * Goal: 25 dB signal to noise over the globe's area, and 6 dB more than without mip maps. Without them distant pictures pick single texels, and fit
 * their noise. A texel counts by the area that it covers: at the poles dozens of them meet in a pixel even of the nearest pictures. After the protocol of the sample `earth` of Laine et al., Modular primitives for high-performance differentiable
 * rendering, 2020: 64² pictures, distances 1.8 to 13.8 radii, Adam with 10⁻² falling to 10⁻³.
 */

import { uvSphere } from '../../geometry/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  antialias,
  type Camera,
  difference,
  type Image,
  imageOf,
  interpolateWithFootprint,
  l2,
  lookAt,
  mapOf,
  mask,
  mipMap,
  noise,
  type Panel,
  panels,
  perspective,
  project,
  psnr,
  rasterize,
  texture,
  toSrgb,
} from '../../render/index.ts';
import { checkSwitch, checkWhole, type Plot, type Scene, type SceneProgress } from '../scene.ts';
import { descend } from './descend.ts';
import { randomView } from './views.ts';

interface Settings {
  readonly texels: number;
  readonly size: number;
  readonly mip: number;
}

/** A globe with seas, land and ice, [texels, texels, 3], linear. */
export function globe(texels: number, device: Device): Tensor {
  const blend = (t: Tensor, low: readonly number[], high: readonly number[]): Tensor => {
    const [a, b] = [low, high].map(colour => tensor(colour, [3], { device }));
    return t.mul(b.sub(a)).add(a);
  };
  const step = (x: Tensor, sharpness: number): Tensor => x.mul(sharpness).tanh().mul(0.5).add(0.5);
  return mapOf(
    [texels, texels],
    uv => {
      const height = noise(uv, { cells: 4, octaves: 5, seed: 3 });
      const detail = noise(uv, { cells: 16, octaves: 3, seed: 8 });
      const latitude = uv.slice([0, 1], [uv.shape[0], 2]).sub(0.5).abs();
      const land = step(height.sub(0.5), 30);
      const ground = blend(detail, [0.1, 0.25, 0.05], [0.65, 0.5, 0.25]);
      const water = blend(detail, [0.01, 0.05, 0.25], [0.05, 0.2, 0.45]);
      const rough = noise(uv, { kind: 'value', cells: texels / 2, octaves: 1, seed: 5 })
        .mul(1.8)
        .add(0.1);
      const dry = ground.sub(water).mul(land).add(water).mul(rough);
      const ice = step(latitude.add(detail.mul(0.1)).sub(0.45), 40);
      return dry.add(ice.mul(dry.neg().add(0.9)));
    },
    { device },
  );
}

/** Draws a globe with a texture: black around it. */
export function globeDrawer(device: Device, [around, rows]: readonly [number, number]) {
  const surface = uvSphere({ around, rows, device });
  const uv = surface.uv as NonNullable<typeof surface.uv>;
  return (map: Tensor, camera: Camera, filter: 'linear' | 'anisotropic'): Tensor => {
    const clip = project(camera, surface.vertices);
    const raster = rasterize(clip, surface.triangles, { size: camera.lens.size, cull: 'back' });
    const { value, footprint } = interpolateWithFootprint(raster, clip, uv);
    const colour =
      filter === 'anisotropic'
        ? texture(mipMap(map), value, { footprint, filter })
        : texture(map, value, { filter: 'linear' });
    return antialias(colour.mul(mask(raster)), raster, clip, { intersections: false });
  };
}

/** Means of blocks of 4 × 4 pixels. */
const quartered = (image: Tensor): Tensor => {
  const [h, w, c] = image.shape;
  return image.reshape([h / 4, 4, w / 4, 4, c]).mean([1, 3]);
};

const lens = (size: number, device: Device): Camera['lens'] =>
  perspective({ fovY: 2 * Math.atan(0.4), size: [size, size], near: 0.1, far: 20, device });
const cameraAt = (size: number, seed: number, step: number, device: Device): Camera => ({
  lens: lens(size, device),
  pose: randomView({ seed, stream: step, device }, [1.8, 13.8]),
});
/** Pixels of pictures of the globe in the report and in the film, and from where they are taken, radii. */
const shown = { sheet: 256, film: 160, from: [1.2, 1.2, 2.6] } as const;

async function fitted(
  { texels, size }: Settings,
  filter: 'linear' | 'anisotropic',
  { iterations, seed, device, signal }: { iterations: number; seed: number; device: Device; signal?: AbortSignal },
  tell: (step: number, loss: number, map: Tensor) => void | Promise<void>,
): Promise<Tensor> {
  const truth = globe(texels, device);
  const draw = globeDrawer(device, [64, 32]);
  const { map } = await descend(
    { map: tensor(new Float32Array(texels * texels * 3).fill(0.2), [texels, texels, 3], { device }) },
    (params, step) => {
      const reference = quartered(draw(truth, cameraAt(4 * size, seed, step, device), 'anisotropic'));
      return l2(draw(params.map, cameraAt(size, seed, step, device), filter), reference);
    },
    {
      iterations,
      rate: step => 1e-2 * 0.1 ** (step / iterations),
      onStep: (step, loss, now) => tell(step, loss, now.map),
      ...(signal && { signal }),
    },
  );
  return map;
}

/** What texels cover of the globe, in parts of the largest of them, [texels, texels, 1]. */
function areas(texels: number, device: Device): Tensor {
  const covered = Float64Array.from({ length: texels ** 2 }, (_, k) =>
    Math.sin((Math.PI * (Math.floor(k / texels) + 0.5)) / texels),
  );
  return tensor(covered, [texels, texels, 1], { device });
}

const picture = async (map: Tensor): Promise<Image> => toSrgb(await imageOf(map.max(0).min(1)));

export const textureFit: Scene = {
  name: 'mesh-fit-texture',
  summary: 'finds the texture of a globe from small pictures at random distances',
  settings: {
    texels: 'along a side of the texture, an even number (preset small: 32; full: 128)',
    size: 'of the pictures, px (32; 64)',
    mip: '1: with mip maps, and without for comparison; 0: without alone (1)',
  },
  async run({ preset, settings, iterations, seed, onProgress, device, signal }) {
    const small = preset === 'small';
    const values: Settings = { texels: small ? 32 : 128, size: small ? 32 : 64, mip: 1, ...settings };
    checkWhole('mesh-fit-texture', values, { texels: 4, size: 8 });
    checkSwitch('mesh-fit-texture', { mip: values.mip });
    if (values.texels % 2)
      throw new RangeError(
        `mesh-fit-texture: 'texels' is ${values.texels}; it must be even, as the globe's finest detail is of two texels.`,
      );
    const steps = iterations ?? (small ? 300 : 2000);
    const truth = globe(values.texels, device);
    const area = areas(values.texels, device);
    const decibels = (map: Tensor): Promise<number> => psnr(map, truth, { mask: area }).item();
    const draw = globeDrawer(device, [64, 32]);
    const pose = lookAt(shown.from, [0, 0, 0], [0, 1, 0], { device });
    const view = (map: Tensor, size: number): Promise<Image> =>
      picture(draw(map, { lens: lens(size, device), pose }, 'anisotropic'));
    const film: Image[] = [];
    const history: SceneProgress[] = [];
    const fits: { name: string; map: Tensor; quality: number; texels: number; curve: (readonly [number, number])[] }[] =
      [];
    const filters = values.mip === 0 ? (['linear'] as const) : (['anisotropic', 'linear'] as const);
    for (const [k, filter] of filters.entries()) {
      const name = filter === 'linear' ? 'without mip maps' : 'with mip maps';
      const curve: (readonly [number, number])[] = [];
      const map = await fitted(
        values,
        filter,
        { iterations: steps, seed, device, ...(signal && { signal }) },
        async (step, loss, now) => {
          if (step % Math.ceil(steps / 50) !== 0) return;
          const db = await decibels(now);
          curve.push([step, db]);
          const done = (k + step / steps) / filters.length;
          const progress = {
            iteration: step,
            loss,
            done,
            note: `${name}: the texture is right to ${db.toFixed(1)} dB`,
          };
          if (k === 0) {
            history.push(progress);
            film.push(await view(now, shown.film));
          }
          onProgress(progress);
        },
      );
      fits.push({ name, map, quality: await decibels(map), texels: await psnr(map, truth).item(), curve });
    }
    const [best, plain] = fits;
    const plots: Plot[] = [
      {
        caption: 'Signal to noise of the texture, by area',
        x: { name: 'step' },
        y: { name: 'dB' },
        series: fits.map(({ name, curve }) => ({ name, marks: 'line', points: curve })),
      },
    ];
    const bound = small ? 10 : 25;
    const ahead = plain ? best.quality - plain.quality : Number.POSITIVE_INFINITY;
    const met = best.quality >= bound && (small || ahead >= 6);
    const sheets = await Promise.all(
      fits.map(async ({ name, map, quality }) => {
        const row = async (label: string, drawn: (map: Tensor) => Promise<Image>): Promise<readonly Panel[]> => {
          const [target, now] = await Promise.all([truth, map].map(drawn));
          return [
            { image: target, label },
            { image: now, label: 'now' },
            { image: difference(now, target), label: 'difference' },
          ];
        };
        const rows = [await row('texture: target', picture), await row('globe: target', m => view(m, shown.sheet))];
        return { caption: `${name}: ${quality.toFixed(1)} dB`, image: panels(rows, { height: shown.sheet }) };
      }),
    );
    return {
      goal: {
        name: small ? 'noise of the texture, −dB' : 'noise of the texture, −dB, and 6 dB less than without mip maps',
        value: -best.quality,
        bound: -bound,
        met,
      },
      fitted: Object.fromEntries(
        fits.flatMap(f => [
          [`dB ${f.name}`, f.quality],
          [`dB of all texels alike, ${f.name}`, f.texels],
        ]),
      ),
      loss: history.at(-1)?.loss ?? Number.NaN,
      iterations: steps,
      estimates: [],
      history,
      pictures: sheets,
      plots,
      film: { images: film, fps: 10, caption: `the globe, fitted ${best.name}` },
      notes: [
        `${values.size}² pictures of a ${values.texels}² texture, a new one for each of ${steps} steps; the reference is drawn at ${4 * values.size}² and averaged.`,
        ...(plain
          ? [
              `Mip maps: ${best.quality.toFixed(1)} dB; without: ${plain.quality.toFixed(1)} dB. With all texels alike: ${best.texels.toFixed(1)} and ${plain.texels.toFixed(1)} dB.`,
            ]
          : []),
      ],
    };
  },
};
