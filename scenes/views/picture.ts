/**
 * How does a picture look, painted with soft ellipses? Places, sizes, turns, opacities and colours of Gaussians, by gradients of the squared
 * difference, with Adam.
 *
 * They start as a grid of round dots that have the picture's colours. A step moves all parameters alike, so they are counted in units that make
 * steps of one size right for all: 20 px for places, logarithms for sizes, logits for opacities.
 * Goal: 28 dB with 256 splats on 128 × 128 pixels; 30 dB with 4000 on 256 × 256.
 */

import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import {
  difference,
  drawGaussians,
  type Gaussians2d,
  type Image,
  imageOf,
  imageTensor,
  panels,
} from '../../render/index.ts';
import { adam } from '../../solvers/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { decibels, descent } from './views.ts';

const sizes = {
  small: { pixels: 128, splats: 256, iterations: 400, bound: 28 },
  full: { pixels: 256, splats: 4000, iterations: 1000, bound: 30 },
} as const;

/** A lake before mountains at sunset. Colours at (x, y) in the unit square, y down. */
function landscape(x: number, y: number): readonly [number, number, number] {
  const ridge = (at: number, k: number): number =>
    0.5 * Math.sin(5.1 * at + 1.7 * k) +
    0.3 * Math.abs(Math.sin(11 * at + k)) +
    0.08 * Math.abs(Math.sin(37 * at + 2 * k));
  const mix = (a: readonly number[], b: readonly number[], s: number): [number, number, number] => [
    a[0] + (b[0] - a[0]) * s,
    a[1] + (b[1] - a[1]) * s,
    a[2] + (b[2] - a[2]) * s,
  ];
  const above = (x: number, y: number): [number, number, number] => {
    const sun = Math.hypot(x - 0.68, y - 0.3);
    let colour = mix([0.16, 0.22, 0.5], [0.98, 0.6, 0.35], Math.min(1, y / 0.6) ** 1.5);
    colour = mix(colour, [1, 0.9, 0.6], Math.exp(-((sun / 0.22) ** 2)) * 0.8);
    if (sun < 0.07) colour = [1, 0.97, 0.85];
    for (let k = 0; k < 3; k++)
      if (y > 0.46 + 0.06 * k - 0.13 * ridge(x, k)) colour = mix([0.45, 0.32, 0.45], [0.08, 0.12, 0.16], k / 2);
    return colour;
  };
  if (y < 0.66) return above(x, y);
  const wave = 0.012 * Math.sin(60 * (y - 0.66) ** 0.5 * 3) + 0.004 * Math.sin(40 * x + 90 * y);
  return mix(above(x + wave, 1.32 - y), [0.1, 0.16, 0.28], 0.25 + 0.6 * (y - 0.66));
}

/** Averages over squares of 3 × 3 points in each pixel. */
function painted(pixels: number): Image {
  const data = new Float32Array(3 * pixels * pixels);
  for (let row = 0; row < pixels; row++)
    for (let column = 0; column < pixels; column++)
      for (let k = 0; k < 9; k++) {
        const colour = landscape(
          (column + ((k % 3) + 0.5) / 3) / pixels,
          (row + (Math.floor(k / 3) + 0.5) / 3) / pixels,
        );
        for (let c = 0; c < 3; c++) data[3 * (row * pixels + column) + c] += colour[c] / 9;
      }
  return { width: pixels, height: pixels, channels: 3, data };
}

/** Free numbers. */
interface Paint {
  readonly place: Tensor;
  readonly size: Tensor;
  readonly turn: Tensor;
  readonly strength: Tensor;
  readonly colour: Tensor;
}

const unit = 20; // px

const gaussiansOf = ({ place, size, turn, strength, colour }: Paint): Gaussians2d => ({
  centre: place.mul(unit),
  scale: size.exp(),
  angle: turn,
  opacity: strength.mul(-4).exp().add(1).pow(-1),
  colour,
});

function dots(picture: Image, count: number, seed: number, device: Device): Paint {
  const { width } = picture;
  const across = Math.ceil(Math.sqrt(count));
  const apart = width / across;
  const place = new Float32Array(2 * count);
  const colour = new Float32Array(3 * count);
  for (let k = 0; k < count; k++) {
    const x = ((k % across) + 0.5) * apart;
    const y = ((Math.floor(k / across) + 0.5) * width) / Math.ceil(count / across);
    place.set([x / unit, y / unit], 2 * k);
    const from = 3 * (Math.min(width - 1, Math.floor(y)) * width + Math.min(width - 1, Math.floor(x)));
    colour.set(picture.data.subarray(from, from + 3), 3 * k);
  }
  return {
    place: tensor(place, [count, 2], { device }),
    size: zeros([count, 2], { device }).add(Math.log(0.55 * apart)),
    turn: tensor(
      Float32Array.from({ length: count }, (_, k) => (k * 2.399963 + seed) % Math.PI),
      [count],
      { device },
    ),
    strength: zeros([count], { device }).add(0.3),
    colour: tensor(colour, [count, 3], { device }),
  };
}

export const paintSplats: Scene = {
  name: 'paint-splats',
  summary: 'paints a picture with soft ellipses',
  settings: {
    pixels: 'along a side of the picture (preset small: 128; full: 256)',
    splats: 'how many (256; 4000)',
  },
  async run({ preset, settings, iterations: most, onProgress, signal, device, seed }) {
    const { bound, ...base } = sizes[preset];
    const { pixels, splats, iterations: usual } = { ...base, ...settings };
    checkWhole('paint-splats', { pixels, splats }, { pixels: 8, splats: 1 });
    const iterations = most ?? usual;
    const picture = painted(pixels);
    const target = imageTensor(picture, { device });
    const draw = (paint: Paint): Tensor => drawGaussians(gaussiansOf(paint), [pixels, pixels]).image;
    const loss = (paint: Paint): Tensor => draw(paint).sub(target).square().mean();
    const rate = (step: number): number => 0.02 * 0.1 ** (step / Math.max(1, iterations));

    const history: SceneProgress[] = [];
    const film: Image[] = [];
    let last = { iteration: 0, loss: Number.NaN };
    let ended = picture;
    for await (const stretch of descent(loss, dots(picture, splats, seed, device), adam({ rate }), {
      iterations,
      pictures: 24,
      ...{ history, onProgress, signal },
    })) {
      last = stretch;
      const now = await imageOf(draw(stretch.params));
      ended = panels(
        [
          [
            { image: picture, label: 'picture' },
            { image: now, label: `${splats} splats, ${decibels(stretch.loss).toFixed(1)} dB` },
            { image: difference(now, picture, 5), label: 'difference x 5' },
          ],
        ],
        { height: 256 },
      );
      film.push(ended);
    }
    const reached = decibels(last.loss);
    return {
      goal: { name: 'mean squared difference', value: last.loss, bound: 10 ** (-bound / 10), met: reached >= bound },
      fitted: { pixels, splats, iterations: last.iteration, decibels: reached },
      loss: last.loss,
      iterations: last.iteration,
      estimates: [],
      history,
      pictures: [{ caption: 'the picture, what was painted, and the difference', image: ended }],
      film: { images: film, fps: 6, caption: 'from dots to a picture' },
      notes: [`${splats} splats with 9 numbers each reach ${reached.toFixed(1)} dB; the goal is ${bound} dB.`],
    };
  },
};
