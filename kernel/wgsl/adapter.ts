/**
 * The parser: `wesl` (a WGSL parser with recovery and spans) behind this file and adapt-body.ts. Its syntax tree is turned
 * into ours; what WESL adds to WGSL (imports, conditional attributes, `::` paths) is refused.
 */

import type * as Wesl from 'wesl/core';
import { parseSrcModule, WeslParseError } from 'wesl/core';
import type { Diagnostic } from '../error.ts';
import {
  adaptAttributes,
  adaptBlock,
  adaptDeclaration,
  adaptExpression,
  adaptIdentifier,
  adaptName,
  adaptVar,
  Refusal,
} from './adapt-body.ts';
import { guard } from './guard.ts';
import type { RawDeclaration, RawDirective, RawFunction, RawModule } from './syntax.ts';

/** wesl's names for groups of operators. */
const operators: Readonly<Record<string, string>> = {
  bitAnd: "'&'",
  bitXor: "'^'",
  bitOr: "'|'",
  logicalAnd: "'&&'",
  logicalOr: "'||'",
  shift: 'a shift',
  relational: 'a comparison',
  arithmetic: 'arithmetic',
};

/** wesl's words for what it expects, in our form: no capital, a full stop. */
function syntaxError(source: string, { message, start }: { message: string; start: number }): Diagnostic {
  const mixed = /^'(.+)' requires parentheses after (\w+)$/.exec(message);
  if (mixed) {
    const [, op, group = ''] = mixed;
    return {
      message: `'${op}' cannot follow ${operators[group] ?? group} without parentheses.`,
      at: start,
      remedy: 'Say which comes first: (a … b) … c.',
    };
  }
  const text = message.replace(/[.!]$/, '');
  const found = /^\s*(?:[A-Za-z_]\w*|\d[\w.]*|\S)/.exec(source.slice(start, start + 200))?.[0].trim();
  const expected = /^Expected /.test(text);
  const said = `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
  return {
    message: expected ? `${said}, but found ${found ? `'${found}'` : 'the end of the text'}.` : `${said}.`,
    at: start,
  };
}

function adaptFunction(elem: Wesl.FnElem): RawFunction {
  return {
    kind: 'fn',
    name: adaptIdentifier(elem.name),
    parameters: elem.params.map(({ name, attributes, start, end }) => ({
      name: adaptIdentifier(name.decl),
      type: name.typeRef && adaptName(name.typeRef),
      attributes: adaptAttributes(attributes),
      start,
      end,
    })),
    result: elem.returnType && adaptName(elem.returnType),
    body: adaptBlock(elem.body),
    attributes: adaptAttributes(elem.attributes),
    start: elem.start,
    end: elem.end,
  };
}

function adaptTop(elem: Exclude<Wesl.AbstractElem, Wesl.SyntheticElem>): RawDeclaration | undefined {
  const { start, end } = elem;
  switch (elem.kind) {
    case 'gvar':
      return adaptVar(elem);
    case 'const':
      return { kind: 'const', ...adaptDeclaration(elem) };
    case 'override':
      return { kind: 'override', ...adaptDeclaration(elem) };
    case 'alias':
      return { kind: 'alias', name: adaptIdentifier(elem.name), type: adaptName(elem.typeRef), start, end };
    case 'struct': {
      const members = elem.members.map(m => ({
        name: adaptIdentifier(m.name),
        type: adaptName(m.typeRef),
        attributes: adaptAttributes(m.attributes),
      }));
      return { kind: 'struct', name: adaptIdentifier(elem.name), members, start, end };
    }
    case 'fn':
      return adaptFunction(elem);
    case 'assert': {
      const [attribute] = adaptAttributes(elem.attributes);
      if (attribute) throw new Refusal({ message: 'const_assert takes no attributes.', at: attribute.start });
      return { kind: 'assert', condition: adaptExpression(elem.expression), start, end };
    }
    case 'import':
      throw new Refusal({
        message: 'WGSL has no import.',
        at: start,
        remedy: 'Join the text of shared functions to the kernel with a template string.',
      });
    default:
      return undefined;
  }
}

export const tooDeep: Diagnostic = {
  message: 'the WGSL text is nested too deeply.',
  remedy: 'Name the inner parts with let, or move them to a function.',
};

function adaptDirective(elem: Wesl.DirectiveElem): RawDirective[] {
  const { directive, start, end } = elem;
  if (directive.kind === 'diagnostic') return [];
  return [{ kind: directive.kind, names: directive.extensions.map(adaptIdentifier), start, end }];
}

function adaptModule(module: Wesl.ModuleElem): RawModule | readonly Diagnostic[] {
  const directives: RawDirective[] = [];
  const declarations: RawDeclaration[] = [];
  const refused: Diagnostic[] = [];
  for (const elem of module.decls) {
    if (elem.kind === 'synthetic') continue;
    try {
      if (elem.kind === 'directive') directives.push(...adaptDirective(elem));
      const declaration = adaptTop(elem);
      if (declaration) declarations.push(declaration);
    } catch (error) {
      if (error instanceof Refusal) refused.push(error.diagnostic);
      else if (error instanceof RangeError) refused.push(tooDeep);
      else throw error;
    }
  }
  return refused.length > 0 ? refused : { directives, declarations };
}

/** The raw tree, or what is wrong with the syntax. Never throws. */
export function parseSyntax(source: string): RawModule | readonly Diagnostic[] {
  const refused = guard(source);
  if (refused) return [refused];
  const module = { modulePath: 'package::main', debugFilePath: 'kernel', src: source };
  // wesl throws once per mistake it recovers from; the stacks would be most of the time of a text full of them.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const { moduleElem, diagnostics } = parseSrcModule(module, { keepComments: false });
    if (diagnostics.length > 0) return diagnostics.map(d => syntaxError(source, d));
    return adaptModule(moduleElem);
  } catch (error) {
    // wesl wraps whatever escapes its recovery; the parse is over, but the text is to blame.
    if (error instanceof WeslParseError) return error.diagnostics.map(d => syntaxError(source, d));
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
