/** Lennard-Jones particles as a Markdown table, in a process of their own, on one thread. */

import { bundle } from './contenders.ts';
import type { MeltRow } from './melt/serve.ts';
import { answerOf } from './own-process.ts';
import { layout } from './table.ts';

export async function meltRow(): Promise<MeltRow> {
  const file = await bundle(
    'melt.ts',
    `import { serveMelt } from './melt/serve.ts';
     console.log(JSON.stringify(await serveMelt()));`,
  );
  return answerOf([file]);
}

export function meltTable({ energy, pressure, rate, gradientRatio }: MeltRow): string {
  const header = ['32 000 atoms', 'energy', 'pressure', 'million atom-steps/s', 'gradient / value'];
  const row = [energy.toFixed(7), pressure.toFixed(7), (rate / 1e6).toFixed(2), gradientRatio.toFixed(1)];
  return layout(header, [['Retrograde', ...row]]);
}
