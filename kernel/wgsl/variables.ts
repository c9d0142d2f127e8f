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

/** The number of @group or @binding, if it is given and right. */
function slotNumber(ctx: Context, raw: RawVar, name: 'group' | 'binding'): number | undefined {
  const attribute = raw.attributes.find(a => a.name === name);
  if (!attribute) return undefined;
  const [only, extra] = attribute.args;
  const node =
    only && !extra ? value(ctx, only, undefined) : ctx.report(attribute.start, `'@${name}' takes one number.`);
  const s = node && scalarOf(node.type);
  if (!node || (s && isInteger(s) && typeof node.value === 'number' && node.value >= 0)) return Number(node?.value);
  return ctx.report(node.start, `'@${name}' takes a non-negative integer.`);
}

/** @group(n) and @binding(n): non-negative constants, both or neither, no pair twice. */
export function checkSlots(ctx: Context, bindings: readonly RawVar[]): void {
  const seen = new Map<string, string>();
  for (const raw of bindings) {
    const [group, binding] = [slotNumber(ctx, raw, 'group'), slotNumber(ctx, raw, 'binding')];
    const marks = raw.attributes.filter(a => a.name === 'group' || a.name === 'binding');
    const { name, start } = raw.name;
    if (marks.length === 1)
      ctx.report(start, `'${name}' has one of @group and @binding.`, 'Give both, or leave both out.');
    if (group === undefined || binding === undefined) continue;
    const slot = `@group(${group}) @binding(${binding})`;
    const other = seen.get(slot);
    if (other !== undefined) ctx.report(start, `'${name}' and '${other}' are both ${slot}.`);
    seen.set(slot, name);
  }
}

const share = 'Bindings hold f32, i32, u32, vectors and matrices of them, and arrays and structs of those.';

function bindingVariable(ctx: Context, raw: RawVar, space: 'storage' | 'uniform', type: Type): Variable {
  const { name, start } = raw.name;
  const mode = raw.template[1];
  checkAttributes(ctx, raw, ['group', 'binding', 'unique']);
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

/** Only storage has access modes. */
function refuseAccess(ctx: Context, raw: RawVar): void {
  const [space, mode] = raw.template;
  if (mode) ctx.report(mode.start, `'${mode.name}' is an access mode, but ${space?.name} memory takes none.`);
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
      refuseAccess(ctx, raw);
      return workgroupVariable(ctx, raw, type);
    case 'private':
      checkAttributes(ctx, raw, []);
      refuseAccess(ctx, raw);
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
