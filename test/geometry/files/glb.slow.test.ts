// Specification of GLB and glTF as text: what is written is read again; places of nodes, strips and fans, other types of numbers; what is passed over is told.

import { Accessor, Document, type Primitive, WebIO } from '@gltf-transform/core';
import { boxMesh, massOfMesh, readGlb, readGltf, type Surface, torusMesh, writeGlb } from 'retrograde/geometry';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../../util/devices.ts';
import { mulberry32 } from '../../util/random.ts';
import { dressedQuad, numbersOf } from './surfaces.ts';

const on = { device: cpu64 };
const png = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 1, 2, 3);
const picture = { name: 'wood.png', type: 'image/png', bytes: png };
const [wood, gold] = dressedQuad.materials!;
const quad: Surface = {
  ...dressedQuad,
  materials: [
    { ...wood, baseTexture: picture },
    { ...gold, metallicRoughnessTexture: picture },
  ],
};

/** A file of one primitive, set up by hand. */
async function fileOf(setUp: (document: Document, primitive: Primitive) => void): Promise<Uint8Array> {
  const document = new Document();
  document.createBuffer();
  const primitive = document.createPrimitive();
  document.createScene().addChild(document.createNode('it').setMesh(document.createMesh().addPrimitive(primitive)));
  setUp(document, primitive);
  return new WebIO().writeBinary(document);
}
const positions = (document: Document, numbers: readonly number[]): Accessor =>
  document
    .createAccessor()
    .setType(Accessor.Type.VEC3)
    .setArray(Float32Array.from(numbers))
    .setBuffer(document.getRoot().listBuffers()[0]);
const corner = [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1];

