/**
 * VTK's XML files, out: fields on uniform grids (.vti), points, lines and triangles (.vtp), bodies of triangles or tetrahedra (.vtu), and the
 * list of those of a film (.pvd), as ParaView, VisIt and PyVista read them (VTK File Formats, Kitware, "XML File Formats").
 */

import { checkOptions, checkRecord, inWords, Tensor } from '../../kernel/index.ts';
import { type Numbers, readColumns } from './columns.ts';
import { array, dataOf, escaped, file, runs } from './vtk-xml.ts';

export interface VtiOptions {
  /** Between places, m: one, or one for each axis in the order of the shape. Default 1. */
  readonly spacing?: number | readonly number[];
  /** The low corner of the grid, m, [x, y, z]. Default [0, 0, 0]. */
  readonly origin?: readonly number[];
  /** Fields with values in the cells: as many for each as they have components. */
  readonly cells?: Readonly<Record<string, Numbers>>;
  /** Fields with values at the corners of cells, one more along each axis. */
  readonly corners?: Readonly<Record<string, Numbers>>;
}

/**
 * Fields on a grid as a .vti file.
 *
 * @param shape Cells: [nx], [ny, nx] or [nz, ny, nx], as those of a grid.
 * @throws RangeError if a field does not fit the shape.
 * @example
 * const file = await writeVti([2, 3], { spacing: 0.1, cells: { temperature: tensor([0, 1, 2, 3, 4, 5]) } });
 */
export async function writeVti(shape: readonly number[], options: VtiOptions): Promise<string> {
  checkOptions('writeVti', options, ['spacing', 'origin', 'cells', 'corners']);
  const { spacing = 1, origin = [], cells, corners } = options;
  if (!(shape.length >= 1 && shape.length <= 3 && shape.every(n => Number.isInteger(n) && n > 0)))
    throw new RangeError(`writeVti: the shape is [${shape.join(', ')}]; give one to three whole numbers from 1.`);
  const steps = typeof spacing === 'number' ? shape.map(() => spacing) : spacing;
  if (steps.length !== shape.length || !steps.every(h => h > 0))
    throw new RangeError(
      `writeVti: 'spacing' is [${steps.join(', ')}]; give a positive number for each of ${shape.length} axes.`,
    );
  const along = (list: readonly number[], other: number): readonly number[] =>
    [0, 1, 2].map(d => list[list.length - 1 - d] ?? other);
  const extent = along(shape, 0)
    .map(n => `0 ${n}`)
    .join(' ');
  const count = (more: number): number => shape.reduce((product, n) => product * (n + more), 1);
  const [inCells, atCorners] = await Promise.all([
    readColumns('writeVti', 'cells', count(0), cells),
    readColumns('writeVti', 'corners', count(1), corners),
  ]);
  const where = [0, 1, 2].map(d => origin[d] ?? 0).join(' ');
  return file(
    'ImageData',
    `<ImageData WholeExtent="${extent}" Origin="${where}" Spacing="${along(steps, 1).join(' ')}">
<Piece Extent="${extent}">
${dataOf('CellData', inCells)}${dataOf('PointData', atCorners)}</Piece>
</ImageData>`,
  );
}

export interface VtpOptions {
  /** Values at the points, as many for each as they have components. */
  readonly points?: Readonly<Record<string, Numbers>>;
  /** Three points for each triangle. */
  readonly triangles?: ArrayLike<number>;
  /** Runs of points, joined by lines. */
  readonly lines?: readonly ArrayLike<number>[];
  /** Values of the lines, then of the triangles; where there are neither, of the points as dots. */
  readonly cells?: Readonly<Record<string, Numbers>>;
}

/**
 * Points as a .vtp file: particles by themselves, or what lines and triangles join.
 *
 * @param places [n, 3], or [n, 2], m.
 * @throws RangeError if values do not fit the points, or a line or triangle names a point that there is not.
 */
