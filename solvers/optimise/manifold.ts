/**
 * Rotations and poses as parameters: steps go along the surface that they form, and slopes are taken along it.
 *
 *   so3:  q ← q exp(ω),  exp(ω) = (sin(θ/2) ω / θ, cos(θ/2)),  θ = |ω|                                          (1)
 *         slope along ω:  ½ (q_w g⃗ + g⃗ × q⃗ − g_w q⃗)                                    (2)
 *   se3:  p ← p + R(q) V(ω) v,  q ← q exp(ω),  V = I + (1 − cos θ)/θ² [ω] + (θ − sin θ)/θ³ [ω]²                    (3)
 *         slope along v:  R(q)ᵀ g_p
 *
 * ω and v are in the axes of the body that turns, so a method's running means and curvature go with it. In contrast to the constraint
 * `rotation()` of rotations.ts, all numbers have length one, none is idle, and a step of size α turns by α.
 *
 * Absil, Mahony & Sepulchre: Optimization Algorithms on Matrix Manifolds, 2008, §4.1 (retractions). Solà, Deray & Atchuthan: A micro Lie theory
 * for state estimation in robotics, arXiv:1812.01537, §VI, for (1) and (3).
 */

import { flatten } from '../../adjoint/index.ts';
import { inWords } from '../../kernel/index.ts';
import type { Evaluate, Evaluation, Method } from './minimize.ts';

export interface Manifold {
  readonly name: string;
  /** Numbers of a point, and of a step. */
  readonly numbers: number;
  readonly directions: number;
  /** The point after a step. */
  step(x: Float64Array, by: Float64Array): Float64Array;
  /** The gradient by the numbers as slopes along steps from x. */
  slopes(x: Float64Array, grad: Float64Array): Float64Array;
  /** What is wrong with a point, in words. */
  refuse(x: Float64Array): string | undefined;
}

type Vector = readonly [number, number, number];

const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const plus = (a: Vector, s: number, b: Vector): Vector => [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]];
const vector = (x: Float64Array, at = 0): Vector => [x[at], x[at + 1], x[at + 2]];

/** q exp(ω), of length one (1). */
function turned(q: Float64Array, omega: Vector): Float64Array {
  const angle = Math.hypot(...omega);
  const ratio = angle < 1e-4 ? 0.5 - angle ** 2 / 48 : Math.sin(angle / 2) / angle;
  const e = plus([0, 0, 0], ratio, omega);
  const c = Math.cos(angle / 2);
  const v = vector(q);
  const axis = plus(plus(cross(v, e), c, v), q[3], e);
  const next = [...axis, q[3] * c - v[0] * e[0] - v[1] * e[1] - v[2] * e[2]];
  const length = Math.hypot(...next);
  return Float64Array.from(next, n => n / length);
}

/** R(q) v, or with `back` R(q)ᵀ v. */
function rotated(q: Float64Array, v: Vector, back = false): Vector {
  const axis = plus([0, 0, 0], back ? -1 : 1, vector(q));
  const once = plus(cross(axis, v), q[3], v);
  return plus(v, 2, cross(axis, once));
}

/** Slopes along ω (2). */
function turning(q: Float64Array, g: Float64Array): Vector {
  const v = vector(q);
  const along = plus(cross(vector(g), v), q[3], vector(g));
  return plus([0, 0, 0], 0.5, plus(along, -g[3], v)); // (2)
}

const lengthOf = (q: Float64Array): string | undefined =>
  Math.abs(Math.hypot(...q) - 1) < 1e-3
    ? undefined
    : `the quaternion [${Array.from(q).join(', ')}]; it must be of length 1`;

/** Rotations as quaternions XYZW, [4] or [n, 4]; q and −q are the same one. */
export function so3(): Manifold {
  return {
    name: 'so3',
    numbers: 4,
    directions: 3,
    step: (x, by) => turned(x, vector(by)), // (1)
    slopes: (x, grad) => Float64Array.from(turning(x, grad)),
    refuse: lengthOf,
  };
}

/** V(ω) v (3). */
function swept(omega: Vector, v: Vector): Vector {
  const angle = Math.hypot(...omega);
  const small = angle < 1e-3;
  const a = small ? 0.5 - angle ** 2 / 24 : (1 - Math.cos(angle)) / angle ** 2;
  const b = small ? 1 / 6 - angle ** 2 / 120 : (angle - Math.sin(angle)) / angle ** 3;
  const once = cross(omega, v);
  return plus(plus(v, a, once), b, cross(omega, once));
}

