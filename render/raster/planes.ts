/**
 * Attributes of triangles that are larger than pixels: what the pixels of a triangle have in common is worked out once.
 *
 *   b_i(x, y) = b_i + x ∂b_i/∂x + y ∂b_i/∂y                        exactly: see (1) and (2) of barycentric.wgsl.ts                (1)
 *   D = Σ b_i,   N = Σ b_i (a_i − r),   a = r + N / D              with r the first corner's a_i, taken for a constant         (2)
 *
 * x and y are pixels from the first one of the triangle's box, and differences from r are small, so little is lost when terms cancel; r may be
 * any number without changing a, so (2) has the derivatives of Σ b_i a_i / D.
 * A pixel reads 3 (C + 1) numbers of its triangle instead of three vertices, and its adjoint is added to as many.
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { barycentricText } from './barycentric.wgsl.ts';

export interface PlanesGiven {
  /** What is seen (rasterize.ts): ids from `layer` on, boxes of triangles. */
  readonly ids: Tensor;
  readonly layer: number;
  readonly boxes: Tensor;
  readonly clip: Tensor;
  readonly corners: Tensor;
  /** [n, C] or [B, n, C], and the rows of a triangle's corners, [T, 3]. */
  readonly values: Tensor;
  readonly own: Tensor;
  /** Vertices of an image; values of one image, 0 where all share them. */
  readonly vertices: number;
  readonly each: number;
  readonly size: readonly [width: number, height: number];
  readonly batch: number;
}

/** So many pixels for each triangle make planes worth it: triangles that nobody sees have them too. */
const pixelsEach = 4;

/** Whether planes are faster than three vertices at each pixel. */
export const arePlanesWorth = (pixels: number, triangles: number): boolean => pixels >= pixelsEach * triangles;

/** Elements of several words share an address: loads and sums of them are faster than those of single ones. */
const elementOf = (words: number): string => `array<f32, ${words}>`;
const each = (channels: number, text: (k: number) => string): string =>
  Array.from({ length: channels }, (_, k) => text(k)).join('');

const kernels = kernelsByKey();
const images = kernelsByKey({ recomputed: true });

const originText = (channels: number): string => /* wgsl */ `
  var<storage, read> values: array<${elementOf(channels)}>;
  var<storage, read> own: array<vec3u>;
  var<uniform> each: u32;
  var<storage, read_write> origin: array<${elementOf(channels)}>;
  @compute @workgroup_size(64)
  fn attributeOrigins(@builtin(global_invocation_id) id: vec3u) {
    origin[id.y * arrayLength(&own) + id.x] = values[own[id.x].x + each * id.y];
  }
`;

/** Words of a record: D and N at the box's first pixel, then their slopes along x, then along y. */
const planesText = (channels: number): string => /* wgsl */ `
  ${barycentricText}
  var<storage, read> boxes: array<vec2u>;
  var<storage, read> clip: array<vec4f>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> values: array<${elementOf(channels)}>;
  var<storage, read> own: array<vec3u>;
  var<storage, read> origin: array<${elementOf(channels)}>;
  var<uniform> vertices: u32;
  var<uniform> each: u32;
  var<uniform> width: f32;
  var<uniform> height: f32;
  var<storage, read_write> planes: array<${elementOf(3 * channels + 3)}>;
  @compute @workgroup_size(64)
  fn attributePlanes(@builtin(global_invocation_id) id: vec3u) {
    let r = id.y * arrayLength(&corners) + id.x;
    let box = boxes[r];
    if (box.y != 0u) {
      let c = corners[id.x] + id.y * vertices;
      let o = own[id.x] + vec3u(each * id.y);
      let v0 = clip[c.x];
      let v1 = clip[c.y];
      let v2 = clip[c.z];
      let p = centreOf(box.x & 0xffffu, box.y & 0xffffu, width, height);
      let b = parts(p, v0, v1, v2);
      let d = partSlopes(p, v0, v1, v2, width, height);
      planes[r][0] = b.x + b.y + b.z;
      planes[r][${channels + 1}] = d.x.x + d.x.y + d.x.z;
      planes[r][${2 * channels + 2}] = d.y.x + d.y.y + d.y.z;
      ${each(
        channels,
        k => /* wgsl */ `
      let a${k} = vec3f(values[o.x][${k}], values[o.y][${k}], values[o.z][${k}]) - origin[r][${k}];
      planes[r][${k + 1}] = dot(b, a${k}); // (2)
      planes[r][${channels + k + 2}] = dot(d.x, a${k});
      planes[r][${2 * channels + k + 3}] = dot(d.y, a${k});`,
      )}
    }
  }
`;

const pixelText = (channels: number): string => /* wgsl */ `
  var<storage, read> ids: array<u32>;
  var<storage, read> boxes: array<vec2u>;
  var<storage, read> planes: array<${elementOf(3 * channels + 3)}>;
  var<storage, read> origin: array<${elementOf(channels)}>;
  var<uniform> triangles: u32;
  var<uniform> layer: u32; // pixels before the layer
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<storage, read_write> image: array<${elementOf(channels)}>;
  @compute @workgroup_size(64)
  fn interpolate(@builtin(global_invocation_id) id: vec3u) {
    let pixel = (id.z * height + id.y) * width + id.x;
    let found = ids[layer + pixel];
    var value = ${elementOf(channels)}(); // stored in any case, so that nothing has to be cleared before
    if (found > 0u) {
      let r = found - 1u + id.z * triangles;
      let first = boxes[r] & vec2u(0xffffu);
      let x = f32(i32(id.x - first.x));
      let y = f32(i32(id.y - first.y));
      let scale = 1.0 / (planes[r][0] + planes[r][${channels + 1}] * x + planes[r][${2 * channels + 2}] * y); // (1)
      ${each(
        channels,
        k => /* wgsl */ `
      value[${k}] = origin[r][${k}] +
        scale * (planes[r][${k + 1}] + planes[r][${channels + k + 2}] * x + planes[r][${2 * channels + k + 3}] * y);`,
      )}
    }
    ${each(channels, k => `image[pixel][${k}] = value[${k}];`)}
  }
`;

/** Attributes at pixels, [B · H · W, C], zeros where there is no triangle. Differentiable in `clip` and `values`. */
export function interpolatePlanes(given: PlanesGiven): Tensor {
  const { ids, layer, boxes, clip, corners, own, vertices, batch } = given;
  const [width, height] = given.size;
  const [triangles] = corners.shape;
  const channels = given.values.shape.at(-1) as number;
  const values = given.values.reshape([-1, channels]);
  const records = { count: [triangles, batch] } as const;
  const length = batch * triangles;
  const made = (name: string, text: (channels: number) => string) =>
    kernels(`${name} ${channels}`, () => text(channels));
  const { origin } = made('origin', originText)(
    { values: values.detach(), own, each: given.each },
    { ...records, out: { origin: length } },
  );
  const { planes } = made('planes', planesText)(
    { boxes, clip, corners, values, own, origin, vertices, each: given.each, width, height },
    { ...records, out: { planes: length } },
  );
  const { image } = images(channels, () => pixelText(channels))(
    { ids, boxes, planes, origin, triangles, layer, width, height },
    { count: [width, height, batch], out: { image: batch * width * height } },
  );
  return image as Tensor;
}
