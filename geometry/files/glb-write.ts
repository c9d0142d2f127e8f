/** GLB out: a surface as one mesh, a part for each material, in single precision, with the pictures that its materials hold. */

import type { Material as GltfMaterial, Texture } from '@gltf-transform/core';
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
export async function writeGlb(surface: Mesh | Surface): Promise<Uint8Array> {
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
        .setArray(Float32Array.from(values))
        .setBuffer(buffer);
      primitive.setAttribute(name, accessor);
    }
    const small = (rows.get('POSITION')?.values.length ?? 0) / 3 < 65535;
    const list = small ? Uint16Array.from(indices) : Uint32Array.from(indices);
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
  const rows = new Map<string, { readonly channels: number; readonly values: number[] }>();
  const attributes: readonly (readonly [string, LooseAttribute])[] = [
    ['POSITION', { channels: 3, values: points, corners }],
    ...(['uv', 'normal', 'colour'] as const).flatMap(name => {
      const attribute = loose[name];
      return attribute ? [[kinds[name], attribute] as const] : [];
    }),
  ];
  for (const [name, { channels }] of attributes) rows.set(name, { channels, values: [] });
  const numbers = new Map<string, number>();
  const indices: number[] = [];
  for (let k = 0; k < corners.length; k++) {
    if (materialOf && materialOf[Math.floor(k / 3)] !== material) continue;
    const key = attributes.map(([, attribute]) => attribute.corners[k]).join(' ');
    const known = numbers.get(key) ?? numbers.size;
    if (known === numbers.size) {
      numbers.set(key, known);
      for (const [name, attribute] of attributes) {
        const row = Array.from(
          { length: attribute.channels },
          (_, c) => attribute.values[attribute.channels * attribute.corners[k] + c],
        );
        rows.get(name)?.values.push(...(name === 'TEXCOORD_0' ? [row[0], 1 - row[1]] : row));
      }
    }
    indices.push(known);
  }
  return { rows, indices };
}
