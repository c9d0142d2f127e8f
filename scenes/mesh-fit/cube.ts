/**
 * What does a cube look like, and where are its corners? From pictures of a few pixels, each from another side.
 *
 *   min Σ (picture(vertices, colours; turn k) − picture of the true cube)²            Adam, a turn at random in each step
 *
 * Vertices start up to half an edge off, colours anywhere. A pixel of a 4 × 4 picture is as large as half the cube: that its corners can be found
 * to a fraction of that comes from how pixels change as outlines move through them.
 *
 * Pictures of 32 pixels are made smaller for the first half of the way, as coarse ones lead farther.
 *
 * After the protocol of Laine et al.: Modular primitives for high-performance differentiable rendering, ACM Trans. Graph. 39 (2020) 194, §4.1.
 */

import { disposeTree, uniform } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { difference, type Image, imageOf, l2, panels } from '../../render/index.ts';
import { adam, fromVector, minimize } from '../../solvers/index.ts';
import { checkSwitch, checkWhole, type Scene, type SceneProgress, type Series } from '../scene.ts';
import {
  type ColouredCube,
  drawCube,
  facedCube,
  randomTurns,
  type Studio,
  smoothCube,
  studio,
} from './coloured-cube.ts';

/** Mean distances of vertices, m, with 1000 steps: at 4 pixels, where single starts may fail, in the median of all starts, else of the worst of them. */
const bounds: Readonly<Record<number, number>> = { 4: 0.06, 8: 0.05, 16: 5e-3, 32: 5e-3 };

interface Fit {
  readonly px: number;
  readonly seed: number;
  readonly error: number;
  readonly cube: ColouredCube;
  readonly errors: readonly (readonly [number, number])[];
  readonly frames: readonly Image[];
  readonly loss: number;
}

interface FitOptions {
  readonly px: number;
  readonly seed: number;
  readonly iterations: number;
  readonly truth: ColouredCube;
  readonly signal: AbortSignal | undefined;
  readonly onSegment: (step: number, error: number, loss: number) => void;
}

const segments = 40;
/** Pixels of the film, and of pictures of the end. */
const [filmed, fine] = [128, 192];
const shown = [0.35, 0.55, 0.1, 0.75];

/** Pictures of more than 16 pixels begin smaller: from starts that are far off, corners would fold inwards in them and stay there. */
const sizeAt = (px: number, done: number): number => (px <= 16 || done >= 0.45 ? px : done < 0.3 ? 8 : 16);

async function fitCube(room: Studio, device: Device, options: FitOptions): Promise<Fit> {
  const { px, seed, iterations, truth, signal, onSegment } = options;
  const draw = async (stream: number, n: number): Promise<Float64Array> =>
    Float64Array.from(await uniform([n], { seed, stream, device }).read());
  const turns = randomTurns(await draw(0, 3 * (iterations + 1)));
  const noise = await draw(1, 24);
  const exact = Float64Array.from(await truth.vertices.read());
  const start = {
    vertices: tensor(exact.map((v, k) => v + noise[k] - 0.5), [8, 3], { device }), // biome-ignore format: one idea
    colours: uniform(truth.colours.shape, { seed, stream: 2, device }),
  };
  let drawn = 0;
  const loss = (cube: ColouredCube): Tensor => {
    const size = sizeAt(px, drawn / iterations);
    const turn = tensor(turns[drawn++ % turns.length], [4], { device });
    return l2(drawCube(room, cube, turn, size), drawCube(room, truth, turn, size));
  };
  // The protocol's rate; in the smallest pictures starts that are far off do not arrive with it in 1000 steps, while twice of it lets larger ones overshoot.
  const first = px === 4 ? 0.02 : 0.01;
  const method = adam({ rate: step => first * Math.max(0.01, 10 ** (-0.0005 * step)) });
  const view = tensor(shown, [4], { device });
  const errorOf = (x: Float64Array): number => {
    let sum = 0;
    for (let v = 0; v < 24; v += 3) sum += Math.hypot(...[0, 1, 2].map(k => x[v + k] - exact[v + k]));
    return sum / 8;
  };
  const errors: [number, number][] = [];
  const frames: Image[] = [];
  let run = await minimize(loss, start, method, { iterations: 0 });
  for (let segment = 0; ; segment++) {
    const done = run.history.length - 1;
    const now = fromVector(start, run.state.at.x);
    errors.push([done, errorOf(run.state.at.x)]);
    frames.push(await imageOf(drawCube(room, now, view, filmed)));
    onSegment(done, errors[segment][1], run.state.at.value);
    if (done >= iterations || signal?.aborted) {
      const recent = run.history.slice(-50);
      const mean = recent.reduce((sum, { value }) => sum + value, 0) / recent.length;
      return { px, seed, error: errors[segment][1], cube: now, errors, frames, loss: mean };
    }
    disposeTree(now);
    const steps = Math.min(Math.ceil(iterations / segments), iterations - done);
    run = await minimize(loss, start, method, { iterations: steps, state: run.state, ...(signal && { signal }) });
  }
}

