/**
 * Where points of links are, how fast they move, and their Jacobians.
 *
 *   x = R p + x_f                          the point's place, from O as frames' places are; O + x in the world     (1)
 *   ẋ = u + w × x                          its velocity, from the link's (w, u at O)
 *   ẋ = J v,   ω = J_ω v                   columns S_lin + S_ang × x and S_ang where the velocity moves the link, else 0
 */

import { type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { frameMotions } from './inverse.ts';
import { kinematics } from './kinematics.ts';
import { bySizes, column, place, poseFrom, poseTo, type Sizes, vec } from './layout.ts';
import type { ArticulatedParams, ArticulatedState, Model } from './model.ts';
import { prepare } from './structure.ts';

/** Points of links. */
export interface Points {
  /** Number of each point's link, or −1 for the world. */
  readonly links: readonly number[];
  /** In link frames, [points, 3], m. */
  readonly offsets: Tensor;
}

/** The sites of a model as points. */
export const sitePoints = ({ sites }: Model, device?: Tensor['device']): Points => ({
  links: sites.map(({ link }) => link),
  offsets: tensor(
    sites.flatMap(({ position }) => [...position]),
    [sites.length, 3],
    device ? { device } : {},
  ),
});

/** Poses of all frames as local arrays whose row 0 is the world. */
const localPoses = ({ frames }: Sizes): string => {
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

const motions = bySizes(
  sizes => /* wgsl */ `
  override points: u32 = 1;
  var<storage, read> relative: array<f32>;
  var<storage, read> pose: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> offsets: array<vec3f>;
  var<storage, read> frames: array<u32>;
  var<storage, read> frameOf: array<u32>;
  var<storage, read_write> position: array<vec3f>;
  var<storage, read_write> linear: array<vec3f>;
  var<storage, read_write> orientation: array<f32>;
  var<storage, read_write> angular: array<vec3f>;
  @compute @workgroup_size(64)
  fn pointMotions(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${localPoses(sizes)}
    var first: array<vec3f, ${sizes.frames + 1}>;
    for (var f = 0u; f < ${sizes.frames}u; f++) {
      first[f + 1u] = ${vec('relative', place(sizes.frames, 12, 'f'), 9)};
    }
    var O: array<vec3f, ${sizes.frames + 1}>;
    for (var f = 0u; f < ${sizes.frames}u; f++) { O[f + 1u] = first[${column('root')} + 1u]; }
    var w: array<vec3f, ${sizes.frames + 1}>;
    var u: array<vec3f, ${sizes.frames + 1}>;
    for (var f = 0u; f < ${sizes.frames}u; f++) {
      w[f + 1u] = ${vec('velocity', place(sizes.frames, 6, 'f'))};
      u[f + 1u] = ${vec('velocity', place(sizes.frames, 6, 'f'), 3)};
    }
    for (var p = 0u; p < points; p++) {
      let f = frameOf[p];
      let at = R[f] * offsets[p] + x[f];                                                                         // (1)
      position[e * points + p] = O[f] + at;
      linear[e * points + p] = u[f] + cross(w[f], at);
      angular[e * points + p] = w[f];
      let turned = R[f];
      let o = (e * points + p) * 9u;
      ${poseTo('orientation', 'o', 'turned', 'none').split('\n').slice(0, 9).join('\n')}
    }
  }
`,
);

const jacobians = bySizes(
  sizes => /* wgsl */ `
  override points: u32 = 1;
  var<storage, read> pose: array<f32>;
  var<storage, read> motion: array<f32>;
  var<storage, read> offsets: array<vec3f>;
  var<storage, read> frameOf: array<u32>;
  var<storage, read> moves: array<u32>;
  var<storage, read_write> jacobian: array<f32>;
  @compute @workgroup_size(64)
  fn pointJacobians(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${localPoses(sizes)}
    for (var p = 0u; p < points; p++) {
      let f = frameOf[p];
      let arm = R[f] * offsets[p] + x[f];
      for (var d = 0u; d < ${sizes.nv}u; d++) {
        let s = ${place(sizes.nv, 6, 'd')};
        let n = ${vec('motion', 's')};
        let on = select(0.0, 1.0, moves[p * ${sizes.nv}u + d] == 1u);
        let linear = on * (${vec('motion', 's', 3)} + cross(n, arm));
        for (var k = 0u; k < 3u; k++) {
          let row = ((e * points + p) * 6u + k) * ${sizes.nv}u + d;
          jacobian[row] = linear[k];
          jacobian[row + ${3 * sizes.nv}u] = on * n[k];
        }
      }
    }
  }
`,
);

export interface PointMotions {
  /** [envs, points, 3], m. */
  readonly position: Tensor;
  /** Of the link, as a rotation matrix by columns, [envs, points, 3, 3]. */
  readonly orientation: Tensor;
  /** In the world, [envs, points, 3], m/s and rad/s. */
  readonly velocity: Tensor;
  readonly angularVelocity: Tensor;
}

function checkPoints(who: string, model: Model, { links, offsets }: Points): void {
  if (offsets.shape.length !== 2 || offsets.shape[0] !== links.length || offsets.shape[1] !== 3 || links.length === 0)
    throw new RangeError(
      `${who}: offsets have shape [${offsets.shape.join(', ')}] for ${links.length} links; give each point a link and a row of 3, and at least 1 point.`,
    );
  const other = links.find(l => !(Number.isInteger(l) && l >= -1 && l < model.links.length));
  if (other !== undefined)
    throw new RangeError(
      `${who}: there is no link ${other}; links are 0 … ${model.links.length - 1}, and −1 is the world.`,
    );
}

const framesOf = (model: Model, { links, offsets }: Points): Tensor =>
  tensor(Uint32Array.from(links.map(l => (l < 0 ? 0 : model.tables.frameOf[l] + 1))), undefined, {
    device: offsets.device,
  });

/** Places and velocities of points. */
export function pointMotions(
  model: Model,
  params: ArticulatedParams,
  state: ArticulatedState,
  points: Points,
): PointMotions {
  const prepared = prepare('pointMotions', model, params, state);
  checkPoints('pointMotions', model, points);
  const { relative, pose, motion } = kinematics(prepared, state.q);
  const still = zeros(state.v.shape, { device: state.v.device });
  const { velocity } = frameMotions(prepared, { motion, v: state.v }, still);
  const { envs, structure, sizes } = prepared;
  const n = points.links.length;
  const shape = [envs, n];
  const given = {
    relative,
    pose,
    velocity,
    offsets: points.offsets,
    frames: structure.frames,
    frameOf: framesOf(model, points),
  };
  const made = motions({ ...sizes, own: false })(given, {
    count: envs,
    overrides: { points: n },
    out: { position: shape, linear: shape, angular: shape, orientation: [envs, n, 3, 3] },
  }) as Record<'position' | 'linear' | 'angular' | 'orientation', Tensor>;
  const { position, orientation, linear, angular } = made;
  return { position, orientation, velocity: linear, angularVelocity: angular };
}

/** Jacobians of points, [envs, points, 6, nv]: rows of the velocity, then of the angular velocity, both in the world. */
export function pointJacobians(model: Model, params: ArticulatedParams, q: Tensor, points: Points): Tensor {
  const prepared = prepare('pointJacobians', model, params, { q });
  checkPoints('pointJacobians', model, points);
  const { envs, sizes } = prepared;
  const { pose, motion } = kinematics(prepared, q);
  const { ancestors, start, last, frameOf } = model.tables;
  const moves = points.links.flatMap(l => {
    const d = l < 0 ? 0 : last[frameOf[l]];
    const moving = d === 0 ? [] : ancestors.slice(start[d - 1], start[d]);
    return Array.from({ length: model.nv }, (_, k) => (moving.includes(k) ? 1 : 0));
  });
  const n = points.links.length;
  return jacobians({ ...sizes, own: false })(
    {
      pose,
      motion,
      offsets: points.offsets,
      frameOf: framesOf(model, points),
      moves: tensor(Uint32Array.from(moves), undefined, { device: q.device }),
    },
    { count: envs, overrides: { points: n }, out: { jacobian: [envs, n, 6, model.nv] } },
  ).jacobian as Tensor;
}
