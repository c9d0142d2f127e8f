/**
 * WGSL text → checked syntax tree (ast.ts): parse, resolve names, type, evaluate constants, validate.
 *
 * Every mistake is reported, once each: syntax first; if the syntax is right, all the rest together. What the tree says:
 * a const-expression is a literal of concrete type with its value (vector: components; matrix: columns; array: elements;
 * struct: members); overrides count as constants, since their values have been given.
 */

import { type Diagnostic, inWords, KernelError } from '../error.ts';
import { checkAliases } from './alias.ts';
import type { Module, Variable } from './ast.ts';
import { moduleEntry, type OverrideUse, type OverrideValues, overrideId } from './declarations.ts';
import { checkEntry, findEntry } from './entry.ts';
import { checkExpression } from './expressions.ts';
import { checkFunction } from './functions.ts';
import { checkAssert } from './locals.ts';
import { parseSyntax, tooDeep } from './parse.ts';
import { prelude, preludeNames } from './prelude.ts';
import { type Context, type Entry, type FunctionDraft, suggestion } from './scope.ts';
import type { RawDeclaration, RawFunction, RawModule, RawStruct, RawVar } from './syntax.ts';
import { resolveType } from './type-names.ts';
import { checkSlots } from './variables.ts';

type Named = Exclude<RawDeclaration, { kind: 'assert' }>;

/** More than these help nobody, and cost quadratic time to print. */
const maxDiagnostics = 100;
/** Declarations that need one another before they are declared, one inside the other. */
const maxPending = 60;

/** Thrown when there are enough diagnostics. */
class Enough extends Error {}

const maxMessage = 300;
const shorten = (message: string): string =>
  message.length > maxMessage ? `${message.slice(0, maxMessage)}…` : message;

const wrong: Entry = { kind: 'wrong' };

/** The module's names, each resolved when first needed; and the calls between functions. */
function moduleContext(source: string, module: RawModule, given: OverrideValues, diagnostics: Diagnostic[]) {
  const declarations = new Map<string, Named>();
  const entries = new Map<string, Entry>();
  const pending = new Set<string>();
  const overrides: OverrideUse[] = [];
  const calls = new Map<FunctionDraft, { readonly fn: FunctionDraft; readonly at: number }[]>();
  let current: FunctionDraft | undefined;
  let unevaluated = 0;
  let spent = 0;

  const ctx: Context = {
    source,
    report(at, message, remedy) {
      if (diagnostics.some(d => d.at === at && d.message === message)) return undefined;
      diagnostics.push({ message: shorten(message), at, remedy });
      if (diagnostics.length >= maxDiagnostics) throw new Enough();
      return undefined;
    },
    moduleEntry(name, at) {
      const known = entries.get(name);
      const raw = declarations.get(name);
      if (known || !raw) return known;
      if (pending.has(name) || pending.size > maxPending) {
        const isCycle = pending.has(name);
        ctx.report(
          at,
          isCycle
            ? `'${name}' depends on itself.`
            : `'${name}' is declared through a chain of more than ${maxPending} others.`,
          isCycle ? undefined : 'Declare names before their use.',
        );
        entries.set(name, wrong);
        return wrong;
      }
      pending.add(name);
      const entry = moduleEntry(ctx, raw, given, use => overrides.push(use));
      pending.delete(name);
      // A cycle found on the way has marked this name already.
      const final = entries.get(name) ?? entry;
      entries.set(name, final);
      return final;
    },
    moduleNames: () => [...declarations.keys(), ...preludeNames],
    expression: (raw, scope) => checkExpression(ctx, raw, scope),
    type: (raw, scope) => resolveType(ctx, raw, scope),
    unevaluated(f) {
      unevaluated++;
      const result = f();
      unevaluated--;
      return result;
    },
    spend(words) {
      spent += words;
      return spent;
    },
    isEvaluated: () => unevaluated === 0,
    calls(fn, at) {
      if (current) calls.get(current)?.push({ fn, at });
    },
  };

  for (const raw of module.declarations) {
    if (raw.kind === 'assert') continue;
    const { name, start } = raw.name;
    if (declarations.has(name)) ctx.report(start, `'${name}' is already declared.`, 'Choose another name.');
    else declarations.set(name, raw);
  }
  const within = (fn: FunctionDraft, body: () => void): void => {
    current = fn;
    calls.set(fn, []);
    body();
    current = undefined;
  };
  return {
    ctx,
    entryOf: (raw: Named): Entry => ctx.moduleEntry(raw.name.name, raw.name.start) ?? wrong,
    overrides,
    calls,
    within,
  };
}

/** WGSL has no recursion: reports each call that closes a cycle. */
function checkRecursion(ctx: Context, calls: ReturnType<typeof moduleContext>['calls']): void {
  const state = new Map<FunctionDraft, 'open' | 'done'>();
  for (const root of calls.keys()) {
    if (state.has(root)) continue;
    const stack = [{ fn: root, next: 0 }];
    state.set(root, 'open');
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const call = calls.get(top.fn)?.[top.next++];
      if (!call) {
        state.set(top.fn, 'done');
        stack.pop();
      } else if (state.get(call.fn) === 'open') {
        ctx.report(
          call.at,
          `'${call.fn.name}' calls itself${call.fn === top.fn ? '' : `, through '${top.fn.name}'`}.`,
          'WGSL has no recursion; use a loop.',
        );
      } else if (!state.has(call.fn)) {
        state.set(call.fn, 'open');
        stack.push({ fn: call.fn, next: 0 });
      }
    }
  }
}

