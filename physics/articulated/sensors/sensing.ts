/**
 * What sensors measure: pure functions of the state, differentiable in everything. motions.ts, interactions.ts, contacts.ts, subtrees.ts and rays.ts have
 * the equations; sensors of joints and tendons are coordinates and velocities, those of actuators gears times these, and forces.
 *
 * MuJoCo documentation, "XML reference: sensor".
 */

import { concat, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { actuation } from '../actuators/actuate.ts';
import { energies } from '../dynamics/energy.ts';
import { frameForces, frameMotions } from '../dynamics/inverse.ts';
import { kinematics } from '../dynamics/kinematics.ts';
import type { ArticulatedParams, ArticulatedState, Model } from '../model.ts';
import type { Sensor } from '../parts.ts';
import { type Prepared, prepare, rowsOf } from '../structure.ts';
import { extended } from '../tendons/tendon.ts';
import { contactSensing } from './contacts.ts';
import { heldBy } from './held.ts';
import { interactions } from './interactions.ts';
import { actuatorSensors, type SensorKind, subtreeSensors } from './kinds.ts';
import { frameMeasurements, isOfMotion } from './motions.ts';
import { ranges } from './rays.ts';
import { type At, type Columns, needs, type Sensed } from './sensed.ts';
import { subtreeMomenta } from './subtrees.ts';
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
  const begin = new Map<Sensor, number>();
  parts
    .flatMap(({ of }) => of)
    .reduce((from, sensor) => {
      begin.set(sensor, from);
      return from + sensor.size;
    }, 0);
  const order = list.flatMap(sensor =>
    Array.from({ length: sensor.size }, (_, k) => (begin.get(sensor) as number) + k),
  );
  const all = concat(
    parts.map(({ values }) => values.transpose()),
    0,
  );
  const inOrder = (order.every((from, k) => from === k) ? all : all.gather(order)).transpose();
  return list.some(({ cutoff }) => cutoff !== undefined) ? within(inOrder, list) : inOrder;
}

/** Where a cutoff holds, derivatives are 0. Directions and quaternions have none. */
function within(values: Tensor, list: readonly Sensor[]): Tensor {
  const bounds = list.flatMap(({ kind, cutoff, size }) => {
    const free = cutoff === undefined || kind === 'contact' || kind.endsWith('quat') || kind.endsWith('axis');
    return new Array<number>(size).fill(free ? 1e30 : cutoff);
  });
  const most = tensor(bounds, [1, bounds.length], { device: values.device });
  return values.min(most).max(most.neg());
}

function ofMotions(prepared: Prepared, list: readonly Sensor[], { params, state, sensed }: At): readonly Columns[] {
  const frames = list.filter(isOfMotion);
  const subtrees = list.filter(({ kind }) => (subtreeSensors as readonly string[]).includes(kind));
  const felt = list.filter(({ kind }) => kind === 'force' || kind === 'torque');
  const rays = list.filter(({ kind }) => kind === 'rangefinder');
  const touched = list.filter(({ kind }) => kind === 'touch');
  const met = list.filter(({ kind }) => kind === 'contact');
  if (frames.length + subtrees.length + felt.length + rays.length + touched.length + met.length === 0) return [];
  const { envs, model } = prepared;
  const { device } = state.q;
  const pulled = list.filter(({ kind }) => accelerated.includes(kind));
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
  const counts = touched.length + met.length > 0 || (felt.length > 0 && contacts);
  const held = counts ? heldBy(moved, { state, a, dt, constraints }) : undefined;
  if (met.length > 0) columns.push({ values: touchings(moved, met, held), of: met });
  const isFelt = touched.length + felt.length > 0;
  const contact = held && isFelt ? contactSensing(moved, touched, { params, held }) : undefined;
  if (touched.length > 0)
    columns.push({ values: contact?.touch ?? zeros([envs, touched.length], { device }), of: touched });
  if (felt.length > 0) {
    const needed = frameForces(prepared, { ...at, v: state.v, gravity: prepared.params.gravity }, a);
    const pull = tensions(moved, felt, { params, state, sensed }, contacts ? held : undefined);
    const others = [...(contact && contacts ? [contact.wrench] : []), ...(pull ? [pull] : [])];
    const force = others.reduce((rest, wrench) => rest.sub(wrench), needed);
    columns.push({ values: interactions(moved, felt, force, params), of: felt });
  }
  return columns;
}

