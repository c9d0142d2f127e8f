/**
 * Declarations of the module: const, override, alias, struct, var, and the heads of functions.
 */

import type { ScalarName, Struct, Type, Variable } from './ast.ts';
import { cast } from './const-eval.ts';
import { constInit } from './locals.ts';
import { evaluate, expect, materialize } from './operators.ts';
import { value } from './places.ts';
import type { Context, Entry, FunctionDraft } from './scope.ts';
import type { RawAlias, RawConst, RawDeclaration, RawFunction, RawOverride, RawStruct, RawVar } from './syntax.ts';
import { contains, containsAtomic, containsBool, hasFixedSize, isConstructible, nothing, typeName } from './types.ts';

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
  return arg?.kind === 'literal' ? String(Number.parseInt(arg.text, 10)) : undefined;
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
    } else members.push({ name, type });
  });
  if (raw.members.length === 0)
    ctx.report(raw.name.start, `'${raw.name.name}' has no members.`, 'Give it at least one.');
  const type: Struct = { kind: 'struct', name: raw.name.name, members };
  if (!isWrong && leaves(type) > maxLeaves) {
    ctx.report(raw.name.start, `'${raw.name.name}' has more than ${maxLeaves} parts in all.`, 'Use arrays.');
    isWrong = true;
  }
  return isWrong || raw.members.length === 0 ? wrong : { kind: 'type', type };
}

function aliasEntry(ctx: Context, raw: RawAlias): Entry {
  const type = ctx.type(raw.type, undefined);
  return type ? { kind: 'type', type } : wrong;
}

/** Reports attributes that do not belong here. */
export function checkAttributes(
  ctx: Context,
  { attributes }: Pick<RawVar, 'attributes'>,
  allowed: readonly string[],
): void {
  const seen = new Set<string>();
  for (const { name, start } of attributes) {
    if (!allowed.includes(name)) {
      const list = allowed.map(a => `@${a}`).join(', ');
      ctx.report(start, `'@${name}' does not belong here.`, allowed.length > 0 ? `Allowed: ${list}.` : undefined);
    } else if (seen.has(name)) ctx.report(start, `'@${name}' is given twice.`);
    seen.add(name);
  }
}

/** @group(n), @binding(n): non-negative constants. */
function checkSlot(ctx: Context, raw: RawVar): void {
  for (const { name, args, start } of raw.attributes) {
    if (name !== 'group' && name !== 'binding') continue;
    const [only, extra] = args;
    const node = only && !extra ? value(ctx, only, undefined) : ctx.report(start, `'@${name}' takes one number.`);
    if (node && !(typeof node.value === 'number' && Number.isInteger(node.value) && node.value >= 0)) {
      ctx.report(node.start, `'@${name}' takes a non-negative integer.`);
    }
  }
}

const share = 'Bindings hold f32, i32, u32, vectors and matrices of them, and arrays and structs of those.';

function bindingEntry(ctx: Context, raw: RawVar, space: 'storage' | 'uniform', type: Type): Entry {
  const { name, start } = raw.name;
  const mode = raw.template[1];
  checkAttributes(ctx, raw, ['group', 'binding', 'unique']);
  checkSlot(ctx, raw);
  if (raw.init)
    ctx.report(
      raw.init.start,
      `'${name}' is a binding, but has an initial value.`,
      'Outputs start at zero; inputs are given at the launch.',
    );
  if (mode && (space === 'uniform' || (mode.name !== 'read' && mode.name !== 'read_write'))) {
    ctx.report(
      mode.start,
      `'${mode.name}' is not an access mode of ${space} memory.`,
      'Allowed: read, read_write, for var<storage>.',
    );
  }
  const access = space === 'storage' && mode?.name === 'read_write' ? 'read_write' : 'read';
  const at = raw.type?.start ?? start;
  if (containsBool(type))
    ctx.report(at, `'${name}' holds bool, which has no layout in memory.`, 'Use u32, and compare with != 0u.');
  else if (contains(type, part => part.kind === 'pointer'))
    ctx.report(at, `'${name}' cannot be ${typeName(type)}.`, share);
  else if (containsAtomic(type) && access === 'read')
    ctx.report(at, `'${name}' holds atomics, but is read-only.`, 'Declare it var<storage, read_write>.');
  else if (space === 'uniform' && !hasFixedSize(type))
    ctx.report(at, `'${name}' is run-time sized, but is a uniform.`, 'Declare it var<storage, read>.');
  const mark = raw.attributes.find(a => a.name === 'unique');
  if (mark && access === 'read') ctx.report(mark.start, `'@unique' is for outputs, but '${name}' is an input.`);
  const variable: Variable = {
    name,
    type,
    role: 'binding',
    space,
    access,
    unique: mark !== undefined,
    start,
    end: raw.name.end,
  };
  return { kind: 'variable', variable };
}

