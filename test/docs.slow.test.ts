// README.md and ARCHITECTURE.md are held to what they say: their programs run, and the files they name exist.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const programs = [...text('README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(match => match[1]);

/** What each program prints, as numbers; one process runs them in turn, each as a module of its own. */
function printed(): number[][] {
  const folder = mkdtempSync(join(root, 'out-docs-'));
  try {
    programs.forEach((program, k) => {
      writeFileSync(join(folder, `program-${k}.ts`), program);
    });
    const all = programs.map((_, k) => `await import('./program-${k}.ts');\nconsole.log('end of program');`);
    writeFileSync(join(folder, 'all.ts'), all.join('\n'));
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
    const args = [tsx, '-C', 'source', join(folder, 'all.ts')];
    const output = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    return output.split('end of program\n').map(text => text.trim().split(/\s+/).map(Number));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('README', () => {
  let numbers: number[][] = [];
  beforeAll(() => {
    numbers = printed();
  });

  it('has a program for each kind of problem', () => {
    expect(programs.length).toBe(11);
  });

  it('differentiates a kernel of your own', () => {
    const [value, derivative] = numbers[0];
    expect(value).toBeCloseTo(84.25, 4);
    expect(derivative).toBeCloseTo(337, 3);
  });

  it('differentiates a formula', () => {
    const slope = numbers[1];
    for (const [k, r] of [1, 1.5, 2].entries()) expect(slope[k]).toBeCloseTo(4 * (6 / r ** 7 - 12 / r ** 13), 5);
  });

  it('fits a spring', () => {
    const [stiffness] = numbers[2];
    expect(stiffness).toBeCloseTo(30, 2);
  });

  it('solves a linear system', () => {
    const [warmth, slope] = numbers[3];
    expect(warmth).toBeCloseTo(0.03514425374287 / 2, 5); // series; half of it for k = 2
    expect(slope / warmth).toBeCloseTo(-0.5, 5);
  });

  it('solves a differential equation', () => {
    const [share, ...slopes] = numbers[4];
    expect(share).toBeCloseTo(0.28416374589, 7); // Hairer & Wanner II, IV.1: y₃(40) = 0.2842
    for (const [k, slope] of [4.2475, -1.37306e-5, 2.28847e-9].entries()) expect(slopes[k] / slope).toBeCloseTo(1, 4);
  });

  it('slides a crate', () => {
    const [far, slope] = numbers[5];
    expect(Math.abs(far / (2 ** 2 / (2 * 0.3 * 9.81)) - 1)).toBeLessThan(0.01);
    expect(Math.abs(slope / far + 1)).toBeLessThan(0.02);
  });

  it('slides a load off a sledge', () => {
    const [far, , , slope] = numbers[6];
    const [g, rough] = [9.81, Math.sqrt(0.5 * 0.1)];
    const slowing = ((0.5 * 464 - rough * 64) * g) / 400; // 400 kg under 64 kg
    const load = 4 / (2 * rough * g);
    const sledge = 4 / (2 * slowing);
    expect(far).toBeCloseTo(load - sledge, 2);
    const bySlope = (-load / rough - (sledge / slowing) * ((64 * g) / 400)) * (rough / 0.2);
    expect(Math.abs(slope / bySlope - 1)).toBeLessThan(0.05);
  });

  it('steers a cart', () => {
    const [x, v] = numbers[7];
    expect(x).toBeCloseTo(1, 4);
    expect(v).toBeCloseTo(0, 4);
  });

  it('fits a picture', () => {
    const pose = numbers[8];
    for (const [k, number] of [0.1, 0, 0, 0, 0.3, 0.1].entries()) expect(Math.abs(pose[k] - number)).toBeLessThan(0.01);
  });

  it('finds the friction of a floor in a picture', () => {
    expect(numbers[9][0]).toBeCloseTo(0.35, 3);
  });

  it('throws jelly', () => {
    const [x, y] = numbers[10];
    expect(x).toBeCloseTo(0.4 / 0.25, 3);
    expect(y).toBeCloseTo(0.5 * 9.81 * (0.25 + 2.5e-3), 3); // gravity acts before places move
  });
});

it.each(['README.md', 'ARCHITECTURE.md'])('%s names files and folders that exist', file => {
  const source = text(file).replace(/```[\s\S]*?```/g, '');
  const made = ['results/', 'result.json'];
  const paths = [...source.matchAll(/`((?:[\w-]+\/)+(?:[\w.-]+\.(?:ts|mjs|json))?|[\w-]+\.(?:ts|mjs|json))`/g)].map(
    m => m[1],
  );
  const folders = [
    'kernel',
    'adjoint',
    'sparse',
    'solvers',
    'geometry',
    'events',
    'physics',
    'render',
    'scenes',
    'bench',
  ];
  const all = folders.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true }).map(name => `/${folder}/${name}`.replaceAll('\\', '/')),
  );
  for (const [, path] of source.matchAll(/\]\((?!https?:)([^)#]+)/g))
    expect(existsSync(join(root, path)), path).toBe(true);
  for (const path of new Set(paths))
    if (!made.includes(path))
      expect(existsSync(join(root, path)) || all.some(name => name.endsWith(`/${path.replace(/\/$/, '')}`)), path).toBe(
        true,
      );
});
