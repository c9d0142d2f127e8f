/**
 * Quadratic programs within bounds, on the device and differentiable in all that they are made of.
 *
 *   min ½ xᵀH x + gᵀx,   low ≤ x ≤ high,   H symmetric and positive definite
 *   F(x) = x − P(x − D⁻¹ (H x + g)) = 0,   P: onto the bounds,   D = diag H                (1) the conditions of optimality
 *   z_k = P(y_k − (H y_k + g) / (D L)),   y_{k+1} = z_k + k/(k+3) (z_k − z_{k−1})            (2) L ≥ |D^(−½) H D^(−½)|
 *
 * A few accelerated steps (2) find most of what the bounds hold; Newton's method on (1), which is smooth but for the faces, does the
 * rest, and ends exactly once the set is right. The derivative is that of (1): what is held follows its bound, all else the equations of
 * the free part. It exists unless a number is held by no force at all.
 * Qi & Sun, Math. Program. 58 (1993) 353. Beck & Teboulle, SIAM J. Imaging Sci. 2 (2009) 183. Amos & Kolter: OptNet, 2017, arXiv:1703.00443.
 */

import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { iterate, unrecorded } from '../../adjoint/index.ts';
import { amax, checkOptions, inWords, scoped, Tensor, type Words } from '../../kernel/index.ts';
import { type RootOptions, rootFind } from '../roots/root.ts';

export interface BoxQp {
  /** [n, n] */
  readonly H: Tensor;
  /** [n] */
  readonly g: Tensor;
  /** [n]. Default: no bound. */
  readonly low?: Tensor;
  readonly high?: Tensor;
}

export interface BoxQpOptions extends RootOptions {
  /** Where to start; never differentiated. Default 0. */
  readonly x0?: Tensor;
  /** Accelerated steps before Newton's. Default 40. */
  readonly warmUp?: number;
}

const within = (x: Tensor, { low, high }: BoxQp): Tensor => {
  const above = low ? x.max(low) : x;
  return high ? above.min(high) : above;
};

const product = (H: Tensor, x: Tensor): Tensor => H.matmul(x.reshape([x.size, 1])).reshape([x.size]);

const diagonal = ({ H, g }: BoxQp): Tensor =>
  H.reshape([H.size]).gather(Array.from({ length: g.size }, (_, i) => i * (g.size + 1)));

/** (1) */
const residual = (x: Tensor, qp: BoxQp): Tensor =>
  x.sub(within(x.sub(product(qp.H, x).add(qp.g).div(diagonal(qp))), qp));

/**
 * Solves a quadratic program within bounds.
 *
 * @returns x, [n].
 * @throws RootError if it does not arrive, as where H is not positive definite or bounds cross.
 * @example
 *   const x = boxQp({ H, g, low: zeros([n]) }); // the least of ½ xᵀH x + gᵀx with x ≥ 0
 */
export function boxQp(qp: BoxQp, options: BoxQpOptions = {}): Tensor {
  const { x0, warmUp = 40, ...rest } = options;
  checkOptions('boxQp', options, ['x0', 'warmUp', 'method', 'rtol', 'atol', 'maxSteps', 'linearSolve', 'onSolved']);
  check(qp, options);
  const start = unrecorded(() =>
    scoped(
      () => accelerated(qp, (x0 ?? qp.g.mul(0)).detach(), warmUp),
      x => [x],
    ),
  );
  return rootFind(residual, start, qp, rest);
}

function accelerated(qp: BoxQp, x0: Tensor, steps: number): Tensor {
  const D = diagonal(qp);
  const root = D.sqrt();
  const n = qp.g.size;
  const scaled = qp.H.div(root.reshape([n, 1])).div(root.reshape([1, n]));
  const over = D.mul(amax(scaled.abs().sum(1)));
  const first = within(x0, qp);
  const step = ({ z, y, k }: { z: Tensor; y: Tensor; k: Tensor }) => {
    const next = within(y.sub(product(qp.H, y).add(qp.g).div(over)), qp);
    return { z: next, y: next.add(next.sub(z).mul(k.div(k.add(3)))), k: k.add(1) }; // (2)
  };
  return iterate(step, { z: first, y: first, k: over.slice(0, 1).mul(0) }, { maxSteps: steps }).state.z;
}

