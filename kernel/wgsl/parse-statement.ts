/** Statements (WGSL §9), and the declarations that functions and modules share. */

import type { BinaryOperator } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { callOf, expression, templatedName } from './parse-expression.ts';
import type {
  RawAttribute,
  RawBlock,
  RawCase,
  RawExpression,
  RawIdentifier,
  RawIf,
  RawName,
  RawStatement,
  RawVar,
} from './syntax.ts';

/** Else-ifs in a row: what comes after walks them recursively. */
const maxElse = 384;

const ofWesl = new Set(['if', 'elif', 'else']);

/** `@name`, `@name(…)`, in any number. @diagnostic is dropped. */
export function attributes(c: Cursor): RawAttribute[] {
  const found: RawAttribute[] = [];
  while (c.is('@')) {
    const { start } = c;
    c.next();
    const name = c.text;
    if (ofWesl.has(name))
      c.refuse(
        `'@${name}' is not a WGSL attribute.`,
        start,
        'Choose between texts with a template string, or between values with an override.',
      );
    if (name !== 'diagnostic' && name !== 'const') c.identifier('the name of an attribute');
    else c.next();
    if (name === 'diagnostic') {
      diagnosticRule(c);
      continue;
    }
    const args = c.take('(') ? c.list(')', 'after the attribute', () => expression(c)) : [];
    found.push({ name, args: name === 'interpolate' ? [] : args, start, end: c.end });
  }
  return found;
}

/** (severity, rule.name) */
export function diagnosticRule(c: Cursor): void {
  c.expect('(', 'after diagnostic');
  c.list(')', 'after the rule', () => {
    c.identifier('a severity or rule');
    if (c.take('.')) c.identifier('a rule');
  });
}

/** Statements take no attribute but @diagnostic. */
function refuseAttributes(c: Cursor): void {
  const [first] = attributes(c);
  if (first) c.refuse(`'@${first.name}' does not belong on a statement.`, first.start);
}

export function block(c: Cursor, where: string): RawBlock {
  refuseAttributes(c);
  const { start } = c;
  c.expect('{', where, 'A body stands in braces, also if it is one statement.');
  const body = c.nested(() => statements(c));
  c.expect('}', 'at the end of the block');
  return { kind: 'block', body, start, end: c.end };
}

/** Statements up to a `}`, or to what else ends them. */
function statements(c: Cursor, atEnd: (c: Cursor) => boolean = () => false): RawStatement[] {
  const body: RawStatement[] = [];
  while (!c.is('}') && !c.done && !atEnd(c)) {
    if (c.take(';')) continue;
    const made = c.recover(() => statement(c));
    if (made) body.push(made);
  }
  return body;
}

function statement(c: Cursor): RawStatement {
  refuseAttributes(c);
  const { start, text } = c;
  switch (text) {
    case '{':
      return block(c, '');
    case 'if':
      return ifStatement(c);
    case 'for':
      return forStatement(c);
    case 'while': {
      c.next();
      const cond = expression(c);
      return { kind: 'while', cond, body: block(c, 'after the condition'), start, end: c.end };
    }
    case 'loop':
      return loopStatement(c);
    case 'switch':
      return switchStatement(c);
    case 'continuing': {
      c.next();
      block(c, 'after continuing');
      return { kind: 'continuing', start, end: c.end };
    }
    default: {
      const made = simple(c);
      c.expect(';', `after ${nameOf(made)}`);
      return { ...made, end: c.end };
    }
  }
}

function nameOf(made: RawStatement): string {
  switch (made.kind) {
    case 'assign':
      return 'the assignment';
    case 'increment':
      return `${made.op}${made.op}`;
    case 'call':
      return 'the call';
    case 'assert':
      return 'const_assert';
    case 'breakIf':
      return 'break if';
    default:
      return made.kind;
  }
}

