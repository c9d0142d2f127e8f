/**
 * What an element of a local array is known to hold is not loaded: it is the value last stored to it, or last loaded from it.
 *
 *     a[i + 1] = x;  a[i] = y;  z = a[i + 1] + a[k]; w = a[k]      becomes      …;  u = a[k];  z = x + u;  w = u
 *
 * Places of one base are told apart by their offsets (array-places.ts); a store to another base may change any element. What a loop or
 * a branch changes is unknown in that loop, and after it. A store out of range is dropped, so it is known only of one in range
 * what a load would find.
 */

import { arrayAccessesInRange } from '../analysis/ranges.ts';
import { type Block, blocksOf, type Inst, type LocalArray, type Program, type Value } from '../ir.ts';
import { definitions, mapOperands, rebuilt, visit } from '../traverse.ts';
import { ValueMap } from '../value-map.ts';
import { Elements, placesOf } from './array-places.ts';

export function forwardElements(program: Program): Program {
  if (!program.arrays.some(({ space }) => space === 'function')) return program;
  const placeOf = placesOf(program, definitions(program.body));
  const inRange = arrayAccessesInRange(program);
  const replaced = new ValueMap<Value>();
  const map = (v: Value): Value => replaced.get(v) ?? v;

  function forward(block: Block, contents: Elements<Value>): Block {
    const body: Inst[] = [];
    for (const original of block.body) {
      const inst = forwardInst(original, contents);
      if (inst) body.push(inst);
    }
    return rebuilt(block, body, map);
  }

  function forwardInst(original: Inst, contents: Elements<Value>): Inst | undefined {
    const inst = mapOperands(original, map);
    switch (original.kind) {
      case 'arrayLoad': {
        if (original.array.space !== 'function') return inst;
        const place = placeOf(original.index);
        const value = contents.get(original.array, place);
        if (value) replaced.set(original.result, value);
        else contents.set(original.array, place, original.result);
        return value ? undefined : inst;
      }
      case 'arrayStore': {
        const place = placeOf(original.index);
        contents.set(original.array, place, inRange.has(original) ? map(original.value) : undefined);
        contents.keep(original.array, place.base);
        return inst;
      }
      case 'arrayFill':
      case 'arrayCopy':
        contents.forget([original.kind === 'arrayFill' ? original.array : original.target]);
        return inst;
      case 'if': {
        const [then, otherwise] = [original.then, original.else].map(arm => forward(arm, contents.copy()));
        contents.forget(changedIn(original));
        const same = then === original.then && otherwise === original.else;
        return same ? inst : ({ ...inst, then, else: otherwise } as Inst);
      }
      case 'while': {
        contents.forget(changedIn(original));
        const [cond, inner] = [original.cond, original.body].map(part => forward(part, contents.copy()));
        const same = cond === original.cond && inner === original.body;
        return same ? inst : ({ ...inst, cond, body: inner } as Inst);
      }
      default:
        return inst;
    }
  }

  const body = forward(program.body, new Elements());
  return body === program.body ? program : { ...program, body };
}

/** Arrays that are changed inside a branch or loop. */
function changedIn(nested: Inst): Set<LocalArray> {
  const changed = new Set<LocalArray>();
  for (const block of blocksOf(nested))
    visit(block, inst => {
      if (inst.kind === 'arrayStore' || inst.kind === 'arrayFill') changed.add(inst.array);
      else if (inst.kind === 'arrayCopy') changed.add(inst.target);
    });
  return changed;
}
