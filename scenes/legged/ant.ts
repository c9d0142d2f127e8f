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
  contact: { stiffness: 5e3, damping: 1, width: 0.01, slip: 0.4 },
  speed: 2,
  training: { envs: 48, horizon: 24, epochs: 400, episode: 250, valueRate: 2e-3 }, // short episodes: falls are of first steps
});
