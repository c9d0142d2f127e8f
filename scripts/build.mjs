/**
 * Builds the package into dist/: declarations of every file, and for each folder one file of code.
 *
 *   npm run build
 *
 * Two hundred small modules take five times as long to import as a few large ones, and those half as long again unless they are
 * minified: what counts is the number of characters. What a folder's folders hold stands in files of its own all the same: whoever bundles a
 * page leaves out files that it does not use, but little of what stands within one. Source maps lead back. The WebGPU backend is a chunk that is loaded when a
 * device asks for it; what it shares with the kernel folder is another. Scenes stay as they are: they find their data beside
 * their own files.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const entries = Object.values(exports).flatMap(({ source }) => source?.slice(2) ?? []);
const bundled = [...new Set(entries.map(entry => entry.split('/')[0]))].filter(folder => folder !== 'scenes');

rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
for (const folder of bundled)
  for (const file of readdirSync(`${root}dist/${folder}`, { recursive: true }))
    if (/\.js(\.map)?$/.test(file)) rmSync(`${root}dist/${folder}/${file}`);

/** Folders import each other by their entry points alone, which stay files of their own. */
const apart = {
  name: 'folders apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^(\.\.\/)+\w+\/index\.ts$/ }, ({ path }) => ({
      path: path.replace(/^.*?(\w+)\/index\.ts$/, '../$1/index.js'),
      external: true,
    })),
};
/** Entries that nobody loads: what they share with a folder's index.ts, all they have, gets files of its own. */
const parts = {
  name: 'parts',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^part:/ }, ({ path }) => ({ path: path.slice(5), namespace: 'part' }));
    onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => {
      const [folder, part] = path.split('/');
      const contents = exported(folder).filter(file => partOf(file) === part);
      return { contents: contents.map(file => `export * from './${file}';`).join('\n'), resolveDir: root + folder };
    });
  },
};
const exported = folder =>
  [...readFileSync(`${root}${folder}/index.ts`, 'utf8').matchAll(/ from '\.\/(.*)';/g)].map(([, file]) => file);
/** The folder within a folder; files that stand in none are a part too. */
const partOf = file => (file.includes('/') ? file.split('/')[0] : 'own');
const partsOf = folder => [...new Set(exported(folder).map(partOf))];

const entryPoints = new Set([
  ...entries.filter(entry => bundled.includes(entry.split('/')[0])),
  ...bundled.map(folder => `${folder}/index.ts`), // for the other folders
  ...['node', 'browser'].map(on => `kernel/backend/webgpu/gpu.${on}.ts`),
]);
/** Folders whose folders do not need each other, or not all. */
const split = ['solvers', 'geometry', 'physics', 'render'];
await build({
  absWorkingDir: root,
  entryPoints: [
    ...[...entryPoints].map(file => ({ in: file, out: file.replace(/\.ts$/, '') })),
    ...split.flatMap(folder =>
      partsOf(folder).map(part => ({ in: `part:${folder}/${part}`, out: `parts/${folder}-${part}` })),
    ),
  ],
  outdir: 'dist',
  outbase: '.',
  chunkNames: 'chunks/[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  packages: 'external',
  external: ['#gpu'],
  plugins: [apart, parts],
  conditions: ['source'],
  minify: true,
  lineLimit: 120, // Node prints the line in which an error is thrown
  sourcemap: true,
  sourcesContent: false, // the sources are in the package
  logLevel: 'warning',
});
rmSync(`${root}dist/parts`, { recursive: true });
