/** The wave equation: one kernel, a rollout, and its gradient. */

import { grad, rollout, vjp } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import type { Contest } from '../contest.ts';
import type { Wave } from '../problems/wave.ts';
import { contest } from './contest.ts';

interface Waves {
  readonly u: Tensor;
  readonly uOld: Tensor;
}

const waveKernel = ({ n, courant, cubic }: Wave['constants']) =>
  kernel(/* wgsl */ `
    const N = ${n}u;
    var<storage, read> u: array<f32>;
    var<storage, read> uOld: array<f32>;
    var<storage, read_write> uNew: array<f32>;
    @compute @workgroup_size(64)
    fn waveStep(@builtin(global_invocation_id) id: vec3u) {
      let x = id.x;
      let y = id.y;
      let i = y * N + x;
      let around = select(0.0, u[i - 1u], x > 0u) + select(0.0, u[i + 1u], x < N - 1u)
                 + select(0.0, u[i - N], y > 0u) + select(0.0, u[i + N], y < N - 1u);
      uNew[i] = 2.0 * u[i] - uOld[i] + ${courant} * (around - 4.0 * u[i])${cubic === 0 ? '' : ` - ${cubic} * u[i] * u[i] * u[i]`};
    }
  `);

function waveStep(constants: Wave['constants']): (waves: Waves) => Waves {
  const { n } = constants;
  const advance = waveKernel(constants);
  return ({ u, uOld }) => ({ u: advance({ u, uOld }, { count: [n, n] }).uNew, uOld: u });
}

function problem({ arrays, constants }: Wave) {
  const step = waveStep(constants);
  const run = (u: Tensor) => rollout(step, { u, uOld: u }, constants.steps, { checkpoints: 'all' });
  return { run, start: tensor(arrays.start), target: tensor(arrays.target) };
}

export function forward(given: Wave): Contest<readonly Tensor[]> {
  const { run, start } = problem(given);
  return contest(() => {
    const { u, uOld } = run(start);
    uOld.dispose();
    return [u];
  });
}

export function gradient(given: Wave): Contest<readonly Tensor[]> {
  const { run, start, target } = problem(given);
  const by = grad((u: Tensor) => run(u).u.sub(target).square().sum().mul(0.5));
  return contest(() => [by(start)]);
}

/** One launch. */
export function step({ arrays, constants }: Wave): Contest<readonly Tensor[]> {
  const advance = waveStep(constants);
  const u = tensor(arrays.start);
  return contest(() => [advance({ u, uOld: u }).u]);
}

/** One launch of the step's adjoint. */
export function stepAdjoint({ arrays, constants }: Wave): Contest<readonly Tensor[]> {
  const [u, uOld, bar] = [tensor(arrays.start), tensor(arrays.target), tensor(arrays.target)];
  const advance = waveStep(constants);
  const { pullback } = vjp((now: Waves) => advance(now).u)({ u, uOld });
  return contest(() => {
    const bars = pullback(bar);
    return [bars.uOld, bars.u];
  });
}

export const sources: Readonly<Record<string, string>> = {
  wave: waveKernel({ n: 512, steps: 1, courant: 0.25, cubic: 0 }).source,
  'cubic wave': waveKernel({ n: 512, steps: 1, courant: 0.25, cubic: 0.05 }).source,
};
