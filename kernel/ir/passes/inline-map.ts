/**
 * A program that computes elements where it would have loaded them from the output of another, an elementwise map:
 *
 *   y[i] = f(a[i], b[0])  then  … y[e] …      becomes      … e < n ? f(a[e], b[0]) : 0 …
 *
 * e is any index; beyond the n elements of y a load gives zero, hence the choice, which is left out where f(0) = 0 anyway.
 */

import { wordForms } from '../analysis/footprint.ts';
import type { Block, Inst, Program, Value } from '../ir.ts';
import { copyInsts } from '../traverse.ts';
import { eliminateDeadCode } from './dce.ts';
import { concatenate, type Fused, type Part, withoutUnused } from './fuse.ts';
import { promoteCells } from './memory-to-ssa.ts';
import { simplify } from './simplify.ts';

/** What stores the element, if the program is such a map: straight-line, a word for each invocation, nothing else about its place. */
export function mapOf(program: Program): Extract<Inst, { kind: 'store' | 'scatterAdd' }> | undefined {
  const wordOf = wordForms(program);
  let found: ReturnType<typeof mapOf>;
  for (const inst of program.body.body) {
    if (inst.kind === 'store' || inst.kind === 'scatterAdd') {
      const word = wordOf(inst);
      if (found || word?.constant !== 0 || word.steps.join() !== '1,0,0') return undefined;
      found = inst;
    } else if (inst.kind === 'builtin' ? inst.name !== 'globalX' : !/^(const|pure|load)$/.test(inst.kind))
      return undefined;
  }
  return found;
}

/**
 * @param link The slot that the map writes and the consumer reads.
 * @param whole Slots of the map's inputs that have an element for each of its invocations, and no more.
 */
export function inlineMap(map: Part, consumer: Part, link: number, whole: ReadonlySet<number>, slots: number): Fused {
  const own = concatenate([map], slots);
  const alone = concatenate([consumer], slots);
  const { buffers } = concatenate([map, consumer], slots);
  const body = own.body.body;
  const store = mapOf(own);
  if (!store) throw new Error(`inlineMap: ${map.program.name} is not an elementwise map.`);
  const guard = vanishes(own, whole) ? undefined : [...whole][0];
  const replaced = promoteCells<never>(
    { ...alone, buffers },
    {
      home: () => [],
      begin: (_, b) => b.u32(0),
      writes: () => [],
      rewrite(inst, _, b) {
        if (inst.kind !== 'load' || inst.buffer !== link) return undefined;
        const index = inst.index.type === 'u32' ? inst.index : b.pure('bitcast', [inst.index], 'u32');
        const renamed = new Map<Value, Value>();
        for (const part of body) if (part.kind === 'builtin') renamed.set(part.result, index);
        const computed = body.filter(part => part.kind !== 'builtin' && part !== store);
        for (const copy of copyInsts(computed, renamed, v => b.value(v.type))) b.push(copy);
        const stored = renamed.get(store.value) ?? store.value;
        const value = store.kind === 'store' ? stored : b.pure('add', [b.const(stored.type, 0), stored]);
        if (guard === undefined) return value;
        const inside = b.pure('lt', [index, b.length(guard, 1)]);
        return b.pure('select', [inside, value, b.const(value.type, 0)]);
      },
    },
  );
  return withoutUnused(eliminateDeadCode({ ...replaced, name: `${map.program.name}+${consumer.program.name}` }));
}

/** Whether the map gives +0 where all its inputs, each of them whole, are read beyond their end. */
function vanishes(program: Program, whole: ReadonlySet<number>): boolean {
  const wordOf = wordForms(program);
  const beyond = (inst: Inst): boolean => {
    const word = inst.kind === 'load' ? wordOf(inst) : undefined;
    return inst.kind === 'load' && whole.has(inst.buffer) && word?.constant === 0 && word.steps.join() === '1,0,0';
  };
  const zeros: Block = {
    ...program.body,
    body: program.body.body.map(inst =>
      beyond(inst) && inst.kind === 'load' ? { kind: 'const', result: inst.result, value: 0 } : inst,
    ),
  };
  const { body } = simplify({ ...program, body: zeros }).body;
  const store = body.find(inst => inst.kind === 'store' || inst.kind === 'scatterAdd');
  const value = store && 'value' in store ? store.value : undefined;
  return body.some(inst => inst.kind === 'const' && inst.result === value && Object.is(inst.value, 0));
}
