/** Calls of user functions, inlined: parameters are values or places, the result is a variable, the body a sequence. */

import type { Expression, UserFunction, Variable } from '../../wgsl/ast.ts';
import { pointee, settle } from './access.ts';
import { declare, load } from './places.ts';
import { enterLabel, type Item, sequence } from './statements.ts';
import { fail, type Lowering, type Place, type Rvalue } from './values.ts';

/** Deeper calls are refused. */
const deepest = 200;

export function call(lo: Lowering, fn: UserFunction, args: readonly Expression[]): Rvalue {
  const frame: Lowering['frame'] = new Map();
  fn.parameters.forEach((parameter, k) => {
    const arg = args[k];
    if (parameter.type.kind === 'pointer') frame.set(parameter, { place: pointee(lo, arg) });
    else frame.set(parameter, { value: settle(lo, parameter, lo.expression(arg)) });
  });
  return inlined(lo, fn, frame);
}

export function inlined(lo: Lowering, fn: UserFunction, frame: Lowering['frame']): Rvalue {
  if (lo.depth >= deepest) fail(lo, fn.start, `'${fn.name}' is called through more than ${deepest} other functions`);
  const { emit } = lo;
  const caller = lo.frame;
  const at = emit.at;
  lo.depth++;
  lo.frame = frame;
  try {
    return emit.scope(() => {
      const result = resultOf(lo, fn);
      const label = enterLabel(lo, undefined, 'return');
      const context = { labels: [label], break: undefined, continue: undefined, result };
      const items: readonly Item[] = [
        { kind: 'statement', statement: fn.body, context },
        { kind: 'end', label },
      ];
      sequence(lo, items, new Set());
      return result ? load(lo, result) : [];
    });
  } finally {
    lo.depth--;
    lo.frame = caller;
    emit.at = at;
  }
}

function resultOf(lo: Lowering, fn: UserFunction): Place | undefined {
  if (fn.result.kind === 'void') return undefined;
  const variable: Variable = { name: fn.name, type: fn.result, role: 'var', start: fn.start, end: fn.end };
  return declare(lo, variable);
}
