/** Rows kept: bench/results/<machine>.jsonl, one line a row, committed: a speed-up is a diff there. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const folder = new URL('results/', import.meta.url);

/** The processor, not the host: what the numbers belong to. */
export const machine: string = `${cpus()[0]?.model ?? 'unknown'} x${cpus().length}`
  .replace(/[^\w]+/g, '-')
  .toLowerCase();

export function save(rows: readonly object[]): void {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: fileURLToPath(folder.href.replace('results/', '')), encoding: 'utf8' }).trim();
  const origin = {
    commit: git('rev-parse', '--short', 'HEAD'),
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
  mkdirSync(folder, { recursive: true });
  appendFileSync(
    new URL(`${machine}.jsonl`, folder),
    rows.map(row => `${JSON.stringify({ ...row, ...origin })}\n`).join(''),
  );
}
