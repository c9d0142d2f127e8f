/**
 * Attributes of vertices at the pixels of an image: what a raster chose, computed anew from clip positions, so that all is differentiable.
 *
 *   a = Σ λ_i a_i,   ∂a/∂x = Σ ∂λ_i/∂x a_i         λ of barycentric.wgsl.ts, with perspective                              (1)
 *   depth = Σ b_i z_i / Σ b_i w_i                                                                                    (2)
 *
 * Where triangles are larger than pixels, what the pixels of one have in common is worked out once (planes.ts).
 */

import type { Attribute } from '../../geometry/index.ts';
import { checkOptions, checkRecord, inWords, kernelsByKey, sizeOf, Tensor, tensor, zeros } from '../../kernel/index.ts';
import { barycentricText } from './barycentric.wgsl.ts';
import { arePlanesWorth, interpolatePlanes } from './planes.ts';
import type { Raster } from './rasterize.ts';

export interface InterpolateOptions {
  /** Which layer, from the front. Default 0. */
  readonly layer?: number;
}

const kernels = kernelsByKey({ recomputed: true });

/** Bindings of a raster's layer and clip positions, and `${…}` for each pixel that shows a triangle: t, its corners c, v0, v1, v2, p, b. */
const kernelText = (outputs: string, body: string, extra = ''): string => /* wgsl */ `
  var<storage, read> ids: array<u32>;
  var<storage, read> clip: array<vec4f>;
  var<storage, read> corners: array<vec3u>;
  var<uniform> layer: u32; // pixels before the layer
  var<uniform> vertices: u32;
  var<uniform> width: u32;
  var<uniform> height: u32;
  ${extra}
  ${outputs}
  ${barycentricText}
  @compute @workgroup_size(64)
  fn interpolate(@builtin(global_invocation_id) id: vec3u) {
    let pixel = (id.z * height + id.y) * width + id.x;
    let found = ids[layer + pixel];
    if (found > 0u) {
      let t = found - 1u;
      let c = corners[t] + id.z * vertices;
      let v0 = clip[c.x];
      let v1 = clip[c.y];
      let v2 = clip[c.z];
      let p = centreOf(id.x, id.y, f32(width), f32(height));
      let b = parts(p, v0, v1, v2);
      ${body}
    }
  }
`;

interface Given {
  readonly layer: number;
  readonly dims: readonly number[];
  readonly args: Record<string, Tensor | number>;
  readonly count: readonly [number, number, number];
}

function given(who: string, raster: Raster, clip: Tensor, layer: number): Given {
  checkRecord(who, 'the raster', raster, ['size', 'triangles', 'ids']);
  const { size, batch, triangles, ids, layers } = raster;
  const [width, height] = size;
  const dims = batch === undefined ? [height, width] : [batch, height, width];
  const shape = batch === undefined ? [triangles.vertices, 4] : [batch, triangles.vertices, 4];
  if (clip?.shape?.join() !== shape.join())
    throw new RangeError(
      `${who}: the clip positions are ${inWords(clip)}, but the raster is of [${shape.join(', ')}]; give those it was made of.`,
    );
  if (!(Number.isInteger(layer) && layer >= 0 && layer < layers))
    throw new RangeError(`${who}: layer is ${layer}, but the raster's layers are 0 to ${layers - 1}.`);
  const pixels = sizeOf(dims);
  return {
    layer,
    dims,
    args: {
      ids,
      clip,
      corners: triangles.on(clip.device),
      layer: layer * pixels,
      vertices: triangles.vertices,
      width,
      height,
    },
    count: [width, height, batch ?? 1],
  };
}

