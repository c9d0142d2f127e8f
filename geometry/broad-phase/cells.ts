/**
 * Which of many points are within a distance of each other, for each point as a column of a table.
 *
 *   cell of a point      ⌊(s − ⌊s⌋) c⌋ along each axis, c cells of at least the reach; s: the place in shares of the box   (1)
 *   neighbours of i      j ≠ i in the 3ᵈ cells around, |d| < reach,  d: the nearest image of x_i − x_j                     (2)
 *
 * Points are sorted by cell, so a cell is a range of the sorted list; those of one cell look at the same candidates in step. Where an axis has fewer than three cells, or space has no box, each
 * point looks at all others. The order of a column follows from cells and numbers alone, so it is the same each time; all of it stays on
 * the device and can be part of a recorded step. A list has no derivative.
 * Allen & Tildesley: Computer Simulation of Liquids, 2nd ed., 2017, §5.3.
 */

import {
  amax,
  argsort,
  checkOptions,
  histogram,
  isBeingRecorded,
  type Kernel,
  kernelsByKey,
  scan,
  Tensor,
} from '../../kernel/index.ts';
import { type BoxKind, type BoxLayout, boxKind, boxSizes, boxText } from '../periodic-box.ts';

export interface NeighbourOptions {
  /** Points nearer than this are neighbours. */
  readonly reach: number;
  /** How many neighbours of each point there is room for. */
  readonly capacity: number;
  /** Lengths of a periodic box, [d], or its vectors, [d, d]; its heights are at least twice the reach. Default: none, space is open. */
  readonly box?: Tensor;
  /** Cells along each axis, none narrower than the reach; `cellsOf` tells. Default: all pairs are looked at. */
  readonly cells?: readonly number[];
  /** Pairs that are not listed: the points that a point is kept apart from, `apart[apartFrom[i] … apartFrom[i + 1]]`, u32. */
  readonly without?: { readonly apartFrom: Tensor; readonly apart: Tensor };
}

export interface Neighbours {
  /**
   * [capacity, n], u32: the k-th neighbour of point i is i + table[k, i], modulo 2³²; beyond the last of them, i itself. So loops over
   * all rows up to `longest` go the same way for all points.
   */
  readonly table: Tensor;
  /** How many each point has, [n], u32; more than `capacity` where some were left out. */
  readonly counts: Tensor;
  /** Rows of the table that anything stands in, u32, []. */
  readonly longest: Tensor;
}

/** As many cells along each axis as there is room for; undefined where all pairs are better looked at. */
export function cellsOf(box: BoxLayout, reach: number): readonly number[] | undefined {
  const cells = boxSizes(box).heights.map(height => Math.floor(height / reach));
  return cells.every(c => c >= 3) ? cells : undefined;
}

const strides = (cells: readonly number[]): readonly number[] =>
  cells.map((_, k) => cells.slice(0, k).reduce((a, b) => a * b, 1));

const axes = ['x', 'y', 'z'] as const;

const numberText = (cells: readonly number[]): string => /* wgsl */ `
  fn cellNumber(c: vec${cells.length}i) -> u32 {
    return ${strides(cells)
      .map((s, k) => `u32(c.${axes[k]}) * ${s}u`)
      .join(' + ')};
  }
`;

const keysText = (cells: readonly number[], kind: BoxKind): string => {
  const vec = `vec${cells.length}`;
  const box = boxText(cells.length, kind);
  return /* wgsl */ `
  var<storage, read> x: array<${vec}f>;
  ${box.binding}
  var<storage, read_write> key: array<u32>;
  ${numberText(cells)}
  @compute @workgroup_size(64)
  fn cellKeys(@builtin(global_invocation_id) id: vec3u) {
    ${box.setup}
    let s = ${box.shares('x[id.x]')};
    let cell = min(${vec}i((s - floor(s)) * ${vec}f(${cells.join(', ')})), ${vec}i(${cells.map(c => c - 1).join(', ')})); // (1)
    key[id.x] = cellNumber(cell);
  }
`;
};

/** Invocations that share the points of a cell. */
const shares = 32;

