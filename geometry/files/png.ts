/** Samples of PNG files, as they stand. The format is fast-png's. */

import { type DecodedPng, decode } from 'fast-png';

/** How files of other kinds of pictures begin, and what to do with them. */
const others: readonly (readonly [string, readonly number[], string])[] = [
  ['JPEG', [0xff, 0xd8, 0xff], 'read it with decodeJpeg or decodeImage'],
  ['GIF', [0x47, 0x49, 0x46, 0x38], 'save it as PNG'],
  ['WebP or another RIFF', [0x52, 0x49, 0x46, 0x46], 'save it as PNG'],
  ['BMP', [0x42, 0x4d], 'save it as PNG'],
  ['KTX', [0xab, 0x4b, 0x54, 0x58], 'save it as PNG'],
  ['OpenEXR', [0x76, 0x2f, 0x31, 0x01], 'read it with decodeExr'],
  ['Radiance', [0x23, 0x3f], 'read it with decodeHdr'],
];

export interface PngSamples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The largest that a sample can be. */
  readonly top: number;
  /** A palette's colours take the place of their numbers. */
  readonly sample: (pixel: number, channel: number) => number;
  /** The colour that is transparent, of files that say so. */
  readonly keyed: readonly number[] | undefined;
}

/** @param who Who asks, for messages. @throws SyntaxError if the bytes are not a whole PNG, or are interlaced with less than 8 bits a sample. */
export function pngSamples(who: string, bytes: Uint8Array): PngSamples {
  const png = decoded(who, bytes);
  const { width, height, palette } = png;
  const stored = samplesOf(png);
  if (!palette) {
    const keyed = png.transparency && [...png.transparency];
    return { width, height, channels: png.channels, top: 2 ** png.depth - 1, sample: stored, keyed };
  }
  const sample = (pixel: number, channel: number): number => entryOf(who, palette, stored(pixel, 0))[channel];
  return { width, height, channels: palette[0]?.length ?? 3, top: 255, sample, keyed: undefined };
}

function decoded(who: string, bytes: Uint8Array): DecodedPng {
  const other = others.find(([, start]) => start.every((byte, k) => bytes[k] === byte));
  if (other) throw new SyntaxError(`${who}: the file is ${other[0]}, not PNG; ${other[2]}.`);
  const [depth, interlace] = [bytes[24], bytes[28]];
  if (depth < 8 && interlace === 1)
    throw new SyntaxError(
      `${who}: the picture is interlaced and has ${depth} bits a sample; save it without interlacing, or with 8 bits.`,
    ); // fast-png takes each for a byte
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw new SyntaxError(
      `${who}: the ${bytes.length} bytes are no whole PNG (${error instanceof Error ? error.message : error}); the file may be cut short or changed.`,
      { cause: error },
    );
  }
  const hasPalette = (bytes[25] & 1) === 1;
  if (hasPalette && !png.palette)
    throw new SyntaxError(`${who}: the pixels are numbers of colours, but there is no palette; the file is broken.`);
  if (png.width > 0 && png.height > 0) return png;
  throw new SyntaxError(`${who}: the picture is ${png.width} × ${png.height}; it has no pixels.`);
}

/** Samples of less than a byte are packed; a packed row ends at a byte. */
function samplesOf({ width, data, depth, channels }: DecodedPng): (pixel: number, channel: number) => number {
  if (depth >= 8) return (pixel, channel) => data[pixel * channels + channel];
  const rowBytes = Math.ceil((width * depth) / 8);
  return pixel => {
    const bit = (pixel % width) * depth;
    const byte = data[Math.floor(pixel / width) * rowBytes + Math.floor(bit / 8)];
    return (byte >> (8 - depth - (bit % 8))) & (2 ** depth - 1);
  };
}

function entryOf(who: string, palette: readonly (readonly number[])[], index: number): readonly number[] {
  const entry = palette[index];
  if (entry) return entry;
  throw new SyntaxError(`${who}: a pixel has colour ${index} of a palette of ${palette.length}; the file is broken.`);
}
