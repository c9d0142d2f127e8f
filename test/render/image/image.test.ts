// Specification of render/image: PNG, tensors, sRGB, pictures for reports, GIF.

import { encode } from 'fast-png';
import { zlibSync } from 'fflate';
import { checkGradient } from 'retrograde/adjoint';
import { stack } from 'retrograde/kernel';
import {
  beside,
  decodePng,
  difference,
  encodeGif,
  encodePng,
  enlarged,
  falseColours,
  fromSrgb,
  grey as greyOf,
  type Image,
  imageOf,
  imagesOf,
  imageTensor,
  inColour,
  opaque,
  panels,
  toSrgb,
} from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { mulberry32 } from '../../util/random.ts';

const random = (count: number, low: number, high: number, seed: number): Float32Array => {
  const next = mulberry32(seed);
  return Float32Array.from({ length: count }, () => low + (high - low) * next());
};
const grey = (width: number, height: number, values: readonly number[]): Image => ({
  width,
  height,
  channels: 1,
  data: Float32Array.from(values),
});

const thrown = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

/** A PNG with a chunk more, at a byte: behind its head. */
function withChunk(png: Uint8Array, name: string, content: readonly number[], at = 33): Uint8Array {
  const body = [...name].map(c => c.charCodeAt(0)).concat(content);
  let crc = -1;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const word = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  return Uint8Array.from([
    ...png.subarray(0, at),
    ...word(content.length),
    ...body,
    ...word(~crc),
    ...png.subarray(at),
  ]);
}

