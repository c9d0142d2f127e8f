// Every method of odeSolve: gradients over the whole horizon, f32 against f64, WebGPU against the CPU, and the Hessian of CVODES'
// cvsHessian_ASA_FSA (notes/ode-pde-sparse.md §3, case 41), whose integrals to all digits were found by DOP853 and differences.

import { checkGradient, grad, hvp } from 'retrograde/adjoint';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import {
  bosh3,
  type Composition,
  dopri5,
  dopri8,
  euler,
  heun,
  implicitEuler,
  implicitMidpoint,
  kvaerno3,
  kvaerno4,
  kvaerno5,
  midpoint,
  odeSolve,
  ralston,
  rk4,
  stormerVerlet,
  symplecticEuler,
  trapezoidal,
  trbdf2,
  tsit5,
  velocityVerlet,
  yoshida4,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, gpu } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';

const explicit = [euler, midpoint, heun, ralston, rk4, bosh3, tsit5, dopri5, dopri8];
const implicit = [implicitEuler, implicitMidpoint, trapezoidal, trbdf2, kvaerno3, kvaerno4, kvaerno5];
const symplectic: readonly Composition[] = [symplecticEuler, velocityVerlet, stormerVerlet, yoshida4];

/** The Brusselator's reaction, with a forcing: not linear, not autonomous. */
const rates = kernel(/* wgsl */ `
  var<storage, read> y: array<vec2f>;
  var<storage, read> p: array<f32, 2>;
  var<storage, read> t: f32;
  var<storage, read_write> rate: array<vec2f>;
  @compute @workgroup_size(64)
  fn rates(@builtin(global_invocation_id) id: vec3u) {
    let u = y[id.x];
    rate[id.x] = vec2f(p[0] + u.x * u.x * u.y - (p[1] + 1.0) * u.x + 0.3 * sin(t), p[1] * u.x - u.x * u.x * u.y);
  }
`);
type Start = { readonly y0: Tensor; readonly p: Tensor };
const startOn = (device: Device): Start => ({
  y0: tensor([1.2, 2.5], [1, 2], { device }),
  p: tensor([1, 2.6], undefined, { device }),
});
const end = ({ y0, p }: Start, method: (typeof explicit)[number] | (typeof implicit)[number], steps: number): Tensor =>
  odeSolve((y: Tensor, { t }) => rates({ y, p, t }, { count: 1 }).rate, y0, { t: [0.1, 1.3], method, steps }).y;

describe('every method', () => {
  it.each([...explicit, ...implicit])('$name: gradients in f64, and f32 like f64', async method => {
    const loss = (x: Start) => end(x, method, 6).sin().sum();
    expect((await checkGradient(loss, startOn(cpu64))).dotProduct).toBeLessThan(1e-9);
    const slopes = async (device: Device) => {
      const { y0, p } = grad(loss)(startOn(device));
      return [...(await y0.read()), ...(await p.read()), ...(await end(startOn(device), method, 6).read())];
    };
    const [single, double] = [await slopes(cpu32), await slopes(cpu64)];
    for (const [k, v] of double.entries())
      expect(Math.abs(single[k] - v)).toBeLessThan(2e-5 * Math.max(1, Math.abs(v)));
  });

  it.each([...explicit, implicitMidpoint, trbdf2])('$name: WebGPU like the CPU', async method => {
    const [there, here] = [await end(startOn(gpu), method, 2).read(), await end(startOn(cpu32), method, 2).read()];
    for (const [k, v] of there.entries()) expect(Math.abs(v - here[k])).toBeLessThan(5e-6 * Math.max(1, Math.abs(v)));
  });

  it.each(symplectic)('$name: f32 and WebGPU like f64, with gradients', async method => {
    const run = async (device: Device) => {
      const start = { q: tensor([1, 0.2], undefined, { device }), p: tensor([0, 1.1], undefined, { device }) };
      const loss = (y: typeof start) => {
        const f = { dq: (p: Tensor) => p, dp: (q: Tensor) => q.sin().neg() };
        const last = odeSolve(f, y, { t: [0, 1], method, steps: 4 }).y;
        return last.q.square().sum().add(last.p.sum());
      };
      const slope = grad(loss)(start);
      return [await loss(start).item(), ...(await slope.q.read()), ...(await slope.p.read())];
    };
    const exact = await run(cpu64);
    for (const device of [cpu32, gpu])
      for (const [k, v] of (await run(device)).entries()) expect(Math.abs(v - exact[k])).toBeLessThan(1e-5);
  });
});

// y₁′ = −p₁ y₁² − y₃, y₂′ = −y₂, y₃′ = −p₂² y₂ y₃ from ones; G = ½ ∫₀² |y|² dt at p = (1, 2), as a fourth unknown.
describe('second derivatives of CVODES’ example (case 41)', () => {
  const f = (y: Tensor, { params }: { readonly params: Tensor }): Tensor =>
    hessianRates({ y, p: params }, { count: 1 }).rate;
  const hessianRates = kernel(/* wgsl */ `
    var<storage, read> y: array<f32, 4>;
    var<storage, read> p: array<f32, 2>;
    @unique var<storage, read_write> rate: array<f32, 4>;
    @compute @workgroup_size(1)
    fn hessianRates(@builtin(global_invocation_id) id: vec3u) {
      rate[0] = -p[0] * y[0] * y[0] - y[2];
      rate[1] = -y[1];
      rate[2] = -p[1] * p[1] * y[1] * y[2];
      rate[3] = 0.5 * (y[0] * y[0] + y[1] * y[1] + y[2] * y[2]);
    }
  `);
  const integral = (params: Tensor, options: object): Tensor =>
    odeSolve(f, on64([1, 1, 1, 0]), { t: [0, 2], params, ...options })
      .y.slice(3, 4)
      .sum();

  it.each([
    ['tsit5', { method: tsit5, rtol: 1e-9 }],
    ['dopri8', { method: dopri8, rtol: 1e-10 }],
    ['kvaerno5', { method: kvaerno5, rtol: 1e-8 }],
    ['rk4 in 400 equal steps', { method: rk4, steps: 400 }],
  ])('%s', async (_, options) => {
    const p = on64([1, 2]);
    const G = (params: Tensor) => integral(params, options);
    expect(await G(p).item()).toBeCloseTo(0.5308785906, 7);
    const slope = await grad(G)(p).read();
    for (const [k, v] of [-0.1283787022, 0.0180366739].entries()) expect(slope[k]).toBeCloseTo(v, 6);
    const columns = [on64([1, 0]), on64([0, 1])].map(v => hvp(G)(p, v));
    const H = (await Promise.all(columns.map(column => column.read()))).map(column => Array.from(column));
    for (const [i, row] of [
      [0.1562807, -0.0786778],
      [-0.0786778, 0.089815],
    ].entries())
      for (const [j, v] of row.entries()) expect(H[i][j]).toBeCloseTo(v, 5);
  });
});
