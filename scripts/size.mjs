/**
 * How big it is: what users load, minified by esbuild and gzipped, and of which folders the core is made; then lines per folder.
 *
 *   npm run size
 *
 * The core is kernel + adjoint, all that they export, as a CPU device loads it; it has a budget. The WebGPU backend is a chunk of
 * its own, loaded when a device asks for it.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const budget = 80; // kB, gzipped
/** Chunks that are loaded with the entry, and those that are loaded when asked for. */
async function bundle(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    splitting: true,
    write: false,
    metafile: true,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    conditions: ['source'],
  });
  const contentsOf = new Map(outputFiles.map(file => [file.path.slice(root.length), file.contents]));
  const chunks = new Map(
    Object.entries(metafile.outputs).map(([path, { inputs, imports, bytes }]) => {
      const zipped = gzipSync(contentsOf.get(path), { level: 9 }).length / 1000;
      const next = imports.flatMap(({ path, kind }) => (kind === 'import-statement' ? [path] : []));
      return [path, { inputs, next, bytes, zipped }];
    }),
  );
  const loaded = new Set();
  const load = path => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const next of chunks.get(path).next) load(next);
  };
  load('out/stdin.js');
  const late = [...chunks].filter(([path]) => !loaded.has(path));
  return { loaded: [...loaded].map(path => chunks.get(path)), late: late.map(([, chunk]) => chunk) };
}

const total = chunks => chunks.reduce((sum, { zipped }) => sum + zipped, 0);

/** What each folder has of the zipped bytes, if all code zips alike. */
function byFolder(chunks) {
  const folders = new Map();
  for (const { inputs, bytes, zipped } of chunks)
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = file.split('/').slice(0, -1).join('/');
      folders.set(folder, (folders.get(folder) ?? 0) + (bytesInOutput / bytes) * zipped);
    }
  return [...folders].filter(([, kB]) => kB >= 0.05).sort((a, b) => b[1] - a[1]);
}

const row = (name, kB) => console.log(`${name.padEnd(32)} ${kB.toFixed(1).padStart(6)} kB gzipped`);
const core = await bundle(`export * from './kernel/index.ts'; export * from './adjoint/index.ts';`);
const alone = await bundle(
  `export { kernel, tensor } from './kernel/index.ts'; export { grad } from './adjoint/index.ts';`,
);
const size = total(core.loaded);
row('core: kernel + adjoint', size);
for (const [folder, kB] of byFolder(core.loaded)) row(`  ${folder}`, kB);
row('{ kernel, tensor, grad } alone', total(alone.loaded));
row('loaded for WebGPU alone', total(core.late));

const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const layers = Object.values(exports).flatMap(({ source }) => source?.split('/')[1] ?? []);
for (const folder of [...new Set(layers), 'test', 'bench', 'scripts'].filter(name => existsSync(root + name))) {
  const files = readdirSync(root + folder, { recursive: true }).filter(
    name => /\.(ts|mjs)$/.test(name) && !/node_modules/.test(name),
  );
  const lines = files.reduce(
    (sum, name) => sum + readFileSync(`${root}${folder}/${name}`, 'utf8').split('\n').length - 1,
    0,
  );
  console.log(`${folder.padEnd(8)} ${String(lines).padStart(6)} lines  ${String(files.length).padStart(4)} files`);
}

if (size > budget) {
  console.error(`size: the core is ${size.toFixed(1)} kB gzipped; the budget is ${budget} kB. Find what came in.`);
  process.exit(1);
}
