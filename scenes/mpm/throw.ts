/**
 * How must an elastic block be thrown so that it has its middle at a target in the end, after it has bounced?
 *
 *   min ½ |mean x(T; v₀) − x*|²  over v₀        30 steps v₀ − 10 ∇ of gradient descent, and the same by L-BFGS
 *
 * A square of 60 × 60 particles on 120 × 120 nodes, corotated elasticity, 1023 steps. In the units of DiffTaichi's diffmpm_simple.py, whose
 * particles have mass and volume 1: only E times volume over mass matters. Goal: its loss after 30 steps, 10⁻⁷ at most; it began with 5.05·10⁻².
 */

import { rollout, valueAndGrad } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { type MpmState, mpm } from '../../physics/index.ts';
import { beside, type Image } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { dots } from '../dots.ts';
import { trusted } from '../horizon.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';

const sizes = { small: { side: 30, nodes: 60 }, full: { side: 60, nodes: 120 } } as const;
const target = [0.3, 0.6]; // m
const enough = 1e-7;
const rate = 10;

export interface Throw {
  readonly count: number;
  readonly steps: number;
  /** After so many steps; default all. */
  loss(v0: Tensor, count?: number): Tensor;
  /** Places of the particles at `pictures` moments, evenly in time. */
  way(v0: Tensor, pictures: number): Promise<Float32Array[]>;
}

/** A block of side² particles, thrown on a grid of nodes². */
export function thrown({ side, nodes }: { readonly side: number; readonly nodes: number }, device: Device): Throw {
  const dx = 1 / nodes;
  const dt = 0.036 * dx; // sound crosses 0.62 of a spacing
  const steps = Math.round((1023 * nodes) / 120);
  const gap = 0.7 * dx;
  // The same middle for any number of particles.
  const corner = [10 / 120 + (29.5 * 0.7) / 120 - ((side - 1) / 2) * gap, 25 / 120 + (29.5 * 0.7) / 120 - ((side - 1) / 2) * gap]; // biome-ignore format: a place
  const points = Array.from({ length: side * side }, (_, k) => [
    corner[0] + gap * Math.floor(k / side),
    corner[1] + gap * (k % side),
  ]);
  const world = mpm({ nodes: [nodes, nodes], spacing: dx, matter: [{ points }] });
  const on = (data: number[]): Tensor => tensor(data, [data.length], { device });
  // Masses and volumes of a particle shrink with the grid's cells, so that density, and with it the speed of sound, stays.
  const params = { mass: on([1]), volume: on([1]), lambda: on([100]), mu: on([100]), gravity: on([0, -9.8]) };
  const rest = world.start({ device });
  const start = (v0: Tensor): MpmState => ({ ...rest, v: rest.v.add(v0) });
  const advance = (from: MpmState, count: number): MpmState =>
    rollout((s: MpmState) => world.step(s, params, dt), from, count, { checkpoints: { bytes: 2 ** 28 } });
  const goal = on(target);
  return {
    count: points.length,
    steps,
    loss: (v0, count = steps) => advance(start(v0), count).x.mean(0).sub(goal).square().sum().mul(0.5),
    async way(v0, pictures) {
      const { state, saved } = rollout((s: MpmState) => world.step(s, params, dt), start(v0), steps, {
        save: s => s.x,
      });
      await world.check(state);
      const all = await saved.read();
      const size = 2 * points.length;
      return Array.from({ length: pictures + 1 }, (_, k) => {
        const step = Math.max(0, Math.round((k * steps) / pictures) - 1);
        return Float32Array.from(all.subarray(step * size, (step + 1) * size));
      });
    },
  };
}

