/**
 * Forces where shapes touch, by a law that is explicit and once continuously differentiable.
 *
 *   z = w log(1 + exp(−φ/w))                        depth, with a smooth onset over the width w                       (1)
 *   N = k z g(1 − d φ̇)                              k stiffness, d damping (Hunt & Crossley)                          (2)
 *   f = N n − μ N u / √(|u|² + s²)                  u the slip; below the speed s friction is viscous                 (3)
 *
 * g(y) = y from y = 1 on, y² (2 − y) between 0 and 1, else 0: contacts never pull, and N is exact while shapes approach. Damping grows with
 * depth, so that a force neither begins nor ends with a jump. φ, n and the point come with frozen features (geometry). Points move as
 * points of their links do: φ̇ = n · u, without the motion of the point along the surfaces, which is at right angles to n.
 *
 * Hunt & Crossley: Coefficient of restitution interpreted as damping in vibroimpact, Journal of Applied Mechanics 42, 1975.
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { bodiesOf } from '../constraint/geoms.ts';
import { roots } from '../constraint/local-arrays.ts';
import { frameOf, referenceOf, rootOf, type TouchParams, touches, touchesOf } from '../constraint/touch.ts';
import { frameMotions } from '../dynamics/frame-motions.ts';
import { jointProjections } from '../dynamics/joint-projections.ts';
import type { Kinematics } from '../dynamics/kinematics.ts';
import { place, vec } from '../layout.ts';
import type { ArticulatedState, Model } from '../model.ts';
import type { Prepared } from '../structure.ts';

/** (1) and (2). */
export const pressText: string = /* wgsl */ `
  fn depth(gap: f32, width: f32) -> f32 {
    let x = -gap / width;
    if (x > 0.0) { return width * (x + log(1.0 + exp(-x))); }                                                       // (1)
    return width * log(1.0 + exp(x));
  }
  fn kept(y: f32) -> f32 { return select(select(y * y * (2.0 - y), 0.0, y < 0.0), y, y > 1.0); }
  fn press(gap: f32, rate: f32, stiffness: f32, damping: f32, width: f32) -> f32 {
    return stiffness * depth(gap, width) * kept(1.0 - damping * rate);                                              // (2)
  }
`;

/** Numbers of the law, [1] each but `friction`, [pairs]. */
export interface Touching {
  readonly stiffness: Tensor;
  readonly damping: Tensor;
  readonly width: Tensor;
  readonly slip: Tensor;
  readonly friction: Tensor;
}

/** Of a slot: rows of its links' frames and of their roots, 0 being the world; of the frame about which its point is; its pair. */
const columns = 6;

const tableOf = (model: Model): readonly number[] =>
  touchesOf(model).slots.flatMap(p => {
    const { a, b } = model.pairs[p];
    const [first, second] = [model.geoms[a].link, model.geoms[b].link];
    return [
      ...[frameOf(model, first), frameOf(model, second), rootOf(model, first), rootOf(model, second)],
      ...[referenceOf(model, p), p],
    ];
  });