/** The loop over points i of a cell, a share of them each, and over candidates j in the cells around; lanes look at the same ones. */
function byCells(cells: readonly number[], look: string): string {
  const d = cells.length;
  const own = axes.slice(0, d);
  const offsets = own.map(a => `d${a}`);
  const home = d === 2 ? 'id.y, id.z' : `id.y, id.z % ${cells[1]}u, id.z / ${cells[1]}u`;
  return /* wgsl */ `
    let home = vec${d}i(vec${d}u(${home}));
    let most = vec${d}i(${cells.join(', ')});
    let end = ends[cellNumber(home)];
    for (var first = end - held[cellNumber(home)]; first < end; first += ${shares}u) {
      let place = first + id.x;
      if (place < end) {
        let i = order[place];
        let here = sorted[place];
        var count = 0u;
        ${offsets.map(o => `for (var ${o} = -1; ${o} <= 1; ${o}++) {`).join(' ')}
          var c = home + vec${d}i(${offsets.join(', ')});
          c = select(select(c, c - most, c >= most), c + most, c < vec${d}i(0));
          let cell = cellNumber(c);
          for (var s = ends[cell] - held[cell]; s < ends[cell]; s++) {
            let j = order[s];
            let there = sorted[s];
            ${look}
          }
        ${'}'.repeat(d)}
        counts[i] = count;
      }
    }`;
}

/** The loop over all candidates j. */
const overAll = (look: string): string => /* wgsl */ `
    let i = id.x;
    let here = x[i];
    var count = 0u;
    for (var j = 0u; j < n; j++) {
      let there = x[j];
      ${look}
    }
    counts[i] = count;`;

interface Form {
  readonly dimension: number;
  readonly kind: BoxKind;
  readonly cells: readonly number[] | undefined;
  readonly without: boolean;
}

/** `isApart(i, j)`: whether a pair is not to be listed (`NeighbourOptions.without`). */
export const isApartText = /* wgsl */ `
  var<storage, read> apartFrom: array<u32>;
  var<storage, read> apart: array<u32>;
  fn isApart(i: u32, j: u32) -> bool {
    var found = false;
    for (var s = apartFrom[i]; s < apartFrom[i + 1u]; s++) { found = found || apart[s] == j; }
    return found;
  }
`;

const listText = ({ dimension, kind, cells, without }: Form): string => {
  const box = boxText(dimension, kind);
  const look = /* wgsl */ `
            let apart = here - there;
            let d = ${box.nearest('apart')}; // (2)
            if (j != i && dot(d, d) < reach * reach ${without ? '&& !isApart(i, j)' : ''}) {
              if (count < capacity) { table[count * n + i] = j - i; }
              count++;
            }`;
  return /* wgsl */ `
  var<storage, read> ${cells ? 'sorted' : 'x'}: array<vec${dimension}f>;
  ${box.binding}
  ${cells ? 'var<storage, read> order: array<u32>; var<storage, read> ends: array<u32>; var<storage, read> held: array<u32>;' : ''}
  var<uniform> reach: f32;
  var<uniform> capacity: u32;
  @unique var<storage, read_write> table: array<u32>;
  @unique var<storage, read_write> counts: array<u32>;
  ${cells ? numberText(cells) : ''}
  @compute @workgroup_size(${cells ? shares : 64})
  fn listNeighbours(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&counts);
    ${box.setup}
    ${cells ? byCells(cells, look) : overAll(look)}
  }
  ${without ? isApartText : ''}
`;
};

const keyKernels = kernelsByKey();
const listKernels = kernelsByKey();

/**
 * Lists the neighbours of points.
 *
 * @param x [n, d], d = 2 or 3; in a box anywhere, since it is periodic.
 * @throws RangeError if a point has more than `capacity` neighbours (on a GPU, by the next read); within a step that is being recorded
 * nothing is thrown, and `counts` tell.
 * @example
 *   const { table, counts } = neighbourTable(tensor([0, 0, 0, 1, 0, 0, 5, 0, 0], [3, 3]), { reach: 2, capacity: 4 });
 *   const most = counts.convert('f32').sum(); // 2
 */
export function neighbourTable(x: Tensor, options: NeighbourOptions): Neighbours {
  checkOptions('neighbourTable', options, ['reach', 'capacity', 'box', 'cells', 'without']);
  check(x, options);
  const { reach, capacity, box, cells, without } = options;
  const [n, dimension] = x.shape;
  const form: Form = { dimension, kind: boxKind(box), cells, without: without !== undefined };
  const list: Kernel = listKernels(JSON.stringify(form), () => listText(form));
  const places = { x: x.detach(), ...(box && { box: box.detach() }) };
  const given = cells ? { box: places.box, ...byCell(places as Placed, cells) } : places;
  const count = cells ? [shares, cells[0], cells.slice(1).reduce((a, b) => a * b)] : n;
  const { table, counts } = list(
    { ...given, ...without, reach, capacity },
    { count, out: { table: [capacity, n], counts: n } },
  ) as { readonly table: Tensor; readonly counts: Tensor };
  if (!isBeingRecorded(x.device))
    x.device.check([counts.memory.retain()], found => {
      let most = 0;
      for (const count of found) most = Math.max(most, count);
      if (most > capacity)
        throw new RangeError(
          `neighbourTable: point ${found.indexOf(most)} has ${most} neighbours within ${reach}, but there is room for ${capacity}; give a capacity of at least ${most}.`,
        );
    });
  return { table, counts, longest: amax(counts) };
}

interface Placed {
  readonly x: Tensor;
  readonly box: Tensor;
}

/** Points in the order of their cells, which they are, how many each cell holds, and where its range ends. */
function byCell({ x, box }: Placed, cells: readonly number[]) {
  const kind = boxKind(box);
  const keys: Kernel = keyKernels(`${cells} ${kind}`, () => keysText(cells, kind));
  const { key } = keys({ x, box }, { count: x.shape[0] }) as { readonly key: Tensor };
  const held = histogram(
    key,
    cells.reduce((a, b) => a * b, 1),
  );
  const order = argsort(key);
  return { sorted: x.gather(order), order, held, ends: scan(held) };
}

function check(x: Tensor, { reach, capacity, box, cells }: NeighbourOptions): void {
  const [, d] = x.shape;
  if (x.type !== 'f32' || x.shape.length !== 2 || (d !== 2 && d !== 3))
    throw new RangeError(`neighbourTable: x has shape [${x.shape.join(', ')}]; give [n, 2] or [n, 3].`);
  if (!(reach > 0 && reach < Number.POSITIVE_INFINITY))
    throw new RangeError(`neighbourTable: reach is ${reach}; give a positive number.`);
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new RangeError(`neighbourTable: capacity is ${capacity}; give a whole number from 1.`);
  if (box && (!(box instanceof Tensor) || box.size !== (boxKind(box) === 'tilted' ? d * d : d)))
    throw new RangeError(
      `neighbourTable: box has shape [${box.shape?.join(', ')}]; for these points give lengths, [${d}], or vectors, [${d}, ${d}].`,
    );
  if (cells && (!box || cells.length !== d || !cells.every(c => Number.isInteger(c) && c >= 3)))
    throw new RangeError(
      `neighbourTable: cells are [${cells.join(', ')}]; give a box and ${d} whole numbers from 3, or leave them out.`,
    );
}
