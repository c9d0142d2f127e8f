// The examples in comments run: one program of all of them, each in a scope of its own. Where the line that makes a constant ends in a
// number, `// 1.41421356`, the constant is that number.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['kernel', 'adjoint', 'sparse', 'solvers', 'geometry', 'events', 'physics', 'render'].filter(folder =>
  statSync(join(root, folder), { throwIfNoEntry: false }),
);

/** What an example takes for granted. */
const given: Readonly<Record<string, string>> = {
  'adjoint/implicit.ts': 'const newton = ({ M }) => M.mul(1);', // is not called
  'adjoint/linear-map.ts': 'const k = tensor([2, 3, 4]);',
  'solvers/optimise/box-qp.ts': 'const n = 2; const H = tensor([[2, 1], [1, 2]]); const g = tensor([1, -1]);',
  'solvers/optimise/constraints.ts': 'const loss = ({ k }) => k.sub(30).square().sum();',
  'solvers/estimators/path.ts': 'const f = x => x.square();',
  'solvers/estimators/score.ts': 'const f = x => x.square(); const m = tensor(0); const x = normal([64], { seed: 1 });',
  'solvers/estimators/smoothed.ts': 'const f = x => x.square(); const theta = tensor(1);',
  'solvers/estimators/smoothing.ts': 'const f = x => x.square(); const theta = tensor(1);',
  'solvers/fit/levenberg-marquardt.ts':
    'const params = { k: tensor([2]) }; const residual = ({ k }) => k.sub(tensor([1, 3]));',
  'solvers/grid/trace-faces.ts': "const { project } = await import('retrograde/solvers');", // render has one too
  'solvers/optimise/manifold.ts':
    'const pose = { orientation: tensor([0, 0, 0, 1]) }; const loss = ({ orientation }) => orientation.sub(0.5).square().sum();',
  'solvers/optimise/multi-start.ts': 'const loss = x => x.square().sum();',
  'sparse/direct/direct.ts':
    'const b = tensor([2, 3]); const A = csr(coordinates([2, 2], [0, 1], [0, 1]).pattern, b, { positiveDefinite: true });',
};

interface Example {
  readonly file: string;
  readonly text: string;
}

const examples: readonly Example[] = folders.flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true })
    .map(name => `${folder}/${name}`.replaceAll('\\', '/'))
    .filter(file => file.endsWith('.ts'))
    .sort()
    .flatMap(file =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/@example\n([\s\S]*?)\n\s*\*(?:\/| @)/g)].map(([, text]) => ({
        file,
        text: text.replaceAll(/^\s*\* ?/gm, ''),
      })),
    ),
);

const program = ({ file, text }: Example): string => {
  const checks = [...text.matchAll(/^\s*const (\w+) = .*; \/\/ (-?[\d.]+)$/gm)].map(
    ([, name, number]) => `await same(${name}, ${number});`,
  );
  return `console.log(${JSON.stringify(file)});\nawait (async () => {\n${given[file] ?? ''}\n${text}\n${checks.join('\n')}\n})();`;
};

it('every example runs, and gives what it says', { timeout: 120_000 }, () => {
  const head = `
    const entries = await Promise.all(${JSON.stringify([...folders, 'expression'])}.map(name => import('retrograde/' + name)));
    Object.assign(globalThis, ...entries);
    await device({ kind: 'cpu', precision: 'f64' });
    const same = async (x, number) => {
      const value = await x.item();
      if (!(Math.abs(value - number) < 1e-6)) throw new Error(value + ' is not ' + number);
    };`;
  const folder = mkdtempSync(join(root, 'out-docs-'));
  try {
    const file = join(folder, 'program.mts');
    writeFileSync(file, [head, ...examples.map(program)].join('\n'));
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
    const ran = execFileSync(process.execPath, [tsx, '-C', 'source', file], { cwd: root, encoding: 'utf8' });
    expect(ran.trim().split('\n')).toEqual(examples.map(example => example.file));
    expect(examples.length).toBeGreaterThan(10);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
