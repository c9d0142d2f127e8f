/**
 * Soft robots with muscles: blocks of particles, some of which pull along a fibre as waves tell them to.
 *
 *   a_k(t) = s tanh(Σ_j w_kj sin(ω t + π j / 2) + b_k),   j = 0 … 3                                    (1) pull of muscle k
 *   distance = mean x(T) − mean x(0)                                                                  (2)
 */

import { normal, rollout } from '../../adjoint/index.ts';
import { type Device, memoryInUse, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { type Material, type Matter, type MpmState, mpm, pointsIn } from '../../physics/index.ts';
import type { Frame } from './pictures.ts';

export interface RobotSpec {
  /** Nodes of the grid along each side of 1 m. */
  readonly nodes: number;
  readonly dimension: 2 | 3;
  readonly material: Material;
  /** Particles in a spacing of nodes. */
  readonly density: number;
  /** Corners, and muscles, undefined for those that do not pull. */
  readonly blocks: readonly {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly muscle?: number;
  }[];
  readonly fibre: readonly number[];
  /** s, of (1), where Lamé's parameters are 10. */
  readonly strength: number;
  /** ω, rad/s. */
  readonly omega: number;
  readonly gravity: number;
  readonly friction: number;
  /** s on 128 nodes in the plane, 64 in space; longer in proportion to the spacing on others. */
  readonly dt: number;
  readonly steps: number;
}

/** What there is to learn: [muscles, 4] and [muscles]. */
export interface Gait {
  readonly weights: Tensor;
  readonly bias: Tensor;
}

export interface Robot {
  readonly count: number;
  readonly steps: number;
  /** Muscle of each particle, −1 for none. */
  readonly muscles: Int32Array;
  /** Small random weights. */
  first(seed: number): Gait;
  /** (2), m. */
  distance(gait: Gait): Tensor;
  /** Bytes that a gradient takes, as far as states, checkpoints and pulls go, and beside them a grid or two. */
  readonly predicted: number;
  /** The most bytes in use in the course of this gradient. */
  peak(run: () => Promise<unknown>): Promise<number>;
  /** Places and pulls at so many moments, evenly in time. */
  way(gait: Gait, pictures: number): Promise<Frame[]>;
}

const waves = 4;
const bytes = 2 ** 28;

export function softRobot(spec: RobotSpec, device: Device): Robot {
  const { nodes, dimension: d, material, blocks, strength, omega, steps, dt } = spec;
  const dx = 1 / nodes;
  const counted = (low: readonly number[], high: readonly number[]): number[][] => {
    // As many particles as whole spacings fit in.
    const cells = low.map((from, a) => Math.max(1, Math.floor((high[a] - from) * nodes * (d === 3 ? spec.density : 1) + 1e-9)) * (d === 3 ? 1 : spec.density)); // biome-ignore format: a count
    const unit = pointsIn(
      low.map(() => 0),
      cells,
      1,
    );
    return unit.map(p => p.map((u, a) => low[a] + ((high[a] - low[a]) * u) / cells[a]));
  };
  const matter: Matter[] = blocks.map(({ low, high, muscle }) => ({
    points: counted(low, high),
    material,
    ...(muscle !== undefined && { actuator: muscle }),
  }));
  const count = Math.max(...blocks.map(({ muscle }) => (muscle ?? -1) + 1));
  const world = mpm({ nodes: Array(d).fill(nodes), spacing: dx, matter, fibre: spec.fibre });
  const on = (data: readonly number[], shape = [data.length]): Tensor => tensor([...data], shape, { device });
  const params = {
    ...{ mass: on([1]), volume: on([1]), lambda: on([10]), mu: on([10]) },
    ...{ gravity: on([0, -spec.gravity, 0].slice(0, d)), friction: on([spec.friction]) },
  };
  const table = on(
    Array.from({ length: steps * waves }, (_, k) =>
      Math.sin(omega * dt * Math.floor(k / waves) + (Math.PI / 2) * (k % waves)),
    ),
    [steps, waves],
  );
  const pulls = ({ weights, bias }: Gait): Tensor => table.matmul(weights.transpose()).add(bias).tanh().mul(strength); // (1)
  const start = world.start({ device });
  /** Bytes held before a run that is looked at, and the most on top of them. */
  let looked: { readonly before: number; readonly most: number } | undefined;
  const look = (): void => {
    if (looked) looked = { ...looked, most: Math.max(looked.most, memoryInUse(device) - looked.before) };
  };
  const advance = (from: MpmState, inputs: Tensor): MpmState =>
    rollout((s: MpmState, actuation: Tensor) => world.step(s, { ...params, actuation }, dt), from, inputs.shape[0], {
      ...{ inputs, checkpoints: { bytes } },
      ...(looked && { onAdjoint: look }),
    });
  const state = 4 * world.count * (2 * d + 2 * d * d);
  return {
    count: world.count,
    steps,
    muscles: Int32Array.from(matter.flatMap(({ points, actuator = -1 }) => points.map(() => actuator))),
    first: seed => ({
      weights: normal([count, waves], { seed, device }).mul(0.01),
      bias: zeros([count], { device }),
    }),
    distance: gait => advance(start, pulls(gait)).x.sub(start.x).mean(0).slice(0, 1).sum(), // (2)
    predicted: Math.min(bytes, steps * state) + 4 * state + 4 * 4 * (2 * d + 1) * nodes ** d,
    async peak(run) {
      looked = { before: memoryInUse(device), most: 0 };
      try {
        await run();
        return looked.most;
      } finally {
        looked = undefined;
      }
    },
    async way(gait, pictures) {
      const all = pulls(gait).detach();
      const pull = Float32Array.from(await all.read());
      const frames: Frame[] = [];
      let now = start;
      for (let k = 0; k <= pictures; k++) {
        const [from, to] = [Math.max(0, k - 1), k].map(i => Math.round((i * steps) / pictures));
        if (to > from) now = advance(now, all.slice(from, to));
        frames.push({
          x: Float32Array.from(await now.x.read()),
          pull: pull.slice(count * Math.max(0, to - 1), count * Math.max(1, to)),
        });
      }
      await world.check(now);
      return frames;
    },
  };
}
