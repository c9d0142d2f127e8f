/**
 * Statements: scopes and control flow (WGSL §9). `for`, `while` and `loop` become the one loop of ast.ts.
 *
 * A wrong statement is left out, but its flow is still told, so that a mistake inside a `return` is not reported again as a
 * missing one.
 */

import { assign, callStatement, increment } from './assign.ts';
import type { Expression, Statement, Type } from './ast.ts';
import { breaks, continues, either, type Flow, looped, onwards, returns, sequence, switched } from './flow.ts';
import { checkAssert, declareConst, declareLet, declareVar } from './locals.ts';
import { expect, isBool } from './operators.ts';
import { value } from './places.ts';
import { type Context, innerScope, type Scope } from './scope.ts';
import type { RawBlock, RawExpression, RawIf, RawStatement, Span } from './syntax.ts';
import { commonType, concrete, isInteger, typeName } from './types.ts';

interface Surroundings {
  readonly name: string;
  /** undefined: wrong, and reported. */
  readonly result: Type | undefined;
  readonly inLoop: boolean;
  readonly inSwitch: boolean;
  readonly inContinuing: boolean;
}
interface Checked {
  readonly statement: Statement | undefined;
  readonly flow: Flow;
}
type RawOf<K extends RawStatement['kind']> = RawStatement & { readonly kind: K };

/** Checks the statements of a block in a scope that is already made. */
function blockIn(
  ctx: Context,
  raw: RawBlock,
  scope: Scope,
  around: Surroundings,
): Checked & { readonly statement: Statement } {
  let flow = onwards;
  const body: Statement[] = [];
  for (const s of raw.body) {
    const checked = checkStatement(ctx, s, scope, around);
    flow = sequence(flow, checked.flow);
    if (checked.statement) body.push(checked.statement);
  }
  return { statement: { kind: 'block', body, start: raw.start, end: raw.end }, flow };
}

const block = (ctx: Context, raw: RawBlock, scope: Scope, around: Surroundings): ReturnType<typeof blockIn> =>
  blockIn(ctx, raw, innerScope(scope), around);

function condition(ctx: Context, raw: RawExpression, scope: Scope, of: string): Expression | undefined {
  const node = value(ctx, raw, scope);
  if (!node || isBool(node.type)) return node;
  return ctx.report(
    node.start,
    `the condition of '${of}' must be bool, but this is ${typeName(node.type)}.`,
    'Compare it: != 0.',
  );
}

function ifStatement(ctx: Context, raw: RawIf, scope: Scope, around: Surroundings): Checked {
  const cond = condition(ctx, raw.cond, scope, 'if');
  const body = block(ctx, raw.body, scope, around);
  const rest =
    raw.else &&
    (raw.else.kind === 'if' ? ifStatement(ctx, raw.else, scope, around) : block(ctx, raw.else, scope, around));
  const flow = either(body.flow, rest?.flow ?? onwards);
  if (!cond) return { statement: undefined, flow };
  const { start, end } = raw;
  return { statement: { kind: 'if', cond, then: body.statement, else: rest?.statement, start, end }, flow };
}

function switchStatement(ctx: Context, raw: RawOf<'switch'>, scope: Scope, around: Surroundings): Checked {
  const given = value(ctx, raw.selector, scope);
  const nodes = raw.cases.map(c => c.selectors.map(s => (s === 'default' ? s : value(ctx, s, scope))));
  const known = nodes.flat().filter(n => n !== undefined && n !== 'default');
  const type = given && concrete(commonType([given.type, ...known.map(n => n.type)]) ?? given.type);
  const isSwitchable = type?.kind === 'scalar' && isInteger(type.name);
  if (type && !isSwitchable)
    ctx.report(raw.selector.start, `'switch' takes i32 or u32, but this is ${typeName(type)}.`);
  const seen = new Set<number>();
  let defaults = 0;
  let flow: Flow | undefined;
  const cases = raw.cases.map((c, k) => {
    const selectors: number[] = [];
    for (const node of nodes[k] ?? []) {
      if (node === 'default') {
        defaults++;
        if (defaults === 2) ctx.report(c.start, "this switch has a second 'default'.");
      } else if (node && isSwitchable && type) {
        const selector = expect(ctx, node, type, 'the case');
        const n =
          selector &&
          (selector.value === undefined
            ? ctx.report(node.start, 'the value of a case must be known when the kernel is compiled.')
            : Number(selector.value));
        if (n === undefined) continue;
        if (seen.has(n)) ctx.report(node.start, `this switch has a second case ${n}.`);
        seen.add(n);
        selectors.push(n);
      }
    }
    const body = block(ctx, c.body, scope, { ...around, inSwitch: true });
    flow = flow ? either(flow, body.flow) : body.flow;
    return { selectors, isDefault: c.selectors.includes('default'), body: body.statement };
  });
  if (defaults === 0) ctx.report(raw.start, "this switch has no 'default'.", 'Add: default: {}');
  const selector = given && type && isSwitchable ? expect(ctx, given, type, 'the selector') : undefined;
  const { start, end } = raw;
  return { statement: selector && { kind: 'switch', selector, cases, start, end }, flow: switched(flow ?? onwards) };
}

