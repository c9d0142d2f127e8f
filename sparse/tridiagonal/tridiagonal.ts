/**
 * Batches of tridiagonal systems, solved directly.
 *
 *   lᵢ xᵢ₋₁ + dᵢ xᵢ + uᵢ xᵢ₊₁ = bᵢ                                    l₀ and uₙ₋₁ count only if periodic: x₋₁ = xₙ₋₁, xₙ = x₀
 *
 *   Aᵀ λ = x̄      b̄ = λ      l̄ᵢ = −λᵢ xᵢ₋₁      d̄ᵢ = −λᵢ xᵢ      ūᵢ = −λᵢ xᵢ₊₁           A ẋ = ḃ − Ȧ x
 *
 * Each system is one invocation's, so systems run in lanes and on cores side by side, and one system alone does not: for few long
 * ones, linearSolve with lu() does as well. Rows are not exchanged: that is stable for what is diagonally dominant or symmetric
 * positive definite, and anything else is lu()'s. The rules are made of solves and kernels, and can be differentiated again.
 */

import { custom } from '../../adjoint/index.ts';
import { checkOptions, inWords, lazyKernel, Tensor } from '../../kernel/index.ts';
import { adjointsText, eliminationText, periodicText } from './tridiagonal.wgsl.ts';
import { type Bands, bandsTimes, type Rows, transposedBands } from './tridiagonal-matrix.ts';

export interface TridiagonalOptions {
  /** Axis of b along which the systems run. Default: the last one. */
  readonly axis?: number;
  /** Whether l₀ and uₙ₋₁ join both ends. Default false. */
  readonly periodic?: boolean;
  /** Whether pivots are looked at. A loop that is to be recorded must do without on a CPU. Default true. */
  readonly check?: boolean;
}

interface System extends Bands {
  readonly b: Tensor;
}

interface Layout extends Rows {
  readonly systems: number;
  readonly check: boolean;
}

/**
 * Solves tridiagonal systems.
 *
 * @param lower, diagonal, upper lᵢ, dᵢ and uᵢ: [n], the same for all systems, or of b's shape.
 * @param b […, n], or n along `axis`.
 * @returns x, of b's shape.
 * @throws RangeError naming system and row, if a pivot is 0 or not finite: at once on a CPU, by the next read on a GPU.
 */
export function tridiagonalSolve(
  lower: Tensor,
  diagonal: Tensor,
  upper: Tensor,
  b: Tensor,
  options: TridiagonalOptions = {},
): Tensor {
  checkOptions('tridiagonalSolve', options, ['axis', 'periodic', 'check']);
  const { axis = -1, periodic = false, check = true } = options;
  const given = { lower, diagonal, upper, b };
  for (const [name, x] of Object.entries(given)) {
    if (!(x instanceof Tensor))
      throw new TypeError(
        `tridiagonalSolve: '${name}' is ${inWords(x)}; give tensors: tridiagonalSolve(lower, diagonal, upper, b).`,
      );
    if (x.device !== lower.device)
      throw new TypeError(
        `tridiagonalSolve: '${name}' is on another device than 'lower'; move it there: await x.to(device).`,
      );
  }
  const rank = Math.max(...Object.values(given).map(x => x.shape.length));
  const along = axis < 0 ? rank + axis : axis;
  const largest = Object.values(given).reduce((a, x) => (x.size > a.size && x.shape.length === rank ? x : a), b);
  const n = largest.shape[along];
  if (n === undefined)
    throw new RangeError(`tridiagonalSolve: axis ${axis} of shape [${largest.shape.join(', ')}]; there is none.`);
  if (periodic && n < 3)
    throw new RangeError(`tridiagonalSolve: a periodic system of ${n} rows; it must have at least 3.`);
  const full = Object.fromEntries(
    Object.entries(given).map(([name, x]) => [name, fitted(name, x, largest.shape, along)]),
  ) as unknown as System;
  if (largest.size === 0) return full.b;
  const inner = largest.shape.slice(along + 1).reduce((a, m) => a * m, 1);
  return solve(full, { n, inner, systems: largest.size / n, periodic, check });
}

/** Of the shape that all are to have. */
function fitted(name: string, x: Tensor, shape: readonly number[], axis: number): Tensor {
  if (x.type !== 'f32') throw new TypeError(`tridiagonalSolve: '${name}' holds ${x.type}; it must hold f32.`);
  if (x.shape.length === shape.length && x.shape.every((m, d) => m === shape[d])) return x;
  if (x.shape.length !== 1 || x.size !== shape[axis])
    throw new RangeError(
      `tridiagonalSolve: '${name}' has shape [${x.shape.join(', ')}]; it must be [${shape[axis]}], one number for each row, or [${shape.join(', ')}].`,
    );
  return x.reshape([x.size, ...shape.slice(axis + 1).map(() => 1)]).broadcastTo(shape);
}

const elimination = lazyKernel(eliminationText);
const periodicElimination = lazyKernel(periodicText);
const adjoints = lazyKernel(adjointsText);

function solve(system: System, layout: Layout): Tensor {
  const { n, inner, periodic } = layout;
  return custom((given: System) => launch(given, layout), {
    name: 'tridiagonalSolve',
    vjp({ b: _, ...bands }, bar, x) {
      const lambda = solve({ ...transposedBands(bands, layout), b: bar }, layout);
      const { shape, size: count } = x;
      const out = { lowerBar: shape, diagonalBar: shape, upperBar: shape };
      const { lowerBar, diagonalBar, upperBar } = adjoints(
        { lambda, x },
        { count, overrides: { n, inner, periodic }, out },
      );
      return { lower: lowerBar, diagonal: diagonalBar, upper: upperBar, b: lambda };
    },
    jvp({ b: _, ...bands }, { b: bDot, ...dots }, x) {
      return solve({ ...bands, b: bDot.sub(bandsTimes(dots, x, layout)) }, layout);
    },
  })(system);
}

function launch({ lower, diagonal, upper, b }: System, { n, inner, systems, periodic, check }: Layout): Tensor {
  const given = { lower, diagonal, upper, b };
  const { shape, device } = b;
  const overrides = { n, inner };
  const rounding = device.precision === 'f64' ? 2 ** -50 : 2 ** -21;
  const out = { ratio: shape, x: shape, broken: [systems] };
  const { x, broken } = periodic
    ? periodicElimination(given, { count: systems, overrides: { ...overrides, rounding }, out: { ...out, z: shape } })
    : elimination(given, { count: systems, overrides, out });
  if (check) device.check([broken.memory.retain()], rows => judge(rows, n));
  return x;
}

function judge(rows: ArrayLike<number>, n: number): void {
  for (let s = 0; s < rows.length; s++)
    if (rows[s] !== 0)
      throw new RangeError(
        `tridiagonalSolve: system ${s} of ${rows.length} has a pivot that is 0 or not finite in row ${rows[s] - 1} of ${n}; the matrix is singular, or needs rows exchanged: use linearSolve with lu().`,
      );
}
