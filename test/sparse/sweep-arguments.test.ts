// What linear solves and all that they are made of refuse before they begin: misspelt options, and what is no tensor or no matrix.

import { tensor } from 'retrograde/kernel';
import {
  amg,
  bsr,
  cg,
  chebyshev,
  cholesky,
  coordinates,
  csr,
  denseMatrix,
  diagonalMatrix,
  gmres,
  ic0,
  ilu0,
  jacobi,
  ldl,
  leastSquaresSolve,
  linearSolve,
  lobpcg,
  lu,
  multigrid,
  operatorProduct,
  operatorSum,
  Pattern,
  parseMatrixMarket,
  type SolveOptions,
  scaledOperator,
  shiftedOperator,
  ssor,
  stencil,
  tridiagonalMatrix,
  tridiagonalSolve,
} from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu32 } from '../util/devices.ts';
import { on64 } from '../util/numbers.ts';
import { fullPattern, laplacian } from '../util/sparse.ts';

const { pattern, values } = laplacian(2);

describe('arguments', () => {
  const A = csr(pattern, on64(values), { positiveDefinite: true });
  const b = on64([1, 2, 3, 4]);
  const solve = (options: object) => () => linearSolve(A, b, options as SolveOptions);
  it.each<[string, () => unknown, string]>([
    [
      'a misspelt option',
      solve({ reltol: 1e-3 }),
      "linearSolve: there is no option 'reltol'; the options are 'method',",
    ],
    ['a method that was not called', solve({ method: cg }), 'linearSolve: the method is a function; give what cg(),'],
    ['a name', solve({ method: 'cg' }), "linearSolve: the method is 'cg'; give what cg(), minres(), gmres() … return."],
    [
      'a preconditioner that was not called',
      solve({ preconditioner: jacobi }),
      'linearSolve: the preconditioner is a function; give what jacobi(), multigrid(), cholesky() … return.',
    ],
    ['text for a number', solve({ rtol: '1e-3' }), "linearSolve: rtol is '1e-3'; it must be a number, 0 or more."],
    [
      'a tolerance that anything meets',
      solve({ rtol: 1e6 }),
      'linearSolve: rtol is 1000000, which x = 0 would meet; give a number below 1, such as 1e-6.',
    ],
    ['x0 of another shape', solve({ x0: on64([1, 2]) }), "linearSolve: x0 has shape [2]; it must have b's, [4]."],
    [
      'x0 elsewhere',
      solve({ x0: tensor([1, 2, 3, 4], undefined, { device: cpu32 }) }),
      "linearSolve: x0 is not on b's device; move it there: await x0.to(b.device).",
    ],
    [
      'x0 that is none',
      solve({ x0: on64([Number.NaN, 0, 0, 0]) }),
      'the CSR matrix (or x0) gives numbers that are not',
    ],
    [
      'a nullspace by name',
      solve({ nullspace: 'constants' }),
      "linearSolve: the nullspace is 'constants'; it must be 'constant', or a tensor of vectors.",
    ],
    [
      'a nullspace elsewhere',
      solve({ nullspace: tensor([1, 1, 1, 1], undefined, { device: cpu32 }) }),
      "linearSolve: the nullspace is not on b's device; move it there",
    ],
    [
      'a list for a matrix',
      () => linearSolve([[1]] as never, b),
      'linearSolve: A is an array; give a linear operator, such as csr(pattern, values), denseMatrix(values) or',
    ],
    ['nothing', () => linearSolve(undefined as never, b), 'linearSolve: A is undefined; give a linear operator'],
    ['a list for b', () => linearSolve(A, [1, 2] as never), 'linearSolve: b is [1, 2]; give a tensor.'],
    [
      'a misspelt option of least squares',
      () => leastSquaresSolve(A, b, { damping: 1 } as never),
      "leastSquaresSolve: there is no option 'damping'; the options are 'damp',",
    ],
    ['no matrix', () => leastSquaresSolve({} as never, b), 'leastSquaresSolve: A is an object; give a linear operator'],
    [
      'a misspelt side',
      () => stencil([4], { sides: 'neuman' as never }),
      "stencil: a side of axis x is 'neuman'; it must be 'dirichlet', 'neumann' or 'periodic'.",
    ],
    [
      'a misspelt placement',
      () => stencil([4], { placement: 'corner' as never }),
      "stencil: the placement is 'corner'; it must be 'cell' or 'node'.",
    ],
    [
      'a misspelt coefficient',
      () => stencil([4], { conduct: 1 } as never),
      "stencil: there is no option 'conduct'; the options are 'placement', 'spacing', 'sides', 'conductivity',",
    ],
    ['a number for a shape', () => stencil(4 as never), 'stencil: the shape is 4; give a list: [nx] or [ny, nx].'],
    [
      'a conductivity below 0',
      () => stencil([4], { conductivity: -1 }),
      'stencil: the conductivity is -1; it must be a finite number that is not negative.',
    ],
    [
      'a reaction that is none',
      () => stencil([4], { reaction: Number.NaN }),
      'stencil: the reaction is NaN; it must be',
    ],
    [
      'a preconditioner for another kind',
      solve({ preconditioner: multigrid() }),
      'multigrid: it is for stencils, and this is a CSR matrix; take another preconditioner.',
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });

  const bands = { lower: on64([0, 1]), diagonal: on64([4, 4]), upper: on64([1, 0]) };
  const one = on64([1], [1, 1]);
  it.each<[string, (options: never) => unknown]>([
    ['csr', o => csr(A.pattern, A.values, o)],
    ['bsr', o => bsr(fullPattern(1), on64([1], [1, 1, 1]), o)],
    ['denseMatrix', o => denseMatrix(one, o)],
    ['diagonalMatrix', o => diagonalMatrix(on64([1]), o)],
    ['tridiagonalMatrix', o => tridiagonalMatrix(bands, o)],
    ['tridiagonalSolve', o => tridiagonalSolve(bands.lower, bands.diagonal, bands.upper, on64([1, 2]), o)],
    ['lobpcg', o => lobpcg(A, 1, o)],
    ['gmres', o => gmres(o)],
    ['ssor', o => ssor(o)],
    ['chebyshev', o => chebyshev(o)],
    ['ic0', o => ic0(o)],
    ['ilu0', o => ilu0(o)],
    ['amg', o => amg(o)],
    ['multigrid', o => multigrid(o)],
    ['cholesky', o => cholesky(o)],
    ['ldl', o => ldl(o)],
    ['lu', o => lu(o)],
    ['stencil', o => stencil([2], o)],
    ['linearSolve', o => linearSolve(A, b, o)],
    ['leastSquaresSolve', o => leastSquaresSolve(A, b, o)],
  ])('%s has no misspelt options', (name, make) => {
    expect(() => make({ misspelt: 1 } as never)).toThrow(`${name}: there is no option 'misspelt'; the options are '`);
  });

  it.each<[string, () => unknown, string]>([
    ['csr', () => csr(A.pattern, [1] as never), 'csr: the values are [1]; give a tensor.'],
    ['csr', () => csr({} as never, A.values), 'csr: the pattern is an object; give a Pattern, such as coordinates(…)'],
    ['bsr', () => bsr(A.pattern, [1] as never), 'bsr: the values are [1]; give a tensor.'],
    ['denseMatrix', () => denseMatrix([1] as never), 'denseMatrix: the values are [1]; give a tensor.'],
    [
      'tridiagonalMatrix',
      () => tridiagonalMatrix({} as never),
      "tridiagonalMatrix: 'lower' is undefined; give tensors",
    ],
    [
      'tridiagonalSolve',
      () => tridiagonalSolve(bands as never, b, b, b),
      "tridiagonalSolve: 'lower' is an object; give",
    ],
    ['lobpcg', () => lobpcg(undefined as never, 1), 'lobpcg: A is undefined; give a linear operator, such as'],
    [
      'a sum',
      () => operatorSum(A as never),
      'operatorSum: the operators are an object; give a list: operatorSum([A, B]).',
    ],
    ['a product', () => operatorProduct([A, 3] as never), 'operatorProduct: A is 3; give a linear operator, such as'],
    [
      'a multiple',
      () => scaledOperator(Number.NaN, A),
      'scaledOperator: the number is NaN; give a finite number, or a',
    ],
    ['a shift', () => shiftedOperator(A, '1' as never), "shiftedOperator: the number is '1'; give a finite number, or"],
    [
      'the arguments turned',
      () => scaledOperator(A as never, 2 as never),
      'scaledOperator: A is 2; give a linear operator',
    ],
    [
      'a factor of nothing',
      () => cholesky().factor(undefined as never),
      'cholesky: A is undefined; give a linear operator',
    ],
    [
      'a factor of a function',
      () => lu().factor(denseMatrix(one) as never),
      'lu: the dense matrix has no entries to factorise; give a matrix, csr(…) or bsr(…).',
    ],
    [
      'Pattern',
      () => new Pattern(1, 1, undefined as never, []),
      'pattern: the row starts are undefined; give a list of',
    ],
    [
      'a file',
      () => parseMatrixMarket(new Uint8Array(3) as never),
      'parseMatrixMarket: the file is a typed array; give',
    ],
    ['no tensor', () => coordinates([1, 1], [0], [0]).assemble([1] as never), 'assemble: the values are [1]; give a'],
    ['coordinates', () => coordinates([1, 1], 3 as never, []), 'coordinates: the rows are 3; give a list of numbers.'],
    [
      'stencil',
      () => stencil([4], { conductivity: tensor(Int32Array.of(1)) }),
      'stencil: the conductivity holds i32; it must hold f32.',
    ],
    [
      'stencil',
      () => stencil([4], { conductivity: on64([1]), reaction: tensor([1], undefined, { device: cpu32 }) }),
      'stencil: the reaction is on another device than the rest; move it there: await x.to(device).',
    ],
    ['multigrid', () => multigrid({ sweeps: 0 }), 'multigrid: sweeps is 0; it must be a whole number from 1.'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
