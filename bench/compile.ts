/**
 * What it takes to compile a kernel and its gradient: one kernel a process, first cold, then again with warm JavaScript.
 *
 *   report(name) → { name, cold: Compilation, warm: Compilation, fullSpeedMs?: [cold, warm] } on standard output
 *
 * front: WGSL to simplified IR; gradient: its adjoint as simplified IR; code: WebAssembly, compiled by the engine's first tier.
 */

import { wasmBackend } from '../kernel/backend/wasm/backend.ts';
import type { Program } from '../kernel/ir/ir.ts';
import { lower } from '../kernel/ir/lower/lower.ts';
import { forwardStores } from '../kernel/ir/passes/forward-stores.ts';
import { simplify } from '../kernel/ir/passes/simplify.ts';
import { adjoint } from '../kernel/transform/adjoint.ts';
import { parse } from '../kernel/wgsl/check.ts';
import { sources, straight } from './retrograde/sources.ts';
import { median } from './rounds.ts';

function timed<T>(work: () => T): readonly [T, number] {
  const start = performance.now();
  const result = work();
  return [result, performance.now() - start];
}

export interface Compilation {
  readonly frontMs: number;
  readonly gradientMs: number;
  readonly codeMs: number;
  readonly gradientCodeMs: number;
  readonly bytes: number;
  readonly gradientBytes: number;
}

function compile(source: string): Compilation {
  const backend = wasmBackend({ threads: 1 });
  const [program, frontMs] = timed(() => simplify(lower(parse(source))));
  const floats = (access: string) =>
    new Set(
      program.buffers.filter(b => b.type === 'f32' && (b.access === 'write') === (access === 'write')).map(b => b.name),
    );
  const [gradient, gradientMs] = timed(
    (): Program => simplify(adjoint(simplify(forwardStores(program)), floats('read'), floats('write'))),
  );
  const [code, codeMs] = timed(() => backend.compile(program));
  const [gradientCode, gradientCodeMs] = timed(() => backend.compile(gradient));
  backend.destroy();
  const [bytes, gradientBytes] = [code.codeBytes, gradientCode.codeBytes];
  return { frontMs, gradientMs, codeMs, gradientCodeMs, bytes, gradientBytes };
}

/** From the first launch to the first of three in a row at final speed, ms: when the engine's second tier has taken over. */
function settling(source: string): number {
  const backend = wasmBackend({ threads: 1 });
  const program = simplify(lower(parse(source)));
  const storages = program.buffers.map(({ type }) => backend.allocate(type, 4096));
  const begin = performance.now();
  const executable = backend.compile(program);
  const ends: number[] = [];
  do {
    backend.run(executable, storages, [4096, 1, 1]);
    ends.push(performance.now() - begin);
  } while (ends.at(-1)! < 200);
  const spent = ends.map((end, k) => end - (ends[k - 1] ?? 0));
  const fast = 1.25 * median(spent.slice(-spent.length / 2));
  const at = spent.findIndex((_, k) => spent.slice(k, k + 3).every(ms => ms < fast));
  backend.destroy();
  return ends[at]!;
}

/** Prints one line for the kernel of this name; without one, the names. */
export function report(name: string | undefined): void {
  console.log(JSON.stringify(name === undefined ? Object.keys(sources) : times(name)));
  process.exit(0);
}

/** Before these the JavaScript engine still optimises, and takes its time from what is timed. */
const warmUps = 40;

function times(name: string): object {
  const source = sources[name]!;
  const settle = () => (name === straight ? [settling(source)] : []);
  const fullSpeedMs = settle();
  const cold = compile(source);
  for (let run = 0; run < warmUps; run++) compile(source);
  const runs = Array.from({ length: 15 }, () => compile(source));
  fullSpeedMs.push(...settle());
  const keys = Object.keys(cold) as (keyof Compilation)[];
  return {
    name,
    fullSpeedMs: fullSpeedMs.length > 0 ? fullSpeedMs : undefined,
    cold,
    warm: Object.fromEntries(keys.map(key => [key, median(runs.map(run => run[key]))])),
  };
}
