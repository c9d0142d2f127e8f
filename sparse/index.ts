export { type AmgOptions, amg } from './amg/amg.ts';
export { rigidMotions } from './amg/rigid-motions.ts';
export type { Ordering } from './direct/analysis.ts';
export { cholesky, type Factorization, type FactorOptions, ldl, lu } from './direct/direct.ts';
export { FactorizationError } from './direct/error.ts';
export { Factor } from './direct/factor.ts';
export type { Determinant, Inertia } from './direct/factors.ts';
export { type Eigenpairs, lobpcg } from './eigen/eigen.ts';
export type { LobpcgOptions } from './eigen/eigen-options.ts';
export type { LobpcgReport } from './eigen/lobpcg.ts';
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
export { recordedFactor } from './grid/stencil-factor.ts';
export { bicgstab } from './krylov/bicgstab.ts';
export { cg } from './krylov/cg.ts';
export { type GmresOptions, gmres } from './krylov/gmres.ts';
export type { Iterate, IterativeMethod, System } from './krylov/method.ts';
export { minres } from './krylov/minres.ts';
export { richardson } from './krylov/richardson.ts';
export { type Assembly, coordinates } from './matrix/coordinates.ts';
export { bsr, csr, type MatrixOptions, SparseMatrix } from './matrix/matrix.ts';
export { type FormatOptions, formatMatrixMarket, type HostMatrix, parseMatrixMarket } from './matrix/matrix-market.ts';
export type { Symmetry } from './matrix/matrix-market-header.ts';
export { Pattern, type PatternArrays, type Transposed } from './matrix/pattern.ts';
export { operatorProduct, operatorSum, scaledOperator, shiftedOperator, type WithNumber } from './operators/compose.ts';
export { blockOperator } from './operators/compose-blocks.ts';
export { denseMatrix, diagonalMatrix } from './operators/compose-dense.ts';
export type { LinearOperator } from './operators/operator.ts';
export type { Preconditioner, Prepared } from './preconditioner.ts';
export { blockJacobi } from './preconditioners/block-jacobi.ts';
export { type ChebyshevOptions, chebyshev } from './preconditioners/chebyshev.ts';
export { type IncompleteOptions, ic0, ilu0 } from './preconditioners/incomplete.ts';
export { jacobi } from './preconditioners/jacobi.ts';
export { type SsorOptions, ssor } from './preconditioners/ssor.ts';
export type { SolveReport } from './solve/drive.ts';
export { ConvergenceError, type Failure } from './solve/error.ts';
export { type LeastSquaresOptions, leastSquaresSolve } from './solve/least-squares.ts';
export type { Nullspace } from './solve/nullspace.ts';
export { linearSolve } from './solve/solve.ts';
export type { SolveOptions } from './solve/solve-options.ts';
export { type TridiagonalOptions, tridiagonalSolve } from './tridiagonal/tridiagonal.ts';
export { type Bands, type TridiagonalMatrixOptions, tridiagonalMatrix } from './tridiagonal/tridiagonal-matrix.ts';
