/**
 * Which of many points are within a distance of each other, by clusters of four.
 *
 *   columns      points are sorted by column of the box, about as wide as four points need, and along it                       (1)
 *   cluster      four that follow each other in that order, which is that of the slots; lanes of a kernel
 *   neighbours   slots j, and images m of the box, with |x_i − x_j − Σ_a h_a m_a| < reach for any of the four points i         (2)
 *
 * What a cluster's points look at is alike for the four, so it is fetched once: what each pair would gather, a cluster loads. Candidates are
 * those of all columns that come within reach of the cluster's bounds, taken in shares of the box, so (2) is exact in boxes that change and in
 * small ones, as long as no height is below twice the reach. A lane tests every fourth candidate and has a section of entries of its own; the order
 * of entries follows from places alone. In open space the order is that of the points, and all are candidates. A list has no derivative.
 * Páll & Hess, Comput. Phys. Commun. 184 (2013) 2641, doi:10.1016/j.cpc.2013.06.003.
 */

import {
  amax,
  argsort,
  type Device,
  histogram,
  isBeingRecorded,
  type Kernel,
  kernelsByKey,
  onDevice,
  outliving,
  pick,
  scan,
  type Tensor,
  tensor,
} from '../../kernel/index.ts';
import { type BoxKind, type BoxLayout, boxKind, boxSizes, boxText } from '../periodic-box.ts';
import { isApartText, type NeighbourOptions } from './cells.ts';

export interface ClusterOptions extends Pick<NeighbourOptions, 'reach' | 'box' | 'without'> {
  /** Entries of a section that there is room for; a cluster has four. */
  readonly capacity: number;
  /** Bins along the columns, then columns along the other axes; `columnsOf` tells. Needed in a box. */
  readonly columns?: readonly number[];
}

export interface Clusters {
  /** The point of each slot, [4 clusters], u32; out of range in slots of the last cluster that are left over. */
  readonly order: Tensor;
  /** Whole boxes that each slot's point has left behind, [4 clusters, d]; none in open space. */
  readonly homes: Tensor | undefined;
  /** [clusters, 4, capacity], u32: 512 · slot + 16 · image + the lanes that see it, a bit for each. */
  readonly entries: Tensor;
  /** Entries of each section, [4 clusters], u32; more than `capacity` where some were left out. */
  readonly counts: Tensor;
  /** The most of them, u32, []. */
  readonly fullest: Tensor;
  /** m of each image, [27, d]. */
  readonly images: Tensor;
}

/** Most points: entries have 23 bits for a slot. */
const mostPoints = 2 ** 23;
const axes = ['x', 'y', 'z'] as const;
/** Bins along a column, in its width. */
const finer = 4;

/** How `count` points of a box are best sorted. */
export function columnsOf(box: BoxLayout, reach: number, count: number): readonly number[] {
  const { volume, heights } = boxSizes(box);
  const width = Math.min(reach, ((4 * volume) / count) ** (1 / heights.length));
  return heights.map((height, axis) => Math.max(1, Math.floor(((axis === 0 ? finer : 1) * height) / width)));
}

/** Text for kernels of 4 × clusters invocations, one for each slot. */
export interface ClusterText {
  readonly bindings: string;
  /** Runs `look` for each neighbour: slot `j` at displacement `d` from it to `place`; it counts if `seen`. @param x Places by slot, a buffer. */
  loop(x: string, look: string): string;
}