/** A statement that ends with `;`, or that may stand in the head of a `for`. */
function simple(c: Cursor): RawStatement {
  const { start, text } = c;
  switch (text) {
    case 'var':
      return varDeclaration(c, []);
    case 'let':
    case 'const':
      c.next();
      return { kind: text, ...initialised(c, start, []) };
    case 'const_assert':
      c.next();
      return { kind: 'assert', condition: expression(c), start, end: c.end };
    case 'return':
      c.next();
      return { kind: 'return', value: c.is(';') ? undefined : expression(c), start, end: c.end };
    case 'break':
      c.next();
      if (!c.take('if')) return { kind: 'break', start, end: c.end };
      expression(c);
      return { kind: 'breakIf', start, end: c.end };
    case 'continue':
    case 'discard':
      c.next();
      return { kind: text, start, end: c.end };
    default:
      return update(c);
  }
}

/** An assignment, an increment or a call. */
function update(c: Cursor): RawStatement {
  const { start } = c;
  if (c.take('_')) {
    c.expect('=', "after '_'");
    return { kind: 'assign', place: undefined, op: undefined, value: expression(c), start, end: c.end };
  }
  if (c.isName && c.peek(1) === '(') {
    const call = callOf(c, templatedName(c, 'a function'));
    if (c.is(';') || c.is(')')) return { kind: 'call', call, start, end: c.end };
    c.fail("';' after the call");
  }
  const place = leftSide(c);
  for (const op of ['+', '-'] as const) if (c.take(op + op)) return { kind: 'increment', place, op, start, end: c.end };
  if (place.kind === 'call') return { kind: 'call', call: place, start, end: c.end };
  const op = assignment(c);
  if (op === undefined) {
    if (c.isName && place.kind === 'name')
      c.refuse(
        `'${place.name}' cannot be followed by '${c.text}'.`,
        c.start,
        'Variables are declared by let or var: var x: f32 = 1.0;',
      );
    c.fail("'=', '+=', '++' or a call");
  }
  return { kind: 'assign', place, op: op || undefined, value: expression(c), start, end: c.end };
}

/** What stands left of an assignment binds more tightly than any binary operator. */
function leftSide(c: Cursor): RawExpression {
  if (!c.isName && !c.is('(') && !c.is('*') && !c.is('&')) c.fail('a statement');
  return expression(c);
}

/** The operator of a compound assignment, '' for a plain one, undefined if there is none. */
function assignment(c: Cursor): BinaryOperator | '' | undefined {
  if (c.take('=')) return '';
  if (c.touches('>>=')) {
    for (let k = 0; k < 3; k++) c.next();
    return '>>';
  }
  const compound = /^(<<|[+\-*/%&|^])=$/.exec(c.text);
  if (!compound) return undefined;
  c.next();
  return compound[1] as BinaryOperator;
}

function ifStatement(c: Cursor): RawIf {
  const arms: { readonly cond: RawExpression; readonly body: RawBlock; readonly start: number }[] = [];
  let last: RawBlock | undefined;
  do {
    const { start } = c;
    c.expect('if', '');
    if (arms.length > maxElse)
      c.refuse(`there are more than ${maxElse} else-ifs in a row.`, start, 'Use a switch, or an array.');
    const cond = expression(c);
    arms.push({ cond, body: block(c, 'after the condition'), start });
    if (!c.take('else')) break;
    if (!c.is('if')) last = block(c, 'after else');
  } while (!last);
  const { end } = c;
  return arms.reduceRight<RawIf | RawBlock | undefined>(
    (rest, { cond, body, start }) => ({ kind: 'if', cond, body, else: rest, start, end }),
    last,
  ) as RawIf;
}

function forStatement(c: Cursor): RawStatement {
  const { start } = c;
  c.next();
  c.expect('(', 'after for');
  const init = c.is(';') ? undefined : simple(c);
  c.expect(';', "after the start of 'for'");
  const cond = c.is(';') ? undefined : expression(c);
  c.expect(';', "after the condition of 'for'");
  const step = c.is(')') ? undefined : update(c);
  c.expect(')', "after the head of 'for'");
  return { kind: 'for', init, cond, update: step, body: block(c, "after the head of 'for'"), start, end: c.end };
}

const atContinuing = (c: Cursor): boolean => c.is('continuing');
const atBreakIf = (c: Cursor): boolean => c.is('break') && c.peek(1) === 'if';

