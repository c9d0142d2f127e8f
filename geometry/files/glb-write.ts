/** GLB out: a surface as one mesh, a part for each material, in single precision, with the pictures that its materials hold. */

import type { Material as GltfMaterial, Texture } from '@gltf-transform/core';
import type { Bytes } from '../../kernel/index.ts';
import { distinctRows } from '../distinct.ts';
import type { Mesh } from '../mesh.ts';
import type { Material, Surface, TextureFile } from '../surface.ts';
import { type Loose, type LooseAttribute, readLoose } from './loose.ts';

const kinds = { uv: 'TEXCOORD_0', normal: 'NORMAL', colour: 'COLOR_0' } as const;
const types = { 2: 'VEC2', 3: 'VEC3', 4: 'VEC4' } as const;

/**
 * Writes a surface. Phong's `specular` and `exponent` have no place in the format.
 *
 * @throws RangeError if a material has a picture of which only the name is known.
 */
export async function writeGlb(surface: Mesh | Surface): Promise<Bytes> {
  const loose = await readLoose('writeGlb', surface);
  const { Document, WebIO } = await import('@gltf-transform/core');
  const document = new Document();
  const buffer = document.createBuffer();
  const textures = new Map<TextureFile, Texture>();
  const texture = (file: TextureFile, material: string): Texture => {
    if (!file.bytes)
      throw new RangeError(
        `writeGlb: material '${material}' has the picture '${file.name}' by name alone; give its file as 'bytes', or leave it out.`,
      );
    const known =
      textures.get(file) ??
      document
        .createTexture(file.name)
        .setMimeType(file.type ?? 'image/png')
        .setImage(file.bytes);
    textures.set(file, known);
    return known;
  };
  const made = (loose.materials ?? []).map(material =>
    gltfMaterial(material, document.createMaterial(material.name), texture),
  );
  const mesh = document.createMesh();
  for (const material of loose.materialOf ? made.keys() : [0]) {
    const { rows, indices } = partOf(loose, material);
    if (indices.length === 0 && loose.corners.length > 0) continue;
    const primitive = document.createPrimitive();
    for (const [name, { channels, values }] of rows) {
      const accessor = document
        .createAccessor()
        .setType(types[channels as 2 | 3 | 4])
        .setArray(values)
        .setBuffer(buffer);
      primitive.setAttribute(name, accessor);
    }
    const small = (rows.get('POSITION')?.values.length ?? 0) / 3 < 65535;
    const list = small ? new Uint16Array(indices) : indices;
    primitive.setIndices(document.createAccessor().setType('SCALAR').setArray(list).setBuffer(buffer));
    if (made.length > 0) primitive.setMaterial(made[material]);
    mesh.addPrimitive(primitive);
  }
  document.createScene().addChild(document.createNode().setMesh(mesh));
  return new WebIO().writeBinary(document);
}

function gltfMaterial(
  material: Material,
  made: GltfMaterial,
  texture: (file: TextureFile, material: string) => Texture,
): GltfMaterial {
  const { name, baseColour, roughness, metallic, emission, baseTexture, metallicRoughnessTexture } = material;
  made
    .setBaseColorFactor([...baseColour])
    .setRoughnessFactor(roughness)
    .setMetallicFactor(metallic);
  if (emission) made.setEmissiveFactor([...emission]);
  if (baseColour[3] < 1) made.setAlphaMode('BLEND');
  if (baseTexture) made.setBaseColorTexture(texture(baseTexture, name));
  if (metallicRoughnessTexture) made.setMetallicRoughnessTexture(texture(metallicRoughnessTexture, name));
  return made;
}

/** The triangles of a material; a vertex for each of a corner's places, texture places, normals and colours together. */
function partOf(loose: Loose, material: number) {
  const { points, corners, materialOf } = loose;
  const attributes: readonly (readonly [string, LooseAttribute])[] = [
    ['POSITION', { channels: 3, values: points, corners }],
    ...(['uv', 'normal', 'colour'] as const).flatMap(name => {
      const attribute = loose[name];
      return attribute ? [[kinds[name], attribute] as const] : [];
    }),
  ];
  const triangles = Array.from({ length: corners.length / 3 }, (_, t) => t).filter(
    t => !materialOf || materialOf[t] === material,
  );
  /** Of each corner its rows of all attributes. */
  const keys = new Uint32Array(3 * triangles.length * attributes.length);
  triangles.forEach((t, n) => {
    for (let c = 0; c < 3; c++)
      attributes.forEach(([, attribute], a) => {
        keys[attributes.length * (3 * n + c) + a] = attribute.corners[3 * t + c];
      });
  });
  const { kept, numberOf } = distinctRows(keys, attributes.length);
  const rows = new Map(
    attributes.map(([name, { channels, values }], a) => {
      const own = new Float32Array(channels * kept.length);
      kept.forEach((corner, k) => {
        const row = keys[attributes.length * corner + a];
        for (let c = 0; c < channels; c++) own[channels * k + c] = values[channels * row + c];
        if (name === kinds.uv) own[channels * k + 1] = 1 - values[channels * row + 1];
      });
      return [name, { channels, values: own }];
    }),
  );
  return { rows, indices: new Uint32Array(numberOf) };
}