/** `bindings` take what `clusterInputs` gives; `box.setup` stands before the loop. */
export function clusterText(dimension: number, kind: BoxKind): ClusterText {
  const box = boxText(dimension, kind);
  return {
    bindings: /* wgsl */ `
  ${box.binding}
  var<storage, read> entries: array<u32>;
  var<storage, read> counts: array<u32>;
  ${kind === 'none' ? '' : `var<storage, read> images: array<vec${dimension}f>;`}`,
    loop: (x, look) => /* wgsl */ `
    let capacity = arrayLength(&entries) / arrayLength(&counts);
    let lane = 1u + id.x + (id.x >> 1u) + 3u * (id.x & (id.x >> 1u)); // 1, 2, 4, 8
    for (var section = 4u * id.y; section < 4u * id.y + 4u; section++) {
      let until = min(counts[section], capacity);
      for (var k = 0u; k < until; k++) {
        let entry = entries[section * capacity + k];
        let j = entry >> 9u;
        ${kind === 'none' ? '' : 'let m = images[(entry >> 4u) & 31u];'}
        let d = place - ${x}[j]${kind === 'none' ? '' : ` - (${box.across('m')})`}; // (2)
        let seen = (entry & lane) != 0u;
        ${look}
      }
    }`,
  };
}

/** What `ClusterText.bindings` bind, but for the box. */
export const clusterInputs = ({ entries, counts, images, homes }: Clusters): Readonly<Record<string, Tensor>> => ({
  entries,
  counts,
  ...(homes && { images }),
});

const keysText = (columns: readonly number[], kind: BoxKind): string => {
  const vec = `vec${columns.length}`;
  const box = boxText(columns.length, kind);
  const number = columns.map((_, a) => `u32(cell.${axes[a]}) * ${columns.slice(0, a).reduce((p, c) => p * c, 1)}u`);
  return /* wgsl */ `
  var<storage, read> x: array<${vec}f>;
  ${box.binding}
  var<storage, read_write> key: array<u32>;
  var<storage, read_write> home: array<${vec}f>;
  @compute @workgroup_size(64)
  fn columnKeys(@builtin(global_invocation_id) id: vec3u) {
    ${box.setup}
    let s = ${box.shares('x[id.x]')};
    home[id.x] = floor(s);
    let cell = min(${vec}i((s - floor(s)) * ${vec}f(${columns.join(', ')})), ${vec}i(${columns.map(c => c - 1).join(', ')}));
    key[id.x] = ${number.join(' + ')}; // (1)
  }
`;
};

const slotsText = (dimension: number, kind: BoxKind): string => {
  const box = boxText(dimension, kind);
  const boxed = kind !== 'none';
  return /* wgsl */ `
  var<storage, read> x: array<vec${dimension}f>;
  ${box.binding}
  ${boxed ? `var<storage, read> sorted: array<u32>; var<storage, read> home: array<vec${dimension}f>;` : ''}
  var<storage, read_write> order: array<u32>;
  ${boxed ? `var<storage, read_write> homes: array<vec${dimension}f>;` : ''}
  var<storage, read_write> places: array<vec${dimension}f>;
  @compute @workgroup_size(64)
  fn fillSlots(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&x);
    ${box.setup}
    let i = ${boxed ? 'sorted[min(id.x, n - 1u)]' : 'min(id.x, n - 1u)'};
    order[id.x] = select(0xffffffffu, i, id.x < n);
    ${boxed ? `let m = home[i]; homes[id.x] = m; places[id.x] = x[i] - (${box.across('m')});` : 'places[id.x] = x[i];'}
  }
`;
};

interface Form {
  readonly dimension: number;
  readonly kind: BoxKind;
  readonly columns: readonly number[] | undefined;
  readonly without: boolean;
}

