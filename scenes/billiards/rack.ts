/** The break: a cue ball, ten others in a triangle, of which the last is to come to rest on a goal. DiffTaichi's constants. */

import { valueAndGrad } from '../../adjoint/index.ts';
import { concat, type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { play, type Table, type Timing } from './table.ts';

const radius = 0.03;
export const goal: readonly number[] = [0.9, 0.75];
/** x and v of the cue ball. */
export const cue: readonly number[] = [0.1, 0.5, 0.3, 0];
const rate = 0.01;
const time = 1023 * 0.003;

const rack = [0, 1, 2, 3].flatMap(i =>
  Array.from({ length: i + 1 }, (_, j) => [0.5 + 2 * i * radius, 0.5 + 2 * j * radius - 0.7 * i * radius]),
);

/** Places of all balls. */
export const breakStart = ([x, y]: readonly number[]): readonly number[] => [x, y, ...rack.flat()];

/** Events need no short steps. */
export const breakTable = (timing: Timing): Table => {
  const steps = timing === 'event' ? 93 : 1023;
  return { count: rack.length + 1, radius, restitution: 0.8, dt: time / steps, steps };
};

/** With the cue ball at given places and velocities, [games, 4]. */
export function breakShots(timing: Timing, device: Device) {
  const { end, way } = play(breakTable(timing), timing, device);
  const others = tensor(rack.flat(), [1, rack.length, 2], { device });
  const start = (cues: Tensor) => {
    const [games] = cues.shape;
    const [x, v] = [0, 2].map(k => cues.slice([0, k], [games, k + 2]).reshape([games, 1, 2]));
    const all = others.add(x.mul(0));
    return { x: concat([x, all], 1), v: concat([v, all.mul(0)], 1) };
  };
  const target = tensor(goal, [1, 2], { device });
  return {
    /** Squared distance of the last ball from the goal, of each game. */
    miss: (cues: Tensor): Tensor => {
      const x = end(start(cues));
      const [games, count] = x.shape;
      return x
        .slice([0, count - 1], [games, count])
        .reshape([games, 2])
        .sub(target)
        .square()
        .sum(1);
    },
    way: (cues: Tensor): Tensor => way(start(cues)),
  };
}

/** Gradient descent as DiffTaichi's: losses before each step, and the best cue. */
export async function descend(
  timing: Timing,
  iterations: number,
  device: Device,
  onIteration: (iteration: number, loss: number) => boolean,
): Promise<{ readonly losses: readonly number[]; readonly best: readonly number[] }> {
  const { miss } = breakShots(timing, device);
  const at = valueAndGrad((cues: Tensor) => miss(cues).sum());
  const losses: number[] = [];
  let [x, best, lowest] = [cue as readonly number[], cue as readonly number[], Number.POSITIVE_INFINITY];
  for (let k = 0; k < iterations; k++) {
    const { value, grad } = at(tensor(x, [1, 4], { device }));
    const [loss, slope] = [await value.item(), await grad.read()];
    value.dispose();
    grad.dispose();
    losses.push(loss);
    if (loss < lowest) [lowest, best] = [loss, x];
    if (!onIteration(k, loss)) break;
    x = x.map((v, i) => v - rate * slope[i]);
  }
  return { losses, best };
}
