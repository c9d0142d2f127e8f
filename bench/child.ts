/** A contender's process: lines of text in, lines of JSON out (contest.ts). */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What a contender answers. */
export interface Answer {
  readonly firstMs?: number;
  readonly digests?: readonly (readonly [number, number])[];
  /** The numbers themselves, where they are few. */
  readonly values?: readonly number[];
  readonly times?: readonly number[];
  /** Processor time of a unit, all threads together, on average. */
  readonly cpu?: number;
  readonly failed?: string;
}

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill();
});

export class Child {
  private readonly process: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private errors = '';

  constructor({ program, args, env, cwd }: Command) {
    this.process = spawn(program, args, { ...(cwd && { cwd }), env: { ...process.env, ...env } });
    living.add(this.process);
    this.process.on('exit', () => living.delete(this.process));
    this.process.on('error', error => {
      this.errors += error.message;
    });
    this.process.stdin?.on('error', () => {}); // it has died; the answer that does not come says so
    this.process.stderr?.on('data', (data: Buffer) => {
      this.errors += data;
    });
    this.lines = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line that is an answer; other lines are a library's own words. */
  async answer(seconds: number): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>(done => {
      timer = setTimeout(done, 1000 * seconds, 'late');
    });
    try {
      while (true) {
        const next = await Promise.race([this.lines.next(), late]);
        if (next === 'late') return { failed: `no answer in ${seconds} s` };
        if (next.done) return { failed: this.lastWords() };
        if (/^\{"(firstMs|times|failed)"/.test(next.value)) return JSON.parse(next.value);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs for `milliseconds`, or `runs` times, whichever is over first. */
  measure(milliseconds: number, runs: number, seconds: number): Promise<Answer> {
    this.process.stdin?.write(`${milliseconds} ${runs}\n`);
    return this.answer(seconds);
  }

  end(): void {
    this.process.kill();
  }

  private lastWords(): string {
    const error = this.errors.split('\n').find(line => /error|abort|memory|killed/i.test(line));
    return error?.trim().slice(0, 200) ?? `ended with ${this.process.signalCode ?? this.process.exitCode ?? 'no word'}`;
  }
}
