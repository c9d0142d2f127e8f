/**
 * Meshes of triangles in the plane and of tetrahedra in space: structured blocks, and what a mesh must be.
 *
 * Corners go round counterclockwise; those of a tetrahedron 0 1 2 3 so that 1 2 3 do, seen from outside. A cube is six tetrahedra around its
 * diagonal from (0, 0, 0) to (1, 1, 1), one for each order of the axes, and so looks the same from all neighbours (Kuhn's subdivision).
 */

import { checkOptions, checkRecord, inWords } from '../../kernel/index.ts';

/** n nodes and m elements on the host, d = 2 or 3. */
export interface SolidMesh {
  readonly dimension: 2 | 3;
  /** Positions at rest, [n, d], m. */
  readonly positions: Float64Array;
  /** Nodes at the corners, [m, d + 1]. */
  readonly elements: Uint32Array;
}

export interface BlockOptions {
  /** Edges' lengths, m. Default 1 each. */
  readonly size?: readonly number[];
  /** The corner of least coordinates, m. Default the origin. */
  readonly origin?: readonly number[];
}

/**
 * A rectangle of triangles or a box of tetrahedra.
 *
 * @param cells Along x and y, or x, y and z. Node (i, j, k) is number (k (ny + 1) + j) (nx + 1) + i.
 * @example
 * const beam = blockMesh([16, 2], { size: [1, 0.1] }); // 64 triangles
 */
export function blockMesh(cells: readonly number[], options: BlockOptions = {}): SolidMesh {
  checkOptions('blockMesh', options, ['size', 'origin']);
  const d = cells.length;
  if (d !== 2 && d !== 3)
    throw new RangeError(`blockMesh: there are cells along ${d} axes; give two numbers or three.`);
  const { size = cells.map(() => 1), origin = cells.map(() => 0) } = options;
  cells.forEach((n, a) => {
    if (!Number.isInteger(n) || n < 1)
      throw new RangeError(`blockMesh: cells[${a}] is ${n}; it must be a whole number from 1.`);
    if (!(size[a] > 0)) throw new RangeError(`blockMesh: size[${a}] is ${inWords(size[a])}; it must be positive.`);
    if (!Number.isFinite(origin[a]))
      throw new RangeError(`blockMesh: origin[${a}] is ${inWords(origin[a])}; give a number for each axis.`);
  });
  const stride = [1, cells[0] + 1, (cells[0] + 1) * (cells[1] + 1)];
  const count = cells.reduce((product, n) => product * (n + 1), 1);
  const positions = Float64Array.from({ length: count * d }, (_, t) => {
    const a = t % d;
    const along = Math.floor(Math.floor(t / d) / stride[a]) % (cells[a] + 1);
    return origin[a] + (size[a] * along) / cells[a];
  });
  // A walk along the axes in each order; odd orders turn the other way, so their last two corners change places.
  const walks = d === 2 ? [[0, 1], [1, 0]] : [[0, 1, 2], [1, 2, 0], [2, 0, 1], [1, 0, 2], [0, 2, 1], [2, 1, 0]]; // biome-ignore format: orders
  const elements: number[] = [];
  for (let c = 0; c < cells.reduce((product, n) => product * n, 1); c++) {
    const place = [c % cells[0], Math.floor(c / cells[0]) % cells[1], Math.floor(c / cells[0] / cells[1])];
    const first = place.slice(0, d).reduce((sum, i, a) => sum + i * stride[a], 0);
    walks.forEach((walk, w) => {
      const corners = [first];
      for (const a of walk) corners.push(corners.at(-1)! + stride[a]);
      if (w >= walks.length / 2) [corners[d - 1], corners[d]] = [corners[d], corners[d - 1]];
      elements.push(...corners);
    });
  }
  return { dimension: d, positions, elements: Uint32Array.from(elements) };
}

/** Volumes, or areas, of the elements at rest. */
function restVolumes({ dimension: d, positions, elements }: SolidMesh): Float64Array {
  return Float64Array.from({ length: elements.length / (d + 1) }, (_, e) => {
    const at = (k: number, a: number): number => positions[elements[e * (d + 1) + k] * d + a];
    const edge = (k: number): number[] => Array.from({ length: d }, (_, a) => at(k, a) - at(0, a));
    const [[ax, ay, az], [bx, by, bz], [cx, cy, cz] = []] = [edge(1), edge(2), ...(d === 3 ? [edge(3)] : [])];
    if (d === 2) return (ax * by - ay * bx) / 2;
    return (ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)) / 6;
  });
}

/** @throws RangeError naming the first element or node that is wrong. */
export function checkSolidMesh(who: string, mesh: SolidMesh): void {
  checkRecord(who, 'the mesh', mesh, ['dimension', 'positions', 'elements']);
  const { dimension: d, positions, elements } = mesh;
  if (d !== 2 && d !== 3)
    throw new RangeError(`${who}: the mesh has dimension ${inWords(d)}; it is 2 (triangles) or 3 (tetrahedra).`);
  if (positions.length === 0 || positions.length % d !== 0)
    throw new RangeError(`${who}: ${positions.length} coordinates do not make nodes; give ${d} for each.`);
  const bad = positions.findIndex(x => !Number.isFinite(x));
  if (bad >= 0)
    throw new RangeError(`${who}: node ${Math.floor(bad / d)} is at ${positions[bad]}; coordinates must be finite.`);
  if (elements.length === 0 || elements.length % (d + 1) !== 0)
    throw new RangeError(`${who}: ${elements.length} corners do not make elements; give ${d + 1} for each.`);
  const nodes = positions.length / d;
  const seen = new Uint8Array(nodes);
  elements.forEach((i, k) => {
    if (!(Number.isInteger(i) && i >= 0 && i < nodes))
      throw new RangeError(
        `${who}: element ${Math.floor(k / (d + 1))} has a corner ${i}; nodes are 0 to ${nodes - 1}.`,
      );
    seen[i] = 1;
  });
  restVolumes(mesh).forEach((volume, e) => {
    if (volume > 0) return;
    const what = d === 2 ? 'area' : 'volume';
    throw new RangeError(
      `${who}: element ${e} has the ${what} ${volume}; it must be positive: ${volume < 0 ? 'swap two of its corners' : 'leave it out'}.`,
    );
  });
  const alone = seen.indexOf(0);
  if (alone >= 0)
    throw new RangeError(`${who}: node ${alone} belongs to no element and would have no mass; leave it out.`);
}
