// Second derivatives where a first one is zero: what leads there passes all the same.

import { grad, hvp, jvp } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { devices } from '../util/devices.ts';

/** f and f′ at a place. */
const functions: readonly (readonly [string, number, (x: number) => number])[] = [
  ['1.0 / x', 0.7, x => -1 / x ** 2],
  ['x / (1.0 + x)', 0.7, x => 1 / (1 + x) ** 2],
  ['sqrt(x)', 0.7, x => 0.5 / Math.sqrt(x)],
  ['inverseSqrt(x)', 0.7, x => -0.5 * x ** -1.5],
  ['exp(x)', 0.7, Math.exp],
  ['exp2(x)', 0.7, x => Math.LN2 * 2 ** x],
  ['log(x)', 0.7, x => 1 / x],
  ['log2(x)', 0.7, x => Math.LOG2E / x],
  ['tan(x)', 0.7, x => 1 / Math.cos(x) ** 2],
  ['asin(x)', 0.7, x => 1 / Math.sqrt(1 - x * x)],
  ['acos(x)', 0.7, x => -1 / Math.sqrt(1 - x * x)],
  ['atan(x)', 0.7, x => 1 / (1 + x * x)],
  ['sinh(x)', 0.7, Math.cosh],
  ['cosh(x)', 0.7, Math.sinh],
  ['tanh(x)', 0.7, x => 1 / Math.cosh(x) ** 2],
  ['asinh(x)', 0.7, x => 1 / Math.sqrt(1 + x * x)],
  ['acosh(x)', 1.7, x => 1 / Math.sqrt(x * x - 1)],
  ['atanh(x)', 0.7, x => 1 / (1 - x * x)],
  ['atan2(x, 2.0)', 0.7, x => 2 / (x * x + 4)],
  ['pow(x, 2.3)', 0.7, x => 2.3 * x ** 1.3],
  ['pow(1.3, x)', 0.7, x => Math.log(1.3) * 1.3 ** x],
];

const of = (text: string): ((x: Tensor) => Tensor) => {
  const run = kernel(`
    var<storage, read> p: array<f32>;
    var<storage, read_write> z: array<f32>;
    @compute @workgroup_size(1) fn f() { let x = p[0]; let y = p[1]; z[0] = ${text}; }`);
  return p => (run({ p }, { count: 1 }) as { z: Tensor }).z.sum();
};

describe.each(devices)('second derivatives on $kind $precision', device => {
  const tolerance = device.precision === 'f64' ? 1e-12 : 2e-5;

  /** In the direction of y, by all four ways. */
  const mixed = async (text: string, x: number, y: number): Promise<number[]> => {
    const f = of(text);
    const p = tensor([x, y], [2], { device });
    const [alongX, alongY] = [tensor([1, 0], [2], { device }), tensor([0, 1], [2], { device })];
    const ways = [
      hvp(f)(p, alongY).mul(alongX).sum(),
      grad((q: Tensor) => grad(f)(q).mul(alongX).sum())(p)
        .mul(alongY)
        .sum(),
      grad((q: Tensor) => jvp(f)(q, alongX).tangent)(p)
        .mul(alongY)
        .sum(),
      jvp((q: Tensor) => jvp(f)(q, alongX).tangent)(p, alongY).tangent,
    ];
    return Promise.all(ways.map(way => way.item()));
  };

  it.each(functions)('of y · %s at y = 0 are the function’s derivative', async (text, x, slope) => {
    for (const found of await mixed(`y * (${text})`, x, 0))
      expect(Math.abs(found - slope(x))).toBeLessThan(tolerance * Math.max(1, Math.abs(slope(x))));
  });

  it.each([
    ['pow(x, y)', 1.3, 0, 1 / 1.3], // x^(y − 1) (1 + y ln x)
    ['pow(x, y)', 1.3, 1, 1 + Math.log(1.3)],
    ['pow(x + y, 2.0 + 0.0 * x)', 0, 0, 2],
    ['pow(x + y, 3.5)', 0, 0, 0],
    ['(x - y) / (2.0 + x) * (x - y)', 0.5, 0.5, -2 / 2.5], // a residual that is zero
  ])('of %s at x = %d, y = %d are %d', async (text, x, y, second) => {
    for (const found of await mixed(text, x, y)) expect(Math.abs(found - second)).toBeLessThan(tolerance * 3);
  });

  it('are those of a root that is found beforehand, and mended by two steps of Newton’s method', async () => {
    const f = of(`0.0;
      var t = detach(sqrt(x + y));
      for (var k = 0u; k < 2u; k++) { t -= (t * t - x - y) / (2.0 * t); }
      z[0] = t`);
    const p = tensor([3, 1], [2], { device });
    const along = tensor([1, 1], [2], { device });
    for (const way of [hvp(f)(p, along).sum(), jvp((q: Tensor) => jvp(f)(q, along).tangent)(p, along).tangent])
      expect(Math.abs((await way.item()) + 0.125)).toBeLessThan(tolerance); // (2 d/ds)² √s = −s^(−3/2)
  });
});
