/**
 * Robots of soft matter learn to walk: what does each of their muscles do?
 *
 *   min −distance  over weights and biases of the waves that muscles follow          by Adam, through all steps and contacts
 *
 * In the plane: 2976 particles, 128² nodes, 1023 steps, 20 parameters: diffmpm.py of DiffTaichi. In space: 30 495 particles, 64³ nodes, 511 steps, 80
 * parameters: diffmpm3d.py; a gradient there must take less than 1 GiB. Goal in the plane: 0.2 m farther than at first in 80 iterations; in space:
 * farther than at first by 0.01 m in a few.
 */

import { disposeTree, valueAndGrad } from '../../adjoint/index.ts';
import type { Tensor } from '../../kernel/index.ts';
import { beside, type Image } from '../../render/index.ts';
import { adam, minimize } from '../../solvers/index.ts';
import { trusted } from '../horizon.ts';
import { checkPositive, checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { pictures } from './pictures.ts';
import { type Gait, type RobotSpec, softRobot } from './soft-robot.ts';

interface Story {
  readonly name: string;
  readonly summary: string;
  readonly small: { readonly nodes: number; readonly iterations: number };
  readonly full: { readonly nodes: number; readonly iterations: number };
  /** Of Adam. */
  readonly rate: number;
  /** How much farther than at first, m, in so many iterations, in the full preset; in the small one in its own, a tenth. */
  readonly goal: number;
  spec(nodes: number): RobotSpec;
}

type Box = readonly [corner: readonly number[], size: readonly number[], muscle?: number];
const placed = (offset: readonly number[], boxes: readonly Box[]): RobotSpec['blocks'] =>
  boxes.map(([corner, size, muscle]) => ({
    low: corner.map((c, a) => c + offset[a]),
    high: corner.map((c, a) => c + offset[a] + size[a]),
    ...(muscle !== undefined && { muscle }),
  }));

const flat = (nodes: number): RobotSpec => ({
  ...{ nodes, dimension: 2, material: 'corotated', density: 2, fibre: [0, 1], strength: 4, omega: 20 },
  ...{ gravity: 3.8, friction: 0.5, dt: 0.128 / nodes, steps: Math.round((1023 * nodes) / 128) },
  blocks: placed(
    [0.1, 3.84 / nodes],
    [
      [[0, 0.1], [0.3, 0.1]],
      [[0, 0], [0.05, 0.1], 0],
      [[0.05, 0], [0.05, 0.1], 1],
      [[0.2, 0], [0.05, 0.1], 2],
      [[0.25, 0], [0.05, 0.1], 3],
    ],
  ),
}); // biome-ignore format: a table

const solid = (nodes: number): RobotSpec => {
  const side = 0.1;
  const part = [side / 2, 0.35 * side, side];
  const legs: Box[] = Array.from({ length: 16 }, (_, k) => {
    const [leg, i] = [k >> 2, k & 3];
    const corner = [2 * side * (leg >> 1) + (side / 2) * (i >> 1), 0.35 * side * (i & 1), 2 * side * (leg & 1)];
    return [corner, part, k];
  });
  const trunk: Box[] = [0, 1, 2].map(i => [
    [side * i, 0, side],
    [side, 0.7 * side, side],
  ]);
  return {
    ...{ nodes, dimension: 3, material: 'neoHookean', density: 3, fibre: [0, 0, 1], strength: 5, omega: 40 },
    ...{ gravity: 10, friction: 1.5, dt: 0.128 / nodes, steps: Math.round((511 * nodes) / 64) },
    blocks: placed([0.1, 3.2 / nodes, 0.3], [...legs, ...trunk]),
  };
};

const walker = ({ name, summary, small, full, rate, goal, spec }: Story): Scene => ({
  name,
  summary,
  settings: {
    nodes: `of the grid along a side (preset small: ${small.nodes}; full: ${full.nodes})`,
    rate: `of Adam (${rate})`,
  },
  async run({ preset, settings, iterations: asked, seed, onProgress, signal, device }) {
    const given = { small, full }[preset];
    const iterations = asked ?? given.iterations;
    const { nodes = given.nodes, rate: speed = rate } = settings;
    checkPositive(name, { rate: speed });
    checkWhole(name, { nodes }, { nodes: 16 });
    const robot = softRobot(spec(nodes), device);
    const history: SceneProgress[] = [];
    const lacking = (gait: Gait): Tensor => robot.distance(gait).mul(-1).add(1); // of a metre
    const peak = await robot.peak(async () => {
      const { value, grad } = valueAndGrad(lacking)(robot.first(seed));
      await value.item();
      disposeTree([value, grad] as never);
    });
    const { best } = await minimize(lacking, robot.first(seed), adam({ rate: speed }), {
      iterations,
      ...(signal && { signal }),
      onIteration: ({ iteration, value }) => {
        const note = `${(1 - value).toFixed(4)} m far`;
        const progress = { iteration, loss: value, done: iteration / iterations, note };
        history.push(progress);
        onProgress(progress);
      },
    });
    const [first, far] = [1 - history[0].loss, 1 - Math.min(...history.map(({ loss }) => loss))];
    const moments = preset === 'small' ? 12 : 48;
    const coarse = Math.min(nodes, small.nodes);
    const horizon = await trusted((device, steps) => {
      const { distance, first } = softRobot({ ...spec(coarse), steps }, device);
      return { loss: distance, params: first(seed) };
    }, spec(coarse).steps);
    const frames = await robot.way(best, moments);
    const seen = pictures(frames, robot.muscles, nodes);
    const bound = asked === undefined && preset === 'full' ? goal : goal / 10;
    const mebi = (n: number): string => `${(n / 2 ** 20).toFixed(0)} MiB`;
    return {
      goal: { name: 'what was asked for over how much farther it gets than at first', value: bound / (far - first), bound: 1, met: far - first >= bound && peak <= 2 ** 30 }, // biome-ignore format: a row
      fitted: { distance: far, first, weights: Array.from(await best.weights.read()), bias: Array.from(await best.bias.read()), peak, predicted: robot.predicted, gradientHorizon: horizon.steps }, // biome-ignore format: a row
      loss: 1 - far,
      iterations: history.length - 1,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'the best gait, at five moments; muscles that pull are red, that push blue',
          image: beside([0, 1, 2, 3, 4].map(k => seen[(k * moments) / 4]) as Image[], 6),
        },
      ],
      plots: [
        {
          caption: 'how far it gets',
          x: { name: 'iteration' },
          y: { name: 'm' },
          series: [{ name: 'distance', marks: 'line', points: history.map(h => [h.iteration, 1 - h.loss] as const) }],
        },
      ],
      film: { images: seen, fps: 16, caption: 'the best gait' },
      notes: [
        `${robot.count} particles, ${nodes} nodes along a side, ${robot.steps} steps, ${(best.weights.size * 5) / 4} parameters.`,
        `It gets ${far.toFixed(4)} m far, ${first.toFixed(4)} m at first.`,
        `A gradient was predicted to take ${mebi(robot.predicted)} and took ${mebi(peak)} at most.`,
        `On a grid of ${coarse} nodes along a side: ${horizon.note}`,
      ],
    };
  },
});

export const mpmWalker: Scene = walker({
  ...{ name: 'mpm-walker', summary: 'a soft robot in the plane learns to walk with four muscles' },
  ...{ small: { nodes: 32, iterations: 10 }, full: { nodes: 128, iterations: 80 }, rate: 0.1, goal: 0.2, spec: flat },
});

export const mpmWalker3d: Scene = walker({
  ...{ name: 'mpm-walker-3d', summary: 'a soft robot in space learns to walk with sixteen muscles' },
  ...{ small: { nodes: 24, iterations: 2 }, full: { nodes: 64, iterations: 8 }, rate: 0.05, goal: 0.01, spec: solid },
});
