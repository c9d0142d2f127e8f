/**
 * Two triangles that go through each other: where are their corners? From one picture, in which the line where they meet is an edge, too.
 *
 *   min mean (picture(corners) − seen)²              Adam, from corners that are off by 20 px of 512 in each direction, depth included
 *
 * Depths are told by that line alone, so some are never found; what is asked is the picture. Without derivatives of intersections the line stays
 * where outlines happen to bring it: `--set intersections=0` shows that. Where the triangles do not cross to begin with there is no line, and
 * nothing says where it should be: such starts are drawn again, unless `--set apart=1` takes them, and then a fiftieth of the loss stays.
 *
 * Goal: a loss a thousand times smaller, in each of the starts. After the example `two_triangles` of DRTK, Pidhorskyi et al.: Rasterized edge
 * gradients, ECCV 2024: 512² pictures, 2000 steps of 0.1 px.
 */

import { normal } from '../../adjoint/index.ts';
import { Triangles } from '../../geometry/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import {
  antialias,
  difference,
  type Image,
  imageOf,
  interpolate,
  l2,
  lookAt,
  orthographic,
  type Panel,
  panels,
  project,
  rasterize,
} from '../../render/index.ts';
import { adam, fromVector, minimize } from '../../solvers/index.ts';
import { checkSwitch, checkWhole, type Scene, type SceneProgress, type Series } from '../scene.ts';

/** Right, down and away from the camera, px of a picture of 512². */
const corners = [
  [10, 200, 100], [300, 50, 100], [400, 500, 100],
  [50, 400, 200], [400, 50, 50], [300, 500, 200],
]; // biome-ignore format: a table
const off = 20 / 512;
/** Pixels of pictures in the report and in the film. */
const shown = 192;
const [white, grey] = [1, 0.5];

/** Whether an edge of a triangle goes through the other one: corners are given one after the other, [6, 3]. */
function cross(x: ArrayLike<number>): boolean {
  const at = (k: number): number[] => [x[3 * k], x[3 * k + 1], x[3 * k + 2]];
  /** Six times the signed volume of a tetrahedron. */
  const volume = (...points: readonly [number, number, number, number]): number => {
    const [d, ...others] = points.map(at);
    const [[a, b, c], [e, f, g], [h, i, j]] = others.map(p => p.map((v, k) => v - d[k]));
    return a * (f * j - g * i) - b * (e * j - g * h) + c * (e * i - f * h);
  };
  const through = (from: number, to: number, [p, q, r]: readonly number[]): boolean => {
    if (volume(from, p, q, r) > 0 === volume(to, p, q, r) > 0) return false;
    const sides = [volume(from, to, p, q) > 0, volume(from, to, q, r) > 0, volume(from, to, r, p) > 0];
    return sides[0] === sides[1] && sides[1] === sides[2];
  };
  const [one, other] = [[0, 1, 2], [3, 4, 5]]; // biome-ignore format: a table
  const any = (of: readonly number[], by: readonly number[]): boolean =>
    of.some((from, k) => through(from, of[(k + 1) % 3], by));
  return any(one, other) || any(other, one);
}

/** Of the triangles whose corners are given, [6, 3], in heights of the picture: [size, size, 1]. */
function drawer(size: number, intersections: boolean, device: Device): (vertices: Tensor) => Tensor {
  const triangles = new Triangles(6, [0, 1, 2, 3, 4, 5]);
  const colours = tensor([white, white, white, grey, grey, grey], [6, 1], { device });
  const lens = orthographic({ height: 1, size: [size, size], near: 0.1, far: 3, device });
  const pose = lookAt([0, 0, 1], [0, 0, 0], [0, 1, 0], { device });
  return vertices => {
    const clip = project({ lens, pose }, vertices);
    const raster = rasterize(clip, triangles, { size: [size, size] });
    return antialias(interpolate(raster, clip, colours), raster, clip, { intersections });
  };
}

interface Fit {
  /** Loss at the end over that at the start. */
  readonly left: number;
  readonly losses: readonly number[];
  /** Target, start, end. */
  readonly images: readonly Image[];
  readonly frames: readonly Image[];
}

interface FitOptions {
  readonly size: number;
  readonly intersections: boolean;
  readonly iterations: number;
  /** Of a step, px of 512. */
  readonly rate: number;
  readonly start: Float64Array;
  readonly device: Device;
  readonly signal: AbortSignal | undefined;
  readonly onStretch: (step: number, loss: number) => void;
}

const truePlaces = corners.flatMap(([x, y, z]) => [x - 256, 256 - y, 100 - z].map(v => v / 512));

/** Corners off their places at random, and how often they were drawn: until the triangles cross, unless those apart are taken, too. */
async function startFrom(seed: number, apart: boolean, device: Device): Promise<readonly [Float64Array, number]> {
  for (let stream = 0; ; stream++) {
    const noise = await normal([18], { seed, stream, device }).read();
    const start = Float64Array.from(noise, (v, k) => truePlaces[k] + off * v);
    if (apart || cross(start)) return [start, stream + 1];
  }
}

