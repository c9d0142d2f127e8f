export { checkGradient, type GradientCheck, type GradientCheckOptions } from './check-gradient.ts';
export { type CustomRules, custom } from './custom.ts';
export { grad, type Pullback, type ValueAndGrad, valueAndGrad, vjp } from './gradient.ts';
export {
  adjointNorms,
  divergenceHorizon,
  type GradientHorizon,
  type GradientHorizonOptions,
  gradientHorizon,
  type Horizon,
  type HorizonOptions,
} from './horizon.ts';
export { type ImplicitOptions, implicit } from './implicit.ts';
export { type Iterated, type IterateOptions, iterate } from './iterate.ts';
export { type JacobianOptions, jacobian } from './jacobian.ts';
export { hvp, jvp, jvps, type Pushforward } from './jvp.ts';
export { type LinearMap, type LinearMapOptions, linearMap } from './linear-map.ts';
export { pack, unpack } from './pack.ts';
export { normal, type RandomKey, randomBits, uniform } from './random.ts';
export { lasting, unrecorded } from './recording.ts';
export { type Replayed, type ReplayedOptions, replayed } from './replayed.ts';
export type { Checkpoints } from './rollout/checkpoints.ts';
export { Plan } from './rollout/loop.ts';
export { type RolloutOptions, type RolloutSave, rollout, type Saved } from './rollout/rollout.ts';
export { load, save } from './save.ts';
export {
  disposeTree,
  type Flat,
  flatten,
  inOrderOf,
  mapTree,
  matching,
  readTree,
  type Tree,
  type Values,
} from './tree.ts';