const text = (frames: number, pairs: number, slots: number): string => {
  const at = place(frames, 6, 'f');
  const write = (k: number): string =>
    `wrench[o + ${k}u] = torque[f + 1u][${k}]; wrench[o + ${k + 3}u] = push[f + 1u][${k}];`;
  return /* wgsl */ `
  ${pressText}
  var<storage, read> contact: array<f32>;
  var<storage, read> relative: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> stiffness: array<f32>;
  var<storage, read> damping: array<f32>;
  var<storage, read> width: array<f32>;
  var<storage, read> slip: array<f32>;
  var<storage, read> table: array<u32>;
  var<storage, read_write> wrench: array<f32>;
  @unique var<storage, read_write> load: array<f32>;
  @compute @workgroup_size(64)
  fn touch(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${roots(frames)}
    var w: array<vec3f, ${frames + 1}>;
    var u: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) {
      w[f + 1u] = ${vec('velocity', at)};
      u[f + 1u] = ${vec('velocity', at, 3)};
    }
    var torque: array<vec3f, ${frames + 1}>;
    var push: array<vec3f, ${frames + 1}>;
    var total: array<f32, ${pairs}>;
    for (var s = 0u; s < ${slots}u; s++) {
      let from = ${place(slots, 10, 's')};
      let row = s * ${columns}u;
      let fa = table[row];
      let fb = table[row + 1u];
      let p = table[row + 5u];
      let normal = ${vec('contact', 'from', 1)};
      let point = ${vec('contact', 'from', 4)} + O[table[row + 4u]];
      let onA = point - O[table[row + 2u]];
      let onB = point - O[table[row + 3u]];
      let rate = u[fb] + cross(w[fb], onB) - u[fa] - cross(w[fa], onA);
      let opening = dot(normal, rate);
      let N = press(contact[from], opening, stiffness[0], damping[0], width[0]);
      let along = rate - opening * normal;
      let f = N * normal - friction[p] * N / sqrt(dot(along, along) + slip[0] * slip[0]) * along;                 // (3)
      torque[fb] += cross(onB, f);
      push[fb] += f;
      torque[fa] -= cross(onA, f);
      push[fa] -= f;
      total[p] += N;
    }
    for (var p = 0u; p < ${pairs}u; p++) { load[${place(pairs, 1, 'p')}] = total[p]; }
    for (var f = 0u; f < ${frames}u; f++) {
      let o = ${at};
      ${[0, 1, 2].map(write).join(' ')}
    }
  }
`;
};

const kernels = kernelsByKey();

/** The table, and margins within which all contacts are. */
const tablesOn = onDeviceOf((model: Model, device) => ({
  table: tensor(Uint32Array.from(tableOf(model)), undefined, { device }),
  margin: tensor(new Float64Array(model.pairs.length).fill(1e9), undefined, { device }),
}));

/** @throws RangeError for what the law does not know. */
export function checkTouching(model: Model, law = 'compliant'): void {
  const { geoms, pairs, links } = model;
  const body = bodiesOf(links);
  for (const { a, b, condim, friction } of pairs) {
    const who = `${law}: '${geoms[a].name}' and '${geoms[b].name}'`;
    if (condim > 3)
      throw new RangeError(`${who} touch with condim ${condim}; the law has friction of sliding alone: condim 1 or 3.`);
    if (friction[0] !== friction[1])
      throw new RangeError(
        `${who} have friction ${friction[0]} and ${friction[1]}; the law has the same in all directions.`,
      );
    if (body(geoms[a].link) === body(geoms[b].link))
      throw new RangeError(`${who} do not move against one another; leave the pair out.`);
  }
}

/** Friction of the model's pairs; 0 where they have none. */
export const modelFriction = ({ pairs }: Model): number[] =>
  pairs.map(({ condim, friction }) => (condim === 1 ? 0 : friction[0]));

export interface Touched {
  /** Forces of the joints, [envs, nv]. */
  readonly tau: Tensor;
  /** Normal forces of pairs, [envs, pairs], N. */
  readonly load: Tensor;
}

export function touchForces(
  prepared: Prepared,
  kinematics: Kinematics,
  { v }: ArticulatedState,
  geoms: TouchParams['geoms'],
  law: Touching,
): Touched {
  const { model, envs } = prepared;
  const { relative, motion } = kinematics;
  const { device } = v;
  const { velocity } = frameMotions(prepared, { motion, v }, zeros(v.shape, { device }));
  const { table, margin } = tablesOn(model, device);
  const contact = touches(prepared, kinematics, { geoms, pairs: { margin } });
  const [frames, pairs, slots] = [prepared.sizes.frames, model.pairs.length, contact.shape[1]];
  const { wrench, load } = kernels(`${frames} ${pairs} ${slots}`, () => text(frames, pairs, slots))(
    { contact, relative, ...law, velocity, table },
    { count: envs, out: { wrench: [envs, frames, 6], load: [envs, pairs] } },
  );
  return { tau: jointProjections(prepared, motion, wrench as Tensor), load: load as Tensor };
}
