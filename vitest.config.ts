/**
 * Projects over the same test files: `node` (which has nearly all of them) and `browser` (Chromium, what may differ there), whose
 * files share a process or a page one after the other, and so modules, devices and kernels; `alone` for files that look at what a
 * process as a whole does.
 *
 * `*.node.test.ts` and `*.slow.test.ts` run in Node only, `*.alone.test.ts` in a process of their own; `*.slow.test.ts` and
 * `*.long.test.ts` not in quick runs. Started by scripts/test.mjs, which sets the environment.
 */

import { playwright } from '@vitest/browser-playwright';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const { RETROGRADE_CHROMIUM, RETROGRADE_QUICK } = process.env;
const alone = 'test/**/*.alone.test.ts';
/** The kernel language, its backends and threads; and of each folder above them a file or two, which see that it loads and computes in a page. */
const inBrowser = [
  'test/kernel/**/*.test.ts',
  'test/adjoint/{gradient,replay-refusal,rollout-save}.test.ts',
  'test/sparse/{direct-factor,matrix}.test.ts',
  'test/solvers/{descent,minimize}.test.ts',
  'test/geometry/{files/*,mass-properties}.test.ts',
  'test/physics/{heat,mass-spring}.test.ts',
  'test/render/{image/image,shade/shade,texture/texture}.test.ts',
];
/** Programs made from programs, which are the same wherever they are made. */
const compiler = 'test/kernel/{ir,transform}/**';
const nodeOnly = [compiler, 'test/**/*-random.test.ts', 'test/**/*.node.test.ts', 'test/**/*.slow.test.ts', alone];
const inNode = {
  resolve: { conditions: ['source', ...defaultServerConditions] },
  ssr: { resolve: { conditions: ['source', ...defaultServerConditions] } },
};
/** Node 20 optimises code that has run long, not code that has run for a moment: of a test's processor time that saves a fifth. Later V8 have no such flag. */
const hot = Number.parseInt(process.versions.v8, 10) < 12 ? ['--interrupt-budget=1000000'] : [];
const patience = { testTimeout: 180_000, hookTimeout: 180_000 }; // ends what hangs, also on a slow and busy machine

const chromium = playwright({
  launchOptions: RETROGRADE_CHROMIUM
    ? {
        executablePath: RETROGRADE_CHROMIUM,
        args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
      }
    : { args: ['--enable-unsafe-webgpu'] },
});

/** Slow files first, and so short ones last, that no worker waits long for the other at the end. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isQuick = ({ moduleId }: TestSpecification) => Number(!/\.slow\.test\.ts$/.test(moduleId));
    return (await super.sort(files)).sort((a, b) => isQuick(a) - isQuick(b));
  }
}

// A page that is not cross-origin isolated has no SharedArrayBuffer, so no threads.
const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  test: {
    maxWorkers: '100%',
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        ...inNode,
        test: {
          ...patience,
          name: 'node',
          isolate: false,
          execArgv: hot,
          include: ['test/**/*.test.ts'],
          exclude: [alone, ...(RETROGRADE_QUICK ? ['test/**/*.{slow,long}.test.ts'] : [])],
        },
      },
      { ...inNode, test: { ...patience, name: 'alone', include: [alone] } },
      {
        server: { headers: isolated },
        resolve: { conditions: ['source', ...defaultClientConditions] },
        optimizeDeps: { include: ['mathjs', 'mathjs/number'] }, // found late, they would reload the page within a test
        test: {
          name: 'browser',
          include: inBrowser,
          exclude: nodeOnly,
          ...patience,
          isolate: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: chromium,
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
