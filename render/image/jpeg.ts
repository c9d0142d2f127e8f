/**
 * JPEG files in: baseline and progressive, of 8 bits, grey, coloured, or of four inks. The format is jpeg-js's, which is loaded when a first file is met.
 *
 * Numbers are mostly sRGB, and are given as they stand, 0 … 1. Where pixels share a colour it is repeated, not interpolated. How a camera was held
 * is not looked at: textures are to be taken as they are stored.
 *
 * ITU-T T.81, 1992, annex B (segments); Adobe's segment of 1992 tells whether three components are red, green, blue.
 */

import { bytesIn } from '../../geometry/index.ts';
import type { Image } from './image.ts';

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/** Of 64 pixels nothing is shorter than a bit; so no file has more of them per byte, by far. */
const mostPixelsPerByte = 4096;

/**
 * Decodes a JPEG: grey, or red, green, blue.
 *
 * @throws SyntaxError if the bytes are not a whole JPEG, or one of a kind that is hardly used: lossless, arithmetic coding, 12 bits.
 */
export async function decodeJpeg(file: Uint8Array | ArrayBuffer): Promise<Image> {
  const bytes = bytesIn('decodeJpeg', file);
  const { width, height, components, isRgb, adobe } = headOf(bytes);
  const { decode } = await import('jpeg-js');
  let data: Uint8Array;
  try {
    const limits = { maxResolutionInMP: 2 ** 28 / 1e6, maxMemoryUsageInMB: 4096 };
    const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false, ...limits } as const;
    const asStored = components === 3; // jpeg-js cuts colours off to whole bytes, half a step too dark
    ({ data } = decode(asStored ? withoutTransform(bytes, adobe) : bytes, {
      ...options,
      ...(asStored && { colorTransform: false }),
    }));
  } catch (error) {
    throw broken(bytes, error instanceof Error ? error.message : String(error), error);
  }
  const channels = components === 1 ? 1 : 3;
  const picture = new Float32Array(width * height * channels);
  for (let k = 0; k < picture.length; k++) picture[k] = data[(3 / channels) * k] / 255; // grey has three alike
  if (components === 3 && !isRgb) toRgb(picture);
  return { width, height, channels, data: picture };
}

/** The file with an Adobe segment, if there is one, that asks for no transform. */
function withoutTransform(bytes: Uint8Array, adobe: number | undefined): Uint8Array {
  if (adobe === undefined) return bytes;
  const copy = bytes.slice();
  copy[adobe + 15] = 0;
  return copy;
}

/** Brightness and two differences of colour to red, green, blue: JFIF 1.02, 1992. */
function toRgb(picture: Float32Array): void {
  const within = (value: number): number => Math.min(Math.max(value, 0), 1);
  const middle = 128 / 255;
  for (let k = 0; k < picture.length; k += 3) {
    const [y, cb, cr] = [picture[k], picture[k + 1] - middle, picture[k + 2] - middle];
    picture[k] = within(y + 1.402 * cr);
    picture[k + 1] = within(y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587);
    picture[k + 2] = within(y + 1.772 * cb);
  }
}

const broken = (bytes: Uint8Array, why: string, cause?: unknown): SyntaxError =>
  new SyntaxError(
    `decodeJpeg: the ${bytes.length} bytes are no whole JPEG (${why}); the file may be cut short or changed.`,
    { cause },
  );

interface Head {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Three components that are no brightness and two differences of colour. */
  readonly isRgb: boolean;
  /** Where Adobe's segment begins, if there is one. */
  readonly adobe?: number;
}

/** Looks at the segments before the picture's own bytes, and whether these come to an end. */
function headOf(bytes: Uint8Array): Head {
  if (!isJpeg(bytes))
    throw new SyntaxError(`decodeJpeg: the file does not begin as a JPEG does; decodeImage reads PNG too.`);
  const word = (at: number): number => 256 * bytes[at] + bytes[at + 1];
  let head: Head | undefined;
  let adobe: number | undefined;
  for (let at = 2; at + 4 <= bytes.length; ) {
    const kind = bytes[at + 1];
    if (bytes[at] !== 0xff) throw broken(bytes, `byte ${at} begins no segment`);
    if (kind === 0xff) {
      at++; // filled up
      continue;
    }
    const length = word(at + 2);
    const next = at + 2 + length;
    if (next > bytes.length) throw broken(bytes, `the segment at byte ${at} leads beyond the end`);
    if (kind === 0xda) {
      if (!head) throw broken(bytes, 'its size is not told');
      if (!endsAfter(bytes, next)) throw broken(bytes, 'it does not end');
      if (adobe === undefined) return head;
      return { ...head, adobe, isRgb: head.components === 3 && bytes[adobe + 15] === 0 };
    }
    if (kind === 0xee && String.fromCharCode(...bytes.subarray(at + 4, at + 9)) === 'Adobe') adobe = at;
    if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind)) head = frame(bytes, kind, at);
    at = next;
  }
  throw broken(bytes, 'it has no picture');
}

function frame(bytes: Uint8Array, kind: number, at: number): Head {
  const [bits, components] = [bytes[at + 4], bytes[at + 9]];
  const [height, width] = [5, 7].map(k => 256 * bytes[at + k] + bytes[at + k + 1]);
  const unusual =
    kind > 0xc8 ? 'arithmetic coding' : kind > 0xc2 ? 'a hierarchy or no loss' : bits !== 8 && `${bits} bits a sample`;
  if (unusual) throw new SyntaxError(`decodeJpeg: the picture has ${unusual}, which is not read; save it as PNG.`);
  if (![1, 3, 4].includes(components))
    throw new SyntaxError(`decodeJpeg: the picture has ${components} components, not 1, 3 or 4; save it as PNG.`);
  if (width === 0 || height === 0)
    throw new SyntaxError(`decodeJpeg: the picture is ${width} × ${height}; it has no pixels.`);
  if (width * height > mostPixelsPerByte * bytes.length)
    throw broken(bytes, `${width} × ${height} pixels do not fit in them`);
  const names = [0, 1, 2].map(k => String.fromCharCode(bytes[at + 10 + 3 * k])).join('');
  return { width, height, components, isRgb: components === 3 && names === 'RGB' };
}

/** Whether the mark of the end is there. */
function endsAfter(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.length - 2; at >= from; at--) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}
