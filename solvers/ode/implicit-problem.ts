/** The parts of a problem that is solved by an implicit method: its steps on packed states. */

import type { Tensor } from '../../kernel/index.ts';
import { newton } from '../newton.ts';
import type { Tolerances } from './control.ts';
import { followStep, type ImplicitSystem, takeStep } from './dirk.ts';
import type { ImplicitTableau } from './implicit-tableau.ts';
import type { Attempts, Problem } from './problem.ts';
import type { Leaves, Rate } from './runge-kutta.ts';
import { tolerancesOf } from './settings.ts';
import { layoutOf } from './stage-layout.ts';
import { blockNewton } from './stage-newton.ts';
import { asAllowed, type Closeness, exactly } from './stage-solver.ts';

type Parts = Pick<Problem<unknown, unknown, unknown>, 'step' | 'attempts' | 'stages' | 'given' | 'evaluations'>;

export function implicitParts<Y, P, S>(
  method: ImplicitTableau,
  rate: Rate,
  { start, clock, interval, options }: Pick<Problem<Y, P, S>, 'start' | 'clock' | 'interval' | 'options'>,
): Parts {
  const { device } = interval;
  const { root = newton() } = options;
  const layout = layoutOf(start, clock[0], root.elimination ?? {});
  const { pack, unpack } = layout;
  const solver = blockNewton(layout, device);
  const system = (closeness: Closeness): ImplicitSystem => ({
    layout,
    solver,
    closeness,
    rate: (y, t) => pack(rate(unpack(y), t)),
  });
  const implicit = method.a.filter((row, i) => row[i] !== 0).length;
  const given = options.steps !== undefined || options.dt !== undefined;
  const { rtol, atol } = tolerancesOf(device, options);
  const exact = system(exactly(device));
  const followed = given ? exact : system(asAllowed(device, rtol, atol));
  const evaluations = ({ closeness }: ImplicitSystem): number =>
    method.a.length - implicit + implicit * closeness.iterations;
  const attempts = ({ rtol, atol }: Tolerances): Attempts => {
    const allowed = system(asAllowed(device, rtol, atol));
    return {
      run(y, t, dt) {
        const { y: next, error, solved, failed } = takeStep(method, allowed, pack(y), t, dt);
        return { y: unpack(next), error: unpack(error as Tensor), rate: [], solved, failed };
      },
      endsWithRate: false,
      evaluations: evaluations(allowed),
    };
  };
  return {
    step: (y: Leaves, t: Tensor, dt: Tensor, noted?: readonly Tensor[]) =>
      unpack(followStep(method, followed, pack(y), t, dt, noted)),
    attempts: method.embedded && attempts,
    stages: { count: implicit, shape: layout.shape },
    given(y, t, dt) {
      const { y: next, solved, failed } = takeStep(method, exact, pack(y), t, dt);
      return { y: unpack(next), solved, failed };
    },
    evaluations: evaluations(exact),
  };
}
