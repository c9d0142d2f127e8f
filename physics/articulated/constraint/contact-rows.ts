/**
 * Rows of contacts: how velocities and accelerations of joints move one shape's point against the other's, and how firmly that is resisted.
 *
 *   J = Fᵀ (ẋ_b − ẋ_a),  Fᵀ (ω_b − ω_a)          F = (n, t₁, t₂): the normal and two tangents                       (1)
 *   a_ref = −b J v − k d (φ − margin) n           friction's rows have no position                                  (2)
 *   R = (1 − d) / d · Â,  D = 1 / R               pyramids: D = 1 / (2 m² R), with Â (1 + μ²) for Â                 (3)
 *   2 m² R ≥ min(R, ε Â)                          where friction is little or none                                  (4)
 *
 * m = μ / √impratio, that of cones with at least 1e-5 for μ. A contact acts where φ < margin + reach. Where laws are smooth, m = 1 and w is
 * the width of law (4) in cone.wgsl.ts that a length δ means: w² = δ² / dt⁴ · R / (Â + R). Rigid contacts have a_ref = −(φ + dt J v) / dt²
 * and R = rigid · Â, with R for all directions: what is left of the gap after a step is zero, but for a compliance of that share.
 */

import { concat, type Device, kernelsByKey, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import type { Kinematics } from '../dynamics/kinematics.ts';
import { vec } from '../layout.ts';
import type { Model } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { columnOf, motionAt, rootAt } from './local-arrays.ts';
import type { ConstraintParams } from './numbers.ts';
import { between, type Group, laws, type Pattern } from './pattern.ts';
import type { Rows, Setting } from './row-form.ts';
import { softness } from './soft.wgsl.ts';
import { referenceOf, rootOf, touchesOf } from './touch.ts';

/** A group for each slot. */
export function contactGroups(model: Model): readonly Group[] {
  if (model.pairs.length === 0) return [];
  return touchesOf(model).slots.map(p => {
    const { a, b, condim } = model.pairs[p];
    const moving = between(model, model.geoms[a].link, model.geoms[b].link, false);
    const law = condim === 1 ? laws.push : model.solver.cone === 'elliptic' ? laws.elliptic : laws.pyramid;
    return { law, rows: condim, ...moving };
  });
}

/** Columns of a pair's numbers: friction 0, solref 5, its friction's 7, solimp 9, margin 14, impratio 15, Â 16 and 17. */
const width = 18;
const at = columnOf('pairs');

/**
 * ε of (4): edges of little friction would be stiffer than numbers are precise, by 1 / μ². With it small friction is still Coulomb's, but for
 * slow slips, on which it is lower: in single precision about a millimetre a second for μ = 0.01.
 */
const leastShare = ({ precision }: Device): number => (precision === 'f64' ? 1e-11 : 1e-4);

const kernels = kernelsByKey();

/** What a text is for: parameters of each environment, rigid contacts, smooth ones. */
interface Form {
  readonly own: boolean;
  readonly rigid: boolean;
  readonly smooth: boolean;
}

const text = (model: Model, pattern: Pattern, { own, rigid, smooth }: Form): string => {
  const { nv } = model;
  const slots = touchesOf(model).slots.length;
  const groups = pattern.groups.slice(0, slots);
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const entries = groups.reduce((sum, group) => sum + group.rows * group.dofs.length, 0);
  const when = (wanted: boolean, statements: string): string => (wanted ? statements : '');
  const [narrowest, widest] = [Math.min, Math.max].map(most => most(...groups.map(group => group.rows)));
  /** Statements for groups of at least so many rows. */
  const from = (least: number, statements: string): string =>
    when(widest >= least, narrowest >= least ? statements : `if (rows >= ${least}u) { ${statements} }`);
  const has = (law: keyof typeof laws): boolean => groups.some(group => group.law === laws[law]);
  const softened = `
        let bk = pull(${at(5)}, ${at(6)}, ${at(10)}, shortest);
        let b = bk.x;
        let share = (1.0 - d) / d;
        let back = bk.y * d * r;
        var bf = b;
        ${when(
          has('elliptic'),
          `if (law == ${laws.elliptic}u && (${at(7)} != 0.0 || ${at(8)} != 0.0)) { bf = pull(${at(7)}, ${at(8)}, ${at(10)}, shortest).x; }`,
        )}`;
  const stiffened = `
        let b = 1.0 / dt;
        let bf = b;
        let back = r / (dt * dt);
        let share = rigid;`;
  return /* wgsl */ `
  ${softness}
  var<storage, read> contact: array<f32>;
  var<storage, read> relative: array<f32>;
  var<storage, read> motion: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> pairs: array<f32>;
  var<storage, read> groups: array<u32>; // of each slot: pair, law, rows, list, count, entry, row, 1 + reference frame, 1 + roots of a and b
  var<storage, read> list: array<vec2u>; // velocity, moves
  var<uniform> dt: f32;
  var<uniform> shortest: f32;
  var<uniform> reach: f32;
  var<uniform> rigid: f32;
  var<uniform> smooth_: f32;
  var<uniform> least: f32;
  @unique var<storage, read_write> jacobian: array<f32>;
  @unique var<storage, read_write> aref: array<f32>;
  @unique var<storage, read_write> weight: array<vec2f>;
  @compute @workgroup_size(64)
  fn contactRows(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var s = 0u; s < ${slots}u; s++) {
      let from = (e * ${slots}u + s) * 10u;
      let gap = contact[from];
      let g = s * 10u;
      let p = ${own ? `(e * ${model.pairs.length}u + groups[g])` : 'groups[g]'} * ${width}u;
      let r = gap - ${at(14)};
      if (r < reach) {
        let law = groups[g + 1u];
        let rows = groups[g + 2u];
        let first = groups[g + 3u];
        let count = groups[g + 4u];
        let entry = e * ${entries}u + groups[g + 5u];
        let row = e * ${rows}u + groups[g + 6u];
        let n = ${vec('contact', 'from', 1)};
        let x = ${vec('contact', 'from', 4)};
        let side = ${vec('contact', 'from', 7)};
        let t1 = normalize(side - n * dot(n, side));
        let t2 = cross(n, t1);
        ${rootAt(model, 'groups[g + 7u]', 'here')}
        ${rootAt(model, 'groups[g + 8u]', 'rootA')}
        ${rootAt(model, 'groups[g + 9u]', 'rootB')}
        let armA = x + (here - rootA);
        let armB = x + (here - rootB);
        var slide = vec3f(0.0);
        var spin = vec3f(0.0);
        for (var k = 0u; k < count; k++) {
          let item = list[first + k];
          ${motionAt(nv, 'item.x')}
          let sign = select(-1.0, 1.0, item.y == 1u);
          let u = sign * (shift + cross(turn, select(armA, armB, item.y == 1u)));
          let to = entry + k * rows;
          let moved = vec3f(dot(n, u), dot(t1, u), dot(t2, u));                                                  // (1)
          slide += rate * moved;
          jacobian[to] = moved.x;
          ${from(3, 'jacobian[to + 1u] = moved.y; jacobian[to + 2u] = moved.z;')}
          ${from(
            4,
            `
            let turned = sign * vec3f(dot(n, turn), dot(t1, turn), dot(t2, turn));
            spin += rate * turned;
            jacobian[to + 3u] = turned.x;
            ${from(6, 'jacobian[to + 4u] = turned.y; jacobian[to + 5u] = turned.z;')}`,
          )}
        }
        let d = firmness(${[9, 10, 11, 12, 13].map(at).join(', ')}, min(r, 0.0));
        ${rigid ? stiffened : softened}
        let mu = ${at(0)};
        var A = ${at(16)};
        var part = share;
        ${when(
          has('pyramid'),
          `if (law == ${laws.pyramid}u) {
            A *= 1.0 + mu * mu;
            part = max(2.0 * mu * mu / ${at(15)} * share, min(share, least));                                      // (4)
          }`,
        )}
        let R = max(1e-15, part * A);                                                                            // (3)
        let w = ${smooth ? 'smooth_ / (dt * dt) * sqrt(R / (A + R))' : '0.0'};
        weight[e * ${slots}u + s] = vec2f(1.0 / R, w);
        aref[row] = -b * slide.x - back;                                                                         // (2)
        ${from(3, 'aref[row + 1u] = -bf * slide.y; aref[row + 2u] = -bf * slide.z;')}
        ${from(4, 'aref[row + 3u] = -bf * spin.x;')}
        ${from(6, 'aref[row + 4u] = -bf * spin.y; aref[row + 5u] = -bf * spin.z;')}
      }
    }
  }
`;
};

/** Numbers of all pairs, [pairs, 18], or [envs, pairs, 18]. */
function pairNumbers(
  model: Model,
  { pairs, linkWeight }: ConstraintParams,
): { readonly numbers: Tensor; readonly own: boolean } {
  if (!pairs) throw new RangeError('contacts: the parameters have no pairs; start from constraintParams(model).');
  const { device } = linkWeight;
  const count = model.pairs.length;
  const links = (of: 'a' | 'b') => model.pairs.map(pair => model.geoms[pair[of]].link + 1);
  const all = concat([zeros([1, 2], { device }), linkWeight], 0);
  const weight = all.gather(links('a')).add(all.gather(links('b')));
  const { friction, solref, solrefFriction, solimp, margin, impratio } = pairs;
  const parts = [friction, solref, solrefFriction, solimp].map(x => ({ x, rank: 2 }));
  const own = parts.some(({ x, rank }) => x.shape.length > rank) || margin.shape.length > 1;
  const lead = own ? [(parts.find(({ x }) => x.shape.length > 2)?.x ?? margin).shape[0]] : [];
  const spread = (x: Tensor, width: number): Tensor => x.broadcastTo([...lead, count, width]);
  const column = (x: Tensor): Tensor => x.reshape([...x.shape, 1]);
  const numbers = concat(
    [
      ...parts.map(({ x }) => spread(x, x.shape[x.shape.length - 1])),
      spread(column(margin), 1),
      spread(impratio.reshape([1, 1]), 1),
      spread(weight, 2),
    ],
    -1,
  );
  return { numbers, own };
}

/** μ of each slot's rows, and m in the place of the normal's, [slots, 6]. */
export function contactCones(model: Model, { pairs }: ConstraintParams, smooth: boolean): Tensor | undefined {
  if (!pairs) return undefined;
  const { friction, impratio } = pairs;
  const slide = friction.slice([...friction.shape.map(() => 0)], [...friction.shape.slice(0, -1), 1]);
  const slope = smooth ? slide.mul(0).add(1) : slide.max(1e-5).div(impratio.sqrt());
  const rows = concat([slope, friction], -1);
  const { slots } = touchesOf(model);
  if (rows.shape.length === 2) return rows.gather([...slots]);
  return rows
    .transpose([1, 0, 2])
    .gather([...slots])
    .transpose([1, 0, 2]);
}

const tables = new WeakMap<Pattern, WeakMap<Device, { readonly groups: Tensor; readonly list: Tensor }>>();

function tablesOn(model: Model, pattern: Pattern, device: Device): { readonly groups: Tensor; readonly list: Tensor } {
  const of = tables.get(pattern) ?? new WeakMap();
  tables.set(pattern, of);
  const { slots } = touchesOf(model);
  const row = (p: number, s: number): readonly number[] => {
    const { law, rows, list, dofs, entry, row } = pattern.groups[s];
    const { a, b } = model.pairs[p];
    const roots = [a, b].map(g => rootOf(model, model.geoms[g].link));
    return [p, law, rows, list, dofs.length, entry, row, referenceOf(model, p), ...roots];
  };
  const groups = pattern.groups.slice(0, slots.length);
  const made = of.get(device) ?? {
    groups: tensor(Uint32Array.from(slots.flatMap(row)), undefined, { device }),
    list: tensor(
      Uint32Array.from(groups.flatMap(({ dofs, moves }) => dofs.flatMap((d, k) => [d, moves[k]]))),
      [groups.reduce((sum, { dofs }) => sum + dofs.length, 0), 2],
      { device },
    ),
  };
  of.set(device, made);
  return made;
}

/** @param contact Of `touches`. */
export function contactRows(
  { model, envs }: Prepared,
  { relative, motion }: Kinematics,
  given: { readonly contact: Tensor; readonly v: Tensor; readonly constraints: ConstraintParams },
  { pattern, dt, shortest, stiffening }: Setting,
): Omit<Rows, 'cone'> {
  const { numbers, own } = pairNumbers(model, given.constraints);
  const slots = touchesOf(model).slots.length;
  const groups = pattern.groups.slice(0, slots);
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const entries = groups.reduce((sum, group) => sum + group.rows * group.dofs.length, 0);
  const { rigid, smooth, reach } = stiffening;
  const { nv, tables } = model;
  const form = { own, rigid: rigid > 0, smooth: smooth > 0 };
  const kinds = [...new Set(groups.map(({ law, rows }) => `${law}:${rows}`))];
  const key = JSON.stringify([form, tables.frames.length, nv, model.pairs.length, slots, rows, entries, kinds]);
  const made = kernels(key, () => text(model, pattern, form))(
    {
      contact: given.contact,
      relative,
      motion,
      v: given.v,
      pairs: numbers,
      ...tablesOn(model, pattern, motion.device),
      ...{ dt, shortest, reach, rigid, smooth_: smooth, least: leastShare(motion.device) },
    },
    { count: envs, out: { jacobian: [envs, entries], aref: [envs, rows], weight: [envs, slots] } },
  );
  return { jacobian: made.jacobian as Tensor, aref: made.aref as Tensor, weight: made.weight as Tensor };
}
