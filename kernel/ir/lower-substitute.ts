/** Replaces values by others wherever they are read. */

import type { Address, Block, Inst, Value } from './ir.ts';

export function substitute(block: Block, replace: (value: Value) => Value): Block {
  const values = (list: readonly Value[]): readonly Value[] => list.map(replace);
  const target = <T extends Address | { readonly index: Value }>(t: T): T => ({ ...t, index: replace(t.index) });
  const inner = (b: Block): Block => ({ body: b.body.map(inst), yields: values(b.yields) });
  const inst = (i: Inst): Inst => {
    switch (i.kind) {
      case 'pure':
        return { ...i, args: values(i.args) };
      case 'load':
      case 'arrayLoad':
        return target(i);
      case 'store':
      case 'scatterAdd':
      case 'arrayStore':
        return { ...target(i), value: replace(i.value) };
      case 'atomic':
        return { ...i, target: target(i.target), operands: values(i.operands) };
      case 'arrayFill':
        return { ...i, value: replace(i.value) };
      case 'arrayCopy':
        return { ...i, targetStart: replace(i.targetStart), sourceStart: replace(i.sourceStart) };
      case 'if':
        return { ...i, cond: replace(i.cond), then: inner(i.then), else: inner(i.else) };
      case 'while':
        return { ...i, init: values(i.init), cond: inner(i.cond), body: inner(i.body) };
      default:
        return i;
    }
  };
  return inner(block);
}