const median = (v: readonly number[]): number => {
  const sorted = [...v].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

export const meshFitCube: Scene = {
  name: 'mesh-fit-cube',
  summary: 'finds corners and colours of a cube from pictures of 4 × 4 to 32 × 32 pixels',
  settings: {
    px: 'pixels along a side: 4, 8, 16 or 32 (preset small: 16; full: all of them)',
    seeds: 'fits for each size, from different starts (1; 3)',
    faces: '1: each face has colours of its own (0; 0)',
  },
  async run({ preset, settings, iterations = 1000, seed, onProgress, signal, device }) {
    const { px = 0, seeds = preset === 'small' ? 1 : 3, faces = 0 } = settings;
    const sizes = px ? [px] : preset === 'small' ? [16] : [4, 8, 16, 32];
    checkWhole('mesh-fit-cube', { seeds, iterations }, { seeds: 1, iterations: 1 });
    checkSwitch('mesh-fit-cube', { faces });
    if (!(sizes[0] in bounds)) throw new RangeError(`mesh-fit-cube: 'px' is ${px}; give 4, 8, 16 or 32.`);
    const room = studio(device, [8, 16, ...sizes, filmed, fine]);
    const truth = faces ? facedCube(room) : smoothCube(room);
    const history: SceneProgress[] = [];
    const fits: Fit[] = [];
    const total = sizes.length * seeds;
    for (const size of sizes)
      for (let k = 0; k < seeds && !signal?.aborted; k++) {
        const onSegment = (step: number, error: number, loss: number): void => {
          const progress = {
            iteration: fits.length * iterations + step,
            loss,
            done: (fits.length + step / iterations) / total,
            note: `${size} × ${size} pixels, start ${k + 1}: vertices are off by ${error.toPrecision(2)} m`,
          };
          history.push(progress);
          onProgress(progress);
        };
        fits.push(
          await fitCube(room, device, { px: size, seed: seed + 1000 * k, iterations, truth, signal, onSegment }),
        );
      }
    const fitted = sizes.filter(size => fits.some(f => f.px === size)); // not all of them in a run that was interrupted
    const bySize = fitted.map(size => ({ size, all: fits.filter(f => f.px === size).map(f => f.error) }));
    // A run that is shorter or longer is held to what the full protocol comes to, too.
    const worst = Math.max(
      ...bySize.map(({ size, all }) => (size === 4 ? median(all) : Math.max(...all)) / bounds[size]),
    );
    const view = tensor(shown, [4], { device });
    const rows = [];
    for (const size of fitted) {
      const best = fits.find(f => f.px === size) as Fit;
      const [aim, now, close, closeAim] = await Promise.all(
        [
          drawCube(room, truth, view, size),
          drawCube(room, best.cube, view, size),
          drawCube(room, best.cube, view, fine),
          drawCube(room, truth, view, fine),
        ].map(imageOf),
      );
      rows.push([
        { image: aim, label: `${size} px: target` },
        { image: now, label: 'now' },
        { image: close, label: 'now, fine' },
        { image: difference(close, closeAim), label: 'difference' },
      ]);
    }
    const curves = fits.map(
      ({ px, errors }): Series => ({
        name: `${px} × ${px}`,
        marks: 'line',
        points: errors,
        colourOf: fits.findIndex(f => f.px === px),
      }),
    );
    const last = fits[fits.length - 1];
    return {
      goal: { name: 'largest vertex error over its bound', value: worst, bound: 1, met: worst <= 1 },
      fitted: Object.fromEntries(bySize.map(({ size, all }) => [`${size} px`, all])),
      loss: last.loss,
      iterations: fits.length * iterations,
      estimates: [],
      history,
      pictures: [
        { caption: 'a view that no step drew, for each size of pictures', image: panels(rows, { height: 192 }) },
      ],
      plots: [
        {
          caption: 'mean distance of vertices from where they belong, m',
          x: { name: 'step' },
          y: { name: 'm', log: true },
          series: curves,
        },
      ],
      film: { images: last.frames, fps: 10, caption: `from pictures of ${last.px} × ${last.px} pixels` },
      notes: bySize.map(
        ({ size, all }) =>
          `${size} × ${size} pixels: vertices off by ${median(all).toPrecision(2)} m (median of ${all.length}), ${Math.max(...all).toPrecision(2)} m at most; a pixel is ${(2.8 / size).toPrecision(2)} m wide there.`,
      ),
    };
  },
};
