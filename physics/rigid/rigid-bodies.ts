/**
 * Rigid bodies that touch, stack, slide and are held by joints, in space or in the plane.
 *
 *   p₀ = p + dt (f + m g),  L₀ = L + dt τ                      what forces do                                          (1)
 *   (p⁺, L⁺) = (p₀, L₀) + P,   P = Jᵀ λ                         what contacts and joints do: impulses.ts                (2)
 *   x⁺ = x + dt p⁺ / m,   q⁺ = exp(dt ω(q½, L⁺)) q             motion.ts                                               (3)
 *
 * Contacts and joints are implicit: λ answers to where bodies will be after the step, as far as velocities tell, so that nothing
 * that is stiff limits dt. They are a little soft, `softness` being 1 / (1 + softness) of what would be rigid; under its weight a body
 * sinks by softness · g dt². Impacts bounce where bodies have a restitution, and are hard, whatever the softness: impacts.ts. Of order 1 in dt; momenta are kept to rounding, the energy is not.
 */

import { hasTables } from '../../geometry/index.ts';
import { amax, checkOptions, concat, type Device, onDevice, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { checkTime, type Step } from '../simulator.ts';
import { contactGraph } from './contact-graph.ts';
import type { FreeBodiesParams, FreeBodiesState } from './free-bodies.ts';
import { bounces, lateImpulses } from './impacts.ts';
import { type Found, impulses } from './impulses.ts';
import { type JointParams, jointKinds, jointRows } from './joint-rows.ts';
import { type Heavy, moved, pushed, type Twists, twistsOf } from './motion.ts';
import { fewParts, integers, type Near, near } from './near.ts';
import { placeParts, type Tables, tablesOf, verticesOf } from './parts.ts';
import type { ShapePart } from './shapes.ts';
import { rowsPerJoint, rowWidth, type SolverSizes } from './solver-work.wgsl.ts';
import { biases, slotsOf, touches } from './touch.ts';
import { tell, watched } from './trouble.ts';
import { type WorldData, type WorldSpec, worldData } from './world.ts';

export interface RigidOptions {
  /**
   * How much contacts give way in one pass, in parts of what they hold; joints give way a hundredth of that. Default 0.1. What is lighter than a tenth
   * of the heaviest body gives way as if it were so heavy, since it may lie under it, but not a hundred times less than by itself: for more than 1000 kg on 1 kg take less.
   */
  readonly softness?: number;
  /** Contacts act from a distance of about this length, m, so that gradients are smooth. Default 0: they do not. */
  readonly smooth?: number;
  /** Within which time overlaps are undone, besides a step, s. Default 0.02; 0 where contacts are smoothed. */
  readonly recovery?: number;
  /** No overlap is undone faster than this, m/s, so that bodies that begin deep in each other are not thrown off. Default 1; Infinity where contacts are smoothed. */
  readonly recoverySpeed?: number;
  /** Contacts are looked for within this distance, and what bodies move in a step, m. Default 0.01. */
  readonly margin?: number;
  /** Slower impacts than this, besides what forces do to them in a step, do not bounce, m/s. Default 0.1. */
  readonly rest?: number;
  /** How often contacts are solved in a step, each time with the slip that was found before: 1 or more; with 1 restitution is 2 % too little. Default 2. */
  readonly passes?: number;
  /**
   * At which residual, in parts of the velocities that forces alone or all together make, the solver stops. Default 1e-4 in f32, 1e-11 in f64.
   * Gradients are those of contacts as it left them, sticking or sliding: of what lies still, give 1e-5 in f32 where 1e-4 leaves some on the wrong side.
   */
  readonly tolerance?: number;
  /** Default 50 steps of Newton's method. */
  readonly maxSteps?: number;
  /** Room for pairs of bodies' parts that are near each other. Default: sixteen for each part, or, for up to 48 parts, for all pairs. */
  readonly pairs?: number;
  /** Room for contacts of many bodies. Default: twenty-four for each part, as of a brick that lies on four and stands by two. */
  readonly contacts?: number;
}

export interface RigidParams extends FreeBodiesParams {
  /**
   * Of the parts that touch, one for each body but for compounds: radius; radius, half length; half sizes. [s, 3], m. Of polyhedra and height
   * fields, how far they reach.
   */
  readonly size: Tensor;
  /** Where parts are in their bodies' axes, about the centres of mass: [s, 3], m, and [s, 4]. */
  readonly place: { readonly position: Tensor; readonly orientation: Tensor };
  /** Of polyhedra and height fields, in their parts' axes, [vertices, 3], m; polyhedra must stay convex, and their faces flat. */
  readonly vertices: Tensor;
  /** [n]. */
  readonly friction: Tensor;
  /** [n]; counts in worlds where a body was given one. */
  readonly restitution: Tensor;
  readonly joints: JointParams;
}

/** Momenta are the state; see FreeBodiesState. */
export interface RigidState extends FreeBodiesState {
  /** What went wrong, [4]; `check` reads it. A state without it is not watched. */
  readonly trouble?: Tensor;
  /** What velocities the first pass had over those of the last: where the next step begins its search. Changes no result but by rounding. */
  readonly lead?: Twists;
}

export interface RigidWorld {
  readonly data: WorldData;
  /** The state in which bodies were given. */
  start(device?: Device): RigidState;
  /** What they were given with, as tensors; all differentiable. Masses and inertias do not follow sizes, places and vertices. */
  params(device?: Device): RigidParams;
  readonly step: Step<RigidState, RigidParams>;
  /**
   * Looks back on the steps that led to a state.
   *
   * @throws Error, RangeError that name the first step in which a momentum was not finite, and the body; in which there were more pairs
   * or contacts than there is room for; or in a pass of which the solver did not get to its tolerance.
   */
  check(state: RigidState): Promise<void>;
}

const optionNames = [
  'softness',
  'smooth',
  'recovery',
  'recoverySpeed',
  'margin',
  'passes',
  'rest',
  'tolerance',
  'maxSteps',
  'pairs',
  'contacts',
];

/**
 * A world of rigid bodies.
 *
 * What touches is solved together: balls in a row, struck by another, leave as one, and it is thrown back. For an impulse that is passed on
 * from ball to ball, as in Newton's cradle, leave gaps that what flies does not cross in a step, or take `balls` of retrograde/events.
 *
 * @example
 *   const world = rigidBodies({ bodies: [{ shape: plane() }, { shape: box([0.5, 0.5, 0.5]), position: [0, 2, 0] }] });
 *   const end = rollout(state => world.step(state, world.params(), 0.005), world.start(), 400);
 */
export function rigidBodies(spec: WorldSpec, options: RigidOptions = {}): RigidWorld {
  checkOptions('rigidBodies', spec, ['bodies', 'joints', 'gravity', 'planar']);
  checkOptions('rigidBodies', options, optionNames);
  const data = worldData(spec);
  const settings = settingsOf(options);
  const structureOn = onDevice(device => structureOf(data, settings, device));
  return {
    data,
    start: device => startOf(data, device),
    params: device => paramsOf(data, device),
    step(state, params, dt) {
      checkTime('rigidBodies', dt);
      return stepped(structureOn(state.x.device), settings, state, params, dt);
    },
    async check({ x, trouble }) {
      if (!trouble)
        throw new TypeError("rigidBodies: check: the state has no 'trouble'; steps keep what start() gives.");
      const { room } = structureOn(x.device);
      await tell(trouble, data.names, room);
    },
  };
}

type Optional = 'tolerance' | 'pairs' | 'contacts';
type Settings = Required<Omit<RigidOptions, Optional>> & Pick<RigidOptions, Optional>;

function settingsOf(options: RigidOptions): Settings {
  const {
    softness = 0.1,
    smooth = 0,
    recovery = smooth > 0 ? 0 : 0.02,
    recoverySpeed = smooth > 0 ? Infinity : 1,
    margin = 0.01,
    passes = 2,
    rest = 0.1,
    tolerance,
    maxSteps = 50,
    pairs,
    contacts,
  } = options;
  const from = (name: string, x: number, positive: boolean): void => {
    if (!(x >= 0 && Number.isFinite(x)) || (positive && x === 0))
      throw new RangeError(`rigidBodies: ${name} is ${x}; give a number ${positive ? 'above' : 'from'} 0.`);
  };
  from('softness', softness, true);
  from('smooth', smooth, false);
  from('recovery', recovery, false);
  if (recoverySpeed !== Infinity) from('recoverySpeed', recoverySpeed, true);
  from('margin', margin, false);
  from('passes', passes, true);
  from('rest', rest, true);
  from('maxSteps', maxSteps, true);
  if (tolerance !== undefined) from('tolerance', tolerance, true);
  if (pairs !== undefined) from('pairs', pairs, true);
  if (contacts !== undefined) from('contacts', contacts, true);
  return {
    ...{ softness, smooth, recovery, recoverySpeed, margin, passes, rest, maxSteps },
    ...(tolerance !== undefined && { tolerance }),
    ...(pairs !== undefined && { pairs }),
    ...(contacts !== undefined && { contacts }),
  };
}

/** What does not change, on a device. */
interface Structure {
  readonly near: Near;
  /** Room for contacts, or the pair of each if there is room for all. */
  readonly contacts: number | Tensor;
  readonly sizes: SolverSizes;
  readonly room: { readonly pairRoom: number; readonly contactRoom: number };
  readonly freedom: Tensor;
  /** 1 for bodies that are not fixed, else 0, [n]. */
  readonly moves: Tensor;
  /** The body of each part. */
  readonly bodyOf: Tensor;
  readonly tables: Omit<Tables, 'vertices'> | undefined;
  readonly joints: { readonly bodies: Tensor; readonly kind: Tensor };
}

function structureOf(data: WorldData, { smooth, pairs, contacts: given }: Settings, device: Device): Structure {
  const { joints, names, parts } = data;
  const capacity = pairs ?? (parts.length > fewParts ? 16 * parts.length : undefined);
  const found = near(data, capacity, device);
  const slots = slotsOf(found.kinds);
  const contacts =
    capacity === undefined
      ? integers(
          device,
          Array.from({ length: found.pairs * slots }, (_, slot) => Math.floor(slot / slots)),
          [found.pairs * slots],
        )
      : (given ?? 24 * parts.length);
  return {
    near: found,
    contacts,
    room: { pairRoom: capacity ?? 0, contactRoom: typeof contacts === 'number' ? contacts : 0 },
    sizes: {
      bodies: names.length,
      pairs: found.pairs,
      contacts: typeof contacts === 'number' ? contacts : found.pairs * slots,
      joints: joints.kinds.length,
      smooth: smooth > 0,
      bouncing: found.pairs > 0 && data.restitution.some(e => e > 0),
    },
    freedom: integers(device, data.freedom, [names.length]),
    moves: tensor(
      data.freedom.map(f => Math.min(1, f)),
      [names.length],
      { device },
    ),
    bodyOf: integers(
      device,
      parts.map(({ body }) => body),
      [parts.length],
    ),
    tables: found.kinds.some(pair => pair.some(hasTables)) ? tablesOf(data, device) : undefined,
    joints: {
      bodies: integers(device, joints.pairs.flat(), [joints.pairs.length, 2]),
      kind: integers(
        device,
        joints.kinds.map(kind => jointKinds.indexOf(kind)),
        [joints.kinds.length],
      ),
    },
  };
}

const on = (device: Device | undefined) => (device ? { device } : {});

function startOf(data: WorldData, device: Device | undefined): RigidState {
  const n = data.names.length;
  return {
    x: tensor(data.position.flat(), [n, 3], on(device)),
    q: tensor(data.orientation.flat(), [n, 4], on(device)),
    p: tensor(data.momentum.flat(), [n, 3], on(device)),
    L: tensor(data.angularMomentum.flat(), [n, 3], on(device)),
    trouble: zeros([4], on(device)),
    lead: { v: zeros([n, 3], on(device)), w: zeros([n, 3], on(device)) },
  };
}

function paramsOf(data: WorldData, device: Device | undefined): RigidParams {
  const n = data.names.length;
  const { joints } = data;
  const j = joints.kinds.length;
  const some = (values: readonly number[], shape: readonly number[]): Tensor =>
    values.length > 0 ? tensor(values, shape, on(device)) : zeros(shape, on(device));
  const ofParts = (numbers: (part: ShapePart) => readonly number[], width: number): Tensor =>
    tensor(data.parts.flatMap(numbers) as number[], [data.parts.length, width], on(device));
  return {
    mass: tensor(data.mass, [n], on(device)),
    inertia: tensor(data.inertia.flat(), [n, 6], on(device)),
    gravity: tensor(data.gravity, [3], on(device)),
    size: ofParts(({ size }) => size, 3),
    place: {
      position: ofParts(({ position }) => position, 3),
      orientation: ofParts(({ orientation }) => orientation, 4),
    },
    vertices: verticesOf(data, device),
    friction: tensor(data.friction, [n], on(device)),
    restitution: tensor(data.restitution, [n], on(device)),
    joints: {
      anchor: some(joints.anchors.flat(2), [j, 2, 3]),
      frame: some(joints.frames.flat(2), [j, 2, 4]),
      range: some(joints.ranges.flat(), [j, 2]),
      drive: some(joints.drives.flat(), [j, 5]),
    },
  };
}

function stepped(
  { near, contacts, sizes, room, freedom, moves, bodyOf, tables, joints }: Structure,
  { softness, smooth, recovery, recoverySpeed, margin, passes, rest, tolerance, maxSteps }: Settings,
  { x, q, p, L, trouble, lead }: RigidState,
  { mass, inertia, gravity, size, place, vertices, friction, restitution, force, torque, joints: jointed }: RigidParams,
  dt: number,
): RigidState {
  const { device } = x;
  const still = force && torque ? undefined : zeros(x.shape, { device });
  const heavy: Heavy = { q, mass, inertia, freedom };
  const forces = { gravity, force: force ?? (still as Tensor), torque: torque ?? (still as Tensor) };
  const start = pushed(heavy, { p, L }, forces, dt); // (1)
  if (sizes.pairs + sizes.joints === 0)
    return { ...moved(heavy, x, start, dt), ...start, ...(trouble && { trouble }), ...(lead && { lead }) };
  const now = twistsOf(heavy, { p, L });
  const none = (shape: readonly number[]): Tensor => zeros(shape, { device });
  const around = { margin: margin + 10 * smooth, dt };
  const parts = {
    x,
    placed: { ...placeParts({ x, q }, place, bodyOf), size },
    tables: tables ? { ...tables, vertices } : {},
  };
  const pairs = near.find(parts, now, around);
  const touch =
    sizes.pairs > 0
      ? touches(near.kinds, pairs, parts, now, { ...around, contacts })
      : {
          gap: none([1]),
          normal: none([1, 3]),
          point: none([1, 3]),
          pairOf: zeros([1], { device, type: 'u32' }),
          count: undefined,
        };
  const { rows, middle } =
    sizes.joints > 0
      ? jointRows({ x, q, mass, inertia, freedom, ...joints }, jointed, { softness: 0.01 * softness, dt })
      : { rows: none([1, rowsPerJoint, rowWidth]), middle: none([1, 3]) };
  const precise = tolerance ?? (device.precision === 'f64' ? 1e-11 : 1e-4);
  const heaviest = amax(mass.detach().mul(moves)).reshape([1]);
  const chosen = concat([tensor([softness, (smooth / dt) ** 2, precise, maxSteps], [4], { device }), heaviest]);
  const { pairOf } = touch;
  const gap = touch.gap.detach();
  const known = { freedom, pairs: pairs.bodies, pairOf, gap, jointBodies: joints.bodies };
  const forced = sizes.bouncing ? twistsOf(heavy, start) : now;
  const met = { pairs: pairs.bodies, x, restitution };
  const bounce = sizes.bouncing ? bounces(touch, now, forced, met, { dt, rest }) : undefined;
  const frozen = {
    ...{ ...known, graph: contactGraph(sizes, known), settings: chosen },
    ...(bounce && { bounce: bounce.detach() }),
  };
  let P: Found | undefined;
  let reports: Tensor | undefined;
  let slip = now;
  let soft: Twists | undefined;
  let bias: Tensor | undefined;
  for (let pass = 0; pass < (sizes.pairs > 0 ? passes : 1); pass++) {
    const before = smooth > 0 ? undefined : bias;
    bias =
      sizes.pairs > 0
        ? biases(
            { ...touch, ...slip, pairs: pairs.bodies, x, friction },
            { dt, recovery, recoverySpeed, before, bounce },
          )
        : none([1, 3]);
    const { normal, point } = touch;
    const pressed = { ...start, x, q, mass, inertia, friction, normal, point, bias, rows, middle };
    P = impulses(sizes, { pressed, frozen: { ...frozen, ...begin(slip, lead, [1, -1][pass]) } });
    const report = P.report.detach();
    reports = reports?.add(report) ?? report;
    slip = twistsOf(heavy, { p: start.p.add(P.p), L: start.L.add(P.L) });
    soft ??= slip;
  }
  const found = P as Found;
  const pushedOff = { p: start.p.add(found.p), L: start.L.add(found.L) }; // (2)
  const hit = { pairs: pairs.bodies, x, mass, freedom, friction, bias: bias as Tensor, settings: chosen };
  const late = bounce && lateImpulses(touch, slip, forced, { ...hit, bounce }, { dt, smooth: sizes.smooth });
  const end = late ? { p: pushedOff.p, L: pushedOff.L.add(late.turn) } : pushedOff;
  const drift = late ? { p: end.p.sub(late.p), L: end.L.sub(late.L) } : end;
  const next = { ...moved(heavy, x, drift, dt), ...end, ...(lead && { lead: begin(soft as Twists, slip, -1) }) }; // (3)
  if (!trouble) return next;
  const { count } = touch;
  const seen = {
    end,
    reports: reports as Tensor,
    pairs: pairs.count,
    contacts: count,
    ...room,
    tolerance: 10 * precise,
  };
  return { ...next, trouble: watched(trouble, seen) };
}

/** Twists and so many times others, as constants. */
const begin = ({ v, w }: Twists, other: Twists | undefined, times: number | undefined): Twists =>
  other && times
    ? { v: v.detach().add(other.v.detach().mul(times)), w: w.detach().add(other.w.detach().mul(times)) }
    : { v: v.detach(), w: w.detach() };