export async function writeVtp(
  places: Tensor | readonly (readonly number[])[],
  options: VtpOptions = {},
): Promise<string> {
  checkOptions('writeVtp', options, ['points', 'triangles', 'lines', 'cells']);
  const { points, triangles = [], lines = [], cells } = options;
  if (!(places instanceof Tensor) && !(Array.isArray(places) && places.every(place => Array.isArray(place))))
    throw new TypeError(
      `writeVtp: the places are ${inWords(places)}; give a tensor [n, 3] or [n, 2], or a list of lists.`,
    );
  const shape = places instanceof Tensor ? places.shape : [places.length, places[0]?.length ?? 3];
  const [count, rank] = shape;
  if (shape.length !== 2 || (rank !== 2 && rank !== 3))
    throw new RangeError(`writeVtp: places have shape [${shape.join(', ')}]; give [n, 3] or [n, 2].`);
  const where = places instanceof Tensor ? places : places.flat();
  if (triangles.length % 3 !== 0)
    throw new RangeError(`writeVtp: 'triangles' has ${triangles.length} corners; give three for each.`);
  const corners = Array.from(triangles);
  const lost = [...lines.flatMap(line => Array.from(line)), ...corners].find(
    k => !(Number.isInteger(k) && k >= 0 && k < count),
  );
  if (lost !== undefined)
    throw new RangeError(`writeVtp: a line or triangle names point ${lost}; points are 0 to ${count - 1}.`);
  const faces = Array.from({ length: corners.length / 3 }, (_, t) => corners.slice(3 * t, 3 * t + 3));
  const joined = lines.length + faces.length > 0;
  const dots = joined ? [] : Array.from({ length: count }, (_, k) => [k]);
  const size = joined ? lines.length + faces.length : count;
  const [at, values, ofCells] = await Promise.all([
    readColumns('writeVtp', 'points', Math.max(count, 1), count > 0 ? { places: where } : {}),
    readColumns('writeVtp', 'points', Math.max(count, 1), points),
    readColumns('writeVtp', 'cells', Math.max(size, 1), cells),
  ]);
  return file(
    'PolyData',
    `<PolyData>
<Piece NumberOfPoints="${count}" NumberOfVerts="${dots.length}" NumberOfLines="${lines.length}" NumberOfStrips="0" NumberOfPolys="${faces.length}">
${dataOf('PointData', values)}${dataOf('CellData', ofCells)}${dataOf('Points', at)}${runs('Verts', dots)}${runs('Lines', lines)}${runs('Polys', faces)}</Piece>
</PolyData>`,
  );
}

export interface VtuOptions {
  /** Values at the nodes, as many for each as they have components. */
  readonly points?: Readonly<Record<string, Numbers>>;
  /** Values of the elements. */
  readonly cells?: Readonly<Record<string, Numbers>>;
}

/**
 * A body of triangles or tetrahedra as a .vtu file.
 *
 * @param places Of the nodes, [n, 2] or [n, 3], m.
 * @param elements Their corners, [m, 3] or [m, 4], as those of a mesh for `elasticSolid`.
 * @throws RangeError if values do not fit, or an element names a node that there is not.
 * @example
 * const file = await writeVtu(tensor([0, 0, 1, 0, 0, 1], [3, 2]), [0, 1, 2], { cells: { stress: tensor([7]) } });
 */
export async function writeVtu(places: Tensor, elements: ArrayLike<number>, options: VtuOptions = {}): Promise<string> {
  checkOptions('writeVtu', options, ['points', 'cells']);
  if (!(places instanceof Tensor) || !(Array.isArray(elements) || ArrayBuffer.isView(elements)))
    throw new TypeError(
      `writeVtu: the places are ${inWords(places)}, the elements ${inWords(elements)}; give a tensor [n, 2] or [n, 3], and a list of corners.`,
    );
  const [count, rank] = places.shape;
  if (places.shape.length !== 2 || (rank !== 2 && rank !== 3))
    throw new RangeError(`writeVtu: places have shape [${places.shape.join(', ')}]; give [n, 2] or [n, 3].`);
  const corners = Array.from(elements);
  const size = corners.length / (rank + 1);
  if (!(Number.isInteger(size) && size > 0))
    throw new RangeError(`writeVtu: ${corners.length} corners do not make elements; give ${rank + 1} for each.`);
  const lost = corners.find(k => !(Number.isInteger(k) && k >= 0 && k < count));
  if (lost !== undefined)
    throw new RangeError(`writeVtu: an element has a corner ${lost}; nodes are 0 to ${count - 1}.`);
  const [at, values, ofCells] = await Promise.all([
    readColumns('writeVtu', 'points', count, { places }),
    readColumns('writeVtu', 'points', count, options.points),
    readColumns('writeVtu', 'cells', size, options.cells),
  ]);
  const each = Array.from({ length: size }, (_, e) => corners.slice((rank + 1) * e, (rank + 1) * (e + 1)));
  const types = array('types', 'UInt8', 1, new Uint8Array(size).fill(rank === 2 ? triangle : tetrahedron));
  return file(
    'UnstructuredGrid',
    `<UnstructuredGrid>
<Piece NumberOfPoints="${count}" NumberOfCells="${size}">
${dataOf('PointData', values)}${dataOf('CellData', ofCells)}${dataOf('Points', at)}${runs('Cells', each, types)}</Piece>
</UnstructuredGrid>`,
  );
}

/** VTK's numbers of the two. */
const triangle = 5;
const tetrahedron = 10;

/** The list of a film's files, each with its time, s, as a .pvd file. */
export function writePvd(frames: readonly { readonly time: number; readonly file: string }[]): string {
  if (!Array.isArray(frames)) throw new TypeError(`writePvd: the frames are ${inWords(frames)}; give a list of them.`);
  for (const [k, frame] of frames.entries()) checkRecord('writePvd', `frame ${k}`, frame, ['time', 'file']);
  return file(
    'Collection',
    `<Collection>
${frames.map(({ time, file: name }) => `<DataSet timestep="${time}" part="0" file="${escaped(name)}"/>\n`).join('')}</Collection>`,
  );
}
