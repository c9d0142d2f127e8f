/**
 * Do a glTF's parts refer to parts that there are, and lie within them? @gltf-transform/core takes that for granted: it reads the bytes of
 * a neighbour, or stops without a place.
 */

import type { GLTF } from '@gltf-transform/core';

/** By list and key: the list that it is a place in. */
const references = [
  ['bufferViews', 'buffer', 'buffers'],
  ['accessors', 'bufferView', 'bufferViews'],
  ['images', 'bufferView', 'bufferViews'],
  ['textures', 'source', 'images'],
  ['nodes', 'mesh', 'meshes'],
  ['nodes', 'camera', 'cameras'],
  ['nodes', 'skin', 'skins'],
  ['nodes', 'children', 'nodes'],
  ['scenes', 'nodes', 'nodes'],
] as const;

const bytesOf: Readonly<Record<number, number>> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const numbersOf: Readonly<Record<string, number>> = {
  SCALAR: 1,
  VEC2: 2,
  VEC3: 3,
  VEC4: 4,
  MAT2: 4,
  MAT3: 9,
  MAT4: 16,
};

type Part = { readonly [key: string]: unknown };

/**
 * @param contentOf The bytes of a buffer that is not inside the text.
 * @throws SyntaxError with the part.
 */
export function checkGltf(json: GLTF.IGLTF, contentOf: (buffer: GLTF.IBuffer) => Uint8Array | undefined): void {
  const list = (name: string): readonly Part[] => {
    const parts = (json as unknown as Part)[name] ?? [];
    if (Array.isArray(parts) && parts.every(part => typeof part === 'object' && part !== null)) return parts;
    throw new SyntaxError(`'${name}' is no list of parts`);
  };
  const refer = (where: string, to: string, places: unknown): void => {
    for (const place of [places ?? []].flat())
      if (!Number.isInteger(place) || list(to)[place as number] === undefined)
        throw new SyntaxError(`${where} names number ${place} of ${list(to).length} ${to}`);
  };
  for (const [name, key, to] of references)
    for (const [k, part] of list(name).entries()) refer(`'${key}' of ${name}[${k}]`, to, part[key]);
  list('meshes').forEach(({ primitives = [] }, k) => {
    for (const { attributes, indices, material } of primitives as readonly GLTF.IMeshPrimitive[]) {
      refer(`a primitive of meshes[${k}]`, 'accessors', [...Object.values(attributes ?? {}), indices ?? []].flat());
      refer(`a primitive of meshes[${k}]`, 'materials', material);
    }
  });
  checkBytes(json, contentOf);
}

function checkBytes(
  { buffers = [], bufferViews = [], accessors = [] }: GLTF.IGLTF,
  contentOf: (buffer: GLTF.IBuffer) => Uint8Array | undefined,
): void {
  buffers.forEach((buffer, k) => {
    if (buffer.uri?.startsWith('data:')) return;
    const content = contentOf(buffer);
    if (!content) throw new SyntaxError(`the bytes of buffers[${k}] are missing`);
    if (content.length < buffer.byteLength)
      throw new SyntaxError(`buffers[${k}] has ${content.length} of its ${buffer.byteLength} bytes`);
  });
  bufferViews.forEach(({ buffer, byteOffset = 0, byteLength }, k) => {
    const whole = buffers[buffer].byteLength;
    if (!(byteOffset >= 0 && byteLength >= 0 && byteOffset + byteLength <= whole))
      throw new SyntaxError(
        `bufferViews[${k}] is of bytes ${byteOffset} to ${byteOffset + byteLength} of buffers[${buffer}], which has ${whole}`,
      );
  });
  accessors.forEach(({ bufferView, byteOffset = 0, count, type, componentType }, k) => {
    const size = bytesOf[componentType] * numbersOf[type];
    if (Number.isNaN(size))
      throw new SyntaxError(`accessors[${k}] has type '${type}' of ${componentType}, which there is not`);
    if (!(Number.isInteger(count) && count >= 0)) throw new SyntaxError(`accessors[${k}] has a count of ${count}`);
    if (bufferView === undefined || count === 0) return;
    const { byteLength, byteStride = size } = bufferViews[bufferView];
    const end = byteOffset + byteStride * (count - 1) + size;
    if (!(byteOffset >= 0 && end <= byteLength))
      throw new SyntaxError(
        `accessors[${k}] is of bytes ${byteOffset} to ${end} of bufferViews[${bufferView}], which has ${byteLength}`,
      );
  });
}
