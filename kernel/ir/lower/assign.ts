/** Declarations and assignments. */

import type { BinaryOperator, Expression, Variable } from '../../wgsl/ast.ts';
import { bind, placeOf, source } from './access.ts';
import { binary, each, type Words } from './operators.ts';
import { accumulate, accumulates, clear, declare, element, load, store } from './places.ts';
import { isPlace } from './usage.ts';
import { components, type Lowering, type Place } from './values.ts';

export function declaration(lo: Lowering, variable: Variable, init: Expression | undefined): void {
  if (variable.role === 'let' && init) {
    bind(lo, variable, init);
    return;
  }
  const value = init && source(lo, init);
  const place = declare(lo, variable);
  lo.frame.set(variable, { place });
  if (value) store(lo, place, value);
  else clear(lo.emit, place);
}

export function assignment(
  lo: Lowering,
  e: Expression | undefined,
  op: BinaryOperator | undefined,
  value: Expression,
): void {
  const { emit } = lo;
  if (!e) {
    if (value.value === undefined && isPlace(value)) placeOf(lo, value);
    else lo.expression(value);
    return;
  }
  const at = emit.at;
  if (e.kind === 'swizzle' && e.components.length > 1) {
    const base = placeOf(lo, e.base);
    const parts = e.components.map(c => element(emit, base, emit.u32(c)));
    const result = updated(lo, e, op, value, () => parts.flatMap(part => components(emit, load(lo, part))));
    emit.at = at;
    parts.forEach((part, k) => {
      store(lo, part, [[result[k]]]);
    });
    return;
  }
  const place = placeOf(lo, e);
  if (!op) {
    const from = source(lo, value);
    emit.at = at;
    store(lo, place, from);
  } else if ((op === '+' || op === '-') && accumulates(lo, place)) {
    const terms = repeated(components(emit, lo.expression(value)), place);
    emit.at = at;
    accumulate(lo, place, op === '-' ? each(emit, 'neg', terms) : terms);
  } else {
    const result = updated(lo, e, op, value, () => components(emit, load(lo, place)));
    emit.at = at;
    store(lo, place, [result]);
  }
}

/** The value of `e op value`, or of `value`. The old value is read before `value` is evaluated. */
function updated(
  lo: Lowering,
  e: Expression,
  op: BinaryOperator | undefined,
  value: Expression,
  read: () => Words,
): Words {
  const old = op ? read() : [];
  const right = components(lo.emit, lo.expression(value));
  return op ? binary(lo.emit, op, old, e.type, right, value.type) : right;
}

function repeated(words: Words, { type }: Place): Words {
  const size = type.kind === 'vector' ? type.size : type.kind === 'matrix' ? type.columns * type.rows : 1;
  return words.length === size ? words : Array.from({ length: size }, () => words[0]);
}
