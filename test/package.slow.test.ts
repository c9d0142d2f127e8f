/**
 * The package as its users get it: packed, installed in an empty project, type-checked as bundlers and as Node resolve modules, and
 * asked for a gradient: by two threads, in Node and in a browser, as it is and in one minified file; and in a browser on a GPU,
 * whose backend the bundlers keep in a file of its own. Nothing here sees the repository's sources.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { chromium } from 'playwright';
import { build as viteBuild } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'retrograde-consumer-'));

/** Work enough for the pool to start: Σ x² of 2¹⁸ numbers, a few hundred times. */
const consumer = `
import { device, kernel, KernelError, type Tensor, tensor } from 'retrograde/kernel';
import { save, valueAndGrad } from 'retrograde/adjoint';

const cpu = await device({ kind: 'cpu', threads: 2 });
const square = kernel(/* wgsl */ \`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn square(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] * x[id.x]; }
\`);
const numbers = Float32Array.from({ length: 2 ** 18 }, (_, k) => k % 5);
const x = tensor(numbers);
const loss = (p: { x: Tensor }) => square({ x: p.x }, { count: p.x.size }).y.sum();
const differentiate = valueAndGrad(loss);
let last = differentiate({ x });
for (let k = 0; k < 300; k++) last = differentiate({ x });
let mistake: unknown;
try { kernel('fn f() { let a = b; }'); } catch (error) { mistake = error; }
async function onGpu(): Promise<number[]> {
  await device({ kind: 'webgpu', software: true });
  return Array.from(await differentiate({ x: tensor(numbers.slice(0, 6)) }).grad.x.read());
}
const answer: { description: string; value: number; grad: number[]; mistake: string; gpu?: number[] } = {
  description: cpu.description,
  value: await last.value.item(),
  grad: Array.from((await last.grad.x.read()).slice(0, 6)),
  mistake: mistake instanceof KernelError ? mistake.message : 'none',
};
export const file = new Blob([await save({ x })]); // well typed since Bytes have a buffer of their own
if (typeof document !== 'undefined') answer.gpu = await onGpu();
export { answer };
`;
/** What it says of WebGPU compiles with and without somebody's declarations of it. */
const buffers = `
import { device, fromGPUBuffer, gpuDevice, type Tensor, toGPUBuffer } from 'retrograde/kernel';
import { grad } from 'retrograde/adjoint';
const opened = await device({ gpu: gpuDevice(await device('webgpu')) });
export const round = (x: Tensor): Tensor => fromGPUBuffer(toGPUBuffer(x), x.shape, { device: opened });
export const slope = grad((x: Tensor) => x.mul(x).sum());
`;
const expected = {
  description: expect.stringMatching(/2 threads/),
  value: Array.from({ length: 2 ** 18 }, (_, k) => (k % 5) ** 2).reduce((a, b) => a + b),
  grad: [0, 2, 4, 6, 8, 0],
  mistake: expect.stringContaining(`'b'`),
};
const expectedOfPages = { ...expected, gpu: expected.grad };

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: command === 'npm' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit status ${status}.\n${stdout}${stderr}`);
  return stdout;
}
const tsc = (...args: string[]): string =>
  run(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '--target', 'es2023', '--strict', ...args],
    project,
  );
const npm = (cwd: string, ...args: string[]): string => run('npm', args, cwd);

beforeAll(() => {
  npm(root, 'run', 'build');
  npm(root, 'pack', '--ignore-scripts', '--pack-destination', project);
  const filename = readdirSync(project).find(name => name.endsWith('.tgz'));
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { retrograde: `file:./${filename}` },
  };
  const files = {
    'package.json': JSON.stringify(manifest),
    'consumer.ts': consumer,
    'buffers.ts': buffers,
    'print.js': `import { answer } from './consumer.js'; console.log(JSON.stringify(answer));`,
    'page.js': `import { answer } from './consumer.js'; globalThis.answer = answer;`,
    'index.html': '<script type="module" src="/page.js"></script>',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--omit=peer');
  tsc('consumer.ts', '--lib', 'es2023,dom', '--module', 'nodenext');
}, 180_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

const bundled = (entry: string, options: BuildOptions): Promise<unknown> =>
  build({
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    logLevel: 'silent',
    ...options,
  });

describe('for TypeScript', () => {
  it.each([
    ['as Node resolves modules', 'consumer.ts', '--lib', 'es2023,dom', '--module', 'nodenext'],
    ['as bundlers do', 'consumer.ts', '--lib', 'es2023,dom', '--module', 'preserve', '--moduleResolution', 'bundler'],
    ['with the types of WebGPU', 'buffers.ts', '--lib', 'es2023,dom', '--module', 'nodenext'],
    ['where nothing declares them', 'buffers.ts', '--lib', 'es2023', '--types', '', '--module', 'nodenext'],
  ])('is well typed %s', (_, ...args) => {
    tsc('--noEmit', ...args);
  });
});

describe('in Node', () => {
  it('computes, and lets the process end', () => {
    expect(JSON.parse(run(process.execPath, ['print.js'], project))).toEqual(expected);
  }, 60_000);

  it('computes from one minified file, far from any package', async () => {
    await bundled('print.js', { platform: 'node', external: ['webgpu'], outfile: 'alone/print.mjs' });
    const elsewhere = mkdtempSync(join(tmpdir(), 'retrograde-alone-'));
    try {
      copyFileSync(join(project, 'alone/print.mjs'), join(elsewhere, 'print.mjs'));
      expect(JSON.parse(run(process.execPath, ['print.mjs'], elsewhere))).toEqual(expected);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  }, 60_000);
});

/** What a page of a folder answers; the page is cross-origin isolated, as threads need it. */
async function visit(folder: string): Promise<unknown> {
  const { RETROGRADE_CHROMIUM } = process.env;
  const browser = await chromium.launch({
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      ...(RETROGRADE_CHROMIUM ? ['--use-webgpu-adapter=swiftshader'] : []),
    ],
    ...(RETROGRADE_CHROMIUM ? { executablePath: RETROGRADE_CHROMIUM } : {}),
  });
  const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
  try {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on('pageerror', error => failures.push(error.message));
    await page.route('http://localhost/**', route => {
      const { pathname } = new URL(route.request().url());
      const body = readFileSync(join(folder, pathname === '/' ? 'index.html' : pathname));
      const contentType = pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
      return route.fulfill({ contentType, body, headers });
    });
    await page.goto('http://localhost/');
    const answer = page.waitForFunction('globalThis.answer', undefined, { timeout: 20_000 }).then(a => a.jsonValue());
    return await answer.catch(() => failures);
  } finally {
    await browser.close();
  }
}

describe('in a browser', () => {
  it('brings along what it uses of a folder, and no other parts', async () => {
    const contents = `export { massSpring } from 'retrograde/physics';`;
    const stdin = { contents, resolveDir: project };
    const options = { bundle: true, write: false, metafile: true, format: 'esm', platform: 'browser' } as const;
    const { metafile } = await build({ absWorkingDir: project, stdin, outdir: 'part', splitting: true, ...options });
    const loaded = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
    expect(loaded.join(' ')).toContain('retrograde/dist/chunks/');
    expect(loaded.filter(file => /saxes|ml-matrix|earcut/.test(file))).toEqual([]); // of robots' files, fits, polygons
  });

  it('computes when esbuild has bundled it, without what is for Node', async () => {
    const folder = join(project, 'by-esbuild');
    mkdirSync(folder);
    copyFileSync(join(project, 'index.html'), join(folder, 'index.html'));
    await bundled('page.js', { platform: 'browser', splitting: true, outdir: 'by-esbuild' });
    for (const name of readdirSync(folder).filter(name => name.endsWith('.js')))
      expect(readFileSync(join(folder, name), 'utf8'), `Dawn is in ${name}`).not.toMatch(
        /(from|import\()\s*['"]webgpu['"]/,
      );
    expect(await visit(folder)).toEqual(expectedOfPages);
  }, 60_000);

  it('computes when Vite has bundled it', async () => {
    const folder = join(project, 'by-vite');
    await viteBuild({
      root: project,
      configFile: false,
      logLevel: 'silent',
      build: { outDir: folder, target: 'es2023', modulePreload: false },
    });
    expect(await visit(folder)).toEqual(expectedOfPages);
  }, 60_000);
});