describe('PNG', () => {
  it('comes back as it went in, to 8 bits', () => {
    const image = grey(3, 2, [0, 0.2, 0.4, 0.6, 0.8, 1]);
    const back = decodePng(encodePng(image));
    const file = encodePng(image);
    const within = Uint8Array.of(0, ...file, 0).subarray(1, file.length + 1);
    for (const same of [file.buffer, within]) expect(decodePng(same)).toEqual(back);
    expect([back.width, back.height]).toEqual([3, 2]);
    back.data.forEach((value, i) => {
      expect(value).toBeCloseTo(image.data[i], 6); // fifths are whole bytes
    });
  });

  it('comes back to 16 bits, with colours and opacity', () => {
    for (const channels of [1, 2, 3, 4] as const) {
      const image: Image = { width: 2, height: 3, channels, data: random(6 * channels, 0, 1, channels) };
      const back = decodePng(encodePng(image, { bits: 16 }));
      expect(back.channels).toBe(channels);
      back.data.forEach((value, i) => {
        expect(Math.abs(value - image.data[i])).toBeLessThan(0.51 / 65535);
      });
    }
  });

  it('reads palettes, packed bits and a transparent colour', () => {
    const palette: [number, number, number][] = [
      [255, 0, 0],
      [0, 51, 0],
    ];
    const indexed = encode({ width: 3, height: 1, data: Uint8Array.of(0b01000000), channels: 1, depth: 1, palette });
    expect(decodePng(indexed)).toEqual({
      width: 3,
      height: 1,
      channels: 3,
      data: Float32Array.of(1, 0, 0, 0, 0.2, 0, 1, 0, 0),
    });
    const bits = encode({ width: 3, height: 2, data: Uint8Array.of(0b01101100, 0b11000000), channels: 1, depth: 2 });
    expect(decodePng(bits).data.map(v => 3 * v)).toEqual(Float32Array.of(1, 2, 3, 3, 0, 0));
    const keyed = withChunk(
      encode({ width: 2, height: 1, data: Uint8Array.of(0, 255), channels: 1, depth: 8 }),
      'tRNS',
      [0, 255],
    );
    expect(decodePng(keyed)).toEqual({ width: 2, height: 1, channels: 2, data: Float32Array.of(0, 1, 1, 0) });
    const [lead, tail] = [bits.subarray(0, 8), bits.subarray(33)]; // around the header
    const unexplained = withChunk(
      Uint8Array.from([...lead, ...tail]),
      'IHDR',
      [0, 0, 0, 3, 0, 0, 0, 2, 2, 3, 0, 0, 0],
      8,
    );
    expect(() => decodePng(unexplained)).toThrow('numbers of colours, but there is no palette');
  });

  it.each([8, 16] as const)('reads interlaced pictures of %i bits, which come in seven passes', bits => {
    const [width, height] = [11, 6];
    const image: Image = { width, height, channels: 3, data: random(3 * width * height, 0, 1, bits) };
    const top = 2 ** bits - 1;
    const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]; // biome-ignore format: a table
    const rows = passes.flatMap(([x0, y0, dx, dy]) => {
      const row = (y: number): number[] => {
        const list: number[] = [];
        for (let x = x0; x < width; x += dx)
          for (let c = 0; c < 3; c++) {
            const value = Math.round(top * image.data[3 * (y * width + x) + c]);
            list.push(...(bits === 8 ? [value] : [value >> 8, value & 255]));
          }
        return x0 < width ? [0, ...list] : [];
      };
      const list: number[] = [];
      for (let y = y0; y < height; y += dy) list.push(...row(y));
      return list;
    });
    const empty = encode({ width: 1, height: 1, channels: 3, depth: 8, data: new Uint8Array(3) });
    const head = [0, 0, 0, width, 0, 0, 0, height, bits, 2, 0, 0, 1];
    const start = empty.subarray(0, 8);
    const chunks = [['IEND', []], ['IDAT', [...zlibSync(Uint8Array.from(rows))]], ['IHDR', head]] as const; // biome-ignore format: a table
    const file = chunks.reduce((png, [name, content]) => withChunk(png, name, content, 8), start);
    const back = decodePng(file);
    expect([back.width, back.height, back.channels]).toEqual([width, height, 3]);
    back.data.forEach((value, i) => {
      expect(Math.abs(value - image.data[i])).toBeLessThan(0.51 / top);
    });
  });

  it('says of other files what they are', () => {
    const file = (...bytes: number[]): Uint8Array => Uint8Array.from([...bytes, ...new Array(40).fill(0)]);
    const kinds = [[0xff, 0xd8, 0xff, 0xe0], [...'GIF89a'].map(c => c.charCodeAt(0)), [0x76, 0x2f, 0x31, 1]]; // biome-ignore format: a table
    expect(kinds.map(bytes => thrown(() => decodePng(file(...bytes))))).toEqual([
      'decodePng: the file is JPEG, not PNG; read it with decodeJpeg or decodeImage.',
      'decodePng: the file is GIF, not PNG; save it as PNG.',
      'decodePng: the file is OpenEXR, not PNG; read it with decodeExr.',
    ]);
    const packed = encode({ width: 3, height: 2, data: Uint8Array.of(0, 0), channels: 1, depth: 2 });
    packed[28] = 1;
    expect(thrown(() => decodePng(packed))).toBe(
      'decodePng: the picture is interlaced and has 2 bits a sample; save it without interlacing, or with 8 bits.',
    );
  });

  it('refuses what is not a whole PNG, wherever it breaks', () => {
    const whole = encodePng({ width: 5, height: 4, channels: 3, data: random(60, 0, 1, 7) });
    for (let length = 0; length < whole.length; length++)
      expect(() => decodePng(whole.subarray(0, length))).toThrow(/^decodePng: the \d+ bytes are no whole PNG/);
    for (let at = 8; at < whole.length; at++) {
      const flipped = whole.slice();
      flipped[at] ^= 1 << (at % 8);
      expect(() => decodePng(flipped)).toThrow(SyntaxError);
    }
  });

  it('refuses pictures and options that are none', () => {
    expect(() => encodePng({ width: 2, height: 2, channels: 1, data: new Float32Array(3) })).toThrow(
      'encodePng: 3 numbers are no picture of 2 × 2 with 1 channels; it has 4.',
    );
    expect(() => encodePng(grey(1, 1, [0]), { bits: 4 as 8 })).toThrow('a channel is to have 4 bits; give 8 or 16');
    expect(() => encodePng(grey(1, 1, [0]), { depth: 16 } as object)).toThrow("there is no option 'depth'");
  });
});