function check(qp: BoxQp, { x0, warmUp = 0 }: BoxQpOptions): void {
  checkOptions('boxQp', qp, ['H', 'g', 'low', 'high']);
  const { H, g, low, high } = qp;
  for (const [what, v] of Object.entries({ H, g, low, high, x0 })) {
    if (v === undefined && what !== 'H' && what !== 'g') continue;
    if (!(v instanceof Tensor) || v.type !== 'f32')
      throw new TypeError(
        `boxQp: ${what} is ${v instanceof Tensor ? `of ${v.type}` : inWords(v)}; give a tensor of f32.`,
      );
    if (v.device !== g.device)
      throw new TypeError(`boxQp: ${what} is not on g's device; move it there: await ${what}.to(g.device).`);
  }
  const n = g.size;
  if (g.shape.length !== 1 || n === 0 || H.shape.length !== 2 || H.shape[0] !== n || H.shape[1] !== n)
    throw new RangeError(
      `boxQp: H has shape [${H.shape.join(', ')}] and g [${g.shape.join(', ')}]; they must be [n, n] and [n].`,
    );
  for (const [what, v] of Object.entries({ low, high, x0 }))
    if (v && (v.shape.length !== 1 || v.size !== n))
      throw new RangeError(`boxQp: ${what} has shape [${v.shape.join(', ')}]; it must be [${n}].`);
  if (!Number.isInteger(warmUp) || warmUp < 0)
    throw new RangeError(`boxQp: warmUp is ${warmUp}; it must be a whole number from 0.`);
  checkNumbers(qp);
}

/** What only the numbers tell, but for small differences between H and Hᵀ, as differences for a gradient make them: at once on a CPU, by the next read on a GPU. */
function checkNumbers({ H, g, low, high }: BoxQp): void {
  const bounds = [low, high].flatMap(bound => (bound ? [bound] : []));
  const memories = [H, g, ...bounds].map(x => x.memory.retain());
  g.device.check(memories, (matrix, right, ...given) => {
    const n = right.length;
    if (!matrix.every(Number.isFinite) || !right.every(Number.isFinite))
      throw new RangeError('boxQp: H or g holds numbers that are not finite; all of them must be.');
    const lower = low ? given[0] : undefined;
    const upper = high ? given[given.length - 1] : undefined;
    for (let i = 0; i < n; i++) {
      const [a, b] = [lower?.[i] ?? Number.NEGATIVE_INFINITY, upper?.[i] ?? Number.POSITIVE_INFINITY];
      if (!(a <= b))
        throw new RangeError(`boxQp: the bounds of unknown ${i} are ${a} and ${b}; low must not be above high.`);
      if (!(matrix[i * n + i] > 0))
        throw new RangeError(
          `boxQp: H has ${matrix[i * n + i]} on the diagonal of row ${i}; it must be positive definite, or the program has no least.`,
        );
      for (let j = 0; j < i; j++)
        if (Math.abs(matrix[i * n + j] - matrix[j * n + i]) > 0.25 * Math.sqrt(matrix[i * n + i] * matrix[j * n + j]))
          throw new RangeError(
            `boxQp: H is not symmetric: it holds ${matrix[i * n + j]} at (${i}, ${j}) and ${matrix[j * n + i]} at (${j}, ${i}); take ½ (H + Hᵀ).`,
          );
    }
    if (n <= fewRows && !isPositive(matrix, n, g.device.precision === 'f64' ? 1e-12 : 1e-5))
      throw new RangeError(
        'boxQp: H is not positive definite, so there may be no least; add a multiple of the identity.',
      );
  });
}

/** Rows up to which H is factorised to be looked at. */
const fewRows = 256;

/** Whether no eigenvalue is below −ε, H scaled to a diagonal of ones. */
function isPositive(H: Words, n: number, epsilon: number): boolean {
  const scaled = Matrix.zeros(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      scaled.set(i, j, H[Math.max(i, j) * n + Math.min(i, j)] / Math.sqrt(H[i * n + i] * H[j * n + j]));
  for (let i = 0; i < n; i++) scaled.set(i, i, 1 + epsilon);
  return new CholeskyDecomposition(scaled).isPositiveDefinite();
}
