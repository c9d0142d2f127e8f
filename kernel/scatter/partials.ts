/**
 * Sums into words that are the same for all invocations, for a GPU:
 *
 *   p[w, i] = Σ of what invocation i adds to word w               as the program runs
 *   q[w, l] = Σ_t p[w, l + t · lanes]                             in one pass or two, down to at most 64 lanes
 *   target[w] += Σ_l q[w, l]                                      one invocation
 *
 * The order is fixed, and the sums are compensated. No atomics, no barriers.
 */

import type { IndexForms } from '../ir/analysis/index-form.ts';
import { textOf } from '../ir/analysis/polynomial.ts';
import { Builder } from '../ir/builder.ts';
import type { Block, Buffer, Inst, Program, ScatterAdd, Value } from '../ir/ir.ts';
import { simplify } from '../ir/passes/simplify.ts';
import { visit } from '../ir/traverse.ts';
import { dropBuffers } from '../transform/buffers.ts';
import { compensated, settled } from './compensated.ts';
import { copied, countBuffers, isCopyable } from './uniform.ts';

const mostLanes = [4096, 64] as const;
const perLane = 64;

/** Lanes of each pass between the program and the last one. */
export function lanesOf(invocations: number): readonly number[] {
  const lanes: number[] = [];
  let left = invocations;
  for (const most of mostLanes) {
    if (left <= perLane) break;
    left = Math.min(most, Math.ceil(left / perLane));
    lanes.push(left);
  }
  return lanes;
}

/** Buffers all of whose sums go to words that are alike for all invocations. */
export function uniformTargets(program: Program, forms: IndexForms, buffers: readonly number[]): number[] {
  const varying = new Set<number>();
  visit(program.body, inst => {
    if (inst.kind !== 'scatterAdd') return;
    const uniform = forms.variesWith(forms.formOf(inst.index)).size === 0;
    if (!uniform || !isCopyable(inst.index, v => forms.define(v))) varying.add(inst.buffer);
  });
  return buffers.filter(k => !varying.has(k) && program.buffers[k].type === 'f32');
}

/** The words of these targets: for each sum which it is, and for each word one of its sums. */
export function wordsOf(
  program: Program,
  forms: IndexForms,
  targets: readonly number[],
): { readonly wordOf: ReadonlyMap<Inst, number>; readonly words: readonly ScatterAdd[] } {
  const known = new Map<string, number>();
  const wordOf = new Map<Inst, number>();
  const words: ScatterAdd[] = [];
  visit(program.body, inst => {
    if (inst.kind !== 'scatterAdd' || !targets.includes(inst.buffer)) return;
    const key = [inst.buffer, inst.stride, inst.offset, textOf(forms.formOf(inst.index))].join(' ');
    const word = known.get(key) ?? words.push(inst) - 1;
    known.set(key, word);
    wordOf.set(inst, word);
  });
  return { wordOf, words };
}

/** Σ of terms k, k + step, … below `end` of a buffer. */
function total(b: Builder, buffer: number, first: Value, end: Value, step: Value): Value {
  const zero = b.float(0);
  const [, sum, lost] = b.while(
    [first, zero, zero],
    ([k]) => b.pure('lt', [k, end]),
    ([k, partial, aside]) => {
      const next = compensated(b, { sum: partial, lost: aside }, b.load('f32', buffer, k));
      return [b.pure('add', [k, step]), next.sum, next.lost];
    },
  );
  return settled(b, { sum, lost });
}

/** target[w] += Σ_l q[w, l], word by word: two may be one. */
export function lastPass(program: Program, read: Buffer, words: readonly ScatterAdd[], forms: IndexForms): Program {
  const b = new Builder();
  const counts = program.buffers.length;
  const from = counts + countBuffers.length;
  const body = b.block(() => {
    const lanes = b.pure('div', [b.length(from, 1), b.u32(words.length)]);
    words.forEach(({ buffer, index, stride, offset }, w) => {
      const first = b.pure('mul', [lanes, b.u32(w)]);
      const sum = total(b, from, first, b.pure('add', [first, lanes]), b.u32(1));
      const at = copied(b, index, v => forms.define(v), counts);
      b.store(buffer, at, stride, offset, b.pure('add', [b.load('f32', buffer, at, stride, offset), sum]));
    });
    return [];
  });
  return finished(`${program.name} sums`, [...program.buffers, ...countBuffers, read], body);
}

/** q[w, l] of lanes l = x and words w = y. */
export function lanesPass(from: Buffer, to: Buffer): Program {
  const b = new Builder();
  const body = b.block(() => {
    const [lane, word, lanes] = [b.builtin('globalX'), b.builtin('globalY'), b.builtin('countX')];
    const each = b.pure('div', [b.length(0, 1), b.builtin('countY')]);
    const first = b.pure('mul', [word, each]);
    const sum = total(b, 0, b.pure('add', [first, lane]), b.pure('add', [first, each]), lanes);
    b.store(1, b.pure('add', [b.pure('mul', [word, lanes]), lane]), 1, 0, sum);
    return [];
  });
  return finished('partial sums', [from, to], body);
}

const finished = (name: string, buffers: readonly Buffer[], body: Block): Program =>
  dropBuffers(simplify({ name, buffers, arrays: [], body, workgroupSize: [64, 1, 1], source: '' }), (_, used) => used);
