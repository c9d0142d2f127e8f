// Specification of gauss-newton.ts, identifiability.ts, student.ts and robust.ts, and of levenberg-marquardt.ts by certified fits.
// NIST Statistical Reference Datasets, nonlinear regression: Misra1a–d and DanWood, certified values and standard deviations.

import { checkGradient } from 'retrograde/adjoint';
import { type Tensor, tensor } from 'retrograde/kernel';
import {
  cauchy,
  fromVector,
  gaussNewton,
  huber,
  identifiability,
  leastSquares,
  levenbergMarquardt,
  normalEquations,
  standardErrors,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { studentQuantile } from '../../solvers/fit/student.ts';
import { cpu64 } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const on64 = (data: readonly number[]) => tensor(Float64Array.from(data), undefined, { device: cpu64 });

const misra = {
  x: [77.6, 114.9, 141.1, 190.8, 239.9, 289, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760],
  y: [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78],
};
const wood = { x: [1.309, 1.471, 1.49, 1.565, 1.611, 1.68], y: [2.138, 3.421, 3.597, 4.34, 4.882, 5.66] };

interface Dataset {
  readonly name: string;
  readonly data: { readonly x: readonly number[]; readonly y: readonly number[] };
  readonly model: (a: Tensor, b: Tensor, x: Tensor) => Tensor;
  readonly starts: readonly (readonly number[])[];
  readonly certified: readonly number[];
  readonly deviations: readonly number[];
  readonly rss: number;
}
const datasets: readonly Dataset[] = [
  {
    name: 'Misra1a',
    data: misra,
    model: (a, b, x) => a.mul(b.mul(x).neg().exp().neg().add(1)),
    starts: [
      [500, 0.0001],
      [250, 0.0005],
    ],
    certified: [238.94212918, 5.5015643181e-4],
    deviations: [2.7070075241, 7.2668688436e-6],
    rss: 0.12455138894,
  },
  {
    name: 'Misra1b',
    data: misra,
    model: (a, b, x) => a.mul(b.mul(x).div(2).add(1).pow(-2).neg().add(1)),
    starts: [
      [500, 0.0001],
      [300, 0.0002],
    ],
    certified: [337.99746163, 3.9039091287e-4],
    deviations: [3.1643950207, 4.2547321834e-6],
    rss: 0.075464681533,
  },
  {
    name: 'Misra1c',
    data: misra,
    model: (a, b, x) => a.mul(b.mul(x).mul(2).add(1).pow(-0.5).neg().add(1)),
    starts: [
      [500, 0.0001],
      [600, 0.0002],
    ],
    certified: [636.42725809, 2.0813627256e-4],
    deviations: [4.6638326572, 1.7728423155e-6],
    rss: 0.040966836971,
  },
  {
    name: 'Misra1d',
    data: misra,
    model: (a, b, x) => a.mul(b).mul(x).div(b.mul(x).add(1)),
    starts: [
      [500, 0.0001],
      [450, 0.0003],
    ],
    certified: [437.36970754, 3.0227324449e-4],
    deviations: [3.6489174345, 2.9334354479e-6],
    rss: 0.056419295283,
  },
  {
    name: 'DanWood',
    data: wood,
    model: (a, b, x) => a.mul(b.mul(x.log()).exp()),
    starts: [
      [1, 5],
      [0.7, 4],
    ],
    certified: [0.76886226176, 3.8604055871],
    deviations: [0.01828197386, 0.051726610913],
    rss: 0.0043173084083,
  },
];
const like = { a: on64([1]), b: on64([1]) };
const problemOf = ({ model, data }: Dataset) => {
  const [x, y] = [on64(data.x), on64(data.y)];
  return leastSquares(({ a, b }: typeof like) => model(a, b, x).sub(y), like);
};

describe.each(datasets)('NIST $name', dataset => {
  const { starts, certified, deviations, rss } = dataset;
  it.each([levenbergMarquardt, gaussNewton])(
    'is fitted to the certified digits from both starts by %o',
    async method => {
      const problem = problemOf(dataset);
      for (const start of method === gaussNewton ? starts.slice(1) : starts) {
        const { x, value } = await method(problem, Float64Array.from(start), {
          scale: start,
          xtol: 1e-12,
          rtol: 0,
          iterations: 200,
        });
        certified.forEach((b, i) => {
          expect(x[i] / b).toBeCloseTo(1, 8);
        });
        expect(value / rss).toBeCloseTo(1, 9);
        const model = await problem.normalEquations(x);
        const report = identifiability(model, { names: ['a', 'b'] });
        deviations.forEach((s, i) => {
          expect(report.standardErrors[i] / s).toBeCloseTo(1, 6);
          expect(report.standardErrors[i] / standardErrors(model)[i]).toBeCloseTo(1, 5);
        });
        expect(report.rank).toBe(2);
        expect(report.variance).toBeCloseTo(rss / (dataset.data.x.length - 2), 10);
      }
    },
  );
});

describe('identifiability', () => {
  it('has intervals of Student’s t', () => {
    expect(studentQuantile(0.95, 1)).toBeCloseTo(12.706204736432095, 9);
    expect(studentQuantile(0.95, 2)).toBeCloseTo(4.302652729911275, 9);
    expect(studentQuantile(0.95, 12)).toBeCloseTo(2.178812829663418, 9);
    expect(studentQuantile(0.99, 5)).toBeCloseTo(4.032142983557536, 9);
    expect(studentQuantile(0.95, 100000)).toBeCloseTo(1.959987, 5);
    const report = identifiability(normalEquations([0.1, -0.1, 0.1, -0.1], [[1, 1, 1, 1]]), { level: 0.9 });
    expect(report.standardErrors[0]).toBeCloseTo(Math.sqrt(0.04 / 3 / 4), 12);
    expect(report.intervals[0]).toBeCloseTo(2.353363434801824 * Math.sqrt(0.04 / 3 / 4), 9);
    expect(report.remedies).toEqual([]);
  });

  it('tells what the data do not determine, and what to do', () => {
    const [u, v] = [
      [1, 2, 3, 4, 5],
      [2, 0, 1, 0, 1],
    ];
    const r = [0.1, 0, -0.1, 0, 0.1];
    const twins = identifiability(normalEquations(r, [u, v, u.map(x => 10 * x)]), { names: ['p', 'q', 's'] });
    expect(twins.rank).toBe(2);
    expect(twins.standardErrors[0]).toBe(Number.POSITIVE_INFINITY);
    expect(Number.isFinite(twins.standardErrors[1])).toBe(true);
    expect(twins.remedies[0]).toBe(
      'The residuals do not determine p and s together: keep one of them fixed, or add residuals that tell them apart.',
    );
    const [p, , s] = twins.undetermined[0];
    expect(p / s).toBeCloseTo(-10, 6);
    const idle = identifiability(normalEquations(r, [u, r.map(() => 0)]));
    expect(idle.rank).toBe(1);
    expect(idle.remedies).toContain(
      'The residuals do not determine x[1]: keep it fixed, or add residuals that depend on it.',
    );
    const units = identifiability(normalEquations(r, [u, v.map(x => 1e6 * x)]));
    expect(units.condition).toBeLessThan(3);
    expect(units.unscaledCondition).toBeGreaterThan(1e5);
    expect(units.remedies[0]).toMatch(
      /^The sizes of the unknowns differ: give scales, such as 1e-1 for x\[0\], 1e-6 for/,
    );
    const near = identifiability(normalEquations(r, [u, u.map((x, i) => x + 1e-5 * v[i])]), { tolerance: 1e-14 });
    expect(near.remedies[0]).toContain('hardly determine x[0] and x[1] together');
  });

  it('refuses too little, and what is no number', () => {
    const one = normalEquations([1], [[1]]);
    expect(() => identifiability(one)).toThrow(
      '1 residuals cannot tell the variance of a fit of 1 unknowns; give at least 2.',
    );
    const nan = normalEquations([1, 2], [[1, Number.NaN]]);
    expect(() => identifiability(nan)).toThrow('the normal equations hold numbers that are not finite');
    expect(() => identifiability(one, { level: 95 })).toThrow(
      'identifiability: level is 95; it must be between 0 and 1.',
    );
    expect(() => identifiability(one, { names: [] })).toThrow(
      'identifiability: 0 names for 1 unknowns; give one each.',
    );
  });
});

describe('robust losses', () => {
  it.each([huber(0.7), cauchy(0.7)])('$name: the sum, its gradient and its weights agree', async loss => {
    const random = mulberry32(3);
    const r = Array.from({ length: 20 }, () => 4 * random() - 2);
    const expected = r.reduce((sum, v) => sum + loss.rho(v * v), 0);
    expect(await loss.sum(on64(r)).item()).toBeCloseTo(expected, 12);
    expect((await checkGradient((r: Tensor) => loss.sum(r), on64(r))).dotProduct).toBeLessThan(1e-12);
    for (const v of r) {
      const slope = (loss.rho((v + 1e-6) ** 2) - loss.rho((v - 1e-6) ** 2)) / 2e-6;
      expect(slope).toBeCloseTo(2 * v * loss.weight(v * v), 7);
    }
  });

  it.each([
    [undefined, 1],
    [huber(0.1), 0.1],
    [cauchy(0.1), 0.02],
  ] as const)('a line through points of which two are far off, by %o', async (loss, off) => {
    const times = Array.from({ length: 20 }, (_, i) => i / 10);
    const seen = times.map((t, i) => 1 + 2 * t + (i === 4 || i === 15 ? 8 : 0.01 * Math.sin(7 * i)));
    const residual = ({ a, b }: typeof like) => b.mul(on64(times)).add(a).sub(on64(seen));
    const options = { iterations: 200, rtol: 1e-12, xtol: 1e-10 };
    const fit = await levenbergMarquardt(
      leastSquares(residual, like, loss && { loss }),
      Float64Array.of(0, 0),
      options,
    );
    const error = Math.max(Math.abs(fit.x[0] - 1), Math.abs(fit.x[1] - 2));
    expect(error).toBeLessThan(off);
    if (!loss) expect(error).toBeGreaterThan(0.3);
    else expect(await loss.sum(residual(fromVector(like, fit.x))).item()).toBeCloseTo(fit.value, 10);
  });

  it('refuse a border that is none', () => {
    expect(() => huber(0)).toThrow('huber: delta is 0; it must be positive: the residual from which outliers begin.');
    expect(() => cauchy(Number.NaN)).toThrow('cauchy: delta is NaN; it must be positive');
  });
});

describe('fits that cannot begin', () => {
  const problem = leastSquares(({ a, b }: typeof like) => a.log().add(b), like);
  const nowhere = Float64Array.of(-1, 0);
  it('say so', async () => {
    const ends = 'the sum of squares is NaN at the start; start where it is finite.';
    await expect(levenbergMarquardt(problem, nowhere)).rejects.toThrow(`levenbergMarquardt: ${ends}`);
    await expect(gaussNewton(problem, nowhere)).rejects.toThrow(`gaussNewton: ${ends}`);
    await expect(gaussNewton(problem, [1] as never)).rejects.toThrow('gaussNewton: the start is [1]; give a');
    const sizes = 'scale is [1]; it must be 2 positive numbers, one for each unknown.';
    await expect(levenbergMarquardt(problem, nowhere, { scale: [1] })).rejects.toThrow(`levenbergMarquardt: ${sizes}`);
    await expect(gaussNewton(problem, nowhere, { scale: [1] })).rejects.toThrow(`gaussNewton: ${sizes}`);
    await expect(levenbergMarquardt(problem, nowhere, { tol: 1 } as never)).rejects.toThrow("there is no option 'tol'");
    expect(() => leastSquares(({ a }: typeof like) => a, like, { loss: undefined, f: 1 } as never)).toThrow(
      "no option 'f'",
    );
  });

  it('without full rank, Gauss–Newton stalls where Levenberg and Marquardt go on', async () => {
    const both = leastSquares(({ a, b }: typeof like) => a.mul(b.mul(0).add(1)).sub(on64([2, 2.1])), like);
    expect((await levenbergMarquardt(both, Float64Array.of(0, 0))).x[0]).toBeCloseTo(2.05, 6);
  });
});
