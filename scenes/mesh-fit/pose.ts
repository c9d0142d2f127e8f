/**
 * How is a cube turned? From one picture of it, without any idea of the answer.
 *
 *   min mean tanh(5 max over colours (picture(q) − target)²)      over rotations q: starts at random, then Adam along so(3)
 *
 * Outlines tell which way to turn only where they overlap the target's: there are local minima, at quarter turns above all. So many starts are
 * tried for a few steps each on small pictures, the best are followed, and the very best one is finished on large pictures.
 *
 * After the protocol of Laine et al.: Modular primitives for high-performance differentiable rendering, ACM Trans. Graph. 39 (2020) 194, §4.3,
 * with the search by random steps replaced by descents.
 */

import { disposeTree, uniform } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { difference, type Image, imageOf, panels } from '../../render/index.ts';
import { adam, minimize, multiStart, onManifold, so3 } from '../../solvers/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { drawCube, facedCube, randomTurns, type Studio, studio } from './coloured-cube.ts';

/** Degrees of an answer that counts, and the least share of such answers (the protocol's: 75 – 80 %). */
const allowed = { angle: 1, share: 0.7 };
/** Pixels of the search, and of pictures of the end. */
const [coarse, fine] = [64, 192];
/** Steps of each start, how many starts are followed, and for how many steps in all. */
const tries = { trial: 6, kept: 8, iterations: 80 };

interface Found {
  /** Degrees from the true rotation after each step of the finish. */
  readonly errors: readonly number[];
  readonly turn: Tensor;
  readonly aim: Tensor;
  readonly frames: readonly Image[];
  readonly loss: number;
}

/** 2 acos |p · q|, degrees, by the chord where that is small. */
function degreesBetween(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const chord = (sign: number): number => Math.hypot(...Array.from(p, (v, k) => v - sign * q[k]));
  return (4 * Math.asin(Math.min(1, Math.min(chord(1), chord(-1)) / 2)) * 180) / Math.PI;
}

interface Search {
  readonly px: number;
  readonly seed: number;
  readonly starts: number;
  readonly steps: number;
  readonly signal: AbortSignal | undefined;
  readonly onStep: (loss: number, done: number) => void;
}

async function findTurn(room: Studio, device: Device, search: Search): Promise<Found> {
  const { px, seed, starts, steps, signal, onStep } = search;
  const cube = facedCube(room);
  const drawn = randomTurns(await uniform([3 * (starts + 1)], { seed, device }).read());
  const turn = (q: ArrayLike<number>): Tensor => tensor(Float64Array.from(q), [4], { device });
  const aim = turn(drawn[starts]);
  const lossAt = (size: number): ((q: Tensor) => Tensor) => {
    const target = drawCube(room, cube, aim, size);
    return q => {
      const off = drawCube(room, cube, q, size)
        .sub(target)
        .square()
        .reshape([size * size, 3]);
      const [red, green, blue] = [0, 1, 2].map(c => off.slice([0, c], [size * size, c + 1]));
      return red.max(green).max(blue).mul(5).tanh().mean();
    };
  };
  const on = signal ? { signal } : {};
  const quick = onManifold(adam({ rate: step => 0.1 * 10 ** (-step / tries.iterations) }), aim, so3());
  let done = 0;
  const found = await multiStart(lossAt(Math.min(px, coarse)), k => turn(drawn[k]), quick, {
    ...{ starts, ...tries, kept: Math.min(tries.kept, starts), ...on },
    onStart: ({ value }) => onStep(value, ++done / (starts + tries.kept) / 2),
  });
  const slow = onManifold(adam({ rate: step => 0.003 * 10 ** ((-3 * step) / steps) }), aim, so3());
  const errors: number[] = [];
  const frames: Image[] = [];
  const loss = lossAt(px);
  let run = await minimize(loss, found.best, slow, { iterations: 0 });
  const exact = await aim.read();
  const stretch = Math.ceil(steps / 40);
  for (let step = 0; ; step += stretch) {
    const now = turn(run.state.at.x);
    errors.push(degreesBetween(run.state.at.x, exact));
    frames.push(await imageOf(drawCube(room, cube, now, fine)));
    onStep(run.state.at.value, 0.5 + step / steps / 2);
    if (step >= steps || signal?.aborted) return { errors, turn: now, aim, frames, loss: run.state.at.value };
    disposeTree(now);
    run = await minimize(loss, found.best, slow, { iterations: stretch, state: run.state, ...on });
  }
}

