export { type Control, type IlqrOptions, type IlqrState, ilqr } from './control/ilqr.ts';
export type { ControlProblem } from './control/ilqr-expansion.ts';
export { type MixedEstimate, type MixOptions, mixed } from './estimators/mix.ts';
export { pathSamples } from './estimators/path.ts';
export { type GradientEstimate, type GradientSamples, summary } from './estimators/samples.ts';
export { type ScoreOptions, scoreSamples } from './estimators/score.ts';
export { smoothed } from './estimators/smoothed.ts';
export { type SmoothingOptions, smoothedGradient } from './estimators/smoothing.ts';
export { type GaussNewtonOptions, gaussNewton } from './fit/gauss-newton.ts';
export { type Identifiability, type IdentifiabilityOptions, identifiability } from './fit/identifiability.ts';
export {
  type LeastSquares,
  type LeastSquaresFit,
  type LeastSquaresState,
  type LevenbergMarquardtOptions,
  levenbergMarquardt,
  type NormalEquations,
  standardErrors,
} from './fit/levenberg-marquardt.ts';
export { type LeastSquaresOptions, leastSquares, normalEquations } from './fit/normal-equations.ts';
export { cauchy, huber, type RobustLoss } from './fit/robust.ts';
export { centralFaces } from './grid/central-faces.ts';
export { continued } from './grid/continued.ts';
export { checkStable, courant } from './grid/courant.ts';
export { type DiffuseOptions, type Diffusivity, diffuse } from './grid/diffuse.ts';
export { type DiffuseFacesOptions, diffuseFaces } from './grid/diffuse-faces.ts';
export { type SideFlow, type SideFlows, throughSides, type Wall, type Walls } from './grid/face-sides.ts';
export { type FluxOptions, upwind, vanLeer } from './grid/fluxes.ts';
export { type Grid, grid, type VectorField } from './grid/grid.ts';
export { toCells, toFaces } from './grid/interpolate.ts';
export { type Obstacles, obstacles } from './grid/obstacles.ts';
export { type FaceFriction, nodePlaces, type OpenFaces, type OpenFacesOptions, openFaces } from './grid/open-faces.ts';
export { divergence, gradient, laplacian } from './grid/operators.ts';
export { type PoissonOptions, poisson } from './grid/poisson.ts';
export { type Projected, type ProjectOptions, project } from './grid/project.ts';
export { type Points, sample } from './grid/sample.ts';
export type { SideValue, SideValues } from './grid/sides.ts';
export { stencilOn } from './grid/solve.ts';
export { type MacCormackOptions, macCormack, semiLagrangian } from './grid/trace.ts';
export { macCormackFaces, semiLagrangianFaces } from './grid/trace-faces.ts';
export { centralDifference, vorticity } from './grid/vorticity.ts';
export type { OdeStats } from './ode/adaptive.ts';
export type { StepControl } from './ode/control.ts';
export type { Times } from './ode/dense/dense-lookup.ts';
export { OdeError, type OdeFailure } from './ode/error.ts';
export type { OdeEvent, OdeEvents } from './ode/event/event.ts';
export { type ImexTableau, imexEuler, kenCarp3, kenCarp4, kenCarp5 } from './ode/implicit/imex-tableau.ts';
export {
  type ImplicitTableau,
  implicitEuler,
  implicitMidpoint,
  kvaerno3,
  kvaerno4,
  kvaerno5,
  trapezoidal,
  trbdf2,
} from './ode/implicit/implicit-tableau.ts';
export type { LinearPart } from './ode/implicit/linear-part.ts';
export type { Time } from './ode/interval.ts';
export type { Reversible } from './ode/method.ts';
export { type OdeSolution, odeSolve } from './ode/ode-solve.ts';
export type { OdeOptions, SaveAt } from './ode/options.ts';
export { reversible } from './ode/reversible.ts';
export type { At, Partitioned, RightHandSide, Split } from './ode/right-hand-side.ts';
export { type Composition, stormerVerlet, symplecticEuler, velocityVerlet, yoshida4 } from './ode/symplectic.ts';
export {
  bosh3,
  dopri5,
  dopri8,
  euler,
  heun,
  midpoint,
  ralston,
  rk4,
  type Tableau,
  tsit5,
} from './ode/tableau.ts';
export type { Atol } from './ode/tolerances.ts';
export { type AdamMemory, type AdamOptions, adam } from './optimise/adam.ts';
export type { Bounds } from './optimise/box.ts';
export { type BoxQp, type BoxQpOptions, boxQp } from './optimise/box-qp.ts';
export {
  bounded,
  type Constrained,
  type Constraint,
  type Constraints,
  constrain,
  positive,
  scaled,
  simplex,
} from './optimise/constraints.ts';
export { type LbfgsMemory, type LbfgsOptions, lbfgs } from './optimise/lbfgs.ts';
export { type Manifold, onManifold, se3, so3 } from './optimise/manifold.ts';
export {
  type Evaluate,
  type Evaluation,
  type Method,
  type MinimizeOptions,
  type MinimizeState,
  type Minimum,
  minimize,
  type Progress,
} from './optimise/minimize.ts';
export { type Best, type MultiStartOptions, multiStart } from './optimise/multi-start.ts';
export { type NonlinearCgMemory, type NonlinearCgOptions, nonlinearCg } from './optimise/nonlinear-cg.ts';
export { orthonormal, rotation, unitVector } from './optimise/rotations.ts';
export { cosineDecay, exponentialDecay, type Schedule, warmUp } from './optimise/schedule.ts';
export { fromVector, toVector } from './optimise/vector.ts';
export {
  type ActorCriticOptions,
  actorCritic,
  type Best as BestPolicy,
  type EpochProgress,
  type Trained,
  type Trial,
} from './policy/actor-critic.ts';
export { type Learner, learner } from './policy/learner.ts';
export { type Moments, normalized, normalizer } from './policy/moments.ts';
export { type NetworkParams, network, networkParams } from './policy/network.ts';
export { type Played, type PlayOptions, type Policy, play } from './policy/play.ts';
export { choose, type Task } from './policy/task.ts';
export { lambdaReturns } from './policy/value.ts';
export { factorBlocks, solveBlocks } from './roots/block-lu.ts';
export { type FixedPointOptions, fixedPoint } from './roots/fixed-point.ts';
export { type NewtonKrylovOptions, type NewtonOptions, newton, newtonKrylov, type RootMethod } from './roots/newton.ts';
export { type NewtonSparseOptions, newtonSparse } from './roots/newton-sparse.ts';
export { type RootOptions, type RootReport, rootFind } from './roots/root.ts';
export { RootError, type RootFailure } from './roots/root-error.ts';
export { type FftOptions, fft, ifft } from './spectral/fft.ts';
export type { Complex } from './spectral/passes.ts';
