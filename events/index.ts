export { type HybridStep, hybrid, type Passed } from './hybrid.ts';
export { EventError, type EventFailure, type HybridRollout, hybridRollout } from './hybrid-rollout.ts';
export { flags, type PassOptions, passEvents } from './pass-events.wgsl.ts';
export { type SaltationOptions, saltation } from './saltation.ts';
