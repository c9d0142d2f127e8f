// Specification of decodeJpeg and decodeImage: pictures that libjpeg has written, and read, through Pillow; kinds that are refused; broken files.

import { boxMesh, readGlb, writeGlb } from 'retrograde/geometry';
import { decodeImage, decodeJpeg, encodePng } from 'retrograde/render';
import { describe, expect, it } from 'vitest';
import references from './reference/jpeg.json' with { type: 'json' };

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const baseline = bytesOf(references['baseline, whole colours']!.file);

/** Where a segment begins. */
const segment = (bytes: Uint8Array, kind: number): number =>
  bytes.findIndex((byte, k) => byte === 0xff && bytes[k + 1] === kind);

const refusal = async (bytes: Uint8Array): Promise<string> =>
  decodeJpeg(bytes).then(
    () => '',
    (error: Error) => {
      expect(error).toBeInstanceOf(SyntaxError);
      return error.message;
    },
  );

describe('decodeJpeg', () => {
  it.each(Object.entries(references))('reads %s as libjpeg does', async (_, { file, bytes, ...shape }) => {
    const { data, ...picture } = await decodeJpeg(bytesOf(file));
    expect(picture).toEqual(shape);
    const wanted = bytesOf(bytes);
    expect(data.length).toBe(wanted.length);
    const off = Math.max(...data.map((value, k) => Math.abs(255 * value - wanted[k]!)));
    const bias = data.reduce((sum, value, k) => sum + 255 * value - wanted[k]!, 0) / data.length;
    expect(Math.abs(bias)).toBeLessThan(0.25); // nothing is cut off to whole bytes
    expect(off).toBeLessThan(3.5); // brightness and a difference of colours may each be rounded otherwise: 1 + 1.8, and the sum
  });

  it('takes components for red, green, blue where a segment says so', async () => {
    const { data: coloured } = await decodeJpeg(baseline);
    const adobe = [0xff, 0xee, 0, 14, ...[...'Adobe'].map(c => c.charCodeAt(0)), 0, 100, 0, 0, 0, 0, 0];
    const { data } = await decodeJpeg(Uint8Array.from([...baseline.subarray(0, 2), ...adobe, ...baseline.subarray(2)]));
    for (let k = 0; k < data.length; k += 3) {
      const [r, g, b] = coloured.subarray(k, k + 3);
      if (Math.min(r!, g!, b!) > 0 && Math.max(r!, g!, b!) < 1)
        expect(Math.abs(data[k]! - (0.299 * r! + 0.587 * g! + 0.114 * b!))).toBeLessThan(0.008);
    }
  });

  it('refuses what is cut short, wherever', async () => {
    for (let length = 0; length < baseline.length; length += 7)
      expect(await refusal(baseline.subarray(0, length))).toMatch(/^decodeJpeg: the/);
  });

  it('says what it does not read', async () => {
    const frame = segment(baseline, 0xc0);
    const changed = (at: number, ...values: number[]): Uint8Array => {
      const copy = Uint8Array.from(baseline);
      copy.set(values, at);
      return copy;
    };
    expect(await refusal(changed(frame + 1, 0xc9))).toBe(
      'decodeJpeg: the picture has arithmetic coding, which is not read; save it as PNG.',
    );
    expect(await refusal(changed(frame + 4, 12))).toBe(
      'decodeJpeg: the picture has 12 bits a sample, which is not read; save it as PNG.',
    );
    expect(await refusal(changed(frame + 5, 0xff, 0xff, 0xff, 0xff))).toContain('65535 × 65535 pixels do not fit');
    expect(await refusal(changed(frame + 5, 0, 0))).toBe('decodeJpeg: the picture is 19 × 0; it has no pixels.');
  });
});

describe('decodeImage', () => {
  it('reads textures of a surface’s file, PNG or JPEG', async () => {
    const grey = { width: 2, height: 1, channels: 1, data: Float32Array.of(0, 1) } as const;
    const files = { 'image/png': encodePng(grey), 'image/jpeg': baseline };
    for (const [type, bytes] of Object.entries(files)) {
      const material = { name: 'wood', baseColour: [1, 1, 1, 1], roughness: 1, metallic: 0 } as const;
      const box = { ...boxMesh(), materials: [{ ...material, baseTexture: { name: '', type, bytes } }] };
      const { materials } = await readGlb(await writeGlb(box));
      const { width } = await decodeImage(materials![0]!.baseTexture!.bytes!);
      expect(width).toBe(type === 'image/png' ? 2 : 19);
    }
    await expect(decodeImage(Uint8Array.of(0x47, 0x49, 0x46, 0x38))).rejects.toThrow('the file is GIF, not PNG');
  });
});
