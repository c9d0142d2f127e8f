/**
 * Newton's method with a sparse Jacobian: its numbers by products with few vectors, its systems by factorisation.
 *
 *   J s_c,  s_c = Σ of e_j over the columns j of colour c,      J_ij = (J s_{colour(j)})_i
 *
 * Columns may have the same colour where no row has entries in both (Curtis, Powell & Reid). The pattern must have all places where
 * the Jacobian is not zero, and the whole diagonal.
 * Curtis, Powell, Reid: On the estimation of sparse Jacobian matrices, J. Inst. Math. Appl. 13 (1974) 117.
 */

import { checkOptions, inWords, stack, type Tensor, tensor } from '../../kernel/index.ts';
import { csr, type Factorization, lu, Pattern, type Preconditioner } from '../../sparse/index.ts';
import type { RootMethod } from './newton.ts';

export interface NewtonSparseOptions {
  /** Default `lu()`; `cholesky()` or `ldl()` where the Jacobian is symmetric. */
  readonly factorization?: Factorization;
}

/** Newton's method for many unknowns, few of which each equation sees. For CPUs in double precision. */
export function newtonSparse(pattern: Pattern, options: NewtonSparseOptions = {}): RootMethod {
  checkOptions('newtonSparse', options, ['factorization']);
  if (!(pattern instanceof Pattern))
    throw new TypeError(`newtonSparse: the pattern is ${inWords(pattern)}; give new Pattern(rows, columns, …).`);
  if (!pattern.isSquare || pattern.diagonal.some(k => k < 0))
    throw new RangeError('newtonSparse: the pattern is not square with its whole diagonal; add what is missing.');
  const preconditioner = sparseInverse(pattern, options.factorization ?? lu());
  return {
    name: "Newton's method",
    linear: { preconditioner },
    check(unknowns) {
      if (unknowns !== pattern.rows)
        throw new RangeError(
          `newtonSparse: ${unknowns} unknowns for a pattern of ${pattern.rows} rows; there must be as many.`,
        );
    },
    correct(J, f) {
      return { delta: preconditioner.prepare(J).apply(f.neg()), left: f.dot(f).mul(0) };
    },
  };
}

/** Colours of columns such that no row has entries in two of one colour; as few as a greedy choice gives. */
function columnColours(pattern: Pattern): { readonly count: number; readonly colour: Uint32Array } {
  const { columns, rowStart, column } = pattern;
  const { pattern: turned } = pattern.transpose;
  const none = 0xffffffff;
  const colour = new Uint32Array(columns).fill(none);
  const takenBy = new Int32Array(columns + 1).fill(-1);
  let count = 0;
  for (let j = 0; j < columns; j++) {
    for (let e = turned.rowStart[j]; e < turned.rowStart[j + 1]; e++) {
      const i = turned.column[e];
      for (let k = rowStart[i]; k < rowStart[i + 1]; k++)
        if (colour[column[k]] !== none) takenBy[colour[column[k]]] = j;
    }
    let c = 0;
    while (takenBy[c] === j) c++;
    colour[j] = c;
    count = Math.max(count, c + 1);
  }
  return { count, colour };
}

/** An operator's factors, for operators whose numbers lie on the pattern. */
function sparseInverse(pattern: Pattern, factorization: Factorization): Preconditioner {
  const { rows: n, row, column } = pattern;
  const { count, colour } = columnColours(pattern);
  const places = Array.from(column, (j, k) => colour[j] * n + row[k]);
  const seeds = Array.from({ length: count }, (_, c) => Float64Array.from(colour, own => (own === c ? 1 : 0)));
  const onDevice = new WeakMap<Tensor['device'], readonly Tensor[]>();
  return {
    name: 'the inverse of the sparse matrix',
    exact: true,
    prepare(A) {
      const units = onDevice.get(A.device) ?? seeds.map(seed => tensor(seed, [n], { device: A.device }));
      onDevice.set(A.device, units);
      const products = stack(units.map(unit => A.apply(unit)));
      return factorization.prepare(csr(pattern, products.reshape([count * n]).gather(places)));
    },
  };
}
