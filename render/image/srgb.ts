/**
 * Between light and the numbers of screens and most picture files: sRGB's curve, in [0, 1] and beyond, odd below 0.
 *
 *   light = s / 12.92                       s ≤ 0.04045                                        (1)
 *         = ((s + 0.055) / 1.055)^2.4       else
 *   s     = 12.92 light                     light ≤ 0.0031308                                  (2)
 *         = 1.055 light^(1 / 2.4) − 0.055   else
 *
 * Opacity, the last of two or four channels, stays as it is. IEC 61966-2-1:1999.
 */

import { kernelsByKey, Tensor } from '../../kernel/index.ts';
import { checkImage, hasOpacity, type Image, mapPixels } from './image.ts';

const toLight = (s: number): number => {
  const a = Math.abs(s);
  return Math.sign(s) * (a <= 0.04045 ? a / 12.92 : ((a + 0.055) / 1.055) ** 2.4); // (1)
};
const fromLight = (light: number): number => {
  const a = Math.abs(light);
  return Math.sign(light) * (a <= 0.0031308 ? 12.92 * a : 1.055 * a ** (1 / 2.4) - 0.055); // (2)
};

const text = (name: string, curve: string): string => /* wgsl */ `
  var<storage, read> x: array<f32>;
  var<uniform> channels: u32;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn ${name}(@builtin(global_invocation_id) id: vec3u) {
    let value = x[id.x];
    let a = abs(value);
    let isOpacity = channels % 2u == 0u && id.x % channels == channels - 1u;
    var curved = value;
    if (!isOpacity) { ${curve} }
    y[id.x] = curved;
  }
`;
const texts = {
  srgbToLight: `
    if (a <= 0.04045) { curved = value / 12.92; }
    else { curved = sign(value) * pow((a + 0.055) / 1.055, 2.4); } // (1)
  `,
  lightToSrgb: `
    if (a <= 0.0031308) { curved = 12.92 * value; }
    else { curved = sign(value) * (1.055 * pow(a, 1.0 / 2.4) - 0.055); } // (2)
  `,
};
const kernelOf = kernelsByKey();

function curved<P extends Image | Tensor>(picture: P, name: keyof typeof texts, curve: (value: number) => number): P {
  if (picture instanceof Tensor) {
    const channels = picture.shape[picture.shape.length - 1] ?? 1;
    const run = kernelOf(name, () => text(name, texts[name]));
    return run({ x: picture, channels }, { count: picture.size, out: { y: picture.shape } }).y as P;
  }
  const image: Image = picture;
  checkImage(curve === toLight ? 'fromSrgb' : 'toSrgb', image);
  const solid = hasOpacity(image) ? image.channels - 1 : image.channels;
  return mapPixels(image, image.channels, (pixel, result) => {
    for (let c = 0; c < image.channels; c++) result[c] = c < solid ? curve(pixel[c]) : pixel[c];
  }) as P;
}

/**
 * Light from sRGB numbers, such as those of a PNG of colours; differentiable, of tensors.
 *
 * @example
 * const light = fromSrgb(decodePng(encodePng({ width: 1, height: 1, channels: 1, data: Float32Array.of(0.6) })));
 * const middle = imageTensor(light).sum(); // 0.318547
 */
export const fromSrgb = <P extends Image | Tensor>(picture: P): P => curved(picture, 'srgbToLight', toLight);

/** sRGB numbers from light, for files and screens; differentiable, of tensors. */
export const toSrgb = <P extends Image | Tensor>(picture: P): P => curved(picture, 'lightToSrgb', fromLight);
