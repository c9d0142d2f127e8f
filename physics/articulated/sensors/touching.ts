/**
 * Contact sensors: of the contacts between two sets of shapes, how many there are, and what one of them is like.
 *
 *   found   how many act          dist, pos, normal, tangent    gap, m; the point, the normal from first to second and the first tangent, in the world
 *   force, torque                 of the contact on the second, along normal, tangent and their cross product, N and N m
 *
 * The contact is the nearest one, the strongest one, or (`netforce`) one that stands for all: at the mean of points weighted by forces, in the world's axes,
 * with the sums of forces and of torques about that point. All but the world's axes are 0 where nothing touches. Which contact it is, and how many, is decided by the numbers.
 *
 * MuJoCo documentation, "XML reference: sensor/contact".
 */

import { kernelsByKey, type Tensor, tensor } from '../../../kernel/index.ts';
import { patternFor } from '../constraint/rows.ts';
import { referenceOf, touches, touchesOf } from '../constraint/touch.ts';
import { place, vec } from '../layout.ts';
import type { Sensor } from '../parts.ts';
import type { Moved } from '../points.ts';
import { tablesOf } from '../tables-of.ts';
import type { Held } from './held.ts';
import { type ContactData, contactChoices, contactData } from './kinds.ts';
import { integers } from './tables.ts';

/** How many numbers each datum has, and where it begins among those of all data. */
export const sizeOf = (name: ContactData): number => (name === 'found' || name === 'dist' ? 1 : 3);
const all = contactData.reduce((sum, name) => sum + sizeOf(name), 0);
const beginOf = (name: ContactData): number =>
  contactData.slice(0, contactData.indexOf(name)).reduce((sum, other) => sum + sizeOf(other), 0);

const kernels = kernelsByKey();
const text = (frames: number, slots: number, rows: number, pairs: number, own: boolean): string => /* wgsl */ `
  override sensors: u32 = 1;
  var<storage, read> contact: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> relative: array<f32>;
  var<storage, read> margin: array<f32>;
  var<storage, read> groups: array<u32>; // of each slot: row, rows, 1 + reference frame, pair
  var<storage, read> which: array<u32>; // of each sensor and slot: 0 another's, 1 as it is, 2 the other way round
  var<storage, read> choices: array<u32>;
  @unique var<storage, read_write> found: array<f32>;
  @compute @workgroup_size(64)
  fn touching(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x / sensors;
    let k = id.x - e * sensors;
    var O: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) { O[f + 1u] = ${vec('relative', place(frames, 12, 'f'), 9)}; }
    let choice = choices[k];
    var count = 0.0;
    var best = 1e30;
    var weights = 0.0;
    var force = vec3f(0.0);
    var torque = vec3f(0.0); // of all: about the origin
    var gap = 0.0;
    var point = vec3f(0.0);
    var normal = vec3f(0.0);
    var tangent = vec3f(0.0);
    for (var s = 0u; s < ${slots}u; s++) {
      let from = (e * ${slots}u + s) * 10u;
      let g = 4u * s;
      let way = which[k * ${slots}u + s];
      if (way > 0u && contact[from] < margin[${own ? `e * ${pairs}u + ` : ''}groups[g + 3u]]) {
        let row = e * ${rows}u + groups[g];
        let rows = groups[g + 1u];
        let turn = select(1.0, -1.0, way == 2u);
        let n = ${vec('contact', 'from', 1)};
        let side = ${vec('contact', 'from', 7)};
        let t1 = normalize(side - n * dot(n, side));
        let x = ${vec('contact', 'from', 4)} + O[groups[g + 2u]];
        var f = vec3f(lambda[row], 0.0, 0.0);
        var t = vec3f(0.0);
        if (rows >= 3u) { f = vec3f(f.x, lambda[row + 1u], lambda[row + 2u]); }
        if (rows > 3u) { t.x = lambda[row + 3u]; }
        if (rows == 6u) { t = vec3f(t.x, lambda[row + 4u], lambda[row + 5u]); }
        let strength = sqrt(max(dot(f, f), 1e-30));
        count += 1.0;
        if (choice == 2u) {
          let axes = mat3x3f(n, t1, cross(n, t1));
          let push = turn * (axes * f);
          force += push;
          torque += turn * (axes * t) + cross(x, push);
          weights += strength;
          point += strength * x;
        } else {
          let rank = select(contact[from], -strength, choice == 1u);
          if (rank < best) {
            best = rank;
            gap = contact[from];
            point = x;
            normal = turn * n;
            tangent = turn * t1;
            force = vec3f(f.x, f.y, turn * f.z);
            torque = vec3f(t.x, t.y, turn * t.z);
          }
        }
      }
    }
    if (choice == 2u) {
      if (count > 0.0) {
        point = point / weights;
        torque -= cross(point, force);
      }
      normal = vec3f(1.0, 0.0, 0.0);
      tangent = vec3f(0.0, 1.0, 0.0);
    }
    let o = id.x * ${all}u;
    found[o] = count;
    found[o + ${beginOf('dist')}u] = gap;
    for (var c = 0u; c < 3u; c++) {
      found[o + ${beginOf('force')}u + c] = force[c];
      found[o + ${beginOf('torque')}u + c] = torque[c];
      found[o + ${beginOf('pos')}u + c] = point[c];
      found[o + ${beginOf('normal')}u + c] = normal[c];
      found[o + ${beginOf('tangent')}u + c] = tangent[c];
    }
  }
`;

