/** Incompressible flow and its gradients, as a Markdown table; in a process of its own, on one thread. */

import { bundle } from './contenders.ts';
import type { FlowRow } from './flow/serve.ts';
import { answerOf } from './own-process.ts';
import { layout } from './table.ts';

export async function flowRows(): Promise<FlowRow[]> {
  const file = await bundle(
    'flow.ts',
    `import { serveFlow } from './flow/serve.ts';
     console.log(JSON.stringify(await serveFlow(128, 100)));`,
  );
  return answerOf([file]);
}

/** Largest part of a run's time that a gradient may take. */
const most = 3;

export const flowTable = (rows: readonly FlowRow[]): string =>
  layout(
    ['128 × 128 cells, 100 steps', 'step, ms', 'gradient / run', `at most ${most}`],
    rows.map(({ name, step, gradientRatio }) => [
      name,
      step.toFixed(1),
      gradientRatio.toFixed(2),
      gradientRatio <= most ? '✓' : '✗',
    ]),
  );
