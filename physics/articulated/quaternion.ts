/** Rotations on the host, in double precision: quaternions (w, x, y, z), and symmetric matrices as xx, yy, zz, xy, xz, yz. */

export type Vec3 = readonly [number, number, number];
export type Quaternion = readonly [number, number, number, number];
export type Symmetric = readonly [number, number, number, number, number, number];

export const unturned: Quaternion = [1, 0, 0, 0];

export const dot3 = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const cross3 = ([a, b, c]: Vec3, [x, y, z]: Vec3): Vec3 => [b * z - c * y, c * x - a * z, a * y - b * x];

export const add3 = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

export const scale3 = (s: number, [x, y, z]: Vec3): Vec3 => [s * x, s * y, s * z];

export function normalized<V extends readonly number[]>(v: V): V {
  const length = Math.hypot(...v);
  return v.map(x => x / length) as unknown as V;
}

/** First b, then a. */
export function product([a, b, c, d]: Quaternion, [w, x, y, z]: Quaternion): Quaternion {
  return [
    a * w - b * x - c * y - d * z,
    a * x + b * w + c * z - d * y,
    a * y - b * z + c * w + d * x,
    a * z + b * y - c * x + d * w,
  ];
}

export const inverse = ([w, x, y, z]: Quaternion): Quaternion => [w, -x, -y, -z];

export const about = (axis: Vec3, angle: number): Quaternion => {
  const [x, y, z] = scale3(Math.sin(angle / 2), normalized(axis));
  return [Math.cos(angle / 2), x, y, z];
};

/** Turns z into a direction, by the shortest way. */
export function fromZ(direction: Vec3): Quaternion {
  const z = normalized(direction);
  const axis = cross3([0, 0, 1], z);
  const sine = Math.hypot(...axis);
  if (sine < 1e-10) return z[2] > 0 ? unturned : [0, 1, 0, 0];
  return about(axis, Math.atan2(sine, z[2]));
}

/** Rows of the rotation matrix of a unit quaternion. */
function rotation([w, x, y, z]: Quaternion): readonly [Vec3, Vec3, Vec3] {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

export function rotate(q: Quaternion, v: Vec3): Vec3 {
  const [a, b, c] = rotation(q);
  return [dot3(a, v), dot3(b, v), dot3(c, v)];
}

/** The unit quaternion of a rotation matrix by rows. */
export function fromRotation([[a, b, c], [d, e, f], [g, h, i]]: readonly [Vec3, Vec3, Vec3]): Quaternion {
  // The largest of the four squares decides which component the others are divided by.
  const squares = [1 + a + e + i, 1 + a - e - i, 1 - a + e - i, 1 - a - e + i];
  const largest = squares.indexOf(Math.max(...squares));
  const candidates: readonly Quaternion[] = [
    [squares[0], h - f, c - g, d - b],
    [h - f, squares[1], b + d, c + g],
    [c - g, b + d, squares[2], f + h],
    [d - b, c + g, f + h, squares[3]],
  ];
  return normalized(candidates[largest]);
}

/** R A Rᵀ. */
export function turnSymmetric(q: Quaternion, [xx, yy, zz, xy, xz, yz]: Symmetric): Symmetric {
  const R = rotation(q);
  const A: readonly Vec3[] = [
    [xx, xy, xz],
    [xy, yy, yz],
    [xz, yz, zz],
  ];
  const at = (i: number, j: number): number => dot3(R[i], [dot3(A[0], R[j]), dot3(A[1], R[j]), dot3(A[2], R[j])]);
  return [at(0, 0), at(1, 1), at(2, 2), at(0, 1), at(0, 2), at(1, 2)];
}

/** Inertia about a point of a mass whose centre is at c from there, less the inertia about the centre: m (|c|² − c cᵀ). */
export function steiner(mass: number, [x, y, z]: Vec3): Symmetric {
  const [xx, yy, zz] = [x * x, y * y, z * z];
  return [mass * (yy + zz), mass * (xx + zz), mass * (xx + yy), -mass * x * y, -mass * x * z, -mass * y * z];
}
