/**
 * OpenEXR in: pictures of light, in 16 or 32 bits a number, linear.
 *
 * Scan lines or tiles, of which the finest are read, not compressed or as RLE, ZIPS, ZIP, PIZ; half, float and whole numbers; channels R G B A, Y A, or those asked for. The
 * format is read here, since the packages for it have these channels alone, do not end on a header that is cut short, or bring a whole
 * renderer with them; deflate is fflate's.
 */

import { bytesIn } from '../../../geometry/index.ts';
import { checkOptions } from '../../../kernel/index.ts';
import type { Image } from '../image.ts';
import { unrun, unzipped } from './bytes.ts';
import { fromHalf } from './half.ts';
import { bytesOf, type Channel, type ExrHeader, Reader, readHeader } from './header.ts';
import { unpiz } from './piz.ts';

export interface DecodeExrOptions {
  /** Names of up to four channels, such as ['Z']. Default: R, G, B and A if there is one; else Y and A; else the only one there is. */
  readonly channels?: readonly string[];
}

/**
 * Decodes an OpenEXR file: its data window, rows from the top.
 *
 * @throws SyntaxError if the file is broken, with the byte or block, or has what is not read.
 * @throws RangeError if it lacks a channel, with those it has.
 */
export function decodeExr(file: Uint8Array | ArrayBuffer, options: DecodeExrOptions = {}): Image {
  checkOptions('decodeExr', options, ['channels']);
  const bytes = bytesIn('decodeExr', file);
  const header = readHeader(bytes);
  const { width, height, channels: stored } = header;
  const chosen = chosenChannels(stored, options.channels);
  const channels = chosen.length as Image['channels'];
  const perPixel = stored.reduce((sum, { type }) => sum + bytesOf[type], 0);
  if (width * height * perPixel > 2000 * bytes.length)
    throw new SyntaxError(
      `decodeExr: ${width} × ${height} pixels of ${perPixel} bytes do not fit in ${bytes.length}, however compressed; the header was changed.`,
    );
  const data = new Float32Array(width * height * channels);
  header.offsets.forEach((offset, k) => {
    const { left, top, across, down, pixels } = blockOf(bytes, header, offset, k, perPixel);
    const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    let before = 0;
    for (const channel of stored) {
      const size = bytesOf[channel.type];
      const c = chosen.indexOf(channel);
      for (let y = 0; c >= 0 && y < down; y++)
        for (let x = 0; x < across; x++) {
          const at = (y * perPixel + before) * across + size * x;
          data[((top + y) * width + left + x) * channels + c] =
            channel.type === 'half'
              ? fromHalf(view.getUint16(at, true))
              : channel.type === 'float'
                ? view.getFloat32(at, true)
                : view.getUint32(at, true);
        }
      before += size;
    }
  });
  return { width, height, channels, data };
}

function chosenChannels(stored: readonly Channel[], wanted: readonly string[] | undefined): readonly Channel[] {
  const find = (name: string): Channel | undefined => stored.find(channel => channel.name === name);
  const usual = [
    ['R', 'G', 'B', 'A'],
    ['R', 'G', 'B'],
    ['Y', 'A'],
    ['Y'],
    ...(stored.length === 1 ? [[stored[0].name]] : []),
  ];
  const names = wanted ?? usual.find(set => set.every(find)) ?? ['R', 'G', 'B'];
  const chosen = names.flatMap(name => find(name) ?? []);
  const lacking = names.find(name => !find(name));
  if (lacking !== undefined)
    throw new RangeError(
      `decodeExr: there is no channel '${lacking}'; the file has '${stored.map(({ name }) => name).join("', '")}': choose by the option 'channels'.`,
    );
  if (chosen.length < 1 || chosen.length > 4 || new Set(chosen).size < chosen.length)
    throw new RangeError(`decodeExr: 'channels' are ${chosen.length}; give one to four different names.`);
  return chosen;
}

/** A rectangle of the picture, from its upper left. */
interface Block {
  readonly left: number;
  readonly top: number;
  readonly across: number;
  readonly down: number;
  /** Row by row, channel by channel. */
  readonly pixels: Uint8Array;
}

function blockOf(bytes: Uint8Array, header: ExrHeader, offset: number, k: number, perPixel: number): Block {
  const { width, height, block, hasTiles, compression, channels } = header;
  const file = new Reader(bytes);
  file.at = offset;
  const columns = Math.ceil(width / block.width);
  const [column, row] = [k % columns, Math.floor(k / columns)];
  const [left, top] = [column * block.width, row * block.height];
  if (hasTiles) {
    const told = ['column', 'row', 'level', 'level'].map(name => file.i32(`the ${name} of tile ${k}`));
    if (told.join(' ') !== `${column} ${row} 0 0`)
      throw new SyntaxError(
        `decodeExr: byte ${offset}: tile ${k} says that it is tile ${told[0]}, ${told[1]} of level ${told[2]}, ${told[3]}; it must be ${column}, ${row} of 0, 0.`,
      );
  } else {
    const first = file.i32(`the row of block ${k}`) - header.top;
    if (first !== top)
      throw new SyntaxError(
        `decodeExr: byte ${offset}: block ${k} says that it is of row ${first}; it must be ${top}.`,
      );
  }
  const size = file.u32(`the size of block ${k}`);
  const start = file.take(size, `the end of block ${k}`);
  const [across, down] = [Math.min(block.width, width - left), Math.min(block.height, height - top)];
  const whole = across * down * perPixel;
  const packed = bytes.subarray(start, start + size);
  const unpacked = (): Uint8Array => {
    if (size === whole) return packed; // what does not become smaller is left as it is
    if (compression.name === 'none') throw new SyntaxError(`${size} bytes instead of ${whole}`);
    const wordsOf = channels.map(({ type }) => bytesOf[type] / 2);
    if (compression.name === 'PIZ') return unpiz(packed, wordsOf, across, down);
    return (compression.name === 'RLE' ? unrun : unzipped)(packed, whole);
  };
  try {
    return { left, top, across, down, pixels: unpacked() };
  } catch (error) {
    throw new SyntaxError(
      `decodeExr: byte ${offset}: block ${k} does not unpack as ${compression.name} (${error instanceof Error ? error.message : error}); the file was changed.`,
      { cause: error },
    );
  }
}
