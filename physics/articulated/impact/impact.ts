/**
 * impact: hard contacts, met at their own time, for `articulated(model, { contact: impact() })`.
 *
 *   q(t) = q ⊕ (t v + ½ t² a),   v(t) = v + t a                    a step's path, with the accelerations at its beginning          (1)
 *   φ(q(τ)) = 0,   τ = τ* + δ₁ + δ₂,   δᵢ = −(φ − φ*) / φ̇*            τ*, φ*, φ̇* constants: the event's time and derivatives          (2)
 *   v⁺ = v⁻ + M⁻¹ Jᵀ λ                                             impulses of all that touches then (impulses.ts)               (3)
 *   a = a₀ + M⁻¹ Jᵀ Λ / T                                          what rests is held: impulses over the time T that is left      (4)
 *
 * A step is a row of paths from event to event, at most `impacts` of them, so derivatives are those of the motion, at any length of step:
 * of first order in dt like a's, exact where a is constant. Bounces slower than `rest` are no bounces: (4) holds what touches and is
 * slow, with Coulomb's friction and e = 0; after as many events as `impacts` it holds all that touches, for the rest of the step, and what
 * is met then is left to the next. Without `rest` that is an error: bounces accumulate (Zeno). A contact that only grazes has no time
 * that could be differentiated; nor do contacts that close at one moment have an order. Bounds of hinges and slides are contacts
 * without friction (bounds.ts); dry friction and loops are refused.
 * A step costs about impacts + 1 times ten evaluations of gaps: a law for throws, juggling and finding parameters, not for crowds.
 *
 * Kong, Payne, Zhu, Johnson: Saltation Matrices: The Essential Tool for Linearizing Hybrid Dynamical Systems, arXiv 2306.06862.
 */

