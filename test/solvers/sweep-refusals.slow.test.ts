// What optimisers, fits, roots and fixed points refuse, and that they are never quiet: as a user with odd numbers and misspelt options
// meets them. Grids have grid-faces, linear solves sparse/sweep-refusals.

import type { Tensor } from 'retrograde/kernel';
import { tensor, zeros } from 'retrograde/kernel';
import {
  boxQp,
  fixedPoint,
  gaussNewton,
  identifiability,
  type LeastSquares,
  lbfgs,
  leastSquares,
  levenbergMarquardt,
  minimize,
  newton,
  newtonKrylov,
  normalEquations,
  rootFind,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';

const at = on64([3, -2]);
const bowl = (x: Tensor) => x.sub(1).square().sum();
const line = leastSquares((x: Tensor) => x.sub(on64([1, 2])), at);
const half = (y: Tensor, p: Tensor) => y.mul(0.5).add(p);
const none = undefined as never;
const broken = normalEquations(
  [1, 1],
  [
    [Number.NaN, 0],
    [0, 1],
  ],
);

describe('arguments', () => {
  const H = on64([2, 0, 0, 2], [2, 2]);
  const g = on64([1, 1]);
  const none2 = on64([Number.NaN, 1]);
  it.each<[string, () => unknown, string]>([
    ['a loss that is none', () => minimize(3 as never, at, lbfgs()), 'minimize: the loss is 3; give a function from'],
    ['no parameters', () => minimize(() => on64(1), {}, lbfgs()), 'minimize: the parameters hold no tensors; give at'],
    [
      'a tolerance',
      () => minimize(bowl, at, lbfgs(), { gradientTolerance: -1 }),
      'minimize: gradientTolerance is -1; it must not be negative.',
    ],
    ['a tolerance', () => minimize(bowl, at, lbfgs(), { rtol: Number.NaN }), 'minimize: rtol is NaN; it must not be'],
    [
      'a state that is none',
      () => minimize(bowl, at, lbfgs(), { state: { method: 'lbfgs' } as never }),
      'minimize: the state is of no unknowns and the parameters are 2; go on with the parameters it is of.',
    ],
    [
      'a state of others',
      async () => {
        const { state } = await minimize(bowl, on64([1, 2, 3]), lbfgs(), { iterations: 1 });
        return minimize(bowl, at, lbfgs(), { state });
      },
      'minimize: the state is of 3 unknowns and the parameters are 2; go on with the parameters it is of.',
    ],
    ['a residual that is none', () => leastSquares(3 as never, at), 'leastSquares: the residual is 3; give a function'],
    [
      'a fit of others',
      () => levenbergMarquardt(line, Float64Array.of(0)),
      'leastSquares: 1 numbers for 2 unknowns; start from await toVector(params), of parameters like those given here.',
    ],
    ...(['levenbergMarquardt', 'gaussNewton'] as const).flatMap((who): [string, () => unknown, string][] => {
      const solve = who === 'gaussNewton' ? gaussNewton : levenbergMarquardt;
      const start = Float64Array.of(0, 0);
      return [
        [who, () => solve(line, start, { iterations: -1 }), `${who}: -1 iterations; give a whole number from 0.`],
        [who, () => solve(line, start, { xtol: -1 }), `${who}: xtol is -1; it must not be negative.`],
        [
          who,
          () => solve(line, start, { tolerance: 1 } as never),
          `${who}: there is no option 'tolerance'; the options are`,
        ],
        [
          who,
          () => solve({} as LeastSquares, start),
          `${who}: the problem's value is undefined; give what leastSquares(`,
        ],
        [
          who,
          () => solve(line, start, { state: { x: Float64Array.of(1), lambda: 1, history: [] } }),
          `${who}: the state is of 1 unknowns and the start of 2; go on with the problem it is of.`,
        ],
        [
          who,
          () => solve({ ...line, normalEquations: async () => broken }, start),
          `${who}: the residual is finite, but its derivative by unknown 0 is not; look at it with debug(), or move away`,
        ],
      ];
    }),
    [
      'project',
      () => gaussNewton(line, Float64Array.of(0, 0), { project: (x: unknown) => x } as never),
      "no option 'pro",
    ],
    [
      'a fit of nothing',
      () => identifiability(normalEquations([1], [])),
      'identifiability: the fit has no unknowns; give',
    ],
    [
      'a misspelt bound',
      () => boxQp({ H, g, lower: g } as never),
      "boxQp: there is no option 'lower'; the options are",
    ],
    ['a number for a bound', () => boxQp({ H, g, low: 0 as never }), 'boxQp: low is 0; give a tensor of f32.'],
    ['H elsewhere', () => boxQp({ H: tensor([[1]]), g }), "boxQp: H is not on g's device; move it there: await H.to("],
    [
      'integers',
      () => boxQp({ H, g: tensor(Int32Array.of(1, 1), undefined, { device: cpu64 }) }),
      'boxQp: g is of i32',
    ],
    [
      'no unknowns',
      () => boxQp({ H: zeros([0, 0]), g: zeros([0]) }),
      'boxQp: H has shape [0, 0] and g [0]; they must be',
    ],
    ['NaN', () => boxQp({ H, g: none2 }), 'boxQp: H or g holds numbers that are not finite; all of them must be.'],
    [
      'bounds that cross',
      () => boxQp({ H, g, low: on64([0, 1]), high: on64([1, 0]) }),
      'boxQp: the bounds of unknown 1 are 1 and 0; low must not be above high.',
    ],
    [
      'a diagonal of 0',
      () => boxQp({ H: on64([1, 0, 0, -1], [2, 2]), g }),
      'boxQp: H has -1 on the diagonal of row 1; it must be positive definite, or the program has no least.',
    ],
    [
      'an indefinite matrix',
      () => boxQp({ H: on64([1, 2, 2, 1], [2, 2]), g, low: on64([-1, -1]), high: on64([1, 1]) }),
      'boxQp: H is not positive definite, so there may be no least; add a multiple of the identity.',
    ],
    [
      'a matrix that is not symmetric',
      () => boxQp({ H: on64([2, 1, 0, 2], [2, 2]), g }),
      'boxQp: H is not symmetric: it holds 0 at (1, 0) and 1 at (0, 1); take ½ (H + Hᵀ).',
    ],
    [
      'a method',
      () => rootFind(half, at, at, { method: newton as never }),
      'rootFind: the method is a function; give what',
    ],
    [
      'a tolerance',
      () => rootFind(half, at, at, { rtol: 1 }),
      'rootFind: rtol is 1, which the start would meet; give a',
    ],
    [
      'a tolerance',
      () => fixedPoint(half, at, at, { rtol: 2 }),
      'fixedPoint: rtol is 2, which the start would meet; give',
    ],
    ['no equation', () => rootFind(none, at, at), 'rootFind: the equation is undefined; give a function (y, p) => ….'],
  ])('%s', async (_, act, message) => {
    await expect((async () => act())()).rejects.toThrow(message);
  });

  it('a program that only its numbers tell is wrong is told by the next read of a GPU', async () => {
    const there = (v: number[], shape?: number[]) => tensor(v, shape, { device: gpu });
    const x = boxQp({ H: there([2, 1, 0, 2], [2, 2]), g: there([1, 1]) }, { maxSteps: 1, warmUp: 1 });
    await expect(x.read()).rejects.toThrow('boxQp: H is not symmetric');
  });
});

describe('equations of any size', () => {
  const sizes = { f64: [1e-250, 1e-160, 1e160, 1e250], f32: [1e-36, 1e-25, 1e18, 1e36] };
  it.each([cpu64, cpu32])('are solved, not taken for solved, on $description', async device => {
    for (const size of sizes[device.precision]) {
      const on = (v: number) => tensor([v], undefined, { device });
      for (const method of [newton(), newtonKrylov()]) {
        const y = rootFind((y: Tensor, p: Tensor) => y.square().sub(p).mul(size), on(1), on(2), { method });
        expect(await y.item(), `${size}`).toBeCloseTo(Math.SQRT2, 5);
      }
      for (const anderson of [0, 2]) {
        const y = fixedPoint(half, on(0), on(size), { anderson });
        expect((await y.item()) / size, `${size}`).toBeCloseTo(2, 4);
      }
    }
  });

  it('failures and reports are in their units', () => {
    const on = (v: number) => tensor([v], undefined, { device: cpu32 });
    const F = (y: Tensor, p: Tensor) => y.square().add(p).mul(1e-30);
    expect(() => rootFind(F, on(0.5), on(1))).toThrow(/left \|F\| at 1\.\d\de-30 after/);
    const left: number[] = [];
    rootFind((y: Tensor, p: Tensor) => y.sub(p).mul(1e-30), on(1.5), on(1), {
      atol: 1e-30,
      onSolved: ({ residual }) => left.push(residual),
    });
    expect(left[0]).toBeLessThan(1e-30);
    expect(() => fixedPoint(half, on(0), on(1e-30), { maxSteps: 1, anderson: 0 })).toThrow(
      /\|g\(y\) − y\| is 0\.\d+ after 1 .* \(all of y in units of 7\.89e-31\)\./,
    );
  });

  it.each(devices)('with no unknowns have the solution that there is, on $description', async device => {
    const empty = zeros([0], { device });
    expect(rootFind((y: Tensor) => y, empty, empty).shape).toEqual([0]);
  });
});

describe('losses that go nowhere', () => {
  it('end with a reason: no lower bound, no slope, no number', async () => {
    const falls = await minimize((x: Tensor) => x.sum(), at, lbfgs(), { iterations: 5 });
    expect(falls.reason).toBe('iterations');
    expect(falls.value).toBeLessThan(-10);
    expect((await minimize(bowl, on64([1, 1]), lbfgs())).reason).toBe('converged');
    const pole = await minimize((x: Tensor) => x.log().sum(), on64([1e-3]), lbfgs());
    expect(['diverged', 'stalled', 'iterations']).toContain(pole.reason);
    const flat = await levenbergMarquardt(
      leastSquares((x: Tensor) => x.mul(0).add(1), at),
      Float64Array.of(0, 0),
    );
    expect(flat.reason).toBe('stalled');
  });
});
