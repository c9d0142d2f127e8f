/**
 * The second pass of sums at static indices: one invocation per element adds up what was kept for it.
 *
 *   target[j] = Σ_k kept[order[k · rows + j]]                  rows of nearly equal length, padded with a slot that is not there
 *   target[j] = Σ kept[order[k]],  start[j] ≤ k < start[j + 1]     rows of any length
 *
 * The order is fixed. Rows of the second kind can be long: their sums are compensated.
 */

import { Builder } from '../ir/builder.ts';
import type { Block, Buffer, Program, Value } from '../ir/ir.ts';
import { simplify } from '../ir/passes/simplify.ts';
import { dropBuffers } from '../transform/buffers.ts';
import { compensated, settled } from './compensated.ts';
import type { Bundle } from './static-index.ts';

export interface RowBuffers {
  /** What pass one wrote. */
  readonly slots: Buffer;
  readonly order: Buffer;
  /** For rows of any length. */
  readonly start: Buffer | undefined;
}

export function sumRows(program: Program, { words }: Bundle, { slots, order, start }: RowBuffers): Program {
  const b = new Builder();
  const buffers = [...program.buffers, slots, order, ...(start ? [start] : [])];
  const [keptAt, orderAt, startAt] = [0, 1, 2].map(k => program.buffers.length + k);
  const terms = (k: Value): Value[] => {
    const slot = b.load('u32', orderAt, k);
    return words.map((_, w) => b.load('f32', keptAt, slot, words.length, w));
  };
  const zeros = (): Value[] => words.map(() => b.float(0));
  const padded = (j: Value): Value[] => {
    const rows = b.builtin('countX');
    const all = b.length(orderAt, 1);
    const [, ...sums] = b.while(
      [b.u32(0), ...zeros()],
      ([column]) => b.pure('lt', [column, all]),
      ([column, ...partial]) => {
        const added = terms(b.pure('add', [column, j])).map((term, w) => b.pure('add', [partial[w], term]));
        return [b.pure('add', [column, rows]), ...added];
      },
    );
    return sums;
  };
  const ragged = (j: Value): Value[] => {
    const one = b.u32(1);
    const end = b.load('u32', startAt, b.pure('add', [j, one]));
    const [, ...sums] = b.while(
      [b.load('u32', startAt, j), ...zeros(), ...zeros()],
      ([k]) => b.pure('lt', [k, end]),
      ([k, ...partial]) => {
        const both = terms(k).map((term, w) =>
          compensated(b, { sum: partial[w], lost: partial[words.length + w] }, term),
        );
        return [b.pure('add', [k, one]), ...both.map(x => x.sum), ...both.map(x => x.lost)];
      },
    );
    return words.map((_, w) => settled(b, { sum: sums[w], lost: sums[words.length + w] }));
  };
  const body = b.block(() => {
    const j = b.builtin('globalX');
    const sums = start ? ragged(j) : padded(j);
    words.forEach(({ buffer, stride, offset }, w) => {
      b.store(buffer, j, stride, offset, sums[w]);
    });
    return [];
  });
  return passOf(program, 'rows', buffers, body);
}

/** Puts zeros into the elements that nothing is added to, one invocation for each of `holes`. */
export function clearHoles(program: Program, { words }: Bundle, holes: Buffer): Program {
  const b = new Builder();
  const body = b.block(() => {
    const j = b.load('u32', program.buffers.length, b.builtin('globalX'));
    const zero = b.float(0);
    for (const { buffer, stride, offset } of words) b.store(buffer, j, stride, offset, zero);
    return [];
  });
  return passOf(program, 'holes', [...program.buffers, holes], body);
}

function passOf(program: Program, what: string, buffers: readonly Buffer[], body: Block): Program {
  const name = `${program.name} ${what}`;
  const whole: Program = { ...program, name, buffers, arrays: [], body, workgroupSize: [64, 1, 1] };
  return dropBuffers(simplify(whole), (_, used) => used);
}
