// Specification of Fourier transforms: against a direct sum, Parseval, back and forth, adjoints, devices, bad input.

import { checkGradient, hvp, vjp } from 'retrograde/adjoint';
import type { Tensor } from 'retrograde/kernel';
import { type Complex, fft, ifft } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { on, random } from '../../util/fields.ts';

const complex = (shape: readonly number[], seed: number, device = cpu64): Complex => ({
  re: random(shape, seed, device).sub(0.5),
  im: random(shape, seed + 1, device).sub(0.5),
});

/** Along the last axis, as it is defined. */
function direct(re: ArrayLike<number>, im: ArrayLike<number>, n: number): { re: number[]; im: number[] } {
  const out = { re: [] as number[], im: [] as number[] };
  for (let row = 0; row < re.length / n; row++)
    for (let k = 0; k < n; k++) {
      let [a, b] = [0, 0];
      for (let j = 0; j < n; j++) {
        const turn = (-2 * Math.PI * ((j * k) % n)) / n;
        const [x, y] = [re[row * n + j], im[row * n + j]];
        a += Math.cos(turn) * x - Math.sin(turn) * y;
        b += Math.cos(turn) * y + Math.sin(turn) * x;
      }
      out.re.push(a);
      out.im.push(b);
    }
  return out;
}
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(b, (v, k) => Math.abs(v - a[k])));

describe('fft', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 20, 32, 49, 60, 64, 128, 210, 11, 13, 22, 97, 143])(
    'is the sum it is defined as, n = %i',
    async n => {
      const x = complex([2, n], n);
      const expected = direct(await x.re.read(), await x.im.read(), n);
      const { re, im } = fft(x, { axes: [-1] });
      expect(apart(await re.read(), expected.re)).toBeLessThan(1e-13 * n);
      expect(apart(await im.read(), expected.im)).toBeLessThan(1e-13 * n);
      const back = ifft({ re, im }, { axes: [1] });
      expect(apart(await back.re.read(), await x.re.read())).toBeLessThan(1e-14);
      expect(apart(await back.im.read(), await x.im.read())).toBeLessThan(1e-14);
    },
  );

  it('along any axis, one after the other, and of real numbers', async () => {
    const x = random([3, 4, 10], 5);
    const all = fft(x);
    const one = fft(fft(fft(x, { axes: [1] }), { axes: [0] }), { axes: [-1] });
    expect(apart(await all.re.read(), await one.re.read())).toBeLessThan(1e-12);
    expect(apart(await all.im.read(), await one.im.read())).toBeLessThan(1e-12);
    const middle = await fft(x, { axes: [1] }).im.read();
    const rows = await x.transpose([0, 2, 1]).read();
    const expected = direct(rows, new Float64Array(120), 4).im;
    const turned = Array.from({ length: 120 }, (_, i) => {
      const [a, b, c] = [Math.floor(i / 40), Math.floor(i / 10) % 4, i % 10];
      return expected[(a * 10 + c) * 4 + b];
    });
    expect(apart(middle, turned)).toBeLessThan(1e-13);
    const sum = all.re.square().add(all.im.square()).sum();
    expect((await sum.item()) / (120 * (await x.square().sum().item()))).toBeCloseTo(1, 13); // Parseval
    expect(await all.re.slice(0, 1).reshape([40]).slice(0, 1).item()).toBeCloseTo(await x.sum().item(), 12);
  });

  it('its derivatives are transforms', async () => {
    const at = complex([6, 5], 1);
    const both = (x: Complex): Complex => {
      const { re, im } = fft(x);
      return ifft({ re: re.mul(im), im: re.sin() }, { axes: [0] });
    };
    expect((await checkGradient(both, at)).dotProduct).toBeLessThan(1e-13);
    const loss = (x: Complex): Tensor => both(x).im.square().sum();
    expect((await checkGradient((x: Complex) => hvp(loss)(x, x).re.sum(), at)).dotProduct).toBeLessThan(1e-11);
    for (const shape of [[8, 3], [2, 11, 3]]) // biome-ignore format: a table
      expect((await checkGradient((x: Tensor) => fft(x).im.square().sum(), random(shape, 4))).dotProduct).toBeLessThan(
        1e-13,
      );
  });

  it('devices agree', async () => {
    const results = await Promise.all(
      [cpu64, cpu32, gpu].map(async device => {
        const x = random([5, 16, 11], 3, device);
        const { value, pullback } = vjp((given: Tensor) => fft(given, { axes: [1, 2] }).im)(x);
        return { value: await value.read(), bar: await pullback(x).read() };
      }),
    );
    for (const { value, bar } of results.slice(1)) {
      expect(apart(value, results[0].value)).toBeLessThan(1e-5);
      expect(apart(bar, results[0].bar)).toBeLessThan(2e-5);
    }
  });

  it('names what is wrong', () => {
    expect(() => fft(random([3, 0], 1))).toThrow('fft: axis 1 has length 0; there is nothing to transform.');
    expect(() => fft(on([1, 2]), { axes: [1] })).toThrow('fft: axis 1 is not one of x, which has 1: they are -1 … 0.');
    expect(() => ifft({ re: on([1, 2]), im: on([1]) })).toThrow(
      'ifft: the real part has shape [2] and the imaginary one [1]; they must be alike.',
    );
    expect(() => fft(3 as unknown as Tensor)).toThrow('fft: x is 3; give a tensor, or { re, im }.');
  });
});
