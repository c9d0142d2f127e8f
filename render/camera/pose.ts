/**
 * Where a thing is and how it is turned: from its axes to the world's, x ↦ R(q) x + p, with q = (x, y, z, w) a quaternion of any length but
 * zero, which stands for its direction:
 *
 *   R(q) v = v + 2 (q⃗ × (q⃗ × v + w v)) / |q|²                                                             (1)
 *
 * A batch of poses has [B, 3] and [B, 4]. All is differentiable in poses and points.
 */

import {
  checkRecord,
  inWords,
  type Kernel,
  kernelsByKey,
  lazyKernel,
  sizeOf,
  type Tensor,
} from '../../kernel/index.ts';

export interface Pose {
  /** [3] or [B, 3], m. */
  readonly position: Tensor;
  /** Quaternions XYZW, [4] or [B, 4], of any length but zero. */
  readonly orientation: Tensor;
}

/** `fn turned(q: vec4f, v: vec3f) -> vec3f` (1), and `fn opposite(q)`, which turns back. */
export const turning: string = /* wgsl */ `
  fn turned(q: vec4f, v: vec3f) -> vec3f {
    return v + (2.0 / dot(q, q)) * cross(q.xyz, cross(q.xyz, v) + q.w * v); // (1)
  }
  fn opposite(q: vec4f) -> vec4f { return vec4f(-q.xyz, q.w); }
`;

const operations = {
  rigid: 'turned(q, v) + position[b]',
  rotate: 'turned(q, v)',
  local: 'turned(opposite(q), v - position[b])',
} as const;
type Operation = keyof typeof operations;

const kernels = kernelsByKey();

const kernelOf = (operation: Operation, batch: boolean, moving: boolean): Kernel =>
  kernels(`${operation} ${batch} ${moving}`, () => {
    const position = operation === 'rotate' ? '' : 'var<storage, read> position: array<vec3f>;';
    return /* wgsl */ `
      var<storage, read> points: array<vec3f>;
      ${position}
      var<storage, read> orientation: array<vec4f>;
      var<uniform> each: u32; // points for each pose
      var<storage, read_write> placed: array<vec3f>;
      ${turning}
      @compute @workgroup_size(64)
      fn ${operation}(@builtin(global_invocation_id) id: vec3u) {
        let b = ${batch ? 'id.x / each' : '0u'};
        let v = points[${moving ? 'id.x' : 'id.x % each'}];
        let q = orientation[b];
        placed[id.x] = ${operations[operation]};
      }
    `;
  });

function apply(operation: Operation, pose: Pose, points: Tensor): Tensor {
  const batch = batchOf(operation, pose);
  const { position, orientation } = pose;
  if (points?.type !== 'f32' || points.shape.at(-1) !== 3 || points.shape.length < 2)
    throw new RangeError(`${operation}: the points are ${inWords(points)}; give f32, [n, 3] or [B, n, 3].`);
  const moving = points.shape.length > 2 || batch === undefined;
  if (batch !== undefined && moving && points.shape[0] !== batch)
    throw new RangeError(
      `${operation}: there are points for ${points.shape[0]} poses, but ${batch} poses; give as many.`,
    );
  const shape = moving ? points.shape : [batch ?? 1, ...points.shape];
  const count = sizeOf(shape) / 3;
  const args = { points, orientation, ...(operation !== 'rotate' && { position }) };
  const launched = kernelOf(
    operation,
    batch !== undefined,
    moving,
  )({ ...args, each: Math.max(1, count / (batch ?? 1)) }, { count, out: { placed: shape.slice(0, -1) } });
  return launched.placed as Tensor;
}

/** How many poses there are, undefined for one that is no batch. @throws RangeError unless it is a pose. */
export function batchOf(who: string, pose: Pose): number | undefined {
  checkRecord(who, 'the pose', pose, ['position', 'orientation']);
  const [p, q] = [pose.position.shape, pose.orientation.shape];
  if (p.at(-1) !== 3 || q.at(-1) !== 4 || p.length !== q.length || p.length > 2 || (p.length === 2 && p[0] !== q[0]))
    throw new RangeError(
      `${who}: the pose has a position of shape [${p.join(', ')}] and an orientation of [${q.join(', ')}]; give [3] and [4], or [B, 3] and [B, 4].`,
    );
  return p.length === 2 ? p[0] : undefined;
}

/**
 * Points from a thing's axes to the world's.
 *
 * @param points [n, 3] or, different ones for each of a batch of poses, [B, n, 3], m.
 * @returns [n, 3]; of a batch [B, n, 3].
 */
export const rigid = (pose: Pose, points: Tensor): Tensor => apply('rigid', pose, points);

/** Directions from a thing's axes to the world's, as `rigid` takes points. */
export const rotate = (pose: Pose, directions: Tensor): Tensor => apply('rotate', pose, directions);

/** Points from the world's axes to a thing's: the inverse of `rigid`. */
export const local = (pose: Pose, points: Tensor): Tensor => apply('local', pose, points);

const inverseKernel = lazyKernel(/* wgsl */ `
  var<storage, read> position: array<vec3f>;
  var<storage, read> orientation: array<vec4f>;
  var<storage, read_write> p: array<vec3f>;
  var<storage, read_write> q: array<vec4f>;
  ${turning}
  @compute @workgroup_size(64)
  fn inversePose(@builtin(global_invocation_id) id: vec3u) {
    let back = opposite(orientation[id.x]);
    p[id.x] = -turned(back, position[id.x]);
    q[id.x] = back;
  }
`);

/** The pose that takes back: rigid(inverse(a), rigid(a, x)) = x. */
export function inverse(pose: Pose): Pose {
  const batch = batchOf('inverse', pose);
  const { p, q } = inverseKernel(pose, { count: batch ?? 1 });
  return { position: p.reshape(pose.position.shape), orientation: q.reshape(pose.orientation.shape) };
}

const composeKernel = lazyKernel(/* wgsl */ `
  var<storage, read> p: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> x: array<vec3f>;
  var<storage, read> r: array<vec4f>;
  var<storage, read_write> position: array<vec3f>;
  var<storage, read_write> orientation: array<vec4f>;
  ${turning}
  @compute @workgroup_size(64)
  fn composePoses(@builtin(global_invocation_id) id: vec3u) {
    let a = q[id.x % arrayLength(&q)];
    let b = r[id.x % arrayLength(&r)];
    position[id.x] = p[id.x % arrayLength(&p)] + turned(a, x[id.x % arrayLength(&x)]);
    orientation[id.x] = vec4f(a.w * b.xyz + b.w * a.xyz + cross(a.xyz, b.xyz), a.w * b.w - dot(a.xyz, b.xyz));
  }
`);

/** First `b`, then `a`: rigid(compose(a, b), x) = rigid(a, rigid(b, x)). Either may be one pose where the other is a batch. */
export function compose(a: Pose, b: Pose): Pose {
  const [m, n] = [batchOf('compose', a), batchOf('compose', b)];
  if (m !== undefined && n !== undefined && m !== n)
    throw new RangeError(`compose: there are ${m} poses and ${n} poses; give as many, or one.`);
  const count = m ?? n;
  const { position, orientation } = composeKernel(
    { p: a.position, q: a.orientation, x: b.position, r: b.orientation },
    { count: count ?? 1 },
  );
  return count === undefined
    ? { position: position.reshape([3]), orientation: orientation.reshape([4]) }
    : { position, orientation };
}