function forStatement(ctx: Context, raw: RawOf<'for'>, outer: Scope, around: Surroundings): Checked {
  const scope = innerScope(outer);
  const init = raw.init && checkStatement(ctx, raw.init, scope, around).statement;
  const cond = raw.cond && condition(ctx, raw.cond, scope, 'for');
  const update = raw.update && checkStatement(ctx, raw.update, scope, around).statement;
  const body = block(ctx, raw.body, scope, { ...around, inLoop: true, inSwitch: false, inContinuing: false });
  const flow = looped(body.flow, raw.cond !== undefined);
  refuseEndless(ctx, raw, flow);
  return { statement: loop(raw, init, cond, body.statement, update, undefined), flow };
}

function loop(
  { start, end }: RawStatement,
  init: Statement | undefined,
  cond: Expression | undefined,
  body: Statement,
  update: Statement | undefined,
  breakIf: Expression | undefined,
): Statement {
  return { kind: 'loop', init, cond, body, update, breakIf, start, end };
}

/** WGSL refuses a loop that nothing leaves; so do we, since a launch would not end. */
function refuseEndless(ctx: Context, raw: RawStatement, flow: Flow): void {
  if (!flow.next && !flow.return)
    ctx.report(raw.start, 'this loop never ends.', 'Give it a condition, a break or a return.');
}

/** Does a `continue` of the loop around stand in this statement? */
function hasContinue(s: RawStatement): boolean {
  switch (s.kind) {
    case 'continue':
      return true;
    case 'block':
      return s.body.some(hasContinue);
    case 'if':
      return s.body.body.some(hasContinue) || (s.else !== undefined && hasContinue(s.else));
    case 'switch':
      return s.cases.some(c => c.body.body.some(hasContinue));
    default:
      return false;
  }
}

/** What a loop's body declares after a `continue`: its continuing block must not use it. */
function skippedNames({ body }: RawBlock): string[] {
  const first = body.findIndex(hasContinue);
  if (first < 0) return [];
  return body.slice(first).flatMap(s => (s.kind === 'let' || s.kind === 'var' ? [s.name.name] : []));
}

function loopStatement(ctx: Context, raw: RawOf<'loop'>, outer: Scope, around: Surroundings): Checked {
  const scope = innerScope(outer);
  const body = blockIn(ctx, raw.body, scope, { ...around, inLoop: true, inSwitch: false, inContinuing: false });
  const tail = innerScope(innerScope(scope));
  for (const name of skippedNames(raw.body)) tail.parent?.names.set(name, { kind: 'skipped' });
  const inside = { ...around, inLoop: false, inSwitch: false, inContinuing: true };
  const update = raw.continuing && blockIn(ctx, raw.continuing, tail, inside);
  const breakIf = raw.breakIf && condition(ctx, raw.breakIf, tail, 'break if');
  const flow = looped(body.flow, raw.breakIf !== undefined && (body.flow.next || body.flow.continue));
  refuseEndless(ctx, raw, flow);
  return { statement: loop(raw, undefined, undefined, body.statement, update?.statement, breakIf), flow };
}

