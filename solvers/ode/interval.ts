/** The time from t0 to t1, of which either may be a tensor, and differentiable; places in it are θ from 0 to 1. */

import { type Device, inWords, Tensor, tensor } from '../../kernel/index.ts';

/** Seconds, say: a number, or a tensor of one. */
export type Time = number | Tensor;

export class Interval {
  readonly start: Tensor;
  /** t1 − t0; negative runs backwards. */
  readonly length: Tensor;
  /** t0 and t1, if they were given as numbers. */
  readonly numbers: readonly [number, number] | undefined;
  readonly device: Device;

  /** @throws if the times are not two different finite ones. */
  constructor(t: readonly [Time, Time], device: Device) {
    if (!Array.isArray(t) || t.length !== 2)
      throw new TypeError(`odeSolve: t is ${inWords(t)}; give the first and the last time: { t: [0, 10] }.`);
    const [t0, t1] = t;
    for (const time of t) checkTime(time, device);
    this.device = device;
    this.numbers = typeof t0 === 'number' && typeof t1 === 'number' ? [t0, t1] : undefined;
    if (t0 === t1)
      throw new RangeError(
        `odeSolve: t goes from ${t0} to ${t1}, which takes no time; give two different times, and use y0 as it is where there is nothing to solve.`,
      );
    const on = (time: Time): Tensor => (typeof time === 'number' ? tensor(time, [], { device }) : time.reshape([]));
    this.start = on(t0);
    this.length = typeof t0 === 'number' && typeof t1 === 'number' ? on(t1 - t0) : on(t1).sub(this.start);
  }

  /** Times at places; rounded once where the interval is numbers. */
  times(theta: readonly number[]): Tensor {
    const { device, numbers } = this;
    if (numbers)
      return tensor(
        theta.map(s => numbers[0] + s * (numbers[1] - numbers[0])),
        [theta.length],
        { device },
      );
    return this.timesAt(tensor(theta, [theta.length], { device }));
  }
  steps(dtheta: readonly number[]): Tensor {
    const { device, numbers } = this;
    if (numbers)
      return tensor(
        dtheta.map(s => s * (numbers[1] - numbers[0])),
        [dtheta.length],
        { device },
      );
    return tensor(dtheta, [dtheta.length], { device }).mul(this.length);
  }
  /** t0 + θ (t1 − t0) */
  timesAt(theta: Tensor): Tensor {
    return theta.mul(this.length).add(this.start);
  }

  /** Where a time lies. @throws if that cannot be told, or if it lies outside. */
  place(time: number): number {
    const { numbers } = this;
    if (!numbers)
      throw new TypeError('odeSolve: saveAt.times are numbers, so t must be numbers too; or save every few steps.');
    const theta = (time - numbers[0]) / (numbers[1] - numbers[0]);
    if (theta >= 0 && theta <= 1) return theta;
    throw new RangeError(
      `odeSolve: saveAt.times has ${time}, which does not lie between t = ${numbers[0]} and ${numbers[1]}.`,
    );
  }
}

function checkTime(time: unknown, device: Device): void {
  if (time instanceof Tensor) {
    if (time.size !== 1 || time.type !== 'f32')
      throw new RangeError(
        `odeSolve: a time is a ${time}; times are numbers, or tensors of one float. Rows with times of their own scale f instead.`,
      );
    if (time.device !== device)
      throw new TypeError("odeSolve: a time is not on y0's device; move it there: await time.to(device).");
  } else if (typeof time !== 'number' || !Number.isFinite(time))
    throw new TypeError(`odeSolve: a time is ${inWords(time)}; times are finite numbers, or tensors of one float.`);
}
