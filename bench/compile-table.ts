/** Compile times and code sizes as a Markdown table, each kernel measured in a process of its own (compile.ts). */

import { execFileSync } from 'node:child_process';
import type { Compilation } from './compile.ts';
import { bundle, root } from './contenders.ts';
import { layout } from './table.ts';

export interface CompileRow {
  readonly name: string;
  readonly cold: Compilation;
  readonly warm: Compilation;
  /** From the start of its compilation until it runs at final speed: with cold JavaScript, and with warm. */
  readonly fullSpeedMs?: readonly [cold: number, warm: number];
}

export async function compileRows(): Promise<readonly CompileRow[]> {
  const file = await bundle('compile.ts', `import { report } from './compile.ts'; report(process.argv[2]);`);
  const ask = (...args: string[]) =>
    JSON.parse(execFileSync(process.execPath, [file, ...args], { cwd: root, encoding: 'utf8' }));
  return (ask() as string[]).map(name => ask(name));
}

const pair = (key: keyof Compilation) => (row: CompileRow) =>
  `${row.cold[key].toFixed(1)} / ${row.warm[key].toFixed(2)}`;

/** Milliseconds, cold / warm. */
export function compileTable(rows: readonly CompileRow[]): string {
  const header = ['kernel', 'WGSL → IR', 'IR → code', 'bytes', 'gradient of IR', 'its code', 'its bytes'];
  const body = rows.map(row => [
    row.name,
    pair('frontMs')(row),
    pair('codeMs')(row),
    String(row.warm.bytes),
    pair('gradientMs')(row),
    pair('gradientCodeMs')(row),
    String(row.warm.gradientBytes),
  ]);
  const settled = rows.flatMap(({ name, fullSpeedMs: ms }) =>
    ms === undefined
      ? []
      : [`${name}: at full speed ${ms.map(t => t.toFixed(1)).join(' / ')} ms after compilation began (target ≤ 5).`],
  );
  return [layout(header, body), ...settled].join('\n');
}
