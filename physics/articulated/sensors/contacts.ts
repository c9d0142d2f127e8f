/**
 * What contacts do to links, as sensors feel it: forces λ of the convex law at given accelerations (held.ts).
 *
 *   f = n λ₁ + t₁ λ₂ + t₂ λ₃,   τ = (x − O) × f + n λ₄ + t₁ λ₅ + t₂ λ₆        on the second link; −f, −τ on the first      (1)
 *   touch = Σ λ₁                            over contacts of the site's link that lie in the site, or before it           (2)
 *
 * A contact lies before a site if the ray from it, into the other link along the normal, meets the site's region. Which contacts count
 * is decided by the numbers; the forces are differentiable. They are those that solref and solimp mean, not those of rigid, smooth or
 * compliant contacts.
 */

import { contactText, rayText, type ShapeKind, shapeKinds } from '../../../geometry/index.ts';
import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { patternFor } from '../constraint/rows.ts';
import { frameOf, referenceOf, rootOf, touches, touchesOf } from '../constraint/touch.ts';
import { place, vec } from '../layout.ts';
import type { ArticulatedParams, Model } from '../model.ts';
import type { Sensor } from '../parts.ts';
import { type Moved, pointMotionsOf } from '../points.ts';
import { tablesOf } from '../tables-of.ts';
import type { Held } from './held.ts';
import { sensedPoints } from './motions.ts';
import { integers } from './tables.ts';

export interface ContactSensing {
  /** Of contacts on frames, (torque, force) about O, [envs, frames, 6]. */
  readonly wrench: Tensor;
  /** Of touch sensors, [envs, sensors], N. */
  readonly touch: Tensor | undefined;
}

const regions: readonly ShapeKind[] = ['sphere', 'capsule', 'ellipsoid', 'cylinder', 'box'];
const width = 7;
const kernels = kernelsByKey();

const text = (frames: number, slots: number, rows: number, felt: number): string => /* wgsl */ `
  var<storage, read> contact: array<f32>;
  var<storage, read> lambda: array<f32>;
  var<storage, read> relative: array<f32>;
  var<storage, read> groups: array<u32>; // of each slot: row, rows, 1 + reference frame, 1 + frames of a and b, 1 + their roots
  ${
    felt > 0
      ? `var<storage, read> position: array<vec3f>;
  var<storage, read> orientation: array<f32>;
  var<storage, read> size: array<vec3f>;
  var<storage, read> kinds: array<u32>;
  var<storage, read> on: array<u32>; // 1: the sensor's link is a, 2: b
  var<storage, read_write> touch: array<f32>;
  ${contactText([])}
  ${rayText(regions)}`
      : ''
  }
  var<storage, read_write> wrench: array<f32>;
  @compute @workgroup_size(64)
  fn contactSensing(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var O: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) { O[f + 1u] = ${vec('relative', place(frames, 12, 'f'), 9)}; }
    var torque: array<vec3f, ${frames + 1}>;
    var push: array<vec3f, ${frames + 1}>;
    ${felt > 0 ? `var felt: array<f32, ${felt}>;` : ''}
    for (var s = 0u; s < ${slots}u; s++) {
      let from = (e * ${slots}u + s) * 10u;
      let g = s * ${width}u;
      let row = e * ${rows}u + groups[g];
      let count = groups[g + 1u];
      let n = ${vec('contact', 'from', 1)};
      let side = ${vec('contact', 'from', 7)};
      let t1 = normalize(side - n * dot(n, side));
      let t2 = cross(n, t1);
      let here = O[groups[g + 2u]];
      let x = ${vec('contact', 'from', 4)};
      let normal = lambda[row];
      var f = normal * n;
      var turn = vec3f(0.0);
      if (count >= 3u) { f += lambda[row + 1u] * t1 + lambda[row + 2u] * t2; }
      if (count > 3u) { turn += lambda[row + 3u] * n; }
      if (count == 6u) { turn += lambda[row + 4u] * t1 + lambda[row + 5u] * t2; }
      let a = groups[g + 3u];
      let b = groups[g + 4u];
      push[a] -= f;                                                                                              // (1)
      torque[a] -= cross(x + (here - O[groups[g + 5u]]), f) + turn;
      push[b] += f;
      torque[b] += cross(x + (here - O[groups[g + 6u]]), f) + turn;
      ${
        felt > 0
          ? `for (var k = 0u; k < ${felt}u; k++) {
        let which = on[k * ${slots}u + s];
        let i = e * ${2 * felt}u + 2u * k;
        if (which > 0u && normal > 0.0) {
          let at = 9u * i;
          let R = mat3x3f(${[0, 3, 6].map(c => vec('orientation', 'at', c)).join(', ')});
          let ray = select(-n, n, which == 1u);
          if (castRay(kinds[k], Shape(size[k], R, position[i], 0u), here + x, ray) < 1e9) { felt[k] += normal; }      // (2)
        }
      }`
          : ''
      }
    }
    for (var f = 0u; f < ${frames}u; f++) {
      let to = ${place(frames, 6, 'f')};
      ${[0, 1, 2].map(k => `wrench[to + ${k}u] = torque[f + 1u][${k}]; wrench[to + ${3 + k}u] = push[f + 1u][${k}];`).join('\n      ')}
    }
    ${felt > 0 ? `for (var k = 0u; k < ${felt}u; k++) { touch[e * ${felt}u + k] = felt[k]; }` : ''}
  }
`;

