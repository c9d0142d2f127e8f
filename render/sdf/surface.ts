/**
 * Pictures of distance fields: what rays meet, differentiable by the equations that meetings satisfy.
 *
 *   hit:    f(o + t d) = 0      t ← t − f / f′                                                         (1) Newton, f′ = ∇f·d
 *   touch:  r′(t) = 0           t ← t − r′ / r″                                                        (2) r of trace.wgsl.ts
 *   coverage of a touch = share of the square s ∈ [−½, ½]² in which r + h·s < 0                            (3)
 *                       = ½ − r / a   where |r| ≤ ½ (a − b),   a ≥ b: |h_x| and |h_y|
 *                       = c² / 2ab    where r is larger,       c = max(½ (a + b) − |r|, 0);   1 less that where it is smaller
 *   h = (n·right, n·down),  n: unit, where f grows fastest across the ray, by differences in the middle of the pixel     (4) rays' sides
 *
 * t is chosen without derivatives. Two steps of (1) or (2) from there leave it as it is and have its first and second derivatives. f′ counts as
 * −1/100 where it is flatter, and (2) is left out where it would lead away: a grid's r is least at corners. (3) is what a box filter shows of a straight
 * edge, so pictures and gradients of silhouettes are those of their areas, without integrals over edges. Rays without
 * sides have round pixels, h = (2, 0), and so have places where f has no slope across. A touch is seen at the point of the surface nearest to it.
 */

import { jvp, vjp } from '../../adjoint/index.ts';
import {
  checkOptions,
  checkRecord,
  inWords,
  lazyKernel,
  sizeOf,
  stack,
  type Tensor,
  tensor,
  zeros,
} from '../../kernel/index.ts';
import type { Rays } from '../camera/rays.ts';
import type { Field } from './field.ts';
import { facingText, hit, touch } from './trace.wgsl.ts';

export interface TraceOptions {
  /** Rays begin here, m from their origin. Default 0. */
  readonly near?: number;
  /** And end here, m. Default 100. */
  readonly far?: number;
  /** Surfaces behind each other that a pixel may show: those before the last cover it in part. Default 2. */
  readonly layers?: number;
  /** Of a ray, at most. Default 256. */
  readonly steps?: number;
}

/** What the pixels show of one layer. Where there is nothing, coverage is 0 and the rest has no meaning, but is finite. */
export interface SeenSurface {
  /** Share of the pixel, [..., 1]. */
  readonly coverage: Tensor;
  /** Along the ray, [..., 1], m. */
  readonly distance: Tensor;
  /** [..., 3], m. */
  readonly point: Tensor;
  /** Outwards, [..., 3], unit. */
  readonly normal: Tensor;
}

const valueAt = ({ family, args }: Field, points: Tensor): Tensor =>
  family.value({ ...args, fieldPoints: points }, { count: points.shape[0] }).value as Tensor;

const ones = (x: Tensor): Tensor => zeros(x.shape, { device: x.device }).add(1);

/** f and its slope along a ray, at t. */
function along(field: Field, origin: Tensor, direction: Tensor, t: Tensor): { value: Tensor; tangent: Tensor } {
  const n = t.size;
  return jvp((t: Tensor) => valueAt(field, origin.add(direction.mul(t.reshape([n, 1])))))(t, ones(t));
}

const approach = lazyKernel(/* wgsl */ `
  var<storage, read> kind: array<f32>;
  var<storage, read> t: array<f32>;
  var<storage, read> value: array<f32>;
  var<storage, read> slope: array<f32>;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn approachHit(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var to = t[i];
    if (kind[i] == ${hit}.0) { to -= value[i] / min(slope[i], -0.01); } // (1)
    next[i] = to;
  }
`);

const settle = lazyKernel(/* wgsl */ `
  var<storage, read> kind: array<f32>;
  var<storage, read> t: array<f32>;
  var<storage, read> first: array<f32>;
  var<storage, read> second: array<f32>;
  var<storage, read> rho: array<f32>;
  var<uniform> tolerance: f32;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn settleTouch(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var to = t[i];
    if (kind[i] == ${touch}.0 && abs(first[i]) < tolerance * rho[i] * second[i]) { to -= first[i] / second[i]; } // (2)
    next[i] = to;
  }
`);

