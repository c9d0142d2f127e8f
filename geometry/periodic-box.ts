/**
 * Periodic boxes: straight ones by the lengths of their sides, [d], tilted ones by their vectors, the rows of [d, d].
 *
 *   g_a · h_b = δ_ab                                       h: the vectors, g: their reciprocals                    (1)
 *   d = Δ − Σ_a h_a round(g_a · Δ),   Δ = x_i − x_j        the nearest image                                       (2)
 *   height_a = 1 / |g_a|                                   between opposite sides                                  (3)
 *
 * (2) is right for all that is nearer than half the least height: there |g_a · d| < ½ for each a, and no other image is as near.
 * Vectors may point anywhere and have either hand. Allen & Tildesley: Computer Simulation of Liquids, 2nd ed., 2017, §1.6.2.
 */

import { inWords, type Kernel, kernelsByKey, Tensor, tensor } from '../kernel/index.ts';

/** Lengths of a straight box, or vectors of a tilted one, as numbers. */
export type BoxLayout = readonly number[] | readonly (readonly number[])[];

/** What is around points: open space, a straight box, or a tilted one. */
export type BoxKind = 'none' | 'straight' | 'tilted';

/** Pieces of a kernel whose points are in a box. */
export interface BoxText {
  /** The buffer `box`, where there is one. */
  readonly binding: string;
  /** What stands once before the others. */
  readonly setup: string;
  /** A place or displacement in shares of the box. */
  shares(x: string): string;
  /** The nearest image (2) of a displacement. */
  nearest(d: string): string;
  /** From a place to its image m boxes on, a vector of whole numbers: Σ_a h_a m_a. */
  across(m: string): string;
  /** Heights (3). */
  readonly heights: string;
}

const none: BoxText = { binding: '', setup: '', shares: x => x, nearest: d => d, across: m => m, heights: '' };

const straight = (d: number): BoxText => ({
  binding: `var<storage, read> box: vec${d}f;`,
  setup: 'let lengths = box; let perLength = 1.0 / lengths;',
  shares: x => `${x} / lengths`,
  nearest: v => `${v} - lengths * round(${v} * perLength)`,
  across: m => `lengths * ${m}`,
  heights: 'lengths',
});

const reciprocals = [
  /* wgsl */ `
    let perVolume = 1.0 / (h0.x * h1.y - h0.y * h1.x);
    let g0 = perVolume * vec2f(h1.y, -h1.x);
    let g1 = perVolume * vec2f(-h0.y, h0.x);`,
  /* wgsl */ `
    let perVolume = 1.0 / dot(h0, cross(h1, h2));
    let g0 = perVolume * cross(h1, h2);
    let g1 = perVolume * cross(h2, h0);
    let g2 = perVolume * cross(h0, h1);`,
]; // (1)

function tilted(d: number): BoxText {
  const axes = Array.from({ length: d }, (_, a) => a);
  return {
    binding: `var<storage, read> box: array<vec${d}f>;`,
    setup: `${axes.map(a => `let h${a} = box[${a}u];`).join(' ')} ${reciprocals[d - 2]}`,
    shares: x => `vec${d}f(${axes.map(a => `dot(g${a}, ${x})`).join(', ')})`,
    nearest: v => `${v} - ${axes.map(a => `h${a} * round(dot(g${a}, ${v}))`).join(' - ')}`, // (2)
    across: m => axes.map(a => `h${a} * ${m}[${a}]`).join(' + '),
    heights: `1.0 / vec${d}f(${axes.map(a => `length(g${a})`).join(', ')})`, // (3)
  };
}

/** Pieces for d dimensions. */
export const boxText = (d: number, kind: BoxKind): BoxText =>
  kind === 'none' ? none : kind === 'straight' ? straight(d) : tilted(d);

const isVectors = (box: BoxLayout): box is readonly (readonly number[])[] => Array.isArray(box[0]);

/** Of which kind a box is. */
export function boxKind(box: BoxLayout | Tensor | undefined): BoxKind {
  if (!box) return 'none';
  return (box instanceof Tensor ? box.shape.length === 2 : isVectors(box)) ? 'tilted' : 'straight';
}

