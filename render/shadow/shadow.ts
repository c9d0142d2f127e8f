/**
 * Shadows: how much of a light reaches each place of a picture.
 *
 *   visibility = clamp(½ + D, 0, 1)   by a shadow's boundary, D in pixels from it: boundary.ts, (1)                        (1)
 *   visibility = 0 or 1               elsewhere
 *
 * That is the lit share of a pixel under a straight boundary that crosses it steeply: sums over rows or columns of pixels are the boundary's place,
 * exactly for one that is straight in the picture, and so is their derivative, whether casters, the light, the surface or the camera moves. Where two
 * boundaries meet in one pixel, or a shadow is narrower than a pixel, the nearer one counts alone: an error of the order of a pixel, as at the corners of
 * silhouettes.
 *
 * A light is a camera: one with perspective at a point that shines, one without for light from far away. What it does not see is lit; what lies
 * between it and near casts no shadow; an edge that reaches behind it ends a shadow without derivatives.
 */

import { jvps } from '../../adjoint/index.ts';
import type { Triangles } from '../../geometry/index.ts';
import { checkOptions, checkRecord, inWords, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { type Camera, project } from '../camera/camera.ts';
import { batchOf } from '../camera/pose.ts';
import { noneText } from '../edges/tables.ts';
import type { WithFootprint } from '../raster/interpolate.ts';
import type { Cull } from '../raster/setup.ts';
import { chooseBoundaries, metText } from './boundary.ts';

export interface ShadowOptions {
  /** Triangles that cast none: those that the light sees from behind, or from the front. Default 'none'. */
  readonly cull?: Cull;
  /** How much farther than a surface a place must be to lie in its shadow, in parts of the light's depths, 0 … 1. Default 1e-5; in f64 1e-10. */
  readonly slack?: number;
  /** Room for how often triangles meet tiles of the light's picture, of which there are about as many as triangles. */
  readonly capacity?: number;
}

const shares = lazyKernel(/* wgsl */ `
  var<storage, read> q: array<vec4f>;
  var<storage, read> right: array<vec4f>;
  var<storage, read> down: array<vec4f>;
  var<storage, read> ends: array<vec4f>;
  var<storage, read> edge: array<vec2u>;
  var<storage, read> lit: array<f32>;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<storage, read_write> visibility: array<f32>;
  ${metText}
  @compute @workgroup_size(64)
  fn shadowShares(@builtin(global_invocation_id) id: vec3u) {
    visibility[id.x] = lit[id.x];
    if (edge[id.x].x != ${noneText}) {
      let p = inPixels(q[id.x], width, height);
      let dx = movedBy(p, inPixels(right[id.x], width, height));
      let dy = movedBy(p, inPixels(down[id.x], width, height));
      let a = inPixels(ends[2u * id.x], width, height);
      let b = inPixels(ends[2u * id.x + 1u], width, height);
      visibility[id.x] = clamp(0.5 + metBy(a, b, p.xy / p.w, dx, dy).far, 0.0, 1.0); // (1)
    }
  }
`);

/**
 * How much of a light reaches places of a picture.
 *
 * @param light A camera that sees what the light shines on. Of its picture's size only the proportions count.
 * @param casters What stands in the way: vertices, [V, 3], m, and triangles. A surface may be among the casters of its own shadows.
 * @param places Positions in the picture, [.., 3], m, with their footprint, as `interpolateWithFootprint` gives them.
 * @returns From 0, dark, to 1, [.., 1]: to multiply with what `shade` gives for that light. Differentiable in light, casters and places.
 * @throws RangeError if shapes do not fit, or the light is a batch.
 * @example
 * const roof = new Triangles(3, [0, 1, 2]);
 * const vertices = tensor([-1, 1, -1, 1, 1, -1, 0, 1, 1], [3, 3]);
 * const light = { lens: perspective({ fovY: 1.5, size: [64, 64], near: 0.1, far: 9 }), pose: lookAt([0, 4, 0], [0, 0, 0], [0, 0, 1]) };
 * const places = { value: tensor([0, 0, 0, 3, 0, 0], [2, 3]), footprint: zeros([2, 3, 2]) };
 * const reached = shadow(light, { vertices, triangles: roof }, places).sum(); // 1: the origin is dark, the other place is not
 */
export function shadow(
  light: Camera,
  casters: { readonly vertices: Tensor; readonly triangles: Triangles },
  places: WithFootprint,
  options: ShadowOptions = {},
): Tensor {
  checkRecord('shadow', 'the light', light, ['lens', 'pose']);
  checkRecord('shadow', 'what casts shadows', casters, ['vertices', 'triangles']);
  checkRecord('shadow', 'the record of places', places, ['value', 'footprint']);
  checkOptions('shadow', options, ['cull', 'slack', 'capacity']);
  const { value, footprint } = places;
  const { device } = value;
  const { cull = 'none', slack = device.precision === 'f64' ? 1e-10 : 1e-5, capacity } = options;
  const { vertices, triangles } = casters;
  if (batchOf('shadow', light.pose) !== undefined)
    throw new RangeError(`shadow: the light is a batch of ${batchOf('shadow', light.pose)}; give one light at a time.`);
  if (value.shape.length < 2 || value.shape.at(-1) !== 3 || footprint.shape.join() !== [...value.shape, 2].join())
    throw new RangeError(
      `shadow: places are ${inWords(value)} with a footprint of [${footprint.shape.join(', ')}]; give [.., 3] and [.., 3, 2].`,
    );
  if (vertices.shape.join() !== `${triangles.vertices},3`)
    throw new RangeError(`shadow: the casters' vertices are ${inWords(vertices)}; give [${triangles.vertices}, 3].`);
  if (!(slack >= 0 && slack < 1))
    throw new RangeError(`shadow: slack is ${inWords(slack)}; give a number from 0 to below 1.`);
  const count = value.size / 3;
  const shape = [...value.shape.slice(0, -1), 1];
  if (triangles.size === 0 || count === 0)
    return value
      .slice(
        value.shape.map(() => 0),
        [...shape.slice(0, -1), 1],
      )
      .mul(0)
      .add(1);
  const sides = footprint.reshape([count, 3, 2]);
  const side = (k: number): Tensor => sides.slice([0, 0, k], [count, 3, k + 1]).reshape([count, 3]);
  const { value: q, tangents } = jvps((x: Tensor) => project(light, x))(value.reshape([count, 3]), [side(0), side(1)]);
  const [right, down] = tangents;
  const clip = project(light, vertices);
  const [width, height] = light.lens.size;
  const seen = { q: q.detach(), right: right.detach(), down: down.detach() };
  const size = [width, height] as const;
  const { lit, edge } = chooseBoundaries({ clip: clip.detach(), triangles, size, cull, capacity }, seen, slack);
  const ends = clip.gather(edge.reshape([-1]));
  const given = { q, right, down, ends, edge, lit, width, height };
  return shares(given, { count, out: { visibility: shape } }).visibility as Tensor;
}
