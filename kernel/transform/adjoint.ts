/**
 * Reverse mode: IR → IR. One kernel that replays what it needs and then goes backwards; nothing is saved between the
 * forward launch and this one but the arrays the tape already holds (kernel-level rules: ARCHITECTURE.md, "Derivatives").
 *
 *   outputs = F(inputs)   ⇒   x̄ = Σ_y (∂y/∂x)ᵀ ȳ
 */

import { Builder } from '../ir/builder.ts';
import { adjointName, type Buffer, largestId, type Program } from '../ir/ir.ts';
import { eliminateDeadCode } from '../ir/passes/dce.ts';
import { mergeBranches } from '../ir/passes/merge-branches.ts';
import { active } from './activity.ts';
import { Adjoints } from './adjoints.ts';
import { dropBuffers, measuredOutputs, redirectLengths } from './buffers.ts';
import { constantsOf } from './induction.ts';
import { refuseUndifferentiable } from './refuse.ts';
import { Substitution } from './replay.ts';
import type { LoopRule } from './reverse.ts';
import { reverseBlock } from './reverse-block.ts';
import { sinkSelects } from './sink-selects.ts';

/**
 * @param inputs Names of the float inputs whose adjoints are wanted.
 * @param outputs Names of the float outputs whose adjoints are given.
 * @param rules Receives what was decided for each loop.
 * @returns A program that reads what it needs of the inputs and adjointName(y) of the outputs, and writes adjointName(x)
 *   of every input named. An output whose arrayLength is used is read as adjointName(y) even if it is not named.
 * @throws KernelError if the program has no derivative.
 */
export function adjoint(
  given: Program,
  inputs: ReadonlySet<string>,
  outputs: ReadonlySet<string>,
  rules: LoopRule[] = [],
): Program {
  refuseUndifferentiable(given);
  const program = sinkSelects(given);
  const buffers: Buffer[] = [...program.buffers];
  const adjointOf = new Map<number, number>();
  const lengths = new Map<number, number>();
  const measured = measuredOutputs(program);
  program.buffers.forEach((buffer, k) => {
    const name = adjointName(buffer.name);
    const float = buffer.type === 'f32';
    if (buffer.access === 'read' && float && inputs.has(buffer.name))
      adjointOf.set(k, buffers.push({ ...buffer, name, access: 'write', uniform: false }) - 1);
    if (buffer.access === 'write' && float && outputs.has(buffer.name))
      adjointOf.set(k, buffers.push({ ...buffer, name, access: 'read' }) - 1);
    if (measured.has(k)) lengths.set(k, adjointOf.get(k) ?? buffers.push({ ...buffer, name, access: 'read' }) - 1);
  });
  const source = { ...program, body: redirectLengths(program.body, lengths) };
  const b = new Builder(largestId(source.body) + 1, program.arrays);
  const activity = active(source, inputs, outputs);
  const shadow = new Map([...activity.arrays].map(a => [a, b.localArray(adjointName(a.name), 'f32', a.length)]));
  const constants = constantsOf(source.body);
  const context = { b, active: activity, shadow, adjointOf, constants, rules, block: reverseBlock };
  const body = b.block(() => {
    reverseBlock(context, source.body, new Substitution(), new Adjoints(activity), () => {});
    return [];
  });
  const whole = { ...program, name: adjointName(program.name), buffers, arrays: b.arrays, body };
  const originals = new Set(program.buffers);
  return dropBuffers(
    mergeBranches(eliminateDeadCode(whole)),
    (buffer, used) => used || (buffer.access === 'write' && !originals.has(buffer)),
  );
}
