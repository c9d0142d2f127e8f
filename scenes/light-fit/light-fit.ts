/**
 * What lights this, and what is it made of?
 *
 *   lamp       where a lamp hangs and how it shines, from one picture of what it lights and of the shadows               lamp.ts
 *   material   two glossy paints' colours and roughness, and the light from all around, from eight pictures              material.ts
 *
 *   min Σ (picture − seen)²                                     Levenberg–Marquardt; all pictures have noise of a hundredth          (1)
 *
 * The light that is looked for is of spherical harmonics, smoother than the one that shone. So what was found is judged in another light, which
 * nobody took pictures in.
 *
 * Goal: 35 dB in the other light; the lamp to 2 cm and 2 % of its intensity.
 */

import { normal } from '../../adjoint/index.ts';
import { concat, type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import {
  cubeOf,
  difference,
  gaussianPyramid,
  type Image,
  imageOf,
  latLongFromCube,
  panels,
  psnr,
  skyLight,
  studioLight,
  toSrgb,
} from '../../render/index.ts';
import { fromVector, leastSquares, levenbergMarquardt, standardErrors, toVector } from '../../solvers/index.ts';
import { checkWhole, type Estimate, type Scene, type SceneProgress } from '../scene.ts';
import { type Lamp, lampGuess, lampRoom, lampTruth } from './lamp.ts';
import { gallery, harmonicLight, type Paints, paintTruth } from './material.ts';

const sizes = {
  small: { size: 32, views: 6, degree: 2, texels: 8 },
  full: { size: 64, views: 8, degree: 4, texels: 16 },
} as const;
const noise = 0.01;
const goal = { decibels: 35, position: 0.02, intensity: 0.02 };

type Told = (loss: number, note: string) => void;
interface Run {
  readonly seed: number;
  readonly device: Device;
  readonly iterations: number;
  readonly told: Told;
  readonly signal?: AbortSignal;
}

interface Part {
  readonly estimates: readonly Estimate[];
  readonly picture: Image;
  readonly note: string;
}

const noisy = (clean: Tensor, seed: number): Tensor =>
  clean.add(normal(clean.shape, { seed, device: clean.device }).mul(noise));

const shown = async (image: Tensor): Promise<Image> => toSrgb(await imageOf(image.max(0).min(1)));

/** Columns of a tensor [views, size, size, 3]: one picture. */
const view = (images: Tensor, k: number): Tensor => images.slice(k, k + 1).reshape(images.shape.slice(1));

const list = (names: readonly string[], unit: string) => (fitted: ArrayLike<number>, guess: ArrayLike<number>, truth: ArrayLike<number>, intervals: ArrayLike<number>, allowed?: number): Estimate[] =>
  names.map((name, k) => ({
    ...{ name, unit, fitted: fitted[k], interval: intervals[k], guess: guess[k], truth: truth[k] },
    ...(allowed !== undefined && { allowed: unit === 'm' ? allowed : allowed * truth[k] }),
  })); // biome-ignore format: a table

async function findLamp(size: number, { seed, device, iterations, told, signal }: Run): Promise<Part> {
  const draw = lampRoom(size, device);
  const on = { device };
  const lampOf = ({ position, intensity }: { position: readonly number[]; intensity: readonly number[] }): Lamp => ({
    position: tensor(position as number[], [3], on),
    intensity: tensor(intensity as number[], [3], on),
  });
  const clean = draw(lampOf(lampTruth));
  const seen = noisy(clean, seed);
  const guess = lampOf(lampGuess);
  const scale = [1, 1, 1, 20, 20, 20];
  let x = await toVector(guess);
  let errors: readonly number[] = [];
  for (const coarse of [2, 1, 0]) {
    const at = (image: Tensor): Tensor => gaussianPyramid(image, { levels: coarse + 1 })[coarse];
    const target = at(seen);
    const problem = leastSquares((lamp: Lamp) => at(draw(lamp)).sub(target).reshape([-1]), guess);
    const fit = await levenbergMarquardt(problem, x, {
      ...{ iterations, scale, xtol: 1e-5, ...(signal && { signal }) },
      onIteration: (now, value) =>
        told(value / target.size, `the lamp is at (${Array.from(now.slice(0, 3), v => v.toFixed(2)).join(', ')}) m`),
    });
    x = fit.x;
    errors = standardErrors(await problem.normalEquations(x)).map(e => 1.96 * e);
  }
  const found = fromVector(guess, x);
  const images = await Promise.all([seen, draw(guess), draw(found)].map(shown));
  const three = (of: ArrayLike<number>, from: number): readonly number[] =>
    Array.from({ length: 3 }, (_, k) => of[from + k]);
  return {
    estimates: [
      ...list(['x', 'y', 'z'], 'm')(x, lampGuess.position, lampTruth.position, errors, goal.position),
      ...list(['red', 'green', 'blue'], 'W/sr')(three(x, 3), lampGuess.intensity, lampTruth.intensity, three(errors, 3), goal.intensity),
    ], // biome-ignore format: a table
    picture: panels(
      [
        [
          { image: images[0], label: 'seen' },
          { image: images[1], label: 'guess' },
          { image: images[2], label: 'found' },
          { image: difference(images[2], images[0], 4), label: 'found - seen x 4' },
        ],
      ],
      { height: 192 },
    ),
    note: `One picture of ${size}² pixels with noise of ${noise}: lamp and light from shading and shadows.`,
  };
}

interface Unknown extends Paints {
  readonly light: Tensor;
}

async function findMaterial(
  { size, views, degree, texels }: { size: number; views: number; degree: number; texels: number },
  { seed, device, iterations, told, signal }: Run,
): Promise<Part & { readonly decibels: number }> {
  const on = { device };
  const taken = gallery(views, size, device);
  const room = cubeOf(
    texels,
    direction =>
      studioLight(direction, {
        lamps: [
          { direction: [1, 1.2, 0.6], colour: [2, 1.8, 1.5], radius: 0.8, softness: 1 },
          { direction: [-1, 0.2, 0.8], colour: [0.5, 0.8, 1.2], radius: 0.7, softness: 1 },
        ],
      }),
    on,
  );
  const truth: Paints = {
    base: tensor([...paintTruth.base], [2, 3], on),
    roughness: tensor([...paintTruth.roughness], [2], on),
  };
  const seen = noisy(taken.draw(truth, room), seed + 1);
  const { count, map } = harmonicLight(degree, texels, device);
  const even = concat([tensor([1.8, 1.8, 1.8], [1, 3], on), zeros([count - 1, 3], on)]);
  const guess: Unknown = {
    base: zeros([2, 3], on).add(0.5),
    roughness: zeros([2], on).add(0.4),
    light: even,
  };
  const problem = leastSquares(
    ({ light, ...paints }: Unknown) => taken.draw(paints, map(light)).sub(seen).reshape([-1]),
    guess,
  );
  const within = (x: Float64Array): Float64Array =>
    x.map((v, k) => (k < 8 ? Math.min(Math.max(v, k < 6 ? 0.01 : 0.05), k < 6 ? 0.99 : 1) : v));
  const fit = await levenbergMarquardt(problem, await toVector(guess), {
    ...{ iterations, rtol: 1e-4, project: within, ...(signal && { signal }) },
    onIteration: (x, value) => told(value / seen.size, `roughness ${x[6].toFixed(3)} and ${x[7].toFixed(3)}`),
  });
  const errors = standardErrors(await problem.normalEquations(fit.x)).map(e => 1.96 * e);
  const found = fromVector(guess, fit.x);
  const sky = cubeOf(16, direction => skyLight(direction, { sun: [1, 0.8, 0.3] }), on);
  const fresh = gallery(4, 64, device, 0.5);
  const [real, relit] = [truth, found].map(paints => fresh.draw(paints, sky));
  const decibels = await psnr(relit, real, { mask: fresh.inside }).item();
  const first = await Promise.all(
    [seen, taken.draw(guess, map(guess.light)), taken.draw(found, map(found.light))].map(x => shown(view(x, 1))),
  );
  const other = await Promise.all([real, fresh.draw(guess, sky), relit].map(x => shown(view(x, 1))));
  const around = await Promise.all(
    [room, map(found.light)].map(light => shown(latLongFromCube(light, [8 * texels, 4 * texels]).mul(0.5))),
  );
  const row = ([a, b, c]: readonly Image[], label: string) => [
    { image: a, label },
    { image: b, label: 'guess' },
    { image: c, label: 'found' },
    { image: difference(c, a, 4), label: 'difference x 4' },
  ];
  const flat = [...(await found.base.read()), ...(await found.roughness.read())];
  const names = ['first', 'second'].flatMap(paint => ['red', 'green', 'blue'].map(c => `${paint} paint, ${c}`));
  return {
    decibels,
    estimates: list([...names, 'roughness of the first', 'roughness of the second'], '')(
      flat,
      [...Array.from(names, () => 0.5), 0.4, 0.4],
      [...paintTruth.base, ...paintTruth.roughness],
      errors,
    ),
    picture: panels(
      [
        row(first, 'seen'),
        row(other, 'in other light'),
        [
          { image: around[0], label: 'the light, halved' },
          { image: around[1], label: `found, of degree ${degree}` },
        ],
      ],
      { height: 160 },
    ),
    note: `${views} pictures of ${size}² pixels with noise of ${noise}; ${3 * count} numbers of light, 8 of paints: ${decibels.toFixed(1)} dB in another light.`,
  };
}

export const lightFit: Scene = {
  name: 'light-fit',
  summary: 'finds a lamp by its light and shadows, and paints and the light around from pictures of a glossy thing',
  settings: {
    size: 'of the pictures, px (preset small: 32; full: 64; the lamp’s are twice as large)',
    views: 'of the glossy thing (6; 8)',
    degree: 'of the spherical harmonics of the light, no more of them than texels (2; 4)',
    texels: 'along an edge of the light’s cube map, a power of two, at most 64 (8; 16)',
  },
  async run({ preset, settings, iterations = 20, seed, onProgress, signal, device }) {
    const values = { ...sizes[preset], ...settings };
    checkWhole('light-fit', values, { size: 16, views: 1, degree: 0, texels: 2 });
    if (!Number.isInteger(Math.log2(values.texels)) || values.texels > 64)
      throw new RangeError(`light-fit: 'texels' is ${values.texels}; it must be a power of two, at most 64.`);
    if ((values.degree + 1) ** 2 > 6 * values.texels ** 2) {
      const most = Math.floor(Math.sqrt(6) * values.texels) - 1;
      throw new RangeError(
        `light-fit: 'degree' is ${values.degree}; a map of 6 · ${values.texels}² texels tells harmonics apart up to degree ${most}.`,
      );
    }
    const history: SceneProgress[] = [];
    const tells =
      (from: number, share: number): Told =>
      (loss, note) => {
        const done = from + share * Math.min(1, (noise * noise) / loss);
        const progress = { iteration: history.length + 1, loss, done, note };
        history.push(progress);
        onProgress(progress);
      };
    const run = { seed, device, iterations, ...(signal && { signal }) };
    const lamp = await findLamp(2 * values.size, { ...run, told: tells(0, 0.3) });
    const material = await findMaterial(values, { ...run, told: tells(0.3, 0.7) });
    const estimates = [...lamp.estimates, ...material.estimates];
    const off = Math.max(
      ...lamp.estimates.map(({ fitted, truth = 0, allowed = 1 }) => Math.abs(fitted - truth) / allowed),
    );
    return {
      goal: {
        name: 'noise in another light, −dB; and the lamp to 2 cm and 2 %',
        value: -material.decibels,
        bound: -goal.decibels,
        met: material.decibels >= goal.decibels && off <= 1,
      },
      fitted: {
        decibels: material.decibels,
        lampError: off,
        ...Object.fromEntries(estimates.map(({ name, fitted }) => [name, fitted])),
      },
      loss: history.at(-1)?.loss ?? Number.NaN,
      iterations: history.length,
      estimates,
      history,
      pictures: [
        { caption: 'the lamp', image: lamp.picture },
        { caption: 'the paints, as seen and in a light that nobody took pictures in', image: material.picture },
      ],
      notes: [lamp.note, material.note],
    };
  },
};
