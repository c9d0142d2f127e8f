/** The parts of a problem that is solved by an implicit method: its steps on packed states. */

import type { Flat } from '../../../adjoint/index.ts';
import type { Device, Tensor } from '../../../kernel/index.ts';
import { newton, newtonKrylov, type RootMethod } from '../../roots/newton.ts';
import type { Attempts, Problem } from '../problem.ts';
import type { Leaves, Rate } from '../runge-kutta.ts';
import { tolerancesOf } from '../tolerances.ts';
import { type Dirk, followStep, type ImplicitSystem, takeStep } from './dirk.ts';
import { isLinearPart, type LinearPart, linearStages, operatorsOf, product } from './linear-part.ts';
import { generalNewton } from './stage-general.ts';
import { type Layout, layoutOf } from './stage-layout.ts';
import { blockNewton } from './stage-newton.ts';
import { asAllowed, type Closeness, exactly } from './stage-solver.ts';

type Parts = Pick<Problem<unknown, unknown, unknown>, 'step' | 'attempts' | 'stages' | 'given' | 'evaluations'>;

/** @param rate The implicit part: a function, or an operator A of −A y. @param explicit The other part, if there is one. */
export function implicitParts<Y, P, S>(
  method: Dirk,
  rate: Rate | LinearPart,
  explicit: Rate | undefined,
  {
    form,
    start,
    clock,
    interval,
    options,
  }: Pick<Problem<Y, P, S>, 'form' | 'start' | 'clock' | 'interval' | 'options'>,
): Parts {
  const { device } = interval;
  if (isLinearPart(rate)) checkDirect(options);
  const size = start.reduce((sum, leaf) => sum + leaf.size, 0);
  const { root = size / (clock[0] ?? 1) <= fewUnknowns ? newton() : newtonKrylov() } = options;
  const layout = layoutOf(start, clock[0], root.elimination ?? {});
  const { pack, unpack } = layout;
  const packed =
    (f: Rate) =>
    (y: Tensor, t: Tensor): Tensor =>
      pack(f(unpack(y), t));
  const stages = isLinearPart(rate)
    ? linearParts(rate, form, layout)
    : nonlinearStages(packed(rate), root, layout, device, clock[0] ?? 1);
  const system = (closeness: Closeness): ImplicitSystem => ({
    layout,
    closeness: isLinearPart(rate) ? { ...closeness, fresh: true } : closeness,
    ...stages,
    ...(explicit && { explicit: packed(explicit) }),
  });
  const implicit = method.a.filter((row, i) => row[i] !== 0).length;
  const given = options.steps !== undefined || options.dt !== undefined;
  const { rtol, atol } = tolerancesOf(form, options);
  const forStages = asAllowed(device, rtol, typeof options.atol === 'object' ? pack(atol) : atol[0]);
  const exact = system(exactly(device));
  const followed = given ? exact : system(forStages);
  const evaluations = ({ closeness }: ImplicitSystem): number =>
    method.a.length - implicit + implicit * closeness.iterations;
  const attempts = (): Attempts => {
    const allowed = system(forStages);
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

type Stages = Pick<ImplicitSystem, 'rate' | 'solver'>;

/** Unknowns of a row that are eliminated unless something else is asked for. */
const fewUnknowns = 64;

function nonlinearStages(
  rate: ImplicitSystem['rate'],
  root: RootMethod,
  layout: Layout,
  device: Device,
  rows: number,
): Stages {
  if (root.elimination) {
    root.check(layout.blocks.rows);
    return { rate, solver: blockNewton(layout, device) };
  }
  root.check(layout.blocks.count * layout.blocks.rows);
  return { rate, solver: generalNewton(root, layout, rows) };
}

/** @throws TypeError if a method of iteration is given. */
function checkDirect({ root }: { readonly root?: unknown }): void {
  if (root !== undefined)
    throw new TypeError(
      'odeSolve: root is for stages that are found by iteration, and those of { minus: A } are linear; say how by implicit.linearSolve.',
    );
}

function linearParts(part: LinearPart, form: Flat<unknown>, layout: Layout): Stages {
  const operators = operatorsOf(part, form);
  return {
    rate: y => layout.pack(product(operators, layout.unpack(y)).map(leaf => leaf.neg())),
    solver: linearStages(operators, layout, part.linearSolve),
  };
}
