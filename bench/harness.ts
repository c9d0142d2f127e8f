/**
 * Times every benchmark the same way: warm up, then 30 timed runs; report the median and the spread.
 *
 *   npm run bench bench/stencil.ts            prints
 *   npm run bench bench/stencil.ts -- --save  also appends each row to bench/results/<machine>.jsonl
 *
 * A run must wait for its own result, so that the clock sees the work and not the queue.
 * The results are committed: a speed-up is a diff there.
 */

import { execSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Work {
  /** Bytes read and written by one run, for the GB/s column. Left out: only time is reported. */
  readonly bytes?: number;
  /** Timed runs. Default 30. */
  readonly runs?: number;
  /** Runs of the work between two looks at the clock, for work under 0.1 ms. Default 1. */
  readonly batch?: number;
}

/** One line of the results file. Times are of one run. */
export interface Row {
  readonly name: string;
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
  readonly gbPerS?: number;
}

/** Times `run`, prints a line, and returns it, so that a benchmark can go on to print ratios. */
export async function bench(name: string, work: Work, run: () => unknown): Promise<Row> {
  const { bytes, runs = 30, batch = 1 } = work;
  for (let i = 0; i < 3 * batch; i++) await run();
  const times: number[] = []; // ms
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    for (let j = 0; j < batch; j++) {
      const result = run();
      if (result instanceof Promise) await result; // awaiting a plain value would cost a microtask
    }
    times.push((performance.now() - start) / batch);
  }
  times.sort((a, b) => a - b);
  const at = (q: number): number => times[Math.round(q * (runs - 1))]!;
  const row: Row = {
    name,
    medianMs: at(0.5),
    p10Ms: at(0.1),
    p90Ms: at(0.9),
    ...(bytes === undefined ? {} : { gbPerS: bytes / at(0.5) / 1e6 }),
  };
  const speed = row.gbPerS === undefined ? '' : `  ${row.gbPerS.toFixed(2).padStart(7)} GB/s`;
  const spread = `(${row.p10Ms.toFixed(4)} … ${row.p90Ms.toFixed(4)})`;
  console.log(`${name.padEnd(44)} ${row.medianMs.toFixed(4).padStart(11)} ms  ${spread}${speed}`);
  save(row);
  return row;
}

/** Appends a row with `--save`. For numbers that `bench` does not take itself, such as start-up or compile time. */
export function save(row: Readonly<Record<string, unknown>> | Row): void {
  if (!process.argv.includes('--save')) return;
  const machine = `${cpus()[0]?.model ?? 'unknown'} x${cpus().length}`.replace(/[^\w]+/g, '-').toLowerCase();
  const commit = execSync('git rev-parse --short HEAD 2>/dev/null || echo none').toString().trim();
  mkdirSync(new URL('results', import.meta.url), { recursive: true });
  appendFileSync(
    new URL(`results/${machine}.jsonl`, import.meta.url),
    `${JSON.stringify({ ...row, commit, node: process.version })}\n`,
  );
}
