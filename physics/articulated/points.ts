/**
 * Where points of links are, and how they move.
 *
 *   x = R p + x_f                              the point's place, from O as frames' places are; O + x in the world     (1)
 *   ẋ = u + w × x                              its velocity, from the link's (w, u at O)                               (2)
 *   ẍ = u̇ + ẇ × x + w × ẋ                      its acceleration, from the link's (ẇ, u̇ at O)                           (3)
 *
 * O is a point of the world that the root frame passes at the moment; so u̇ is not that of a point of the link, and (3) has the
 * usual centripetal part. A point may have axes of its own.
 */

import { onDeviceBy, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { frameMotions } from './dynamics/frame-motions.ts';
import { type Kinematics, kinematics } from './dynamics/kinematics.ts';
import { bySizes, column, place, poseFrom, quaternions, type Sizes, store, vec } from './layout.ts';
import type { ArticulatedParams, ArticulatedState, Model } from './model.ts';
import { type Prepared, prepare } from './structure.ts';
import { tablesOf } from './tables-of.ts';

/** Points of links. */
export interface Points {
  /** Number of each point's link, or −1 for the world. */
  readonly links: readonly number[];
  /** In link frames, [points, 3], m; [envs, points, 3] where environments differ. */
  readonly offsets: Tensor;
  /** Of their axes in link frames, quaternions of any length, [points, 4]. Default the links'. */
  readonly orientations?: Tensor;
}

/** The sites of a model as points. */
export function sitePoints({ sites }: Model, device?: Tensor['device']): Points {
  const on = device ? { device } : {};
  return {
    links: sites.map(({ link }) => link),
    offsets: tensor(
      sites.flatMap(({ position }) => [...position]),
      [sites.length, 3],
      on,
    ),
    orientations: tensor(
      sites.flatMap(({ orientation }) => [...orientation]),
      [sites.length, 4],
      on,
    ),
  };
}

/** Poses of all frames as local arrays whose row 0 is the world. */
export const localPoses = ({ frames }: Pick<Sizes, 'frames'>): string => {
  const [R, x] = poseFrom('pose', place(frames, 12, 'f'));
  return `
    var R: array<mat3x3f, ${frames + 1}>;
    var x: array<vec3f, ${frames + 1}>;
    R[0] = mat3x3f(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
    for (var f = 0u; f < ${frames}u; f++) {
      R[f + 1u] = ${R};
      x[f + 1u] = ${x};
    }`;
};

/** Three words of a row for each of the frames, as a local array whose row 0 is the world's: 0. */
const localVectors = ({ frames }: Sizes, name: string, from: string, at: string, offset: number): string => `
    var ${name}: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) { ${name}[f + 1u] = ${vec(from, at, offset)}; }`;

const text = (sizes: Sizes, accelerated: boolean): string => {
  const at = place(sizes.frames, 6, 'f');
  const only = (words: string): string => (accelerated ? words : '');
  return /* wgsl */ `
  override points: u32 = 1;
  ${quaternions}
  var<storage, read> relative: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> velocity: array<f32>;
  ${only('var<storage, read> acceleration: array<f32>;')}
  var<storage, read> offsets: array<vec3f>;
  var<storage, read> orientations: array<vec4f>;
  var<storage, read> frames: array<u32>;
  var<storage, read> frameOf: array<u32>;
  var<storage, read_write> position: array<vec3f>;
  var<storage, read_write> linear: array<vec3f>;
  var<storage, read_write> orientation: array<f32>;
  var<storage, read_write> angular: array<vec3f>;
  ${only('var<storage, read_write> linearRate: array<vec3f>;')}
  ${only('var<storage, read_write> angularRate: array<vec3f>;')}
  @compute @workgroup_size(64)
  fn pointMotions(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${localPoses(sizes)}
    ${localVectors(sizes, 'first', 'relative', place(sizes.frames, 12, 'f'), 9)}
    var O: array<vec3f, ${sizes.frames + 1}>;
    for (var f = 0u; f < ${sizes.frames}u; f++) { O[f + 1u] = first[${column('root')} + 1u]; }
    ${localVectors(sizes, 'w', 'velocity', at, 0)}
    ${localVectors(sizes, 'u', 'velocity', at, 3)}
    ${only(localVectors(sizes, 'dw', 'acceleration', at, 0))}
    ${only(localVectors(sizes, 'du', 'acceleration', at, 3))}
    for (var p = 0u; p < points; p++) {
      let f = frameOf[p];
      let at = R[f] * offsets[${sizes.own ? 'e * points + p' : 'p'}] + x[f];                                                                         // (1)
      position[e * points + p] = O[f] + at;
      let rate = u[f] + cross(w[f], at);                                                                         // (2)
      linear[e * points + p] = rate;
      angular[e * points + p] = w[f];
      ${only('linearRate[e * points + p] = du[f] + cross(dw[f], at) + cross(w[f], rate); // (3)')}
      ${only('angularRate[e * points + p] = dw[f];')}
      let turned = R[f] * rotation(normalize(orientations[p]));
      let o = (e * points + p) * 9u;
      ${store('orientation', 'o', ['turned[0]', 'turned[1]', 'turned[2]'])}
    }
  }
`;
};
const motions = bySizes(sizes => text(sizes, false));
const accelerations = bySizes(sizes => text(sizes, true));

export interface PointMotions {
  /** [envs, points, 3], m. */
  readonly position: Tensor;
  /** Of its axes, as a rotation matrix by columns, [envs, points, 3, 3]. */
  readonly orientation: Tensor;
  /** In the world, [envs, points, 3], m/s and rad/s. */
  readonly velocity: Tensor;
  readonly angularVelocity: Tensor;
}

export interface PointAccelerations extends PointMotions {
  /** In the world, [envs, points, 3], m/s² and rad/s². */
  readonly acceleration: Tensor;
  readonly angularAcceleration: Tensor;
}

export function checkPoints(who: string, model: Model, { links, offsets, orientations }: Points): void {
  if (offsets.shape.slice(-2).join() !== `${links.length},3` || offsets.shape.length > 3 || links.length === 0)
    throw new RangeError(
      `${who}: offsets have shape [${offsets.shape.join(', ')}] for ${links.length} links; give each point a link and a row of 3, and at least 1 point.`,
    );
  if (
    orientations &&
    (orientations.shape.length !== 2 || orientations.shape[0] !== links.length || orientations.shape[1] !== 4)
  )
    throw new RangeError(
      `${who}: orientations have shape [${orientations.shape.join(', ')}] for ${links.length} links; give each point a row of 4.`,
    );
  const other = links.find(l => !(Number.isInteger(l) && l >= -1 && l < model.links.length));
  if (other !== undefined)
    throw new RangeError(
      `${who}: there is no link ${other}; links are 0 … ${model.links.length - 1}, and −1 is the world.`,
    );
}

const framesOn = tablesOf((links: readonly number[], { tables }, device) =>
  tensor(Uint32Array.from(links.map(l => (l < 0 ? 0 : tables.frameOf[l] + 1))), undefined, { device }),
);

/** Frames of points, 0 for the world. */
export const framesOf = (model: Model, { links, offsets }: Points): Tensor => framesOn(links, model, offsets.device);

const asLinks = onDeviceBy((count, device) =>
  tensor(Array.from({ length: count }, () => [1, 0, 0, 0]).flat(), [count, 4], { device }),
);

/** What has been worked out at a state. */
export interface Moved {
  readonly prepared: Prepared;
  readonly kinematics: Kinematics;
  /** Of all frames (inverse.ts). */
  readonly velocity: Tensor;
  readonly acceleration?: Tensor;
}

/** Motions of points whose links' are known; accelerations too if the links' are. */
export function pointMotionsOf(
  { prepared, kinematics, velocity, acceleration }: Moved,
  points: Points,
): PointMotions & Partial<PointAccelerations> {
  const { envs, structure, sizes, model } = prepared;
  const { relative, pose } = kinematics;
  const n = points.links.length;
  const shape = [envs, n];
  const { offsets } = points;
  const given = {
    relative,
    pose,
    velocity,
    ...(acceleration && { acceleration }),
    offsets,
    orientations: points.orientations ?? asLinks(n, offsets.device),
    frames: structure.frames,
    frameOf: framesOf(model, points),
  };
  const own = offsets.shape.length === 3; // each environment has its own
  const made = (acceleration ? accelerations : motions)({ ...sizes, own })(given, {
    count: envs,
    overrides: { points: n },
    out: {
      position: shape,
      linear: shape,
      angular: shape,
      ...(acceleration && { linearRate: shape, angularRate: shape }),
      orientation: [envs, n, 3, 3],
    },
  }) as Record<'position' | 'linear' | 'angular' | 'orientation' | 'linearRate' | 'angularRate', Tensor>;
  const { position, orientation, linear, angular, linearRate, angularRate } = made;
  const moved = { position, orientation, velocity: linear, angularVelocity: angular };
  return acceleration ? { ...moved, acceleration: linearRate, angularAcceleration: angularRate } : moved;
}

/** Places and velocities of points. */
export function pointMotions(
  model: Model,
  params: ArticulatedParams,
  state: ArticulatedState,
  points: Points,
): PointMotions {
  const prepared = prepare('pointMotions', model, params, state);
  checkPoints('pointMotions', model, points);
  const at = kinematics(prepared, state.q);
  const still = zeros(state.v.shape, { device: state.v.device });
  const { velocity } = frameMotions(prepared, { motion: at.motion, v: state.v }, still);
  return pointMotionsOf({ prepared, kinematics: at, velocity }, points);
}
