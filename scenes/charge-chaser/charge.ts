/**
 * A point charge on a plane among eight electrodes, which a network charges anew at each step so that the point follows a goal.
 *
 *   q = tanh(W₂ tanh(W₁ s + b₁) + b₂),   s = (x − c, T v, g − c, T ġ)           c: the middle; T: the time of a straight piece   (1)
 *   f = K Σ_k q_k r_k / max(|r_k|, 0.1)³,   r_k = x − e_k                       Coulomb's law, blunt near an electrode           (2)
 *   v⁺ = e^{−γ dt} v + dt f,   x⁺ = x + dt v⁺                                                                                   (3)
 *   loss = Σ dt |x⁺ − g|²                                                                                                      (4)
 *
 * Goals go straight, at constant speed, from one random place to the next; the point begins at rest where its goal does. It has little force to
 * spend: at most about 0.02 in the middle, so that seconds pass until it moves as goals do.
 * Hu et al.: DiffTaichi, ICLR 2020, with the constants, the network and the goals of its program 'electric'.
 */

import { rollout, uniform } from '../../adjoint/index.ts';
import { concat, type Device, lazyKernel, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { network, networkParams } from '../../solvers/index.ts';

export const dt = 0.03; // s
/** Steps of a straight piece of a goal's way, and such pieces. */
const piece = 256;
const pieces = 2;
export const steps: number = piece * pieces;

export const electrodes: readonly (readonly [x: number, y: number])[] =
  [[0.1, 0.1], [0.5, 0.1], [0.9, 0.1], [0.1, 0.5], [0.9, 0.5], [0.1, 0.9], [0.5, 0.9], [0.9, 0.9]]; // biome-ignore format: a table
const hidden = 64;
const [friction, strength] = [0.2, 1e-3];

/** Of (1): [8, hidden], [hidden], [hidden, electrodes], [electrodes]. */
export type Weights = Readonly<Record<'w1' | 'b1' | 'w2' | 'b2', Tensor>>;

export function drawn(seed: number, device: Device): Weights {
  const [first, second] = networkParams([8, hidden, electrodes.length], { seed, device });
  return { w1: first.weight, b1: first.bias, w2: second.weight, b2: second.bias };
}

/** Ways of many goals at once. */
export interface Goals {
  /** Where they begin, [goals, 2]. */
  readonly start: Tensor;
  /** (g, T ġ) at the end of each step, [steps, goals, 4]. */
  readonly ways: Tensor;
}

/** Random ones, by seed and stream, between places that are 0.2 … 0.8 across and up. */
export function goals(count: number, key: { readonly seed: number; readonly stream: number }, device: Device): Goals {
  const places = uniform([pieces + 1, 2 * count], { ...key, device })
    .mul(0.6)
    .add(0.2);
  const weighed = (of: (t: number, place: number) => number): Tensor => {
    const weights = Float64Array.from({ length: steps * (pieces + 1) }, (_, k) =>
      of(Math.floor(k / (pieces + 1)), k % (pieces + 1)),
    );
    return tensor(weights, [steps, pieces + 1], { device })
      .matmul(places)
      .reshape([steps, count, 2]);
  };
  const at = weighed((t, place) => Math.max(0, 1 - Math.abs((t + 1) / piece - place)));
  const speed = weighed(
    (t, place) => Number(place === Math.floor(t / piece) + 1) - Number(place === Math.floor(t / piece)),
  );
  return { start: places.slice([0], [1]).reshape([count, 2]), ways: concat([at, speed], 2) };
}

const see = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> way: array<vec4f>;
  var<storage, read_write> seen: array<vec2f>; // four of each point
  @compute @workgroup_size(64)
  fn see(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    seen[4u * i] = x[i] - vec2f(0.5, 0.5);
    seen[4u * i + 1u] = ${piece * dt} * v[i];
    seen[4u * i + 2u] = way[i].xy - vec2f(0.5, 0.5);
    seen[4u * i + 3u] = way[i].zw;
  }
`);

const move = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> loss: array<f32>;
  var<storage, read> way: array<vec4f>;
  var<storage, read> charge: array<f32>;
  var<storage, read> electrode: array<vec2f>;
  var<storage, read_write> xNext: array<vec2f>;
  var<storage, read_write> vNext: array<vec2f>;
  var<storage, read_write> lossNext: array<f32>;
  @compute @workgroup_size(64)
  fn move(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var f = vec2f(0.0, 0.0);
    for (var k = 0u; k < ${electrodes.length}u; k++) {
      let r = x[i] - electrode[k];
      let d = max(dot(r, r), 0.01);
      f += ${strength} * charge[${electrodes.length}u * i + k] / (d * sqrt(d)) * r; // (2)
    }
    let to = ${Math.exp(-friction * dt)} * v[i] + ${dt} * f;
    let place = x[i] + ${dt} * to;                                               // (3)
    let off = place - way[i].xy;
    xNext[i] = place;
    vNext[i] = to;
    lossNext[i] = loss[i] + ${dt} * dot(off, off);                                // (4)
  }
`);

interface Chase {
  readonly x: Tensor;
  readonly v: Tensor;
  readonly loss: Tensor;
  readonly charge: Tensor;
}

export interface Chased {
  /** (4) of each, [goals]. */
  readonly loss: Tensor;
  /** After each step, [steps, goals, 2], and what was charged for it, [steps, goals, electrodes]. */
  readonly x: Tensor;
  readonly charge: Tensor;
}

/** One point behind each goal, all with the same weights, for as many steps as there are ways for. */
export function chase({ w1, b1, w2, b2 }: Weights, { start, ways }: Goals): Chased {
  const [count] = start.shape;
  const { device } = start;
  const electrode = tensor(electrodes.flat(), [electrodes.length, 2], { device });
  const layers = [
    { weight: w1, bias: b1 },
    { weight: w2, bias: b2 },
  ];
  const { state, saved } = rollout(
    ({ x, v, loss }: Chase, way: Tensor): Chase => {
      const { seen } = see({ x, v, way }, { count, out: { seen: [count, 4] } });
      const charge = network(layers, (seen as Tensor).reshape([count, 8]), 'tanh').tanh(); // (1)
      const next = move(
        { x, v, loss, way, charge, electrode },
        { count, out: { xNext: [count], vNext: [count], lossNext: [count] } },
      ) as Readonly<Record<string, Tensor>>;
      return { x: next.xNext, v: next.vNext, loss: next.lossNext, charge };
    },
    {
      x: start,
      v: start.mul(0),
      loss: zeros([count], { device }),
      charge: zeros([count, electrodes.length], { device }),
    },
    ways.shape[0],
    { inputs: ways, save: ({ x, charge }) => ({ x, charge }) },
  );
  return { loss: state.loss, ...saved };
}
