/**
 * A scene of glTF 2.0 as a surface: triangles of all its nodes, in the scene's axes, with materials and their pictures.
 *
 * Read are positions, normals, the first texture places and colours, base colour, roughness, metalness and emission with the first two's
 * pictures. What else there is, such as skins, movements and further pictures, is passed over, and `explain` is told. glTF splits vertices
 * where something differs between triangles; those in equal places become one again.
 */

import type { Document, Material as GltfMaterial, Node, Primitive, Texture, TextureInfo } from '@gltf-transform/core';
import type { Material, Surface, TextureFile } from '../surface.ts';
import { assembled, type LooseAttribute, type ReadOptions } from './loose.ts';
import { plainMaterial } from './mtl.ts';

/** @param who For messages. @param extensions That are passed over. */
export function surfaceOf(
  who: string,
  document: Document,
  extensions: readonly string[],
  options: ReadOptions,
): Surface {
  const over = new Map<string, number>();
  const passOver = (what: string, count = 1): void => {
    if (count > 0) over.set(what, (over.get(what) ?? 0) + count);
  };
  const parts = new Parts(passOver);
  const root = document.getRoot();
  passOver('animation', root.listAnimations().length);
  passOver('skin', root.listSkins().length);
  passOver('camera', root.listCameras().length);
  for (const name of extensions) passOver(name);
  const scene = root.getDefaultScene() ?? root.listScenes()[0];
  if (!scene) throw new SyntaxError('it has no scene');
  scene.traverse(node => parts.add(node));
  const surface = assembled(who, parts.loose(), { weld: 0, ...options });
  const what = [...over].map(([name, count]) => `${count} × ${name}`).join(', ');
  if (what) options.explain?.(`${who}: passed over ${what}.`);
  return surface;
}

const read = new Set(['POSITION', 'NORMAL', 'TEXCOORD_0', 'COLOR_0']);
const modes = ['points', 'lines', 'line loop', 'line strip'];

/** The triangles of all meshes together. */
class Parts {
  private readonly points: number[] = [];
  private readonly corners: number[] = [];
  private readonly uv: Rows = new Rows(2);
  private readonly normal: Rows = new Rows(3);
  private readonly colour: Rows = new Rows(4);
  private readonly materials: Material[] = [];
  private readonly numberOf = new Map<GltfMaterial | null, number>();
  private readonly materialOf: number[] = [];
  private readonly passOver: (what: string, count?: number) => void;

  constructor(passOver: (what: string, count?: number) => void) {
    this.passOver = passOver;
  }

  add(node: Node): void {
    const mesh = node.getMesh();
    if (!mesh) return;
    const matrix = node.getWorldMatrix();
    if (!matrix.every(Number.isFinite)) throw new SyntaxError(`the place of node '${node.getName()}' is not finite`);
    for (const primitive of mesh.listPrimitives()) this.primitive(primitive, matrix);
  }

  private primitive(primitive: Primitive, m: readonly number[]): void {
    const position = primitive.getAttribute('POSITION');
    const mode = primitive.getMode();
    if (!position || mode < 4) {
      this.passOver(position ? (modes[mode] ?? `mode ${mode}`) : 'mesh without positions');
      return;
    }
    for (const name of primitive.listSemantics()) if (!read.has(name)) this.passOver(name);
    this.passOver('morph target', primitive.listTargets().length);
    const count = position.getCount();
    const indices = primitive.getIndices()?.getArray() ?? new Uint32Array(count).map((_, k) => k);
    const beyond = (indices as Uint32Array).find(k => !(k < count));
    if (beyond !== undefined) throw new SyntaxError(`a triangle has vertex ${beyond} of ${count}`);
    const first = this.points.length / 3;
    const element: number[] = [];
    for (let k = 0; k < count; k++) for (const x of moved(m, position.getElement(k, element), 1)) this.points.push(x);
    const isMirrored = determinant(m) < 0;
    const vertices = trianglesOf(indices, mode, isMirrored);
    const material = this.material(primitive.getMaterial());
    const rows = (name: string): number[][] | undefined => {
      const accessor = primitive.getAttribute(name);
      if (!accessor) return undefined;
      if (accessor.getCount() !== count)
        throw new SyntaxError(`'${name}' has ${accessor.getCount()} rows for ${count} vertices`);
      return Array.from({ length: count }, (_, k) => accessor.getElement(k, []));
    };
    const turn = cofactors(m);
    for (const k of vertices) this.corners.push(first + k);
    for (let t = 0; t < vertices.length / 3; t++) this.materialOf.push(material);
    this.uv.add(
      rows('TEXCOORD_0')?.map(([u, v]) => [u, 1 - v]),
      vertices,
    );
    this.normal.add(
      rows('NORMAL')?.map(n => unit(moved(turn, n, 0).map(x => (isMirrored ? -x : x)))),
      vertices,
    );
    this.colour.add(
      rows('COLOR_0')?.map(([r, g, b, a = 1]) => [r, g, b, a]),
      vertices,
    );
  }

  private material(given: GltfMaterial | null): number {
    const known = this.numberOf.get(given) ?? this.materials.push(materialOf(given, this.passOver)) - 1;
    this.numberOf.set(given, known);
    return known;
  }

