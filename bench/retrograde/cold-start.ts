/** The built package, as a program of its own imports it: TypeScript's translation is no part of the start. */

import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { coldStart as measured } from '../cold-start.ts';
import type { Contest } from '../contest.ts';

const script = `
const { kernel, tensor } = await import('retrograde/kernel');
const { grad } = await import('retrograde/adjoint');
const wavelet = kernel(\`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn wavelet(@builtin(global_invocation_id) id: vec3u) { let v = x[id.x]; y[id.x] = sin(v) * v + exp(-v * v); }
\`);
const gradient = await grad(x => wavelet({ x }, { count: 3 }).y.sum())(tensor([1, 2, 3])).read();`;

/** When something below the folder was last written. */
const newest = (folder: string): number =>
  Math.max(0, ...readdirSync(folder, { recursive: true }).map(name => statSync(join(folder, String(name))).mtimeMs));

/** @param root The project's folder, built anew if dist/ is older than the sources. */
export function coldStart(root: string = process.cwd()): Contest<unknown> {
  const built = statSync(join(root, 'dist/kernel/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.max(...['kernel', 'adjoint'].map(folder => newest(join(root, folder)))) > built)
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'ignore' });
  return measured(root, script) as Contest<unknown>;
}
