/** Expressions that denote places, as places; pointers are resolved here, when they are made. */

import type { Expression, Variable } from '../../wgsl/ast.ts';
import { leavesOf } from './layout.ts';
import { element, load, member } from './places.ts';
import { isPlace } from './usage.ts';
import { fail, inMemory, isSnapshot, type Lowering, only, type Place, type Rvalue, selectable } from './values.ts';

function variablePlace(lo: Lowering, variable: Variable, at: number): Place {
  const entry = lo.frame.get(variable);
  const place = entry && 'place' in entry ? entry.place : lo.globals.get(variable);
  return place ?? fail(lo, at, `'${variable.name}' is not a variable that can be read here`);
}

export function placeOf(lo: Lowering, e: Expression): Place {
  const { emit } = lo;
  switch (e.kind) {
    case 'name':
      return variablePlace(lo, e.variable, e.start);
    case 'index': {
      const base = placeOf(lo, e.base);
      return element(emit, base, only(emit, lo.expression(e.index)));
    }
    case 'member':
      return member(placeOf(lo, e.base), e.position);
    case 'swizzle':
      return element(emit, placeOf(lo, e.base), emit.u32(e.components[0]));
    case 'deref':
      return pointee(lo, e.pointer);
    default:
      return fail(lo, e.start, `a ${e.kind} expression is not a place that can be stored to`);
  }
}

/** What a pointer expression points to. */
export function pointee(lo: Lowering, e: Expression): Place {
  if (e.kind === 'address') return placeOf(lo, e.place);
  if (e.kind === 'name') return variablePlace(lo, e.variable, e.start);
  return fail(lo, e.start, 'a pointer can only be made by & or be a let or a parameter');
}

/** The value of an expression that is stored at once: large arrays are read where they are. */
export function source(lo: Lowering, e: Expression): Rvalue {
  return e.value === undefined && isPlace(e) && e.kind !== 'swizzle'
    ? load(lo, placeOf(lo, e), true)
    : lo.expression(e);
}

/** Gives a let or a parameter its value, in memory if it will be indexed dynamically and is large. */
export function bind(lo: Lowering, variable: Variable, e: Expression): void {
  if (variable.type.kind === 'pointer') {
    lo.frame.set(variable, { place: pointee(lo, e) });
    return;
  }
  lo.frame.set(variable, { value: settle(lo, variable, lo.expression(e)) });
}

export function settle(lo: Lowering, variable: Variable, value: Rvalue): Rvalue {
  return leavesOf(variable.type).map((leaf, k) => {
    const words = value[k];
    if (isSnapshot(words) || words.length <= selectable || !lo.usage.has(variable, leaf.path, 'dynamic')) return words;
    return inMemory(lo, leaf.type, words, variable.name);
  });
}
