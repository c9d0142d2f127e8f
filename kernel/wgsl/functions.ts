/** User functions: the head (parameters, result), and the body in the scope of the parameters. */

import type { Type, Variable } from './ast.ts';
import { type Context, declare, type FunctionDraft, innerScope } from './scope.ts';
import { checkBody } from './statements.ts';
import type { RawFunction, RawParameter } from './syntax.ts';
import { isConstructible, nothing, typeName } from './types.ts';
import { checkAttributes } from './variables.ts';

function parameter(ctx: Context, raw: RawParameter): Variable | undefined {
  const { name, start, end } = raw.name;
  if (!raw.type) return ctx.report(start, `the parameter '${name}' needs a type.`);
  const type = ctx.type(raw.type, undefined);
  if (!type) return undefined;
  if (type.kind === 'pointer' || isConstructible(type)) return { name, type, role: 'parameter', start, end };
  return ctx.report(raw.type.start, `the parameter '${name}' cannot be ${typeName(type)}.`, 'Pass a pointer.');
}

function resultType(ctx: Context, raw: RawFunction): Type | undefined {
  if (!raw.result) return nothing;
  const type = ctx.type(raw.result, undefined);
  if (!type || isConstructible(type)) return type;
  return ctx.report(raw.result.start, `'${raw.name.name}' cannot return ${typeName(type)}.`);
}

/** The function without its body; what is wrong in the head is left out, and `isWrong` set. */
export function functionHead(ctx: Context, raw: RawFunction): FunctionDraft {
  const parameters = raw.parameters.map(p => parameter(ctx, p));
  const result = resultType(ctx, raw);
  const { start, end } = raw;
  return {
    name: raw.name.name,
    parameters: parameters.filter(p => p !== undefined),
    result: result ?? nothing,
    body: { kind: 'block', body: [], start, end },
    isWrong: result === undefined || parameters.includes(undefined),
    start,
    end,
  };
}

/** Checks the body, and gives it to the function. */
export function checkFunction(ctx: Context, raw: RawFunction, fn: FunctionDraft): void {
  const scope = innerScope(undefined);
  for (const { name } of raw.parameters) {
    const variable = fn.parameters.find(p => p.start === name.start);
    declare(ctx, scope, name.name, name.start, variable ? { kind: 'variable', variable } : { kind: 'wrong' });
  }
  if (!raw.attributes.some(a => a.name === 'compute')) {
    checkAttributes(ctx, raw, ['must_use', 'vertex', 'fragment']);
    const mark = raw.attributes.find(a => a.name === 'must_use');
    if (mark?.args.length) ctx.report(mark.start, "'@must_use' takes no numbers.");
    if (mark && !raw.result) ctx.report(mark.start, `'${fn.name}' returns nothing, so nothing of it must be used.`);
    for (const p of raw.parameters) checkAttributes(ctx, p, []);
  }
  // A result of a wrong type was reported; what is returned for it is not checked.
  const result = fn.isWrong && fn.result.kind === 'void' && raw.result ? undefined : fn.result;
  fn.body = checkBody(ctx, raw.body, scope, fn.name, result);
}
