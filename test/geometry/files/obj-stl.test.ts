// Specification of mesh files: what is written is read again; polygons, numbering from the end, loose triangles; broken files name the line.

import {
  boxMesh,
  icosphere,
  massOfMesh,
  readMtl,
  readObj,
  readStl,
  writeMtl,
  writeObj,
  writeStl,
} from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { dressedQuad, numbersOf } from './surfaces.ts';

const on = { device: cpu64 };
const volume = (mesh: Parameters<typeof massOfMesh>[0]): Promise<number> => massOfMesh(mesh, 1).mass.item();

describe('OBJ', () => {
  it('is read from text and from bytes alike', async () => {
    const text = 'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3';
    const vertices = await readObj(new TextEncoder().encode(text)).vertices.read();
    expect(vertices).toEqual(await readObj(text).vertices.read());
  });

  it('is read as it was written, bit for bit', async () => {
    const sphere = icosphere(0.7, 1, on);
    const again = readObj(await writeObj(sphere), on);
    expect(await again.vertices.read()).toEqual(await sphere.vertices.read());
    expect(again.triangles.corners).toEqual(sphere.triangles.corners);
  });

  it('has polygons, numbers from the end, textures and normals, lines that go on, and more', async () => {
    const notes: string[] = [];
    const cube = readObj(
      `# a cube
      mtllib none.mtl\r
      o cube
      v 0 0 0 1 0.5 0.5
      v 1 0 0\nv 1 1 0\nv 0 1 0\nv 0 0 1\nv 1 0 1\nv 1 1 1\nv 0 1 1 # the last
      vt 0 0\nvn 0 0 1
      f 4/1/1 3/1/1 2/1/1 1/1/1
      f -4 -3 -2 -1
      f 1//1 2//1 6//1 5//1\nf 2 3 7 \\
        6
      f 3/1 4/1 8/1 7/1\nf 4 1 5 8
      l 1 2`,
      { ...on, explain: note => notes.push(note) },
    );
    expect(cube.triangles.size).toBe(12);
    expect(await volume(cube)).toBeCloseTo(1, 12);
    expect(notes).toEqual([
      'readObj: passed over 1 × mtllib, 1 × o, 1 × l, 1 × colour of a vertex, which not all have.',
      'readObj: 24 of 36 corners have no uv; theirs are zeros.',
      'readObj: 24 of 36 corners have no normal; theirs are zeros.',
    ]);
  });

  it.each(['x', 'y', 'z'])('cuts concave polygons in their plane, across %s', async axis => {
    const turn = (p: readonly number[]): number[] => ({ x: [p[2], p[0], p[1]], y: [p[1], p[2], p[0]], z: [...p] })[axis] as number[];
    const outline = [[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]]; // a U of area 7
    const n = outline.length;
    const points = [0, 2].flatMap(z => outline.map(([x, y]) => turn([x, y, z])));
    const sides = outline.map((_, k) => [k, (k + 1) % n, n + ((k + 1) % n), n + k]);
    const caps = [outline.map((_, k) => n - 1 - k), outline.map((_, k) => n + k)];
    const text = [...points.map(p => `v ${p.join(' ')}`), ...[...sides, ...caps].map(f => `f ${f.map(c => c + 1).join(' ')}`)];
    expect(await volume(readObj(text.join('\n'), on))).toBeCloseTo(14, 10);
  }); // biome-ignore format: tables

  it('has polygons that repeat corners, or lie on a line', () => {
    const points = 'v 0 0 0\nv 1 0 0\nv 2 0 0\nv 2 2 0\nv 1 1 0\n'; // the last in the way of a cut from the first to the third
    const cut = (polygon: string): string => readObj(`${points}f ${polygon}`, on).triangles.corners.join(' ');
    expect(cut('1 3 4 4')).toBe('0 2 3');
    expect(cut('1 1 3 3 4 1')).toBe('2 3 0');
    expect(cut('3 4 5 1')).toBe('2 3 4 2 4 0');
    expect(cut('1 2 3 2')).toBe('0 1 2 0 2 1');
    expect(cut('1 1 1 2')).toBe('');
  });

  it.each([
    ['v 1 2', "line 1 has a vertex '1 2'; it must be three numbers"],
    ['v 1 2 x', "line 1 has a vertex '1 2 x'"],
    ['v 0 0 0\n\nf 1 2 3', "line 3 has a corner '2', but there are 1 vertices before it"],
    ['v 0 0 0\nf 0 1 1', "line 2 has a corner '0'"],
    ['v 0 0 0\nf 1 1', 'line 2 has a polygon with 2 corners'],
    ['v 0 0 0\nv 1 1 0\nv 1 0 0\nv 0 1 0\nf 1 2 3 4', 'line 5 has a polygon of 4 corners that crosses itself'],
    ['vt a b', "line 1 has a texture place 'a b'; it must be two numbers"],
    ['vn 1 2', "line 1 has a normal '1 2'; it must be three numbers"],
    ['v 0 0 0 1 x 1', "line 1 has a colour '1 x 1'"],
    ['v 0 0 0\nvt 0 0\nf 1/1 1/2 1/1', "line 3 has a corner '1/2', but there are 1 texture places before it"],
    ['v 0 0 0\nf 1//1 1 1', "line 2 has a corner '1//1', but there are 0 normals before it"],
    ['v 0 0 0\nf 1/1/1/1 1 1', "line 2 has a corner '1/1/1/1'"],
    ['surf 0 1 0 1 1 2', "line 1 begins with 'surf', which is not read"],
    ['not a mesh at all', "line 1 begins with 'not'"],
  ])('refuses %s', (text, message) => expect(() => readObj(text, on)).toThrow(message)); // biome-ignore format: a table
});

