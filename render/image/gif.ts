/** Animated GIF of a film, by gifenc: one palette for grey films, one per picture for colour; over white where it is transparent. */

import * as module from 'gifenc';
import { type Bytes, inWords } from '../../kernel/index.ts';
import { checkImage, type Image, opaque, toBytes } from './image.ts';

// Node takes the package's CommonJS build, whose names are on the default export; bundlers take its ES module.
const gifenc = 'GIFEncoder' in module ? module : (module as { readonly default: typeof module }).default;

/**
 * Encodes images of one size as an endless animation.
 *
 * @param options.fps Pictures a second; GIF counts in hundredths of a second. Default 30.
 * @throws RangeError if there is no picture, or sizes differ.
 */
export function encodeGif(images: readonly Image[], { fps = 30 }: { readonly fps?: number } = {}): Bytes {
  if (!Array.isArray(images) || images.length === 0)
    throw new RangeError(`encodeGif: the film is ${inWords(images)}; give a list of at least one picture.`);
  for (const image of images) checkImage('encodeGif', image);
  const [first] = images;
  const gif = gifenc.GIFEncoder();
  const delay = Math.round(1000 / fps);
  images.forEach((given, k) => {
    const image = opaque(given);
    if (image.width !== first.width || image.height !== first.height) {
      throw new RangeError(
        `encodeGif: picture ${k} is ${image.width} × ${image.height}, but picture 0 is ${first.width} × ${first.height}; a film has one size.`,
      );
    }
    const bytes = toBytes(image);
    if (image.channels === 1) {
      const palette = Array.from({ length: 256 }, (_, grey) => [grey, grey, grey]);
      gif.writeFrame(bytes, image.width, image.height, { palette, delay });
      return;
    }
    const rgba = new Uint8Array(4 * image.width * image.height).fill(255);
    for (let i = 0; i < image.width * image.height; i++) for (let c = 0; c < 3; c++) rgba[4 * i + c] = bytes[3 * i + c];
    const palette = gifenc.quantize(rgba, 256);
    gif.writeFrame(gifenc.applyPalette(rgba, palette), image.width, image.height, { palette, delay });
  });
  gif.finish();
  return gif.bytes();
}
