/**
 * How big it is: the core bundle (kernel + adjoint, minified and gzipped, what a CPU device loads) against its budget, and lines
 * per folder.
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
  splitting: true,
  write: false,
  outdir: 'out',
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  conditions: ['source'],
});
// The first file is the entry; what it imports statically is loaded with it, the rest (the WebGPU backend) when asked for.
const text = new Map(outputFiles.map(file => [file.path.split('/').at(-1), file.text]));
const loaded = new Set();
const load = name => {
  if (loaded.has(name)) return;
  loaded.add(name);
  for (const [, next] of text.get(name).matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) load(next);
};
load(outputFiles[0].path.split('/').at(-1));
const zipped = names => names.reduce((sum, name) => sum + gzipSync(text.get(name), { level: 9 }).length, 0) / 1000;
const kB = zipped([...loaded]);
const late = zipped([...text.keys()].filter(name => !loaded.has(name)));
console.log(
  `core (${core.join(' + ')})  ${kB.toFixed(1)} kB gzipped; loaded for WebGPU alone: ${late.toFixed(1)} kB more`,
);

for (const folder of folders.filter(name => existsSync(root + name))) {
  const files = readdirSync(root + folder, { recursive: true }).filter(
    name => /\.(ts|mjs)$/.test(name) && !/node_modules/.test(name),
  );
  const lines = files.map(name => readFileSync(`${root}${folder}/${name}`, 'utf8').split('\n').length - 1);
  const total = lines.reduce((sum, n) => sum + n, 0);
  console.log(`${folder.padEnd(8)} ${String(total).padStart(6)} lines  ${String(files.length).padStart(4)} files`);
}

if (kB > budget) {
  console.error(`size: the core is ${kB.toFixed(1)} kB gzipped; the budget is ${budget} kB. Find what came in.`);
  process.exit(1);
}
