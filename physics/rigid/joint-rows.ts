/**
 * Joints as scalar rows: what each of them sees of the relative twist of its bodies, and how it answers.
 *
 *   seen = l · Δv_c + a · Δω + o                          Δv_c at the second body's anchor, which is c                  (1)
 *   locked:  o = violation / dt,   D = 1 / (softness (1/m_a + 1/m_b)), or of inertias where it turns                  (2)
 *   drive:   λ = −dt [k (y⁺ − target) + b (ẏ⁺ − speed)],  y⁺ = y + dt ẏ⁺, no larger than dt · limit                    (3)
 *   limits:  y⁺ ≥ lowest, y⁺ ≤ highest: rows that only push                                                         (4)
 *
 * y is the joint's coordinate: an angle, a shift, or the distance between the anchors. The joint's axes are those of the first
 * body's frame, and its own is z. Springs, dampers, servos and motors are (3): implicit, so that no stiffness is too large.
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import { quaternions } from '../articulated/layout.ts';
import { rowsPerJoint, rowWidth } from './solver-work.wgsl.ts';

/** In the order of their numbers. A rod keeps its length; a spring only has a drive and limits. */
export const jointKinds = ['fixed', 'revolute', 'prismatic', 'ball', 'rod', 'spring'] as const;
export type JointKind = (typeof jointKinds)[number];

const number = (kind: JointKind): string => `${jointKinds.indexOf(kind)}u`;

const rowsKernel = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> q: array<vec4f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> freedom: array<u32>;
  var<storage, read> bodies: array<u32>;
  var<storage, read> kind: array<u32>;
  var<storage, read> anchor: array<vec3f>;      // two for each joint
  var<storage, read> frame: array<vec4f>;       // two for each joint
  var<storage, read> range: array<vec2f>;       // lowest, highest
  var<storage, read> drive: array<f32>;         // stiffness, damping, target, speed, limit
  var<uniform> softness: f32;
  var<uniform> dt: f32;
  var<storage, read_write> rows: array<f32>;
  var<storage, read_write> middle: array<vec3f>;
  ${quaternions}
  struct Row { l: vec3f, a: vec3f, offset: f32, D: f32, low: f32, high: f32 }
  const most = 1e30;
  fn lightness(i: u32) -> vec2f { // 1 / m, and about 1 / I
    if (freedom[i] == 0u) { return vec2f(0.0); }
    return vec2f(1.0 / mass[i], 3.0 / (inertia[6u * i] + inertia[6u * i + 1u] + inertia[6u * i + 2u]));
  }
  fn locked(l: vec3f, a: vec3f, violation: f32, D: f32) -> Row { return Row(l, a, violation / dt, D, -most, most); }  // (2)
  @compute @workgroup_size(64)
  fn jointRows(@builtin(global_invocation_id) id: vec3u) {
    let j = id.x;
    let a = bodies[2u * j];
    let b = bodies[2u * j + 1u];
    let Ra = rotation(normalize(q[a]));
    let Rb = rotation(normalize(q[b]));
    let c = x[b] + Rb * anchor[2u * j + 1u];
    let d = c - x[a] - Ra * anchor[2u * j];
    let fa = normalize(product(normalize(q[a]), frame[2u * j]));
    let fb = normalize(product(normalize(q[b]), frame[2u * j + 1u]));
    let E = rotation(fa);
    let z = rotation(fb)[2];
    let r = product(vec4f(fa.x, -fa.yzw), fb);
    let relative = select(r, -r, r.x < 0.0);
    let light = lightness(a) + lightness(b);
    let D = 1.0 / (softness * light.x);
    let DTurn = 1.0 / (softness * light.y);
    let none = vec3f(0.0);
    var made: array<Row, ${rowsPerJoint}>;
    let k = kind[j];
    var l = none;
    var t = none;
    var y = 0.0;
    if (k == ${number('rod')} || k == ${number('spring')}) {
      y = length(d);
      l = d / y;
      if (k == ${number('rod')}) { made[0] = locked(l, none, y - drive[5u * j + 2u], D); }
    } else {
      made[0] = locked(E[0], none, dot(E[0], d), D);
      made[1] = locked(E[1], none, dot(E[1], d), D);
      if (k != ${number('prismatic')}) { made[2] = locked(E[2], none, dot(E[2], d), D); }
      if (k == ${number('revolute')}) {
        made[3] = locked(none, E[0], -dot(E[1], z), DTurn);
        made[4] = locked(none, E[1], dot(E[0], z), DTurn);
        y = 2.0 * atan2(relative.w, relative.x);
        t = E[2];
      }
      if (k == ${number('fixed')} || k == ${number('prismatic')}) {
        made[3] = locked(none, E[0], 2.0 * relative.y, DTurn);
        made[4] = locked(none, E[1], 2.0 * relative.z, DTurn);
        if (k == ${number('fixed')}) { made[5] = locked(none, E[2], 2.0 * relative.w, DTurn); }
        else {
          made[2] = locked(none, E[2], 2.0 * relative.w, DTurn);
          y = dot(E[2], d);
          l = E[2];
        }
      }
    }
    let stiffness = drive[5u * j];
    let damping = drive[5u * j + 1u];
    let gain = dt * stiffness + damping;
    if (gain > 0.0 && k != ${number('rod')}) {
      let push = dt * drive[5u * j + 4u];
      made[5] = Row(l, t, (stiffness * (y - drive[5u * j + 2u]) - damping * drive[5u * j + 3u]) / gain, dt * gain, -push, push); // (3)
    }
    let along = select(DTurn, D, dot(l, l) > 0.5);
    if (range[j].x > -1e9) { made[6] = Row(l, t, (y - range[j].x) / dt, along, 0.0, most); }         // (4)
    if (range[j].y < 1e9) { made[7] = Row(-l, -t, (range[j].y - y) / dt, along, 0.0, most); }
    for (var i = 0u; i < ${rowsPerJoint}u; i++) {
      let row = made[i];
      let at = ${rowWidth}u * (${rowsPerJoint}u * j + i);
      for (var m = 0u; m < 3u; m++) {
        rows[at + m] = row.l[m];
        rows[at + 3u + m] = row.a[m];
      }
      rows[at + 6u] = row.offset;
      rows[at + 7u] = row.D;
      rows[at + 8u] = row.low;
      rows[at + 9u] = row.high;
    }
    middle[j] = c;
  }
