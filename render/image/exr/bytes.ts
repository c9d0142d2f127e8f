/**
 * The bytes of an OpenEXR block that is packed as RLE, ZIPS or ZIP.
 *
 *   What is packed are first the even bytes, then the odd ones, each as its difference from the one before, + 128.          (1)
 *   RLE: a count n ≥ 0 and a byte for n + 1 times that byte; a count −n and n bytes for these                               (2)
 */

import { unzlibSync, zlibSync } from 'fflate';

/** @param size Of the bytes as they were, which is what it must give. */
export function unzipped(packed: Uint8Array, size: number): Uint8Array {
  const bytes = unzlibSync(packed, { out: new Uint8Array(size) });
  if (bytes.length !== size) throw new SyntaxError(`${bytes.length} bytes instead of ${size}`);
  return together(bytes);
}

export const zipped = (bytes: Uint8Array): Uint8Array => zlibSync(apart(bytes));

export function unrun(packed: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < packed.length; ) {
    const count = (packed[at++] << 24) >> 24;
    const length = count < 0 ? -count : count + 1;
    if (to + length > size || at + (count < 0 ? length : 1) > packed.length)
      throw new SyntaxError(`a run of ${length} leads beyond ${size} bytes`);
    if (count < 0) bytes.set(packed.subarray(at, at + length), to);
    else bytes.fill(packed[at], to, to + length); // (2)
    at += count < 0 ? length : 1;
    to += length;
  }
  if (to !== size) throw new SyntaxError(`${to} bytes instead of ${size}`);
  return together(bytes);
}

function together(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  const odd = Math.ceil(bytes.length / 2);
  let value = 128;
  for (let k = 0; k < bytes.length; k++) {
    value = (value + bytes[k] - 128) & 255; // (1)
    result[k < odd ? 2 * k : 2 * (k - odd) + 1] = value;
  }
  return result;
}

function apart(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  const odd = Math.ceil(bytes.length / 2);
  let last = 128;
  for (let k = 0; k < bytes.length; k++) {
    const value = bytes[k < odd ? 2 * k : 2 * (k - odd) + 1];
    result[k] = value - last + 128; // (1)
    last = value;
  }
  return result;
}
