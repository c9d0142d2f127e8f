// NumPy's files: what NumPy wrote, what we write, and what is refused.

import { type NumberArray, readNpy, readNpz, writeNpy, writeNpz } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';
import numpy from './reference/numpy.json' with { type: 'json' };

const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), sign => sign.charCodeAt(0));
const plain = ({ shape, values }: NumberArray) => [shape, Array.from(values)];

describe('arrays that NumPy wrote', () => {
  it.each([
    ['f8', [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]],
    ['fortran', [2, 3], [0, 1, 2, 3, 4, 5]],
    ['i64', [2, 3], [-3, -2, -1, 0, 1, 2]],
    ['f16', [2], [0.5, -2]],
    ['bool', [2], [1, 0]],
    ['scalar', [], [2.5]],
    ['empty', [0, 3], []],
    ['cube', [2, 3, 4], Array.from({ length: 24 }, (_, k) => k)],
  ] as const)('are read: %s', (name, shape, values) => {
    expect(plain(readNpy(bytes(numpy[name])))).toEqual([shape, values]);
  });

  it('are read by name from an .npz', () => {
    const { u, t } = readNpz(bytes(numpy.npz));
    expect([plain(u), plain(t)]).toEqual([
      [
        [2, 3],
        [0, 1, 2, 3, 4, 5],
      ],
      [[], [0.25]],
    ]);
  });
});

describe('tensors', () => {
  it.each([
    ['f32', cpu32, Float32Array],
    ['f64', cpu64, Float64Array],
  ] as const)('come back from files with their bits: %s', async (_, device, words) => {
    const given = tensor([1 / 3, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-40, 7], [3, 1, 2], { device });
    const { shape, values } = readNpy(await writeNpy(given));
    expect(values).toBeInstanceOf(words);
    expect([shape, values]).toEqual([[3, 1, 2], await given.read()]);
    const packed = readNpz(await writeNpz({ given, steps: { shape: [2], values: Int32Array.of(-1, 5) } }));
    expect(packed.given.values).toEqual(await given.read());
    expect(packed.steps).toEqual({ shape: [2], values: Int32Array.of(-1, 5) });
  });

  it('begin their words at a multiple of 64 bytes, as NumPy asks', async () => {
    const file = await writeNpy({ shape: [3], values: Float32Array.of(1, 2, 3) });
    expect((file.length - 12) % 64).toBe(0);
  });
});

describe('what is refused', () => {
  it.each([
    [
      'other files',
      () => readNpy(new Uint8Array(10)),
      'readNpy: 10 bytes are no .npy; it would begin with \\x93NUMPY.',
    ],
    ['complex numbers', () => readNpy(bytes(numpy.complex)), "readNpy: its words are '<c16'; save real numbers"],
    ['big-endian words', () => readNpy(bytes(numpy.bigEndian)), "readNpy: its words are '>f4'; save real numbers"],
    ['text', () => readNpy(bytes(numpy.text)), "readNpy: its words are '<U1'; save real numbers"],
    ['a file cut short', () => readNpy(bytes(numpy.f8).subarray(0, 150)), 'cut short'],
    ['a header cut short', () => readNpy(bytes(numpy.f8).subarray(0, 40)), 'readNpy: '],
    ['an .npz cut short', () => readNpz(bytes(numpy.npz).subarray(0, 90)), 'readNpz: 90 bytes are no .npz'],
  ])('%s', (_, read, message) => {
    expect(read).toThrow(SyntaxError);
    expect(read).toThrow(message);
  });

  it('numbers that do not fill their shape', async () => {
    await expect(writeNpy({ shape: [2, 2], values: Float32Array.of(1) })).rejects.toThrow(
      'writeNpy: 1 numbers do not fill the shape [2, 2].',
    );
  });
});