const cross = ([a, b, c]: readonly number[], [x, y, z]: readonly number[]): number[] => [
  b * z - c * y,
  c * x - a * z,
  a * y - b * x,
];
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, k) => sum + v * b[k], 0);

/** A box as numbers. */
export interface BoxSizes {
  readonly volume: number;
  /** (3), [d]. */
  readonly heights: readonly number[];
  /** A place in shares of the box. */
  readonly shares: (x: readonly number[]) => readonly number[];
}

export function boxSizes(box: BoxLayout): BoxSizes {
  if (!isVectors(box))
    return { volume: box.reduce((a, b) => a * b, 1), heights: box, shares: x => x.map((v, a) => v / box[a]) };
  const h = box.length === 2 ? [...box.map(([x, y]) => [x, y, 0]), [0, 0, 1]] : box;
  const volume = dot(h[0], cross(h[1], h[2]));
  const g = box.map((_, a) => cross(h[(a + 1) % 3], h[(a + 2) % 3]).map(v => v / volume)); // (1)
  return {
    volume: Math.abs(volume),
    heights: g.map(row => 1 / Math.hypot(...row)),
    shares: x => g.map(row => dot(x, row)),
  };
}

/** A box from the words of its tensor. */
export const boxLayout = (words: ArrayLike<number>, kind: BoxKind, d: number): BoxLayout =>
  kind === 'tilted'
    ? Array.from({ length: d }, (_, a) => Array.from({ length: d }, (_, b) => words[d * a + b]))
    : Array.from(words);

/** 3 × 4 × 5, or [3, 0, 0], [1, 4, 0], [0, 0, 5]. */
export const boxInWords = (box: BoxLayout): string =>
  isVectors(box) ? box.map(row => `[${row.join(', ')}]`).join(', ') : box.join(' × ');

/** @throws RangeError unless `box` has d lengths above 0, or d vectors that span a volume. */
export function checkBox(who: string, box: BoxLayout, d: number): void {
  const right = isVectors(box) ? box.every(row => row.length === d && row.every(Number.isFinite)) : true;
  if (box.length === d && right) {
    const { volume, heights } = boxSizes(box);
    if (volume > 0 && heights.every(h => h > 0 && h < Number.POSITIVE_INFINITY)) return;
  }
  throw new RangeError(
    `${who}: box is ${Array.isArray(box) ? boxInWords(box) : inWords(box)}; give ${d} lengths above 0, or ${d} vectors that do not lie in one ${d === 2 ? 'line' : 'plane'}.`,
  );
}

const reciprocalText = (d: number): string => /* wgsl */ `
  ${tilted(d).binding}
  var<storage, read_write> volume: array<f32>;
  var<storage, read_write> g: array<f32>;
  @compute @workgroup_size(1)
  fn reciprocalBox() {
    ${tilted(d).setup}
    volume[0] = abs(1.0 / perVolume);
    ${Array.from({ length: d * d }, (_, k) => `g[${k}] = g${Math.floor(k / d)}[${k % d}];`).join(' ')}
  }
`;
const kernels = kernelsByKey();

function reciprocal(box: Tensor): { readonly volume: Tensor; readonly g: Tensor } {
  const [d] = box.shape;
  const run: Kernel = kernels(String(d), () => reciprocalText(d));
  return run({ box }, { count: 1, out: { volume: [], g: [d, d] } }) as ReturnType<typeof reciprocal>;
}

/** The volume, []; differentiable. */
export function boxVolume(box: Tensor): Tensor {
  if (boxKind(box) === 'tilted') return reciprocal(box).volume;
  const [d] = box.shape;
  return Array.from({ length: d }, (_, a) => box.slice(a, a + 1).reshape([])).reduce((a, b) => a.mul(b));
}

/** Vectors of waves that the box repeats, 2π Σ_a m_a g_a, [waves, d]; differentiable. @param m Whole numbers, [waves][d]. */
export function boxWaves(box: Tensor, m: readonly (readonly number[])[]): Tensor {
  const [d] = box.shape;
  const turns = tensor(
    m.flat().map(v => 2 * Math.PI * v),
    [m.length, d],
    { device: box.device },
  );
  return boxKind(box) === 'tilted' ? turns.matmul(reciprocal(box).g) : turns.div(box.reshape([1, d]));
}
