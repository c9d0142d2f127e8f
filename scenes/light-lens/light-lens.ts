/**
 * Which front must a square of glass have, for sunlight through it to show a picture? Its heights, by gradients through refraction and the sums of
 * light on the screen, from coarse to fine: each stage doubles the screen's pixels and puts knots between the heights' splines.
 *
 *   loss = min over s of |s E − T|² / pixels = (T·T − (E·T)² / E·E) / pixels          how bright the picture is does not count    (1)
 *        + w mean((D (n − 1) Δh)²)                     1 where light of neighbouring places crosses: keeps the glass from folding it  (2)
 *
 * Goal: 20 dB of signal over noise, where white is 1, within 1000 iterations.
 */

import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { blueRed, falseColours, type Image, imageOf, imageTensor, panels } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { checkPositive, checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { decibels } from '../views/views.ts';
import { caustic, type Lens, refined } from './lens.ts';

const sizes = {
  small: { pixels: 64, iterations: 400 },
  full: { pixels: 256, iterations: 1000 },
} as const;
const coarsest = 16;
const goal = 20; // dB
/** w of (2). */
const smoothness = 3e-4;

/** A sailing boat under the sun, grey where there is nothing: light must go somewhere. (x, y) in the unit square, y up. */
function brightness(x: number, y: number): number {
  const inside = (d: number): number => Math.min(1, Math.max(0, 0.5 - d / 0.012));
  const sun = inside(Math.hypot(x - 0.76, y - 0.78) - 0.1);
  const wave = 0.24 + 0.02 * Math.sin(22 * x);
  const hull = Math.min(inside(y - 0.36), inside(wave - y), inside(Math.abs(x - 0.46) - 0.12 - 1.1 * (y - 0.22)));
  const sail = Math.min(inside(0.4 - y), inside(x - 0.5), inside((0.2 + 0.6 * (y - 0.4) - x) / 1.17));
  const jib = Math.min(inside(0.4 - y), inside(0.53 - x), inside((x - 0.53 - 0.66 * (0.78 - y)) / 1.2));
  const line = (k: number): number => inside(Math.abs(y - 0.17 + 0.055 * k - 0.012 * Math.sin(22 * x + 2 * k)) - 0.009);
  return 0.12 + 0.88 * Math.min(1, Math.max(sun, hull, sail, jib, 0.7 * line(0), 0.7 * line(1), 0.7 * line(2)));
}

/** Averages over squares of 4 × 4 points in each pixel. */
function drawn(pixels: number): Image {
  const data = new Float32Array(pixels * pixels);
  for (let k = 0; k < 16 * data.length; k++) {
    const [x, y] = [k % (4 * pixels), Math.floor(k / (4 * pixels))];
    const to = Math.floor(y / 4) * pixels + Math.floor(x / 4);
    data[to] += brightness((x + 0.5) / (4 * pixels), 1 - (y + 0.5) / (4 * pixels)) / 16;
  }
  return { width: pixels, height: pixels, channels: 1, data };
}

/** (1), and the light on the screen times s. */
function compared(light: Tensor, target: Tensor): { readonly loss: Tensor; readonly shown: Tensor } {
  const [both, own] = [light.mul(target).sum(), light.square().sum()];
  const s = both.div(own);
  return { loss: target.square().sum().sub(both.mul(s)).div(target.size), shown: light.mul(s) };
}

/** (2), by differences of the splines' heights. */
function folds(c: Tensor, { distance, index }: Lens): Tensor {
  const inner = c.shape[0] - 2;
  const cells = inner - 1;
  const moved = (i: number, j: number): Tensor => c.slice([j, i], [inner + j, inner + i]);
  const around = moved(0, 1).add(moved(2, 1)).add(moved(1, 0)).add(moved(1, 2));
  const bend = around.sub(moved(1, 1).mul(4)).mul(cells * cells);
  return bend
    .mul(distance * (index - 1))
    .square()
    .mean();
}

interface Stage {
  readonly lens: Lens;
  readonly cells: number;
  /** Heights of splines, from the one before or flat. */
  readonly start: Float64Array;
}

export const lightLens: Scene = {
  name: 'light-lens',
  summary: 'grinds a lens whose light makes a picture',
  settings: {
    pixels: 'along the screen: 16 times a power of two (preset small: 64; full: 256)',
    distance: 'of the screen, in sides of the lens (2)',
    index: 'of refraction (1.49)',
  },
  async run({ preset, settings, iterations: most, onProgress, signal, device }) {
    const { pixels, distance, index } = { ...sizes[preset], distance: 2, index: 1.49, ...settings };
    checkWhole('light-lens', { pixels }, { pixels: coarsest });
    checkPositive('light-lens', { distance });
    const stages = Math.log2(pixels / coarsest) + 1;
    if (!Number.isInteger(stages))
      throw new RangeError(`light-lens: 'pixels' is ${pixels}; it must be ${coarsest} times a power of two.`);
    if (!(index > 1)) throw new RangeError(`light-lens: 'index' is ${index}; it must be above 1.`);
    const iterations = most ?? sizes[preset].iterations;
    const history: SceneProgress[] = [];
    const film: Image[] = [];
    let stage: Stage | undefined;
    let ended: Ended | undefined;
    for (let k = 0; k < stages && !signal?.aborted; k++) {
      const across = coarsest * 2 ** k;
      const cells = across / 2;
      stage = {
        lens: { index, distance, pixels: across, rays: 4 * across },
        cells,
        start: stage && ended ? refined(ended.heights, stage.cells) : new Float64Array((cells + 3) ** 2),
      };
      const from = history.length;
      ended = await ground(stage, device, {
        iterations: Math.floor((iterations * (k + 1)) / stages) - Math.floor((iterations * k) / stages),
        signal,
        onProgress: ({ iteration, loss, note }) => {
          const progress = { iteration: from + iteration, loss, done: (from + iteration) / iterations, note };
          history.push(progress);
          onProgress(progress);
        },
      });
      film.push(...ended.pictures);
    }
    if (!stage || !ended) throw new RangeError('light-lens: it was stopped before it began.');
    const reached = decibels(ended.loss);
    return {
      goal: { name: 'mean squared difference', value: ended.loss, bound: 10 ** (-goal / 10), met: reached >= goal },
      fitted: { pixels, distance, index, decibels: reached },
      loss: ended.loss,
      iterations: history.length,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'the picture, the light on the screen, the difference, and the heights of the glass',
          image: film[film.length - 1],
        },
      ],
      film: { images: film, fps: 4, caption: 'from coarse to fine' },
      notes: [
        `${stages} stages, to ${pixels} × ${pixels} pixels and (${stage.cells} + 3)² heights; ${(16 * pixels * pixels).toLocaleString('en')} rays.`,
        `${reached.toFixed(1)} dB of signal over noise; the goal is ${goal} dB.`,
        `The glass is ${(100 * ended.relief).toFixed(2)} % of its side from its lowest to its highest place.`,
      ],
    };
  },
};

