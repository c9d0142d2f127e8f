/**
 * A controller with one hidden layer, of many robots side by side: h = tanh(W₁ s + b₁), a = tanh(W₂ h + b₂).
 */

import { normal } from '../../adjoint/index.ts';
import { concat, type Device, kernel, type Tensor, zeros } from '../../kernel/index.ts';

/** Of each robot. */
export interface Weights {
  /** [robots, hidden, senses] */
  readonly w1: Tensor;
  /** [robots, hidden] */
  readonly b1: Tensor;
  /** [robots, actions, hidden] */
  readonly w2: Tensor;
  /** [robots, actions] */
  readonly b2: Tensor;
}

const hidden = 32;

/** DiffTaichi's, of one robot: normal, with a deviation of √(2 / (fan in + fan out)), times `gains`. */
export function drawn(
  senses: number,
  actions: number,
  gains: readonly [number, number],
  seed: number,
  device: Device,
): Weights {
  const layer = (rows: number, columns: number, gain: number, seed: number): Tensor =>
    normal([1, rows, columns], { seed, device }).mul(gain * Math.sqrt(2 / (rows + columns)));
  return {
    w1: layer(hidden, senses, gains[0], 2 * seed),
    b1: zeros([1, hidden], { device }),
    w2: layer(actions, hidden, gains[1], 2 * seed + 1),
    b2: zeros([1, actions], { device }),
  };
}

/** Weights of many robots, from those of each. */
export function together(robots: number, of: (robot: number) => Weights): Weights {
  const all = Array.from({ length: robots }, (_, k) => of(k));
  const join = (name: keyof Weights): Tensor => concat(all.map(weights => weights[name]));
  return { w1: join('w1'), b1: join('b1'), w2: join('w2'), b2: join('b2') };
}

const layer = (rows: number, columns: number): string => /* wgsl */ `
  var<storage, read> w: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn layer(@builtin(global_invocation_id) id: vec3u) {
    let robot = id.x / ${rows}u;
    var sum = b[id.x];
    for (var j = 0u; j < ${columns}u; j++) { sum += w[id.x * ${columns}u + j] * x[robot * ${columns}u + j]; }
    y[id.x] = tanh(sum);
  }
`;

/** From senses, [robots, senses], to actions, [robots, actions], from −1 to 1. */
export function controller(senses: number, actions: number): (weights: Weights, senses: Tensor) => Tensor {
  const dense = (rows: number, columns: number) => {
    const run = kernel(layer(rows, columns));
    return (w: Tensor, b: Tensor, x: Tensor): Tensor => {
      const [robots] = b.shape;
      return run({ w, b, x }, { count: robots * rows, out: { y: [robots, rows] } }).y as Tensor;
    };
  };
  const [first, second] = [dense(hidden, senses), dense(actions, hidden)];
  return ({ w1, b1, w2, b2 }, felt) => second(w2, b2, first(w1, b1, felt));
}

/** [steps, waves]: what time it is, as sines of one frequency. @param omega rad/s */
export const clock = (steps: number, dt: number, omega: number, waves = 10): Float64Array =>
  Float64Array.from({ length: steps * waves }, (_, k) =>
    Math.sin(omega * Math.floor(k / waves) * dt + ((2 * Math.PI) / waves) * (k % waves)),
  );