/** Poses, [7] or [n, 7]: a position, then a quaternion XYZW. Its steps are v, then ω. */
export function se3(): Manifold {
  return {
    name: 'se3',
    numbers: 7,
    directions: 6,
    step(x, by) {
      const q = x.subarray(3);
      const omega = vector(by, 3);
      const position = plus(vector(x), 1, rotated(q, swept(omega, vector(by)))); // (3)
      return Float64Array.from([...position, ...turned(q, omega)]);
    },
    slopes(x, grad) {
      const q = x.subarray(3);
      return Float64Array.from([...rotated(q, vector(grad), true), ...turning(q, grad.subarray(3))]);
    },
    refuse: x => lengthOf(x.subarray(3)),
  };
}

/** Numbers that go where they like. */
const plain: Manifold = {
  name: 'plain',
  numbers: 1,
  directions: 1,
  step: (x, by) => x.map((v, k) => v + by[k]),
  slopes: (_, grad) => grad,
  refuse: () => undefined,
};

interface Part {
  readonly kind: Manifold;
  readonly at: number;
  readonly direction: number;
}

/**
 * A method whose steps keep parameters where they belong.
 *
 * @param params What `minimize` will start from.
 * @param kinds Of leaves, by their names: { orientation: so3() }; or one, for a tree that is one tensor. The others are plain.
 * @throws RangeError if a parameter has another shape, or does not start on its manifold (when the descent starts); TypeError for a name that is
 * none.
 * @example
 *   const { best } = await minimize(loss, pose, onManifold(adam(), pose, { orientation: so3() }));
 */
export function onManifold<P, S>(
  method: Method<S>,
  params: P,
  kinds: Manifold | Readonly<Record<string, Manifold>>,
): Method<S> {
  const { leaves, names } = flatten(params, 'onManifold', 'the parameters');
  const named = (isManifold(kinds) ? { '': kinds } : kinds) as Readonly<Record<string, Manifold>>;
  const unknown = Object.keys(named).find(name => !names.includes(name));
  if (unknown !== undefined)
    throw new TypeError(
      `onManifold: there is no parameter '${unknown}'; there are ${names.map(name => `'${name}'`).join(', ')}.`,
    );
  const parts: Part[] = [];
  let [numbers, directions] = [0, 0];
  leaves.forEach(({ shape, size }, k) => {
    const kind = named[names[k]] ?? plain;
    if (!isManifold(kind))
      throw new TypeError(`onManifold: the manifold of '${names[k]}' is ${inWords(kind)}; give so3() or se3().`);
    if (kind !== plain && shape.at(-1) !== kind.numbers)
      throw new RangeError(
        `onManifold: '${names[k]}' has shape [${shape.join(', ')}]; ${kind.name} takes [${kind.numbers}] or [n, ${kind.numbers}].`,
      );
    for (let i = 0; i < size; i += kind.numbers) {
      parts.push({ kind, at: numbers, direction: directions });
      numbers += kind.numbers;
      directions += kind.directions;
    }
  });
  const total = directions;
  const stepped = (x: Float64Array, by: Float64Array): Float64Array => {
    const next = x.slice();
    for (const { kind, at, direction } of parts)
      next.set(kind.step(x.subarray(at, at + kind.numbers), by.subarray(direction, direction + kind.directions)), at);
    return next;
  };
  /** The point as its own origin. */
  const from = ({ x, value, grad }: Evaluation, by: Float64Array = new Float64Array(total)): Evaluation => {
    const slopes = new Float64Array(total);
    for (const { kind, at, direction } of parts) {
      const end = at + kind.numbers;
      slopes.set(kind.slopes(x.subarray(at, end), grad.subarray(at, end)), direction);
    }
    return { x: by, value, grad: slopes };
  };
  return {
    name: `${method.name} on manifolds`,
    start(at) {
      for (const { kind, at: place } of parts) {
        const wrong = kind.refuse(at.x.subarray(place, place + kind.numbers));
        if (wrong) throw new RangeError(`onManifold: a parameter of ${kind.name} has ${wrong}.`);
      }
      return method.start(from(at));
    },
    slope(at) {
      const here = from(at);
      return method.slope?.(here) ?? Math.hypot(...here.grad);
    },
    async step(memory, at, evaluate) {
      const reached = new Map<Evaluation, Evaluation>();
      const along: Evaluate = async by => {
        const there = await evaluate(stepped(at.x, by));
        const seen = from(there, by);
        reached.set(seen, there);
        return seen;
      };
      const next = await method.step(memory, from(at), along);
      return next && { at: reached.get(next.at) ?? at, memory: next.memory };
    },
  };
}

const isManifold = (kind: unknown): kind is Manifold =>
  typeof kind === 'object' && kind !== null && typeof (kind as Manifold).slopes === 'function';