/** [envs, numbers of all]. */
export function touchings(moved: Moved, list: readonly Sensor[], held: Held | undefined): Tensor {
  const { prepared, kinematics } = moved;
  const { model, envs } = prepared;
  const { device } = moved.velocity;
  const size = list.reduce((sum, sensor) => sum + sensor.size, 0);
  const { geoms, pairs } = held?.constraints ?? {};
  if (!held || !geoms || !pairs || model.pairs.length === 0)
    return tensor(new Float32Array(envs * size), [envs, size], { device });
  const contact = touches(prepared, kinematics, { geoms, pairs });
  const [slots, frames, n] = [touchesOf(model).slots.length, model.tables.frames.length, list.length];
  const own = pairs.margin.shape.length > 1;
  const { rows } = held.pattern;
  const run = kernels([frames, slots, rows, model.pairs.length, own].join(), () =>
    text(frames, slots, rows, model.pairs.length, own),
  );
  const { columns, ...rest } = tables(list, model, device);
  const given = { contact, lambda: held.lambda, relative: kinematics.relative, margin: pairs.margin };
  const made = run(
    { ...given, ...rest },
    { count: envs * n, overrides: { sensors: n }, out: { found: [envs * n * all] } },
  ).found as Tensor;
  return made
    .reshape([envs, n * all])
    .transpose()
    .gather(columns)
    .transpose();
}

const tables = tablesOf((list: readonly Sensor[], model, device) => {
  const { slots } = touchesOf(model);
  const { groups } = patternFor(model);
  const way = ({ touching }: Sensor, p: number): number => {
    const { a, b } = model.pairs[p];
    const [first, second] = [touching?.first, touching?.second];
    const has = (set: readonly number[] | undefined, geom: number): boolean => set === undefined || set.includes(geom);
    return has(first, a) && has(second, b) ? 1 : has(first, b) && has(second, a) ? 2 : 0;
  };
  const columns = list.flatMap(({ touching }, k) =>
    (touching?.data ?? []).flatMap(name => Array.from({ length: sizeOf(name) }, (_, c) => k * all + beginOf(name) + c)),
  );
  const own = slots.flatMap((p, s) => [groups[s].row, groups[s].rows, referenceOf(model, p), p]);
  const choices = list.map(({ touching }) => contactChoices.indexOf(touching?.choice ?? 'mindist'));
  return {
    groups: integers(own, device),
    which: integers(
      list.flatMap(sensor => slots.map(p => way(sensor, p))),
      device,
    ),
    choices: integers(choices, device),
    columns: integers(columns, device),
  };
});
