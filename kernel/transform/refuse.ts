/** Constructs that have no derivative are compile errors that name the line and the way out, never a zero gradient. */

import { type Diagnostic, KernelError } from '../error.ts';
import { type Block, blocksOf, operandsOf, type Program, type Value } from '../ir/ir.ts';

/** @throws KernelError if the program uses anything that cannot be differentiated. */
export function refuseUndifferentiable(program: Program): void {
  const used = new Set<Value>();
  visit(program.body, block => {
    for (const inst of block.body) for (const v of operandsOf(inst)) used.add(v);
    for (const v of block.yields) used.add(v);
  });
  const problems: Diagnostic[] = [];
  const seen = new Set<string>();
  const refuse = (key: string, at: number | undefined, message: string, remedy: string) => {
    if (!seen.has(key)) problems.push({ message, at, remedy });
    seen.add(key);
  };
  const outside =
    'Move this part into a kernel of its own that is not differentiated, or join it through custom(…) with its own vjp.';
  visit(program.body, block => {
    for (const inst of block.body) {
      if (inst.kind === 'barrier') refuse('barrier', inst.at, 'a kernel with barriers has no derivative.', outside);
      if ('array' in inst && inst.array.space === 'workgroup')
        refuse(`w${inst.array.id}`, inst.at, `workgroup variable '${inst.array.name}' has no derivative.`, outside);
      if (inst.kind === 'load' && program.buffers[inst.buffer].access === 'write')
        refuse(
          `l${inst.buffer}`,
          inst.at,
          `reading the output '${program.buffers[inst.buffer].name}' here has no derivative.`,
          'Keep the value in a local variable instead of reading it back.',
        );
      if (inst.kind === 'atomic' && used.has(inst.result)) {
        const name = 'buffer' in inst.target ? program.buffers[inst.target.buffer].name : inst.target.array.name;
        refuse(
          `a${name}`,
          inst.at,
          `the value returned by an atomic on '${name}' is used, and depends on the order of invocations.`,
          outside,
        );
      }
    }
  });
  if (problems.length > 0) throw new KernelError(program.name, program.source, problems);
}

function visit(block: Block, f: (block: Block) => void): void {
  f(block);
  for (const inst of block.body) for (const inner of blocksOf(inst)) visit(inner, f);
}