const facing = lazyKernel(/* wgsl */ `
  ${facingText}
  var<storage, read> slope: array<vec2f>; // of f / ρ, right and down
  var<storage, read> right: array<vec3f>;
  var<storage, read> down: array<vec3f>;
  var<storage, read_write> h: array<vec2f>;
  @compute @workgroup_size(64)
  fn facePixel(@builtin(global_invocation_id) id: vec3u) {
    h[id.x] = facing(slope[id.x], right[id.x], down[id.x]);
  }
`);

const cover = lazyKernel(/* wgsl */ `
  var<storage, read> kind: array<f32>;
  var<storage, read> r: array<f32>;
  var<storage, read> value: array<f32>;
  var<storage, read> h: array<vec2f>;
  var<storage, read_write> coverage: array<f32>;
  var<storage, read_write> off: array<f32>; // from the point that was met to the surface
  fn covered(measured: f32, h: vec2f) -> f32 { // (3)
    let r = measured + 1e-5; // so that an edge right between two pixels moves one of them
    let wide = abs(h.x) >= abs(h.y);
    let a = abs(select(h.y, h.x, wide));
    let b = abs(select(h.x, h.y, wide));
    if (abs(r) <= 0.5 * (a - b)) { return 0.5 - r / a; }
    let c = max(0.5 * (a + b) - abs(r), 0.0);
    let corner = c * c / max(2.0 * a * b, 1e-30);
    return select(1.0 - corner, corner, r > 0.0);
  }
  @compute @workgroup_size(64)
  fn coverPixel(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var share = 0.0;
    var beside = 0.0;
    if (kind[i] == ${hit}.0) { share = 1.0; }
    if (kind[i] == ${touch}.0) {
      share = covered(r[i], h[i]);
      beside = value[i];
    }
    coverage[i] = share;
    off[i] = beside;
  }
`);

function check(options: TraceOptions): Required<TraceOptions> {
  checkOptions('traceField', options, ['near', 'far', 'layers', 'steps']);
  const { near = 0, far = 100, layers = 2, steps = 256 } = options;
  if (!(near >= 0 && far > near))
    throw new RangeError(`traceField: near is ${near} and far ${far}; give 0 ≤ near < far, in m.`);
  if (!(Number.isInteger(layers) && layers >= 1 && layers <= 16))
    throw new RangeError(`traceField: layers is ${inWords(layers)}; give a whole number from 1 to 16.`);
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new RangeError(`traceField: steps is ${inWords(steps)}; give a whole number from 1.`);
  return { near, far, layers, steps };
}

/**
 * What rays see of a solid, front to back.
 *
 * @param rays Those of a camera, or others; wider footprints blur silhouettes, and let their gradients reach further.
 * @returns As many layers as asked for.
 * @throws RangeError if an option is out of range.
 */
export function traceField(field: Field, rays: Rays, options: TraceOptions = {}): readonly SeenSurface[] {
  checkRecord('traceField', 'the field', field, ['family', 'args']);
  checkRecord('traceField', 'the bundle of rays', rays, ['origin', 'direction', 'footprint', 'radius']);
  const { near, far, layers, steps } = check(options);
  const front = rays.origin.shape.slice(0, -1);
  const count = sizeOf(front);
  const [origin, direction] = [rays.origin.reshape([count, 3]), rays.direction.reshape([count, 3])];
  const [footprint, radius] = [rays.footprint.reshape([count]), rays.radius.reshape([count])];
  const sides = rays.sides?.map(side => side.reshape([count, 3]));
  const { meeting } = field.family.trace(layers)(
    {
      ...Object.fromEntries(Object.entries(field.args).map(([name, arg]) => [name, arg.detach()])),
      rayOrigin: origin.detach(),
      rayDirection: direction.detach(),
      rayFootprint: footprint.detach(),
      rayRadius: radius.detach(),
      rayRight: (sides?.[0] ?? zeros([count, 3], { device: origin.device })).detach(),
      rayDown: (sides?.[1] ?? zeros([count, 3], { device: origin.device })).detach(),
      rayNear: near,
      rayFar: far,
      raySteps: steps,
    },
    { count, out: { meeting: count * layers } },
  ) as { readonly meeting: Tensor };
  const all = meeting.reshape([count, layers, 2]);
  return Array.from({ length: layers }, (_, layer) => {
    const at = (word: number): Tensor => all.slice([0, layer, word], [count, layer + 1, word + 1]).reshape([count]);
    return surfaceAt(field, { origin, direction, footprint, radius }, sides, at(0), at(1), front);
  });
}

