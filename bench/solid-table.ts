/** Steps of an elastic body and their gradients, as a Markdown table; in a process of its own, on one thread. */

import { bundle } from './contenders.ts';
import { answerOf } from './own-process.ts';
import type { SolidRow } from './solid/serve.ts';
import { layout } from './table.ts';

export async function solidRows(): Promise<SolidRow[]> {
  const file = await bundle(
    'solid.ts',
    `import { serveSolid } from './solid/serve.ts';
     console.log(JSON.stringify(await serveSolid()));`,
  );
  return answerOf([file]);
}

export const solidTable = (rows: readonly SolidRow[]): string =>
  layout(
    ['steps', 'tetrahedra', 'step, ms', 'gradient / run'],
    rows.map(({ name, elements, step, gradientRatio }) => [
      name,
      String(elements),
      step.toFixed(2),
      gradientRatio.toFixed(2),
    ]),
  );
