/**
 * Which of many points are within a distance of each other, for each point as a column of a table.
 *
 *   cell of a point      ⌊(x/L − ⌊x/L⌋) c⌋ along each axis, c cells of at least the reach                                (1)
 *   neighbours of i      j ≠ i in the 3ᵈ cells around, |d| < reach,  d = x_i − x_j − L round((x_i − x_j) / L)            (2)
 *
 * Points are sorted by cell, so a cell is a range of the sorted list. Where an axis has fewer than three cells, or space has no box, each
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

export interface NeighbourOptions {
  /** Points nearer than this are neighbours. */
  readonly reach: number;
  /** How many neighbours of each point there is room for. */
  readonly capacity: number;
  /** Lengths of a periodic box, [d], each at least twice the reach. Default: none, space is open. */
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
export function cellsOf(lengths: readonly number[], reach: number): readonly number[] | undefined {
  const cells = lengths.map(length => Math.floor(length / reach));
  return cells.every(c => c >= 3) ? cells : undefined;
}

const strides = (cells: readonly number[]): readonly number[] =>
  cells.map((_, k) => cells.slice(0, k).reduce((a, b) => a * b, 1));

const axes = ['x', 'y', 'z'] as const;

/** (1), and a cell's number. */
const cellText = (cells: readonly number[]): string => {
  const vec = `vec${cells.length}`;
  return /* wgsl */ `
  fn cellAt(x: ${vec}f, lengths: ${vec}f) -> ${vec}i {
    let place = x / lengths - floor(x / lengths);
    return min(${vec}i(place * ${vec}f(${cells.join(', ')})), ${vec}i(${cells.map(c => c - 1).join(', ')})); // (1)
  }
  fn cellNumber(c: ${vec}i) -> u32 {
    return ${strides(cells)
      .map((s, k) => `u32(c.${axes[k]}) * ${s}u`)
      .join(' + ')};
  }
`;
};

const keysText = (cells: readonly number[]): string => /* wgsl */ `
  var<storage, read> x: array<vec${cells.length}f>;
  var<storage, read> box: vec${cells.length}f;
  var<storage, read_write> key: array<u32>;
  ${cellText(cells)}
  @compute @workgroup_size(64)
  fn cellKeys(@builtin(global_invocation_id) id: vec3u) { key[id.x] = cellNumber(cellAt(x[id.x], box)); }
`;

/** The loop over candidates j, by cells or over all. */
function walk(cells: readonly number[] | undefined, look: string): string {
  if (!cells) return `for (var j = 0u; j < arrayLength(&x); j++) { ${look} }`;
  const d = cells.length;
  const [first, last] = [axes.slice(0, d).map(a => `for (var d${a} = -1; d${a} <= 1; d${a}++) {`), '}'.repeat(d)];
  return /* wgsl */ `
    let home = cellAt(x[i], lengths);
    let most = vec${d}i(${cells.join(', ')});
    ${first.join(' ')}
      var c = home + vec${d}i(${axes
        .slice(0, d)
        .map(a => `d${a}`)
        .join(', ')});
      c = select(select(c, c - most, c >= most), c + most, c < vec${d}i(0));
      let cell = cellNumber(c);
      for (var s = ends[cell] - held[cell]; s < ends[cell]; s++) {
        let j = order[s];
        ${look}
      }
    ${last}`;
}

interface Form {
  readonly dimension: number;
  readonly periodic: boolean;
  readonly cells: readonly number[] | undefined;
  readonly without: boolean;
}

const listText = ({ dimension, periodic, cells, without }: Form): string => /* wgsl */ `
  var<storage, read> x: array<vec${dimension}f>;
  ${periodic ? `var<storage, read> box: vec${dimension}f;` : ''}
  ${cells ? 'var<storage, read> order: array<u32>; var<storage, read> ends: array<u32>; var<storage, read> held: array<u32>;' : ''}
  ${without ? 'var<storage, read> apartFrom: array<u32>; var<storage, read> apart: array<u32>;' : ''}
  var<uniform> reach: f32;
  var<uniform> capacity: u32;
  @unique var<storage, read_write> table: array<u32>;
  var<storage, read_write> counts: array<u32>;
  ${cells ? cellText(cells) : ''}
  @compute @workgroup_size(64)
  fn listNeighbours(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let here = x[i];
    ${periodic ? 'let lengths = box;' : ''}
    var count = 0u;
    ${walk(
      cells,
      /* wgsl */ `
        var d = here - x[j];
        ${periodic ? 'd = d - lengths * round(d / lengths);' : ''} // (2)
        if (j != i && dot(d, d) < reach * reach ${without ? '&& !isApart(i, j)' : ''}) {
          if (count < capacity) { table[count * arrayLength(&x) + i] = j - i; }
          count++;
        }`,
    )}
    counts[i] = count;
  }
  ${
    without
      ? `fn isApart(i: u32, j: u32) -> bool {
    var found = false;
    for (var s = apartFrom[i]; s < apartFrom[i + 1u]; s++) { found = found || apart[s] == j; }
    return found;
  }`
      : ''
  }
`;

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
  const form = { dimension, periodic: box !== undefined, cells, without: without !== undefined };
  const list: Kernel = listKernels(JSON.stringify(form), () => listText(form));
  const places = { x: x.detach(), ...(box && { box: box.detach() }) };
  const sorted = cells ? byCell(places as Placed, cells) : {};
  const { table, counts } = list(
    { ...places, ...sorted, ...without, reach, capacity },
    { count: n, out: { table: [capacity, n] } },
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

/** Points in the order of their cells, how many each holds, and where its range ends. */
function byCell({ x, box }: Placed, cells: readonly number[]) {
  const keys: Kernel = keyKernels(cells.join(), () => keysText(cells));
  const { key } = keys({ x, box }, { count: x.shape[0] }) as { readonly key: Tensor };
  const held = histogram(
    key,
    cells.reduce((a, b) => a * b, 1),
  );
  return { order: argsort(key), held, ends: scan(held) };
}

function check(x: Tensor, { reach, capacity, box, cells }: NeighbourOptions): void {
  const [, d] = x.shape;
  if (x.type !== 'f32' || x.shape.length !== 2 || (d !== 2 && d !== 3))
    throw new RangeError(`neighbourTable: x has shape [${x.shape.join(', ')}]; give [n, 2] or [n, 3].`);
  if (!(reach > 0 && reach < Number.POSITIVE_INFINITY))
    throw new RangeError(`neighbourTable: reach is ${reach}; give a positive number.`);
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new RangeError(`neighbourTable: capacity is ${capacity}; give a whole number from 1.`);
  if (box && (!(box instanceof Tensor) || box.size !== d))
    throw new RangeError(`neighbourTable: box has shape [${box.shape?.join(', ')}]; for these points give [${d}].`);
  if (cells && (!box || cells.length !== d || !cells.every(c => Number.isInteger(c) && c >= 3)))
    throw new RangeError(
      `neighbourTable: cells are [${cells.join(', ')}]; give a box and ${d} whole numbers from 3, or leave them out.`,
    );
}
