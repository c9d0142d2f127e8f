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

import { contactSlots, contactText, type ShapeKind } from '../../../geometry/index.ts';
import { kernelsByKey, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { bodiesOf } from '../constraint/geoms.ts';
import { frameMotions, jointProjections } from '../inverse.ts';
import type { Kinematics } from '../kinematics.ts';
import { column, place, quaternions, type Sizes, vec } from '../layout.ts';
import type { ArticulatedState, Model } from '../model.ts';
import { localPoses } from '../points.ts';
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

/** Where shapes are on their links: sizes [geoms, 3], places [geoms, 3], quaternions of any length [geoms, 4]. */
export interface GeomParams {
  readonly size: Tensor;
  readonly position: Tensor;
  readonly orientation: Tensor;
}

interface Layout {
  readonly kinds: readonly (readonly [ShapeKind, ShapeKind])[];
  /** Per contact that a pair can have: its kinds' number, its slot, geoms a and b, rows of their frames, the pair. */
  readonly table: readonly number[];
  readonly contacts: number;
}

const columns = 7;

const layouts = new WeakMap<Model, Layout>();

function layoutOf(model: Model): Layout {
  const known = layouts.get(model);
  if (known) return known;
  const { geoms, pairs, tables } = model;
  const names = pairs.map(({ a, b }) => `${geoms[a].kind} ${geoms[b].kind}`);
  const distinct = [...new Set(names)];
  const kinds = distinct.map(name => name.split(' ') as unknown as readonly [ShapeKind, ShapeKind]);
  const row = (link: number): number => (link < 0 ? 0 : tables.frameOf[link] + 1);
  const table = pairs.flatMap(({ a, b }, p) => {
    const kind = distinct.indexOf(names[p]);
    const places = [a, b, row(geoms[a].link), row(geoms[b].link), p];
    return Array.from({ length: contactSlots(...kinds[kind]) }, (_, k) => [kind, k, ...places]).flat();
  });
  const layout = { kinds, table, contacts: table.length / columns };
  layouts.set(model, layout);
  return layout;
}

const bindings = (geoms: number): string => /* wgsl */ `
  var<storage, read> relative: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> geomSize: array<vec3f, ${geoms}>;
  var<storage, read> geomPosition: array<vec3f, ${geoms}>;
  var<storage, read> geomOrientation: array<vec4f, ${geoms}>;
  var<storage, read> frames: array<u32>;
  var<storage, read> contacts: array<u32>;
`;

/** Where frames are: R, x, and O of their roots. */
const placesText = (sizes: Sizes): string => {
  const { frames } = sizes;
  return `
    ${localPoses(sizes)}
    var first: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) { first[f + 1u] = ${vec('relative', place(frames, 12, 'f'), 9)}; }
    var O: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) { O[f + 1u] = first[${column('root')} + 1u]; }`;
};

const shapeText = (s: string): string => `
      let q${s} = normalize(geomOrientation[${s}]);
      let shape${s} = Shape(geomSize[${s}], R[f${s}] * rotation(q${s}), O[f${s}] + R[f${s}] * geomPosition[${s}] + x[f${s}], 0u);`;

/** Of contact i: kinds, slot, frames, and the two shapes in the world. */
const pairText: string = `
      let row = i * ${columns}u;
      let kind = contacts[row];
      let a = contacts[row + 2u];
      let b = contacts[row + 3u];
      let fa = contacts[row + 4u];
      let fb = contacts[row + 5u];
      ${shapeText('a')}
      ${shapeText('b')}`;

/** What is discrete about contacts; not differentiated. */
const featuresText = (sizes: Sizes, geoms: number, { kinds, contacts }: Layout): string => /* wgsl */ `
  ${quaternions}
  ${contactText(kinds)}
  ${bindings(geoms)}
  @unique var<storage, read_write> chosen: array<vec2u>;
  @compute @workgroup_size(64)
  fn features(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${placesText(sizes)}
    var found: Features;
    for (var i = 0u; i < ${contacts}u; i++) {
      ${pairText}
      let slot = contacts[row + 1u];
      if (slot == 0u) { findFeatures(kind, shapea, shapeb, 1e9, &found); }
      chosen[${place(contacts, 1, 'i')}] = found[slot];
    }
  }
`;

const text = (sizes: Sizes, geoms: number, pairs: number, { kinds, contacts }: Layout): string => {
  const { frames } = sizes;
  const at = place(frames, 6, 'f');
  const write = (k: number): string =>
    `wrench[o + ${k}u] = torque[f + 1u][${k}]; wrench[o + ${k + 3}u] = push[f + 1u][${k}];`;
  return /* wgsl */ `
  ${quaternions}
  ${contactText(kinds)}
  ${pressText}
  ${bindings(geoms)}
  var<storage, read> velocity: array<f32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> stiffness: array<f32>;
  var<storage, read> damping: array<f32>;
  var<storage, read> width: array<f32>;
  var<storage, read> slip: array<f32>;
  var<storage, read> chosen: array<vec2u>;
  var<storage, read_write> wrench: array<f32>;
  @unique var<storage, read_write> load: array<f32>;
  @compute @workgroup_size(64)
  fn touch(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${placesText(sizes)}
    var w: array<vec3f, ${frames + 1}>;
    var u: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) {
      w[f + 1u] = ${vec('velocity', at)};
      u[f + 1u] = ${vec('velocity', at, 3)};
    }
    var torque: array<vec3f, ${frames + 1}>;
    var push: array<vec3f, ${frames + 1}>;
    var total: array<f32, ${pairs}>;
    for (var i = 0u; i < ${contacts}u; i++) {
      ${pairText}
      let p = contacts[row + 6u];
      let c = findContact(kind, shapea, shapeb, chosen[${place(contacts, 1, 'i')}]);
      let onA = c.point - O[fa];
      let onB = c.point - O[fb];
      let rate = u[fb] + cross(w[fb], onB) - u[fa] - cross(w[fa], onA);
      let opening = dot(c.normal, rate);
      let N = press(c.gap, opening, stiffness[0], damping[0], width[0]);
      let along = rate - opening * c.normal;
      let f = N * c.normal - friction[p] * N / sqrt(dot(along, along) + slip[0] * slip[0]) * along;               // (3)
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
const featureKernels = kernelsByKey();
const tables = new WeakMap<Tensor['device'], WeakMap<Model, Tensor>>();

function tableOn(model: Model, { table }: Layout, device: Tensor['device']): Tensor {
  const known = tables.get(device) ?? new WeakMap<Model, Tensor>();
  tables.set(device, known);
  const made = known.get(model) ?? tensor(Uint32Array.from(table), undefined, { device });
  known.set(model, made);
  return made;
}

/** @throws RangeError for what the law does not know. */
export function checkTouching(model: Model): void {
  const { geoms, pairs, links } = model;
  const body = bodiesOf(links);
  for (const { a, b, condim, friction } of pairs) {
    const who = `compliant: '${geoms[a].name}' and '${geoms[b].name}'`;
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
  { relative, pose, motion }: Kinematics,
  { v }: ArticulatedState,
  { size, position, orientation }: GeomParams,
  law: Touching,
): Touched {
  const { model, structure, envs } = prepared;
  const sizes = { ...prepared.sizes, own: false };
  const layout = layoutOf(model);
  const { device } = v;
  const { velocity } = frameMotions(prepared, { motion, v }, zeros(v.shape, { device }));
  const [geoms, pairs] = [model.geoms.length, model.pairs.length];
  const key = JSON.stringify([sizes, layout.kinds, geoms, pairs, layout.contacts]);
  const places = {
    ...{ relative, pose, geomSize: size, geomPosition: position, geomOrientation: orientation },
    ...{ frames: structure.frames, contacts: tableOn(model, layout, device) },
  };
  const { chosen } = featureKernels(key, () => featuresText(sizes, geoms, layout))(places, {
    count: envs,
    out: { chosen: [envs, layout.contacts, 2] },
  });
  const { wrench, load } = kernels(key, () => text(sizes, geoms, pairs, layout))(
    { ...places, ...law, velocity, chosen: chosen as Tensor },
    { count: envs, out: { wrench: [envs, sizes.frames, 6], load: [envs, pairs] } },
  );
  return { tau: jointProjections(prepared, motion, wrench as Tensor), load: load as Tensor };
}
