/**
 * Pictures of distance fields: what rays meet, differentiable by the equations that meetings satisfy.
 *
 *   seen:   f(o + t d) = c      t ← t − (f − c) / f′                                                   (1) Newton, f′ = ∇f·d
 *   touch:  r′(t) = 0           t ← t − r′ / r″                                                        (2) r of trace.wgsl.ts
 *   coverage of a touch = share of the square s ∈ [−½, ½]² in which r + h·s < 0                            (3)
 *                       = ½ − r / a   where |r| ≤ ½ (a − b),   a ≥ b: |h_x| and |h_y|
 *                       = c² / 2ab    where r is larger,       c = max(½ (a + b) − |r|, 0);   1 less that where it is smaller
 *   h = (n·right, n·down),  n = (r′₊ n₋ − r′₋ n₊) / (r′₊ − r′₋): how fast the least f grows across the ray     (4) rays' sides
 *       n∓, r′∓: slopes of f half a pixel before and behind the touch, by differences; |n| ≥ ½
 *   c = ρ m,  m: mean of −h·s over what is covered; c = 0 where the pixel is covered whole                 (5)
 *
 * (5) is where a pixel covered in part is seen: its ray meets the solid grown by c as a ray through the middle of what is covered would
 * meet the solid. So it shows the side of an edge that faces the eye, and goes over into what a hit shows when the pixel is covered whole.
 *
 *   r at a corner of r = where its tangents on both sides meet                                          (6)
 *   normal = (f(p + w e) − f(p − w e)) / 2w  for three axes e, unit;  w = ρ min(1, 2 (m − r) / |h|); ρ at hits; and 1e-4 t in f32 (7)
 *
 * At an edge both faces move (6), each by as much as the other's slope says. (7) has the mean of both faces' normals where an edge between them
 * crosses a pixel, and is continuous where f is; it looks no deeper than the ray goes.
 *
 * t is chosen without derivatives. Two steps of (1) or (2) from there leave it as it is and have its first and second derivatives. f′
 * counts as −1/100 where it is flatter, and (2) is left out where it would lead away: r of edges and grids is least at corners. (3) is
 * what a box filter shows of a straight edge, so pictures and gradients of silhouettes are those of their areas, without integrals over
 * edges. Rays without sides have round pixels, h = (2, 0), and so have places where f has no slope across.
 */

