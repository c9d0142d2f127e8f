/**
 * Where tendons wrap around spheres and cylinders: between two sites the shortest way that does not go through.
 *
 * In the plane of sites p, q and a sphere's centre, or across a cylinder's axis, tangents from p touch a circle of radius r at
 *
 *   w = (r² p ± r √(p² − r²) (p_y, −p_x)) / p²,        likewise from q with the other sign                        (1)
 *
 * Of both ways round the one counts that is shorter, or nearer to a side site; no way that crosses itself does. If p or q is inside, or the straight way
 * passes outside (and, where there is a side site, on its side), the tendon runs straight, and touches nothing. Along a cylinder it climbs evenly. Since ways
 * are shortest, lengths change as if the points of touch were fixed to what they touch.
 *
 * A side site within a sphere or cylinder makes the tendon touch it from within, where the way from p to q by a point of the circle is shortest: its parts meet the radius at the
 * same angle t, |p| = r / A, |q| = r / B, G the angle between them,
 *
 *   asin(A sin t) + asin(B sin t) − 2 t + G = 0,   from the direction of p by t − asin(A sin t)                    (2)
 *
 * by Newton's method from t = π/2, which goes one way since the left side is concave. Where the straight way meets the circle, it is taken.
 *
 * Which way it runs is decided by the numbers; where that changes, lengths may jump. MuJoCo documentation, "XML reference: tendon/spatial/geom".
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor } from '../../../kernel/index.ts';
import { quaternions } from '../layout.ts';
import type { Model } from '../model.ts';
import type { TendonWrap } from '../parts.ts';
import { add3, cross3, dot3, inverse, normalized, type Quaternion, rotate, scale3, type Vec3 } from '../quaternion.ts';

/** Numbers of what is wrapped around: place and quaternion in the link's frame, radius, side site in the link's frame. */
export const wrapWidth = 11;

export interface WrapPlace {
  readonly position: Vec3;
  readonly orientation: Quaternion;
  readonly radius: number;
  /** In the link's frame; undefined: none. */
  readonly side: Vec3 | undefined;
}

export const wrapValues = ({ position, orientation, radius, side = [0, 0, 0] }: WrapPlace): readonly number[] => [
  ...position,
  ...orientation,
  radius,
  ...side,
];

type Vec2 = readonly [number, number];
const dot = ([a, b]: Vec2, [x, y]: Vec2): number => a * x + b * y;
const cross = ([a, b]: Vec2, [x, y]: Vec2): number => a * y - b * x;
const minus = ([a, b]: Vec2, [x, y]: Vec2): Vec2 => [a - x, b - y];
const plus = ([a, b]: Vec2, [x, y]: Vec2): Vec2 => [a + x, b + y];
const times = (s: number, [x, y]: Vec2): Vec2 => [s * x, s * y];
const unit = (v: Vec2): Vec2 => times(1 / Math.max(Math.sqrt(dot(v, v)), 1e-15), v);

/** What the kernel below computes, once: the length between points of the wrap's frame. */
export function wrappedLength(
  round: boolean,
  { position, orientation, radius, side }: WrapPlace,
  p: Vec3,
  q: Vec3,
): number {
  const straight = Math.hypot(...add3(q, scale3(-1, p)));
  const flat = (v: Vec3): number => Math.hypot(v[0], v[1], round ? v[2] : 0);
  if (!(flat(p) >= radius && flat(q) >= radius)) return straight;
  let [X, Y]: [Vec3, Vec3] = [
    [1, 0, 0],
    [0, 1, 0],
  ];
  if (round) {
    X = normalized(p);
    const n = cross3(p, q);
    Y = cross3(normalized(dot3(n, n) > 1e-30 ? n : aside(X)), X);
  }
  const within = (v: Vec3): Vec2 => [dot3(v, X), dot3(v, Y)];
  const beside = side && rotate(inverse(orientation), add3(side, scale3(-1, position)));
  const touch =
    beside && dot3(beside, beside) < radius * radius
      ? fromWithin(within(p), within(q), radius)
      : tangents(within(p), within(q), radius, beside && unit(within(beside)));
  if (!touch) return straight;
  const [a, b] = [minus(touch.from, within(p)), minus(within(q), touch.to)].map(v => Math.sqrt(dot(v, v)));
  return Math.hypot(a + touch.arc + b, round ? 0 : q[2] - p[2]);
}

