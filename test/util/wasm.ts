/**
 * Runs a program on the WebAssembly backend as `interpret` runs it, and compares the two bit for bit; in single precision, the
 * program as the backend expands it.
 */

import { expect } from 'vitest';
import type { Backend } from '../../kernel/backend/backend.ts';
import { wasmBackend } from '../../kernel/backend/wasm/backend.ts';
import { interpret } from '../../kernel/ir/interpret.ts';
import type { Program } from '../../kernel/ir/ir.ts';
import { expandMath } from '../../kernel/ir/math/expand.ts';
import type { Count, Precision, Words } from '../../kernel/words.ts';

const shared: Record<Precision, Backend> = {
  f32: wasmBackend({ precision: 'f32' }),
  f64: wasmBackend({ precision: 'f64' }),
};

/** @param words Per buffer: data of a read one, length of a write one. @returns The words of every buffer afterwards. */
export function runOnWasm(
  program: Program,
  words: readonly (ArrayLike<number> | number)[],
  count: Count,
  precision: Precision,
  backend: Backend = shared[precision],
): Words[] {
  const storages = program.buffers.map(({ type }, k) => {
    const given = words[k];
    if (typeof given === 'number') return backend.allocate(type, given);
    const storage = backend.allocate(type, given.length, { zero: false });
    backend.write(storage, given);
    return storage;
  });
  backend.run(backend.compile(program), storages, count);
  const results = storages.map(storage => backend.readSync?.(storage, storage.length) as Words);
  for (const storage of storages) backend.free(storage);
  return results;
}

export function compareWithInterpreter(
  program: Program,
  words: readonly (ArrayLike<number> | number)[],
  count: Count,
  precision: Precision,
): void {
  const expected = interpret(precision === 'f32' ? expandMath(program) : program, words, count, precision);
  const actual = runOnWasm(program, words, count, precision);
  program.buffers.forEach(({ name }, k) => {
    for (let j = 0; j < expected[k].length; j++)
      if (!Object.is(actual[k][j], expected[k][j]))
        expect.fail(`${name}[${j}] is ${actual[k][j]}, where the interpreter gives ${expected[k][j]}`);
    expect(actual[k].length).toBe(expected[k].length);
  });
}
