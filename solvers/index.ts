export { type AdamMemory, type AdamOptions, adam } from './adam.ts';
export { type LbfgsMemory, type LbfgsOptions, lbfgs } from './lbfgs.ts';
export {
  type LeastSquares,
  type LeastSquaresFit,
  type LevenbergMarquardtOptions,
  levenbergMarquardt,
  type NormalEquations,
  standardErrors,
} from './levenberg-marquardt.ts';
export {
  type Evaluate,
  type Evaluation,
  type Method,
  type MinimizeOptions,
  type MinimizeState,
  type Minimum,
  minimize,
  type Progress,
} from './minimize.ts';
export { leastSquares, normalEquations } from './normal-equations.ts';
export { fromVector, toVector } from './vector.ts';
