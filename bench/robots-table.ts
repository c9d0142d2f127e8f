/** Robots beside MuJoCo, as a Markdown table: processor time for one environment, one thread. Each contender in a process of its own. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from './contenders.ts';
import { robots } from './robots/models.ts';
import type { RobotRow } from './robots/serve.ts';
import { layout } from './table.ts';

interface Rival {
  readonly name: string;
  readonly step: number;
  readonly jacobian: number;
  /** Where it has come to: both begin there. */
  readonly q: readonly number[];
  readonly v: readonly number[];
}

export interface RobotResult extends RobotRow {
  readonly what: string;
  /** MuJoCo's seconds. */
  readonly rivalStep: number;
  readonly rivalJacobian: number;
}

const lines = (program: readonly string[]): unknown[] =>
  execFileSync(process.execPath, program, { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

/** Rows, or a sentence on what is missing. */
export async function robotRows(): Promise<readonly RobotResult[] | string> {
  if (!existsSync(join(root, 'bench/peers/node_modules/@mujoco')))
    return 'MuJoCo: not installed: npm ci --prefix bench/peers.';
  const rivals = lines([join(root, 'bench/peers/mujoco.mjs'), JSON.stringify(robots)]) as Rival[];
  const file = await bundle(
    'robots.ts',
    `import { serveRobot } from './robots/serve.ts';
     const [robot, at, precision] = process.argv.slice(2);
     console.log(JSON.stringify(await serveRobot(JSON.parse(robot), JSON.parse(at), precision)));`,
  );
  return robots.flatMap((robot, k) =>
    ['f32', 'f64'].map(precision => {
      const { q, v, step, jacobian } = rivals[k];
      const [row] = lines([file, JSON.stringify(robot), JSON.stringify({ q, v }), precision]) as RobotRow[];
      return { ...row, what: robot.what, rivalStep: step, rivalJacobian: jacobian };
    }),
  );
}

const micro = (seconds: number): string => (seconds * 1e6).toPrecision(3);

export function robotTable(rows: readonly RobotResult[]): string {
  const header = ['robot', 'step, µs', 'MuJoCo', '×', 'gradient / step', 'Jacobian, µs', 'by differences', '×', 'one alone, µs', 'first gradient, s', 'what']; // biome-ignore format: a row
  return layout(
    header,
    rows.map(row => [
      row.name,
      micro(row.step),
      micro(row.rivalStep),
      (row.rivalStep / row.step).toFixed(1),
      row.gradientRatio.toFixed(1),
      micro(row.jacobian),
      micro(row.rivalJacobian),
      (row.rivalJacobian / row.jacobian).toFixed(1),
      micro(row.single),
      row.first.toFixed(1),
      row.what,
    ]),
  );
}
