/**
 * Before differentiation, every element of an output that an invocation reads back, or writes more than once, becomes an SSA value:
 * it starts at 0, is carried through branches and loops, and is stored once, if it was written at all.
 *
 *     y[i] = a;  if (c) { y[i] = y[i] * b; }      becomes      v = if c { a·b } else { a };  y[i] = v
 *
 * A sum `y[i] += v` stays one, unless y is also stored to: then it reads and writes its element like the others.
 * What other invocations write cannot be seen: reading an element that this one has not written is an error, and so is touching
 * two elements that may or may not be the same.
 */

import { type Diagnostic, KernelError, lineColumn } from '../../error.ts';
import { cannotMeet } from '../analysis/linear-form.ts';
import {
  type Access,
  computedAgain,
  type Nest,
  nestOf,
  type OutputCell,
  outputCells,
  pathTo,
  variesInLoops,
} from '../analysis/output-cells.ts';
import type { Builder } from '../builder.ts';
import type { Block, Inst, Program, Value } from '../ir.ts';
import { visit } from '../traverse.ts';
import { type Cells, promoteCells } from './memory-to-ssa.ts';
import { simplify } from './simplify.ts';

export function forwardStores(program: Program): Program {
  if (!mayNeedForwarding(program)) return program;
  const simple = simplify(program);
  const nest = nestOf(simple);
  const { stored, summed, atomic } = outputUses(simple);
  const isOutput = (k: number) => simple.buffers[k].access === 'write' && !atomic.has(k);
  const cells = outputCells(simple, nest, k => isOutput(k) && (stored.has(k) || !summed.has(k)));
  const errors = [...readsOfSums(simple, summed, stored), ...conflicts(simple, cells, nest)];
  if (errors.length > 0) throw new KernelError(program.name, program.source, errors);
  return simplify(promote(simple, cells, nest));
}

/** A quick look: without reads of outputs, second stores and loops there is nothing to do. */
function mayNeedForwarding(program: Program): boolean {
  const written = new Set<number>();
  let needed = false;
  const note = (inst: Inst, inLoop: boolean) => {
    if (inst.kind === 'load') needed ||= program.buffers[inst.buffer].access === 'write';
    if (inst.kind !== 'store') return;
    needed ||= inLoop || written.has(inst.buffer);
    written.add(inst.buffer);
  };
  const scan = (block: Block, inLoop: boolean) => {
    for (const inst of block.body) {
      note(inst, inLoop);
      if (inst.kind === 'if') for (const b of [inst.then, inst.else]) scan(b, inLoop);
      if (inst.kind === 'while') for (const b of [inst.cond, inst.body]) scan(b, true);
    }
  };
  scan(program.body, false);
  const { stored, summed } = outputUses(program);
  return needed || [...summed.keys()].some(k => stored.has(k));
}

function outputUses(program: Program) {
  const stored = new Set<number>();
  const summed = new Map<number, Inst>();
  const atomic = new Set<number>();
  visit(program.body, inst => {
    if (inst.kind === 'store') stored.add(inst.buffer);
    else if (inst.kind === 'scatterAdd') summed.set(inst.buffer, inst);
    else if (inst.kind === 'atomic' && 'buffer' in inst.target) atomic.add(inst.target.buffer);
  });
  return { stored, summed, atomic };
}

const remedy =
  'An output element may be read back, or written again, only by the same index expression; keep intermediate values in local variables.';
const lineOf = (program: Program, inst: Inst): string =>
  inst.at === undefined ? '' : ` in line ${lineColumn(program.source, inst.at).line}`;

function readsOfSums(program: Program, summed: ReadonlyMap<number, Inst>, stored: ReadonlySet<number>): Diagnostic[] {
  const errors: Diagnostic[] = [];
  visit(program.body, inst => {
    if (inst.kind !== 'load') return;
    const sum = summed.get(inst.buffer);
    if (!sum || stored.has(inst.buffer)) return;
    const { name } = program.buffers[inst.buffer];
    const message = `${name} is read here, but it is a sum over all invocations (+=${lineOf(program, sum)}), complete only after the launch.`;
    errors.push({ message, at: inst.at, remedy: `Read ${name} in a second kernel.` });
  });
  return errors;
}

const writes = (cell: OutputCell): Access | undefined => cell.accesses.find(a => a.kind === 'store');