function ofJoints(list: readonly Sensor[], { model, params }: Prepared, { state }: At): readonly Columns[] {
  const { q, v } = extended(model, params, state);
  const of = (...kinds: SensorKind[]): readonly Sensor[] => list.filter(({ kind }) => kinds.includes(kind));
  const columns = (x: Tensor, sensors: readonly Sensor[], begin: (sensor: Sensor) => number): Columns => ({
    values: x
      .transpose()
      .gather(sensors.flatMap(sensor => Array.from({ length: sensor.size }, (_, k) => begin(sensor) + k)))
      .transpose(),
    of: sensors,
  });
  const [positions, velocities, turns] = [of('jointpos'), of('jointvel', 'ballangvel'), of('ballquat')];
  const made: Columns[] = [];
  if (positions.length > 0) made.push(columns(q, positions, ({ on }) => model.joints[on].q));
  if (velocities.length > 0) made.push(columns(v, velocities, ({ on }) => model.joints[on].dof));
  const [lengths, rates] = [of('tendonpos'), of('tendonvel')];
  if (lengths.length > 0) made.push(columns(q, lengths, ({ on }) => model.nq + on));
  if (rates.length > 0) made.push(columns(v, rates, ({ on }) => model.nv + on));
  for (const turn of turns) {
    const { values } = columns(q, [turn], ({ on }) => model.joints[on].q);
    made.push({ values: values.div(values.square().sum(1).sqrt().reshape([-1, 1])), of: [turn] });
  }
  return made;
}

function ofActuators(
  list: readonly Sensor[],
  { model, envs }: Prepared,
  { params, state, sensed }: At,
): readonly Columns[] {
  const { q, v } = extended(model, params, state);
  const of = (wanted: SensorKind): readonly Sensor[] => list.filter(({ kind }) => kind === wanted);
  const made: Columns[] = [];
  for (const kind of actuatorSensors.slice(0, 2)) {
    const along = of(kind);
    if (along.length === 0) continue;
    const actuators = needs(along, 'actuators', sensed.actuators, 'actuatorParams(model)');
    const gear = actuators.gear
      .transpose()
      .slice(0, 1)
      .transpose()
      .gather(along.map(({ on }) => on))
      .transpose();
    const places = along.map(({ on }) => {
      const { joint, tendon } = model.actuators[on];
      const at = model.joints[joint] ?? { q: model.nq + tendon, dof: model.nv + tendon };
      return kind === 'actuatorpos' ? at.q : at.dof;
    });
    made.push({ values: (kind === 'actuatorpos' ? q : v).transpose().gather(places).transpose().mul(gear), of: along });
  }
  const [forces, driven] = [of('actuatorfrc'), of('jointactuatorfrc')];
  if (forces.length + driven.length === 0) return made;
  if (model.actuators.length === 0)
    return [...made, { values: zeros([envs, driven.length], { device: q.device }), of: driven }];
  const all = [...forces, ...driven];
  const actuators = needs(all, 'actuators', sensed.actuators, 'actuatorParams(model)');
  const { tau, force } = actuation(
    model,
    actuators,
    state,
    needs(all, 'control', sensed.control, 'the controls'),
    params,
  );
  const rows = (x: Tensor, places: readonly number[]): Tensor => x.transpose().gather(places).transpose();
  if (forces.length > 0)
    made.push({
      values: rows(
        force,
        forces.map(({ on }) => on),
      ),
      of: forces,
    });
  if (driven.length > 0)
    made.push({
      values: rows(
        tau,
        driven.map(({ on }) => model.joints[on].dof),
      ),
      of: driven,
    });
  return made;
}

function ofTheWhole(
  list: readonly Sensor[],
  { model, envs }: Prepared,
  { params, state, sensed }: At,
): readonly Columns[] {
  const of = (...kinds: SensorKind[]): readonly Sensor[] => list.filter(({ kind }) => kinds.includes(kind));
  const [clocks, stored] = [of('clock'), of('e_potential', 'e_kinetic')];
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
