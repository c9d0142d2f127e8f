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
  contact: { stiffness: 2e4, damping: 1, width: 0.005, slip: 0.2 },
  speed: 1,
  training: { envs: 64, horizon: 32, epochs: 600, valuePasses: 4 },
});