interface Ended {
  readonly heights: Float64Array;
  readonly loss: number;
  /** From the lowest to the highest place. */
  readonly relief: number;
  readonly pictures: readonly Image[];
}

/** One stage, with a picture after each quarter. */
async function ground(
  { lens, cells, start }: Stage,
  device: Device,
  {
    iterations,
    signal,
    onProgress,
  }: {
    readonly iterations: number;
    readonly signal: AbortSignal | undefined;
    readonly onProgress: (progress: Omit<SceneProgress, 'done'>) => void;
  },
): Promise<Ended> {
  const target = drawn(lens.pixels);
  const wanted = imageTensor(target, { device }).reshape([lens.pixels, lens.pixels]);
  const loss = (c: Tensor): Tensor => compared(caustic(c, lens), wanted).loss.add(folds(c, lens).mul(smoothness));
  const pictures: Image[] = [];
  let c = tensor(start, [cells + 3, cells + 3], { device });
  let state: Awaited<ReturnType<typeof minimize<Tensor, unknown>>>['state'] | undefined;
  let value = Number.NaN;
  for (let quarter = 0; quarter < 4 && !signal?.aborted; quarter++) {
    const found = await minimize(loss, c, lbfgs(), {
      iterations: Math.floor((iterations * (quarter + 1)) / 4) - Math.floor((iterations * quarter) / 4),
      ...(state && { state: state as never }),
      ...(signal && { signal }),
      onIteration: ({ iteration, value }) =>
        onProgress({
          iteration,
          loss: value,
          note: `${lens.pixels} × ${lens.pixels} pixels: loss ${value.toExponential(2)}`,
        }),
    });
    state = found.state;
    c = found.best;
    const { loss: left, shown: light } = compared(caustic(c, lens), wanted);
    value = await left.item();
    pictures.push(await sheet(target, light, c, value));
    if (found.reason !== 'iterations') break;
  }
  const heights = Float64Array.from(await c.read());
  return { heights, loss: value, relief: Math.max(...heights) - Math.min(...heights), pictures };
}

async function sheet(target: Image, light: Tensor, c: Tensor, loss: number): Promise<Image> {
  const now = await imageOf(light.reshape([target.height, target.width, 1]));
  const [wide] = c.shape;
  const heights = await imageOf(c.slice([1, 1], [wide - 2, wide - 2]).reshape([wide - 3, wide - 3, 1]));
  const off = { ...now, data: now.data.map((v, k) => v - target.data[k]) };
  return panels(
    [
      [
        { image: target, label: 'picture' },
        { image: now, label: `light, ${decibels(loss).toFixed(1)} dB` },
        { image: falseColours(off, { low: -0.5, high: 0.5, colours: blueRed }), label: 'too dark, bright' },
        { image: falseColours(upsideDown(heights)), label: 'heights' },
      ],
    ],
    { height: 256 },
  );
}

/** Rows of heights come from below. */
function upsideDown(image: Image): Image {
  const { width, height, data } = image;
  return { ...image, data: data.map((_, k) => data[(height - 1 - Math.floor(k / width)) * width + (k % width)]) };
}