const picture = (x: ArrayLike<number>, side: number, width: number): Image => {
  const cross = Array.from({ length: 42 }, (_, k) => target.map((t, a) => (a === k % 2 ? t + 0.001 * (k - 20) : t)));
  const marked = Float32Array.from([...Array.from(x), ...cross.flat()]);
  const stripe = (k: number): boolean => (Math.floor(k / side / 4) + Math.floor((k % side) / 4)) % 2 === 0;
  return dots({ x: [0.05, 0.55], y: [0.02, 0.8], width }, marked, {
    radius: 0.004,
    colourOf: k => (k >= x.length / 2 ? [0.85, 0.1, 0.1] : stripe(k) ? [0.12, 0.3, 0.55] : [0.45, 0.65, 0.85]),
  });
};

export const mpmThrow: Scene = {
  name: 'mpm-throw',
  summary: 'throws an elastic block of particles so that it ends at a target after bouncing',
  settings: {
    side: 'particles along a side of the block (preset small: 30; full: 60)',
    nodes: 'of the grid along a side (60; 120)',
  },
  async run({ preset, settings, iterations = 30, onProgress, signal, device }) {
    const size = { ...sizes[preset], ...settings };
    checkWhole('mpm-throw', size, { side: 4, nodes: 24 });
    const world = thrown(size, device);
    const history: SceneProgress[] = [];
    const tell = (loss: number): void => {
      const note = `the block ends ${(100 * Math.sqrt(2 * loss)).toPrecision(3)} cm from the target`;
      const progress = { iteration: history.length, loss, done: history.length / iterations, note };
      history.push(progress);
      onProgress(progress);
    };
    let v0 = tensor([0, 0], [2], { device });
    for (let k = 0; k < iterations && !signal?.aborted; k++) {
      const { value, grad } = valueAndGrad((v: Tensor) => world.loss(v))(v0);
      tell(await value.item());
      const next = v0.sub(grad.mul(rate)).detach();
      v0 = tensor(await next.read(), [2], { device });
    }
    tell(await world.loss(v0).item());
    const loss = (history.at(-1) as SceneProgress).loss;
    const quick: [number, number][] = [];
    const fast = await minimize((v: Tensor) => world.loss(v), tensor([0, 0], [2], { device }), lbfgs(), {
      iterations: Math.min(12, iterations),
      ...(signal && { signal }),
      onIteration: ({ iteration, value }) => quick.push([iteration, value]),
    });
    const horizon = await trusted((device, count) => {
      const { loss } = thrown(size, device);
      return { loss: (v0: Tensor) => loss(v0, count), params: tensor([0, 0], [2], { device }) };
    }, world.steps);
    const frames = await world.way(v0, 48);
    const curve = history.map(({ iteration, loss: value }) => [iteration, value] as const);
    return {
      goal: { name: 'loss after gradient descent, m²', value: loss, bound: enough, met: loss <= enough },
      fitted: {
        velocity: Array.from(await v0.read()),
        first: history[0].loss,
        byLbfgs: fast.value,
        gradientHorizon: horizon.steps,
      },
      loss,
      iterations: history.length - 1,
      estimates: [],
      history,
      pictures: [
        {
          caption:
            'the block at the beginning, at three moments on its way, and at the end; red: the target of its middle',
          image: beside(
            [0, 12, 24, 36, 48].map(k => picture(frames[k], size.side, 180)),
            6,
          ),
        },
      ],
      plots: [
        {
          caption: 'loss by gradient descent, and by L-BFGS from the same start',
          x: { name: 'iteration' },
          y: { name: 'm²', log: true },
          series: [
            { name: 'gradient descent', marks: 'line', points: curve },
            { name: 'L-BFGS', marks: 'line', points: quick },
          ],
        },
      ],
      film: { images: frames.map(x => picture(x, size.side, 400)), fps: 16, caption: 'as it was thrown in the end' },
      notes: [
        `${world.count} particles on ${size.nodes} × ${size.nodes} nodes, ${world.steps} steps.`,
        `The loss falls from ${history[0].loss.toPrecision(4)} to ${loss.toPrecision(3)} in ${history.length - 1} steps of gradient descent; L-BFGS reaches ${fast.value.toPrecision(3)} in ${quick.length - 1}.`,
        horizon.note,
      ],
    };
  },
};
