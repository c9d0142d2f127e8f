export { type BallParams, type Balls, type BallsOptions, type BallsStep, balls } from './balls.ts';
export { type HybridStep, hybrid, type Passed } from './hybrid.ts';
export { EventError, type EventFailure, type HybridRollout, hybridRollout } from './hybrid-rollout.ts';
export { impactImpulse } from './impulse.wgsl.ts';
export { flags, type GuardFamily, type PassOptions, passEvents } from './pass-events.wgsl.ts';
export { type SaltationOptions, saltation } from './saltation.ts';
