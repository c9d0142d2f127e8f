/**
 * Loads of workgroup memory that all invocations of a group make alike, between two barriers: what workgroupUniformLoad is lowered to.
 *
 * A WGSL compiler must be told, or else it refuses barriers in whatever depends on such a load.
 */

import {
  type ArrayLoad,
  type Block,
  type BuiltinName,
  blocksOf,
  type Inst,
  type Program,
  type Value,
} from '../../ir/ir.ts';

// biome-ignore format: names
const alike = new Set<BuiltinName>([
  'workgroupX', 'workgroupY', 'workgroupZ', 'groupsX', 'groupsY', 'groupsZ', 'countX', 'countY', 'countZ',
]);

export function uniformLoads(program: Program, atomicArrays: ReadonlySet<number>): ReadonlySet<ArrayLoad> {
  const uniform = new Set<Value>();
  const found = new Set<ArrayLoad>();
  const isQuiet = (inst: Inst) =>
    inst.kind === 'const' ||
    inst.kind === 'builtin' ||
    inst.kind === 'pure' ||
    (inst.kind === 'arrayLoad' && inst.array.space === 'workgroup');
  const scan = ({ body }: Block): void => {
    body.forEach((inst, at) => {
      if (inst.kind === 'const' || (inst.kind === 'builtin' && alike.has(inst.name))) uniform.add(inst.result);
      if (inst.kind === 'pure' && inst.args.every(v => uniform.has(v))) uniform.add(inst.result);
      if (inst.kind === 'arrayLoad' && uniform.has(inst.index) && !atomicArrays.has(inst.array.id)) {
        const before = body.slice(0, at).findLast(other => !isQuiet(other));
        const after = body.slice(at + 1).find(other => !isQuiet(other));
        if (inst.array.space === 'workgroup' && before?.kind === 'barrier' && after?.kind === 'barrier') {
          found.add(inst);
          uniform.add(inst.result);
        }
      }
      for (const inner of blocksOf(inst)) scan(inner);
    });
  };
  scan(program.body);
  return found;
}
