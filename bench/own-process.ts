/** Measurements in processes of their own. */

import { execFileSync } from 'node:child_process';
import { root } from './contenders.ts';

/** What a program says in its last line, as JSON. */
export const answerOf = <T>(args: readonly string[]): T =>
  JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '');
