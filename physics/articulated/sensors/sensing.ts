/**
 * What sensors measure: pure functions of the state, differentiable in everything. motions.ts, interactions.ts, contacts.ts, subtrees.ts and rays.ts have
 * the equations; sensors of joints and tendons are coordinates and velocities, those of actuators gears times these, and forces.
 *
 * MuJoCo documentation, "XML reference: sensor".
 */

import { concat, onDevice, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { actuation } from '../actuators/actuate.ts';
import { energies } from '../dynamics/energy.ts';
import { frameMotions } from '../dynamics/frame-motions.ts';
import { frameForces } from '../dynamics/inverse.ts';
import { kinematics } from '../dynamics/kinematics.ts';
import type { ArticulatedParams, ArticulatedState, Model } from '../model.ts';
import type { Sensor } from '../parts.ts';
import { type Prepared, prepare, rowsOf } from '../structure.ts';
import { tablesOf } from '../tables-of.ts';
import { extended } from '../tendons/tendon.ts';
import { contactSensing } from './contacts.ts';
import { heldBy } from './held.ts';
import { interactions } from './interactions.ts';
import { actuatorSensors, limitSensors, type SensorKind, subtreeSensors } from './kinds.ts';
import { limitSensing } from './limits.ts';
import { loopSensing } from './loops.ts';
import { frameMeasurements, motionSensors } from './motions.ts';
import { ranges } from './rays.ts';
import { type At, type Columns, needs, type Sensed } from './sensed.ts';
import { subtreeMomenta } from './subtrees.ts';
import { columnsOf, integers, ofKinds } from './tables.ts';
import { tensions } from './tensions.ts';
import { touchings } from './touching.ts';

export interface Sensors {
  /** How many numbers all of them measure. */
  readonly size: number;
  /** Where each sensor's numbers begin and end. */
  readonly slices: Readonly<Record<string, readonly [number, number]>>;
  /** All of them, [envs, size]. */
  read(params: ArticulatedParams, state: ArticulatedState, sensed?: Sensed): Tensor;
}

const accelerated: readonly SensorKind[] = [
  'framelinacc',
  'frameangacc',
  'accelerometer',
  'force',
  'torque',
  'touch',
  'contact',
  ...limitSensors,
];

/**
 * The sensors of a model, or others.
 *
 * @example
 *   const joints = [{ kind: 'hinge' }];
 *   const rod = { name: 'rod', joints, mass: 1, com: [0, -0.5, 0], inertia: [0.08, 0.01, 0.08] };
 *   const pendulum = tree({ links: [rod], sites: [{ name: 'end', link: 'rod' }], sensors: [{ kind: 'gyro', site: 'end', name: 'turn' }] });
 *   const imu = sensors(pendulum);
 *   const [from, to] = imu.slices.turn; // of the columns of:
 *   const measured = imu.read(articulatedParams(pendulum), articulatedState(pendulum));
 */
export function sensors(model: Model, list: readonly Sensor[] = model.sensors): Sensors {
  let size = 0;
  const slices: Record<string, readonly [number, number]> = {};
  for (const sensor of list) {
    slices[sensor.name] = [size, size + sensor.size];
    size += sensor.size;
  }
  return { size, slices, read: (params, state, sensed = {}) => readAll(model, list, { params, state, sensed }) };
}

function readAll(model: Model, list: readonly Sensor[], at: At): Tensor {
  if (list.length === 0) throw new RangeError(`sensors: '${model.name}' has no sensors; give it some.`);
  const prepared = prepare('sensors', model, at.params, at.state);
  const parts = [
    ...ofMotions(prepared, list, at),
    ...ofJoints(list, prepared, at),
    ...ofActuators(list, prepared, at),
    ...ofTheWhole(list, prepared, at),
  ].filter(({ of }) => of.length > 0);
  const all = concat(
    parts.map(({ values }) => values.transpose()),
    0,
  );
  const order = orderOf(list, parts)(at.state.q.device);
  const inOrder = (order ? all.gather(order) : all).transpose();
  return list.some(({ cutoff }) => cutoff !== undefined) ? within(inOrder, list, model) : inOrder;
}

const orders = new WeakMap<readonly Sensor[], (device: Tensor['device']) => Tensor | undefined>();

/** Which number of the parts each number of a list is; undefined if they are in order. Kinds decide, so it is the same each time. */
function orderOf(list: readonly Sensor[], parts: readonly Columns[]): (device: Tensor['device']) => Tensor | undefined {
  const known =
    orders.get(list) ??
    onDevice(device => {
      const begin = new Map<Sensor, number>();
      let from = 0;
      for (const sensor of parts.flatMap(({ of }) => of)) {
        begin.set(sensor, from);
        from += sensor.size;
      }
      const order = list.flatMap(sensor =>
        Array.from({ length: sensor.size }, (_, k) => (begin.get(sensor) as number) + k),
      );
      return order.every((from, k) => from === k) ? undefined : integers(order, device);
    });
  orders.set(list, known);
  return known;
}

const cutoffs = tablesOf((list: readonly Sensor[], _model, device) => {
  const bounds = list.flatMap(({ kind, cutoff, size }) => {
    const free = cutoff === undefined || kind === 'contact' || kind.endsWith('quat') || kind.endsWith('axis');
    return new Array<number>(size).fill(free ? 1e30 : cutoff);
  });
  return tensor(bounds, [1, bounds.length], { device });
});

/** Where a cutoff holds, derivatives are 0. Directions and quaternions have none. */
function within(values: Tensor, list: readonly Sensor[], model: Model): Tensor {
  const most = cutoffs(list, model, values.device);
  return values.min(most).max(most.neg());
}

function ofMotions(prepared: Prepared, list: readonly Sensor[], { params, state, sensed }: At): readonly Columns[] {
  const frames = ofKinds(list, motionSensors);
  const subtrees = ofKinds(list, subtreeSensors);
  const felt = ofKinds(list, ['force', 'torque']);
  const rays = ofKinds(list, ['rangefinder']);
  const touched = ofKinds(list, ['touch']);
  const met = ofKinds(list, ['contact']);
  const bounded = ofKinds(list, limitSensors);
  const all = [frames, subtrees, felt, rays, touched, met, bounded];
  if (all.every(({ length }) => length === 0)) return [];
  const { envs, model } = prepared;
  const { device } = state.q;
  const pulled = ofKinds(list, accelerated);
  if (pulled.length > 0)
    rowsOf('sensors', 'a', needs(pulled, 'a', sensed.a, 'accelerations, [envs, nv]'), envs, model.nv);
  const at = kinematics(prepared, state.q);
  const a = sensed.a ?? zeros(state.v.shape, { device });
  const motions = frameMotions(prepared, { motion: at.motion, v: state.v }, a);
  const moved = { prepared, kinematics: at, ...motions };
  const columns: Columns[] = [];
  if (frames.length > 0) columns.push({ values: frameMeasurements(moved, frames, params), of: frames });
  if (subtrees.length > 0) columns.push({ values: subtreeMomenta(moved, subtrees), of: subtrees });
  if (rays.length > 0) columns.push({ values: ranges(moved, rays), of: rays });
  const { contacts = true, constraints, dt = model.timestep ?? 0.002 } = sensed;
  const counts = touched.length + met.length + bounded.length > 0 || (felt.length > 0 && contacts);
  const held = counts ? heldBy(moved, { state, a, dt, constraints }) : undefined;
  if (met.length > 0) columns.push({ values: touchings(moved, met, held), of: met });
  if (bounded.length > 0 && held) columns.push({ values: limitSensing(moved, bounded, state, held), of: bounded });
  const isFelt = touched.length + felt.length > 0;
  const contact = held && isFelt ? contactSensing(moved, touched, { params, held }) : undefined;
  if (touched.length > 0)
    columns.push({ values: contact?.touch ?? zeros([envs, touched.length], { device }), of: touched });
  if (felt.length > 0) {
    const needed = frameForces(prepared, { ...at, v: state.v, gravity: prepared.params.gravity }, a);
    const pull = tensions(moved, felt, { params, state, sensed }, contacts ? held : undefined);
    const closed = contacts && held ? loopSensing(moved, held) : undefined;
    const others = [contacts ? contact?.wrench : undefined, pull, closed].filter(wrench => wrench !== undefined);
    const force = others.reduce((rest, wrench) => rest.sub(wrench), needed);
    columns.push({ values: interactions(moved, felt, force, params), of: felt });
  }
  return columns;
}

function ofJoints(list: readonly Sensor[], { model, params }: Prepared, { state }: At): readonly Columns[] {
  const { q, v } = extended(model, params, state);
  const positions = ofKinds(list, ['jointpos', 'tendonpos']);
  const velocities = ofKinds(list, ['jointvel', 'ballangvel', 'tendonvel']);
  const turns = ofKinds(list, ['ballquat']);
  const made: Columns[] = [];
  if (positions.length > 0) made.push({ values: columnsOf(q, positions, model), of: positions });
  if (velocities.length > 0) made.push({ values: columnsOf(v, velocities, model), of: velocities });
  if (turns.length > 0) {
    const four = columnsOf(q, turns, model).reshape([-1, turns.length, 4]);
    const values = four.div(four.square().sum(2).sqrt().reshape([-1, turns.length, 1]));
    made.push({ values: values.reshape([-1, 4 * turns.length]), of: turns });
  }
  return made;
}

const numbersOf = tablesOf((list: readonly Sensor[], _model, device) =>
  integers(
    list.map(({ on }) => on),
    device,
  ),
);

/** Which actuators pull at the tendons of sensors, [actuators, sensors]: their forces before gears add up, as MuJoCo has it. */
const pullersOf = tablesOf((list: readonly Sensor[], { actuators }, device) =>
  tensor(
    actuators.flatMap(({ tendon }) => list.map(({ on }) => (tendon === on ? 1 : 0))),
    [actuators.length, list.length],
    { device },
  ),
);

function ofActuators(
  list: readonly Sensor[],
  { model, envs }: Prepared,
  { params, state, sensed }: At,
): readonly Columns[] {
  const { q, v } = extended(model, params, state);
  const made: Columns[] = [];
  for (const kind of actuatorSensors.slice(0, 2)) {
    const along = ofKinds(list, [kind]);
    if (along.length === 0) continue;
    const actuators = needs(along, 'actuators', sensed.actuators, 'actuatorParams(model)');
    const gear = actuators.gear
      .transpose()
      .slice(0, 1)
      .transpose()
      .gather(numbersOf(along, model, q.device))
      .transpose();
    made.push({ values: columnsOf(kind === 'actuatorpos' ? q : v, along, model).mul(gear), of: along });
  }
  const [forces, driven] = [ofKinds(list, ['actuatorfrc']), ofKinds(list, ['jointactuatorfrc'])];
  const pulling = ofKinds(list, ['tendonactuatorfrc']);
  const all = [...forces, ...driven, ...pulling];
  if (all.length === 0) return made;
  if (model.actuators.length === 0)
    return [...made, { values: zeros([envs, all.length], { device: q.device }), of: all }];
  const actuators = needs(all, 'actuators', sensed.actuators, 'actuatorParams(model)');
  const control = needs(all, 'control', sensed.control, 'the controls');
  const { tau, carried, force } = actuation(model, actuators, state, control, params);
  if (forces.length > 0) made.push({ values: columnsOf(force, forces, model), of: forces });
  if (driven.length > 0) made.push({ values: columnsOf(carried ? tau.add(carried) : tau, driven, model), of: driven });
  if (pulling.length > 0) made.push({ values: force.matmul(pullersOf(pulling, model, q.device)), of: pulling });
  return made;
}

function ofTheWhole(
  list: readonly Sensor[],
  { model, envs }: Prepared,
  { params, state, sensed }: At,
): readonly Columns[] {
  const [clocks, stored] = [ofKinds(list, ['clock']), ofKinds(list, ['e_potential', 'e_kinetic'])];
  const made: Columns[] = [];
  if (clocks.length > 0) {
    const time = needs(clocks, 'time', sensed.time, 'the time, s');
    const values = typeof time === 'number' ? tensor([time], [1], { device: state.q.device }) : time;
    for (const clock of clocks) made.push({ values: values.reshape([-1, 1]).broadcastTo([envs, 1]), of: [clock] });
  }
  if (stored.length > 0) {
    const { kinetic, potential } = energies(model, params, state);
    for (const sensor of stored)
      made.push({ values: (sensor.kind === 'e_kinetic' ? kinetic : potential).reshape([envs, 1]), of: [sensor] });
  }
  return made;
}
