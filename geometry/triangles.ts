/**
 * How the triangles of a surface hang together: immutable, and shared by all meshes that differ only in where their vertices are.
 *
 * A triangle lists its corners counterclockwise, seen from outside. Two triangles are neighbours where one has an edge from a to b
 * and the other from b to a. What follows from the list alone is worked out once, when it is first asked for.
 */

import { type Device, type Tensor, tensor } from '../kernel/index.ts';
import { type HalfEdges, halfEdges, nextCorner, noSide } from './half-edges.ts';

/** An edge, from a to b in its first triangle. */
export interface MeshEdge {
  readonly a: number;
  readonly b: number;
  /** Its triangles: one at a border, two inside. */
  readonly triangles: readonly number[];
}

/** How the triangles of a surface hang together: immutable, shared by meshes that differ only in where their vertices are. */
export class Triangles {
  /** How many vertices there are. */
  readonly vertices: number;
  /** Three for each triangle. */
  readonly corners: Uint32Array;
  private readonly onDevice = new WeakMap<Device, Tensor>();
  private sides: HalfEdges | undefined;
  private joined: readonly MeshEdge[] | undefined;

  /**
   * @param corners Three whole numbers below `vertices` for each triangle, different ones.
   * @throws RangeError naming the first triangle that is none.
   */
  constructor(vertices: number, corners: ArrayLike<number>) {
    if (!(Number.isInteger(vertices) && vertices >= 0))
      throw new RangeError(`Triangles: the number of vertices is ${vertices}; give a whole number from 0.`);
    if (corners.length % 3 !== 0)
      throw new RangeError(`Triangles: ${corners.length} corners do not make triangles; give three for each.`);
    for (let k = 0; k < corners.length; k++) {
      if (Number.isInteger(corners[k]) && corners[k] >= 0 && corners[k] < vertices) continue;
      throw new RangeError(
        `Triangles: triangle ${Math.floor(k / 3)} has a corner ${corners[k]}; vertices are 0 to ${vertices - 1}.`,
      );
    }
    for (let k = 0; k < corners.length; k += 3) {
      const [a, b, c] = [corners[k], corners[k + 1], corners[k + 2]];
      if (a === b || b === c || c === a)
        throw new RangeError(
          `Triangles: triangle ${k / 3} has the corners ${a}, ${b}, ${c}, two of which are the same; leave it out.`,
        );
    }
    this.vertices = vertices;
    this.corners = corners instanceof Uint32Array ? corners : Uint32Array.from(corners);
  }

  /** How many triangles there are. */
  get size(): number {
    return this.corners.length / 3;
  }

  /** Each edge once, in the order in which triangles bring them. Triangles that turn the other way, or a third one, make an edge of their own. */
  get edges(): readonly MeshEdge[] {
    this.joined ??= edgesOf(this);
    return this.joined;
  }

  /** The same edges as tables. */
  get halfEdges(): HalfEdges {
    this.sides ??= halfEdges(this.corners, this.vertices);
    return this.sides;
  }

  /** Whether every edge has a triangle on both sides: the surface has an inside. */
  get isClosed(): boolean {
    return this.size > 0 && !this.halfEdges.mate.includes(noSide);
  }

  /** The corners, [size, 3], u32. */
  on(device: Device): Tensor {
    const known = this.onDevice.get(device) ?? tensor(this.corners, [this.size, 3], { device });
    this.onDevice.set(device, known);
    return known;
  }
}

function edgesOf({ corners, halfEdges: { first, mate } }: Triangles): readonly MeshEdge[] {
  const triangleOf = (k: number): number => Math.floor(k / 3);
  return Array.from(first, k => ({
    a: corners[k],
    b: corners[nextCorner(k)],
    triangles: mate[k] === noSide ? [triangleOf(k)] : [triangleOf(k), triangleOf(mate[k])],
  }));
}