  loose() {
    const { points, corners, materials, materialOf } = this;
    const attributes = {
      uv: this.uv.attribute(),
      normal: this.normal.attribute(),
      colour: opaque(this.colour.attribute()),
    };
    for (const [name, attribute] of Object.entries(attributes))
      if (attribute === 'some') this.passOver(`${name}, which not all triangles have`);
    const whole = Object.entries(attributes).filter(([, attribute]) => typeof attribute === 'object');
    const isPlain = materials.length === 1 && this.numberOf.has(null);
    return {
      points,
      corners,
      ...Object.fromEntries(whole),
      ...(!isPlain && materials.length > 0 && { materials, materialOf }),
    };
  }
}

/** An attribute's rows, mesh after mesh, while all have it. */
class Rows {
  private readonly values: number[] = [];
  private readonly corners: number[] = [];
  private has = 0;
  private lacks = 0;
  private readonly channels: number;
  constructor(channels: number) {
    this.channels = channels;
  }
  add(rows: readonly (readonly number[])[] | undefined, vertices: Uint32Array): void {
    if (vertices.length === 0) return;
    if (!rows) {
      this.lacks++;
      return;
    }
    this.has++;
    const first = this.values.length / this.channels;
    for (const row of rows) for (const value of row) this.values.push(value);
    for (const vertex of vertices) this.corners.push(first + vertex);
  }
  attribute(): LooseAttribute | 'some' | undefined {
    if (this.has === 0) return undefined;
    return this.lacks > 0 ? 'some' : { channels: this.channels, values: this.values, corners: this.corners };
  }
}

/** Red, green and blue alone, if that is all there is to tell. */
function opaque(colour: LooseAttribute | 'some' | undefined): LooseAttribute | 'some' | undefined {
  if (typeof colour !== 'object') return colour;
  const values = Array.from(colour.values);
  if (values.some((v, k) => k % 4 === 3 && v !== 1)) return colour;
  return { channels: 3, values: values.filter((_, k) => k % 4 !== 3), corners: colour.corners };
}

/** Vertices of the triangles of a list, a strip or a fan, turned round if mirrored. */
function trianglesOf(indices: ArrayLike<number>, mode: number, isMirrored: boolean): Uint32Array {
  const count = mode === 4 ? Math.floor(indices.length / 3) : Math.max(0, indices.length - 2);
  const vertices = new Uint32Array(3 * count);
  for (let t = 0; t < count; t++) {
    let places: readonly number[] = [3 * t, 3 * t + 1, 3 * t + 2];
    if (mode === 5) places = [t, t + 1 + (t % 2), t + 2 - (t % 2)];
    if (mode === 6) places = [0, t + 1, t + 2];
    const [a, b, c] = places;
    vertices[3 * t] = indices[a];
    vertices[3 * t + 1] = indices[isMirrored ? c : b];
    vertices[3 * t + 2] = indices[isMirrored ? b : c];
  }
  return vertices;
}

/** A point (w = 1) or direction (w = 0) by a matrix in columns. */
const moved = (m: readonly number[], [x, y, z]: readonly number[], w: number): readonly number[] => [
  m[0] * x + m[4] * y + m[8] * z + m[12] * w,
  m[1] * x + m[5] * y + m[9] * z + m[13] * w,
  m[2] * x + m[6] * y + m[10] * z + m[14] * w,
];

const unit = (v: readonly number[]): readonly number[] => {
  const length = Math.hypot(...v) || 1;
  return v.map(x => x / length);
};

/** Normals turn by the cofactors, which are the inverse's transpose times the determinant. */
function cofactors(m: readonly number[]): number[] {
  const at = (row: number, column: number): number => m[4 * (column % 3) + (row % 3)];
  const result = new Array<number>(16).fill(0);
  for (let c = 0; c < 3; c++)
    for (let r = 0; r < 3; r++)
      result[4 * c + r] = at(r + 1, c + 1) * at(r + 2, c + 2) - at(r + 1, c + 2) * at(r + 2, c + 1);
  return result;
}

const determinant = (m: readonly number[]): number => {
  const c = cofactors(m);
  return m[0] * c[0] + m[1] * c[1] + m[2] * c[2];
};

function materialOf(given: GltfMaterial | null, passOver: (what: string) => void): Material {
  if (!given) return plainMaterial('');
  const picture = (texture: Texture | null, info: TextureInfo | null): TextureFile | undefined => {
    if (!texture) return undefined;
    if ((info?.getTexCoord() ?? 0) !== 0) passOver('picture over other texture places');
    const bytes = texture.getImage();
    return {
      name: texture.getURI() || texture.getName(),
      type: texture.getMimeType(),
      ...(bytes && { bytes: Uint8Array.from(bytes) }),
    };
  };
  for (const [name, texture] of [['picture of normals', given.getNormalTexture()], ['picture of occlusion', given.getOcclusionTexture()], ['picture of emission', given.getEmissiveTexture()]] as const)
    if (texture) passOver(name); // biome-ignore format: a table
  const base = picture(given.getBaseColorTexture(), given.getBaseColorTextureInfo());
  const rough = picture(given.getMetallicRoughnessTexture(), given.getMetallicRoughnessTextureInfo());
  const emission = given.getEmissiveFactor();
  return {
    name: given.getName(),
    baseColour: given.getBaseColorFactor(),
    roughness: given.getRoughnessFactor(),
    metallic: given.getMetallicFactor(),
    ...(emission.some(v => v !== 0) && { emission }),
    ...(base && { baseTexture: base }),
    ...(rough && { metallicRoughnessTexture: rough }),
  };
}
