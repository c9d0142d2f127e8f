/** Short cases: a kernel each, or a method of Tensor. */

import { grad, rollout, vjp } from 'retrograde/adjoint';
import { kernel, sort as sorted, type Tensor, tensor } from 'retrograde/kernel';
import type { Contest } from '../contest.ts';
import { columns, type Particles, particles } from '../problems/particles.ts';
import type { Keys, Picture, Small } from '../problems/small.ts';
import * as problems from '../problems/small.ts';
import { contest } from './contest.ts';

const waveletKernel = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn wavelet(@builtin(global_invocation_id) id: vec3u) { let v = x[id.x]; y[id.x] = sin(v) * v + exp(-v * v); }
`);

export function wavelet({ arrays, constants: { n } }: Small<'x', 'n'>): Contest<readonly Tensor[]> {
  const x = tensor(arrays.x);
  return contest(() => [waveletKernel({ x }, { count: n }).y]);
}

export function waveletGradient({ arrays, constants: { n } }: Small<'x', 'n'>): Contest<readonly Tensor[]> {
  const start = tensor(arrays.x);
  const by = grad((x: Tensor) => waveletKernel({ x }, { count: n }).y.sum());
  return contest(() => [by(start)]);
}

const swing = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> v: array<f32>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<f32>;
  var<storage, read_write> vNext: array<f32>;
  @compute @workgroup_size(64)
  fn swing(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let w = v[i] - dt * sin(x[i]);
    vNext[i] = w;
    xNext[i] = x[i] + dt * w;
  }
`);

type Pendulums = Small<'x', 'n' | 'steps' | 'dt'>;

function swings({ constants: { n, steps, dt } }: Pendulums): (x: Tensor) => Tensor {
  const rest = tensor(new Float32Array(n));
  return x => {
    const step = (now: { readonly x: Tensor; readonly v: Tensor }) => {
      const { xNext, vNext } = swing({ ...now, dt }, { count: n });
      return { x: xNext, v: vNext };
    };
    return rollout(step, { x, v: rest }, steps, { checkpoints: 'all' }).x;
  };
}

export function pendulums(problem: Pendulums): Contest<readonly Tensor[]> {
  const run = swings(problem);
  const start = tensor(problem.arrays.x);
  return contest(() => [run(start)]);
}

export function pendulumsGradient(problem: Pendulums): Contest<readonly Tensor[]> {
  const run = swings(problem);
  const start = tensor(problem.arrays.x);
  const by = grad((x: Tensor) => run(x).square().sum().mul(0.5));
  return contest(() => [by(start)]);
}

export function product({ arrays, constants: { n } }: Small<'a' | 'b', 'n'>): Contest<readonly Tensor[]> {
  const [a, b] = [tensor(arrays.a, [n, n]), tensor(arrays.b, [n, n])];
  return contest(() => [a.matmul(b)]);
}

export function sum({ arrays }: Small<'x', 'n'>): Contest<readonly Tensor[]> {
  const x = tensor(arrays.x);
  return contest(() => [x.sum()]);
}

export function sort({ arrays }: Keys): Contest<readonly Tensor[]> {
  const keys = tensor(arrays.keys);
  return contest(() => [sorted(keys)]);
}

const triadKernel = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> z: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn triad(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] + 1.5 * z[id.x]; }
`);

export function triad({ arrays, constants: { n } }: Small<'x', 'n'>): Contest<readonly Tensor[]> {
  const given = { x: tensor(arrays.x), z: tensor(arrays.x.slice().reverse()) };
  return contest(() => [triadKernel(given, { count: n }).y]);
}

const forcesKernel = ({ n, cutoff }: Particles['constants']) =>
  kernel(/* wgsl */ `
    const N = ${n}u;
    var<storage, read> x: array<vec3f>;
    var<storage, read> neighbour: array<u32>;      // entry k of particle i at k N + i
    var<storage, read> count: array<u32>;
    var<storage, read_write> f: array<vec3f>;
    @compute @workgroup_size(64)
    fn lennardJones(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x;
      var sum = vec3f(0);
      for (var k = 0u; k < count[i]; k++) {
        let d = x[i] - x[neighbour[k * N + i]];
        let square = dot(d, d);
        let inverse = 1.0 / square;
        let sixth = inverse * inverse * inverse;
        sum += select(0.0, 24.0 * inverse * sixth * (2.0 * sixth - 1.0), square < ${cutoff ** 2}) * d;
      }
      f[i] = sum;
    }
  `);

function forces(problem: Particles) {
  const { n } = problem.constants;
  const { neighbour, count } = columns(problem);
  const lists = { neighbour: tensor(neighbour), count: tensor(count) };
  const law = forcesKernel(problem.constants);
  return { x: tensor(problem.arrays.x, [n, 3]), of: (x: Tensor) => law({ x, ...lists }, { count: n }).f };
}

export function lennardJones(problem: Particles): Contest<readonly Tensor[]> {
  const { x, of } = forces(problem);
  return contest(() => [of(x)]);
}

const mandelbrotKernel = ({ n, limit }: Picture['constants']) =>
  kernel(/* wgsl */ `
    const N = ${n}u;
    var<storage, read_write> steps: array<i32>;
    @compute @workgroup_size(64)
    fn mandelbrot(@builtin(global_invocation_id) id: vec3u) {
      let c = vec2f(-2.0 + 3.0 * f32(id.x) / f32(N), -1.5 + 3.0 * f32(id.y) / f32(N));
      var z = vec2f(0);
      var n = 0;
      while (n < ${limit} && z.x * z.x + z.y * z.y < 4.0) {
        z = vec2f(z.x * z.x - z.y * z.y + c.x, 2.0 * z.x * z.y + c.y);
        n++;
      }
      steps[id.y * N + id.x] = n;
    }
  `);

export function lennardJonesAdjoint(problem: Particles): Contest<readonly Tensor[]> {
  const { x, of } = forces(problem);
  const { pullback } = vjp(of)(x);
  return contest(() => [pullback(x)]);
}

export function mandelbrot({ constants }: Picture): Contest<readonly Tensor[]> {
  const escapes = mandelbrotKernel(constants);
  return contest(() => [escapes({}, { count: [constants.n, constants.n] }).steps]);
}

export const sources: Readonly<Record<string, string>> = {
  wavelet: waveletKernel.source,
  pendulums: swing.source,
  'Lennard-Jones': forcesKernel(particles([3, 3, 3]).constants).source,
  Mandelbrot: mandelbrotKernel(problems.mandelbrot().constants).source,
};
