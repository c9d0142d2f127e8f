/**
 * Variables of the module: bindings (storage, uniform), private and workgroup memory; and which attributes may stand where.
 */

import type { Type, Variable } from './ast.ts';
import { expect, materialize } from './operators.ts';
import { isTooLarge, value } from './places.ts';
import type { Context } from './scope.ts';
import type { RawVar } from './syntax.ts';
import {
  contains,
  containsAtomic,
  containsBool,
  hasFixedSize,
  isConstructible,
  isInteger,
  scalarOf,
  typeName,
} from './types.ts';

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
    const s = node && scalarOf(node.type);
    if (node && !(s && isInteger(s) && typeof node.value === 'number' && node.value >= 0)) {
      ctx.report(node.start, `'@${name}' takes a non-negative integer.`);
    }
  }
}

const share = 'Bindings hold f32, i32, u32, vectors and matrices of them, and arrays and structs of those.';

function bindingVariable(ctx: Context, raw: RawVar, space: 'storage' | 'uniform', type: Type): Variable {
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
  return variable;
}

function workgroupVariable(ctx: Context, raw: RawVar, type: Type | undefined): Variable | undefined {
  const { name, start, end } = raw.name;
  if (raw.init) {
    return ctx.report(
      raw.init.start,
      `'${name}' is in workgroup memory, which starts at zero, but has an initial value.`,
    );
  }
  if (!type) return ctx.report(start, `'${name}' needs a type.`);
  if (!hasFixedSize(type)) {
    return ctx.report(start, `'${name}' cannot be ${typeName(type)}: workgroup memory has a fixed size.`);
  }
  return isTooLarge(ctx, type, start) ? undefined : { name, type, role: 'workgroup', start, end };
}

function privateVariable(ctx: Context, raw: RawVar, annotated: Type | undefined): Variable | undefined {
  const { name, start, end } = raw.name;
  const given = raw.init && value(ctx, raw.init, undefined);
  const init = given && (annotated ? expect(ctx, given, annotated, `'${name}'`) : materialize(ctx, given));
  if (raw.init && !init) return undefined;
  const type = annotated ?? init?.type;
  if (!type) return ctx.report(start, `'${name}' needs a type or a value.`);
  if (!isConstructible(type)) return ctx.report(start, `'${name}' cannot be a var of type ${typeName(type)}.`);
  if (init && init.value === undefined) {
    return ctx.report(init.start, `the initial value of '${name}' must be known when the kernel is compiled.`);
  }
  return isTooLarge(ctx, type, start) ? undefined : { name, type, role: 'private', init, start, end };
}

/** A var of the module, or a diagnostic. */
export function moduleVariable(ctx: Context, raw: RawVar): Variable | undefined {
  const { name, start } = raw.name;
  const [space] = raw.template;
  const type = raw.type && ctx.type(raw.type, undefined);
  if (raw.type && !type) return undefined;
  switch (space?.name) {
    case 'storage':
    case 'uniform':
      return type
        ? bindingVariable(ctx, raw, space.name, type)
        : ctx.report(start, `the binding '${name}' needs a type.`);
    case 'workgroup':
      checkAttributes(ctx, raw, []);
      return workgroupVariable(ctx, raw, type);
    case 'private':
      checkAttributes(ctx, raw, []);
      return privateVariable(ctx, raw, type);
    case undefined:
      return ctx.report(
        start,
        `'${name}' needs an address space.`,
        'Write var<private>, var<workgroup>, var<storage, read>, var<storage, read_write> or var<uniform>.',
      );
    default:
      return ctx.report(
        space?.start,
        `'${space?.name}' is not an address space of the module.`,
        'Allowed: private, workgroup, storage, uniform.',
      );
  }
}