describe('GLB', () => {
  it('is read as it was written: seams, normals, colours, materials and their pictures', async () => {
    const notes: string[] = [];
    const again = await readGlb(await writeGlb(quad), { ...on, explain: note => notes.push(note) });
    const [first, second] = quad.materials!;
    const written = await numbersOf(quad);
    const read = await numbersOf(again);
    // Triangles come by material; each is the same.
    const byTriangle = (rows: unknown, channels: number, order: readonly number[]): number[] =>
      order.flatMap(t => (rows as number[]).slice(3 * channels * t, 3 * channels * (t + 1)));
    for (const [name, channels] of [['uv', 2], ['normal', 3], ['colour', 3]] as const)
      byTriangle(read[name], channels, [0, 1]).forEach((value, k) => {
        const given = byTriangle(written[name], channels, [1, 0]);
        const row = name === 'normal' ? given.slice(k - (k % 3), k - (k % 3) + 3) : [1];
        expect(value).toBeCloseTo(given[k] / Math.hypot(...row), 6);
      }); // biome-ignore format: a table
    expect(again.vertices.shape).toEqual([4, 3]);
    expect(again.materials).toEqual([{ ...first, exponent: undefined }, second].map(({ exponent, ...rest }) => rest));
    expect([...again.materialOf!]).toEqual([0, 1]);
    expect(notes).toEqual([]);
  });

  it('hangs together again: a box and a torus are closed, with their volume', async () => {
    for (const shape of [boxMesh([1, 2, 3], on), torusMesh(1, 0.25, 12, 8, on)]) {
      const again = await readGlb(await writeGlb(shape), on);
      expect(again.triangles.isClosed).toBe(true);
      expect(again.triangles.vertices).toBe(shape.triangles.vertices);
      expect(await massOfMesh(again, 1).mass.item()).toBeCloseTo(await massOfMesh(shape, 1).mass.item(), 5);
      expect(again.materials).toBeUndefined();
    }
  });

  it('has nodes in nodes, turned, scaled and mirrored', async () => {
    const document = await new WebIO().readBinary(await writeGlb(boxMesh([1, 1, 1], on)));
    const [node] = document.getRoot().listNodes();
    const outer = document.createNode().setTranslation([10, 0, 0]).setScale([2, -1, 1]).addChild(node);
    node.setRotation([0, 0, Math.SQRT1_2, Math.SQRT1_2]).setScale([1, 3, 1]).setTranslation([0, 0, 5]);
    document.getRoot().listScenes()[0].addChild(outer);
    const moved = await readGlb(await new WebIO().writeBinary(document), on);
    const { mass, com } = massOfMesh(moved, 1);
    expect(await mass.item()).toBeCloseTo(8 * 6, 4); // above 0: mirrored triangles are turned round
    expect([...(await com.read())]).toEqual([10, 0, 5].map(v => expect.closeTo(v, 5)));
    const [numbers, rows] = [await moved.normal!.values.read(), await moved.normal!.corners.read()];
    const points = await moved.vertices.read();
    moved.triangles.corners.forEach((v, k) => {
      const along = [0, 1, 2].reduce(
        (sum, c) => sum + numbers[3 * rows[k] + c] * (points[3 * v + c] - [10, 0, 5][c]),
        0,
      );
      expect(along).toBeGreaterThan(0.9); // outwards
    });
  });

  it('has strips, fans, plain lists, and whole numbers for colours', async () => {
    const shapes = await Promise.all(
      [5, 6, 4].map(mode =>
        fileOf((document, primitive) => {
          const colour = document
            .createAccessor()
            .setType('VEC4')
            .setNormalized(true)
            .setArray(Uint8Array.from({ length: 20 }, (_, k) => 51 * (k % 4)));
          const { POSITION } = { POSITION: positions(document, mode === 4 ? corner.slice(0, 9) : corner) };
          primitive.setMode(mode as 4).setAttribute('POSITION', POSITION);
          if (mode === 5) primitive.setAttribute('COLOR_0', colour.setBuffer(document.getRoot().listBuffers()[0]));
        }),
      ),
    );
    const [strip, fan, list] = await Promise.all(shapes.map(bytes => readGlb(bytes, on)));
    expect([...strip.triangles.corners]).toEqual([0, 1, 2, 1, 3, 2, 2, 3, 4]);
    expect([...fan.triangles.corners]).toEqual([0, 1, 2, 0, 2, 3, 0, 3, 4]);
    expect([...list.triangles.corners]).toEqual([0, 1, 2]);
    expect([...(await strip.colour!.values.read())].slice(0, 4)).toEqual(
      [0, 0.2, 0.4, 0.6].map(v => expect.closeTo(v, 6)),
    );
  });

  it('has positions of few bits, and rows that are changed afterwards', async () => {
    const content = Buffer.concat([
      Int8Array.of(0, 0, 0, 0, 127, 0, 0, 0, 0, 127, 0, 0), // normalised, a row every 4 bytes
      Uint16Array.of(2), Int8Array.of(0, -127, 0, 0, 0, 0),
    ].map(({ buffer }) => Buffer.from(buffer))); // biome-ignore format: a table
    const text = JSON.stringify({
      asset: { version: '2.0' },
      extensionsUsed: ['KHR_mesh_quantization', 'EXT_other'],
      extensionsRequired: ['KHR_mesh_quantization'],
      scenes: [{ nodes: [0] }],
      nodes: [{ mesh: 0 }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
      buffers: [{ byteLength: 20, uri: `data:application/octet-stream;base64,${content.toString('base64')}` }],
      bufferViews: [{ buffer: 0, byteLength: 12, byteStride: 4 }, { buffer: 0, byteOffset: 12, byteLength: 8 }],
      accessors: [{
        ...{ bufferView: 0, count: 3, type: 'VEC3', componentType: 5120, normalized: true },
        sparse: { count: 1, indices: { bufferView: 1, componentType: 5123 }, values: { bufferView: 1, byteOffset: 2 } },
      }],
    }); // biome-ignore format: a table
    const notes: string[] = [];
    const surface = await readGltf(text, { ...on, explain: note => notes.push(note) });
    expect([...(await surface.vertices.read())]).toEqual([0, 0, 0, 1, 0, 0, 0, -1, 0]);
    expect(notes).toEqual(['readGltf: passed over 1 × EXT_other.']);
  });

  it('tells what it passes over', async () => {
    const notes: string[] = [];
    const bytes = await fileOf((document, primitive) => {
      const [buffer] = document.getRoot().listBuffers();
      primitive.setAttribute('POSITION', positions(document, corner.slice(0, 9)));
      primitive.setAttribute(
        'TANGENT',
        document.createAccessor().setType('VEC4').setArray(new Float32Array(12)).setBuffer(buffer),
      );
      const bumpy = document
        .createMaterial('bumpy')
        .setNormalTexture(document.createTexture('n').setMimeType('image/png').setImage(png));
      primitive.setMaterial(bumpy);
      document.createAnimation('turns');
      document
        .getRoot()
        .listNodes()[0]
        .setCamera(document.createCamera().setType('perspective').setYFov(1).setZNear(0.1));
      const lines = document
        .createPrimitive()
        .setMode(1)
        .setAttribute('POSITION', positions(document, corner.slice(0, 6)));
      document.getRoot().listMeshes()[0].addPrimitive(lines);
    });
    await readGlb(bytes, { ...on, explain: note => notes.push(note) });
    expect(notes).toEqual([
      'readGlb: passed over 1 × animation, 1 × camera, 1 × TANGENT, 1 × picture of normals, 1 × lines.',
    ]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['nothing', () => readGlb(new Uint8Array(0)), "readGlb: the 0 bytes are no GLB that can be read (it does not begin with 'glTF'"],
    ['text', () => readGlb(new TextEncoder().encode('{"asset": {"version": "2.0"}}')), 'text is read by readGltf'],
    ['a corner out of range', () => fileOf((document, primitive) => {
      const list = document.createAccessor().setType('SCALAR').setArray(Uint16Array.of(0, 1, 3)).setBuffer(document.getRoot().listBuffers()[0]);
      primitive.setAttribute('POSITION', positions(document, corner.slice(0, 9))).setIndices(list);
    }).then(bytes => readGlb(bytes, on)), 'a triangle has vertex 3 of 3'],
    ['pictures by name alone', () => writeGlb(dressedQuad), "writeGlb: material 'wood' has the picture 'wood.png' by name alone; give its file as 'bytes'"],
  ])('refuses %s', (_, run, message) => expect(run).rejects.toThrow(message)); // biome-ignore format: a table

  it('says what is wrong, wherever the file is cut or changed, and never hangs', async () => {
    const whole = await writeGlb(quad);
    const next = mulberry32(11);
    for (let k = 0; k < 300; k++) {
      const changed = k % 4 === 0 ? whole.slice(0, Math.floor(next() * whole.length)) : whole.slice();
      for (let n = 0; n < 3; n++) changed[Math.floor(next() * changed.length)] = Math.floor(256 * next());
      const message = await readGlb(changed, on).then(
        () => 'readGlb: none.',
        error => (error as Error).message,
      );
      expect(message).toMatch(/^(readGlb|Triangles): .*\.$/);
    }
  });
});

describe('glTF', () => {
  /** What the GLB holds as text, its buffer in 'the numbers.bin', its picture in 'wood.png'. */
  async function unpacked() {
    const { json, resources } = await new WebIO().writeJSON(await new WebIO().readBinary(await writeGlb(quad)), {});
    const [name, picture] = [json.buffers![0].uri!, json.images![0].uri!];
    json.buffers![0].uri = 'the%20numbers.bin';
    json.images![0].uri = 'wood.png';
    return { json, numbers: resources[name], wood: resources[picture] };
  }
  const base64 = (bytes: Uint8Array): string =>
    `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;

  it('is what the same GLB is: with files beside it, or inside as base64', async () => {
    const { json, numbers, wood } = await unpacked();
    const whole = await readGlb(await writeGlb(quad), on);
    const files = (path: string) => Promise.resolve({ 'the numbers.bin': numbers, 'wood.png': wood }[path]);
    const beside = await readGltf(JSON.stringify(json), { ...on, files });
    json.buffers![0].uri = base64(numbers);
    const named = await readGltf(JSON.stringify(json), on);
    expect(named.materials![0].baseTexture).toEqual({ name: 'wood.png', type: 'image/png' }); // what is not given stays by name
    json.images![0].uri = base64(wood);
    const inside = await readGltf(JSON.stringify(json), on);
    expect(inside.materials![0].baseTexture!.bytes).toEqual(png);
    const bare = async (surface: Surface) => ({ ...(await numbersOf(surface)), materials: undefined });
    for (const surface of [beside, inside]) {
      expect(await bare(surface)).toEqual(await bare(whole));
      expect(surface.triangles.corners).toEqual(whole.triangles.corners);
    }
    expect(beside.materials![1].metallicRoughnessTexture).toEqual({ ...picture, bytes: png });
  });

  it('has files beside a GLB, too', async () => {
    const { json, numbers, wood } = await unpacked();
    json.buffers![0].uri = undefined!;
    const text = Buffer.from(JSON.stringify(json));
    const part = (kind: string, bytes: Uint8Array): Buffer => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(bytes.length);
      head.write(kind, 4, 'latin1');
      return Buffer.concat([head, bytes]);
    };
    const body = Buffer.concat([part('JSON', text), part('BIN\0', numbers)]);
    const head = Buffer.from(Uint32Array.of(0x46546c67, 2, 12 + body.length).buffer);
    const surface = await readGlb(Buffer.concat([head, body]), {
      ...on,
      files: path => (path === 'wood.png' ? wood : undefined),
    });
    expect(surface.materials![0].baseTexture!.bytes).toEqual(png);
    expect(surface.vertices.shape).toEqual([4, 3]);
  });

  it('says which part is wrong', async () => {
    const { json, numbers } = await unpacked();
    const changed = (change: (copy: typeof json) => void, bytes = numbers): Promise<unknown> => {
      const copy = structuredClone(json);
      change(copy);
      return readGltf(JSON.stringify(copy), { ...on, files: path => (path.endsWith('.bin') ? bytes : undefined) });
    };
    const sparse = (count: number, byteOffset = 0, bufferView = 0) =>
      ({ count, indices: { bufferView, byteOffset, componentType: 5125 }, values: { bufferView: 0 } }) as const;
    const cases: readonly (readonly [Promise<unknown>, string])[] = [
      [readGltf(JSON.stringify(json), on), "readGltf: 'the numbers.bin' is a file beside it; give its bytes by { files: path => bytes }."],
      [readGltf('glTF\u0002'), "it begins with 'glTF', as GLB does, which is read by readGlb"],
      [readGltf('[]'), "it has no 'asset' with a version"],
      [readGltf('{"asset": '), 'characters are no glTF that can be read (Unexpected end of JSON input)'],
      [changed(() => {}, numbers.subarray(4)), `buffers[0] has ${numbers.length - 4} of its ${numbers.length} bytes`],
      [changed(copy => (copy.accessors![1].count += 1000)), 'accessors[1] is of bytes '],
      [changed(copy => (copy.accessors![0].componentType = 5124 as 5126)), "accessors[0] has type 'VEC3' of 5124"],
      [changed(copy => (copy.accessors![0].count = -1)), 'accessors[0] has a count of -1'],
      [changed(copy => (copy.bufferViews![1].byteLength = 1e6)), 'bufferViews[1] is of bytes '],
      [changed(copy => (copy.nodes![0].mesh = 7)), "'mesh' of nodes[0] names number 7 of 1 meshes"],
      [changed(copy => (copy.meshes![0].primitives[0].indices = 99)), 'a primitive of meshes[0] names number 99 of '],
      [changed(copy => (copy.nodes = {} as [])), "'nodes' is no list of parts"],
      [changed(copy => (copy.scene = 3)), "'scene' names number 3 of 1 scenes"],
      [changed(copy => (copy.nodes!.push({ children: [0] }))), 'a scene begins with nodes[0], which is a child of nodes[1]'],
      [changed(copy => (copy.nodes!.push({ children: [1] }, { children: [1] }))), 'nodes[1] is a child of nodes[1] and of nodes[2]'],
      [changed(copy => (copy.accessors![copy.meshes![0].primitives[0].attributes.POSITION].type = 'VEC2')), "has 'POSITION' of type VEC2, not VEC3"],
      [changed(copy => (copy.accessors![copy.meshes![0].primitives[0].indices!].componentType = 5126)), 'has indices of type SCALAR, 5126'],
      [changed(copy => (copy.bufferViews![copy.accessors![0].bufferView!].byteStride = 4)), 'a row every 4, of bufferViews['],
      [changed(copy => (copy.textures![0] = {})), "textures[0] has no picture ('source')"],
      [changed(copy => (copy.buffers![0].uri = 'data:application/octet-stream;base64,AAAA')), 'buffers[0] has 3 of its'],
      [changed(copy => (copy.buffers![0].uri = 'data:,abc')), "a buffer is 'data:,abc'; inside the text it must be base64"],
      [changed(copy => (copy.accessors![0].sparse = sparse(1, 28))), "'sparse' of accessors[0] changes row "],
      [changed(copy => (copy.accessors![0].sparse = sparse(99))), "'sparse' of accessors[0] changes 99 of "],
      [changed(copy => (copy.accessors![0].sparse = sparse(1, 0, 44))), "'sparse' of accessors[0] names number 44 of "],
      [changed(copy => (copy.extensionsRequired = ['KHR_draco_mesh_compression'])), 'Missing required extension, "KHR_draco_mesh_compression"'],
      [readGltf(JSON.stringify(json), { ...on, files: () => 'text' as never }), "'the numbers.bin' is a file beside it; give its bytes"],
    ]; // biome-ignore format: a table
    await Promise.all(cases.map(([run, message]) => expect(run).rejects.toThrow(message)));
  });
});
