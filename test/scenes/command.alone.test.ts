// Specification of the command line within a process: what it lists and refuses. A process of its own: a run makes its device the default.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { command } from '../../scenes/cli/command.ts';
import { scenes } from '../../scenes/index.ts';

/** What it prints, and its exit status. */
async function told(
  args: readonly string[],
): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const text = { out: '', err: '' };
  const adds = (to: 'out' | 'err') => (chunk: unknown) => {
    text[to] += chunk;
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(adds('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(adds('err')),
    vi.spyOn(console, 'log').mockImplementation(line => adds('out')(`${line}\n`)),
    vi.spyOn(console, 'error').mockImplementation(line => adds('err')(`${line}\n`)),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  const status = await command(args);
  for (const spy of spies) spy.mockRestore();
  return { status, ...text };
}

describe('retrograde', () => {
  it('lists the scenes by topic, and the settings of one', async () => {
    const { status, out } = await told(['list']);
    expect(status).toBe(0);
    expect(out).toMatch(/^Films and pictures:\n {2}film +fits stiffness/m);
    for (const name of Object.keys(scenes)) expect(out.match(new RegExp(`^ {2}${name} `, 'gm'))).toHaveLength(1);
    const film = await told(['list', 'film']);
    expect(film.status).toBe(0);
    expect(film.out).toMatch(/^film fits stiffness/);
    expect(film.out).toContain('--set stiffness=…');
  });

  it('tells its version', async () => {
    expect((await told(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('writes what was found when it is interrupted', async () => {
    const out = await mkdtemp(join(tmpdir(), 'retrograde-'));
    onTestFinished(() => rm(out, { recursive: true }));
    const { run } = scenes.film;
    const spy = vi.spyOn(scenes.film, 'run').mockImplementation(options =>
      run({
        ...options,
        onProgress(step) {
          options.onProgress(step);
          if (step.iteration === 2) process.emit('SIGINT');
        },
      }),
    );
    onTestFinished(() => spy.mockRestore());
    const { err } = await told(['run', 'film', '--device', 'cpu', '--out', out]);
    expect(err).toContain('run: stopping after this iteration');
    expect(err).not.toContain('\n    5  loss');
    expect(existsSync(join(out, 'report.html'))).toBe(true);
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it.each([
    [['list', 'pendulum'], "list: there is no scene 'pendulum'; 'list' shows all of them."],
    [
      ['run', 'mesh-fit-cub'],
      "there is no scene 'mesh-fit-cub'; do you mean mesh-fit-cube or mesh-fit-crossing or mesh-fit-pose? 'list' shows",
    ],
    [['run', 'film', '--set', 'colour=3'], "run: scene 'film' has no setting 'colour'; it has stiffness, "],
    [['run', 'film', '--set', 'stiffness'], 'It must be name=value, the value a finite number.'],
    [
      ['run', 'film', '--set', 'length=1', '--device', 'cpu'],
      "film: 'length' is 1; a fit takes a whole number of at least 3 frames.",
    ],
    [
      ['run', 'film', '--frames', '/nowhere', '--device', 'cpu'],
      "film: there is no scene.json in '/nowhere'; give a folder",
    ],
    [['run', 'film', '--out', 'package.json'], "run: results cannot be written to 'package.json' (EEXIST"],
    [['run', 'film', '--out', '/dev/null/a/b'], "run: results cannot be written to '/dev/null/a/b' (ENOTDIR"],
    [['run', 'hopper', '--frames', 'scenes/film/chain'], "run: scene 'hopper' has no input in files, so that --frames"],
    [['run', 'film', '--seed', 'x'], 'It must be a whole number of at least 0.'],
    [['run', 'film', '--device', 'webgpu', '--precision', 'f64'], 'device: WebGPU has no f64;'],
  ])('ends with 2 and one sentence: %j', async (args, message) => {
    const { status, err, out } = await told(args);
    expect(status).toBe(2);
    expect(err).toContain(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(out).toBe('');
  });
});
