/** Linear systems beside hypre and CHOLMOD, as a Markdown table. Each contender in a process of its own. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from './contenders.ts';
import type { Run } from './systems.ts';
import { layout } from './table.ts';

export interface SystemRow extends Run {
  readonly name: string;
  readonly contender: string;
  /** Of the first solve, which compiles. */
  readonly firstMs?: number;
}

const runs = 3;

const rivals = [
  { name: '1023²', contender: 'hypre BoomerAMG-CG', source: 'hypre.c', compiler: 'mpicc', flags: ['-I/usr/include/hypre', '-lHYPRE', '-lm'], n: 1023 },
  { name: '255²', contender: 'CHOLMOD', source: 'cholmod.c', compiler: 'gcc', flags: ['-I/usr/include/suitesparse', '-lcholmod'], n: 255 },
] as const; // biome-ignore format: a table

const best = (rows: readonly Run[]): Run => rows.reduce((a, b) => (b.cpuMs < a.cpuMs ? b : a));
const parsed = (text: string): Run[] => text.trim().split('\n').map(line => JSON.parse(line)); // biome-ignore format: one idea

function native({ name, contender, source, compiler, flags, n }: (typeof rivals)[number]): SystemRow | string {
  const folder = join(root, '.cache/bench');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, source.replace('.c', ''));
  const file = join(root, 'bench/native', source);
  const made = spawnSync(compiler, ['-O3', '-march=native', file, '-o', program, ...flags], { encoding: 'utf8' });
  if (made.status !== 0)
    return `${contender}: not found; install its development package (Debian: libhypre-dev, libsuitesparse-dev).`;
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  return {
    ...best(parsed(execFileSync(program, [String(n), String(runs)], { encoding: 'utf8', env }))),
    name,
    contender,
  };
}

/** Rows, and sentences on who could not take part. */
export async function systemRows(): Promise<{
  readonly rows: readonly SystemRow[];
  readonly absent: readonly string[];
}> {
  const file = await bundle(
    'systems.ts',
    `import { methods, serve } from './systems.ts';
     const [name] = process.argv.slice(2);
     if (name) await serve(name, ${runs}); else console.log(JSON.stringify(Object.keys(methods)));`,
  );
  const ask = (...args: string[]): string =>
    execFileSync(process.execPath, ['--max-old-space-size=8192', file, ...args], { cwd: root, encoding: 'utf8' });
  const own = (JSON.parse(ask()) as string[]).map((name): SystemRow => {
    const [first, ...rest] = parsed(ask(name));
    const { gradientRatio } = rest[rest.length - 1];
    return {
      ...best(rest),
      name,
      contender: 'Retrograde',
      firstMs: first.cpuMs,
      ...(gradientRatio && { gradientRatio }),
    };
  });
  const others = rivals.map(native);
  return {
    rows: [...own, ...others.filter(row => typeof row !== 'string')],
    absent: others.filter(row => typeof row === 'string'),
  };
}

export function systemTable(rows: readonly SystemRow[]): string {
  const header = [
    '−Δu = 1',
    'contender',
    'CPU ms',
    'first',
    'wall ms',
    'steps',
    '|b − Ax| / |b|',
    'u in the middle',
    'gradient / value',
  ];
  const body = rows.map(row => [
    row.name,
    row.contender,
    row.cpuMs.toFixed(0),
    row.firstMs?.toFixed(0) ?? '',
    row.wallMs.toFixed(0),
    String(row.iterations),
    row.residual.toExponential(1),
    row.centre.toFixed(10),
    row.gradientRatio?.toFixed(2) ?? '',
  ]);
  return layout(header, body);
}
