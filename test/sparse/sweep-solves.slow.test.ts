// Every method with every preconditioner: solutions and gradients are those of dense elimination, in f64 and, as far as it goes, in f32.
//
//   J = w·x,  A x = b:    b̄ = λ = A⁻ᵀ w,    ā_ij = −λ_i x_j on the pattern;      ⟨A q, w⟩ = ⟨q, Aᵀ w⟩ for what all are made of

import { Matrix, solve } from 'ml-matrix';
import { grad, jvp } from 'retrograde/adjoint';
import { type Device, type Tensor, tensor } from 'retrograde/kernel';
import {
  amg,
  bicgstab,
  cg,
  chebyshev,
  cholesky,
  csr,
  gmres,
  type IterativeMethod,
  ic0,
  ilu0,
  jacobi,
  ldl,
  linearSolve,
  lu,
  minres,
  type Pattern,
  type Preconditioner,
  ssor,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';
import { numbers } from '../util/numbers.ts';
import { denseOf, randomMatrix } from '../util/sparse.ts';

type Kind = 'definite' | 'indefinite' | 'general';
const methods: readonly (readonly [string, IterativeMethod | undefined, readonly Kind[]])[] = [
  ['what fits', undefined, ['definite', 'indefinite', 'general']],
  ['cg', cg(), ['definite']],
  ['minres', minres(), ['definite', 'indefinite']],
  ['bicgstab', bicgstab(), ['definite', 'general']],
  ['gmres', gmres({ restart: 12 }), ['definite', 'indefinite', 'general']],
];
const preconditioners: readonly (readonly [string, Preconditioner | undefined, readonly Kind[]])[] = [
  ['none', undefined, ['definite', 'indefinite', 'general']],
  ['jacobi', jacobi(), ['definite', 'general']],
  ['ssor', ssor(), ['definite', 'general']],
  ['ic0', ic0(), ['definite']],
  ['ilu0', ilu0(), ['definite', 'general']],
  ['chebyshev', chebyshev(), ['definite']],
  ['amg', amg(), ['definite']],
  ['cholesky', cholesky(), ['definite']],
  ['ldl', ldl(), ['definite', 'indefinite']],
  ['lu', lu(), ['definite', 'indefinite', 'general']],
];
const n = 12;
const cases = (['definite', 'indefinite', 'general'] as const).flatMap(kind =>
  methods.flatMap(([by, method, kinds]) =>
    preconditioners
      .filter(([name, , fits]) => {
        const definite = by !== 'minres' || kind === 'definite' || name === 'none'; // what MINRES is given must be
        return kinds.includes(kind) && fits.includes(kind) && definite;
      })
      .map(([name, preconditioner]) => [kind, by, name, method, preconditioner] as const),
  ),
);

/** The dense solution, and λ. */
function exactly(pattern: Pattern, values: ArrayLike<number>, b: Float64Array, w: Float64Array) {
  const A = new Matrix(denseOf(pattern, 1, values));
  const column = (v: Float64Array) => Matrix.columnVector(Array.from(v));
  return { x: solve(A, column(b)).to1DArray(), lambda: solve(A.transpose(), column(w)).to1DArray() };
}

describe.each([
  [cpu64, 1e-12, 1e-9],
  [cpu32, 1e-6, 2e-4],
] as const)('on $0.description', (device: Device, rtol, tolerance) => {
  it.each(cases)('%s matrices by %s with %s', async (kind, _, __, method, preconditioner) => {
    const { pattern, values } = randomMatrix(kind.length, n, kind);
    const on = (v: ArrayLike<number>) => tensor(Float64Array.from(v), undefined, { device });
    const [b, w, dA] = [numbers(n, 1), numbers(n, 2), numbers(values.length, 3)];
    const tags = { symmetric: kind !== 'general', positiveDefinite: kind === 'definite' };
    const options = { rtol, ...(method && { method }), ...(preconditioner && { preconditioner }) };
    const x = ({ values, b }: { values: Tensor; b: Tensor }) => linearSolve(csr(pattern, values, tags), b, options);
    const at = { values: on(values), b: on(b) };
    const near = (found: ArrayLike<number>, expected: ArrayLike<number>) => {
      const size = Math.max(...Array.from(expected, Math.abs));
      for (let k = 0; k < expected.length; k++)
        expect(Math.abs(found[k] - expected[k])).toBeLessThan(tolerance * Math.max(1, size));
    };
    const exact = exactly(pattern, values, b, w);
    near(await x(at).read(), exact.x);
    const slope = grad((p: typeof at) => x(p).dot(on(w)))(at);
    near(await slope.b.read(), exact.lambda);
    const products = Array.from(pattern.column, (j, k) => -exact.lambda[pattern.row[k]] * exact.x[j]);
    near(await slope.values.read(), products);
    // Forwards the same: w·ẋ = ā · Ȧ, with Ȧ symmetric where A is.
    const direction = Float64Array.from(dA);
    if (tags.symmetric)
      pattern.column.forEach((j, k) => {
        direction[k] = dA[Math.min(k, pattern.find(j, pattern.row[k]))];
      });
    const { tangent } = jvp(x)(at, { values: on(direction), b: at.b.mul(0) });
    const moved = await tangent.dot(on(w)).item();
    const expected = products.reduce((sum, v, k) => sum + v * direction[k], 0);
    expect(Math.abs(moved - expected)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected)) * 4);
  });
});
