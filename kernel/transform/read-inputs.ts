/**
 * Which inputs' words the derivatives of a program read, told before they are made: the record of a launch keeps these alone.
 *
 * A rule reads operands of its op (derivatives.ts: those of sums none, that of a product the other factor); loads and stores that a derivative
 * passes through are taken at the same places, so their indices are read. Whatever these are computed from is read too. Programs with branches
 * and loops are taken to read everything. More may be named than is read, never less.
 */

import { type Inst, operandsOf, type Program, resultsOf, type Value } from '../ir/ir.ts';
import { varied } from './activity.ts';
import { ruleOf } from './derivatives.ts';

/** Operands that the rule for one operand reads: as listed, else all. */
const readByRule: { readonly [op: string]: readonly (readonly number[])[] } = {
  add: [[], []],
  sub: [[], []],
  neg: [[]],
  mul: [[1], [0]],
  div: [[1], [0, 1]],
  convert: [[]],
  select: [[], [0], [0]],
};

const straight = new Set(['const', 'builtin', 'pure', 'load', 'store', 'scatterAdd']);

/** @param active Names of the inputs that are differentiated. @returns For each buffer. */
export function readInputs(program: Program, active: ReadonlySet<string>): readonly boolean[] {
  const { body } = program.body;
  const { buffers } = program;
  if (
    !body.every(inst => straight.has(inst.kind)) ||
    body.some(inst => inst.kind === 'load' && buffers[inst.buffer].access === 'write')
  )
    return buffers.map(() => true);
  const { values } = varied(program, active);
  const needed = new Set<Value>();
  const need = (all: readonly Value[]): void => {
    for (const value of all) needed.add(value);
  };
  for (const inst of body) need(readDirectly(inst, values));
  const read = buffers.map(() => false);
  for (const inst of body.toReversed()) {
    if (!resultsOf(inst).some(value => needed.has(value))) continue;
    need(operandsOf(inst));
    if (inst.kind === 'load') read[inst.buffer] = true;
  }
  return read;
}

/** Values that the derivative of an instruction reads, given those that vary. */
function readDirectly(inst: Inst, varied: ReadonlySet<Value>): readonly Value[] {
  switch (inst.kind) {
    case 'load':
      return varied.has(inst.result) ? [inst.index] : [];
    case 'store':
    case 'scatterAdd':
      return varied.has(inst.value) ? [inst.index] : [];
    case 'pure':
      return inst.args.flatMap((arg, k) =>
        varied.has(arg) && ruleOf(inst.op, k, inst.args, inst.result)
          ? (readByRule[inst.op]?.[k].map(j => inst.args[j]) ?? inst.args)
          : [],
      );
    default:
      return [];
  }
}
