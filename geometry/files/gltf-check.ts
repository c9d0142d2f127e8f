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

/** Types that what is read may have: numbers in a row. */
const typesOf: Readonly<Record<string, readonly string[]>> = {
  POSITION: ['VEC3'],
  NORMAL: ['VEC3'],
  TEXCOORD_0: ['VEC2'],
  COLOR_0: ['VEC3', 'VEC4'],
};
const unsigned = [5121, 5123, 5125];

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
  refer("'scene'", 'scenes', json.scene);
  const accessors = list('accessors') as unknown as readonly GLTF.IAccessor[];
  list('meshes').forEach(({ primitives = [] }, k) => {
    const where = `a primitive of meshes[${k}]`;
    for (const { attributes = {}, indices, material, targets = [] } of primitives as readonly GLTF.IMeshPrimitive[]) {
      refer(where, 'accessors', [attributes, ...targets].flatMap(Object.values));
      refer(where, 'accessors', indices);
      refer(where, 'materials', material);
      for (const [name, place] of Object.entries(attributes))
        if (typesOf[name] && !typesOf[name].includes(accessors[place].type))
          throw new SyntaxError(
            `${where} has '${name}' of type ${accessors[place].type}, not ${typesOf[name].join(' or ')}`,
          );
      if (indices === undefined) continue;
      const { type, componentType } = accessors[indices];
      if (type !== 'SCALAR' || !unsigned.includes(componentType))
        throw new SyntaxError(
          `${where} has indices of type ${type}, ${componentType}; they are SCALAR, ${unsigned.join(' or ')}`,
        );
    }
  });
  accessors.forEach(({ sparse }, k) => {
    if (sparse)
      refer(`'sparse' of accessors[${k}]`, 'bufferViews', [sparse.indices?.bufferView, sparse.values?.bufferView]);
  });
  list('textures').forEach(({ source }, k) => {
    if (source === undefined) throw new SyntaxError(`textures[${k}] has no picture ('source')`);
  });
  checkNodes(list('nodes'), list('scenes'));
  checkBytes(json, contentOf);
}

/** A node is a child of one node at most, and one that a scene begins with of none: so there is no circle. */
function checkNodes(nodes: readonly Part[], scenes: readonly Part[]): void {
  const parentOf = new Map<unknown, number>();
  nodes.forEach(({ children }, k) => {
    for (const child of [children ?? []].flat()) {
      if (parentOf.has(child))
        throw new SyntaxError(`nodes[${child}] is a child of nodes[${parentOf.get(child)}] and of nodes[${k}]`);
      parentOf.set(child, k);
    }
  });
  for (const root of scenes.flatMap(scene => [scene.nodes ?? []].flat()))
    if (parentOf.has(root))
      throw new SyntaxError(`a scene begins with nodes[${root}], which is a child of nodes[${parentOf.get(root)}]`);
}

function checkBytes(
  { buffers = [], bufferViews = [], accessors = [] }: GLTF.IGLTF,
  contentOf: (buffer: GLTF.IBuffer) => Uint8Array | undefined,
): void {
  buffers.forEach((buffer, k) => {
    const content = contentOf(buffer);
    if (!content) throw new SyntaxError(`the bytes of buffers[${k}] are missing`);
    if (content.length < buffer.byteLength)
      throw new SyntaxError(`buffers[${k}] has ${content.length} of its ${buffer.byteLength} bytes`);
  });
  bufferViews.forEach(({ buffer, byteOffset = 0, byteLength }, k) => {
    if (!Number.isInteger(buffer)) throw new SyntaxError(`bufferViews[${k}] names no buffer`);
    const whole = buffers[buffer].byteLength;
    if (!(byteOffset >= 0 && byteLength >= 0 && byteOffset + byteLength <= whole))
      throw new SyntaxError(
        `bufferViews[${k}] is of bytes ${byteOffset} to ${byteOffset + byteLength} of buffers[${buffer}], which has ${whole}`,
      );
  });
  /** The bytes of rows. */
  const rows = (where: string, view: number, offset: number, count: number, size: number, stride = size): DataView => {
    const { buffer, byteOffset = 0, byteLength } = bufferViews[view];
    const end = offset + stride * (count - 1) + size;
    if (!(offset >= 0 && stride >= size && end <= byteLength))
      throw new SyntaxError(
        `${where} is of bytes ${offset} to ${end}, a row every ${stride}, of bufferViews[${view}], which has ${byteLength}; a row takes ${size}`,
      );
    const content = contentOf(buffers[buffer]) as Uint8Array;
    return new DataView(content.buffer, content.byteOffset + byteOffset + offset, end - offset);
  };
  accessors.forEach(({ bufferView, byteOffset = 0, count, type, componentType, sparse }, k) => {
    const where = `accessors[${k}]`;
    const size = bytesOf[componentType] * numbersOf[type];
    if (Number.isNaN(size))
      throw new SyntaxError(`accessors[${k}] has type '${type}' of ${componentType}, which there is not`);
    if (!(Number.isInteger(count) && count >= 0)) throw new SyntaxError(`accessors[${k}] has a count of ${count}`);
    if (bufferView !== undefined && count > 0)
      rows(where, bufferView, byteOffset, count, size, bufferViews[bufferView].byteStride);
    if (!sparse) return;
    const { count: changed, indices, values } = sparse;
    const wide = unsigned.includes(indices.componentType) ? bytesOf[indices.componentType] : Number.NaN;
    if (!(Number.isInteger(changed) && changed >= 1 && changed <= count && wide))
      throw new SyntaxError(
        `'sparse' of ${where} changes ${changed} of ${count} rows, by numbers of type ${indices.componentType}`,
      );
    rows(`'sparse' of ${where}`, values.bufferView, values.byteOffset ?? 0, changed, size);
    const places = rows(`'sparse' of ${where}`, indices.bufferView, indices.byteOffset ?? 0, changed, wide);
    for (let i = 0; i < changed; i++) {
      const row =
        wide === 1 ? places.getUint8(i) : wide === 2 ? places.getUint16(2 * i, true) : places.getUint32(4 * i, true);
      if (row >= count) throw new SyntaxError(`'sparse' of ${where} changes row ${row} of ${count}`);
    }
  });
}
