export { type Adjacency, adjacency, type Edge } from './adjacency.ts';
export { type BurgersParams, type BurgersState, burgers } from './burgers.ts';
export {
  type EnsembleMaterial,
  type EnsembleNetwork,
  type EnsembleStep,
  massSpringEnsemble,
} from './ensemble.ts';
export type { ModelOptions } from './field.ts';
export { type HeatParams, type HeatState, heat } from './heat.ts';
export {
  type Integrator,
  type MassSpringOptions,
  type MassSpringParams,
  type MassSpringState,
  massSpring,
} from './mass-spring.ts';
export {
  type BrusselatorParams,
  brusselator,
  type GrayScottParams,
  grayScott,
  type ReactionState,
  type SpreadParams,
} from './reaction-diffusion.ts';
export type { Step } from './simulator.ts';
export { type WaveParams, type WaveState, wave } from './wave.ts';