import { unrecorded } from '../../../adjoint/index.ts';
import { checkOptions, concat, inWords, isBeingRecorded, Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { advance } from '../advance.ts';
import { checkTouching } from '../compliant/touch.ts';
import { contactCones } from '../constraint/contact-rows.ts';
import type { ConstraintParams } from '../constraint/numbers.ts';
import { usualParams } from '../constraint/params.ts';
import { touchesOf } from '../constraint/touch.ts';
import type { ContactLaw, Moment } from '../contact-law.ts';
import { accelerations as free } from '../dynamics/forward.ts';
import { kinematics } from '../dynamics/kinematics.ts';
import type { ArticulatedState, Model } from '../model.ts';
import { boundSlots, checkBounds } from './bounds.ts';
import {
  contactsAlong,
  contactsAt,
  contactsOf,
  crowdedContacts,
  gapOf,
  gapsOf,
  leastOpening,
  meetingContacts,
  restingContacts,
} from './contacts.ts';
import { answer, seenBy } from './impulses.ts';
import { type Event, search } from './search.ts';

export interface ImpactOptions {
  /** e: how fast contacts open after an impact, in parts of how fast they closed. One number, or a tensor: [1], or [pairs]. Default 0. */
  readonly restitution?: number | Tensor;
  /** The same of joints that meet their bounds, one number. Default 0. */
  readonly bounds?: number;
  /** In one step. Default 4. */
  readonly impacts?: number;
  /** Slower bounces than this are none, m/s; 0: all are. Default: those that gravity ends within a step, g dt / 2. */
  readonly rest?: number;
  /** Shapes nearer than this touch, m. Default 1e-6; 1e-5 in single precision. */
  readonly touching?: number;
  /** Contacts that close more slowly than this have impacts whose time is constant to derivatives, m/s. Default 1e-6. */
  readonly grazing?: number;
}

type Settings = Required<Omit<ImpactOptions, 'touching' | 'rest'>> & Pick<ImpactOptions, 'touching' | 'rest'>;

const defaults = { restitution: 0, bounds: 0, impacts: 4, grazing: 1e-6 };

/**
 * The law.
 *
 * @throws RangeError for a number that makes no sense; steps throw for what a model has and the law does not know.
 * @example
 *   const ball = tree({
 *     gravity: [0, 0, -9.81],
 *     links: [{ name: 'ball', mass: 1, inertia: [1, 1, 1], joints: [{ kind: 'slide', axis: [0, 0, 1] }] }],
 *     geoms: [{ kind: 'plane' }, { kind: 'sphere', size: [0.1], link: 'ball' }],
 *   });
 *   const step = articulated(ball, { contact: impact({ restitution: 0.8 }) });
 *   const end = step({ q: tensor([[1.1]]), v: tensor([[0]]) }, { params: articulatedParams(ball) }, 0.8);
 *   const height = end.q.sum(); // 0.739 m, with a derivative of 0.589 by where it began
 */
export function impact(options: ImpactOptions = {}): ContactLaw {
  checkOptions('impact', options, [...Object.keys(defaults), 'touching', 'rest']);
  const all: Settings = { ...defaults, ...options };
  check(all);
  return {
    name: 'impact',
    accelerations: moment =>
      freeOf(moment).add(has(moment) ? holding(moment, all, whole(moment)).a : zeros(moment.state.v.shape)),
    step: (state, dt, at) => flown(state, dt, at, all),
  };
}

const has = ({ prepared: { model } }: Moment): boolean => model.pairs.length + model.limits.length > 0;

const whole = ({ prepared, dt, state }: Moment): Tensor => zeros([prepared.envs], { device: state.v.device }).add(dt);

function freeOf({ prepared, kinematics, state, tau, diagonal }: Moment): Tensor {
  const { motion, inertia } = kinematics;
  return free(prepared, { motion, inertia, v: state.v, gravity: prepared.params.gravity, diagonal, tau });
}

const numbersOf = ({ prepared, constraints, state }: Moment): ConstraintParams =>
  constraints ?? usualParams(prepared.model, state.q.device);

/** μ of slots, [envs, slots]. */
function frictionOf(moment: Moment): Tensor {
  const { model, envs } = moment.prepared;
  const { device } = moment.state.v;
  const none = zeros([envs, boundSlots(model)], { device });
  if (model.pairs.length === 0) return none;
  const cones = contactCones(model, numbersOf(moment), false) as Tensor;
  const [slots] = cones.shape.slice(-2);
  const mu = cones
    .reshape([-1, slots, 6])
    .slice([0, 0, 1], [cones.size / slots / 6, slots, 2])
    .reshape([-1, slots])
    .broadcastTo([envs, slots]);
  return boundSlots(model) > 0 ? concat([mu, none], 1) : mu;
}

/** e of slots, [slots]. */
function restitutionOf(model: Model, { restitution, bounds }: Settings, device: Tensor['device']): Tensor {
  const ofBounds = tensor(
    Array.from({ length: boundSlots(model) }, () => bounds),
    undefined,
    { device },
  );
  if (model.pairs.length === 0) return ofBounds;
  const { slots } = touchesOf(model);
  const e = restitution instanceof Tensor ? restitution : tensor([restitution], [1], { device });
  if (e.size !== 1 && e.size !== model.pairs.length)
    throw new RangeError(
      `impact: restitution has ${e.size} numbers; give one, or one for each of the ${model.pairs.length} pairs.`,
    );
  const ofPairs = e
    .reshape([e.size])
    .broadcastTo([model.pairs.length])
    .gather([...slots]);
  return boundSlots(model) > 0 ? concat([ofPairs, ofBounds]) : ofPairs;
}

interface Held {
  /** What contacts that rest add to accelerations, [envs, nv]. */
  readonly a: Tensor;
  /** 1 for all others, u32, [envs, slots]; gaps and rates of all, [envs, slots, 2]. */
  readonly guard: Tensor;
  readonly gaps: Tensor;
}

/** (4), for accelerations a₀ and the time that is left, [envs]. */
function holding(moment: Moment, all: Settings, left: Tensor, { a = freeOf(moment), last = false } = {}): Held {
  const { prepared, kinematics, state, diagonal, dt } = moment;
  const { v } = state;
  const { contact, jacobian } = contactsOf(prepared, kinematics, { q: state.q, v, constraints: numbersOf(moment), dt });
  const gaps = gapsOf({ contact, jacobian }, v);
  const { active, guard } = restingContacts(gaps.detach(), left.detach(), {
    touching: touchingOf(all, v),
    rest: restOf(all, moment),
    all: last,
  });
  const [envs, slots] = guard.shape;
  const gap = contact.slice([0, 0, 0], [envs, slots, 1]).reshape([envs, slots]);
  const answering = { least: gap.mul(-0.25 / dt), friction: frictionOf(moment), active };
  const T = left.max(1e-30).reshape([envs, 1]);
  const change = answer({ prepared, kinematics, diagonal, jacobian }, v.add(a.mul(T)), answering);
  return { a: change.div(T), guard, gaps };
}

const restOf = ({ rest }: Settings, { prepared: { model }, dt }: Moment): number =>
  rest ?? 0.5 * Math.hypot(...model.values.gravity) * dt;

const touchingOf = ({ touching }: Settings, { device }: Tensor): number =>
  touching ?? (device.precision === 'f64' ? 1e-6 : 1e-5);

type Place = Pick<ArticulatedState, 'q' | 'v'>;

/** (1). @param t [envs]. */
function along(model: Model, { q, v }: Place, a: Tensor, t: Tensor): Place {
  const time = t.reshape([t.size, 1]);
  return { q: advance(model, { q, v: v.mul(time).add(a.mul(time.square()).mul(0.5)) }, 1), v: v.add(a.mul(time)) };
}

function flown(state: ArticulatedState, dt: number, at: (state: ArticulatedState) => Moment, all: Settings): Place {
  let now: ArticulatedState = state;
  let left = zeros([state.q.shape[0]], { device: state.v.device }).add(dt);
  for (let n = 0; n <= all.impacts; n++) {
    const moment = at(now);
    const { model } = moment.prepared;
    if (n === 0) checkModel(model);
    const a0 = freeOf(moment);
    if (!has(moment)) return along(model, now, a0, left);
    const held = holding(moment, all, left, { a: a0, last: n === all.impacts && all.rest !== 0 });
    const path = { moment, a: a0.add(held.a), held, left };
    if (n === all.impacts) return last(path, all);
    const met = event(path, all);
    now = { ...now, ...met.next };
    left = met.left;
  }
  return now;
}

interface Path {
  readonly moment: Moment;
  readonly a: Tensor;
  readonly held: Held;
  /** How long it is, [envs], s. */
  readonly left: Tensor;
}

/** The state after the first event of a path, or at its end; and the time that is then left. */
function event(path: Path, all: Settings): { readonly next: Place; readonly left: Tensor } {
  const { moment, a, left } = path;
  const { prepared, state, dt } = moment;
  const { model } = prepared;
  const constraints = numbersOf(moment);
  const { which, met, t, inverse } = found(path, all.grazing);
  const gapAt = (time: Tensor): Tensor => {
    const { q } = along(model, state, a, time);
    return gapOf(contactsAt(prepared, kinematics(prepared, q), { q, constraints }), which);
  };
  const closer = (time: Tensor): Tensor => {
    const gap = gapAt(time);
    return time.sub(gap.sub(gap.detach()).mul(inverse)); // (2)
  };
  const tau = closer(closer(t))
    .mul(met)
    .add(left.mul(met.neg().add(1)));
  const before = along(model, state, a, tau);
  const there = kinematics(prepared, before.q);
  const { contact, jacobian } = contactsOf(prepared, there, { ...before, constraints, dt });
  const active = meetingContacts(contact.detach(), which, touchingOf(all, state.v));
  const restitution = restitutionOf(model, all, state.v.device);
  const least = leastOpening(seenBy(jacobian, before.v), restitution, restOf(all, moment));
  const place = { prepared, kinematics: there, diagonal: prepared.params.armature, jacobian };
  const change = answer(place, before.v, { least, friction: frictionOf(moment), active }); // (3)
  return { next: { q: before.q, v: before.v.add(change) }, left: left.sub(tau) };
}

/** The first contact of a path that closes. */
const found = ({ moment, a, held, left }: Path, grazing: number): Event =>
  unrecorded(() => {
    const { prepared, state, dt } = moment;
    const given = { constraints: numbersOf(moment), dt };
    const gaps = (t: Tensor): Tensor => {
      const { q, v } = along(prepared.model, state, a, t);
      return contactsAlong(prepared, q, v, given);
    };
    return search(gaps, held.gaps, held.guard, left, grazing);
  });

/** After the last path of a step. Without a law of rest, contacts that were still to be met are an error, and velocities are not numbers. */
function last({ moment, a, held, left }: Path, all: Settings): Place {
  const { prepared, state, dt } = moment;
  const { q, v } = along(prepared.model, state, a, left);
  if (all.rest !== 0) return { q, v };
  const crowded = unrecorded(() =>
    crowdedContacts(
      contactsAlong(prepared, q, v, { constraints: numbersOf(moment), dt }),
      held.guard,
      touchingOf(all, v),
    ),
  );
  const { device } = v;
  if (!isBeingRecorded(device)) {
    device.flush();
    device.check([crowded.memory.retain()], words => {
      const e = words.findIndex(Number.isNaN);
      if (e >= 0)
        throw new RangeError(
          `impact: environment ${e} has more impacts in one step than 'impacts' allows: they accumulate (Zeno), or chatter. Give 'rest', a speed below which contacts rest, allow more impacts, or take shorter steps.`,
        );
    });
  }
  return { q, v: v.add(crowded.reshape([-1, 1])) };
}

/** @throws RangeError for what the law does not know. */
function checkModel(model: Model): void {
  checkTouching(model, 'impact');
  checkBounds(model);
  const { frictionLosses, equalities } = model;
  const more = [
    [frictionLosses.length, 'dry friction of joints'],
    [equalities.length, 'loops'],
  ] as const;
  const first = more.find(([count]) => count > 0);
  if (first)
    throw new RangeError(
      `impact: '${model.name}' has ${first[1]}; the law has contacts and bounds alone. Leave them out, or take convex() or compliant().`,
    );
}

function check({ restitution, bounds, impacts, touching = 0, rest = 0, grazing }: Settings): void {
  if (!(restitution instanceof Tensor) && !(restitution >= 0 && restitution <= 1))
    throw new RangeError(`impact: restitution is ${inWords(restitution)}; give a number from 0 to 1, or a tensor.`);
  if (!(bounds >= 0 && bounds <= 1))
    throw new RangeError(`impact: bounds is ${inWords(bounds)}; give a number from 0 to 1: how joints bounce.`);
  if (!Number.isInteger(impacts) || impacts < 1 || impacts > 64)
    throw new RangeError(`impact: impacts is ${inWords(impacts)}; give a whole number from 1 to 64.`);
  for (const [name, value] of Object.entries({ rest, touching, grazing }))
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`impact: ${name} is ${inWords(value)}; give a number from 0.`);
}