const aside = (X: Vec3): Vec3 => {
  const [x, y, z] = X.map(Math.abs);
  return cross3(X, y > x && y > z ? [1, 0, 1] : z > x && z > y ? [1, 1, 0] : [0, 1, 1]);
};

/** The point of the straight way that is nearest to the centre. */
function nearest(p: Vec2, q: Vec2): Vec2 {
  const along = minus(q, p);
  return plus(p, times(Math.min(Math.max(-dot(along, p) / Math.max(dot(along, along), 1e-15), 0), 1), along));
}

interface Touch {
  readonly from: Vec2;
  readonly to: Vec2;
  readonly arc: number;
}

/** undefined: it runs straight. */
function fromWithin(p: Vec2, q: Vec2, r: number): Touch | undefined {
  const near = nearest(p, q);
  if (dot(near, near) <= r * r) return undefined;
  const [A, B] = [p, q].map(v => r / Math.sqrt(dot(v, v)));
  const G = Math.abs(Math.atan2(cross(p, q), dot(p, q)));
  let t = Math.PI / 2;
  for (let k = 0; k < newtonSteps; k++) {
    const [s, c] = [Math.sin(t), Math.cos(t)];
    const slope = [A, B].reduce((sum, x) => sum + (x * c) / Math.sqrt(1 - x * x * s * s), -2);
    t -= (Math.asin(A * s) + Math.asin(B * s) - 2 * t + G) / slope; // (2)
  }
  const turn = (t - Math.asin(A * Math.sin(t))) * (cross(p, q) > 0 ? 1 : -1);
  const [x, y] = times(A, p);
  const [s, c] = [Math.sin(turn), Math.cos(turn)];
  const at: Vec2 = [c * x - s * y, s * x + c * y];
  return { from: at, to: at, arc: 0 };
}

/** Enough for A and B up to 1 − 1e-6. */
const newtonSteps = 12;

/** undefined: it runs straight. */
function tangents(p: Vec2, q: Vec2, r: number, side: Vec2 | undefined): Touch | undefined {
  const along = minus(q, p);
  if (!(r > 1e-15 && dot(along, along) > 1e-15)) return undefined;
  const near = nearest(p, q);
  if (dot(near, near) > r * r && !(side && dot(side, near) < 0)) return undefined;
  const touching = (v: Vec2, sign: number): Vec2 => {
    const root = sign * r * Math.sqrt(Math.max(dot(v, v) - r * r, 0));
    return times(1 / dot(v, v), plus(times(r * r, v), times(root, [v[1], -v[0]]))); // (1)
  };
  const [first, second] = [1, -1].map(sign => {
    const [from, to] = [touching(p, sign), touching(q, -sign)];
    const gap = minus(from, to);
    const good = side ? dot(unit(plus(from, to)), side) : -dot(gap, gap);
    const angle = Math.atan2(-sign * cross(from, to), dot(from, to));
    return { from, to, arc: r * (angle < 0 ? angle + 2 * Math.PI : angle), good: meet(p, from, q, to) ? -1e4 : good };
  });
  const best = first.good > second.good ? first : second;
  return best.good > -1e4 ? best : undefined;
}

/** Whether segments a–b and c–d meet. */
function meet(a: Vec2, b: Vec2, c: Vec2, d: Vec2): boolean {
  const [u, v, w] = [minus(b, a), minus(d, c), minus(a, c)];
  const det = cross(u, v);
  if (Math.abs(det) < 1e-15) return false;
  const [s, t] = [cross(v, w) / det, cross(u, w) / det];
  return s >= 0 && s <= 1 && t >= 0 && t <= 1;
}

/** What tendons wrap around, one after the other. */
export const wrapsOf = ({ tendons }: Pick<Model, 'tendons'>): readonly TendonWrap[] =>
  tendons.flatMap(({ wraps }) => wraps);

