/**
 * Pendulums: heavy points on light rods in a plane, angles from straight down.
 *
 *   θ″ = −(g / l) sin θ                                                                                         (1)
 *   two of one mass, δ = θ₁ − θ₂, D = 3 − cos 2δ:
 *   θ₁″ = −(3 g sin θ₁ + g sin(θ₁ − 2 θ₂) + 2 sin δ (l₂ θ₂′² + l₁ θ₁′² cos δ)) / (l₁ D)                                 (2)
 *   θ₂″ = 2 sin δ (2 l₁ θ₁′² + 2 g cos θ₁ + l₂ θ₂′² cos δ) / (l₂ D)                                                   (3)
 *
 * Drawn as discs joined by lines, black on white.
 */

import { concat, type Device, lazyKernel, stack, type Tensor, tensor } from '../../kernel/index.ts';
import { allPixels, figure } from '../../render/index.ts';
import { odeSolve } from '../../solvers/index.ts';
import { type Clips, one } from './clip.ts';

const fps = 25;

const single = lazyKernel(/* wgsl */ `
  var<storage, read> y: array<f32>;                              // θ, θ′
  var<storage, read> length: f32;
  var<storage, read> gravity: f32;
  var<storage, read_write> rate: array<f32>;
  @compute @workgroup_size(1)
  fn pendulum() {
    rate[0] = y[1];
    rate[1] = -gravity / length * sin(y[0]); // (1)
  }
`);

const double = lazyKernel(/* wgsl */ `
  var<storage, read> y: array<f32>;                              // θ₁, θ₂, θ₁′, θ₂′
  var<storage, read> lengths: array<f32>;
  var<storage, read_write> rate: array<f32>;
  @compute @workgroup_size(1)
  fn doublePendulum() {
    let g = 9.81;
    let l = vec2f(lengths[0], lengths[1]);
    let d = y[0] - y[1];
    let D = 3.0 - cos(2.0 * d);
    let spin = l * vec2f(y[2] * y[2], y[3] * y[3]);
    rate[0] = y[2];
    rate[1] = y[3];
    rate[2] = -(3.0 * g * sin(y[0]) + g * sin(y[0] - 2.0 * y[1]) + 2.0 * sin(d) * (spin.y + spin.x * cos(d))) / (l.x * D); // (2)
    rate[3] = 2.0 * sin(d) * (2.0 * spin.x + 2.0 * g * cos(y[0]) + spin.y * cos(d)) / (l.y * D); // (3)
  }
`);

/** Draws pivots, and discs where rods end: [frames, size, size, 1]. @param ends Of each rod from its beginning, [frames, 2], m. */
function drawer(rods: number, size: number, pivot: readonly [number, number], span: number, device: Device) {
  const on = { device };
  const segments = Array.from({ length: rods }, (_, k) => [k, k + 1] as const);
  const draw = figure({ points: rods + 1, segments }, on);
  const style = {
    radius: tensor([0, ...segments.map(() => 0.06 * size)], [rods + 1], on),
    width: tensor(0.03 * size, [], on),
  };
  return (ends: readonly Tensor[]): Tensor => {
    const frames = ends[0].shape[0];
    const points = [ends[0].mul(0).add(tensor(pivot.map(p => p * size), [2], on))]; // biome-ignore format: one idea
    for (const end of ends) points.push(points[points.length - 1].add(end.mul(size / span)));
    const at = stack(points).transpose([1, 0, 2]);
    return draw(at, style, allPixels(frames, size, size, on)).reshape([frames, size, size, 1]);
  };
}

/** Angles and their rates when pictures are taken, [frames, …]. */
function moved(rate: (y: Tensor) => Tensor, y0: Tensor, frames: number): Tensor {
  const times = Array.from({ length: frames }, (_, k) => (k + 1) / fps);
  const { ys } = odeSolve(rate, y0, { t: [0, frames / fps], rtol: 1e-5, atol: 1e-6, saveAt: { times } });
  return ys as Tensor;
}

/** A rod's end from its beginning, x right and y down, [frames, 2]. @param angle [frames, 1]. */
const end = (angle: Tensor, length: Tensor): Tensor => concat([angle.sin(), angle.cos()], 1).mul(length);

export const pendulum: Clips = (size, device) => {
  const draw = drawer(1, size, [0.5, 0.1], 2.4, device);
  const y0 = tensor([0.6, 0], [2], { device });
  return {
    name: 'pendulum',
    fps,
    unknowns: [
      { name: 'length', unit: 'm', truth: 0.5, guess: 1, allowed: 0.005 },
      { name: 'gravity', unit: 'm/s²', truth: 9.81, guess: 8, allowed: 0.05 },
    ],
    film(values, frames) {
      const [length, gravity] = [one(values, 0), one(values, 1)];
      const ys = moved(y => single({ y, length, gravity }, { count: 1, out: { rate: 2 } }).rate, y0, frames);
      return draw([end(ys.slice([0, 0], [frames, 1]), length)]);
    },
  };
};

export const doublePendulum: Clips = (size, device) => {
  const draw = drawer(2, size, [0.5, 0.5], 2.3, device);
  const y0 = tensor([1.2, 1.8, 0, 0], [4], { device });
  return {
    name: 'double pendulum',
    fps,
    unknowns: [
      { name: 'first length', unit: 'm', truth: 0.5, guess: 0.6, allowed: 0.005 },
      { name: 'second length', unit: 'm', truth: 0.4, guess: 0.5, allowed: 0.005 },
    ],
    film(lengths, frames) {
      const ys = moved(y => double({ y, lengths }, { count: 1, out: { rate: 4 } }).rate, y0, frames);
      return draw([0, 1].map(k => end(ys.slice([0, k], [frames, k + 1]), one(lengths, k))));
    },
  };
};