export const meshFitPose: Scene = {
  name: 'mesh-fit-pose',
  summary: 'finds how a cube is turned from one picture, by many starts and steps along rotations',
  settings: {
    px: 'pixels along a side (preset small: 64; full: 256)',
    seeds: 'cubes, each turned another way (1; 10)',
    starts: 'of the search (32; 64)',
  },
  async run({ preset, settings, iterations: steps = preset === 'small' ? 80 : 160, seed, onProgress, signal, device }) {
    const small = preset === 'small';
    const { px = small ? 64 : 256, seeds = small ? 1 : 10, starts = small ? 32 : 64 } = settings;
    checkWhole('mesh-fit-pose', { px, seeds, starts, steps }, { px: 8, seeds: 1, starts: 1, steps: 1 });
    const room = studio(device, [coarse, px, fine]);
    const history: SceneProgress[] = [];
    const all: Found[] = [];
    for (let k = 0; k < seeds && !signal?.aborted; k++) {
      const onStep = (loss: number, done: number): void => {
        const note = `cube ${k + 1}: ${done < 0.5 ? 'searching' : 'finishing'}`;
        history.push({ iteration: history.length, loss, done: (k + done) / seeds, note });
        onProgress(history[history.length - 1]);
      };
      all.push(await findTurn(room, device, { px, seed: seed + 1000 * k, starts, steps, signal, onStep }));
    }
    const angles = all.map(({ errors }) => errors[errors.length - 1]);
    const missed = angles.filter(angle => !(angle < allowed.angle)).length / angles.length;
    const cube = facedCube(room);
    const rows = await Promise.all(
      all.slice(0, 4).map(async ({ aim, turn, frames }) => {
        const [target, now, close] = await Promise.all(
          [drawCube(room, cube, aim, px), drawCube(room, cube, turn, px), drawCube(room, cube, aim, fine)].map(imageOf),
        );
        return [
          { image: frames[0], label: 'after the search' },
          { image: target, label: `target, ${px} px` },
          { image: now, label: 'now' },
          { image: frames[frames.length - 1], label: 'now, fine' },
          { image: difference(frames[frames.length - 1], close), label: 'difference' },
        ];
      }),
    );
    const sorted = [...angles].sort((a, b) => a - b);
    return {
      goal: {
        name: `share of cubes that are off by ${allowed.angle}° or more`,
        value: missed,
        bound: 1 - allowed.share,
        met: missed <= 1 - allowed.share,
      },
      fitted: { degrees: angles },
      loss: Math.max(...all.map(({ loss }) => loss)),
      iterations: all.length * (starts * tries.trial + tries.kept * (tries.iterations - tries.trial) + steps),
      estimates: [],
      history,
      pictures: [{ caption: 'cubes one below the other', image: panels(rows, { height: fine }) }],
      plots: [
        {
          caption: 'angle from the true rotation while finishing, degrees',
          x: { name: 'step' },
          y: { name: 'degrees', log: true },
          series: all.map(({ errors }, k) => ({
            name: `cube ${k + 1}`,
            marks: 'line' as const,
            points: errors.map((angle, i) => [i * Math.ceil(steps / 40), angle] as const),
          })),
        },
      ],
      film: { images: all[0].frames, fps: 10, caption: 'the finish of the first cube' },
      notes: [
        `${angles.length} cube${angles.length === 1 ? '' : 's'} of ${px} × ${px} pixels: off by ${sorted[sorted.length >> 1].toPrecision(2)}° in the middle, ${sorted[sorted.length - 1].toPrecision(2)}° at most.`,
        `${starts} starts of ${tries.trial} steps on ${Math.min(px, coarse)} × ${Math.min(px, coarse)} pixels, ${tries.kept} of them followed for ${tries.iterations - tries.trial} more, the best for ${steps} on all pixels.`,
      ],
    };
  },
};
