/**
 * Declarations of the module: const, override, alias, struct; var and fn are in variables.ts and functions.ts.
 */

import type { ScalarName, Struct, Type } from './ast.ts';
import { cast } from './const-eval.ts';
import { functionHead } from './functions.ts';
import { checkLayout } from './layout.ts';
import { constInit } from './locals.ts';
import { evaluate, expect, materialize } from './operators.ts';
import { value } from './places.ts';
import type { Context, Entry } from './scope.ts';
import type { RawAlias, RawConst, RawDeclaration, RawOverride, RawStruct } from './syntax.ts';
import { hasFixedSize, typeName, wordCount } from './types.ts';
import { checkAttributes, moduleVariable } from './variables.ts';

export type OverrideValues = Readonly<Record<string, number | boolean>>;
export type OverrideUse = { readonly name: string; readonly type: ScalarName; readonly value: number | boolean };

const wrong: Entry = { kind: 'wrong' };

function constEntry(ctx: Context, raw: RawConst): Entry {
  const init = constInit(ctx, raw, undefined);
  return init?.value === undefined ? wrong : { kind: 'const', type: init.type, value: init.value, override: false };
}

/** The key an override may be given under: its @id, if it has one. */
export function overrideId(raw: RawOverride): string | undefined {
  const arg = raw.attributes.find(a => a.name === 'id')?.args[0];
  return arg?.kind === 'literal' && /^\d+[iu]?$/.test(arg.text) ? String(Number.parseInt(arg.text, 10)) : undefined;
}

function overrideEntry(ctx: Context, raw: RawOverride, given: OverrideValues, used: (use: OverrideUse) => void): Entry {
  const { name, start } = raw.name;
  checkAttributes(ctx, raw, ['id']);
  const type = raw.type && ctx.type(raw.type, undefined);
  const init = raw.init && value(ctx, raw.init, undefined);
  if ((raw.type && !type) || (raw.init && !init)) return wrong;
  const node = init && (type ? expect(ctx, init, type, `'${name}'`) : materialize(ctx, init));
  if (init && !node) return wrong;
  const known = type ?? node?.type;
  if (known?.kind !== 'scalar') {
    ctx.report(
      start,
      known
        ? `the override '${name}' must be a number or bool, but is ${typeName(known)}.`
        : `the override '${name}' needs a type or a value.`,
    );
    return wrong;
  }
  const id = overrideId(raw);
  const mark = raw.attributes.find(a => a.name === 'id');
  if (mark && !(Number(id) <= 65535)) ctx.report(mark.start, "'@id' takes an integer from 0 to 65535.");
  const x = given[name] ?? (id === undefined ? undefined : given[id]) ?? node?.value;
  if (typeof x !== 'number' && typeof x !== 'boolean') {
    if (node) ctx.report(node.start, `the value of the override '${name}' must be known when the kernel is compiled.`);
    else ctx.report(start, `the override '${name}' has no value.`, `Give it one: { overrides: { ${name}: … } }.`);
    return wrong;
  }
  const converted = overrideValue(ctx, name, start, known.name, x);
  if (converted === undefined) return wrong;
  used({ name, type: known.name, value: converted });
  return { kind: 'const', type: known, value: converted, override: true };
}

function overrideValue(
  ctx: Context,
  name: string,
  at: number,
  type: ScalarName,
  x: number | boolean,
): number | boolean | undefined {
  const given = typeof x === 'boolean' ? 'bool' : Number.isInteger(x) ? 'abstractInt' : 'abstractFloat';
  if ((type === 'bool') !== (given === 'bool') || (given === 'abstractFloat' && type !== 'f32')) {
    return ctx.report(at, `the override '${name}' is ${type}, but ${x} was given.`);
  }
  return evaluate(ctx, at, () => cast(x, given, type));
}

/** Leaves (scalars, vectors, matrices) a struct may have in all, so that no type is exponentially large. */
const maxLeaves = 1024;
function leaves(type: Type): number {
  if (type.kind === 'struct') return type.members.reduce((sum, m) => sum + leaves(m.type), 0);
  return type.kind === 'array' ? leaves(type.of) : 1;
}

function structEntry(ctx: Context, raw: RawStruct): Entry {
  const seen = new Set<string>();
  const members: { name: string; type: Type }[] = [];
  let isWrong = false;
  raw.members.forEach((m, k) => {
    const { name, start } = m.name;
    if (seen.has(name)) ctx.report(start, `'${raw.name.name}' has two members '${name}'.`);
    seen.add(name);
    checkAttributes(ctx, m, ['align', 'size', 'builtin']);
    const type = ctx.type(m.type, undefined);
    if (!type) isWrong = true;
    else if (
      type.kind === 'pointer' ||
      (!hasFixedSize(type) && (k < raw.members.length - 1 || type.kind === 'struct'))
    ) {
      ctx.report(
        m.type.start,
        `the member '${name}' cannot be ${typeName(type)}.`,
        type.kind === 'array' ? 'Only the last member may be run-time sized.' : undefined,
      );
      isWrong = true;
    } else {
      members.push({ name, type });
      checkLayout(ctx, m, type);
    }
  });
  if (raw.members.length === 0)
    ctx.report(raw.name.start, `'${raw.name.name}' has no members.`, 'Give it at least one.');
  const type: Struct = { kind: 'struct', name: raw.name.name, members };
  if (!isWrong && leaves(type) > maxLeaves) {
    ctx.report(raw.name.start, `'${raw.name.name}' has more than ${maxLeaves} parts in all.`, 'Use arrays.');
    isWrong = true;
  }
  if (!isWrong && wordCount(type) > 2 ** 31) {
    ctx.report(raw.name.start, `'${raw.name.name}' is larger than any buffer.`);
    isWrong = true;
  }
  return isWrong || raw.members.length === 0 ? wrong : { kind: 'type', type };
}

function aliasEntry(ctx: Context, raw: RawAlias): Entry {
  const type = ctx.type(raw.type, undefined);
  return type ? { kind: 'type', type } : wrong;
}

/** What a declaration of the module declares. */
export function moduleEntry(
  ctx: Context,
  raw: Exclude<RawDeclaration, { kind: 'assert' }>,
  given: OverrideValues,
  used: (use: OverrideUse) => void,
): Entry {
  switch (raw.kind) {
    case 'const':
      return constEntry(ctx, raw);
    case 'override':
      return overrideEntry(ctx, raw, given, used);
    case 'alias':
      return aliasEntry(ctx, raw);
    case 'struct':
      return structEntry(ctx, raw);
    case 'var': {
      const variable = moduleVariable(ctx, raw);
      return variable ? { kind: 'variable', variable } : wrong;
    }
    case 'fn':
      return { kind: 'function', fn: functionHead(ctx, raw), raw };
  }
}
