// Specification of PLY: all formats, any order of properties, what a face has at its corners; broken files name the line or the byte.

import { readPly, type Surface, writePly } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { mulberry32 } from '../../util/random.ts';
import { dressedQuad, numbersOf } from './surfaces.ts';

const on = { device: cpu64 };
const formats = ['ascii', 'binary_little_endian', 'binary_big_endian'] as const;

describe.each(formats)('PLY, %s', format => {
  it('is read as it was written', async () => {
    const notes: string[] = [];
    const again = readPly(await writePly(dressedQuad, format), { ...on, explain: note => notes.push(note) });
    expect(await numbersOf(again)).toEqual({
      ...(await numbersOf(dressedQuad)),
      materials: undefined,
      materialOf: undefined,
    });
    expect(notes).toEqual([]);
  });

  it('says what is wrong, wherever the file is cut or changed, and never hangs', async () => {
    const whole = await writePly(dressedQuad, format);
    for (let length = 0; length < whole.length - 1; length++)
      expect(() => readPly(whole.subarray(0, length), on), `${length}`).toThrow(
        /^readPly: (line|byte|the header|there are no)/,
      );
    const next = mulberry32(5);
    for (let k = 0; k < 300; k++) {
      const changed = whole.slice();
      for (let n = 0; n < 3; n++) changed[Math.floor(next() * whole.length)] = Math.floor(256 * next());
      try {
        readPly(changed, on);
      } catch (error) {
        expect((error as Error).message).toMatch(/^(readPly|Triangles): .*\.$/);
      }
    }
  });
});

describe('PLY', () => {
  it('has properties in any order, elements that nobody asked for, and whole numbers for colours', async () => {
    const text = `ply\r
format ascii 1.0
comment by hand
element light 2
property float power
property list uchar int which
element face 1
property uchar flags
property list uchar int vertex_index
element vertex 4
property uchar red
property float z
property uint8 green
property double x
property uchar blue
property float confidence
property float y
end_header
1 2 7 8
0.5 0
3 4 0 1 2 3
255 0 0 0 0 1 0
255 0 51 2 0 1 0 255 0 0 2 0
1 1
255 0 0 0 255 1 1`;
    const notes: string[] = [];
    const quad = readPly(text, { ...on, explain: note => notes.push(note) });
    expect([...(await quad.vertices.read())]).toEqual([0, 0, 0, 2, 0, 0, 2, 1, 0, 0, 1, 0]);
    expect(quad.triangles.size).toBe(2);
    expect([...(await quad.colour!.values.read())].map(v => 5 * v)).toEqual([5, 0, 0, 5, 1, 0, 5, 0, 0, 5, 0, 5]);
    expect(notes).toEqual(['readPly: passed over 2 × light, face.flags, vertex.confidence.']);
  });

  it('may be points alone', () => {
    const points = readPly(
      'ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3',
      on,
    );
    expect([points.vertices.shape, points.triangles.size]).toEqual([[1, 3], 0]);
  });

  it('may be strips of triangles, every second turned round', () => {
    const head =
      'ply\nformat ascii 1.0\nelement vertex 5\nproperty float x\nproperty float y\nproperty float z\nelement tristrips 1\nproperty list int int vertex_indices\nend_header';
    const { triangles } = readPly(`${head}\n${'0 0 0\n'.repeat(5)}9 0 1 2 3 -1 4 3 2 1`, on);
    expect([...triangles.corners]).toEqual([0, 1, 2, 2, 1, 3, 4, 3, 2, 2, 3, 1]);
  });

  const xyz = 'property float x\nproperty float y\nproperty float z';
  const body = (faces: string): string =>
    `ply\nformat ascii 1.0\nelement vertex 3\n${xyz}\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n${faces}`;
  it.each<[string, string, string]>([
    ['another kind', 'solid', "line 1 is not 'ply'"],
    ['a format of the future', 'ply\nformat ascii 2.0\nend_header', 'line 2 is \'format ascii 2.0\'; formats are ascii'],
    ['no format', 'ply\nend_header', "the header has no 'format'"],
    ['a property of nothing', 'ply\nformat ascii 1.0\nproperty float x\nend_header', "line 3 is 'property float x'; it must be"],
    ['an unknown type', `ply\nformat ascii 1.0\nelement vertex 1\nproperty word x\nend_header`, "line 4 is 'property word x'"],
    ['a word of its own', 'ply\nformat ascii 1.0\nelephant\nend_header', "line 3 is 'elephant'; headers have"],
    ['no properties', 'ply\nformat ascii 1.0\nelement vertex 1\nend_header\n1', "the element 'vertex' has no properties"],
    ['too many', `ply\nformat ascii 1.0\nelement vertex 4000000\n${xyz}\nend_header\n1`, 'so many do not fit in'],
    ['a name twice', `ply\nformat ascii 1.0\nelement vertex 1\n${xyz}\nproperty float x\nend_header\n0 0 0 1`, "line 7 is 'property float x'; 'vertex' has one of that name already"],
    ['no vertices', 'ply\nformat ascii 1.0\nend_header', 'there are no vertices'],
    ['a word for a number', body('3 0 one 2'), "line 13: vertex_indices of face 0 of 1 is 'one'; it must be a number"],
    ['a corner out of range', body('3 0 1 3'), 'face 0 has a corner 3; vertices are 0 to 2'],
    ['a face of two', body('2 0 1'), 'face 0 has 2 corners, which make no polygon'],
    ['a long list', body('200 0 1 2'), 'line 13: the list vertex_indices of face 0 of 1 is to have 200 numbers'],
    ['no number for a place', body('3 0 1 2').replace('1 0 0', '1 nan 0'), 'readPly: vertex 1 is at NaN; coordinates are finite numbers'],
  ])('refuses %s', (_, text, message) => expect(() => readPly(text, on)).toThrow(message)); // biome-ignore format: a table

  it('refuses to write what it cannot hold', async () => {
    const normal = {
      values: tensor([0, 0, 1, 1, 0, 0], [2, 3], on),
      corners: tensor(Uint32Array.of(0, 0, 0, 1, 1, 1), [2, 3], on),
    };
    await expect(writePly({ ...dressedQuad, normal })).rejects.toThrow('writePly: vertex 0 has several normals');
    const wrong = (uv: object): Surface => ({ ...dressedQuad, uv: { ...dressedQuad.uv!, ...uv } });
    await expect(writePly(wrong({ values: tensor([1, 2, 3], [1, 3], on) }))).rejects.toThrow(
      "writePly: 'uv' has values of shape [1, 3]; give [n, 2].",
    );
    await expect(writePly(wrong({ corners: tensor(Uint32Array.of(0, 0, 0), [1, 3], on) }))).rejects.toThrow(
      "'uv' has corners of shape [1, 3], u32; there are 2 triangles: give [2, 3], u32.",
    );
    await expect(writePly(wrong({ corners: tensor(new Uint32Array(6).fill(9), [2, 3], on) }))).rejects.toThrow(
      "writePly: 'uv' has a corner 9, but rows are 0 to 4.",
    );
    await expect(writePly(dressedQuad, 'binary' as 'ascii')).rejects.toThrow("writePly: the format is 'binary'");
  });
});
