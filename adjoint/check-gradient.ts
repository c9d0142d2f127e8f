/**
 * Tests of derivatives, at a point, in random directions u (of the arguments) and w (of the value).
 *
 *   ⟨w, J u⟩ = ⟨Jᵀ w, u⟩                                           (1) both modes are one linear map
 *   J u = (f(x + h u) − f(x − h u)) / 2h + O(h²)                   (2) and it is the derivative
 *   |f(x + h u) − f(x) − h J u| = O(h²)                            (3) Taylor's remainder: halving h quarters it
 *
 * Each leaf moves by parts of its own size, so positions in thousands and angles may stand side by side. Tolerances follow
 * the device's precision; h of (2) is the one that balances rounding and truncation, ε^⅓. For (3) h is halved until the remainder
 * falls as it should or drowns in rounding: a step may be too long for the series, a wrong derivative gives order 1 at any.
 */

import { type Tensor, tensor } from '../kernel/index.ts';
import { vjp } from './gradient.ts';
import { jvp } from './jvp.ts';
import { type Flat, flatten } from './tree.ts';

export interface GradientCheck {
  /** (1): |⟨w, J u⟩ − ⟨Jᵀ w, u⟩| / Σ |terms|; undefined if there is only one mode. */
  readonly dotProduct: number | undefined;
  /** (2): |difference − derivative| / scale, of ⟨w, f⟩. */
  readonly difference: number;
  /** (3): order of the remainder between h and h / 2, the first above 1.5; undefined where it drowns in rounding. */
  readonly taylorOrder: number | undefined;
}

export interface GradientCheckOptions {
  /** Which modes exist; a custom stage may have one only. Default both. */
  readonly modes?: 'both' | 'reverse' | 'forward';
  /** Bound for (1). Default 1e-10 in f64, 1e-4 in f32. */
  readonly dotTolerance?: number;
  /** Bound for (2). Default 1e-6 in f64, 2e-2 in f32. */
  readonly tolerance?: number;
  /** Step, in parts of each leaf's largest number. Default 6e-6 in f64, 5e-3 in f32. */
  readonly h?: number;
  readonly seed?: number;
}

/** mulberry32: enough for directions. */
function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

const values = (leaves: readonly Tensor[]): Promise<number[][]> =>
  Promise.all(leaves.map(async leaf => Array.from(await leaf.read())));

const products = (a: readonly number[][], b: readonly number[][]): { sum: number; size: number } => {
  const terms = a.flatMap((leaf, l) => leaf.map((x, k) => x * b[l][k]));
  return { sum: terms.reduce((s, t) => s + t, 0), size: terms.reduce((s, t) => s + Math.abs(t), 0) };
};

const mostHalvings = 10;

