// Specification of Radiance pictures: new rows, old rows and plain ones; exposure and direction; broken files.

import { decodeHdr } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../util/random.ts';

const file = (head: string, body: readonly number[]): Uint8Array =>
  Uint8Array.from([...new TextEncoder().encode(head), ...body]);
const head = '#?RADIANCE\n# by hand\nFORMAT=32-bit_rle_rgbe\n\n';

/** Pixels of a row of nine: mantissas and exponent. */
const row = Array.from({ length: 9 }, (_, x) => [10 * x, x < 6 ? 200 : 7, 255, x === 8 ? 0 : 128 + (x % 3)] as const);
/** A row in runs: of the same, or as they are. */
const packed = (pixels: readonly (readonly number[])[]): number[] => [
  ...[2, 2, 0, pixels.length],
  ...[0, 1, 2, 3].flatMap(c => {
    const bytes = pixels.map(pixel => pixel[c]);
    const same = bytes.findIndex(byte => byte !== bytes[0]);
    const run = same < 0 ? bytes.length : same;
    const rest = bytes.slice(run);
    return [128 + run, bytes[0], ...(rest.length > 0 ? [rest.length, ...rest] : [])];
  }),
];
const light = (pixels: readonly (readonly number[])[]): number[] =>
  pixels.flatMap(([r, g, b, e]) => [r, g, b].map(m => (e === 0 ? 0 : Math.fround((m + 0.5) * 2 ** (e - 136)))));

describe('Radiance pictures', () => {
  it('have rows in runs', () => {
    const picture = decodeHdr(file(`${head}-Y 2 +X 9\n`, [...packed(row), ...packed([...row].reverse())]));
    expect([picture.width, picture.height, picture.channels]).toEqual([9, 2, 3]);
    expect([...picture.data]).toEqual([...light(row), ...light([...row].reverse())]);
  });

  it('have old rows, in which pixels are repeated, and plain ones', () => {
    const [a, b] = [[1, 2, 3, 130], [4, 5, 6, 131]]; // biome-ignore format: two pixels
    const old = decodeHdr(file(`${head}-Y 1 +X 260\n`, [...a, 1, 1, 1, 2, 1, 1, 1, 1, ...b]));
    expect([...old.data]).toEqual(light([...new Array(259).fill(a), b]));
    const plain = decodeHdr(file(`${head}-Y 2 +X 2\n`, [...a, ...b, ...b, ...a]));
    expect([...plain.data]).toEqual(light([a, b, b, a]));
  });

  it('are brought back to what was seen: exposures are divided by, directions turned', () => {
    const [a, b] = [[1, 2, 3, 130], [4, 5, 6, 131]]; // biome-ignore format: two pixels
    const exposed = head.replace('\n\n', '\nEXPOSURE=2\nEXPOSURE= 4\n\n');
    expect([...decodeHdr(file(`${exposed}-Y 1 +X 2\n`, [...a, ...b])).data]).toEqual(light([a, b]).map(v => v / 8));
    expect([...decodeHdr(file(`${head}+Y 2 -X 1\n`, [...a, ...b])).data]).toEqual(light([b, a]));
    expect([...decodeHdr(file(`${head}-Y 1 -X 2\n`, [...a, ...b])).data]).toEqual(light([b, a]));
  });

  it.each<[string, Uint8Array, string]>([
    ['another kind', file('P6\n', []), "decodeHdr: the file does not begin with '#?'; it is no Radiance picture."],
    ['another colour space', file('#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n', []), "decodeHdr: line 2 has the format '32-bit_rle_xyze'; 32-bit_rle_rgbe is read."],
    ['no exposure', file('#?RADIANCE\nEXPOSURE=no\n\n-Y 1 +X 1\n', []), "line 2 has the exposure 'no'"],
    ['columns first', file(`${head}+X 1 -Y 1\n`, []), "line 5 has the size '+X 1 -Y 1'; it must be such as '-Y 256 +X 512'."],
    ['no size', file('#?RADIANCE\n', []), 'the header ends at line 2 without a size'],
    ['a size that is too large', file(`${head}-Y 99999 +X 99999\n`, []), 'pixels do not fit in'],
    ['a row of another width', file(`${head}-Y 1 +X 8\n`, [2, 2, 0, 9]), 'row 0 is of 9 pixels instead of 8.'],
    ['a long run', file(`${head}-Y 1 +X 8\n`, [2, 2, 0, 8, 137, 0]), 'a run of 9 at pixel 0 leads beyond row 0.'],
    ['a run of none', file(`${head}-Y 1 +X 8\n`, [2, 2, 0, 8, 0, 0]), 'a run of 0 at pixel 0'],
    ['a row cut short', file(`${head}-Y 2 +X 1\n`, [1, 2, 3, 4, 5]), 'the file ends within row 1; it may be cut short.'],
    ['a repeat of nothing', file(`${head}-Y 1 +X 4\n`, [1, 1, 1, 4]), '4 pixels at pixel 0 lead beyond row 0, or repeat none.'],
  ])('refuse %s', (_, bytes, message) => expect(() => decodeHdr(bytes)).toThrow(message)); // biome-ignore format: a table

  it('say what is wrong, wherever the file is cut or changed', () => {
    const whole = file(`${head}-Y 2 +X 9\n`, [...packed(row), ...packed(row)]);
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeHdr(whole.subarray(0, length))).toThrow(/^decodeHdr: .*\.$/);
    const next = mulberry32(8);
    for (let k = 0; k < 2000; k++) {
      const changed = whole.slice();
      for (let n = 0; n < 3; n++) changed[Math.floor(next() * whole.length)] = Math.floor(256 * next());
      try {
        decodeHdr(changed);
      } catch (error) {
        expect((error as Error).message).toMatch(/^decodeHdr: .*\.$/s);
      }
    }
  });
});