describe('OBJ with materials', () => {
  it('is read as it was written, seams and all', async () => {
    const [text, mtl] = [await writeObj(dressedQuad, { mtllib: 'quad.mtl' }), writeMtl(dressedQuad.materials ?? [])];
    const notes: string[] = [];
    const again = readObj(text, { ...on, materials: mtl, explain: note => notes.push(note) });
    const written = await numbersOf(dressedQuad);
    const [gold, wood] = [dressedQuad.materials![1], dressedQuad.materials![0]];
    expect(await numbersOf(again)).toEqual({ ...written, materials: [gold, wood], materialOf: [0, 1] }); // as they are used
    expect(text.split('\n')[0]).toBe('mtllib quad.mtl');
    expect(notes).toEqual([]);
  });

  it('has plain ones for those that are not described, and for triangles without', () => {
    const text = 'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nusemtl a b\nf 1 2 3\nusemtl c\nf 1 2 3\nusemtl a b\nf 3 2 1';
    const notes: string[] = [];
    const mesh = readObj(text, { ...on, materials: 'newmtl c\nKd 1 0 0', explain: note => notes.push(note) });
    expect([...mesh.materialOf!]).toEqual([2, 0, 1, 0]);
    expect(mesh.materials!.map(({ name, baseColour }) => [name, baseColour])).toEqual([
      ['a b', [0.8, 0.8, 0.8, 1]],
      ['c', [1, 0, 0, 1]],
      ['', [0.8, 0.8, 0.8, 1]],
    ]);
    expect(notes).toEqual(["readObj: the materials have no 'a b'; plain grey stands for it."]);
    expect(readObj(text, on).materials!.length).toBe(3);
  });

  it('reads what MTL says, and tells the rest', () => {
    const notes: string[] = [];
    const [one, two] = readMtl(
      `# two
      newmtl one\n Kd 0.5\n Ks 1 1 1\n Ns 30\n illum 2\n Tr 0.25\n map_Kd -s 2 2 -clamp on my wood.png\n map_Bump b.png
      newmtl two\n Ns 30\n Pr 0.5\n Pm 1\n Ke 1 2 3`,
      note => notes.push(note),
    );
    expect(one).toEqual({
      ...{ name: 'one', baseColour: [0.5, 0.5, 0.5, 0.75], specular: [1, 1, 1], exponent: 30, metallic: 0 },
      ...{ roughness: 0.5, baseTexture: { name: 'my wood.png' } }, // 2 / (30 + 2) = 1/16
    });
    expect([two.roughness, two.metallic, two.emission]).toEqual([0.5, 1, [1, 2, 3]]);
    expect(notes).toEqual(['readMtl: passed over 1 × illum, 1 × map_Kd -s, 1 × map_Kd -clamp, 1 × map_Bump.']);
  });

  it.each([
    ['Kd 1 1 1', "readMtl: line 1 begins with 'Kd' before any 'newmtl'."],
    ['newmtl a\nKd 1 1', "readMtl: line 2 has 'Kd 1 1'; 'Kd' takes three numbers from 0."],
    ['newmtl a\nNs -1', "readMtl: line 2 has 'Ns -1'; 'Ns' takes a number from 0."],
    ['newmtl a\nmap_Kd -s 1 1 1', "readMtl: line 2 names no texture; 'map_Kd' ends in a file's name."],
  ])('refuses %s', (text, message) => expect(() => readMtl(text)).toThrow(message)); // biome-ignore format: a table

  it('refuses materials that are none', async () => {
    await expect(writeObj({ ...dressedQuad, materialOf: Uint32Array.of(0, 2) })).rejects.toThrow(
      'writeObj: a triangle has material 2, but there are 2 materials.',
    );
    await expect(writeObj({ ...dressedQuad, materialOf: Uint32Array.of(0) })).rejects.toThrow(
      "writeObj: there are 1 'materialOf' for 2 triangles.",
    );
    const colour = {
      values: tensor([1, 0, 0, 0, 1, 0], [2, 3], on),
      corners: tensor(Uint32Array.of(0, 0, 0, 1, 1, 1), [2, 3], on),
    };
    await expect(writeObj({ ...dressedQuad, colour })).rejects.toThrow('writeObj: vertex 0 has several colours');
  });
});

