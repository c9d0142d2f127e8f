export { type AmgOptions, amg } from './amg/amg.ts';
export { rigidMotions } from './amg/rigid-motions.ts';
export { blockJacobi } from './block-jacobi.ts';
export { type ChebyshevOptions, chebyshev } from './chebyshev.ts';
export { type Colouring, colouring } from './colouring.ts';
export { operatorProduct, operatorSum, scaledOperator, shiftedOperator, type WithNumber } from './compose.ts';
export { blockOperator } from './compose-blocks.ts';
export { denseMatrix, diagonalMatrix } from './compose-dense.ts';
export { type Assembly, coordinates } from './coordinates.ts';
export type { Ordering } from './direct/analysis.ts';
export { cholesky, type Factorization, type FactorOptions, ldl, lu } from './direct/direct.ts';
export { FactorizationError } from './direct/error.ts';
export { Factor } from './direct/factor.ts';
export type { Determinant, Inertia } from './direct/factors.ts';
export type { SolveReport } from './drive.ts';
export { type Eigenpairs, lobpcg } from './eigen.ts';
export type { LobpcgOptions } from './eigen-options.ts';
export { ConvergenceError, type Failure } from './error.ts';
export {
  type Axis,
  type AxisName,
  faces,
  type Layout,
  type LayoutOptions,
  layoutOf,
  type Side,
  shapeOf,
  unknowns,
} from './grid/layout.ts';
export { type MultigridOptions, multigrid } from './grid/multigrid.ts';
export { type FaceFields, Stencil, type StencilOptions, type StencilParams, stencil } from './grid/stencil.ts';
export { type IncompleteOptions, ic0, ilu0 } from './incomplete.ts';
export { jacobi } from './jacobi.ts';
export { bicgstab } from './krylov/bicgstab.ts';
export { cg } from './krylov/cg.ts';
export { type GmresOptions, gmres } from './krylov/gmres.ts';
export type { Iterate, IterativeMethod, System } from './krylov/method.ts';
export { minres } from './krylov/minres.ts';
export { richardson } from './krylov/richardson.ts';
export { type LeastSquaresOptions, leastSquaresSolve } from './least-squares.ts';
export type { LobpcgReport } from './lobpcg.ts';
export { bsr, csr, type MatrixOptions, SparseMatrix } from './matrix.ts';
export { type FormatOptions, formatMatrixMarket, type HostMatrix, parseMatrixMarket } from './matrix-market.ts';
export type { Symmetry } from './matrix-market-header.ts';
export type { Nullspace } from './nullspace.ts';
export type { LinearOperator } from './operator.ts';
export { Pattern, type PatternArrays, type Transposed } from './pattern.ts';
export type { Preconditioner, Prepared } from './preconditioner.ts';
export { linearSolve } from './solve.ts';
export type { SolveOptions } from './solve-options.ts';
export { type SsorOptions, ssor } from './ssor.ts';
export { type TridiagonalOptions, tridiagonalSolve } from './tridiagonal.ts';
export { type Bands, type TridiagonalMatrixOptions, tridiagonalMatrix } from './tridiagonal-matrix.ts';
