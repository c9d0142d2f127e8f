/**
 * Who takes part, and how each is started: JavaScript bundled by esbuild and run by Node as it is, C compiled on the fly.
 *
 * Bundles, programs and data go to .cache/, which is not kept. What is missing is said in the table, with what to do.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Case, Rival } from './case.ts';
import type { Command } from './child.ts';

export interface Contender {
  readonly name: string;
  /** What targets call it. */
  readonly rivals: readonly Rival[];
  /** How to start it for a case; a sentence if it cannot be; nothing if it takes no part. */
  readonly start: (of: Case) => Promise<Command | string | undefined>;
}

export const root: string = fileURLToPath(new URL('..', import.meta.url));
const peers = join(root, 'bench/peers');
const cache = join(root, '.cache/bench');
export const threads: number = availableParallelism();

const bundles = new Map<string, Promise<string>>();

/** A program as one file, named after a module, of the text that a file in bench/ would have. */
export function bundle(name: string, text: string, folder: string = cache): Promise<string> {
  const outfile = join(folder, `${name.replace(/\W+/g, '-')}.mjs`);
  const made =
    bundles.get(outfile) ??
    build({
      stdin: { contents: text, resolveDir: join(root, 'bench') },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      alias: Object.fromEntries(
        ['kernel', 'adjoint', 'sparse', 'solvers', 'geometry', 'events', 'physics', 'render'].map(f => [
          `retrograde/${f}`,
          join(root, f, 'index.ts'),
        ]),
      ),
      conditions: ['source'],
      logLevel: 'error',
    }).then(() => outfile);
  bundles.set(outfile, made);
  return made;
}

const served = (module: string, folder?: string): Promise<string> =>
  bundle(
    module,
    `import { families } from './${module}'; import { serve } from './contest.ts'; await serve(families);`,
    folder,
  );

export function script(
  name: string,
  rivals: readonly Rival[],
  module: string,
  env: Record<string, string> = {},
): Contender {
  const start = async (of: Case): Promise<Command> => ({
    program: process.execPath,
    args: ['--max-old-space-size=8192', await served(module), of.name],
    env,
    cwd: root,
  });
  return { name, rivals, start };
}

function peer(name: string, rival: Rival, module: string, env: Record<string, string> = {}): Contender {
  const start = async (of: Case): Promise<Command | string | undefined> => {
    if (!existsSync(join(peers, 'node_modules'))) return 'not installed: npm ci --prefix bench/peers';
    if (!['wave', 'springs', 'wavelet', 'pendulums', 'product', 'small'].includes(of.family)) return undefined;
    const cold = of.variant === 'coldStart';
    const file = await served(`peers/${module}${cold ? '-cold' : ''}.mjs`, join(peers, 'node_modules/.cache'));
    return { program: process.execPath, args: ['--max-old-space-size=8192', file, of.name], env, cwd: root };
  };
  return { name, rivals: [rival, 'libraries'], start };
}

export const find = (names: readonly string[]): string | undefined =>
  names.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);

/** Arrays as files, for those who cannot import them: a folder, and the constants. */
export function data({ name, problem }: Case): readonly string[] {
  const folder = join(cache, 'data', name);
  mkdirSync(folder, { recursive: true });
  const { arrays, constants } = problem(false);
  for (const [array, words] of Object.entries(arrays)) writeFileSync(join(folder, `${array}.bin`), words);
  return [folder, ...Object.entries(constants).map(([key, value]) => `${key}=${value}`)];
}

const programs = new Map<string, string>();

/** The program made of a file, once; a sentence if the compiler refuses. Without OpenMP: one thread. */
function compiled(
  compiler: string,
  flags: readonly string[],
  source: string,
  program: string,
  libraries: readonly string[],
): string {
  const known = programs.get(program);
  if (known !== undefined) return known;
  mkdirSync(join(cache, 'native'), { recursive: true });
  // -ffast-math lets the compiler reassociate and contract, which WebAssembly code may not.
  const options = ['-O3', ...flags, '-ffast-math', source, '-o', program, ...libraries, '-lm'];
  const made = [['-fopenmp'], []].some(
    extra => spawnSync(compiler, [...extra, ...options], { stdio: 'ignore' }).status === 0,
  );
  programs.set(program, made ? program : '');
  return made ? program : '';
}

export interface Linking {
  readonly libraries: readonly string[];
  /** What to say where they are not there. */
  readonly absent: string;
}

export function native(
  name: string,
  rivals: readonly Rival[],
  compilers: readonly string[],
  flags: readonly string[],
  { libraries, absent }: Linking = { libraries: [], absent: `${compilers[0]} does not compile it` },
  env: Readonly<Record<string, string>> = {},
): Contender {
  const compiler = find(compilers);
  const start = async (of: Case): Promise<Command | string | undefined> => {
    const source = join(root, 'bench/native', `${of.family}.c`);
    if (!existsSync(source)) return undefined;
    if (!compiler) return `not installed: ${compilers[0]}`;
    const place = join(cache, 'native', `${of.family}-${name.replace(/\W+/g, '-')}`);
    const program = compiled(compiler, flags, source, place, libraries);
    return program ? { program, args: [of.variant, ...data(of)], env } : absent;
  };
  return { name, rivals, start };
}

const width = process.arch === 'x64' ? ['-msse4.2'] : [];

export const contenders: readonly Contender[] = [
  script('Retrograde', [], 'retrograde/families.ts'),
  script('1 thread', [], 'retrograde/families.ts', { RETROGRADE_THREADS: '1' }),
  script('plain JS', ['plain'], 'plain/families.ts'),
  peer('jax-js', 'jax-js', 'jax'),
  peer(`jax-js ${threads}T`, 'jax-js', 'jax', { PEER_THREADS: String(threads) }),
  peer('TF.js', 'tf.js', 'tf'),
  native('gcc SSE4.2', ['sse4.2'], ['gcc', 'cc'], width),
  native('gcc native', ['gcc'], ['gcc', 'cc'], ['-march=native']),
  native('clang native', [], ['clang', 'clang-21', 'clang-20', 'clang-19', 'clang-18', 'clang-17'], ['-march=native']),
];
