/**
 * Runs the tests: both projects, or what the arguments say. They go on to vitest as they are.
 *
 *   npm test                              everything, in Node and in Chromium
 *   npm test -- test/kernel               one folder
 *   npm test -- --project node -t scatter one project, one name
 *   npm run check                         types, lint and, in Node alone, all tests but *.slow and *.long (--quick)
 *
 * RETROGRADE_GPU=hardware uses the machine's own GPU driver and playwright's own browser instead of SwiftShader.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { softwareGpu } from './software-gpu.mjs';

const args = process.argv.slice(2).filter(arg => arg !== '--quick');
const quick = process.argv.includes('--quick');
if (quick) args.push('--project', 'node', '--project', 'alone');

const software = process.env.RETROGRADE_GPU === 'hardware' ? undefined : await softwareGpu();
console.log(
  software
    ? 'test: WebGPU is SwiftShader (software), in Node and in headless Chromium.'
    : `test: WebGPU is this machine's own adapter, the browser is playwright's own (npx playwright install chromium).`,
);

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const child = spawn(process.execPath, [vitest, 'run', ...args], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...(software ?? process.env), ...(quick ? { RETROGRADE_QUICK: '1' } : {}) },
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', code => process.exit(code ?? 1));
