/** A leg learns to hop forwards in its plane. Goal: 1000 steps without a fall, at 1 m/s or more. */

import type { Scene } from '../scene.ts';
import { hopperTask } from './hopper-task.ts';
import { legged } from './legged.ts';
import { hopperXml } from './models.ts';

export const hopper: Scene = legged({
  name: 'hopper',
  summary: 'a leg learns to hop, by derivatives through its contacts',
  xml: hopperXml,
  task: hopperTask,
  contact: {
    ...{ stiffness: 2e4, damping: 1, width: 0.005, slip: 0.2 },
    bounds: { stiffness: 300, damping: 0.2, width: 0.02 },
  },
  dt: 1 / 240,
  substeps: 4,
  speed: 1,
  training: {
    small: {
      envs: 16,
      horizon: 16,
      epochs: 15,
      policyLayers: [32],
      valueLayers: [32],
      valuePasses: 2,
      policyRate: 5e-3,
    },
    full: { envs: 64, horizon: 32, epochs: 600, valuePasses: 4 },
  },
  steps: { small: 100, full: 1000 },
});
