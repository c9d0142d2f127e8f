/**
 * How big it is: the core bundle (kernel + adjoint, minified and gzipped) against its budget, and lines per folder.
 *
 *   npm run size
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const budget = 80; // kB, gzipped
const folders = ['kernel', 'adjoint', 'solvers', 'physics', 'render', 'scenes', 'test', 'bench', 'scripts'];

const core = ['kernel', 'adjoint'].filter(folder => existsSync(`${root}${folder}/index.ts`));
const { outputFiles } = await build({
  stdin: { contents: core.map(name => `export * from './${name}/index.ts';`).join('\n'), resolveDir: root },
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  conditions: ['source'],
});
const bytes = outputFiles[0].contents;
const kB = gzipSync(bytes, { level: 9 }).length / 1000;
console.log(`core (${core.join(' + ')})  ${kB.toFixed(1)} kB gzipped, ${(bytes.length / 1000).toFixed(1)} kB minified`);

for (const folder of folders.filter(name => existsSync(root + name))) {
  const files = readdirSync(root + folder, { recursive: true }).filter(name => /\.(ts|mjs)$/.test(name));
  const lines = files.map(name => readFileSync(`${root}${folder}/${name}`, 'utf8').split('\n').length - 1);
  const total = lines.reduce((sum, n) => sum + n, 0);
  console.log(`${folder.padEnd(8)} ${String(total).padStart(6)} lines  ${String(files.length).padStart(4)} files`);
}

if (kB > budget) {
  console.error(`size: the core is ${kB.toFixed(1)} kB gzipped; the budget is ${budget} kB. Find what came in.`);
  process.exit(1);
}
