/** Pictures of a kind that their first bytes tell, such as textures of a surface. */

import { bytesIn } from '../../geometry/index.ts';
import type { Image } from './image.ts';
import { decodeJpeg, isJpeg } from './jpeg.ts';
import { decodePng } from './png.ts';

/**
 * Decodes a PNG or a JPEG, such as a material's `baseTexture.bytes`. Numbers are as they stand in the file, mostly sRGB: `fromSrgb` leads to light.
 *
 * @throws SyntaxError if it is neither, or not whole.
 */
export const decodeImage = async (file: Uint8Array | ArrayBuffer): Promise<Image> => {
  const bytes = bytesIn('decodeImage', file);
  return isJpeg(bytes) ? decodeJpeg(bytes) : decodePng(bytes);
};
