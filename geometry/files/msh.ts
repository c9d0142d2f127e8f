/**
 * Gmsh's meshes, in: text of version 2.2 or 4.1, for bodies of triangles in the plane or of tetrahedra in space.
 *
 * The elements are those of the highest dimension that the file has; what is of lower ones (points, edges, triangles around tetrahedra) counts for the
 * physical groups alone, which name the nodes to hold or to load. Nodes are numbered from 0 in the file's order; those that belong to no element are
 * left out, and corners of elements that are inside out are swapped. Format: Gmsh Reference Manual, "MSH file format".
 */

import { type TextFile, textIn } from './input.ts';
import { type Node, type Piece, readMshText } from './msh-text.ts';

/** A mesh of simplices on the host, as `elasticSolid` takes it. */
export interface Msh {
  readonly dimension: 2 | 3;
  /** [n, dimension], in the file's units. */
  readonly positions: Float64Array;
  /** Nodes at the corners, [m, dimension + 1]. */
  readonly elements: Uint32Array;
  /** Nodes of each physical group, by its name; one without a name is called 'dimension:number', such as '2:7'. */
  readonly nodesOf: Readonly<Record<string, readonly number[]>>;
  /** Elements of each physical group that has some. */
  readonly elementsOf: Readonly<Record<string, readonly number[]>>;
}

/**
 * Reads a mesh.
 *
 * @param name Of the file, for messages. Default 'msh'.
 * @throws RangeError that names the line, what is wrong with it, and what may stand there.
 * @example
 * const file = '$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n3\n1 0 0 0\n2 1 0 0\n3 0 1 0\n$EndNodes\n$Elements\n1\n1 2 0 1 2 3\n$EndElements';
 * const mesh = readMsh(file); // one triangle
 */
export function readMsh(file: TextFile, name = 'msh'): Msh {
  const { nodes, pieces, names } = readMshText(textIn('readMsh', file), name);
  const dimension = pieces.reduce((most, piece) => Math.max(most, piece.dimension), 0);
  if (dimension !== 2 && dimension !== 3)
    throw new RangeError(
      `${name}: there are no triangles and no tetrahedra; mesh the surface or the volume, and save all.`,
    );
  const solid = pieces.filter(piece => piece.dimension === dimension);
  checkSimplices(solid, dimension);
  const used = new Set(solid.flatMap(piece => piece.nodes));
  const kept = nodes.filter(({ tag }) => used.has(tag));
  const numbers = new Map(kept.map(({ tag }, k) => [tag, k]));
  const elements = new Map<string, { readonly corners: readonly number[]; readonly number: number }>();
  const nodesOf = new Map<string, Set<number>>();
  const elementsOf = new Map<string, Set<number>>();
  for (const piece of pieces) {
    const labels = piece.groups.map(group => names.get(`${piece.dimension}:${group}`) ?? `${piece.dimension}:${group}`);
    const found = piece.nodes.flatMap(tag => numbers.get(tag) ?? []);
    for (const label of labels) into(nodesOf, label, found);
    if (piece.dimension < dimension) continue;
    if (found.length < piece.nodes.length)
      throw new RangeError(`${piece.where}: node ${piece.nodes.find(tag => !numbers.has(tag))} is not in $Nodes.`);
    const key = [...found].sort((a, b) => a - b).join(' '); // version 2.2 has an element once for each of its groups
    const element = elements.get(key) ?? { corners: turned(found, kept), number: elements.size };
    elements.set(key, element);
    for (const label of labels) into(elementsOf, label, [element.number]);
  }
  if (dimension === 2) checkPlane(kept, name);
  return {
    dimension,
    positions: Float64Array.from(kept.flatMap(({ place }) => place.slice(0, dimension))),
    elements: Uint32Array.from([...elements.values()].flatMap(({ corners }) => corners)),
    nodesOf: sorted(nodesOf),
    elementsOf: sorted(elementsOf),
  };
}

function into(groups: Map<string, Set<number>>, label: string, numbers: readonly number[]): void {
  const group = groups.get(label) ?? new Set();
  groups.set(label, group);
  for (const number of numbers) group.add(number);
}

const sorted = (groups: ReadonlyMap<string, ReadonlySet<number>>): Record<string, readonly number[]> =>
  Object.fromEntries([...groups].map(([label, of]) => [label, [...of].sort((a, b) => a - b)]));

function checkSimplices(solid: readonly Piece[], dimension: 2 | 3): void {
  const [simplex, called] = dimension === 2 ? [2, 'triangles'] : [4, 'tetrahedra'];
  const other = solid.find(({ type, nodes }) => type !== simplex || nodes.length !== dimension + 1);
  if (other)
    throw new RangeError(
      `${other.where}: an element of type ${other.type} with ${other.nodes.length} nodes; elements must be ${called} of type ${simplex}: mesh without recombination, of order 1.`,
    );
}

function checkPlane(nodes: readonly Node[], name: string): void {
  const z = nodes[0].place[2];
  const off = nodes.find(({ place }) => place[2] !== z);
  if (off)
    throw new RangeError(
      `${name}: the triangles are a surface in space: node ${off.tag} is at z = ${off.place[2]}, others at ${z}; mesh the volume, or draw in the plane.`,
    );
}

/** Corners in an order that gives a positive area or volume. */
function turned(corners: readonly number[], nodes: readonly Node[]): readonly number[] {
  const [o, ...others] = corners.map(k => nodes[k].place);
  const [a, b, c] = others.map(place => place.map((x, k) => x - o[k]));
  const [x, y, z] = c ?? [0, 0, 1];
  const volume = x * (a[1] * b[2] - a[2] * b[1]) + y * (a[2] * b[0] - a[0] * b[2]) + z * (a[0] * b[1] - a[1] * b[0]);
  const [first, second, ...rest] = corners;
  return volume < 0 ? [second, first, ...rest] : corners;
}