function checkDirectives(ctx: Context, module: RawModule): void {
  for (const { kind, names } of module.directives) {
    const f16 = names.find(n => n.name === 'f16');
    if (kind === 'enable' && f16)
      ctx.report(f16.start, 'kernels have no f16.', 'Use f32; pack2x16float and unpack2x16float store halves.');
  }
}

function checkOverrides(ctx: Context, module: RawModule, given: OverrideValues): void {
  const overrides = module.declarations.filter(d => d.kind === 'override');
  const ids = new Set<string>();
  for (const raw of overrides) {
    const id = overrideId(raw);
    if (id === undefined) continue;
    if (ids.has(id)) ctx.report(raw.start, `'@id(${id})' is given to two overrides.`);
    ids.add(id);
  }
  for (const key of Object.keys(given)) {
    if (overrides.some(o => o.name.name === key || overrideId(o) === key)) continue;
    const near = suggestion(key, overrides.map(o => o.name.name)); // biome-ignore format: short
    ctx.report(undefined, `there is no override '${key}'.`, near);
  }
}

/** The checked module, or undefined with diagnostics. */
function checkModule(
  source: string,
  raw: RawModule,
  given: OverrideValues,
  diagnostics: Diagnostic[],
): Module | undefined {
  const { ctx, entryOf, overrides, calls, within } = moduleContext(source, raw, given, diagnostics);
  checkDirectives(ctx, raw);
  checkOverrides(ctx, raw, given);
  const variables: Variable[] = [];
  const bindings: RawVar[] = [];
  const functions: RawFunction[] = [];
  const structs = new Map<string, RawStruct>();
  let entry: Module['entry'] | undefined;
  for (const declaration of raw.declarations) {
    if (declaration.kind === 'assert') {
      checkAssert(ctx, declaration, undefined);
      continue;
    }
    const found = entryOf(declaration);
    if (found.kind === 'variable') variables.push(found.variable);
    if (declaration.kind === 'var' && found.kind === 'variable' && found.variable.role === 'binding')
      bindings.push(declaration);
    if (declaration.kind === 'struct') structs.set(declaration.name.name, declaration);
    if (declaration.kind === 'fn') functions.push(declaration);
  }
  checkSlots(ctx, bindings);
  const main = findEntry(ctx, functions);
  for (const declaration of functions) {
    const found = entryOf(declaration);
    if (found.kind !== 'function' || found.raw !== declaration) continue;
    within(found.fn, () => checkFunction(ctx, declaration, found.fn));
    if (declaration === main) entry = checkEntry(ctx, declaration, found.fn, structs);
  }
  checkRecursion(ctx, calls);
  if (diagnostics.length === 0) checkAliases(ctx, calls.keys());
  const role = (r: Variable['role']): Variable[] => variables.filter(v => v.role === r);
  return (
    entry && {
      source,
      bindings: role('binding'),
      privates: role('private'),
      workgroups: role('workgroup'),
      entry,
      overrides,
    }
  );
}

/** The text with the prelude functions it uses appended. */
function withPrelude(source: string, module: RawModule): string {
  const declared = new Set(module.declarations.map(d => (d.kind === 'assert' ? '' : d.name.name)));
  const added = prelude(name => new RegExp(`\\b${name}\\s*\\(`).test(source), name => declared.has(name)); // biome-ignore format: short
  // A line comment may end the text.
  return added === '' ? source : `${source}\n${added}`;
}

const kernelName = (source: string): string =>
  /@compute[^{};]*?\bfn\s+([\p{L}_][\p{L}\p{N}_]*)/u.exec(source)?.[1] ?? 'kernel';

/**
 * Parses and checks a kernel.
 *
 * @param source WGSL with exactly one @compute entry point; @group and @binding may be left out.
 * @param overrides Values of `override` declarations, by name or @id.
 * @throws KernelError with every diagnostic.
 */
export function parse(source: string, overrides: OverrideValues = {}): Module {
  if (typeof source !== 'string')
    throw new TypeError(`kernel: the source is ${inWords(source)}; give a string of WGSL.`);
  const fail = (diagnostics: readonly Diagnostic[]): never => {
    const sorted = diagnostics.slice(0, maxDiagnostics).sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    throw new KernelError(kernelName(source), source, sorted);
  };
  const raw = parseSyntax(source);
  if (!('declarations' in raw)) return fail(raw);
  const text = withPrelude(source, raw);
  const module = text === source ? raw : parseSyntax(text);
  if (!('declarations' in module)) return fail(module);
  const diagnostics: Diagnostic[] = [];
  let checked: Module | undefined;
  try {
    checked = checkModule(text, module, overrides, diagnostics);
  } catch (error) {
    // The limits above leave no known way to run out of stack; a caller deep in its own stack may still.
    if (error instanceof RangeError) return fail([tooDeep]);
    if (!(error instanceof Enough)) throw error;
  }
  return diagnostics.length > 0 || !checked ? fail(diagnostics) : checked;
}
