// Specification of render/image.ts and render/gif.ts.

import { encode } from 'fast-png';
import { beside, decodePng, difference, encodeGif, encodePng, type Image } from 'retrograde/render';
import { describe, expect, it } from 'vitest';

const grey = (width: number, height: number, values: readonly number[]): Image => ({
  width,
  height,
  channels: 1,
  data: Float32Array.from(values),
});

describe('PNG', () => {
  it('comes back as it went in, to 8 bits', () => {
    const image = grey(3, 2, [0, 0.2, 0.4, 0.6, 0.8, 1]);
    const back = decodePng(encodePng(image));
    expect([back.width, back.height]).toEqual([3, 2]);
    back.data.forEach((value, i) => {
      expect(value).toBeCloseTo(image.data[i], 6); // fifths are whole bytes
    });
  });

  it('reads colour, transparency, 16 bits and a palette as grey', () => {
    const rgb = encode({ width: 1, height: 1, data: Uint8Array.of(255, 0, 0), channels: 3, depth: 8 });
    expect(decodePng(rgb).data[0]).toBeCloseTo(1 / 3, 6);
    const clear = encode({ width: 1, height: 1, data: Uint8Array.of(0, 0), channels: 2, depth: 8 });
    expect(decodePng(clear).data[0]).toBe(1);
    const deep = encode({ width: 1, height: 1, data: Uint16Array.of(32768), channels: 1, depth: 16 });
    expect(decodePng(deep).data[0]).toBeCloseTo(32768 / 65535, 6);
  });

  it('puts pictures side by side, and shows differences in red and blue', () => {
    const [a, b] = [grey(1, 1, [0]), grey(1, 1, [1])];
    expect([...beside([a, b]).data]).toEqual([0, 1]);
    expect([...difference(a, b).data]).toEqual([1, 0, 0]);
    expect([...difference(b, a).data]).toEqual([0, 0, 1]);
    expect(beside([a, difference(a, b)]).channels).toBe(3);
  });
});

describe('GIF', () => {
  it('holds as many pictures as it was given, grey or coloured', () => {
    const frame = grey(
      4,
      4,
      Array.from({ length: 16 }, (_, i) => i / 15),
    );
    const colour = difference(frame, grey(4, 4, new Array(16).fill(0.5)));
    for (const images of [
      [frame, frame, frame],
      [colour, colour, colour],
    ]) {
      const bytes = encodeGif(images);
      expect(new TextDecoder().decode(bytes.subarray(0, 6))).toBe('GIF89a');
      expect(bytes.filter((byte, i) => byte === 0x21 && bytes[i + 1] === 0xf9 && bytes[i + 2] === 4)).toHaveLength(3);
    }
  });

  it('says what is wrong with a film', () => {
    expect(() => encodeGif([])).toThrow('encodeGif: a film has at least 1 picture, got 0.');
    expect(() => encodeGif([grey(1, 1, [0]), grey(2, 1, [0, 0])])).toThrow(
      'encodeGif: picture 1 is 2 × 1, but picture 0 is 1 × 1; a film has one size.',
    );
  });
});
