// Steps of rollouts drawn at random: tensor arithmetic, kernels, broadcasts, sums into shared words, state handed on or put aside.

import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { mulberry32 } from './random.ts';

/** The step with its number as a parameter, which keeps it from being recorded. */
export const called =
  <S>(step: (state: S) => S) =>
  (state: S, _i: number): S =>
    step(state);

const stencil = kernel(/* wgsl */ `
  var<storage, read> u: array<f32>;
  var<storage, read> c: array<f32>;
  var<uniform> w: vec4f;
  var<storage, read_write> uNext: array<f32>;
  @compute @workgroup_size(64) fn stencil(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&u);
    uNext[id.x] = w.x * u[(id.x + n - 1u) % n] + w.y * sin(u[id.x]) + w.z * u[(id.x + 1u) % n] + c[0] * w.w;
  }
`);
const spread = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> to: array<u32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn spread(@builtin(global_invocation_id) id: vec3u) { y[to[id.x]] += tanh(x[id.x]); }
`);

export interface Params {
  readonly field: Tensor;
  readonly nested: readonly [{ readonly c: Tensor }];
}
export interface State {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly old: Tensor;
  readonly ticks: Tensor;
}

const size = 12;
export const vector = (device: Device, seed: number): Tensor => {
  const random = mulberry32(seed);
  return tensor(
    Array.from({ length: size }, () => random() - 0.5),
    [size],
    { device },
  );
};
export const params = (device: Device): Params => ({
  field: vector(device, 1),
  nested: [{ c: tensor([0.3], [1], { device }) }],
});
export const start = (device: Device): State => {
  const a = vector(device, 2);
  return { a, b: vector(device, 3), old: a, ticks: tensor([0, 5], [2], { type: 'i32', device }) };
};

/** The step of a seed, as a function of its parameters. */
export function randomStep(seed: number, device: Device) {
  const to = tensor(
    Array.from({ length: size }, (_, i) => (i * 5) % 7),
    [size],
    { type: 'u32', device },
  );
  return ({ field, nested: [{ c }] }: Params) =>
    ({ a, b, old, ticks }: State): State => {
      const random = mulberry32(seed);
      const pool = [a, b, old, field];
      const pick = () => pool[Math.floor(random() * pool.length)];
      for (let k = 0; k < 5; k++) {
        const choice = Math.floor(random() * 7);
        const [x, y] = [pick(), pick()];
        if (choice === 0) pool.push(x.mul(0.5).add(y.sin()));
        else if (choice === 1) pool.push(x.mul(y).tanh());
        else if (choice === 2) pool.push(x.add(c));
        else if (choice === 3) pool.push(x.sub(y.mean()).mul(0.7));
        else if (choice === 4)
          pool.push(stencil({ u: x, c, w: [0.2, 0.5, 0.25, 0.1] }, { count: size }).uNext as Tensor);
        else if (choice === 5) pool.push(spread({ x, to }, { count: size, out: { y: size } }).y.mul(0.3));
        else pool.push(x.gather(to).mul(c));
      }
      const next = { a: pool[pool.length - 1], b: pool[pool.length - 2], old: a, ticks: ticks.add(3) };
      const twist = Math.floor(random() * 5);
      if (twist === 0) return { ...next, b: old };
      if (twist === 1) return { ...next, b: next.a };
      if (twist === 2) return { ...next, a: b, b: next.a };
      if (twist === 3) return { ...next, b };
      return next;
    };
}

export const loss = ({ a, b, old, ticks }: State): Tensor =>
  a.square().sum().add(b.sum()).add(old.mean()).add(ticks.size);
