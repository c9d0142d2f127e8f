/**
 * LOBPCG: locally optimal block preconditioned conjugate gradients for the smallest eigenpairs of A q = λ B q.
 *
 *   R = A X − B X Θ      W = M⁻¹ R      X⁺ = the best of span(X, W, P)      P⁺ = what of X⁺ is in span(W, P)
 *
 * The block has a few vectors more than are asked for: convergence hangs on the gap to the first eigenvalue outside it. W is made
 * B-orthogonal to X, and the best of the span is found on the host (eigen-small.ts). Operators so small that the span is everything
 * are handled at once.
 *
 * Knyazev, SIAM J. Sci. Comput. 23 (2001) 517, alg. 4.1; the basis as in Duersch, Shao, Yang & Gu, SIAM J. Sci. Comput. 40 (2018) C655.
 */

import type { Matrix } from 'ml-matrix';
import { concat, peek, scoped, type Tensor, tensor, type Words } from '../../kernel/index.ts';
import { dots, ratio } from '../krylov/method.ts';
import type { LinearOperator } from '../operators/operator.ts';
import type { Preconditioner } from '../preconditioner.ts';
import { ConvergenceError } from '../solve/error.ts';
import { type Objection, precisionOf, type Ritz, rayleighRitz } from './eigen-small.ts';

export interface LobpcgReport {
  readonly iterations: number;
  /** Largest |A q − λ B q| / (|λ| |B q|), computed anew. */
  readonly residual: number;
}

export interface Search {
  readonly B: LinearOperator<unknown> | undefined;
  readonly preconditioner: Preconditioner | undefined;
  readonly rtol: number;
  readonly maxSteps: number;
  readonly x0: Tensor | undefined;
  readonly onSolved: ((report: LobpcgReport) => void) | undefined;
}

export interface Found {
  readonly values: Tensor;
  readonly vectors: Tensor;
  /** The values on the host. */
  readonly numbers: readonly number[];
  /** About the first eigenvalue that was not asked for; infinite if there is none. */
  readonly next: number;
}

type Operator = LinearOperator<unknown>;

export function lobpcgNow(A: Operator, k: number, search: Search): Found {
  return scoped(
    () => run(A, k, search),
    ({ values, vectors }) => [values, vectors],
  );
}

/** A basis or a part of one, and what A and B make of it; without B, b is s. */
interface Block {
  readonly s: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
}

/** Of a CPU's tensor: eigen-options.ts lets no other in. */
const seen = (t: Tensor): Words => peek(t) as Words;

function run(A: Operator, k: number, search: Search): Found {
  const { B, rtol, maxSteps, onSolved } = search;
  const n = A.rows;
  const m = Math.min(n, k + Math.max(2, Math.ceil(k / 2)));
  const times = (s: Tensor): Block => ({ s, a: A.apply(s), b: B ? B.apply(s) : s });
  if (n <= Math.max(3 * m, 24)) return dense(A, k, search);
  const prepared = search.preconditioner?.prepare(A);
  let block = times(start(A, m, search.x0));
  let ritz = ritzOf(A, B, block);
  let x = times(block.s.matmul(coefficients(A, ritz, 0, m)));
  let p: Block | undefined;
  for (let iterations = 0; ; iterations++) {
    const values = ritz.values.slice(0, m);
    const theta = tensor(values, undefined, { device: A.device });
    const next = scoped(
      () => {
        const r = x.a.sub(x.b.mul(theta));
        const w = prepared ? prepared.apply(r) : r;
        const across = w.sub(x.s.matmul(x.b.transpose().matmul(w)));
        const fit = times(across.mul(unit(across)));
        return { fit, squares: [r, x.b, x.s, fit.a].map(v => dots(v, v)) };
      },
      ({ fit, squares }) => [fit.s, fit.a, fit.b, ...squares],
    );
    const [rr, bb, xx, aa] = next.squares.map(seen);
    const judged = judge(A, { rr, bb, xx, norm: Math.max(...aa) }, values.slice(0, k), rtol);
    if (judged.met) {
      onSolved?.({ iterations, residual: judged.residual });
      return finish(A, ritz, seen(x.s), m, k, Math.max(...aa));
    }
    if (iterations >= maxSteps) {
      const { vectors } = finish(A, ritz, seen(x.s), m, k, Number.POSITIVE_INFINITY);
      throw new ConvergenceError(
        `lobpcg: |Aq − λBq| / |λ||Bq| is ${judged.residual.toPrecision(3)} after ${iterations} steps, above rtol = ${rtol}: these were all the steps allowed; give a preconditioner, or more maxSteps.`,
        { iterations, residual: judged.residual, x: vectors },
      );
    }
    const parts = [x, next.fit, ...(p ? [p] : [])];
    const old = parts.flatMap(({ s, a, b }) => [s, a, b]);
    block = together(parts);
    ritz = ritzOf(A, B, block);
    x = times(block.s.matmul(coefficients(A, ritz, 0, m)));
    const along = coefficients(A, ritz, m, m);
    const s = block.s.matmul(along);
    p = { s, a: block.a.matmul(along), b: B ? block.b.matmul(along) : s };
    for (const t of new Set([...old, block.s, block.a, block.b, theta, along, ...next.squares])) t.dispose();
  }
}