/** Pairs of cells that may be the same element, and elements that only other invocations write. */
function conflicts(program: Program, cells: readonly OutputCell[], nest: Nest): Diagnostic[] {
  const errors: Diagnostic[] = [];
  const varies = new Map<Value, boolean>();
  for (const cell of cells) for (const v of cell.word.terms.keys()) varies.set(v, variesInLoops(v, nest));
  const inLoops = (v: Value) => varies.get(v) ?? false;
  const everywhere = () => true;

  const perBuffer = new Map<number, OutputCell[]>();
  for (const cell of cells) {
    const group = perBuffer.get(cell.buffer);
    if (group) group.push(cell);
    else perBuffer.set(cell.buffer, [cell]);
  }
  // Cells whose terms are the same in every iteration, and the same as another's, differ in their constants: they never meet.
  const kinds = new Map<string, number>();
  const kindOf = (cell: OutputCell, k: number): number => {
    const terms = [...cell.word.terms];
    if (terms.some(([v]) => inLoops(v))) return -1 - k;
    const key = terms.map(([v, c]) => `${v.id}·${c}`).sort().join(' '); // biome-ignore format: short
    const kind = kinds.get(key) ?? kinds.size;
    kinds.set(key, kind);
    return kind;
  };
  for (const [buffer, group] of perBuffer) {
    const { name, unique } = program.buffers[buffer];
    const kind = group.map(kindOf);
    for (const [k, cell] of group.entries()) {
      const own = writes(cell);
      if (!own) {
        const other = group.find((o, j) => j !== k && writes(o) && !cannotMeet(cell.word, o.word, everywhere));
        if (!other) continue;
        const verb = cell.accesses[0].kind === 'load' ? 'read' : 'added to';
        const message = `an element of ${name} is ${verb} here which this invocation does not store to, but another may (${name} is written${lineOf(program, other.accesses[0])}).`;
        errors.push({ message, at: cell.accesses[0].at, remedy });
        continue;
      }
      if (unique) continue;
      const other = group.find(
        (o, j) => j > k && kind[j] !== kind[k] && writes(o) && !cannotMeet(cell.word, o.word, inLoops),
      );
      if (!other) continue;
      const message = `this element of ${name} may be the one written${lineOf(program, own)}, or another: their indices cannot be told apart.`;
      errors.push({ message, at: (writes(other) ?? other.accesses[0]).at, remedy });
    }
  }
  return errors;
}

/** What a cell becomes: its value, and whether it was written. */
interface Variable {
  readonly cell: OutputCell;
  readonly part: 'value' | 'written';
}

function promote(program: Program, cells: readonly OutputCell[], nest: Nest): Program {
  const variables = new Map<Access, { value: Variable; written: Variable }>();
  const homes = new Map<Block, Variable[]>();
  const unwritten = new Set<Access>();
  for (const cell of cells) {
    if (!writes(cell)) for (const access of cell.accesses) unwritten.add(access);
    else if (cell.accesses.length > 1 || nest.blockOf(cell.accesses[0]) !== cell.home) {
      const pair = { value: { cell, part: 'value' }, written: { cell, part: 'written' } } as const;
      for (const access of cell.accesses) variables.set(access, pair);
      homes.set(cell.home, [...(homes.get(cell.home) ?? []), pair.value, pair.written]);
    }
  }
  return promoteCells<Variable>(program, {
    home: block => homes.get(block) ?? [],
    begin: ({ cell, part }, b) => (part === 'written' ? b.bool(false) : b.const(program.buffers[cell.buffer].type, 0)),
    writes: inst =>
      inst.kind === 'store' || inst.kind === 'scatterAdd' ? Object.values(variables.get(inst) ?? {}) : [],
    rewrite(inst, { get, set, original }, b) {
      if (inst.kind !== 'load' && inst.kind !== 'store' && inst.kind !== 'scatterAdd') return undefined;
      const access = original as Access;
      // An element nobody writes is zero; a sum into it stays.
      if (unwritten.has(access)) return inst.kind === 'load' ? b.const(inst.result.type, 0) : undefined;
      const variable = variables.get(access);
      if (!variable) return undefined;
      if (inst.kind === 'load') return get(variable.value);
      set(variable.value, inst.kind === 'store' ? inst.value : b.pure('add', [get(variable.value), inst.value]));
      set(variable.written, b.bool(true));
      return 'done';
    },
    end(block, env, b) {
      const here = homes.get(block) ?? [];
      for (let k = 0; k < here.length; k += 2) storeAtEnd(program, here[k].cell, env, here[k], here[k + 1], nest, b);
    },
  });
}

function storeAtEnd(
  program: Program,
  cell: OutputCell,
  env: Cells<Variable>,
  value: Variable,
  written: Variable,
  nest: Nest,
  b: Builder,
): void {
  const path = new Set(pathTo(cell.home, nest));
  const last = cell.accesses.findLast(a => a.kind !== 'load') ?? cell.accesses[0];
  const address = cell.accesses.find(a => path.has(nest.scopeOf(a.index))) ?? last;
  // The index may have been computed in each branch: it is computed again here.
  const index = computedAgain(address.index, cell.home, program, nest, b, env.now);
  if (!index) {
    const { name } = program.buffers[cell.buffer];
    const message = `this element of ${name} is accessed in several places, but its index is known in one only.`;
    throw new KernelError(program.name, program.source, [{ message, at: last.at, remedy }]);
  }
  b.if(
    env.get(written),
    () => {
      const { buffer, stride, offset } = address;
      b.push({ kind: 'store', buffer, index, stride, offset, value: env.get(value), at: last.at });
      return [];
    },
    () => [],
  );
}