describe('pictures', () => {
  it('are tensors and pictures again', async () => {
    const image: Image = { width: 3, height: 2, channels: 4, data: random(24, -1, 2, 1) };
    const values = imageTensor(image, { device: cpu64 });
    expect(values.shape).toEqual([2, 3, 4]);
    expect(await imageOf(values)).toEqual(image);
    expect(await imagesOf(stack([values, values.mul(2)]))).toEqual([
      image,
      { ...image, data: image.data.map(v => 2 * v) },
    ]);
    await expect(imageOf(values.reshape([6, 4]))).rejects.toThrow('give [height, width, channels]');
    await expect(imageOf(values.reshape([1, 2, 12]))).rejects.toThrow('imageOf: there are 12 channels');
  });

  it('lose opacity over a background, and colours to grey', () => {
    const image: Image = { width: 2, height: 1, channels: 4, data: Float32Array.of(1, 0.5, 0, 0.5, 0, 0, 0, 1) };
    expect(opaque(image, [0, 0, 1]).data).toEqual(Float32Array.of(0.5, 0.25, 0.5, 0, 0, 0));
    expect(greyOf(image).data).toEqual(Float32Array.of(0.75, 0));
    expect(inColour({ width: 1, height: 1, channels: 2, data: Float32Array.of(0.5, 0.25) }).data).toEqual(
      Float32Array.of(0.5, 0.5, 0.5, 0.25),
    );
  });

  it('stand side by side, and show differences in red and blue', () => {
    const [a, b] = [grey(1, 1, [0]), grey(1, 1, [1])];
    expect([...beside([a, b]).data]).toEqual([0, 1]);
    expect([...difference(a, b).data]).toEqual([1, 0, 0]);
    expect([...difference(b, a).data]).toEqual([0, 0, 1]);
    expect(beside([a, difference(a, b)]).channels).toBe(3);
    expect([...difference(inColour(a), inColour(b)).data]).toEqual([0, 0, 0]);
    expect(() => difference(a, grey(2, 1, [0, 0]))).toThrow('difference: pictures are 1 × 1 × 1 and 2 × 1 × 1');
  });

  it('stand in rows with labels, enlarged by whole numbers', () => {
    const small = grey(2, 2, [0, 1, 1, 0]);
    const sheet = panels([[{ image: small, label: 'Ab' }, { image: small }], [{ image: small }]], {
      gap: 4,
      height: 7,
    });
    expect([sheet.width, sheet.height, sheet.channels]).toEqual([4 + 24 + 4 + 6 + 4, 4 + 18 + 6 + 4 + 6 + 4, 3]);
    const at = (x: number, y: number): number => sheet.data[3 * (y * sheet.width + x)];
    expect([at(4, 22), at(6, 22), at(7, 22), at(7, 25), at(4 + 24 + 4, 22)]).toEqual([0, 0, 1, 0, 0]);
    const dark = (y: number): number => Array.from({ length: 24 }, (_, x) => at(4 + x, y)).filter(v => v === 0).length;
    expect([4, 8, 10].map(dark)).toEqual([2 * (3 + 1), 2 * (2 + 3), 2 * (5 + 3)]); // rows 0, 2 and 3 of A and b
    const pair = (first: Image) => [{ image: first }, { image: small }];
    const aligned = panels([pair(grey(5, 1, [1, 1, 1, 1, 1])), pair(small), [{ image: small }]], { gap: 1 });
    const darkest = Array.from({ length: aligned.width }, (_, x) =>
      Math.min(...Array.from({ length: aligned.height }, (_, y) => aligned.data[3 * (y * aligned.width + x)])),
    );
    expect(darkest).toEqual([1, 0, 0, 1, 1, 1, 1, 0, 0, 1]);
    expect(() => panels([[]])).toThrow('panels: there is no picture');
    expect(() => enlarged(small, 0.5)).toThrow('enlarged: a pixel is to be 0.5 pixels wide');
  });

  it('show numbers in colours, what is none in grey', () => {
    const { data } = falseColours(grey(3, 1, [2, 4, Number.NaN]), {
      colours: [
        [0, 0, 0],
        [1, 0.5, 0],
      ],
    });
    expect([...data]).toEqual([0, 0, 0, 1, 0.5, 0, 0.5, 0.5, 0.5]);
    expect(() => falseColours(inColour(grey(1, 1, [0])))).toThrow('falseColours: the picture has 3 channels');
  });
});

describe('sRGB', () => {
  it('is its standard, both ways, of pictures and tensors; opacity stays', async () => {
    const image: Image = {
      width: 4,
      height: 1,
      channels: 2,
      data: Float32Array.of(0.02, 0.3, 0.5, 0.3, 1, 0.3, -0.5, 0.3),
    };
    const light = fromSrgb(image);
    const expected = [0.02 / 12.92, 0.3, 0.21404114, 0.3, 1, 0.3, -0.21404114, 0.3];
    light.data.forEach((value, k) => {
      expect(value).toBeCloseTo(expected[k], 7);
    });
    const values = imageTensor(image, { device: cpu64 });
    const curved = fromSrgb(values);
    (await curved.read()).forEach((value, k) => {
      expect(value).toBeCloseTo(expected[k], 7);
    });
    (await toSrgb(curved).read()).forEach((value, k) => {
      expect(value).toBeCloseTo(image.data[k], 12);
    });
    toSrgb(light).data.forEach((value, k) => {
      expect(value).toBeCloseTo(image.data[k], 6);
    });
    await checkGradient((x: typeof values) => toSrgb(fromSrgb(x).mul(0.7)).square().sum(), values);
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
    expect(() => encodeGif([])).toThrow('encodeGif: the film is []; give a list of at least one picture.');
    expect(() => encodeGif([grey(1, 1, [0]), grey(2, 1, [0, 0])])).toThrow(
      'encodeGif: picture 1 is 2 × 1, but picture 0 is 1 × 1; a film has one size.',
    );
  });
});