function together(parts: readonly Block[]): Block {
  const side = (pick: (part: Block) => Tensor): Tensor => concat(parts.map(pick), 1);
  const s = side(p => p.s);
  return { s, a: side(p => p.a), b: parts.every(p => p.b === p.s) ? s : side(p => p.b) };
}

/** 1 / |v| for each column. */
function unit(v: Tensor): Tensor {
  const size = dots(v, v).sqrt();
  return ratio(size.mul(0).add(1), size);
}

function ritzOf(A: Operator, B: Operator | undefined, { s, a, b }: Block): Ritz {
  const turned = s.transpose();
  const [h, g] = [seen(turned.matmul(a)), seen(turned.matmul(b))];
  return accept(A, B, rayleighRitz(h, g, s.shape[1], precisionOf(A.device.precision)));
}

/** @throws RangeError about the operator that is not what it is said to be. */
function accept(A: Operator, B: Operator | undefined, result: Ritz | Objection): Ritz {
  if (typeof result !== 'string') return result;
  if (result === 'not finite')
    throw new RangeError(
      `lobpcg: the ${A.name}${B ? ' or B' : ''} (or the preconditioner) gives numbers that are not finite.`,
    );
  const name = result.startsWith('A') ? A.name : `${B?.name} B`;
  throw new RangeError(
    result.endsWith('not symmetric')
      ? `lobpcg: the ${name} is said to be symmetric, but its product with u, times v, is not its product with v, times u.`
      : `lobpcg: the ${name} is said to be positive definite, but its product with u, times u, is not positive for every u.`,
  );
}

/** Columns of the first m Ritz vectors; rows before `from` are taken as zero. */
function coefficients(A: Operator, { coefficients: C }: Ritz, from: number, m: number): Tensor {
  const data = new Float64Array(C.rows * m);
  for (let i = from; i < C.rows; i++) for (let j = 0; j < Math.min(m, C.columns); j++) data[i * m + j] = C.get(i, j);
  return tensor(data, [C.rows, m], { device: A.device });
}

interface Sizes {
  readonly rr: Words;
  readonly bb: Words;
  readonly xx: Words;
  /** ‖A‖², from below. */
  readonly norm: number;
}

function judge(
  { device }: Operator,
  { rr, bb, xx, norm }: Sizes,
  values: readonly number[],
  rtol: number,
): { readonly met: boolean; readonly residual: number } {
  const rounding = device.precision === 'f64' ? 2 ** -46 : 2 ** -18;
  const scale = values.map((v, j) => Math.abs(v) * Math.sqrt(bb[j]));
  const met = values.every((_, j) => Math.sqrt(rr[j]) <= Math.max(rtol * scale[j], rounding * Math.sqrt(norm * xx[j])));
  return { met, residual: Math.max(...scale.map((s, j) => (rr[j] === 0 ? 0 : Math.sqrt(rr[j]) / s))) };
}

/** The first k of m columns, each with the sign that makes its largest component positive. */
function finish(A: Operator, { values }: Ritz, x: Words, m: number, k: number, norm: number): Found {
  const n = x.length / m;
  const data = new Float64Array(n * k);
  for (let j = 0; j < k; j++) {
    let largest = 0;
    // Of components that are equal but for rounding, the first.
    for (let i = 0; i < n; i++) if (Math.abs(x[i * m + j]) > 1.001 * Math.abs(largest)) largest = x[i * m + j];
    for (let i = 0; i < n; i++) data[i * k + j] = largest < 0 ? -x[i * m + j] : x[i * m + j];
  }
  const numbers = values.slice(0, k);
  const rounding = A.device.precision === 'f64' ? 1e-10 : 1e-4;
  if (A.positiveDefinite && numbers[0] < -rounding * Math.sqrt(norm))
    throw new RangeError(
      `lobpcg: the ${A.name} is said to be positive definite, but has the eigenvalue ${numbers[0].toPrecision(4)}; say symmetric instead.`,
    );
  const { device } = A;
  const on = (data: ArrayLike<number>, shape: number[]): Tensor => tensor(data, shape, { device });
  return { values: on(numbers, [k]), vectors: on(data, [n, k]), numbers, next: values[k] ?? Number.POSITIVE_INFINITY };
}

/** Random numbers in (−1, 1) beside what is given: the same each time. */
function start({ rows: n, device }: Operator, m: number, x0: Tensor | undefined): Tensor {
  let state = 1;
  const data = Float64Array.from({ length: n * m }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  const random = tensor(data, [n, m], { device });
  return x0 ? concat([x0, random.slice([0, 0], [n, m - x0.shape[1]])], 1) : random;
}

/** All pairs at once, from A and B as dense matrices. */
function dense(A: Operator, k: number, { B, onSolved }: Search): Found {
  const n = A.rows;
  const eye = new Float64Array(n * n);
  for (let i = 0; i < n; i++) eye[i * n + i] = 1;
  const identity = tensor(eye, [n, n], { device: A.device });
  const b = B ? seen(B.apply(identity)) : eye;
  const result = rayleighRitz(seen(A.apply(identity)), b, n, { ...precisionOf(A.device.precision), drop: 0 });
  const ritz = accept(A, B, result);
  onSolved?.({ iterations: 0, residual: 0 });
  const C: Matrix = ritz.coefficients;
  const x = Float64Array.from({ length: n * C.columns }, (_, t) => C.get(Math.floor(t / C.columns), t % C.columns));
  const norm = Math.max(...ritz.values.map(v => v * v));
  return finish(A, ritz, x, C.columns, k, norm);
}
