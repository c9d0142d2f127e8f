/**
 * Sums into words that are the same for all invocations (kernel-ad rule G4), for a GPU:
 *
 *   p[w, i] = Σ of what invocation i adds to word w               as the program runs
 *   q[w, l] = Σ_t p[w, l + t · lanes]                             in one pass or two, down to at most 64 lanes
 *   target[w] += Σ_l q[w, l]                                      one invocation
 *
 * The order is fixed, and the sums are compensated. No atomics, no barriers.
 */

import { Builder } from '../ir/builder.ts';
import { IndexForms } from '../ir/index-form.ts';
import { type Block, type Buffer, largestId, type Program, type ScatterAdd, type Value } from '../ir/ir.ts';
import { textOf } from '../ir/polynomial.ts';
import { simplify } from '../ir/simplify.ts';
import { visit } from '../ir/traverse.ts';
import { dropBuffers } from '../transform/buffers.ts';
import { compensated, settled } from './compensated.ts';
import { flatIdOf, invocationsOf, slotBuffer } from './events.ts';
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

export interface Partials {
  readonly words: number;
  /** Writes p and nothing of the targets. */
  readonly first: Program;
  readonly last: Program;
  /** p as it is written, q as `last` reads it. */
  readonly written: Buffer;
  readonly read: Buffer;
}

/** @param targets Buffers of the program to treat so; its sums into others stay. */
export function partialSums(program: Program, targets: readonly Buffer[]): Partials {
  const forms = new IndexForms(program);
  const chosen = (sum: ScatterAdd): boolean => targets.includes(program.buffers[sum.buffer]);
  const keyOf = ({ buffer, stride, offset, index }: ScatterAdd): string =>
    [buffer, stride, offset, textOf(forms.formOf(index))].join(' ');
  const words = new Map<string, ScatterAdd>();
  visit(program.body, inst => {
    if (inst.kind === 'scatterAdd' && chosen(inst) && !words.has(keyOf(inst))) words.set(keyOf(inst), inst);
  });
  const written = slotBuffer('partial sums', 'f32', 1);
  const read: Buffer = { ...written, access: 'read', unique: false };
  return {
    words: words.size,
    first: firstPass(program, written, [...words.keys()], sum => (chosen(sum) ? keyOf(sum) : undefined)),
    last: lastPass(program, read, [...words.values()], forms),
    written,
    read,
  };
}

/** p[w · N + i]: every invocation writes all of its words. */
function firstPass(
  program: Program,
  written: Buffer,
  words: readonly string[],
  keyOf: (sum: ScatterAdd) => string | undefined,
): Program {
  const b = new Builder(largestId(program.body) + 1, program.arrays);
  const [sums, lost] = ['sums', 'lost'].map(name => b.localArray(name, 'f32', words.length));
  const add = (word: number, value: Value): void => {
    const at = b.u32(word);
    const next = compensated(b, { sum: b.arrayLoad(sums, at), lost: b.arrayLoad(lost, at) }, value);
    b.arrayStore(sums, at, next.sum);
    b.arrayStore(lost, at, next.lost);
  };
  const copied = (block: Block): Block =>
    b.block(() => {
      copyAll(block);
      return block.yields;
    });
  const copyAll = (block: Block): void => {
    for (const inst of block.body) {
      const key = inst.kind === 'scatterAdd' ? keyOf(inst) : undefined;
      if (key !== undefined && inst.kind === 'scatterAdd') add(words.indexOf(key), inst.value);
      else if (inst.kind === 'if') {
        const then = copied(inst.then);
        b.push({ ...inst, then, else: copied(inst.else) });
      } else if (inst.kind === 'while') {
        const cond = copied(inst.cond);
        b.push({ ...inst, cond, body: copied(inst.body) });
      } else b.push(inst);
    }
  };
  const body = b.block(() => {
    const [id, all] = [flatIdOf(b), invocationsOf(b)];
    copyAll(program.body);
    words.forEach((_, w) => {
      const at = b.u32(w);
      const total = settled(b, { sum: b.arrayLoad(sums, at), lost: b.arrayLoad(lost, at) });
      b.store(program.buffers.length, b.pure('add', [b.pure('mul', [all, at]), id]), 1, 0, total);
    });
    return [];
  });
  const whole = { ...program, buffers: [...program.buffers, written], arrays: b.arrays, body };
  return dropBuffers(simplify(whole), (_, used) => used);
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
function lastPass(program: Program, read: Buffer, words: readonly ScatterAdd[], forms: IndexForms): Program {
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
