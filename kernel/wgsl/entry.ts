/**
 * The entry point: exactly one @compute function, its built-in parameters and its workgroup size (WGSL §13.3, §12.3).
 */

import type { EntryParameter, Module, Type, Variable } from './ast.ts';
import { value } from './places.ts';
import { type Context, type FunctionDraft, suggestion } from './scope.ts';
import type { RawAttribute, RawFunction, RawStruct } from './syntax.ts';
import { isAbstract, isInteger, sameType, typeName, u32, vector } from './types.ts';
import { checkAttributes } from './variables.ts';

const vec3u = vector(3, 'u32');
const inputs: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['global_invocation_id', vec3u],
  ['local_invocation_id', vec3u],
  ['local_invocation_index', u32],
  ['workgroup_id', vec3u],
  ['num_workgroups', vec3u],
]);

/** WebGPU guarantees this many invocations in a workgroup, and along z. */
const maxInvocations = 256;
const maxDepth = 64;

const has = (raw: RawFunction, name: string): boolean => raw.attributes.some(a => a.name === name);

/** The one @compute function of the text. */
export function findEntry(ctx: Context, functions: readonly RawFunction[]): RawFunction | undefined {
  const entries = functions.filter(f => has(f, 'compute'));
  const stage = functions.find(f => has(f, 'vertex') || has(f, 'fragment'));
  if (stage)
    return ctx.report(
      stage.name.start,
      `'${stage.name.name}' is not a compute entry point.`,
      'A kernel has one entry point: @compute @workgroup_size(64) fn name(…).',
    );
  const [first, second] = entries;
  if (second)
    return ctx.report(
      second.name.start,
      `'${second.name.name}' is a second entry point, after '${first?.name.name}'.`,
      'A kernel has one entry point; make two kernels.',
    );
  if (first) return first;
  return ctx.report(
    functions.at(-1)?.name.start ?? 0,
    'there is no entry point.',
    'Mark one function: @compute @workgroup_size(64) fn name(…).',
  );
}

function workgroupSize(ctx: Context, raw: RawFunction): readonly [number, number, number] {
  const attribute = raw.attributes.find(a => a.name === 'workgroup_size');
  const size: [number, number, number] = [1, 1, 1];
  if (!attribute) {
    ctx.report(
      raw.name.start,
      `the entry point '${raw.name.name}' has no workgroup size.`,
      'Write @compute @workgroup_size(64).',
    );
    return size;
  }
  const { args, start } = attribute;
  if (args.length < 1 || args.length > 3)
    ctx.report(start, `'@workgroup_size' takes one to three numbers, but ${args.length} are given.`);
  let isWrong = false;
  const kinds = new Set<string>();
  args.slice(0, 3).forEach((arg, k) => {
    const node = value(ctx, arg, undefined);
    const n = node?.value;
    const isInt = node?.type.kind === 'scalar' && isInteger(node.type.name);
    if (isInt && !isAbstract(node.type)) kinds.add(typeName(node.type));
    if (node && typeof n === 'number' && isInt && n >= 1) size[k] = n;
    else {
      isWrong = true;
      if (node) ctx.report(node.start, '@workgroup_size takes positive integers known when the kernel is compiled.');
    }
  });
  if (kinds.size > 1) ctx.report(start, "'@workgroup_size' takes numbers of one type, but i32 and u32 are given.");
  if (size[2] > maxDepth)
    ctx.report(start, `a workgroup may have ${maxDepth} invocations along z at most, but this has ${size[2]}.`);
  const total = size[0] * size[1] * size[2];
  if (!isWrong && total > maxInvocations) {
    ctx.report(start, `a workgroup of ${total} invocations is too large; at most ${maxInvocations} are allowed.`);
  }
  return size;
}

/** The @builtin of a parameter or member, checked against its type. */
function builtinName(
  ctx: Context,
  attributes: readonly RawAttribute[],
  name: string,
  type: Type,
  at: number,
): string | undefined {
  checkAttributes(ctx, { attributes }, ['builtin']);
  const arg = attributes.find(a => a.name === 'builtin')?.args[0];
  if (arg?.kind !== 'name') {
    return ctx.report(
      at,
      `'${name}' is a parameter of the entry point, but is not a built-in.`,
      'Write @builtin(global_invocation_id), or declare a binding: var<storage, read> or var<uniform>.',
    );
  }
  const expected = inputs.get(arg.name);
  if (!expected) {
    const near = suggestion(arg.name, inputs.keys()) ?? `It has ${[...inputs.keys()].join(', ')}.`;
    return ctx.report(arg.start, `a compute kernel has no built-in '${arg.name}'.`, near);
  }
  if (sameType(type, expected)) return arg.name;
  return ctx.report(at, `'${arg.name}' is ${typeName(expected)}, but '${name}' is ${typeName(type)}.`);
}

function entryParameter(
  ctx: Context,
  raw: RawFunction['parameters'][number],
  variable: Variable,
  structs: ReadonlyMap<string, RawStruct>,
): EntryParameter | undefined {
  const { type, name } = variable;
  if (type.kind !== 'struct') {
    const builtin = builtinName(ctx, raw.attributes, name, type, raw.name.start);
    return builtin === undefined ? undefined : { variable, builtin };
  }
  const members = structs
    .get(type.name)
    ?.members.map((m, k) => builtinName(ctx, m.attributes, m.name.name, type.members[k]?.type ?? u32, m.name.start));
  return members?.every(m => m !== undefined) ? { variable, members } : undefined;
}

export function checkEntry(
  ctx: Context,
  raw: RawFunction,
  fn: FunctionDraft,
  structs: ReadonlyMap<string, RawStruct>,
): Module['entry'] {
  checkAttributes(ctx, raw, ['compute', 'workgroup_size']);
  if (raw.result)
    ctx.report(
      raw.result.start,
      `the entry point '${fn.name}' returns ${typeName(fn.result)}, but must return nothing.`,
      'Write the result to an output: var<storage, read_write>.',
    );
  const parameters = fn.parameters.map((variable, k) => {
    const p = raw.parameters[k];
    return p && entryParameter(ctx, p, variable, structs);
  });
  const given = new Set<string>();
  for (const p of parameters.filter(p => p !== undefined)) {
    for (const builtin of p.members ?? [p.builtin ?? '']) {
      if (given.has(builtin)) ctx.report(p.variable.start, `'${fn.name}' takes the built-in '${builtin}' twice.`);
      given.add(builtin);
    }
  }
  return { fn, parameters: parameters.filter(p => p !== undefined), workgroupSize: workgroupSize(ctx, raw) };
}
