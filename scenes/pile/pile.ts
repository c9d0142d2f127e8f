/**
 * Where does a heap of boxes come to rest, and what does a gradient through its fall cost?
 *
 *   x⁺, q⁺, p⁺, L⁺ = step(x, q, p, L)                     rigid bodies with friction, each step solved to its end
 *   d/ds mean height (p + s d)                           after some steps more, d at random: by the adjoint, and by differences
 *
 * What lies gives way to a push by some 1e-6 m / N s, and in proportion only to a weak one: with 40 boxes, differences are three times the
 * derivative at 1e-2 N s, half as much again at 1e-3, and agree to 1 % at 1e-4; with 1000, one contact in another state makes them thrice as large at 1e-5,
 * and at 1e-6 they agree to six digits. There they are 1e-12 m and less, of heights that single precision knows to 1e-8 m; so they are taken in
 * double precision, from the same state. The gradient in single precision is right to 1 or 2 % of its length.
 *
 * Boxes of several sizes fall onto a floor. Goal: at the end their root mean square speed is below 3 cm/s: a few may still roll off.
 */

import { normal, rollout, valueAndGrad } from '../../adjoint/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';
import { type BodySpec, box, plane, type RigidState, type RigidWorld, rigidBodies } from '../../physics/index.ts';
import { magma } from '../../render/index.ts';
import { checkPositive, checkWhole, inDoubles, type Plot, type Scene, type SceneProgress } from '../scene.ts';
import { photographer } from './drawing.ts';

const dt = 0.005;
const half = 0.1;
const slowest = 0.03;
const sizes = { small: { boxes: 40, seconds: 5 }, full: { boxes: 1000, seconds: 5 } } as const;
/** Steps between two looks, and steps that the gradient goes through. */
const chunk = 40;
const short = 20;
/** Of the random push, in differences, N s. */
const by = 1e-6;

