/** The buffers of a derived program: originals keep their numbers while it is built, derived ones follow; then unused ones go. */

import { type Block, type Buffer, blocksOf, type Inst, type Program } from '../ir/ir.ts';

/** Drops the buffers that `keep` rejects and numbers the rest anew. Nothing may still refer to those dropped. */
export function dropBuffers(program: Program, keep: (buffer: Buffer, used: boolean) => boolean): Program {
  const used = new Set<number>();
  collect(program.body, used);
  const kept = program.buffers.map((_, k) => k).filter(k => keep(program.buffers[k], used.has(k)));
  const place = new Map(kept.map((k, position) => [k, position]));
  return { ...program, buffers: kept.map(k => program.buffers[k]), body: renumber(program.body, place) };
}

function collect(block: Block, used: Set<number>): void {
  for (const inst of block.body) {
    if ('buffer' in inst) used.add(inst.buffer);
    if (inst.kind === 'atomic' && 'buffer' in inst.target) used.add(inst.target.buffer);
    for (const inner of blocksOf(inst)) collect(inner, used);
  }
}

function renumber(block: Block, place: ReadonlyMap<number, number>): Block {
  const at = (k: number) => {
    const position = place.get(k);
    if (position === undefined) throw new Error(`dropBuffers: buffer ${k} is still in use.`);
    return position;
  };
  const body = block.body.map((inst): Inst => {
    if (inst.kind === 'if') return { ...inst, then: renumber(inst.then, place), else: renumber(inst.else, place) };
    if (inst.kind === 'while') return { ...inst, cond: renumber(inst.cond, place), body: renumber(inst.body, place) };
    if (inst.kind === 'atomic' && 'buffer' in inst.target)
      return { ...inst, target: { ...inst.target, buffer: at(inst.target.buffer) } };
    return 'buffer' in inst ? { ...inst, buffer: at(inst.buffer) } : inst;
  });
  return { body, yields: block.yields };
}

/** arrayLength of an output is asked of the buffer that stands for it in the derived program. */
export function redirectLengths(block: Block, to: ReadonlyMap<number, number>): Block {
  const body = block.body.map((inst): Inst => {
    if (inst.kind === 'length') return { ...inst, buffer: to.get(inst.buffer) ?? inst.buffer };
    if (inst.kind === 'if')
      return { ...inst, then: redirectLengths(inst.then, to), else: redirectLengths(inst.else, to) };
    if (inst.kind === 'while')
      return { ...inst, cond: redirectLengths(inst.cond, to), body: redirectLengths(inst.body, to) };
    return inst;
  });
  return { body, yields: block.yields };
}

/** Numbers of the write buffers whose length the program reads. */
export function measuredOutputs(program: Program): Set<number> {
  const found = new Set<number>();
  const visit = (block: Block): void => {
    for (const inst of block.body) {
      if (inst.kind === 'length' && program.buffers[inst.buffer].access === 'write') found.add(inst.buffer);
      for (const inner of blocksOf(inst)) visit(inner);
    }
  };
  visit(program.body);
  return found;
}
