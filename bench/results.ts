/** Rows kept: bench/results/<machine>.jsonl, one line a row, committed: a speed-up is a diff there. */

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const folder = new URL('results/', import.meta.url);

/** The processor, not the host: what the numbers belong to. */
export const machine: string = `${cpus()[0]?.model ?? 'unknown'} x${cpus().length}`
  .replace(/[^\w]+/g, '-')
  .toLowerCase();

function git(...args: string[]): string {
  const { stdout, status } = spawnSync('git', args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : 'unknown';
}
export const commit: string = git('rev-parse', '--short', 'HEAD');

export function save(rows: readonly object[]): void {
  const origin = { commit, node: process.version, date: new Date().toISOString().slice(0, 10) };
  mkdirSync(folder, { recursive: true });
  appendFileSync(
    new URL(`${machine}.jsonl`, folder),
    rows.map(row => `${JSON.stringify({ ...row, ...origin })}\n`).join(''),
  );
}
