/**
 * Forces of actuators from controls, and how activations go on; actuator.ts has the equations.
 *
 *   w⁺ = clamp(w + dt ẇ)                                                                                       (1)
 *   w⁺ = clamp(w + T (1 − e^(−dt / T)) ẇ)         of exact filters, whose control is constant over the step       (2)
 *
 * One invocation goes through an environment's actuators. Parameters of actuators are the same for all environments.
 */

import { type Device, kernelsByKey, onDeviceOf, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { actuatorsCarry, carriedByActuators } from '../dynamics/compensation.ts';
import { place, wordAt } from '../layout.ts';
import type { ArticulatedParams, ArticulatedState, Model } from '../model.ts';
import { type ActuatorDynamics, lengthOf } from '../parts.ts';
import { pointJacobians } from '../point-jacobians.ts';
import { type Points, pointMotions } from '../points.ts';
import { rowsOf } from '../structure.ts';
import { extended, pulled } from '../tendons/tendon.ts';
import { type ActuatorParams, activations } from './actuator.ts';
import { muscleForce, muscleText, muscleWidth } from './muscle.ts';
import { sharesLeft } from './tendon-ranges.ts';

/** What actuators do at a state. */
export interface Actuation {
  /** Forces of the joints, [envs, nv], besides weight that is carried. */
  readonly tau: Tensor;
  /** Weight that actuators carry, [envs, nv]; undefined where there is none. */
  readonly carried: Tensor | undefined;
  /** Of each actuator before its gear, [envs, actuators], N or N m. */
  readonly force: Tensor;
  /** On lengths of tendons, [envs, tendons]; undefined where there are none. */
  readonly onTendons: Tensor | undefined;
  /** Rates of activations, [envs, activations], 1/s; undefined where there are none. */
  readonly rate: Tensor | undefined;
}

const dynamicsNumber: Readonly<Record<ActuatorDynamics, number>> = {
  none: 0,
  integrator: 1,
  filter: 2,
  exactFilter: 3,
  muscle: 4,
};

/** Of each actuator: q and first velocity of its joint (those of tendons are behind), number of velocities or 0, dynamics, activation. */
export const width = 5;
export const tableOf: (model: Model, device: Device) => Tensor = onDeviceOf((model: Model, device): Tensor => {
  const rows = model.actuators.flatMap(({ joint, site, tendon, dynamics, activation }) => {
    const { q, dof } = model.joints[joint] ?? {
      q: model.nq + Math.max(0, tendon),
      dof: model.nv + Math.max(0, tendon),
    };
    const count = site >= 0 ? 0 : joint < 0 ? 1 : lengthOf[model.joints[joint].kind].dof;
    return [q, dof, count, dynamicsNumber[dynamics], Math.max(0, activation)];
  });
  return tensor(Uint32Array.from(rows), undefined, { device });
});

/** Lengths of q and v with those of tendons behind, actuators, activations. */
export interface Counts {
  readonly nq: number;
  readonly nv: number;
  readonly a: number;
  readonly na: number;
  /** Whether some are muscles. */
  readonly muscles: boolean;
}

const kernels = kernelsByKey();
const text = ({ nq, nv, a, na, muscles }: Counts): string => /* wgsl */ `
  ${muscles ? muscleText : ''}
  var<storage, read> q: array<f32>;
  var<storage, read> v: array<f32>;
  var<storage, read> control: array<f32>;
  ${na > 0 ? 'var<storage, read> act: array<f32>;' : ''}
  var<storage, read> gear: array<f32>;
  var<storage, read> gains: array<f32>;
  var<storage, read> timeConstant: array<f32>;
  var<storage, read> bounds: array<f32>;
  ${muscles ? 'var<storage, read> muscle: array<f32>;' : ''}
  var<storage, read> table: array<u32>;
  var<storage, read_write> tau: array<f32>;
  var<storage, read_write> force: array<f32>;
  ${na > 0 ? 'var<storage, read_write> rate: array<f32>;' : ''}
  @compute @workgroup_size(64)
  fn actuate(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${
      na > 0
        ? `var active: array<f32, ${na}>;
    for (var k = 0u; k < ${na}u; k++) { active[k] = act[${place(na, 1, 'k')}]; }
    var rates: array<f32, ${na}>;`
        : ''
    }
    var total: array<f32, ${nv}>;
    for (var a = 0u; a < ${a}u; a++) {
      let row = a * ${width}u;
      let count = table[row + 2u];
      let g = a * 6u;
      ${muscles ? `let m = a * ${muscleWidth}u;` : ''}
      var s = clamp(control[${place(a, 1, 'a')}], bounds[g], bounds[g + 1u]);
      ${
        na > 0
          ? `let dynamics = table[row + 3u];
      if (dynamics > 0u) {
        let w = active[table[row + 4u]];
        var rate = select((s - w) / timeConstant[a], s, dynamics == 1u);                                         // (2)
        ${muscles ? 'if (dynamics == 4u) { rate = muscleRate(s, w, muscle[m + 10u], muscle[m + 11u], muscle[m + 12u]); }' : ''}
        rates[table[row + 4u]] += rate;
        s = w;
      }`
          : ''
      }
      var l = 0.0;
      var rise = 0.0;
      if (count == 1u) {
        l = gear[g] * ${wordAt('q', nq, 'table[row]')};                                                                           // (1)
        rise = gear[g] * ${wordAt('v', nv, 'table[row + 1u]')};
      }
      var gain = gains[g] + gains[g + 1u] * l + gains[g + 2u] * rise;
      var bias = gains[g + 3u] + gains[g + 4u] * l + gains[g + 5u] * rise;
      ${muscles ? `if (dynamics == 4u) { ${muscleForce} }` : ''}
      let free = gain * s + bias;
      let f = clamp(free, bounds[g + 2u], bounds[g + 3u]);                                                       // (3)
      force[${place(a, 1, 'a')}] = f;
      for (var k = 0u; k < count; k++) { total[table[row + 1u] + k] += gear[g + k] * f; }
    }
    for (var d = 0u; d < ${nv}u; d++) { tau[${place(nv, 1, 'd')}] = total[d]; }
    ${na > 0 ? `for (var k = 0u; k < ${na}u; k++) { rate[${place(na, 1, 'k')}] = rates[k]; }` : ''}
  }
`;

const following = kernelsByKey();
const next = ({ a, na }: Counts): string => /* wgsl */ `
  var<storage, read> act: array<f32>;
  var<storage, read> rate: array<f32>;
  var<storage, read> timeConstant: array<f32>;
  var<storage, read> bounds: array<f32>;
  var<storage, read> table: array<u32>;
  var<uniform> dt: f32;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn activate(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var active: array<f32, ${na}>;
    var rates: array<f32, ${na}>;
    var after: array<f32, ${na}>;
    for (var k = 0u; k < ${na}u; k++) {
      active[k] = act[${place(na, 1, 'k')}];
      rates[k] = rate[${place(na, 1, 'k')}];
    }
    for (var a = 0u; a < ${a}u; a++) {
      let dynamics = table[a * ${width}u + 3u];
      if (dynamics > 0u) {
        let k = table[a * ${width}u + 4u];
        let T = timeConstant[a];
        let over = select(dt, T * (1.0 - exp(-dt / T)), dynamics == 3u);                                         // (2)
        after[k] += clamp(active[k] + over * rates[k], bounds[a * 6u + 4u], bounds[a * 6u + 5u]);                // (1)
      }
    }
    for (var k = 0u; k < ${na}u; k++) { next[${place(na, 1, 'k')}] = after[k]; }
  }
`;

/** Tendons count among coordinates. */
export const countsOf = (model: Model): Counts => ({
  nq: model.nq + model.tendons.length,
  nv: model.nv + model.tendons.length,
  a: model.actuators.length,
  na: activations(model),
  muscles: model.actuators.some(({ kind }) => kind === 'muscle'),
});
export const keyOf = ({ nq, nv, a, na, muscles }: Counts): string => `${nq} ${nv} ${a} ${na} ${muscles}`;

/**
 * What actuators do.
 *
 * @param control [envs, actuators].
 * @param params Of the model; actuators at sites and tendons need them to know where those are.
 * @throws RangeError if a shape is another, TypeError if something that the model needs is not given.
 */
export function actuation(
  model: Model,
  actuators: ActuatorParams,
  state: ArticulatedState,
  control: Tensor,
  params?: ArticulatedParams,
): Actuation {
  const { act } = state;
  const { q, v, weights } = extended(model, params, state);
  const counts = countsOf(model);
  const { a, na } = counts;
  if (a === 0)
    throw new RangeError(
      `actuate: '${model.name}' has no actuators that 'control' could drive; leave it out, and give forces of the joints as 'tau', [environments, ${model.nv}].`,
    );
  const envs = q.shape[0];
  rowsOf('actuate', 'control', control, envs, a);
  if (na > 0 && !act)
    throw new TypeError(
      `actuate: the state has no 'act', but '${model.name}' has ${na} actuator${na === 1 ? '' : 's'} with an activation; begin with articulatedState(model).`,
    );
  if (na > 0 && act) rowsOf('actuate', 'act', act, envs, na);
  const run = kernels(keyOf(counts), () => text(counts));
  const { gear, gains, timeConstant, bounds, muscle } = actuators;
  const given = {
    ...(counts.muscles && { muscle }),
    q,
    v,
    control,
    gear,
    gains,
    timeConstant,
    bounds,
    table: tableOf(model, q.device),
  };
  const out = { tau: [envs, counts.nv], force: [envs, a], ...(na > 0 && { rate: [envs, na] }) };
  const whole = run({ ...given, ...(na > 0 && { act }) }, { count: envs, out }) as Record<
    'tau' | 'force' | 'rate',
    Tensor
  >;
  const shares = sharesLeft(model, whole.force);
  const tau = shares ? whole.tau.mul(shares.ofCoordinates) : whole.tau;
  const force = shares ? whole.force.mul(shares.ofActuators) : whole.force;
  const onJoints = pulled(model, weights, tau);
  const pushed = atSites(model, actuators, state, force, params);
  const carried = actuatorsCarry(model) ? carriedByActuators(model, needed(model, params), state.q) : undefined;
  return {
    tau: bounded(model, pushed ? onJoints.add(pushed) : onJoints, carried),
    carried,
    force,
    onTendons: weights && tau.slice([0, model.nv], [envs, counts.nv]),
    rate: na > 0 ? whole.rate : undefined,
  };
}

/** Within what joints let actuators do, with the weight that they carry. */
function bounded(model: Model, tau: Tensor, carried: Tensor | undefined): Tensor {
  if (model.driveRanges.every(range => range === undefined)) return tau;
  const bound = (side: 0 | 1): Tensor =>
    tensor(
      model.joints.flatMap(({ kind }, j) =>
        new Array<number>(lengthOf[kind].dof).fill(model.driveRanges[j]?.[side] ?? (side - 0.5) * 2e30),
      ),
      [1, model.nv],
      { device: tau.device },
    );
  const within = (all: Tensor): Tensor => all.max(bound(0)).min(bound(1));
  return carried ? within(tau.add(carried)).sub(carried) : within(tau);
}

/** τ, [envs, nv], of controls [envs, actuators]. */
export const actuate = (
  model: Model,
  actuators: ActuatorParams,
  state: ArticulatedState,
  control: Tensor,
  params?: ArticulatedParams,
): Tensor => actuation(model, actuators, state, control, params).tau;

function needed({ name }: Model, params: ArticulatedParams | undefined): ArticulatedParams {
  if (params) return params;
  throw new TypeError(
    `actuate: actuators of '${name}' carry weight; give articulatedParams(model), which say how much, as the last argument.`,
  );
}

/** Activations dt seconds later, [envs, activations]. */
export function activate(
  model: Model,
  { timeConstant, bounds }: ActuatorParams,
  act: Tensor,
  rate: Tensor,
  dt: number,
): Tensor {
  const counts = countsOf(model);
  const run = following(keyOf(counts), () => next(counts));
  const given = { act, rate, timeConstant, bounds, table: tableOf(model, act.device), dt };
  return run(given, { count: act.shape[0], out: { next: act.shape } }).next as Tensor;
}

/** Jᵀ of forces and torques in the axes of sites. */
function atSites(
  model: Model,
  { gear }: ActuatorParams,
  state: ArticulatedState,
  force: Tensor,
  params: ArticulatedParams | undefined,
): Tensor | undefined {
  const numbers = model.actuators.flatMap(({ site }, k) => (site >= 0 ? [k] : []));
  if (numbers.length === 0) return undefined;
  if (!params)
    throw new TypeError(
      `actuate: actuator '${model.actuators[numbers[0]].name}' is at a site; give articulatedParams(model), which say where it is, as the last argument.`,
    );
  const { device } = state.q;
  const envs = state.q.shape[0];
  const n = numbers.length;
  const sites = numbers.map(k => model.sites[model.actuators[k].site]);
  const points: Points = {
    links: sites.map(({ link }) => link),
    offsets: tensor(
      sites.flatMap(({ position }) => [...position]),
      [n, 3],
      { device },
    ),
    orientations: tensor(
      sites.flatMap(({ orientation }) => [...orientation]),
      [n, 4],
      { device },
    ),
  };
  // Rows of the gear in the world's axes: columns of R times numbers.
  const { orientation } = pointMotions(model, params, { q: state.q, v: zeros(state.v.shape, { device }) }, points);
  const inWorld = (from: number): Tensor =>
    orientation
      .mul(
        gear
          .gather(numbers)
          .transpose()
          .slice(from, from + 3)
          .transpose()
          .reshape([1, n, 3, 1]),
      )
      .sum(2);
  const jacobian = pointJacobians(model, params, state.q, points); // [envs, n, 6, nv]
  const rows = jacobian.reshape([envs, n, 2, 3, model.nv]).transpose([2, 0, 1, 3, 4]);
  const by = (k: number): Tensor =>
    rows
      .slice(k, k + 1)
      .reshape([envs, n, 3, model.nv])
      .mul(inWorld(3 * k).reshape([envs, n, 3, 1]))
      .sum(2);
  const pushed = force.transpose().gather(numbers).transpose().reshape([envs, n, 1]);
  return by(0).add(by(1)).mul(pushed).sum(1);
}
