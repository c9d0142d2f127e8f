// Specification of signed distances: a bowl, a torus, exact normals, and derivatives in points and parameters.

import { checkGradient } from 'retrograde/adjoint';
import { signedDistance } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { devices } from '../util/devices.ts';
import { numbers, on64 } from '../util/numbers.ts';

const bowl = signedDistance('fn distance(p: vec3f) -> f32 { return params[0] - length(p); }');
const torus = signedDistance(`
  fn distance(p: vec3f) -> f32 {
    let q = vec2f(length(p.xy) - params[0], p.z);
    return length(q) - params[1];
  }
`);

describe.each(devices)('a bowl on $description', device => {
  it('holds a ball', async () => {
    const on = (words: readonly number[], shape: readonly number[]) => tensor([...words], shape, { device });
    const found = bowl(on([0, 0, -0.9], [1, 3]), { radius: on([0.2], [1]), params: on([1], [1]) });
    expect(await found.gap.item()).toBeCloseTo(-0.1, 6);
    expect(Array.from(await found.normal.read()).map(v => Math.round(v * 1e6) / 1e6 + 0)).toEqual([0, 0, 1]);
    expect((await found.point.read())[2]).toBeCloseTo(-1.05, 6);
  });
});

describe('a torus', () => {
  const points = on64(numbers(15, 3), [5, 3]);
  const params = on64([0.7, 0.2]);
  const radius = on64([0.1, 0.2, 0.3, 0.1, 0.2]);

  it('has normals that lead from its surface to the points', async () => {
    const { gap, normal, point } = torus(points, { params });
    const [g, n, p, m] = await Promise.all([gap, normal, points, point].map(x => x.read()));
    const surface = on64(
      Array.from({ length: 15 }, (_, k) => p[k] - g[Math.floor(k / 3)] * n[k]),
      [5, 3],
    );
    for (const v of await torus(surface, { params }).gap.read()) expect(v).toBeCloseTo(0, 12);
    Array.from(m).forEach((v, k) => void expect(v).toBeCloseTo(p[k] - 0.5 * g[Math.floor(k / 3)] * n[k], 12));
  });

  it('has derivatives of gap, normal and point', async () => {
    await checkGradient(given => ({ ...torus(given.points, given) }), { points, params, radius });
  });
});

it('points of other shapes are refused', () => {
  expect(() => bowl(on64([1, 2]))).toThrow('signedDistance: points have shape [2]; give [n, 3].');
});
