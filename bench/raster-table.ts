/**
 * Rasterising beside the fixed-function rasteriser of the adapter that `webgpu` has, SwiftShader where there is no GPU, as a Markdown table. Each scene and contender in
 * a process of its own, which is tried once more if it dies; the ids that they find are compared.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softwareGpu } from '../scripts/software-gpu.mjs';
import { bundle, root, threads } from './contenders.ts';
import type { FixedFunction } from './raster/fixed-function.ts';
import { rasterRings, rasterSides } from './raster/scene.ts';
import type { RasterTimes } from './raster/serve.ts';
import { layout } from './table.ts';

export interface RasterRow {
  readonly side: number;
  readonly triangles: number;
  /** On one thread, and on all. */
  readonly one: RasterTimes;
  readonly all: RasterTimes;
  /** Undefined where it could not take part. */
  readonly fixed?: FixedFunction;
  /** Pixels for which they found different triangles. */
  readonly differing?: number;
}

function answer<T>(args: readonly string[], env: NodeJS.ProcessEnv): T | undefined {
  for (let attempt = 0; attempt < 2; attempt++) {
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
    if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  }
  return undefined;
}

function need<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('bench: a process of the raster bench has failed twice.');
  return found;
}

/** @param sides, rings Which scenes; default all. */
export async function rasterRows(
  sides: readonly number[] = rasterSides,
  rings: readonly number[] = rasterRings,
): Promise<readonly RasterRow[]> {
  const own = await bundle(
    'raster.ts',
    `import { serveRaster } from './raster/serve.ts';
     const [side, rings, threads] = process.argv.slice(2).map(Number);
     console.log(JSON.stringify(await serveRaster(side, rings, threads, process.argv[5])));`,
  );
  const other = await bundle(
    'fixed-function.ts',
    `import { serveFixedFunction } from './raster/fixed-function.ts';
     const [side, rings] = process.argv.slice(2).map(Number);
     console.log(JSON.stringify(await serveFixedFunction(side, rings, process.argv[4])));
     process.exit(0);`,
  );
  const env = process.env.RETROGRADE_GPU === 'hardware' ? process.env : { ...process.env, ...(await softwareGpu()) };
  const folder = mkdtempSync(join(tmpdir(), 'raster-'));
  const [mine, theirs] = [join(folder, 'own'), join(folder, 'fixed')];
  try {
    return sides.flatMap(side =>
      rings.map(ring => {
        const run = (count: number): RasterTimes =>
          need(answer<RasterTimes>([own, String(side), String(ring), String(count), mine], process.env));
        const [one, all] = [run(1), run(threads)];
        const fixed = answer<FixedFunction>([other, String(side), String(ring), theirs], env);
        const triangles = 4 * ring * (ring - 1);
        if (!fixed) return { side, triangles, one, all };
        const [a, b] = [mine, theirs].map(file => new Uint32Array(new Uint8Array(readFileSync(file)).buffer));
        return { side, triangles, one, all, fixed, differing: a.filter((id, k) => id !== b[k]).length };
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function rasterTable(rows: readonly RasterRow[]): string {
  const header = [
    'picture',
    'triangles',
    'ids, 1 thread',
    'picture',
    'and gradient',
    'replayed',
    'backward / forward',
    `ids, ${threads} threads`,
    'picture',
    'and gradient',
    'replayed',
    rows.find(({ fixed }) => fixed)?.fixed?.adapter ?? 'no adapter',
    'other ids, px',
  ];
  return layout(
    header,
    rows.map(({ side, triangles, one, all, fixed, differing }) => [
      `${side}²`,
      String(triangles),
      ...[one.ids, one.forward, one.both, one.replay].map(ms => ms.toFixed(2)),
      ((one.both - one.forward) / one.forward).toFixed(2),
      ...[all.ids, all.forward, all.both, all.replay].map(ms => ms.toFixed(2)),
      fixed?.ids.toFixed(2) ?? '',
      differing?.toString() ?? '',
    ]),
  );
}