function valuesOf(
  who: string,
  attributes: Tensor | Attribute,
  { batch, triangles, ids }: Raster,
): { values: Tensor; own: Tensor } {
  const own = attributes instanceof Tensor ? triangles.on(ids.device) : attributes.corners;
  const values = attributes instanceof Tensor ? attributes : attributes.values;
  const { shape } = values;
  const batched = shape.length === 3;
  if (values.type !== 'f32' || shape.length < 2 || shape.length > 3 || (batched && shape[0] !== batch))
    throw new RangeError(
      `${who}: the attributes are ${inWords(values)}; give f32, [n, C]${batch === undefined ? '' : ` or [${batch}, n, C]`}.`,
    );
  if (attributes instanceof Tensor && shape.at(-2) !== triangles.vertices)
    throw new RangeError(
      `${who}: there are attributes for ${shape.at(-2)} vertices, but ${triangles.vertices} vertices; give as many, or corners of their own.`,
    );
  if (own.type !== 'u32' || own.shape.join() !== `${triangles.size},3`)
    throw new RangeError(`${who}: the corners are ${inWords(own)}; give u32, [${triangles.size}, 3].`);
  return { values, own };
}

/** Elements of several words share an address: loads and sums of them are faster than those of single ones. */
const elementOf = (channels: number): string => (channels === 1 ? 'f32' : `array<f32, ${channels}>`);
const channelOf = (channels: number, k: number): string => (channels === 1 ? '' : `[${k}]`);

const attributeText = (channels: number, slopes: boolean): string =>
  kernelText(
    `var<storage, read_write> image: array<${elementOf(channels)}>;
  ${slopes ? 'var<storage, read_write> slope: array<vec2f>;' : ''}`,
    /* wgsl */ `
      let o = own[t] + vec3u(each * id.z);
      let share = shares(b);
      ${slopes ? 'let d = slopesOf(p, v0, v1, v2, b, f32(width), f32(height));' : ''}
      ${Array.from({ length: channels }, (_, k) => {
        const at = channelOf(channels, k);
        return /* wgsl */ `
      let a${k} = vec3f(values[o.x]${at}, values[o.y]${at}, values[o.z]${at});
      image[pixel]${at} = dot(share, a${k}); // (1)
      ${slopes ? `slope[${channels}u * pixel + ${k}u] = vec2f(dot(d.x, a${k}), dot(d.y, a${k}));` : ''}`;
      }).join('')}`,
    /* wgsl */ `
  var<storage, read> values: array<${elementOf(channels)}>;
  var<storage, read> own: array<vec3u>;
  var<uniform> each: u32; // values of one image, 0 where all share them`,
  );

function launch(
  who: string,
  raster: Raster,
  clip: Tensor,
  attributes: Tensor | Attribute,
  layer: number,
  slopes: boolean,
) {
  checkRecord(who, 'the raster', raster, ['size', 'triangles', 'ids']);
  checkRecord(who, 'the attribute', attributes, 'shape' in Object(attributes) ? [] : ['values', 'corners']);
  const { args, dims, count } = given(who, raster, clip, layer);
  const { values, own } = valuesOf(who, attributes, raster);
  const channels = values.shape.at(-1) as number;
  const { device } = clip;
  if (raster.triangles.size === 0 || sizeOf(dims) * channels === 0)
    return { image: zeros([...dims, channels], { device }), slope: zeros([...dims, channels, 2], { device }) };
  const each = values.shape.length === 3 ? (values.shape[1] as number) : 0;
  const { size, batch = 1, triangles, ids, setup } = raster;
  if (!slopes && arePlanesWorth(sizeOf(dims), batch * triangles.size)) {
    const seen = { ids, layer: layer * sizeOf(dims), boxes: setup.boxes, size, batch };
    const mesh = { corners: triangles.on(device), vertices: triangles.vertices };
    const image = interpolatePlanes({ ...seen, ...mesh, clip, values, own, each });
    return { image: image.reshape([...dims, channels]) };
  }
  return kernels(`attributes ${channels} ${slopes}`, () => attributeText(channels, slopes))(
    { ...args, values: channels === 1 ? values.reshape([-1]) : values, own, each },
    { count, out: { image: channels === 1 ? [...dims, 1] : dims, ...(slopes && { slope: [...dims, channels] }) } },
  );
}

