/**
 * The package as its users get it: packed, installed in an empty project, type-checked, and asked for a gradient,
 * in Node and, bundled, in the browser. Nothing here sees the repository's sources.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'retrograde-consumer-'));
const gradient = [2, 4, 6]; // of Σ x² at x = (1, 2, 3)

const consumer = `
import { device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { valueAndGrad } from 'retrograde/adjoint';

await device({ kind: 'cpu' });
const square = kernel(/* wgsl */ \`
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn square(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] * x[id.x]; }
\`);
const loss = (p: { x: Tensor }) => square({ x: p.x }, { count: 3 }).y.sum();
const { grad } = valueAndGrad(loss)({ x: tensor([1, 2, 3]) });
export const answer: number[] = Array.from(await grad.x.read());
`;

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: command === 'npm' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit status ${status}.\n${stdout}${stderr}`);
  return stdout;
}
const npm = (cwd: string, ...args: string[]): string => run('npm', args, cwd);
const node = (...args: string[]): string => run(process.execPath, args, project);

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
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, 'consumer.ts'), consumer);
  npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--omit=peer');
}, 180_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

it('type-checks in a project of its own and gives a gradient in Node', () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--target', 'es2023', '--lib', 'es2023,dom', '--module', 'nodenext', '--strict'];
  node(tsc, ...options, 'consumer.ts');
  writeFileSync(
    join(project, 'print.js'),
    `import { answer } from './consumer.js'; console.log(JSON.stringify(answer)); process.exit(0);`,
  );
  expect(JSON.parse(node('print.js'))).toEqual(gradient);
}, 60_000);

it('bundles for a browser and gives the same gradient there', async () => {
  const bundle = join(project, 'bundle.js');
  await build({
    stdin: { contents: `import { answer } from './consumer.ts'; globalThis.answer = answer;`, resolveDir: project },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    outfile: bundle,
    logLevel: 'silent',
  });
  const script = readFileSync(bundle, 'utf8');
  expect(script, 'Dawn is in the browser bundle').not.toMatch(/\bfrom ['"]webgpu['"]|import\(['"]webgpu['"]\)/);

  const { RETROGRADE_CHROMIUM } = process.env;
  const browser = await chromium.launch({
    args: ['--no-sandbox'],
    ...(RETROGRADE_CHROMIUM ? { executablePath: RETROGRADE_CHROMIUM } : {}),
  });
  try {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on('pageerror', error => failures.push(error.message));
    await page.route('http://localhost/**', route =>
      route.request().url().endsWith('.js')
        ? route.fulfill({ contentType: 'text/javascript', body: script })
        : route.fulfill({ contentType: 'text/html', body: '<script type="module" src="/bundle.js"></script>' }),
    );
    await page.goto('http://localhost/');
    const answer = page.waitForFunction('globalThis.answer', undefined, { timeout: 20_000 }).then(a => a.jsonValue());
    expect(await answer.catch(() => failures)).toEqual(gradient);
  } finally {
    await browser.close();
  }
}, 60_000);
