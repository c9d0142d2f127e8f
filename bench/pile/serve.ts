/** The pile of the bench through the public interface: processor time of a step while it falls and when it lies, and of its gradient. */

import { grad, rollout } from 'retrograde/adjoint';
import { device } from 'retrograde/kernel';
import { box, plane, type RigidWorld, rigidBodies } from 'retrograde/physics';
import { type PileBox, pileStep } from './boxes.ts';

export interface PileRow {
  /** Seconds a step: of steps 1 to 120, and 600 to 720. */
  readonly falling: number;
  readonly settled: number;
  /** Of what lies: value and gradient of forty steps, in all that is physical, over the value alone. */
  readonly gradientRatio: number;
  /** Greatest speed in the end, m/s, and the greatest height, m. */
  readonly fastest: number;
  readonly top: number;
}

const seconds = (run: () => void): number => {
  const begin = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1e6;
};

export async function servePile(boxes: readonly PileBox[]): Promise<PileRow> {
  const on = await device({ kind: 'cpu', precision: 'f32', threads: 1 });
  const world = rigidBodies({
    bodies: [{ shape: plane() }, ...boxes.map(at => ({ shape: box([0.5, 0.5, 0.5]), density: 1000, ...at }))],
  });
  const params = world.params(on);
  type State = ReturnType<RigidWorld['start']>;
  let state = world.start(on);
  const run = (steps: number): number =>
    seconds(() => {
      state = rollout((s: State) => world.step(s, params, pileStep), state, steps);
      on.flush();
    }) / steps;
  // Compiled before, as Rapier is.
  rollout((s: State) => world.step(s, params, pileStep), state, 40);
  on.flush();
  const falling = run(120);
  run(480);
  const settled = run(120);
  const lies = state;
  const end = (p: typeof params) =>
    rollout((s: State) => world.step(s, p, pileStep), lies, 40)
      .x.square()
      .sum();
  const both = (): void => {
    grad(end)(params);
    on.flush();
  };
  for (let k = 0; k < 3; k++) both();
  const gradient = seconds(both);
  const alone = (): void => {
    end(params);
    on.flush();
  };
  alone();
  const value = seconds(alone);
  const [p, mass, x] = await Promise.all([lies.p.read(), params.mass.read(), lies.x.read()]);
  const speeds = boxes.map((_, i) => Math.hypot(...[0, 1, 2].map(c => p[3 * i + 3 + c])) / mass[i + 1]);
  return {
    falling,
    settled,
    gradientRatio: gradient / value,
    fastest: Math.max(...speeds),
    top: Math.max(...boxes.map((_, i) => x[3 * i + 4])),
  };
}