async function fitCorners(options: FitOptions): Promise<Fit> {
  const { size, intersections, iterations, rate, device, signal, onStretch } = options;
  const [draw, show] = [size, shown].map(px => drawer(px, intersections, device));
  const [start, truth] = [options.start, truePlaces].map(places => tensor(places, [6, 3], { device }));
  const seen = draw(truth);
  const method = adam({ rate: rate / 512 });
  const loss = (vertices: Tensor): Tensor => l2(draw(vertices), seen);
  const frames: Image[] = [];
  const stretch = Math.ceil(iterations / 40);
  let run = await minimize(loss, start, method, { iterations: 0 });
  for (;;) {
    const losses = run.history.map(({ value }) => value);
    const image = await imageOf(show(fromVector(start, run.state.at.x)));
    frames.push(image);
    onStretch(losses.length - 1, losses[losses.length - 1]);
    if (losses.length > iterations || signal?.aborted) {
      const last = losses.slice(-20);
      const left = last.reduce((sum, value) => sum + value, 0) / last.length / losses[0];
      return { left, losses, images: [await imageOf(show(truth)), frames[0], image], frames };
    }
    const steps = Math.min(stretch, iterations + 1 - losses.length);
    run = await minimize(loss, start, method, { iterations: steps, state: run.state, ...(signal && { signal }) });
  }
}

export const crossingFit: Scene = {
  name: 'mesh-fit-crossing',
  summary: 'finds corners of two triangles that go through each other, by their outlines and the line where they meet',
  settings: {
    size: 'of the picture, px (preset small: 96; full: 512)',
    seeds: 'fits, from different starts (1; 5)',
    intersections: '0: the line where they meet has no derivative (1)',
    apart: '1: starts are taken in which the triangles do not cross, too (0)',
  },
  async run({ preset, settings, iterations: given, seed, onProgress, signal, device }) {
    const small = preset === 'small';
    const values = { size: small ? 96 : 512, seeds: small ? 1 : 5, intersections: 1, apart: 0, ...settings };
    const iterations = given ?? (small ? 500 : 2000);
    const { size, intersections, apart } = values;
    const rate = small ? 0.4 : 0.1;
    checkWhole('mesh-fit-crossing', { ...values, iterations }, { size: 16, seeds: 1, iterations: 1 });
    checkSwitch('mesh-fit-crossing', { intersections, apart });
    const history: SceneProgress[] = [];
    const fits: Fit[] = [];
    let drawn = 0;
    for (let k = 0; k < values.seeds && !signal?.aborted; k++) {
      const onStretch = (step: number, loss: number): void => {
        const done = (k + step / iterations) / values.seeds;
        const progress = { iteration: k * iterations + step, loss, done, note: `start ${k + 1} of ${values.seeds}` };
        history.push(progress);
        onProgress(progress);
      };
      const options = { size, intersections: intersections !== 0, iterations, rate, device, signal, onStretch };
      const [start, draws] = await startFrom(seed + 1000 * k, apart !== 0, device);
      drawn += draws;
      fits.push(await fitCorners({ ...options, start }));
    }
    const left = fits.map(fit => fit.left);
    const [worst, bound] = [Math.max(...left), small ? 0.01 : 1e-3];
    const row = ({ images: [seen, guess, now], left }: Fit): readonly Panel[] => [
      { image: seen, label: 'seen' },
      { image: guess, label: 'guess' },
      { image: now, label: 'now' },
      { image: difference(guess, seen), label: 'guess - seen' },
      { image: difference(now, seen), label: `left: ${left.toExponential(1)}` },
    ];
    return {
      goal: { name: 'loss over the first one, of the worst start', value: worst, bound, met: worst <= bound },
      fitted: { left },
      loss: fits[fits.length - 1].losses.at(-1) as number,
      iterations: fits.length * iterations,
      estimates: [],
      history,
      pictures: [
        { caption: 'starts one below the other', image: panels(fits.slice(0, 4).map(row), { height: shown }) },
      ],
      plots: [
        {
          caption: 'Mean squared difference from the picture that was seen',
          x: { name: 'step' },
          y: { name: 'loss', log: true },
          series: fits.map(
            ({ losses }, k): Series => ({
              name: `start ${k + 1}`,
              marks: 'line',
              points: losses.flatMap((loss, step) => (step % Math.ceil(iterations / 200) === 0 ? [[step, loss]] : [])),
            }),
          ),
        },
      ],
      film: { images: fits[0].frames, fps: 10, caption: 'the first start' },
      notes: [
        `One picture of ${size}² pixels, ${iterations} steps from each of ${fits.length} starts, of ${drawn} that were drawn.`,
      ],
    };
  },
};