/** Numbers in (−1, 1), the same for a seed. */
function numbers(seed: number): () => number {
  let state = (seed + 1) * 2654435761;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** In layers over each other, each box somewhat turned, lighter and heavier ones alike. */
function falling(count: number, seed: number): readonly BodySpec[] {
  const some = numbers(seed);
  const side = Math.max(2, Math.round(Math.cbrt(count)));
  return Array.from({ length: count }, (_, k): BodySpec => {
    const [i, j, layer] = [k % side, Math.floor(k / side) % side, Math.floor(k / side / side)];
    const turn = [1, 0.3 * some(), 0.3 * some(), 0.3 * some()];
    const length = Math.hypot(...turn);
    const at = (n: number): number => 3 * half * (n - (side - 1) / 2) + 0.3 * half * some();
    return {
      shape: box([half * (1 + 0.4 * some()), half * (1 + 0.4 * some()), half * (1 + 0.4 * some())]),
      position: [at(i), 2 * half + 3.4 * half * layer, at(j)],
      orientation: turn.map(v => v / length) as unknown as [number, number, number, number],
    };
  });
}

export const pile: Scene = {
  name: 'pile',
  summary: 'lets 1000 boxes fall into a heap, and takes gradients through it',
  settings: {
    boxes: 'that fall (preset small: 40; full: 1000)',
    seconds: 'until the heap should be at rest (5)',
    friction: 'of the boxes and the floor (0.6)',
  },
  async run({ preset, settings, iterations, seed, onProgress, signal, device }) {
    const { boxes = sizes[preset].boxes, seconds = sizes[preset].seconds, friction = 0.6 } = settings;
    checkWhole('pile', { boxes }, { boxes: 1 });
    checkPositive('pile', { seconds, friction });
    const bodies = falling(boxes, seed).map(body => ({ ...body, friction }));
    const world = rigidBodies({ bodies: [{ shape: plane(), friction }, ...bodies] });
    const params = world.params(device);
    const mass = await params.mass.read();
    const step = (state: RigidState): RigidState => world.step(state, params, dt);
    const speed = async ({ p }: RigidState): Promise<number> => {
      const momenta = await p.read();
      let sum = 0;
      for (let i = 1; i <= boxes; i++) for (let k = 0; k < 3; k++) sum += (momenta[3 * i + k] / mass[i]) ** 2;
      return Math.sqrt(sum / boxes);
    };
    const span = // as high as the tower, and as wide as the heap that it becomes
      Math.max(...bodies.map(({ position: [x, y, z] = [0, 0, 0] }) => Math.max(y, 3 * Math.hypot(x, z)))) + 3 * half;
    const look = photographer(world, params, { span, colours: magma, device });
    const chunks = Math.min(iterations ?? Number.POSITIVE_INFINITY, Math.ceil(seconds / dt / chunk));
    let state = world.start(device);
    const film = [await look(state)];
    const history: SceneProgress[] = [];
    const costs: (readonly [number, number])[] = [];
    for (let k = 1; k <= chunks && !signal?.aborted; k++) {
      const begin = performance.now();
      state = rollout(step, state, chunk);
      const loss = await speed(state);
      costs.push([k * chunk * dt, (1000 * chunk) / (performance.now() - begin)]);
      await world.check(state);
      film.push(await look(state));
      const progress = {
        iteration: k,
        loss,
        done: k / (chunks + 1),
        note: `speed ${loss.toPrecision(2)} m/s, ${costs[k - 1][1].toPrecision(2)} steps/s`,
      };
      history.push(progress);
      onProgress(progress);
    }
    const slope = await throughTheHeap(world, state, seed);
    const value = await speed(state);
    const heights = Array.from(await state.x.read()).filter((_, k) => k % 3 === 1 && k > 3);
    const last = costs.at(-1) as readonly [number, number];
    return {
      goal: { name: 'root mean square speed, m/s', value, bound: slowest, met: value <= slowest },
      fitted: { ...slope, stepsPerSecond: last[1] },
      loss: value,
      iterations: history.length,
      estimates: [],
      history,
      pictures: [
        { caption: 'before', image: film[0] },
        { caption: 'the heap', image: film[film.length - 1] },
      ],
      plots: [rate(costs), rest(history)],
      film: { images: film, fps: 5, caption: `a picture every ${chunk * dt} s` },
      notes: [
        `${boxes} boxes, ${Math.round(seconds / dt)} steps of ${dt} s; at the end ${last[1].toPrecision(2)} steps/s on the ${device.description}.`,
        `Value and gradient of ${short} steps take ${slope.ratio.toPrecision(2)} times as long as the steps alone.`,
        `Along a random push of all boxes the mean height after these steps changes by ${slope.derivative.toPrecision(3)}; by central differences in double precision ${slope.difference.toPrecision(3)}; the gradient is ${slope.steepness.toPrecision(3)} long.`,
        `The heap is ${(Math.max(...heights) + half).toPrecision(2)} m high.`,
      ],
    };
  },
};

/** Derivative of the mean height after some steps along random momenta, by the adjoint and by differences, and what it costs. */
async function throughTheHeap(
  world: RigidWorld,
  start: RigidState,
  seed: number,
): Promise<Readonly<Record<'derivative' | 'difference' | 'steepness' | 'ratio', number>>> {
  const { device } = start.p;
  const d = normal(start.p.shape, { seed, device });
  const height = heightAfter(world, start);
  const timed = async <T>(run: () => Promise<T>): Promise<readonly [T, number]> => {
    await run(); // programs are compiled
    const begin = performance.now();
    return [await run(), performance.now() - begin];
  };
  const [, forward] = await timed(async () => height(start.p).item());
  const [[derivative, square], both] = await timed(async () => {
    const { grad } = valueAndGrad(height)(start.p);
    return [await grad.dot(d).item(), await grad.dot(grad).item()];
  });
  const difference = await inDoubles(device, async doubles => {
    const on = async (x: Tensor): Promise<Tensor> => tensor(await x.read(), x.shape, { device: doubles });
    const p = await on(start.p);
    const height = heightAfter(world, { x: await on(start.x), q: await on(start.q), p, L: await on(start.L) });
    const push = (await on(d)).mul(by);
    const [more, less] = [await height(p.add(push)).item(), await height(p.sub(push)).item()];
    return (more - less) / (2 * by);
  });
  return { derivative, difference, steepness: Math.sqrt(square), ratio: both / forward };
}

/** The mean height of the boxes when they have gone on for some steps with these momenta. */
function heightAfter(world: RigidWorld, start: RigidState): (p: Tensor) => Tensor {
  const { device, shape } = start.p;
  const params = world.params(device);
  const step = (state: RigidState): RigidState => world.step(state, params, dt);
  return p =>
    rollout(step, { ...start, p }, short)
      .x.slice([1, 1], [shape[0], 2])
      .mean();
}

const rate = (costs: readonly (readonly [number, number])[]): Plot => ({
  caption: 'steps per second of computing: fewer where many boxes hit each other',
  x: { name: 'seconds simulated' },
  y: { name: 'steps / s' },
  series: [{ name: 'steps / s', marks: 'line', points: costs }],
});

const rest = (history: readonly SceneProgress[]): Plot => ({
  caption: 'root mean square speed of the boxes',
  x: { name: 'seconds simulated' },
  y: { name: 'm/s', log: true },
  series: [
    {
      name: 'speed',
      marks: 'line',
      points: history.map(({ iteration, loss }) => [iteration * chunk * dt, loss] as const),
    },
  ],
});
