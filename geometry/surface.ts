/**
 * A mesh and what it looks like: numbers at its corners, and materials.
 *
 * Vertices stay welded: where something differs between the triangles of a vertex, as texture places do at a seam and normals at a
 * hard edge, it has a list and corners of its own. Values are differentiable, corners are not.
 */

import type { Tensor } from '../kernel/index.ts';
import type { Mesh } from './mesh.ts';

/** Numbers at the corners of triangles. */
export interface Attribute {
  /** [n, channels]. */
  readonly values: Tensor;
  /** Rows of `values` at the corners of each triangle, [triangles, 3], u32. */
  readonly corners: Tensor;
}

export interface Surface extends Mesh {
  /** Places in a texture, [n, 2]: (0, 0) is the lower left of the picture, (1, 1) the upper right. */
  readonly uv?: Attribute;
  /** Unit vectors, [n, 3]. Without them a surface is flat, or has the normals that follow from its vertices. */
  readonly normal?: Attribute;
  /** [n, 3] or with opacity [n, 4], 0 … 1. */
  readonly colour?: Attribute;
  readonly materials?: readonly Material[];
  /** Which of `materials` each triangle has; without it, all have the first. */
  readonly materialOf?: Uint32Array;
}

export interface Material {
  readonly name: string;
  /** Red, green, blue, opacity; linear. */
  readonly baseColour: readonly [number, number, number, number];
  /** Times `baseColour`; its numbers are sRGB. */
  readonly baseTexture?: TextureFile;
  /** 0 … 1. */
  readonly roughness: number;
  /** 0 … 1. */
  readonly metallic: number;
  /** Its green times `roughness`, its blue times `metallic`. */
  readonly metallicRoughnessTexture?: TextureFile;
  /** Red, green, blue of light that it gives. */
  readonly emission?: readonly [number, number, number];
  /** Phong's model: colour and exponent of its highlight. */
  readonly specular?: readonly [number, number, number];
  readonly exponent?: number;
}

/** A picture beside or inside a file of a surface. */
export interface TextureFile {
  /** The file's name, as the surface's file has it; may be empty if the picture is inside. */
  readonly name: string;
  /** Its kind, such as image/png, if known. */
  readonly type?: string;
  /** The picture's file, if it was inside. */
  readonly bytes?: Uint8Array;
}
