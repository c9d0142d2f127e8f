/**
 * Controls that arrive late.
 *
 *   step n runs with the controls given d steps ago: u_{n−d}
 *
 * What is on its way is part of the state, so that a rollout with delays is a rollout like any other, and differentiable.
 */

import { concat, type Tensor, zeros } from '../../../kernel/index.ts';
import type { Step } from '../../simulator.ts';
import type { Driving } from '../step.ts';

/** The state of a step with delays: its own, and the controls on their way, the oldest first. */
export type Delayed<State> = State & {
  /** [steps, envs, actuators]. */
  readonly queue: Tensor;
};

/** Controls of n steps, all 0, to begin with. */
export const emptyQueue = (steps: number, envs: number, actuators: number, device?: Tensor['device']): Tensor =>
  zeros([steps, envs, actuators], device ? { device } : {});

/**
 * The step whose controls arrive later.
 *
 * @param delay How many steps each actuator's control takes, whole numbers from 0, or one for all. The queue is as long as the longest.
 * @returns A step of states with a `queue`: begin with `{ ...articulatedState(model), queue: emptyQueue(steps, envs, actuators) }`.
 */
export function withDelay<State extends object>(
  step: Step<State, Driving>,
  delay: number | readonly number[],
): Step<Delayed<State>, Driving> {
  const delays = typeof delay === 'number' ? [delay] : delay;
  const bad = delays.find(d => !(Number.isInteger(d) && d >= 0));
  if (bad !== undefined || delays.length === 0)
    throw new RangeError(`withDelay: delay is ${bad ?? 'empty'}; give steps, whole numbers from 0.`);
  const most = Math.max(...delays);
  return (given, driving, dt) => {
    const { queue, ...rest } = given;
    const { control } = driving;
    if (!control) throw new TypeError("withDelay: there is no 'control' to delay; give the controls of the actuators.");
    const [envs, actuators] = control.shape;
    if (queue?.shape.join() !== [most, envs, actuators].join())
      throw new RangeError(
        `withDelay: 'queue' has shape [${queue?.shape.join(', ') ?? ''}]; it must be [${[most, envs, actuators].join(', ')}]: the longest delay, environments, actuators.`,
      );
    if (delays.length > 1 && delays.length !== actuators)
      throw new RangeError(`withDelay: there are ${delays.length} delays for ${actuators} actuators; give one each.`);
    const all = concat([queue, control.reshape([1, envs, actuators])], 0);
    const rows = Array.from({ length: actuators }, (_, k) => (most - (delays[k] ?? delays[0])) * actuators + k);
    const arriving = all
      .transpose([0, 2, 1])
      .reshape([(most + 1) * actuators, envs])
      .gather(rows)
      .transpose();
    const next = step(rest as unknown as State, { ...driving, control: arriving }, dt);
    return { ...next, queue: all.slice(1, most + 1) };
  };
}