`);

/** Of j joints; all differentiable. */
export interface JointParams {
  /** In the axes of the first and the second body, from their centres of mass, [j, 2, 3], m. */
  readonly anchor: Tensor;
  /** The joint's axes in those of the bodies, quaternions (w, x, y, z), [j, 2, 4]. */
  readonly frame: Tensor;
  /** Lowest and highest coordinate, [j, 2]; ±1e10 for none. */
  readonly range: Tensor;
  /** Stiffness, damping, target, speed and largest force or torque of the drive, [j, 5]. The target of a rod is its length. */
  readonly drive: Tensor;
}

export interface Jointed {
  readonly x: Tensor;
  readonly q: Tensor;
  readonly mass: Tensor;
  readonly inertia: Tensor;
  readonly freedom: Tensor;
  readonly bodies: Tensor;
  readonly kind: Tensor;
}

/** Rows, [j, 8, 10], and the points in which they act, [j, 3]. */
export function jointRows(
  { x, q, mass, inertia, freedom, bodies, kind }: Jointed,
  { anchor, frame, range, drive }: JointParams,
  { softness, dt }: { readonly softness: number; readonly dt: number },
): { readonly rows: Tensor; readonly middle: Tensor } {
  const [count] = kind.shape;
  return rowsKernel(
    { x, q, mass, inertia, freedom, bodies, kind, anchor, frame, range, drive, softness, dt },
    { count, out: { rows: [count, rowsPerJoint, rowWidth], middle: count } },
  );
}