/**
 * Attributes at the pixels' centres, with perspective; zeros where there is no triangle. Differentiable in clip positions and attributes.
 *
 * @param clip The clip positions that the raster was made of.
 * @param attributes Of vertices, [V, C], or of corners: values, [n, C], and which of them each corner has. Values may be [B, n, C] where each
 * image of a batch has its own.
 * @returns [H, W, C], of a batch [B, H, W, C].
 */
export function interpolate(
  raster: Raster,
  clip: Tensor,
  attributes: Tensor | Attribute,
  options: InterpolateOptions = {},
): Tensor {
  checkOptions('interpolate', options, ['layer']);
  return launch('interpolate', raster, clip, attributes, options.layer ?? 0, false).image as Tensor;
}

export interface WithFootprint {
  readonly value: Tensor;
  /** Slopes along x (right) and y (down), per pixel: [H, W, C, 2], of a batch [B, H, W, C, 2]. */
  readonly footprint: Tensor;
}

/** `interpolate`, and how fast the attributes change from pixel to pixel within their triangles: what textures need. */
export function interpolateWithFootprint(
  raster: Raster,
  clip: Tensor,
  attributes: Tensor | Attribute,
  options: InterpolateOptions = {},
): WithFootprint {
  checkOptions('interpolateWithFootprint', options, ['layer']);
  const { image, slope } = launch('interpolateWithFootprint', raster, clip, attributes, options.layer ?? 0, true);
  return { value: image as Tensor, footprint: slope as Tensor };
}

const depthText = kernelText(
  'var<storage, read_write> depth: array<f32>;',
  'depth[pixel] = 1.0 - dot(b, vec3f(v0.w - v0.z, v1.w - v1.z, v2.w - v2.z)) / dot(b, vec3f(v0.w, v1.w, v2.w)) - 1.0; // (2)',
);

/** Depth at the pixels' centres, 0 at near and 1 at far, 1 where there is no triangle: [H, W, 1] or [B, H, W, 1]. Differentiable. */
export function depth(raster: Raster, clip: Tensor, options: InterpolateOptions = {}): Tensor {
  checkOptions('depth', options, ['layer']);
  const { args, dims, count } = given('depth', raster, clip, options.layer ?? 0);
  if (raster.triangles.size === 0) return zeros([...dims, 1], { device: clip.device }).add(1);
  const made = kernels('depth', () => depthText)(args, { count, out: { depth: [...dims, 1] } });
  return (made.depth as Tensor).add(1);
}

const sharesText = kernelText('var<storage, read_write> share: array<vec3f>;', 'share[pixel] = shares(b);');

/** The corners' shares in each pixel, with perspective, zeros where there is no triangle: [H, W, 3] or [B, H, W, 3]. Differentiable. */
export function weights(raster: Raster, clip: Tensor, options: InterpolateOptions = {}): Tensor {
  checkOptions('weights', options, ['layer']);
  const { args, dims, count } = given('weights', raster, clip, options.layer ?? 0);
  if (raster.triangles.size === 0) return zeros([...dims, 3], { device: clip.device });
  const made = kernels('weights', () => sharesText)(args, { count, out: { share: dims } });
  return made.share as Tensor;
}

/** 1 where there is a triangle, else 0: [H, W, 1] or [B, H, W, 1]. A constant: its derivative is in edges. */
export function mask(raster: Raster, options: InterpolateOptions = {}): Tensor {
  checkOptions('mask', options, ['layer']);
  checkRecord('mask', 'the raster', raster, ['size', 'ids', 'layers']);
  const { layer = 0 } = options;
  const { size, batch, ids, layers } = raster;
  if (!(Number.isInteger(layer) && layer >= 0 && layer < layers))
    throw new RangeError(`mask: layer is ${layer}, but the raster's layers are 0 to ${layers - 1}.`);
  const dims = [...(batch === undefined ? [] : [batch]), size[1], size[0], 1];
  const one = tensor(Uint32Array.of(1), [], { device: ids.device });
  return ids
    .slice(layer, layer + 1)
    .reshape(dims)
    .min(one)
    .convert('f32');
}
