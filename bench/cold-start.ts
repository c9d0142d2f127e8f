/** From the start of the import to the first gradient of a 3-vector, each run in a process of its own. */

import { spawnSync } from 'node:child_process';
import type { Contest } from './contest.ts';

/** @param script A module that leaves the gradient of Σ sin(x) x + exp(−x²) at (1, 2, 3) in `gradient`. */
export function coldStart(
  folder: string,
  script: string,
): Contest<{ readonly ms: number; readonly gradient: number[] }> {
  const timed = `const begin = performance.now();\n${script}
console.log(JSON.stringify({ ms: performance.now() - begin, gradient: Array.from(gradient) }));\nprocess.exit(0);`;
  return {
    run() {
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', timed], {
        cwd: folder,
        encoding: 'utf8',
      });
      const line = stdout.split('\n').find(l => l.startsWith('{"ms"'));
      if (!line) throw new Error(`cold start: the process printed no time. ${stderr}`);
      return JSON.parse(line);
    },
    milliseconds: ({ ms }) => ms,
    results: ({ gradient }) => [gradient],
  };
}
