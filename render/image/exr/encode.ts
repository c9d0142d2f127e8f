/** OpenEXR out: scan lines as ZIP, in 16 or 32 bits a number. No kept package writes them without a renderer around it. */

import { type Bytes, checkOptions } from '../../../kernel/index.ts';
import { checkImage, type Image } from '../image.ts';
import { zipped } from './bytes.ts';
import { toHalf } from './half.ts';

export interface EncodeExrOptions {
  /** 16: to three digits, up to 65504; 32: as the image has them. Default 16. */
  readonly bits?: 16 | 32;
}

const rowsOfZip = 16;
/** By the number of channels: their names, in the order of the image. */
const namesOf = ['', 'Y', 'YA', 'RGB', 'RGBA'];

/**
 * Encodes a picture as OpenEXR.
 *
 * @example
 * const bright = await imageOf(tensor([[[1000], [0.25]]]));
 * const again = imageTensor(decodeExr(encodeExr(bright)));
 * const sum = again.sum(); // 1000.25
 */
export function encodeExr(image: Image, options: EncodeExrOptions = {}): Bytes {
  checkOptions('encodeExr', options, ['bits']);
  checkImage('encodeExr', image);
  const { bits = 16 } = options;
  if (bits !== 16 && bits !== 32) throw new RangeError(`encodeExr: a number is to have ${bits} bits; give 16 or 32.`);
  const { height, channels } = image;
  const names = namesOf[channels];
  const order = [...names].sort().map(name => names.indexOf(name));
  const head = headOf(image, names, order, bits);
  const blocks = Array.from({ length: Math.ceil(height / rowsOfZip) }, (_, k) =>
    packedRows(image, order, bits, k * rowsOfZip),
  );
  const size = blocks.reduce((sum, block) => sum + 8 + block.length, head.length + 8 * blocks.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(head);
  let at = head.length + 8 * blocks.length;
  blocks.forEach((block, k) => {
    view.setUint32(head.length + 8 * k, at, true); // below 2³², since an array is
    view.setInt32(at, k * rowsOfZip, true);
    view.setUint32(at + 4, block.length, true);
    bytes.set(block, at + 8);
    at += 8 + block.length;
  });
  return bytes;
}

function headOf({ width, height }: Image, names: string, order: readonly number[], bits: 16 | 32): Uint8Array {
  const ascii = (text: string): number[] => [...text].map(c => c.charCodeAt(0)).concat(0);
  const words = (...numbers: readonly number[]): number[] => [...new Uint8Array(Int32Array.from(numbers).buffer)];
  const floats = (...numbers: readonly number[]): number[] => [...new Uint8Array(Float32Array.from(numbers).buffer)];
  const attribute = (name: string, type: string, value: readonly number[]): number[] => [
    ...ascii(name),
    ...ascii(type),
    ...words(value.length),
    ...value,
  ];
  const list = order.flatMap(c => [...ascii(names[c]), ...words(bits === 16 ? 1 : 2, 0, 1, 1)]);
  const window = words(0, 0, width - 1, height - 1);
  return Uint8Array.from([
    ...words(20000630, 2),
    ...attribute('channels', 'chlist', [...list, 0]),
    ...attribute('compression', 'compression', [3]),
    ...attribute('dataWindow', 'box2i', window),
    ...attribute('displayWindow', 'box2i', window),
    ...attribute('lineOrder', 'lineOrder', [0]),
    ...attribute('pixelAspectRatio', 'float', floats(1)),
    ...attribute('screenWindowCenter', 'v2f', floats(0, 0)),
    ...attribute('screenWindowWidth', 'float', floats(1)),
    0,
  ]);
}

/** Sixteen rows, or as many as are left; as they are where packing does not make them smaller. */
function packedRows(
  { width, height, channels, data }: Image,
  order: readonly number[],
  bits: 16 | 32,
  first: number,
): Uint8Array {
  const rows = Math.min(rowsOfZip, height - first);
  const bytes = new Uint8Array((rows * width * channels * bits) / 8);
  const view = new DataView(bytes.buffer);
  let to = 0;
  for (let y = first; y < first + rows; y++)
    for (const c of order)
      for (let x = 0; x < width; x++, to += bits / 8) {
        const value = data[(y * width + x) * channels + c];
        if (bits === 16) view.setUint16(to, toHalf(value), true);
        else view.setFloat32(to, value, true);
      }
  const packed = zipped(bytes);
  return packed.length < bytes.length ? packed : bytes;
}
