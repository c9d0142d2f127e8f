/**
 * Rows of loops that are closed: points of two links that coincide, and links that do not turn against one another.
 *
 *   connect   r = x_a − x_b,   J = J_a − J_b                                                                           (1)
 *   weld      the same, and  r = s e,  J ω = ½ s (w ω′ + ω′ × e),   (w, e) = q_b⁻¹ q_a q,  ω′ = R_bᵀ (ω_a − ω_b)          (2)
 *
 *   J a = −b J v − k r − J̇ v,    J̇ v: r̈ where joints do not accelerate                                              (3)
 *
 * (3) has what the links' turning alone accelerates, else loops that turn fast would open; rows that are rigid ask for velocities after the
 * step instead, and leave it out. s is the torque scale and q the orientation of b in a's frame. How firmly they are held, d(|r|), is one number for all rows of an
 * equality. (2) is for links that are less than half a turn apart.
 */

import { concat, kernelsByKey, onDeviceOf, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { frameMotions } from '../dynamics/frame-motions.ts';
import type { Kinematics } from '../dynamics/kinematics.ts';
import { place, quaternions, vec } from '../layout.ts';
import type { Model } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { columnOf, motions, poses } from './local-arrays.ts';
import type { ConstraintParams } from './numbers.ts';
import { between, type Group, laws } from './pattern.ts';
import type { Rows, Setting } from './row-form.ts';
import { softness } from './soft.wgsl.ts';
import { frameOf, rootOf } from './touch.ts';

const active = ({ equalities }: Model): readonly number[] =>
  equalities.flatMap(({ kind, active }, k) => ((kind === 'connect' || kind === 'weld') && active ? [k] : []));

/** Loops that are closed: their equalities, links, and how many groups each has; these groups are the last of a pattern. */
export const activeLoops = (
  model: Model,
): readonly { readonly equality: number; readonly a: number; readonly b: number; readonly groups: number }[] =>
  active(model).map(equality => {
    const { a, b, kind } = model.equalities[equality];
    return { equality, a, b, groups: kind === 'weld' ? 2 : 1 };
  });

/** (e, w) of (2), of the axes A and B of two links and the orientation between them. */
export const tiltText = /* wgsl */ `
  fn tiltOf(A: mat3x3f, B: mat3x3f, q: vec4f) -> vec4f {
    let E = transpose(B) * A * rotation(normalize(q));
    let w = 0.5 * sqrt(max(1e-12, 1.0 + E[0][0] + E[1][1] + E[2][2]));
    return vec4f(vec3f(E[1][2] - E[2][1], E[2][0] - E[0][2], E[0][1] - E[1][0]) / (4.0 * w), w);
  }
`;

/** One for a connect, two for a weld: its shift and its turn. */
export const linkGroups = (model: Model): readonly Group[] =>
  active(model).flatMap(k => {
    const { kind, a, b } = model.equalities[k];
    const group = { law: laws.hold, rows: 3, ...between(model, a, b, true) };
    return kind === 'weld' ? [group, group] : [group];
  });

/** Columns of an equality's numbers: solref 0, solimp 2, anchors 7, orientation 13, torque scale 17, Â for shifts and turns 18. */
const width = 20;
const at = columnOf('numbers');
const three = (column: number): string => `vec3f(${[0, 1, 2].map(k => at(column + k)).join(', ')})`;

const kernels = kernelsByKey();

const text = ({ nv, tables }: Model, count: number, groups: number, entries: number): string => {
  const frames = tables.frames.length;
  const moving = (name: 'velocity' | 'acceleration', more: number): string =>
    vec(name, place(frames, 6, 'f - 1u'), more);
  return /* wgsl */ `
  ${quaternions}
  ${tiltText}
  ${softness}
  var<storage, read> relative: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> motion: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> velocity: array<f32>; // of frames
  var<storage, read> acceleration: array<f32>; // where joints do not accelerate
  var<storage, read> numbers: array<f32>;
  var<storage, read> equalities: array<u32>; // 1 + frames and roots of a and b; 1 if it is a weld; list, count, entry, group
  var<storage, read> list: array<vec2u>; // velocity, moves
  var<uniform> dt: f32;
  var<uniform> shortest: f32;
  var<uniform> rigid: f32;
  @unique var<storage, read_write> jacobian: array<f32>;
  @unique var<storage, read_write> aref: array<f32>;
  @unique var<storage, read_write> weight: array<vec2f>;
  struct Turning { w: vec3f, dw: vec3f, ddx: vec3f } // of a link, and how a point of it accelerates
  fn turningOf(e: u32, f: u32, arm: vec3f) -> Turning {
    if (f == 0u) { return Turning(vec3f(0.0), vec3f(0.0), vec3f(0.0)); }
    let w = ${moving('velocity', 0)};
    let dw = ${moving('acceleration', 0)};
    return Turning(w, dw, ${moving('acceleration', 3)} + cross(dw, arm) + cross(w, ${moving('velocity', 3)} + cross(w, arm)));
  }
  @compute @workgroup_size(64)
  fn linkRows(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${poses(frames)}
    ${motions(nv)}
    for (var i = 0u; i < ${count}u; i++) {
      let g = i * 9u;
      let p = i * ${width}u;
      let A = R[equalities[g]];
      let B = R[equalities[g + 1u]];
      let armA = A * ${three(7)} + x[equalities[g]];
      let armB = B * ${three(10)} + x[equalities[g + 1u]];
      let apart = armA - armB + (O[equalities[g + 2u]] - O[equalities[g + 3u]]);                                  // (1)
      let weld = equalities[g + 4u] == 1u;
      let scale = ${at(17)};
      var turned4 = vec4f(0.0, 0.0, 0.0, 1.0);
      if (weld) { turned4 = tiltOf(A, B, vec4f(${at(13)}, ${at(14)}, ${at(15)}, ${at(16)})); }                       // (2)
      let w = turned4.w;
      let tilt = turned4.xyz;
      let first = equalities[g + 5u];
      let count = equalities[g + 6u];
      let entry = e * ${entries}u + equalities[g + 7u];
      var rateOf = vec3f(0.0);
      var spin = vec3f(0.0);
      for (var k = 0u; k < count; k++) {
        let item = list[first + k];
        let n = turn[item.x];
        let ofA = select(0.0, 1.0, (item.y & 2u) != 0u);
        let ofB = select(0.0, 1.0, (item.y & 1u) != 0u);
        let u = ofA * (shift[item.x] + cross(n, armA)) - ofB * (shift[item.x] + cross(n, armB));
        rateOf += rate[item.x] * u;
        ${[0, 1, 2].map(c => `jacobian[entry + 3u * k + ${c}u] = u[${c}];`).join(' ')}
        if (weld) {
          let own = ((ofA - ofB) * n) * B;
          let tilted = 0.5 * scale * (w * own + cross(own, tilt));
          spin += rate[item.x] * tilted;
          ${[0, 1, 2].map(c => `jacobian[entry + 3u * (count + k) + ${c}u] = tilted[${c}];`).join(' ')}
        }
      }
      let square = dot(apart, apart) + scale * scale * dot(tilt, tilt);
      var r = 0.0;
      if (square > 0.0) { r = sqrt(square); }
      let d = firmness(${[2, 3, 4, 5, 6].map(at).join(', ')}, r);
      var share = (1.0 - d) / d;
      var bk = pull(${at(0)}, ${at(1)}, ${at(3)}, shortest) * vec2f(1.0, d);
      if (rigid > 0.0) {
        bk = vec2f(1.0 / dt, 1.0 / (dt * dt));
        share = rigid;
      }
      let group = equalities[g + 8u];
      weight[e * ${groups}u + group] = vec2f(1.0 / max(1e-15, share * ${at(18)}), 0.0);
      let row = (e * ${groups}u + group) * 3u;
      let ofA = turningOf(e, equalities[g], armA);
      let ofB = turningOf(e, equalities[g + 1u], armB);
      let free = select(1.0, 0.0, rigid > 0.0);
      let back = -bk.x * rateOf - bk.y * apart - free * (ofA.ddx - ofB.ddx); // (3)
      ${[0, 1, 2].map(c => `aref[row + ${c}u] = back[${c}];`).join(' ')}
      if (weld) {
        weight[e * ${groups}u + group + 1u] = vec2f(1.0 / max(1e-15, share * ${at(19)}), 0.0);
        let between = ofA.w - ofB.w;
        let own = between * B; // ω′
        let rise = (ofA.dw - ofB.dw - cross(ofB.w, between)) * B;
        let bent = -dot(own, tilt) * own + cross(own, w * own + cross(own, tilt)); // 2 (ẇ ω′ + ω′ × ė)
        let turned = 0.5 * scale * (w * rise + cross(rise, tilt) + 0.5 * bent);
        let turnBack = -bk.x * spin - bk.y * scale * tilt - free * turned; // (3)
        ${[0, 1, 2].map(c => `aref[row + ${c + 3}u] = turnBack[${c}];`).join(' ')}
      }
    }
  }
`;
};

function numbersOf(model: Model, { equalities, linkWeight }: ConstraintParams): Tensor {
  if (!equalities)
    throw new RangeError('convex: the parameters have no equalities; start from constraintParams(model).');
  const list = [...active(model)];
  const all = concat([zeros([1, 2], { device: linkWeight.device }), linkWeight], 0);
  const of = (which: 'a' | 'b') => all.gather(list.map(k => model.equalities[k][which] + 1));
  const { solref, solimp, anchors, orientation, torqueScale } = equalities;
  const scale = torqueScale.gather(list).reshape([list.length, 1]);
  const own = [solref, solimp, anchors, orientation].map(x => x.gather(list));
  return concat([...own, scale, of('a').add(of('b'))], 1);
}

export const linkCones = (model: Model, { linkWeight }: ConstraintParams): Tensor =>
  zeros([linkGroups(model).length, 6], { device: linkWeight.device });

const tablesOn = onDeviceOf((model: Model, device) => {
  const rows: number[] = [];
  const items: number[] = [];
  const own = linkGroups(model);
  let [group, entry] = [0, 0];
  for (const k of active(model)) {
    const { kind, a, b } = model.equalities[k];
    const { dofs, moves } = own[group];
    const weld = kind === 'weld' ? 1 : 0;
    rows.push(frameOf(model, a), frameOf(model, b), rootOf(model, a), rootOf(model, b));
    rows.push(weld, items.length / 2, dofs.length, entry, group);
    items.push(...dofs.flatMap((d, i) => [d, moves[i]]));
    group += 1 + weld;
    entry += 3 * dofs.length * (1 + weld);
  }
  return {
    equalities: tensor(Uint32Array.from(rows), undefined, { device }),
    list: tensor(Uint32Array.from(items), [items.length / 2, 2], { device }),
  };
});

export function linkRows(
  prepared: Prepared,
  { relative, pose, motion }: Kinematics,
  { v, constraints }: { readonly v: Tensor; readonly constraints: ConstraintParams },
  { dt, shortest, stiffening }: Setting,
): Omit<Rows, 'cone'> {
  const { model, envs } = prepared;
  const { velocity, acceleration } = frameMotions(prepared, { motion, v }, zeros(v.shape, { device: v.device }));
  const groups = linkGroups(model);
  const entries = groups.reduce((sum, { dofs }) => sum + 3 * dofs.length, 0);
  const count = active(model).length;
  const key = JSON.stringify([model.nv, model.tables.frames.length, count, groups.length, entries]);
  const made = kernels(key, () => text(model, count, groups.length, entries))(
    {
      ...{ relative, pose, motion, v, velocity, acceleration, numbers: numbersOf(model, constraints) },
      ...tablesOn(model, pose.device),
      ...{ dt, shortest, rigid: stiffening.rigid },
    },
    { count: envs, out: { jacobian: [envs, entries], aref: [envs, 3 * groups.length], weight: [envs, groups.length] } },
  );
  return { jacobian: made.jacobian as Tensor, aref: made.aref as Tensor, weight: made.weight as Tensor };
}
