// The laws of one contact are gradients of convex costs: half the squared distance to the cone, its differences, and limits.

import { grad } from 'retrograde/adjoint';
import { kernel, type Tensor, tensor } from 'retrograde/kernel';
import { expect, test } from 'vitest';
import { contactLaw, scalarLaws } from '../../../physics/contact/cone.wgsl.ts';
import { cpu64 } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { mulberry32 } from '../../util/random.ts';

const options = { device: cpu64 };
const laws = kernel(/* wgsl */ `
  ${contactLaw}
  var<storage, read> x: array<vec3f>;
  var<uniform> D: f32;
  var<uniform> mu: f32;
  var<uniform> m: f32;
  var<uniform> w: f32;
  var<storage, read_write> force: array<vec3f>;
  var<storage, read_write> hessian: array<f32>;
  @compute @workgroup_size(64)
  fn contactLaws(@builtin(global_invocation_id) id: vec3u) {
    force[id.x] = contactForce(x[id.x], D, mu, m, w);
    let H = contactHessian(x[id.x], D, mu, m, w);
    for (var k = 0u; k < 9u; k++) { hessian[id.x * 9u + k] = H[k / 3u][k % 3u]; }
  }
`);
const scalars = kernel(/* wgsl */ `
  ${scalarLaws}
  var<storage, read> x: array<f32>;
  var<uniform> D: f32;
  var<uniform> w: f32;
  var<storage, read_write> force: array<vec2f>;
  var<storage, read_write> slope: array<vec2f>;
  @compute @workgroup_size(64)
  fn scalarForces(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    force[i] = vec2f(pushing(x[i], D, w), rubbing(x[i], D, 3.0));
    slope[i] = vec2f(pushingSlope(x[i], D, w), rubbingSlope(x[i], D, 3.0));
  }
`);

const next = mulberry32(3);
const points = Array.from({ length: 60 }, (_, i) => (2 * next() - 1) * (i % 3 > 0 && i % 6 > 2 ? 0.1 : 1));
const x = tensor(points, [20, 3], options);
const law = (x: Tensor, given: { D: number; mu: number; m: number; w: number }) =>
  laws({ x, ...given }, { count: 20, out: { hessian: [20, 3, 3] } }) as { force: Tensor; hessian: Tensor };

/** ½ K dist² to the cone N ≥ m |U|, by its zones. */
function cost([n, s, t]: readonly number[], { D, mu, m }: { D: number; mu: number; m: number }): number {
  const [N, T] = [m * n, mu * Math.hypot(s, t)];
  const ratio = Math.max(0, (N + T / m) / (1 + 1 / m ** 2)); // nearest point of the side: N = r, T = r / m
  const nearest = N >= m * T ? [N, T] : [ratio, ratio / m];
  return (0.5 * D * ((N - nearest[0]) ** 2 + (T - nearest[1]) ** 2)) / m ** 2;
}

test('a hard contact is the gradient of the squared distance to the cone', async () => {
  const given = { D: 7, mu: 0.6, m: 0.4, w: 0 };
  const force = await law(x, given).force.read();
  const zones = new Set<string>();
  const expected = points.map((_, i) => {
    const p = points.slice(i - (i % 3), i - (i % 3) + 3);
    const [N, T] = [given.m * p[0], given.mu * Math.hypot(p[1], p[2])];
    zones.add(N >= given.m * T ? 'apart' : given.m * N + T <= 0 ? 'sticks' : 'slides');
    const at = (by: number) =>
      cost(
        p.map((v, k) => (k === i % 3 ? v + by : v)),
        given,
      );
    return -(at(1e-6) - at(-1e-6)) / 2e-6;
  });
  expect(zones.size).toBe(3);
  near(force, expected, 1e-7);
});

test.each([0, 0.3])('its Hessian is the derivative of the force, symmetric, not negative (w = %s)', async w => {
  const given = { D: 7, mu: 0.6, m: w > 0 ? 1 : 0.4, w };
  const H = await law(x, given).hessian.read();
  for (let k = 0; k < 3; k++) {
    const bar = tensor(
      Array.from({ length: 60 }, (_, i) => (i % 3 === k ? -1 : 0)),
      [20, 3],
      options,
    );
    const row = await grad((x: Tensor) => law(x, given).force.mul(bar).sum())(x).read();
    near(
      Array.from({ length: 60 }, (_, i) => H[Math.floor(i / 3) * 9 + 3 * k + (i % 3)]),
      row,
      1e-12,
    );
  }
  for (let i = 0; i < 20; i++) {
    const [a, b, c, d, e, f, g, h, j] = H.subarray(9 * i, 9 * i + 9);
    expect(Math.max(Math.abs(b - d), Math.abs(c - g), Math.abs(f - h))).toBeLessThan(1e-12);
    expect(Math.min(a, e, j, a * e - b * d)).toBeGreaterThan(-1e-12);
    expect(a * (e * j - f * h) - b * (d * j - f * g) + c * (d * h - e * g)).toBeGreaterThan(-1e-9);
  }
});

test('the smooth law is the hard one for a small w, and differentiable where nothing slides', async () => {
  const [hard, smooth] = await Promise.all([0, 1e-7].map(w => law(x, { D: 7, mu: 0.6, m: 1, w }).force.read()));
  near(smooth, hard, 1e-5);
  const still = tensor([-0.2, 0, 0], [1, 3], options);
  const one = (x: Tensor) => laws({ x, D: 7, mu: 0.6, m: 1, w: 0.1 }, { count: 1, out: { hessian: [1, 3, 3] } });
  const { force, hessian } = one(still) as { force: Tensor; hessian: Tensor };
  const r = Math.hypot(0.2, 0.1);
  near(await force.read(), [3.5 * (0.2 + r), 0, 0], 1e-12);
  const sticks = 7 * 0.36 * (0.5 + 0.1 / r);
  near(await hessian.read(), [3.5 * (1 + 0.2 / r), 0, 0, 0, sticks, 0, 0, 0, sticks], 1e-12);
});

test('one-sided and dry friction laws have their closed forms', async () => {
  const at = tensor([-2, -0.1, 0.4, 2], [4], options);
  const { force, slope } = scalars({ x: at, D: 2, w: 0 }, { count: 4 });
  near(await force.read(), [4, 3, 0.2, 0.2, 0, -0.8, 0, -3], 1e-14);
  near(await slope.read(), [2, 0, 2, 2, 0, 2, 0, 0], 1e-14);
  const soft = scalars({ x: at, D: 2, w: 0.5 }, { count: 4 });
  const pushes = [-2, -0.1, 0.4, 2].map(x => Math.hypot(x, 0.5) - x);
  near(
    Array.from(await soft.force.read()).filter((_, k) => k % 2 === 0),
    pushes,
    1e-14,
  );
});