/** Runs `look` for candidates `begin` … `end` of each column and image. */
function overColumns(columns: readonly number[], kind: BoxKind, look: string): string {
  const d = columns.length;
  const box = boxText(d, kind);
  const corners = [0, 1, 2, 3].map(k => box.shares(`p${k}`));
  const bound = (name: 'min' | 'max'): string =>
    `${name}(${name}(${corners[0]}, ${corners[1]}), ${name}(${corners[2]}, ${corners[3]}))`;
  const outer = axes.slice(1, d).map((a, k) => ({ a, count: columns[k + 1] }));
  const row = outer.map(
    ({ a, count }, k) => `(${a} - m${a} * ${count}) * ${columns.slice(1, k + 1).reduce((p, c) => p * c, 1)}`,
  );
  return /* wgsl */ `
    let margin = reach * 1.00001 / (${box.heights}) + 1e-6; // and what rounding may take away
    let from = vec${d}i(floor((${bound('min')} - margin) * vec${d}f(${columns.join(', ')})));
    let to = vec${d}i(floor((${bound('max')} + margin) * vec${d}f(${columns.join(', ')})));
    ${[...outer]
      .reverse()
      .map(
        ({ a, count }) =>
          `for (var ${a} = from.${a}; ${a} <= to.${a}; ${a}++) { let m${a} = select(select(0, 1, ${a} >= ${count}), -1, ${a} < 0);`,
      )
      .join(' ')}
    for (var mx = -1; mx <= 1; mx++) {
      let first = max(from.x - mx * ${columns[0]}, 0);
      let last = min(to.x - mx * ${columns[0]}, ${columns[0] - 1});
      if (first <= last) {
        let bin = (${row.join(' + ')}) * ${columns[0]};
        let begin = ends[bin + first] - held[bin + first];
        let end = ends[bin + last];
        let image = u32(mx + 1)${outer.map(({ a }, k) => ` + ${3 ** (k + 1)}u * u32(m${a} + 1)`).join('')};
        let m = vec${d}f(f32(mx), ${outer.map(({ a }) => `f32(m${a})`).join(', ')});
        let shift = ${box.across('m')};
        ${look}
      }
    }
    ${'}'.repeat(outer.length)}`;
}

const listText = ({ dimension, kind, columns, without }: Form): string => {
  const box = boxText(dimension, kind);
  const lanes = [0, 1, 2, 3];
  const home = columns ? (3 ** dimension - 1) / 2 : 0;
  const look = /* wgsl */ `
        let own = select(0x80000000u, lead, image == ${home}u);
        for (var s = begin; s < end; s += 4u) {
          let slot = s + id.x;
          let there = places[slot] + shift;
          ${lanes.map(k => `let d${k} = p${k} - there;`).join(' ')}
          var seen = ${lanes.map(k => `select(0u, ${2 ** k}u, dot(d${k}, d${k}) < reach * reach)`).join(' | ')}; // (2)
          seen = select(0u, seen & lanes, slot < end);
          if (seen != 0u) {
            let self = slot - own;
            if (self < 4u) { seen = seen & ~(1u << self); }
            ${without ? lanes.map(k => `if ((seen & ${2 ** k}u) != 0u && isApart(order[lead + ${k}u], order[slot])) { seen = seen & ${15 - 2 ** k}u; }`).join('\n            ') : ''}
            if (seen != 0u) {
              if (count < capacity) { entries[(lead + id.x) * capacity + count] = 512u * slot + 16u * image + seen; }
              count++;
            }
          }
        }`;
  const open = /* wgsl */ `
        let image = 0u;
        let shift = vec${dimension}f(0.0);
        let begin = 0u;
        let end = n;
        ${look}`;
  return /* wgsl */ `
  var<storage, read> places: array<vec${dimension}f>;
  ${box.binding}
  ${columns ? 'var<storage, read> ends: array<u32>; var<storage, read> held: array<u32>;' : ''}
  ${without ? 'var<storage, read> order: array<u32>;' : ''}
  var<uniform> n: u32;
  var<uniform> reach: f32;
  var<uniform> capacity: u32;
  @unique var<storage, read_write> entries: array<u32>;
  var<storage, read_write> counts: array<u32>;
  @compute @workgroup_size(4, 16)
  fn listClusters(@builtin(global_invocation_id) id: vec3u) {
    ${box.setup}
    let lead = 4u * id.y;
    ${lanes.map(k => `let p${k} = places[lead + ${k}u];`).join(' ')}
    let lanes = select(15u, (1u << (n - lead)) - 1u, lead + 4u > n);
    var count = 0u;
    ${columns ? overColumns(columns, kind, look) : open}
    counts[lead + id.x] = count;
  }
  ${without ? isApartText : ''}
`;
};

const keyKernels = kernelsByKey();
const slotKernels = kernelsByKey();
const listKernels = kernelsByKey();

/** m of images 0 … 3ᵈ − 1, the digits of their numbers less one, [3ᵈ, d]. */
const imagesOn = [2, 3].map(d =>
  onDevice((device: Device) => {
    const digits = Array.from({ length: d * 3 ** d }, (_, k) => (Math.floor(Math.floor(k / d) / 3 ** (k % d)) % 3) - 1);
    return outliving(tensor(digits, [3 ** d, d], { device }));
  }),
);

/**
 * Lists the neighbours of points by clusters.
 *
 * @param x [n, d], d = 2 or 3; in a box anywhere, since it is periodic.
 * @throws RangeError if a section has more than `capacity` entries (on a GPU, by the next read); within a step that is being recorded
 * nothing is thrown, and `fullest` tells.
 */
export function neighbourClusters(x: Tensor, options: ClusterOptions): Clusters {
  const { reach, capacity, box, columns, without } = options;
  const [n, d] = x.shape;
  if (n > mostPoints) throw new RangeError(`neighbourClusters: ${n} points; at most ${mostPoints} can be listed.`);
  const clusters = Math.ceil(n / 4);
  const form: Form = { dimension: d, kind: boxKind(box), columns: box && columns, without: without !== undefined };
  const { order, homes, places, ...bins } = inOrder(x.detach(), clusters, box?.detach(), columns ?? []);
  const list: Kernel = listKernels(JSON.stringify(form), () => listText(form));
  const { entries, counts } = list(
    { places, ...bins, ...(without && { order, ...without }), ...(box && { box: box.detach() }), n, reach, capacity },
    { count: [4, clusters], out: { entries: [clusters, 4, capacity], counts: 4 * clusters } },
  ) as { readonly entries: Tensor; readonly counts: Tensor };
  if (!isBeingRecorded(x.device))
    x.device.check([counts.memory.retain()], found => {
      let most = 0;
      for (const count of found) most = Math.max(most, count);
      if (most > capacity)
        throw new RangeError(
          `neighbourClusters: four points have ${most} neighbours within ${reach} in a section, but there is room for ${capacity}; give a capacity of at least ${most}.`,
        );
    });
  return { order, homes, entries, counts, fullest: amax(counts), images: imagesOn[d - 2](x.device) };
}

interface InOrder {
  readonly order: Tensor;
  readonly homes: Tensor | undefined;
  /** By slot, in the box; the last point again where slots are left over. */
  readonly places: Tensor;
  /** How many points each bin holds, and where its range of slots ends. */
  readonly held?: Tensor;
  readonly ends?: Tensor;
}

function inOrder(x: Tensor, clusters: number, box: Tensor | undefined, columns: readonly number[]): InOrder {
  const [, d] = x.shape;
  const kind = boxKind(box);
  const fill: Kernel = slotKernels(`${d} ${kind}`, () => slotsText(d, kind));

  if (!box) return { ...(fill({ x }, { count: 4 * clusters }) as Pick<InOrder, 'order' | 'places'>), homes: undefined };
  const keys: Kernel = keyKernels(`${columns} ${kind}`, () => keysText(columns, kind));
  const { key, home } = keys({ x, box }, { count: x.shape[0] }) as Record<'key' | 'home', Tensor>;
  const held = histogram(
    key,
    columns.reduce((a, b) => a * b, 1),
  );
  const slots = fill({ x, box, sorted: argsort(key), home }, { count: 4 * clusters });
  return { ...(slots as Pick<InOrder, 'order' | 'homes' | 'places'>), held, ends: scan(held) };
}

/** Places by slot, within the box; differentiable in both. Slots without a point are anywhere. */
export function inClusters(x: Tensor, { order, homes }: Clusters, box: Tensor | undefined): Tensor {
  const y = pick(x, order);
  if (!homes || !box) return y;
  return y.sub(boxKind(box) === 'tilted' ? homes.matmul(box) : homes.mul(box)); // Σ_a h_a m_a
}
