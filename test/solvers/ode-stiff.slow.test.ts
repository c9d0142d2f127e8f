// Stiff problems with known solutions, by odeSolve and kvaerno5. Numbers from reference/cases.json: roberts, vdp_mu1000_t2000,
// vdp_adjoint_mu1000_t05, orego, robertson (notes/ode-pde-sparse.md §3, cases 1, 2, 5, 6, 8).

import { grad, readTree } from 'retrograde/adjoint';
import { kernel, type Tensor } from 'retrograde/kernel';
import { kvaerno5, odeSolve } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { on64 } from '../util/numbers.ts';

const near = (a: ArrayLike<number>, b: readonly number[], tolerance: number) => {
  expect(a.length).toBe(b.length);
  b.forEach((v, k) => {
    expect(Math.abs(a[k] / v - 1)).toBeLessThan(tolerance);
  });
};

const roberts = kernel(/* wgsl */ `
  var<storage, read> y: array<vec4f>; // three substances, and the integral of the third
  var<storage, read> p: array<f32, 3>;
  var<storage, read_write> rate: array<vec4f>;
  @compute @workgroup_size(64)
  fn roberts(@builtin(global_invocation_id) id: vec3u) {
    let u = y[id.x];
    let slow = -p[0] * u.x + p[1] * u.y * u.z;
    let fast = p[2] * u.y * u.y;
    rate[id.x] = vec4f(slow, -slow - fast, fast, u.z);
  }
`);
const robertsRate = (y: Tensor, { params }: { params: Tensor }) => roberts({ y, p: params }, { count: 1 }).rate;

describe('Roberts', () => {
  const at = { y0: on64([1, 0, 0, 0], [1, 4]), p: on64([0.04, 1e4, 3e7]) };
  const end = ({ y0, p }: typeof at, T: number, rtol: number, method = kvaerno5) =>
    odeSolve(robertsRate, y0, { t: [0, T], params: p, method, rtol, atol: rtol * 1e-4 }).y;
  const integral = (x: typeof at, T: number, rtol: number) => end(x, T, rtol).slice([0, 3], [1, 4]).sum();

  it.each([
    [
      40,
      7.988585862294933,
      [129.7764828616023, -0.0003626383373228588, 6.044293421009448e-8],
      [6.1754905153691535, 13.279584159014702, 13.279770424883148],
    ],
    [
      50,
      10.948648480574995,
      [173.41408914497754, -0.0005059191405586206, 8.432346465422626e-8],
      [8.419161014615542, 16.097023304822944, 16.097150882128],
    ],
    [
      4e7,
      39982528.20913665,
      [768377.3266337276, -3.068920920121821, 0.000511488997911937],
      [39967183.66987296, 39967208.668574475, 39967208.66692836],
    ],
  ] as const)('G = ∫ y₃ to T = %d, dG/dp and λ(0) (cases 1, 2)', async (T, G, dp, lambda) => {
    near([await integral(at, T, 1e-10).item()], [G], 1e-9);
    const { y0, p } = await readTree(grad((x: typeof at) => integral(x, T, 1e-10))(at));
    near(p, dp, 2e-9);
    near(y0.slice(0, 3), lambda, 1e-9);
  });

  it('the gradient is as good as the tolerance of a rough solution allows', async () => {
    const { p } = await readTree(grad((x: typeof at) => integral(x, 4e7, 1e-5))(at));
    near(p, [768377.3266337276, -3.068920920121821, 0.000511488997911937], 2e-5);
  });

  it('to T = 1e11 (case 8)', async () => {
    const y = await end(at, 1e11, 1e-9).read();
    near(y.slice(0, 3), [2.083340149701255e-8, 8.333360770334713e-14, 0.999999979166505], 1e-5);
  });
});

const vanDerPol = kernel(/* wgsl */ `
  var<storage, read> y: array<vec2f>;
  var<storage, read> mu: array<f32>;    // one for all rows, or one for each
  var<uniform> force: u32;              // 1: μ multiplies y too
  var<storage, read_write> rate: array<vec2f>;
  @compute @workgroup_size(64)
  fn vanDerPol(@builtin(global_invocation_id) id: vec3u) {
    let u = y[id.x];
    let m = mu[id.x % arrayLength(&mu)];
    rate[id.x] = vec2f(u.y, m * (1.0 - u.x * u.x) * u.y - select(1.0, m, force == 1u) * u.x);
  }
`);
const vdp = (y: Tensor, { params }: { params: Tensor }) =>
  vanDerPol({ y, mu: params, force: 0 }, { count: y.shape[0] }).rate;

describe('Van der Pol', () => {
  it('μ = 1000 to t = 2000 (case 5)', async () => {
    const { y, stats } = odeSolve(vdp, on64([2, 0], [1, 2]), {
      t: [0, 2000],
      params: on64([1000]),
      method: kvaerno5,
      rtol: 1e-9,
    });
    near(await y.read(), [1.706167732170469, -8.928097010248125e-4], 1e-7);
    expect(await stats.steps.item()).toBeLessThan(2000);
  });

  it('sensitivities at t = 0.5 (case 6)', async () => {
    const end = ({ y0, mu }: { y0: Tensor; mu: Tensor }) => {
      const over = mu.mul(0).add(1).div(mu);
      const z0 = over
        .mul(10 / 81)
        .sub(2 / 3)
        .sub(over.square().mul(292 / 2187));
      const start = y0.add(z0.mul(on64([0, 1])).reshape([1, 2]));
      return odeSolve((y: Tensor, { params }) => vanDerPol({ y, mu: params, force: 1 }, { count: 1 }).rate, start, {
        t: [0, 0.5],
        params: mu,
        method: kvaerno5,
        rtol: 1e-11,
      }).y;
    };
    const x = { y0: on64([2, 0], [1, 2]), mu: on64([1000]) };
    near(await end(x).read(), [1.5969807786597026, -1.0291030158787557], 1e-9);
    const row = async (k: number) => {
      const { y0, mu } = await readTree(
        grad((v: typeof x) =>
          end(v)
            .slice([0, k], [1, k + 1])
            .sum(),
        )(x),
      );
      return { slow: [y0[0], mu[0]], fast: [y0[1]] };
    };
    // What changes z0 alone dies within 1 / 3000, which the first steps, on the slow solution, do not resolve.
    const [y, z] = [await row(0), await row(1)];
    near(y.slow, [1.5436544920735065, -2.116411602989606e-7], 1e-6);
    near(z.slow, [2.270070276148859, -1.282177882908337e-6], 1e-6);
    near(y.fast, [0.0005146086994213054], 1e-3);
    near(z.fast, [0.000756774212365846], 1e-3);
  });
});

it('OREGO to t = 360 (case 8)', async () => {
  const orego = kernel(/* wgsl */ `
    var<storage, read> y: array<vec3f>;
    var<storage, read_write> rate: array<vec3f>;
    @compute @workgroup_size(64)
    fn orego(@builtin(global_invocation_id) id: vec3u) {
      let u = y[id.x];
      rate[id.x] = vec3f(
        77.27 * (u.y + u.x * (1.0 - 8.375e-6 * u.x - u.y)),
        (u.z - (1.0 + u.x) * u.y) / 77.27,
        0.161 * (u.x - u.z)
      );
    }
  `);
  const { y } = odeSolve((y: Tensor) => orego({ y }, { count: 1 }).rate, on64([1, 2, 3], [1, 3]), {
    t: [0, 360],
    method: kvaerno5,
    rtol: 1e-9,
    maxSteps: 10000,
  });
  near(await y.read(), [1.000814870318523, 1228.178521549917, 132.0554942846706], 1e-6);
});
