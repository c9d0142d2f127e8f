/**
 * How long explicit steps may be.
 *
 *   M ẍ = −K x − C ẋ about a state: symplectic Euler is stable while dt² K + 2 dt C < 4 M                                (1)
 *   of a motion y, yᵀM y = 1:   dt = 4 / (c + √(c² + 4 k)),   k = yᵀK y, c = yᵀC y                                       (2)
 *
 * A mode with k and c is taken by a matrix of trace 2 − c dt − k dt² and determinant 1 − c dt, whose eigenvalues are within the unit circle
 * until (2). The shortest of all (2) is found by turns: the motion that (1) holds back least at a dt, then (2) of that motion. The motion is
 * found by Lanczos's method, with all vectors kept at right angles (Golub & Van Loan, Matrix Computations, §10.3).
 */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { jvp, normal } from '../../adjoint/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';

const [turns, vectors] = [4, 20];
/** What is left of a vector when all of it has been taken out. */
const rounding = 1e-6;

interface Moving {
  readonly x: Tensor;
  readonly v: Tensor;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

/**
 * @param forces On nodes, [n, d].
 * @param inverse 1 / m of nodes that move, 0 of others: [n, 1].
 * @returns The longest stable dt, s; Infinity where nothing pulls back, NaN where forces are not finite.
 */
export async function longestStep(
  forces: (state: Moving) => Tensor,
  { x, v }: Moving,
  inverse: Tensor,
): Promise<number> {
  const { device, shape } = x;
  const root = inverse.sqrt(); // in coordinates √m x the mass is 1, and K and C stay symmetric
  /** (s K + r C) y */
  const product = async (y: Float64Array, s: number, r: number): Promise<Float64Array> => {
    const way = tensor(y, shape, { device }).mul(root);
    const { tangent } = jvp(forces)({ x, v }, { x: way.mul(s), v: way.mul(r) });
    return Float64Array.from(await tangent.mul(root).neg().read());
  };
  const start = Float64Array.from(await normal(shape, { seed: 1, device }).mul(root).read());
  let dt = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn++) {
    const [s, r] = turn === 0 ? [1, 0] : [dt * dt, 2 * dt];
    const y = await stiffest(start, way => product(way, s, r)); // (1)
    if (!y) break;
    const [k, c] = [dot(y, await product(y, 1, 0)), dot(y, await product(y, 0, 1))];
    const found = 4 / (c + Math.sqrt(Math.max(0, c * c + 4 * k))); // (2)
    if (!(found < dt)) return Number.isNaN(found) ? found : dt;
    dt = found;
  }
  return dt;
}

/** The vector of length 1 with the largest eigenvalue of a symmetric product; undefined if `start` is 0. */
async function stiffest(
  start: Float64Array,
  product: (way: Float64Array) => Promise<Float64Array>,
): Promise<Float64Array | undefined> {
  const basis: Float64Array[] = [];
  const small = Matrix.zeros(vectors, vectors);
  let next = start;
  for (let k = 0; k < vectors; k++) {
    const length = Math.sqrt(dot(next, next));
    if (Number.isNaN(length)) return next;
    if (length <= rounding * small.norm()) break; // all that can be reached is in the basis
    basis.push(next.map(value => value / length));
    next = await product(basis[k]);
    basis.forEach((vector, i) => {
      const share = dot(vector, next);
      small.set(i, k, share);
      small.set(k, i, share);
      next = next.map((value, j) => value - share * vector[j]);
    });
  }
  const size = basis.length;
  if (size === 0) return undefined;
  const square = small.subMatrix(0, size - 1, 0, size - 1);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(square, { assumeSymmetric: true });
  const last = realEigenvalues.indexOf(Math.max(...realEigenvalues));
  return start.map((_, j) => basis.reduce((sum, vector, i) => sum + eigenvectorMatrix.get(i, last) * vector[j], 0));
}
