/**
 * Lowering: the checked syntax tree becomes scalar structured SSA. User functions are inlined, pointers resolved, vectors, matrices and
 * structs taken apart (lower-layout), local variables turned into SSA values (lower-emitter), jumps into structure (lower-statements).
 * Each binding becomes one buffer per leaf field: struct arrays are structs of arrays.
 */

import { KernelError } from '../../error.ts';
import type { EntryParameter, Module, Variable } from '../../wgsl/ast.ts';
import type { Buffer, BuiltinName, Program, Value } from '../ir.ts';
import { call, inlined } from './calls.ts';
import { Emitter } from './emitter.ts';
import { expression } from './expressions.ts';
import { buffersOf } from './layout.ts';
import { clear, declare, store } from './places.ts';
import { usageOf } from './usage.ts';
import type { Lowering, Place, Rvalue } from './values.ts';

/** More instructions than this are refused: inlining can grow a short text exponentially. */
const budget = 200_000;

export function lower(module: Module): Program {
  const name = module.entry.fn.name;
  const remedy = 'Use loops instead of repeated calls, or split the kernel.';
  const refuse = (message: string): never => {
    throw new KernelError(name, module.source, [{ message, at: module.entry.fn.start, remedy }]);
  };
  try {
    return lowered(module, what => refuse(`the kernel, with its functions inlined, has ${what}`));
  } catch (error) {
    if (error instanceof RangeError) return refuse('the kernel is nested too deeply');
    throw error;
  }
}

function lowered(module: Module, tooLarge: (what: string) => never): Program {
  const emit = new Emitter(budget, tooLarge);
  const buffers: Buffer[] = [];
  const globals = new Map<Variable, Place>();
  for (const variable of module.bindings) {
    const own = buffersOf(variable);
    const storage = own.map((buffer, k) => ({ kind: 'buffer' as const, position: buffers.length + k, buffer }));
    buffers.push(...own);
    globals.set(variable, { storage, type: variable.type, first: 0, steps: [], root: variable });
  }
  const lo: Lowering = {
    module,
    emit,
    usage: usageOf(module),
    globals,
    tables: new Map(),
    frame: new Map(),
    depth: 0,
    expression: e => expression(lo, e),
    call: (fn, args) => call(lo, fn, args),
  };
  const body = emit.finish(() => {
    for (const variable of module.workgroups) globals.set(variable, declare(lo, variable, true));
    for (const variable of module.privates) {
      const place = declare(lo, variable);
      globals.set(variable, place);
      if (variable.init) store(lo, place, lo.expression(variable.init));
      else clear(emit, place);
    }
    const frame: Lowering['frame'] = new Map();
    for (const parameter of module.entry.parameters)
      frame.set(parameter.variable, { value: parameterValue(lo, parameter) });
    inlined(lo, module.entry.fn, frame);
  });
  return {
    name: module.entry.fn.name,
    buffers,
    arrays: emit.arrays,
    body,
    workgroupSize: module.entry.workgroupSize,
    source: module.source,
  };
}

const builtinValues: Readonly<Record<string, readonly BuiltinName[]>> = {
  global_invocation_id: ['globalX', 'globalY', 'globalZ'],
  local_invocation_id: ['localX', 'localY', 'localZ'],
  local_invocation_index: ['localIndex'],
  workgroup_id: ['workgroupX', 'workgroupY', 'workgroupZ'],
  num_workgroups: ['groupsX', 'groupsY', 'groupsZ'],
};

function parameterValue({ emit, module }: Lowering, parameter: EntryParameter): Rvalue {
  const words = (builtin: string | undefined): Value[] => {
    const names = builtin === undefined ? undefined : builtinValues[builtin];
    if (names) return names.map(name => emit.builtin(name));
    throw new KernelError(module.entry.fn.name, module.source, [
      { message: `@builtin(${builtin}) is not available in kernels`, at: parameter.variable.start },
    ]);
  };
  return parameter.members ? parameter.members.map(words) : [words(parameter.builtin)];
}