const tableOf = onDeviceOf((model: Model, device) => {
  let sites = 0;
  const before: number[] = [];
  for (const { path } of model.tendons)
    path.forEach(({ site }, k) => {
      if (site) sites++;
      else if (path[k - 1].site) before.push(sites - 1);
    });
  const rows = wrapsOf(model).flatMap(({ round, sided }, k) => [before[k], round ? 1 : 0, sided ? 1 : 0]);
  return tensor(Uint32Array.from(rows), undefined, { device });
});

const kernels = kernelsByKey();
const text = (own: boolean): string => /* wgsl */ `
  override wraps: u32 = 1;
  override points: u32 = 1;
  ${quaternions}
  var<storage, read> position: array<vec3f>; // of sites, then of what is wrapped around
  var<storage, read> orientation: array<f32>;
  var<storage, read> given: array<f32>;
  var<storage, read> table: array<u32>; // the site before, whether it is a sphere, whether there is a side site
  var<storage, read_write> touch: array<vec3f>; // in the link's frame
  var<storage, read_write> arc: array<f32>;

  fn cross2(a: vec2f, b: vec2f) -> f32 { return a.x * b.y - a.y * b.x; }
  fn touching(v: vec2f, r: f32, sign: f32) -> vec2f {
    let root = sign * r * sqrt(max(dot(v, v) - r * r, 0.0));
    return (r * r * v + root * vec2f(v.y, -v.x)) / dot(v, v);                                                    // (1)
  }
  fn closer(A: f32, B: f32, G: f32, t: f32) -> f32 { // a step of Newton's method for (2)
    let s = sin(t);
    let slope = cos(t) * (A / sqrt(max(1.0 - A * A * s * s, 1e-12)) + B / sqrt(max(1.0 - B * B * s * s, 1e-12))) - 2.0;
    return t - (asin(A * s) + asin(B * s) - 2.0 * t + G) / slope;
  }
  fn fromWithin(p: vec2f, q: vec2f, r: f32) -> vec2f {
    let A = r / sqrt(dot(p, p));
    let B = r / sqrt(dot(q, q));
    let G = atan2(cross2(p, q), dot(p, q));
    let way = select(-1.0, 1.0, G > 0.0);
    var t = 1.5707963267948966;
    for (var k = 0u; k < ${newtonSteps}u; k++) { t = detach(closer(A, B, way * G, t)); }
    t = closer(A, B, way * G, closer(A, B, way * G, t)); // twice, for derivatives of first and second order
    let turn = way * (t - asin(A * sin(t)));
    return A * (cos(turn) * p + sin(turn) * vec2f(-p.y, p.x));
  }
  fn meet(a: vec2f, b: vec2f, c: vec2f, d: vec2f) -> bool {
    let u = b - a;
    let v = d - c;
    let w = a - c;
    let det = cross2(u, v);
    if (abs(det) < 1e-15) { return false; }
    let s = cross2(v, w) / det;
    let t = cross2(u, w) / det;
    return s >= 0.0 && s <= 1.0 && t >= 0.0 && t <= 1.0;
  }

  @compute @workgroup_size(64)
  fn wrapping(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x / wraps;
    let k = id.x - e * wraps;
    let c = e * points + points - wraps + k;
    let o = 9u * c;
    let g = ${wrapWidth}u * ${own ? 'id.x' : 'k'};
    let Q = rotation(normalize(vec4f(given[g + 3u], given[g + 4u], given[g + 5u], given[g + 6u])));
    let R = mat3x3f(${[0, 1, 2].map(c => `vec3f(${[0, 1, 2].map(r => `orientation[o + ${3 * c + r}u]`).join(', ')})`).join(', ')}) * Q;
    let before = e * points + table[3u * k];
    let p = transpose(R) * (position[before] - position[c]);
    let q = transpose(R) * (position[before + 1u] - position[c]);
    let isRound = table[3u * k + 1u] == 1u;
    let isSided = table[3u * k + 2u] == 1u;
    let place = vec3f(given[g], given[g + 1u], given[g + 2u]);
    let r = given[g + 7u];
    var from = 0.5 * (p + q);
    var to = from;
    var length = 0.0;
    let up = select(0.0, 1.0, isRound);
    if (dot(p.xy, p.xy) + up * p.z * p.z >= r * r && dot(q.xy, q.xy) + up * q.z * q.z >= r * r && r > 1e-15) {
      var X = vec3f(1.0, 0.0, 0.0);
      var Y = vec3f(0.0, 1.0, 0.0);
      if (isRound) {
        X = normalize(p);
        var n = cross(p, q);
        if (dot(n, n) <= 1e-30) {
          let s = abs(X);
          n = cross(X, select(select(vec3f(0.0, 1.0, 1.0), vec3f(1.0, 1.0, 0.0), s.z > s.x && s.z > s.y), vec3f(1.0, 0.0, 1.0), s.y > s.x && s.y > s.z));
        }
        Y = cross(normalize(n), X);
      }
      let a = vec2f(dot(p, X), dot(p, Y));
      let b = vec2f(dot(q, X), dot(q, Y));
      let side = transpose(Q) * (vec3f(given[g + 8u], given[g + 9u], given[g + 10u]) - place);
      let beside = vec2f(dot(side, X), dot(side, Y));
      let along = b - a;
      let dd = dot(along, along);
      let near = a + clamp(-dot(along, a) / max(dd, 1e-15), 0.0, 1.0) * along;
      let isWithin = isSided && dot(side, side) < r * r;
      var bends = false;
      var u = vec2f(0.0);
      var v = vec2f(0.0);
      var bow = 0.0;
      if (isWithin) {
        bends = dot(near, near) > r * r;
        if (bends) {
          u = fromWithin(a, b, r);
          v = u;
        }
      } else if (dd > 1e-15 && (dot(near, near) <= r * r || (isSided && dot(beside, near) < 0.0))) {
        var best = -1e4;
        var sign = 0.0;
        for (var way = 0u; way < 2u; way++) {
          let turn = 1.0 - 2.0 * f32(way);
          let c = touching(a, r, turn);
          let d = touching(b, r, -turn);
          var good = -dot(c - d, c - d);
          if (isSided) { good = dot(c + d, beside) / sqrt(max(dot(c + d, c + d), 1e-30)); }
          if (meet(a, c, b, d)) { good = -1e4; }
          if (good > best || (way == 1u && good == best && good > -1e4)) {
            best = good;
            sign = turn;
          }
        }
        bends = sign != 0.0;
        if (bends) {
          u = touching(a, r, sign);
          v = touching(b, r, -sign);
          var angle = atan2(-sign * cross2(u, v), dot(u, v));
          if (angle < 0.0) { angle += 6.283185307179586; }
          bow = r * angle;
        }
      }
      if (bends) {
        from = u.x * X + u.y * Y;
        to = v.x * X + v.y * Y;
        length = bow;
        if (!isRound) {
          let first = sqrt(dot(u - a, u - a));
          let whole = first + bow + sqrt(dot(b - v, b - v));
          let climb = q.z - p.z;
          from.z = p.z + climb * first / whole;
          to.z = p.z + climb * (first + bow) / whole;
          length = bow * sqrt(1.0 + climb * climb / (whole * whole));
        }
      }
    }
    touch[2u * id.x] = place + Q * from;
    touch[2u * id.x + 1u] = place + Q * to;
    arc[id.x] = length;
  }
`;

/**
 * Where tendons touch, in frames of links, [envs, 2 wraps, 3], and the lengths in between, [envs, wraps].
 *
 * @param position Of all sites of paths, then of what is wrapped around, [envs, points, 3]. @param wraps [wraps, 11] or [envs, wraps, 11].
 */
export function wrapped(
  model: Model,
  { position, orientation }: { readonly position: Tensor; readonly orientation: Tensor },
  wraps: Tensor,
): { readonly touch: Tensor; readonly arc: Tensor } {
  const [envs, points] = position.shape;
  const n = wraps.shape[wraps.shape.length - 2];
  const own = wraps.shape.length === 3;
  const made = kernels(`${own}`, () => text(own))(
    { position, orientation, given: wraps, table: tableOf(model, position.device) },
    { count: envs * n, overrides: { wraps: n, points }, out: { touch: [envs, 2 * n], arc: [envs, n] } },
  );
  return { touch: made.touch as Tensor, arc: made.arc as Tensor };
}