describe('STL', () => {
  it('is read as it was written, to single precision, and hangs together again', async () => {
    const box = boxMesh([1, 2, 3], on);
    const again = readStl(await writeStl(box), on);
    expect(again.triangles.isClosed).toBe(true);
    expect(again.vertices.shape).toEqual([8, 3]);
    expect(await volume(again)).toBeCloseTo(48, 10);
  });

  it('is read as text too; triangles of no area are left out, and told', async () => {
    const facet = (...points: readonly string[]): string =>
      `facet normal 0 0 0\n outer loop\n${points.map(p => `  vertex ${p}\n`).join('')} endloop\nendfacet\n`;
    const [o, x, y, z] = ['0 0 0', '1e0 0 0', '0 1 -0', '0 0 1'];
    const text = `solid one\n${facet(o, y, x)}${facet(o, x, z)}${facet(o, z, y)}${facet(x, y, z)}${facet(o, o, x)}endsolid one\n`;
    const notes: string[] = [];
    const mesh = readStl(new TextEncoder().encode(text), { ...on, explain: note => notes.push(note) });
    expect(await volume(mesh)).toBeCloseTo(1 / 6, 12);
    expect(notes).toEqual(['readStl: 1 of 5 triangles have corners in the same place and are left out.']);
  });

  it('is text in any case, on any lines, several solids after one another', async () => {
    const facet = 'facet normal 0 0 1 outer loop vertex 0 0 0 vertex 1 0 0 vertex 0 1 0 endloop endfacet';
    const text = `solid a vertex ${facet} endsolid a vertex\nSOLID ${facet.replaceAll('vertex 0 1', 'vertex 0 2').toUpperCase()}\nEndSolid`;
    expect([...(await readStl(text, on).vertices.read())]).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 2, 0]);
  });

  it('welds what is nearly in the same place, if asked to', () => {
    const text = `solid\n facet normal 0 0 1\n outer loop\n vertex 0 0 0\n vertex 1 0 0\n vertex 0 1 0\n endloop\n endfacet
      facet normal 0 0 1\n outer loop\n vertex 1.0001 0 0\n vertex 1 1 0\n vertex 0 1 0.0001\n endloop\n endfacet\nendsolid`;
    expect(readStl(text, on).vertices.shape).toEqual([6, 3]);
    expect(readStl(text, { ...on, weld: 0.01 }).vertices.shape).toEqual([4, 3]);
  });

  it.each<[string, Uint8Array | string, string]>([
    ['bytes cut short', new Uint8Array(100), '100 bytes are no STL: as bytes, 0 triangles would take 84'],
    ['nothing', new Uint8Array(0), '0 bytes are no STL'],
    ['other text', 'hello', "does not begin with 'solid'"],
    ['a facet of two', 'solid\nfacet\nvertex 0 0 0\nvertex 1 0 0\nendfacet', 'line 5 ends a facet of 2 vertices'],
    ['words for numbers', 'solid\nfacet\nvertex 0 zero 0', "line 3 has a vertex '0 zero 0'"],
    ['a facet cut short', 'solid\nfacet\nvertex 0 0 0', 'ends within a facet'],
    ['facets that lack others', 'solid\nfacet\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendfacet', "ends without 'endsolid'"],
    ['four numbers', 'solid\nfacet\nvertex 0 0 0 0', "line 3 has a vertex '0 0 0 0'"],
  ])('refuses %s', (_, data, message) => expect(() => readStl(data, on)).toThrow(message)); // biome-ignore format: a table
});
