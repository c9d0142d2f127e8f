/**
 * Robertson's reaction of three substances, one of which is hardly ever there.
 *
 *   A → B                 slow            ẏ₁ = −k₁ y₁ + k₂ y₂ y₃
 *   B + B → C + B         very fast       ẏ₂ =  k₁ y₁ − k₂ y₂ y₃ − k₃ y₂²
 *   B + C → A + C         fast            ẏ₃ =  k₃ y₂²                          y(0) = (1, 0, 0),  k = (0.04, 10⁴, 3·10⁷)
 *
 * B is in balance within a millisecond, A lasts for days: the model of a stiff problem, so steps are implicit, by the method kvaerno5.
 * Robertson, in Walsh (ed.): Numerical Analysis, an Introduction, 1966, p. 178; Hairer & Wanner: Solving ODEs II, 1996, §IV.1.
 */

import { lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';
import { kvaerno5, odeSolve } from '../../solvers/index.ts';

const reaction = lazyKernel(/* wgsl */ `
  var<storage, read> y: array<vec3f>;
  var<storage, read> k: vec3f;
  var<storage, read_write> rate: array<vec3f>;
  @compute @workgroup_size(64)
  fn reaction(@builtin(global_invocation_id) id: vec3u) {
    let c = y[id.x];
    let net = k.x * c.x - k.y * c.y * c.z;
    let pair = k.z * c.y * c.y;
    rate[id.x] = vec3f(-net, net - pair, pair);
  }
`);

/** Concentrations at given times, [times, 3]; differentiable in the rates. @param k k₁, k₂, k₃ in 1/s, [3]. */
export function concentrations(k: Tensor, times: readonly number[]): Tensor {
  const { ys } = odeSolve(
    (y: Tensor, { params }: { readonly params: Tensor }) => reaction({ y, k: params }, { count: 1 }).rate,
    tensor([1, 0, 0], [1, 3], { device: k.device }),
    { t: [0, times[times.length - 1]], params: k, method: kvaerno5, rtol: 1e-6, atol: 1e-13, saveAt: { times } },
  );
  return (ys as Tensor).reshape([times.length, 3]);
}