/** loop { …; continuing { …; break if cond; } } */
function loopStatement(c: Cursor): RawStatement {
  const { start } = c;
  c.next();
  refuseAttributes(c);
  const opened = c.start;
  c.expect('{', 'after loop');
  let tail: ReturnType<typeof continuingBlock> | undefined;
  const body = c.nested(() => {
    const made = statements(c, atContinuing);
    if (!atContinuing(c)) return made;
    tail = c.recover(() => continuingBlock(c));
    if (!c.is('}')) c.recover(() => c.fail("'}' after the continuing block, which is the last of a loop"));
    return made;
  });
  c.expect('}', 'at the end of the loop');
  const whole: RawBlock = { kind: 'block', body, start: opened, end: c.end };
  return { kind: 'loop', body: whole, continuing: tail?.continuing, breakIf: tail?.breakIf, start, end: c.end };
}

function continuingBlock(c: Cursor): { readonly continuing: RawBlock; readonly breakIf: RawExpression | undefined } {
  c.next();
  const { start } = c;
  c.expect('{', 'after continuing');
  const body: RawStatement[] = [];
  let breakIf: RawExpression | undefined;
  c.nested(() => {
    while (!breakIf) {
      for (const each of statements(c, atBreakIf)) body.push(each);
      if (!atBreakIf(c)) return;
      const at = c.start;
      c.next();
      c.next();
      const cond = expression(c);
      c.expect(';', 'after break if');
      // `break if` may only stand last; any other stays in the block, where the checker refuses it.
      if (c.is('}')) breakIf = cond;
      else body.push({ kind: 'breakIf', start: at, end: c.end });
    }
  });
  c.expect('}', 'at the end of continuing');
  return { continuing: { kind: 'block', body, start, end: c.end }, breakIf };
}

function switchStatement(c: Cursor): RawStatement {
  const { start } = c;
  c.next();
  const selector = expression(c);
  refuseAttributes(c);
  c.expect('{', 'after the selector');
  const cases: RawCase[] = [];
  c.nested(() => {
    while (!c.is('}') && !c.done) {
      const made = c.recover(() => caseClause(c));
      if (made) cases.push(made);
    }
  });
  c.expect('}', 'at the end of the switch');
  return { kind: 'switch', selector, cases, start, end: c.end };
}

function caseClause(c: Cursor): RawCase {
  const { start } = c;
  let selectors: (RawExpression | 'default')[] = ['default'];
  if (!c.take('default')) {
    c.expect('case', "or 'default' in a switch");
    selectors = [];
    do {
      if (c.is(':') || c.is('{')) break;
      selectors.push(c.take('default') ? 'default' : expression(c));
    } while (c.take(','));
    if (selectors.length === 0) c.fail('a value after case');
  }
  c.take(':');
  return { selectors, body: block(c, 'after the case'), start, end: c.end };
}

interface Declaration {
  readonly name: RawIdentifier;
  readonly type: RawName | undefined;
  readonly init: RawExpression | undefined;
  readonly attributes: readonly RawAttribute[];
  readonly start: number;
  readonly end: number;
}

/** name: type = init, after the keyword. */
export function declared(c: Cursor, start: number, given: readonly RawAttribute[]): Declaration {
  const name = c.identifier('a name');
  const type = c.take(':') ? templatedName(c, 'a type') : undefined;
  const init = c.take('=') ? expression(c) : undefined;
  return { name, type, init, attributes: given, start, end: c.end };
}

/** A declaration that must have an initial value: let and const. */
export function initialised(c: Cursor, start: number, given: readonly RawAttribute[]): Declaration {
  const made = declared(c, start, given);
  return made.init ? made : c.fail("'=' and a value");
}

export function varDeclaration(c: Cursor, given: readonly RawAttribute[]): RawVar {
  const { start } = c;
  c.next();
  const opens = c.is('<');
  if (opens) c.next();
  const template = opens ? c.list('>', 'after the address space', () => c.identifier('an address space')) : [];
  return { kind: 'var', template, ...declared(c, start, given) };
}
