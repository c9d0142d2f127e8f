/**
 * Contacts of a state as the law of impacts sees them: gaps, how velocities of joints move them, which of them rest, and which an impact
 * takes along.
 *
 *   rests    φ ≤ touching,  |uₙ| ≤ rest                              w = −φ / (4 dt): what is left of the gap closes slowly       (1)
 *   is met   φ ≤ touching, or it is the one that closes              w = −e uₙ where it closes faster than `rest`, else 0        (2)
 *
 * Which contacts those are is not differentiated.
 */

import { concat, kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { contactRows } from '../constraint/contact-rows.ts';
import type { ConstraintParams } from '../constraint/numbers.ts';
import { patternFor } from '../constraint/rows.ts';
import { touches, touchesOf } from '../constraint/touch.ts';
import { type Kinematics, kinematics } from '../dynamics/kinematics.ts';
import type { Model } from '../model.ts';
import type { Prepared } from '../structure.ts';
import { boundGaps, boundJacobian, boundSlots } from './bounds.ts';
import { seenBy } from './impulses.ts';

const jacobianText = (slots: number, nv: number): string => /* wgsl */ `
  override entries: u32 = 1;
  var<storage, read> sparse: array<f32>;
  var<storage, read> place: array<u32>; // of each entry, in J of one environment
  @unique var<storage, read_write> jacobian: array<f32>;
  @compute @workgroup_size(64)
  fn wholeJacobian(@builtin(global_invocation_id) id: vec3u) {
    jacobian[id.x / entries * ${3 * slots * nv}u + place[id.x % entries]] = sparse[id.x];
  }
`;

const gapsText = (): string => /* wgsl */ `
  var<storage, read> contact: array<f32>;
  var<storage, read> seen: array<f32>;
  var<storage, read_write> gaps: array<vec2f>;
  @compute @workgroup_size(64)
  fn gapsAndRates(@builtin(global_invocation_id) id: vec3u) { gaps[id.x] = vec2f(contact[10u * id.x], seen[3u * id.x]); }
`;

const pickText = (slots: number): string => /* wgsl */ `
  var<storage, read> contact: array<f32>;
  var<storage, read> which: array<i32>;
  var<storage, read_write> gap: array<f32>;
  @compute @workgroup_size(64)
  fn gapOf(@builtin(global_invocation_id) id: vec3u) {
    var found = 0.0;
    for (var s = 0u; s < ${slots}u; s++) {
      if (which[id.x] == i32(s)) { found = contact[(id.x * ${slots}u + s) * 10u]; }
    }
    gap[id.x] = found;
  }
`;

const restText = (slots: number): string => /* wgsl */ `
  var<storage, read> gaps: array<vec2f>;
  var<storage, read> left: array<f32>;
  var<uniform> touching: f32;
  var<uniform> rest: f32;
  var<uniform> all: u32; // whether it rests however fast it is
  var<storage, read_write> active: array<u32>;
  var<storage, read_write> guard: array<u32>;
  @compute @workgroup_size(64)
  fn restingContacts(@builtin(global_invocation_id) id: vec3u) {
    let s = id.x;
    let rests = gaps[s].x <= touching && (all == 1u || abs(gaps[s].y) <= rest);
    active[s] = select(0u, 1u, rests && left[s / ${slots}u] > 0.0);
    guard[s] = select(1u, 0u, rests);
  }
`;

const meetText = (slots: number): string => /* wgsl */ `
  var<storage, read> contact: array<f32>;
  var<storage, read> which: array<i32>;
  var<uniform> touching: f32;
  var<storage, read_write> active: array<u32>;
  @compute @workgroup_size(64)
  fn meetingContacts(@builtin(global_invocation_id) id: vec3u) {
    let event = which[id.x / ${slots}u];
    let near = contact[10u * id.x] <= touching || event == i32(id.x % ${slots}u);
    active[id.x] = select(0u, 1u, event >= 0i && near);
  }
`;

const leastText = (slots: number): string => /* wgsl */ `
  var<storage, read> seen: array<f32>;
  var<storage, read> restitution: array<f32>;
  var<uniform> rest: f32;
  var<storage, read_write> least: array<f32>;
  @compute @workgroup_size(64)
  fn leastOpening(@builtin(global_invocation_id) id: vec3u) {
    let u = seen[3u * id.x];
    least[id.x] = select(0.0, -restitution[id.x % ${slots}u] * u, u < -rest);                                         // (2)
  }
`;

const crowdedText = (slots: number): string => /* wgsl */ `
  var<storage, read> guard: array<u32>;
  var<storage, read> gaps: array<vec2f>;
  var<uniform> touching: f32;
  var<storage, read> nothing: array<f32>;
  var<storage, read_write> crowded: array<f32>;
  @compute @workgroup_size(64)
  fn crowdedContacts(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    for (var s = e * ${slots}u; s < (e + 1u) * ${slots}u; s++) {
      if (guard[s] == 1u && gaps[s].x < -touching && gaps[s].y < 0.0) { crowded[e] = nothing[0]; }
    }
  }
`;

const kernels = kernelsByKey();
const launch = (name: string, text: (slots: number) => string, slots: number) =>
  kernels(`${name} ${slots}`, () => text(slots));

/** Contacts at a state. */
export interface Contacts {
  /** Of `touches`, [envs, slots, 10]. */
  readonly contact: Tensor;
  /** [envs, 3 slots, nv]. */
  readonly jacobian: Tensor;
}

const wide = 1e9;

const tablesOn = onDeviceOf((model: Model, device) => {
  const { slots } = touchesOf(model);
  const groups = patternFor(model).groups.slice(0, slots.length);
  const places = groups.flatMap(({ dofs, rows }, s) =>
    dofs.flatMap(d => Array.from({ length: rows }, (_, r) => (3 * s + r) * model.nv + d)),
  );
  return {
    place: tensor(Uint32Array.from(places), undefined, { device }),
    margin: tensor(new Float64Array(model.pairs.length).fill(wide), undefined, { device }),
  };
});

/** A state's numbers. */
interface At {
  readonly q: Tensor;
  readonly v: Tensor;
  readonly constraints: ConstraintParams;
}

const joined = (first: Tensor | undefined, second: Tensor | undefined): Tensor =>
  first && second ? concat([first, second], 1) : ((first ?? second) as Tensor);

const touchesAt = (
  { model, ...prepared }: Prepared,
  at: Kinematics,
  { geoms }: ConstraintParams,
): Tensor | undefined =>
  geoms && model.pairs.length > 0
    ? touches({ model, ...prepared }, at, { geoms, pairs: { margin: tablesOn(model, at.pose.device).margin } })
    : undefined;

const boundsAt = ({ model }: Prepared, { q, constraints: { limits } }: Omit<At, 'v'>): Tensor | undefined =>
  limits && boundSlots(model) > 0 ? boundGaps(model, q, limits.range) : undefined;

/** Gaps alone, differentiable: of `touches`, and then of bounds. */
export const contactsAt = (prepared: Prepared, at: Kinematics, given: Omit<At, 'v'>): Tensor =>
  joined(touchesAt(prepared, at, given.constraints), boundsAt(prepared, given));

/** @param given.v What the rows' signature asks for; J does not depend on it. */
export function contactsOf(prepared: Prepared, at: Kinematics, given: At & { readonly dt: number }): Contacts {
  const { model, envs } = prepared;
  const { constraints, v, dt } = given;
  const { device } = v;
  const bounds = boundsAt(prepared, given);
  const jacobianOfBounds = bounds && boundJacobian(model, envs, device);
  const contact = touchesAt(prepared, at, constraints);
  if (!contact) return { contact: joined(contact, bounds), jacobian: joined(contact, jacobianOfBounds) };
  const slots = touchesOf(model).slots.length;
  const how = { pattern: patternFor(model), dt, shortest: 0, stiffening: { rigid: 0, smooth: 0, reach: wide } };
  const { jacobian: sparse } = contactRows(prepared, at, { contact, v, constraints }, how);
  const { place } = tablesOn(model, device);
  const { jacobian } = kernels(`jacobian ${slots} ${model.nv}`, () => jacobianText(slots, model.nv))(
    { sparse, place },
    { count: sparse.size, overrides: { entries: place.size }, out: { jacobian: [envs, 3 * slots, model.nv] } },
  );
  return { contact: joined(contact, bounds), jacobian: joined(jacobian, jacobianOfBounds) };
}

/** Gaps and how fast they open, [envs, slots, 2]. */
export function gapsOf({ contact, jacobian }: Contacts, v: Tensor): Tensor {
  const [envs, slots] = contact.shape;
  const given = { contact, seen: seenBy(jacobian, v) };
  return launch('gaps', gapsText, slots)(given, { count: envs * slots, out: { gaps: [envs, slots] } }).gaps as Tensor;
}

/** The gap of one slot of each environment, [envs]; 0 of those that have none. */
export const gapOf = (contact: Tensor, which: Tensor): Tensor =>
  launch('pick', pickText, contact.shape[1])({ contact, which }, { count: which.size }).gap as Tensor;

/** Contacts that rest, and others, which are looked at: 1 or 0, [envs, slots]. */
export function restingContacts(
  gaps: Tensor,
  left: Tensor,
  { touching, rest, all }: { readonly touching: number; readonly rest: number; readonly all: boolean },
): { readonly active: Tensor; readonly guard: Tensor } {
  const shape = gaps.shape.slice(0, 2);
  const { active, guard } = launch(
    'rest',
    restText,
    shape[1],
  )(
    { gaps, left, touching, rest, all: all ? 1 : 0 },
    { count: shape[0] * shape[1], out: { active: shape, guard: shape } },
  ) as Record<string, Tensor>;
  return { active, guard };
}

/** Contacts that take part in an event: 1 or 0, [envs, slots]. */
export function meetingContacts(contact: Tensor, which: Tensor, touching: number): Tensor {
  const shape = contact.shape.slice(0, 2);
  const given = { contact, which, touching };
  return launch('meet', meetText, shape[1])(given, { count: shape[0] * shape[1], out: { active: shape } })
    .active as Tensor;
}

/** w of (2), [envs, slots]. @param restitution [slots]. */
export function leastOpening(seen: Tensor, restitution: Tensor, rest: number): Tensor {
  const shape = [seen.shape[0], seen.shape[1] / 3];
  const given = { seen, restitution, rest };
  return launch('least', leastText, shape[1])(given, { count: shape[0] * shape[1], out: { least: shape } })
    .least as Tensor;
}

/** Contacts somewhere else. */
export function contactsAlong(
  prepared: Prepared,
  q: Tensor,
  v: Tensor,
  given: { readonly constraints: ConstraintParams; readonly dt: number },
): Tensor {
  return gapsOf(contactsOf(prepared, kinematics(prepared, q), { ...given, q, v }), v);
}

/** 0, or not a number where a contact that was looked at is left closed and closing, [envs]. */
export function crowdedContacts(gaps: Tensor, guard: Tensor, touching: number): Tensor {
  const [envs, slots] = guard.shape;
  const nothing = tensor([Number.NaN], undefined, { device: guard.device });
  const given = { guard, gaps, touching, nothing };
  return launch('crowded', crowdedText, slots)(given, { count: envs, out: { crowded: [envs] } }).crowded as Tensor;
}
