/** WGSL text → raw syntax tree (syntax.ts), by recursive descent, with every syntax error that can be told apart. WGSL §3–§11. */

import type { Diagnostic } from '../error.ts';
import { Cursor } from './cursor.ts';
import { expression, templatedName } from './parse-expression.ts';
import { attributes, block, declared, diagnosticRule, initialised, varDeclaration } from './parse-statement.ts';
import type { RawAttribute, RawDeclaration, RawDirective, RawFunction, RawModule, RawStruct } from './syntax.ts';
import { tokenize } from './tokens.ts';

export const tooDeep: Diagnostic = {
  message: 'the WGSL text is nested too deeply.',
  remedy: 'Name the inner parts with let, or move them to a function.',
};

/** The raw tree, or what is wrong with the syntax. Never throws. */
export function parseSyntax(source: string): RawModule | readonly Diagnostic[] {
  const tokens = tokenize(source);
  if ('message' in tokens) return [tokens];
  const c = new Cursor(tokens);
  const directives: RawDirective[] = [];
  const declarations: RawDeclaration[] = [];
  while (!c.done) {
    if (c.take(';')) continue;
    const before = c.position;
    c.recover(() => {
      const directive = declarations.length === 0 ? directiveAt(c) : undefined;
      if (directive === 'dropped') return;
      if (directive) directives.push(directive);
      else declarations.push(declaration(c));
    });
    // A stray '}' is where recovery stops: it closes nothing here.
    if (c.position === before || (c.is('}') && c.problems.length > 0)) c.next();
  }
  return c.problems.length > 0 ? c.problems : { directives, declarations };
}

function directiveAt(c: Cursor): RawDirective | 'dropped' | undefined {
  const { start, text } = c;
  if (text === 'diagnostic') {
    c.next();
    diagnosticRule(c);
    c.expect(';', 'after diagnostic');
    return 'dropped';
  }
  if (text !== 'enable' && text !== 'requires') return undefined;
  c.next();
  const names = c.list(';', `after ${text}`, () => c.identifier('the name of an extension'));
  return { kind: text, names, start, end: c.end };
}

function declaration(c: Cursor): RawDeclaration {
  const given = attributes(c);
  const { start, text } = c;
  const ended = <T extends RawDeclaration>(made: T): T => {
    c.expect(';', `after ${text}`);
    return made;
  };
  switch (text) {
    case 'var':
      return ended(varDeclaration(c, given));
    case 'const': {
      const [attribute] = given;
      if (attribute) c.refuse(`'@${attribute.name}' does not belong on a const.`, attribute.start);
      c.next();
      return ended({ kind: text, ...initialised(c, start, given) });
    }
    case 'override':
      c.next();
      return ended({ kind: text, ...declared(c, start, given) });
    case 'alias': {
      c.next();
      const name = c.identifier('a name');
      c.expect('=', 'after the name');
      return ended({ kind: 'alias', name, type: templatedName(c, 'a type'), start, end: c.end });
    }
    case 'const_assert': {
      const [attribute] = given;
      if (attribute) c.refuse('const_assert takes no attributes.', attribute.start);
      c.next();
      return ended({ kind: 'assert', condition: expression(c), start, end: c.end });
    }
    case 'struct':
      return structure(c);
    case 'fn':
      return fn(c, given);
    case 'let':
      return c.refuse("a 'let' stands in a function.", start, 'Outside of functions, write const.');
    case 'import':
      return c.refuse(
        'WGSL has no import.',
        start,
        'Join the text of shared functions to the kernel with a template string.',
      );
    case 'enable':
    case 'requires':
    case 'diagnostic':
      return c.refuse(`'${text}' must come before all declarations.`, start);
    default:
      return c.fail('a declaration (fn, var, const, struct …)');
  }
}

function structure(c: Cursor): RawStruct {
  const { start } = c;
  c.next();
  const name = c.identifier('a name');
  c.expect('{', 'after the name of the struct');
  const members = c.list('}', 'after the members', () => {
    const given = attributes(c);
    const member = c.identifier('the name of a member');
    c.expect(':', 'after the name of the member');
    return { name: member, type: templatedName(c, 'a type'), attributes: given };
  });
  return { kind: 'struct', name, members, start, end: c.end };
}

function fn(c: Cursor, given: readonly RawAttribute[]): RawFunction {
  const { start } = c;
  c.next();
  const name = c.identifier('a name');
  c.expect('(', 'after the name of the function');
  const parameters = c.list(')', 'after the parameters', () => {
    const own = attributes(c);
    const parameter = c.identifier('the name of a parameter');
    const type = c.take(':') ? templatedName(c, 'a type') : undefined;
    return { name: parameter, type, attributes: own, start: parameter.start, end: c.end };
  });
  let result: RawFunction['result'];
  if (c.is('-') && c.peek(1) === '>') c.fail("'->'");
  if (c.take('->')) {
    const [attribute] = attributes(c);
    // A shader of another kind is refused as a whole.
    const isStage = given.some(a => a.name === 'vertex' || a.name === 'fragment');
    if (attribute && !isStage) c.refuse(`'@${attribute.name}' does not belong on a result.`, attribute.start);
    result = templatedName(c, 'a type');
  }
  const body = block(c, 'before the body of the function');
  return { kind: 'fn', name, parameters, result, body, attributes: given, start, end: c.end };
}
