/** A body on four legs learns to run along x. Goal: 1000 steps without a fall, at 2 m/s or more. */

import type { Scene } from '../scene.ts';
import { antTask } from './ant-task.ts';
import { legged } from './legged.ts';
import { antXml } from './models.ts';

export const ant: Scene = legged({
  name: 'ant',
  summary: 'a body on four legs learns to run, by derivatives through its contacts',
  xml: antXml,
  task: antTask,
  contact: {
    ...{ stiffness: 5e3, damping: 1, width: 0.01, slip: 0.4 },
    bounds: { stiffness: 300, damping: 0.2, width: 0.02 },
  },
  dt: 1 / 240,
  substeps: 4,
  speed: 2,
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
    full: { envs: 48, horizon: 24, epochs: 600, valuePasses: 3 },
  },
  steps: { small: 100, full: 1000 },
});
