/**
 * From the start of the import to the first gradient of a 3-vector, each time in a new process; and compile times.
 *
 *   npm run bench bench/cold-start.ts [-- --save]
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { save } from './harness.ts';

const script = `
const begin = performance.now();
const { kernel, tensor } = await import('retrograde/kernel');
const { valueAndGrad } = await import('retrograde/adjoint');
const imported = performance.now();
const cube = kernel(\`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn cube(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] * x[id.x] * x[id.x]; }
\`);
const compiled = performance.now();
const { grad } = valueAndGrad(x => cube({ x }, { count: 3 }).y.sum())(tensor([1, 2, 3]));
await grad.read();
console.log(JSON.stringify([imported - begin, compiled - imported, performance.now() - compiled]));
`;

// The built package, as a user's program imports it: TypeScript's translation is no part of the start.
const root = fileURLToPath(new URL('..', import.meta.url));
const runs = Array.from({ length: 9 }, () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  if (!stdout)
    throw new Error(`cold-start: the child said nothing on standard output; run npm run build first. ${stderr}`);
  return JSON.parse(stdout) as [number, number, number];
});
const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1];
const total = runs.map(parts => parts.reduce((a, b) => a + b, 0));
const [medianMs, importMs, compileMs, gradientMs] = [total, ...[0, 1, 2].map(k => runs.map(r => r[k]))].map(median);
console.log(
  `import to first gradient ${medianMs.toFixed(1)} ms: import ${importMs.toFixed(1)}, kernel() ${compileMs.toFixed(1)}, gradient ${gradientMs.toFixed(1)}`,
);
save({ name: 'cold start', medianMs, importMs, compileMs, gradientMs });