/** A surface with its derivatives, from a chosen t and kind. */
function surfaceAt(
  field: Field,
  { origin, direction, footprint, radius }: Rays,
  sides: readonly Tensor[] | undefined,
  chosen: Tensor,
  kind: Tensor,
  front: readonly number[],
): SeenSurface {
  const count = chosen.size;
  const column = (x: Tensor): Tensor => x.reshape([count, 1]);
  const halfPixel = (t: Tensor): Tensor => footprint.mul(t).add(radius).max(1e-9);
  const r = (t: Tensor): Tensor => valueAt(field, origin.add(direction.mul(column(t)))).div(halfPixel(t));
  const slope = (t: Tensor): Tensor => jvp(r)(t, ones(t)).tangent;
  const tolerance = chosen.device.precision === 'f64' ? 1e-4 : 0.05; // how well a minimum can be found, in half pixels
  let t = chosen;
  for (let k = 0; k < 2; k++) {
    const { value, tangent } = along(field, origin, direction, t);
    t = approach({ kind, t, value, slope: tangent }, { count }).next;
  }
  for (let k = 0; k < 2; k++) {
    const { value: first, tangent: second } = jvp(slope)(t, ones(t));
    t = settle({ kind, t, first, second, rho: halfPixel(t), tolerance }, { count }).next;
  }
  const met = origin.add(direction.mul(column(t)));
  const { value, pullback } = vjp((p: Tensor) => valueAt(field, p))(met);
  const normal = unit(pullback(ones(value)));
  const rho = halfPixel(t);
  const across = (side: Tensor): Tensor => {
    const way = side.mul(column(rho.mul(0.5)));
    return valueAt(field, met.add(way))
      .sub(valueAt(field, met.sub(way)))
      .div(rho);
  };
  const h = sides
    ? facing({ slope: stack(sides.map(across), 1), right: sides[0], down: sides[1] }, { count }).h
    : tensor([2, 0], [1, 2], { device: chosen.device }).broadcastTo([count, 2]);
  const { coverage, off } = cover({ kind, r: value.div(rho), value, h }, { count });
  return {
    coverage: coverage.reshape([...front, 1]),
    distance: t.reshape([...front, 1]),
    point: met.sub(normal.mul(column(off))).reshape([...front, 3]),
    normal: normal.reshape([...front, 3]),
  };
}

const unit = (v: Tensor): Tensor => v.div(v.square().sum(1).add(1e-30).sqrt().reshape([v.shape[0], 1]));

/**
 * A picture of a solid.
 *
 * @param shade Colours of a layer's points, [..., C].
 * @param options.background [C] or [..., C]. Default nothing.
 */
export function drawField(
  field: Field,
  rays: Rays,
  shade: (surface: SeenSurface) => Tensor,
  { background, ...options }: TraceOptions & { readonly background?: Tensor } = {},
): Tensor {
  if (typeof shade !== 'function')
    throw new TypeError(`drawField: shade is ${inWords(shade)}; give a function from a layer of surfaces to colours.`);
  const surfaces = traceField(field, rays, options);
  let image: Tensor | undefined;
  for (const surface of [...surfaces].reverse()) {
    const light = shade(surface).mul(surface.coverage);
    const behind = image ?? background;
    image = behind ? light.add(behind.mul(surface.coverage.mul(-1).add(1))) : light;
  }
  return image as Tensor;
}