import { jvp } from '../../adjoint/index.ts';
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
import { facingText, hit, partText, touch } from './trace.wgsl.ts';

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
  var<storage, read> t: array<f32>;
  var<storage, read> value: array<f32>;
  var<storage, read> slope: array<f32>;
  var<storage, read> level: array<f32>;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn approachLevel(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    next[i] = t[i] - (value[i] - level[i]) / min(slope[i], -0.01); // (1)
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
  var<storage, read_write> beside: array<f32>; // how far to look beside a corner of r; 0 where r is round
  @compute @workgroup_size(64)
  fn settleTouch(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var to = t[i];
    var off = 0.0;
    if (kind[i] == ${touch}.0) {
      if (abs(first[i]) < tolerance * rho[i] * second[i]) { to -= first[i] / second[i]; } else { off = tolerance * rho[i]; } // (2)
    }
    next[i] = to;
    beside[i] = off;
  }
`);

const corner = lazyKernel(/* wgsl */ `
  var<storage, read> middle: array<f32>;
  var<storage, read> beside: array<f32>;
  var<storage, read> before: array<f32>;
  var<storage, read> falling: array<f32>;
  var<storage, read> after: array<f32>;
  var<storage, read> rising: array<f32>;
  var<storage, read_write> r: array<f32>;
  var<storage, read_write> off: array<f32>; // from the middle
  @compute @workgroup_size(64)
  fn cornerOfR(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let s = beside[i];
    var least = middle[i];
    var to = 0.0;
    if (s > 0.0 && falling[i] < 0.0 && rising[i] > 0.0) { // (6)
      least = (rising[i] * (before[i] + s * falling[i]) - falling[i] * (after[i] - s * rising[i])) / (rising[i] - falling[i]);
      to = (before[i] - after[i] + s * (falling[i] + rising[i])) / (rising[i] - falling[i]);
    }
    r[i] = least;
    off[i] = to;
  }
`);

const facing = lazyKernel(/* wgsl */ `
  ${facingText}
  var<storage, read> before: array<vec2f>; // slopes of f / ρ, right and down
  var<storage, read> behind: array<vec2f>;
  var<storage, read> higher: array<vec2f>;
  var<storage, read> right: array<vec3f>;
  var<storage, read> down: array<vec3f>;
  var<storage, read_write> h: array<vec2f>;
  @compute @workgroup_size(64)
  fn facePixel(@builtin(global_invocation_id) id: vec3u) {
    h[id.x] = facing(before[id.x], behind[id.x], higher[id.x], right[id.x], down[id.x]);
  }
`);

const cover = lazyKernel(/* wgsl */ `
  ${partText}
  var<storage, read> kind: array<f32>;
  var<storage, read> r: array<f32>;
  var<storage, read> h: array<vec2f>;
  var<uniform> tolerance: f32;
  var<storage, read_write> coverage: array<f32>;
  var<storage, read_write> level: array<f32>; // (5), in half pixels
  var<storage, read_write> reach: array<f32>; // of (7), in half pixels
  @compute @workgroup_size(64)
  fn coverPixel(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var part = Part(0.0, 0.0);
    var deep = 1.0;
    if (kind[i] == ${hit}.0) { part.share = 1.0; }
    if (kind[i] == ${touch}.0) {
      part = coveredPart(r[i] + 1e-5, h[i]); // so that an edge right between two pixels moves one of them
      deep = 2.0 * (part.middle - r[i]) / length(h[i]);
    }
    coverage[i] = part.share;
    level[i] = part.middle;
    reach[i] = clamp(deep, tolerance, 1.0);
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
  const all = meeting.reshape([count, layers, 3]);
  return Array.from({ length: layers }, (_, layer) => {
    const at = (word: number): Tensor => all.slice([0, layer, word], [count, layer + 1, word + 1]).reshape([count]);
    return surfaceAt(
      field,
      { origin, direction, footprint, radius },
      sides,
      { t: at(0), kind: at(1), seen: at(2) },
      front,
    );
  });
}

/** A surface with its derivatives, from what the trace chose. */
function surfaceAt(
  field: Field,
  { origin, direction, footprint, radius }: Rays,
  sides: readonly Tensor[] | undefined,
  { t: chosen, kind, seen }: { readonly t: Tensor; readonly kind: Tensor; readonly seen: Tensor },
  front: readonly number[],
): SeenSurface {
  const count = chosen.size;
  const column = (x: Tensor): Tensor => x.reshape([count, 1]);
  const halfPixel = (t: Tensor): Tensor => footprint.mul(t).add(radius).max(1e-9);
  const r = (t: Tensor): Tensor => valueAt(field, origin.add(direction.mul(column(t)))).div(halfPixel(t));
  const sloped = (t: Tensor) => jvp(r)(t, ones(t));
  const { device } = chosen;
  const tolerance = device.precision === 'f64' ? 1e-4 : 0.05; // how well a minimum can be found, in half pixels
  let [t, beside] = [chosen, zeros([count], { device })];
  for (let k = 0; k < 2; k++) {
    const { value: first, tangent: second } = jvp((t: Tensor) => sloped(t).tangent)(t, ones(t));
    const settled = settle({ kind, t, first, second, rho: halfPixel(t), tolerance }, { count });
    [t, beside] = [settled.next, settled.beside.detach()];
  }
  const [before, after] = [sloped(t.sub(beside)), sloped(t.add(beside))];
  const { r: least, off } = corner(
    {
      middle: r(t),
      beside,
      before: before.value,
      falling: before.tangent,
      after: after.value,
      rising: after.tangent,
    },
    { count },
  );
  t = t.add(off);
  const rho = halfPixel(t);
  /** Slope of f at a point, by differences over `reach` to both sides along a direction. */
  const difference = (point: Tensor, way: Tensor, reach: Tensor): Tensor => {
    const step = way.mul(column(reach));
    return valueAt(field, point.add(step))
      .sub(valueAt(field, point.sub(step)))
      .div(reach.mul(2));
  };
  const across = (t: Tensor): Tensor =>
    stack(
      (sides ?? []).map(side => difference(origin.add(direction.mul(column(t))), side, rho.mul(0.5))),
      1,
    );
  const [near, far] = [t.sub(rho), t.add(rho)];
  const h = sides
    ? facing(
        {
          before: across(near),
          behind: across(far),
          higher: stack(
            [near, far].map(t => r(t).sub(least)),
            1,
          ),
          right: sides[0],
          down: sides[1],
        },
        { count },
      ).h
    : tensor([2, 0], [1, 2], { device }).broadcastTo([count, 2]);
  const covered = cover({ kind, r: least, h, tolerance }, { count });
  const level = covered.level.mul(rho);
  t = seen;
  for (let k = 0; k < 2; k++) {
    const { value, tangent } = along(field, origin, direction, t);
    t = approach({ t, value, slope: tangent, level }, { count }).next;
  }
  const met = origin.add(direction.mul(column(t)));
  const reach = covered.reach.mul(halfPixel(t)).add(t.mul(device.precision === 'f64' ? 1e-7 : 1e-4)); // rays without width, too, have differences
  const axes = [0, 1, 2].map(axis =>
    tensor(
      [0, 1, 2].map(i => (i === axis ? 1 : 0)),
      [1, 3],
      { device },
    ),
  );
  const normal = unit(
    stack(
      axes.map(axis => difference(met, axis, reach)),
      1,
    ),
  );
  return {
    coverage: covered.coverage.reshape([...front, 1]),
    distance: t.reshape([...front, 1]),
    point: met.sub(normal.mul(column(level))).reshape([...front, 3]),
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
