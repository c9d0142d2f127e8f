/**
 * Two projects over the same test files: `node` (which has all of them) and `browser` (Chromium).
 *
 * `*.node.test.ts` and `*.slow.test.ts` run in Node only; `*.slow.test.ts` and `*.long.test.ts` not in quick runs. Started by scripts/test.mjs, which sets the environment.
 */

import { playwright } from '@vitest/browser-playwright';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const { RETROGRADE_CHROMIUM, RETROGRADE_QUICK } = process.env;
const nodeOnly = ['test/layers.test.ts', 'test/**/*.node.test.ts', 'test/**/*.slow.test.ts'];

const chromium = playwright({
  launchOptions: RETROGRADE_CHROMIUM
    ? {
        executablePath: RETROGRADE_CHROMIUM,
        args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
      }
    : { args: ['--enable-unsafe-webgpu'] },
});

// A page that is not cross-origin isolated has no SharedArrayBuffer, so no threads.
const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      {
        resolve: { conditions: ['source', ...defaultServerConditions] },
        ssr: { resolve: { conditions: ['source', ...defaultServerConditions] } },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: RETROGRADE_QUICK ? ['test/**/*.{slow,long}.test.ts'] : [],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        server: { headers: isolated },
        resolve: { conditions: ['source', ...defaultClientConditions] },
        optimizeDeps: { include: ['mathjs', 'mathjs/number'] }, // found late, they would reload the page within a test
        test: {
          name: 'browser',
          include: ['test/**/*.test.ts'],
          exclude: nodeOnly,
          testTimeout: 60_000,
          hookTimeout: 60_000,
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