/** undefined if no shapes of the model may touch. */
export function contactSensing(
  moved: Moved,
  list: readonly Sensor[],
  at: { readonly params: ArticulatedParams; readonly held: Held },
): ContactSensing | undefined {
  const { prepared, kinematics } = moved;
  const { model, envs } = prepared;
  if (model.pairs.length === 0) return undefined;
  const { device } = moved.velocity;
  const { constraints, pattern, lambda } = at.held;
  const { geoms, pairs } = constraints;
  if (!geoms || !pairs)
    throw new RangeError("sensors: 'constraints' have no geoms or no pairs; start from constraintParams(model).");
  const contact = touches(prepared, kinematics, { geoms, pairs });
  const [slots, frames, felt] = [touchesOf(model).slots.length, model.tables.frames.length, list.length];
  const regionsOf = felt > 0 ? sitesOf(moved, list, at.params) : {};
  const run = kernels(`${frames} ${slots} ${pattern.rows} ${felt}`, () => text(frames, slots, pattern.rows, felt));
  const made = run(
    { contact, lambda, relative: kinematics.relative, ...slotsOn(model, device), ...regionsOf },
    { count: envs, out: { wrench: [envs, frames, 6], ...(felt > 0 && { touch: [envs, felt] }) } },
  );
  return { wrench: made.wrench as Tensor, touch: felt > 0 ? (made.touch as Tensor) : undefined };
}

const slotsOn = onDeviceOf((model: Model, device) => {
  const { slots } = touchesOf(model);
  const { groups } = patternFor(model);
  const links = (p: number): readonly number[] =>
    (['a', 'b'] as const).map(side => model.geoms[model.pairs[p][side]].link);
  const rows = slots.map((p, s) => {
    const { row, rows } = groups[s];
    const own = links(p).map(link => frameOf(model, link));
    return [row, rows, referenceOf(model, p), ...own, ...links(p).map(link => rootOf(model, link))];
  });
  return { groups: integers(rows.flat(), device) };
});

const regionsOn = tablesOf((list: readonly Sensor[], model, device) => {
  const sites = list.map(({ on }) => model.sites[on]);
  const side = (link: number, p: number): number =>
    link === model.geoms[model.pairs[p].a].link ? 1 : link === model.geoms[model.pairs[p].b].link ? 2 : 0;
  return {
    size: tensor(
      sites.flatMap(({ size }) => [0, 1, 2].map(k => size[k] ?? 0)),
      [sites.length, 3],
      { device },
    ),
    kinds: integers(
      sites.map(({ kind }) => shapeKinds.indexOf(kind)),
      device,
    ),
    on: integers(
      sites.flatMap(({ link }) => touchesOf(model).slots.map(p => side(link, p))),
      device,
    ),
  };
});

function sitesOf(moved: Moved, list: readonly Sensor[], params: ArticulatedParams): Readonly<Record<string, Tensor>> {
  const { model } = moved.prepared;
  const { device } = moved.velocity;
  const { position, orientation } = pointMotionsOf(moved, sensedPoints(list, model, params, device));
  return { position, orientation, ...regionsOn(list, model, device) };
}