function returnStatement(
  ctx: Context,
  raw: RawOf<'return'>,
  scope: Scope,
  { name, result, inContinuing }: Surroundings,
): Statement | undefined {
  const { start, end } = raw;
  if (inContinuing) return ctx.report(start, "'return' cannot stand in a continuing block.");
  if (!raw.value) {
    if (!result || result.kind === 'void') return { kind: 'return', value: undefined, start, end };
    return ctx.report(start, `'${name}' returns ${typeName(result)}, but this return has no value.`);
  }
  const node = value(ctx, raw.value, scope);
  if (!node || !result) return undefined;
  if (result.kind === 'void')
    return ctx.report(
      node.start,
      `'${name}' returns nothing, but this return has a value.`,
      `Declare its type: fn ${name}(…) -> ${typeName(concrete(node.type))}.`,
    );
  const converted = expect(ctx, node, result, `the value '${name}' returns`);
  return converted && { kind: 'return', value: converted, start, end };
}

function jump(
  ctx: Context,
  kind: 'break' | 'continue',
  { start, end }: Span,
  around: Surroundings,
): Statement | undefined {
  const allowed = around.inLoop || (kind === 'break' && around.inSwitch);
  if (allowed) return { kind, start, end };
  if (around.inContinuing)
    return ctx.report(start, `'${kind}' cannot stand in a continuing block.`, "Use 'break if' as its last statement.");
  return ctx.report(start, `'${kind}' is outside of a loop${kind === 'break' ? ' or switch' : ''}.`);
}

function checkStatement(ctx: Context, raw: RawStatement, scope: Scope, around: Surroundings): Checked {
  const plain = (statement: Statement | undefined): Checked => ({ statement, flow: onwards });
  switch (raw.kind) {
    case 'block':
      return block(ctx, raw, scope, around);
    case 'if':
      return ifStatement(ctx, raw, scope, around);
    case 'switch':
      return switchStatement(ctx, raw, scope, around);
    case 'for':
      return forStatement(ctx, raw, scope, around);
    case 'while': {
      const cond = condition(ctx, raw.cond, scope, 'while');
      const body = block(ctx, raw.body, scope, { ...around, inLoop: true, inSwitch: false, inContinuing: false });
      return {
        statement: loop(raw, undefined, cond, body.statement, undefined, undefined),
        flow: looped(body.flow, true),
      };
    }
    case 'loop':
      return loopStatement(ctx, raw, scope, around);
    case 'return':
      return { statement: returnStatement(ctx, raw, scope, around), flow: returns };
    case 'break':
      return { statement: jump(ctx, 'break', raw, around), flow: breaks };
    case 'continue':
      return { statement: jump(ctx, 'continue', raw, around), flow: continues };
    case 'let':
      return plain(declareLet(ctx, raw, scope));
    case 'var':
      return plain(declareVar(ctx, raw, scope));
    case 'const':
      declareConst(ctx, raw, scope);
      return plain(undefined);
    case 'assert':
      checkAssert(ctx, raw, scope);
      return plain(undefined);
    case 'assign':
      return plain(assign(ctx, raw.place, raw.op, raw.value, scope, raw));
    case 'increment':
      return plain(increment(ctx, raw.place, raw.op, scope, raw));
    case 'call':
      return plain(callStatement(ctx, raw.call, scope, raw));
    case 'discard':
      return plain(ctx.report(raw.start, "kernels have no 'discard'.", "Use 'return'."));
    case 'continuing':
      return plain(ctx.report(raw.start, "'continuing' may only be the last statement of a loop."));
    case 'breakIf':
      return plain(
        ctx.report(
          raw.start,
          "'break if' may only be the last statement of a continuing block.",
          'Write if (…) { break; }',
        ),
      );
  }
}

/** The body of a function, in the scope of its parameters. */
export function checkBody(
  ctx: Context,
  raw: RawBlock,
  scope: Scope,
  name: string,
  result: Type | undefined,
): Statement {
  const around = { name, result, inLoop: false, inSwitch: false, inContinuing: false };
  const { statement, flow } = blockIn(ctx, raw, scope, around);
  if (flow.next && result && result.kind !== 'void') {
    ctx.report(raw.end - 1, `'${name}' may end without returning ${typeName(result)}.`, 'Add a return at its end.');
  }
  return statement;
}
