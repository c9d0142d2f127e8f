/** A pile of a thousand boxes beside Rapier, as a Markdown table. Each contender in a process of its own, on one thread. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from './contenders.ts';
import { answerOf } from './own-process.ts';
import { pileBoxes, pileStep } from './pile/boxes.ts';
import type { PileRow } from './pile/serve.ts';
import { layout } from './table.ts';

export interface PileResult extends Omit<PileRow, 'gradientRatio'> {
  readonly contender: string;
  readonly gradientRatio?: number;
}

/** Rows, and a sentence if Rapier could not take part. */
export async function pileRows(): Promise<{ readonly rows: readonly PileResult[]; readonly absent?: string }> {
  const boxes = JSON.stringify(pileBoxes(10));
  const file = await bundle(
    'pile.ts',
    `import { servePile } from './pile/serve.ts';
     console.log(JSON.stringify(await servePile(JSON.parse(process.argv[2]))));`,
  );
  const own = { contender: 'Retrograde', ...answerOf<PileRow>([file, boxes]) };
  if (!existsSync(join(root, 'bench/peers/node_modules/@dimforge')))
    return { rows: [own], absent: 'Rapier: not installed: npm ci --prefix bench/peers.' };
  const peer = join(root, 'bench/peers/rapier.mjs');
  const rapier = ['plain', 'simd'].map(build => ({
    contender: build === 'simd' ? 'Rapier SIMD' : 'Rapier',
    ...answerOf<PileRow>([peer, build, boxes, String(pileStep)]),
  }));
  return { rows: [own, ...rapier] };
}

export function pileTable(rows: readonly PileResult[]): string {
  const header = ['1000 boxes', 'falling, steps/s', 'lying, steps/s', 'gradient / value', 'fastest in the end, m/s', 'height, m']; // biome-ignore format: a row
  return layout(
    header,
    rows.map(row => [
      row.contender,
      (1 / row.falling).toFixed(0),
      (1 / row.settled).toFixed(0),
      row.gradientRatio?.toFixed(1) ?? '',
      row.fastest.toExponential(0),
      row.top.toFixed(2),
    ]),
  );
}
