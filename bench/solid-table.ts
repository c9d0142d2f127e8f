/** Steps of an elastic body and their gradients, as a Markdown table; in a process of its own, on one thread. */

import { execFileSync } from 'node:child_process';
import { bundle, root } from './contenders.ts';
import type { SolidRow } from './solid/serve.ts';
import { layout } from './table.ts';

export async function solidRows(): Promise<SolidRow[]> {
  const file = await bundle(
    'solid.ts',
    `import { serveSolid } from './solid/serve.ts';
     console.log(JSON.stringify(await serveSolid()));`,
  );
  const answer = execFileSync(process.execPath, [file], { cwd: root, encoding: 'utf8' });
  return JSON.parse(answer.trim().split('\n').at(-1) ?? '');
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