function varEntry(ctx: Context, raw: RawVar): Entry {
  const { name, start, end } = raw.name;
  const space = raw.template[0];
  if (!space) {
    ctx.report(
      start,
      `'${name}' needs an address space.`,
      'Write var<private>, var<workgroup>, var<storage, read>, var<storage, read_write> or var<uniform>.',
    );
    return wrong;
  }
  const annotated = raw.type && ctx.type(raw.type, undefined);
  if (raw.type && !annotated) return wrong;
  if (space.name === 'storage' || space.name === 'uniform') {
    if (annotated) return bindingEntry(ctx, raw, space.name, annotated);
    ctx.report(start, `the binding '${name}' needs a type.`);
    return wrong;
  }
  checkAttributes(ctx, raw, []);
  if (space.name === 'workgroup') {
    if (raw.init)
      ctx.report(raw.init.start, `'${name}' is in workgroup memory, which starts at zero, but has an initial value.`);
    if (annotated && hasFixedSize(annotated))
      return { kind: 'variable', variable: { name, type: annotated, role: 'workgroup', start, end } };
    ctx.report(
      start,
      annotated
        ? `'${name}' cannot be ${typeName(annotated)}: workgroup memory has a fixed size.`
        : `'${name}' needs a type.`,
    );
    return wrong;
  }
  if (space.name !== 'private') {
    ctx.report(
      space.start,
      `'${space.name}' is not an address space of the module.`,
      'Allowed: private, workgroup, storage, uniform.',
    );
    return wrong;
  }
  const given = raw.init && value(ctx, raw.init, undefined);
  if (raw.init && !given) return wrong;
  const init = given && (annotated ? expect(ctx, given, annotated, `'${name}'`) : materialize(ctx, given));
  if (given && !init) return wrong;
  const type = annotated ?? init?.type;
  if (!type || !isConstructible(type)) {
    ctx.report(
      start,
      type ? `'${name}' cannot be a var of type ${typeName(type)}.` : `'${name}' needs a type or a value.`,
    );
    return wrong;
  }
  if (init && init.value === undefined) {
    ctx.report(init.start, `the initial value of '${name}' must be known when the kernel is compiled.`);
    return wrong;
  }
  return { kind: 'variable', variable: { name, type, role: 'private', init, start, end } };
}

function functionEntry(ctx: Context, raw: RawFunction): Entry {
  const parameters: Variable[] = [];
  for (const p of raw.parameters) {
    const { name, start, end } = p.name;
    const type = p.type ? ctx.type(p.type, undefined) : ctx.report(start, `the parameter '${name}' needs a type.`);
    if (!type) return wrong;
    if (type.kind !== 'pointer' && !isConstructible(type)) {
      ctx.report(p.type?.start ?? start, `the parameter '${name}' cannot be ${typeName(type)}.`, 'Pass a pointer.');
      return wrong;
    }
    parameters.push({ name, type, role: 'parameter', start, end });
  }
  const result = raw.result ? ctx.type(raw.result, undefined) : nothing;
  if (!result) return wrong;
  if (raw.result && !isConstructible(result)) {
    ctx.report(raw.result.start, `'${raw.name.name}' cannot return ${typeName(result)}.`);
    return wrong;
  }
  const { start, end } = raw;
  const fn: FunctionDraft = {
    name: raw.name.name,
    parameters,
    result,
    body: { kind: 'block', body: [], start, end },
    start,
    end,
  };
  return { kind: 'function', fn, raw };
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
    case 'var':
      return varEntry(ctx, raw);
    case 'fn':
      return functionEntry(ctx, raw);
  }
}
