export { type Adjacency, adjacency, type Edge } from './adjacency.ts';
export {
  type EnsembleMaterial,
  type EnsembleNetwork,
  type EnsembleStep,
  massSpringEnsemble,
} from './ensemble.ts';
export {
  type Integrator,
  type MassSpringOptions,
  type MassSpringParams,
  type MassSpringState,
  massSpring,
} from './mass-spring.ts';
export type { Step } from './simulator.ts';
