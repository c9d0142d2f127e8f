// Specification of the command line as a program: what it prints and writes, and its exit status. Its refusals: command.alone.test.ts.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retrograde-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function retrograde(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['-C', 'source', '--import', 'tsx', 'scenes/cli/main.ts', ...args], {
    cwd: root,
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', chunk => {
    text.out += chunk;
  });
  child.stderr.on('data', chunk => {
    text.err += chunk;
  });
  return new Promise(resolve => child.on('close', status => resolve({ status, ...text })));
}

describe('retrograde', () => {
  it('runs the film, writes its results, and ends with one JSON object', { timeout: 60_000 }, async () => {
    const out = join(folder, 'film');
    const ended = await retrograde('run', 'film', '--preset', 'small', '--device', 'cpu', '--out', out, '--json');
    expect(ended.err).toContain('of 16 frames');
    expect(ended.status).toBe(0);
    const last = JSON.parse(ended.out.trimEnd().split('\n').at(-1) ?? '');
    expect(Object.keys(last)).toEqual(['scene', 'goal', 'loss', 'iterations', 'seconds', 'device']);
    expect(last.goal).toMatchObject({ bound: 1, met: true });
    const result = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'));
    expect(result.fitted.velocity0).toHaveLength(3);
    expect(result).toMatchObject(last);
    const report = await readFile(join(out, 'report.html'), 'utf8');
    for (const part of ['<svg', 'data:image/png;base64,', 'data:image/gif;base64,', 'stiffness', 'truth'])
      expect(report).toContain(part);
    expect((await readFile(join(out, 'film.gif'))).subarray(0, 6).toString()).toBe('GIF89a');
    expect((await readFile(join(out, 'picture-4.png'))).subarray(1, 4).toString()).toBe('PNG');
  });

  it('ends with 1 where the goal was missed', { timeout: 60_000 }, async () => {
    const out = join(folder, 'missed');
    const { status } = await retrograde(
      ...['run', 'film', '--preset', 'small', '--iterations', '1', '--device', 'cpu', '--out', out],
    );
    expect(status).toBe(1);
  });
});
