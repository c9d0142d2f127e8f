/**
 * Pictures as numbers on the host, beside files: rows from the top, channels interleaved. What is drawn and what losses read are
 * tensors, [height, width, channels] or, of many, [images, height, width, channels]; `imageTensor` and `imageOf` lead from one to the
 * other. Colours are linear, and opacity is not multiplied into them.
 */

import { checkRecord, type Device, inWords, type Tensor, tensor } from '../../kernel/index.ts';

/** Values, mostly from 0 to 1. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** Grey; grey, opacity; red, green, blue; red, green, blue, opacity. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly data: Float32Array;
}

export const hasOpacity = ({ channels }: Image): boolean => channels % 2 === 0;

/** @throws RangeError if the numbers are not those of a picture of its size. */
export function checkImage(who: string, image: Image): void {
  checkRecord(who, 'the picture', image, ['width', 'height', 'channels', 'data']);
  const { width, height, channels, data } = image;
  for (const [name, size] of Object.entries({ width, height }))
    if (!(Number.isInteger(size) && size > 0))
      throw new RangeError(`${who}: the ${name} is ${size}; give a whole number from 1.`);
  if (![1, 2, 3, 4].includes(channels))
    throw new RangeError(`${who}: there are ${channels} channels; a picture has 1, 2, 3 or 4.`);
  if (data.length !== width * height * channels)
    throw new RangeError(
      `${who}: ${data.length} numbers are no picture of ${width} × ${height} with ${channels} channels; it has ${width * height * channels}.`,
    );
}

/** A picture as a tensor, [height, width, channels]. */
export function imageTensor(image: Image, { device }: { readonly device?: Device } = {}): Tensor {
  checkImage('imageTensor', image);
  const { width, height, channels, data } = image;
  return tensor(data, [height, width, channels], { ...(device && { device }) });
}

/**
 * A picture's numbers, read from a tensor.
 *
 * @param image A tensor, [height, width, channels].
 */
export async function imageOf(image: Tensor): Promise<Image> {
  if (image?.shape?.length !== 3)
    throw new RangeError(`imageOf: the picture is ${inWords(image)}; give [height, width, channels].`);
  const [height, width, channels] = image.shape;
  const picture = {
    width,
    height,
    channels: channels as Image['channels'],
    data: Float32Array.from(await image.read()),
  };
  checkImage('imageOf', picture);
  return picture;
}

/**
 * Pictures' numbers, read from a tensor.
 *
 * @param images A tensor, [images, height, width, channels].
 */
export async function imagesOf(images: Tensor): Promise<Image[]> {
  if (images?.shape?.length !== 4)
    throw new RangeError(`imagesOf: the pictures are ${inWords(images)}; give [images, height, width, channels].`);
  const [count, height, width, channels] = images.shape;
  const values = Float32Array.from(await images.read());
  const size = height * width * channels;
  return Array.from({ length: count }, (_, k) => {
    const data = values.slice(k * size, (k + 1) * size);
    const picture = { width, height, channels: channels as Image['channels'], data };
    checkImage('imagesOf', picture);
    return picture;
  });
}

/** Each pixel's channels, made from those it had. @param channels How many `of` gives. */
export function mapPixels(
  { width, height, channels: from, data }: Image,
  channels: Image['channels'],
  of: (pixel: Float32Array, result: Float32Array) => void,
): Image {
  const result = new Float32Array(width * height * channels);
  for (let k = 0; k < width * height; k++)
    of(data.subarray(from * k, from * (k + 1)), result.subarray(channels * k, channels * (k + 1)));
  return { width, height, channels, data: result };
}

/** A picture without opacity, over a colour. @param background Default white. */
export function opaque(image: Image, background: readonly number[] = [1, 1, 1]): Image {
  checkImage('opaque', image);
  if (!hasOpacity(image)) return image;
  const solid = (image.channels - 1) as 1 | 3;
  const behind = solid === 1 ? [mean(background)] : background;
  return mapPixels(image, solid, (pixel, result) => {
    const opacity = pixel[solid];
    for (let c = 0; c < solid; c++) result[c] = pixel[c] * opacity + (1 - opacity) * behind[c];
  });
}

/** The mean of a picture's colours, over white where it is transparent. */
export function grey(image: Image): Image {
  checkImage('grey', image);
  const solid = opaque(image);
  return solid.channels === 1 ? solid : mapPixels(solid, 1, (pixel, result) => (result[0] = mean(pixel)));
}

/** A grey picture in red, green and blue; opacity stays. */
export function inColour(image: Image): Image {
  checkImage('inColour', image);
  if (image.channels > 2) return image;
  const channels = hasOpacity(image) ? 4 : 3;
  return mapPixels(image, channels, (pixel, result) => {
    result.fill(pixel[0], 0, 3);
    if (channels === 4) result[3] = pixel[1];
  });
}

const mean = (numbers: ArrayLike<number>): number =>
  Array.from(numbers).reduce((sum, value) => sum + value, 0) / numbers.length;

/** Values as bytes, out of range ones at the nearest end. */
export function toBytes({ data }: Image): Uint8Array {
  const bytes = new Uint8Array(data.length);
  for (let k = 0; k < data.length; k++) bytes[k] = Math.round(255 * Math.min(Math.max(data[k], 0), 1));
  return bytes;
}