/** How far each leaf moves for h = 1: its largest number, or something like 1 where it is as good as zero. */
function sizesOf(leaves: readonly number[][]): number[] {
  const own = leaves.map(leaf => leaf.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  const all = Math.max(...own);
  return own.map(size => (size > 1e-6 * all ? size : Math.min(1, all) || 1));
}

function checkFinite(leaves: readonly (readonly number[])[], what: string): void {
  for (const [l, leaf] of leaves.entries()) {
    const k = leaf.findIndex(value => !Number.isFinite(value));
    if (k < 0) continue;
    const where = leaves.length > 1 ? `leaf ${l}, element ${k}` : `element ${k}`;
    throw new Error(
      `checkGradient: ${what} is ${leaf[k]} at ${where}, so nothing can be compared; move the point away from such a pole, or mend the rule that gives it.`,
    );
  }
}

/**
 * Checks a function of a tree, whose value is any tree, at a point.
 *
 * @returns What was measured.
 * @throws Error with the numbers, if a bound is exceeded; that says where something is not finite, as at a pole.
 */
export async function checkGradient<X, Y>(
  f: (x: X) => Y,
  x: X,
  options: GradientCheckOptions = {},
): Promise<GradientCheck> {
  const input = flatten(x, 'checkGradient');
  const double = input.leaves.every(leaf => leaf.device.precision === 'f64');
  const { modes = 'both', dotTolerance = double ? 1e-10 : 1e-4, tolerance = double ? 1e-6 : 2e-2, seed = 1 } = options;
  const random = generator(seed);
  const at = await values(input.leaves);
  const sizes = sizesOf(at);
  const u = at.map((leaf, l) => leaf.map(() => sizes[l] * random()));
  const make = (numbers: readonly number[][]): X => treeOf(input, numbers);
  const base = flatten(f(x), 'checkGradient');
  const y0 = await values(base.leaves);
  const w = y0.map(leaf => leaf.map(random));
  checkFinite(at, 'the argument');
  checkFinite(y0, 'the value of f');

  let forwards: { sum: number; size: number } | undefined;
  if (modes !== 'reverse') {
    const tangents = await values(flatten(jvp(f)(x, make(u)).tangent).leaves);
    checkFinite(tangents, 'the tangent, by jvp,');
    forwards = products(w, tangents);
  }
  let backwards: { sum: number; size: number } | undefined;
  if (modes !== 'forward') {
    const { pullback, dispose } = vjp(f)(x);
    const adjoints = await values(flatten(pullback(treeOf(base, w))).leaves);
    dispose();
    checkFinite(adjoints, 'the adjoint, by vjp,');
    backwards = products(adjoints, u);
  }
  const derivative = (forwards ?? backwards)?.sum ?? Number.NaN;
  const dotProduct =
    forwards &&
    backwards &&
    Math.abs(forwards.sum - backwards.sum) / Math.max(forwards.size, backwards.size, Number.MIN_VALUE);
  if (dotProduct !== undefined && !(dotProduct <= dotTolerance))
    throw new Error(
      `checkGradient: <w, J u> = ${forwards?.sum} by jvp, but <J^T w, u> = ${backwards?.sum} by vjp; relative difference ${dotProduct.toExponential(2)} > ${dotTolerance}.`,
    );

  const h = options.h ?? (double ? 6e-6 : 5e-3);
  const moved = async (s: number): Promise<number> => {
    const y = flatten(f(make(at.map((leaf, l) => leaf.map((value, k) => value + s * u[l][k])))));
    return products(w, await values(y.leaves)).sum;
  };
  const [plus, minus] = [await moved(h), await moved(-h)];
  if (!Number.isFinite(plus - minus))
    throw new Error(
      `checkGradient: f is not finite at a distance of h = ${h.toExponential(2)} from the point, so differences say nothing; give a smaller h, or move the point.`,
    );
  const slope = (plus - minus) / (2 * h);
  const scale = Math.max(
    Math.abs(slope),
    Math.abs(derivative),
    forwards?.size ?? 0,
    Math.abs(backwards?.size ?? 0) * 1e-3,
    1e-12,
  );
  const difference = Math.abs(slope - derivative) / scale;
  if (!(difference <= tolerance))
    throw new Error(
      `checkGradient: central differences give ${slope}, the derivative is ${derivative}; relative difference ${difference.toExponential(2)} > ${tolerance} (h = ${h.toExponential(2)}).`,
    );

  const start = products(w, y0);
  const remainder = async (s: number): Promise<number> => Math.abs((await moved(s)) - start.sum - s * derivative);
  const noise = (s: number): number => (start.size + s * scale) * (double ? 1e-13 : 1e-5);
  let taylorOrder: number | undefined;
  let H = double ? 1e-3 : 5e-2;
  let coarse = await remainder(H);
  for (let k = 0; k < mostHalvings && !(taylorOrder !== undefined && taylorOrder >= 1.5); k++) {
    H /= 2;
    const fine = await remainder(H);
    if (!(fine > noise(H))) break;
    taylorOrder = Math.log2(coarse / fine);
    coarse = fine;
  }
  if (taylorOrder !== undefined && taylorOrder < 1.5)
    throw new Error(
      `checkGradient: Taylor's remainder at h = ${H.toExponential(2)} is ${coarse.toExponential(2)}, still falling with order ${taylorOrder.toFixed(2)}; a derivative gives order 2.`,
    );
  return { dotProduct, difference, taylorOrder };
}

function treeOf<T>(flat: Flat<T>, numbers: readonly number[][]): T {
  return flat.rebuild(flat.leaves.map((leaf, k) => tensor(numbers[k], leaf.shape, { device: leaf.device })));
}
