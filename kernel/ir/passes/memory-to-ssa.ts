/**
 * Turns memory cells into SSA values on structured control flow. A cell lives in one block (its home), from the start to the end;
 * inside, reads become the value last written, `if` yields and `while` carries the cells written within (there is no need for
 * dominance frontiers: every block has one entry and one exit).
 */

import { Builder } from '../builder.ts';
import { type Block, blocksOf, type Inst, largestId, type Program, type Value } from '../ir.ts';
import { mapOperands } from '../traverse.ts';

/** The state at one point of the program. */
export interface Cells<C> {
  /** The instruction being rewritten, as it was in the old program. */
  readonly original: Inst | undefined;
  /** What stands for a value of the old program. */
  now(v: Value): Value;
  get(cell: C): Value;
  set(cell: C, value: Value): void;
}

export interface CellRules<C> {
  /** Cells of a block, which exist while it runs. */
  home(block: Block): readonly C[];
  /** The value a cell starts with, made at the start of its home. */
  begin(cell: C, builder: Builder): Value;
  /** Called at the end of the home with all its cells. */
  end?(block: Block, cells: Cells<C>, builder: Builder): void;
  /** Cells that an instruction without blocks may write. */
  writes(inst: Inst): readonly C[];
  /** Replaces an instruction on cells. Returns the value of its result, 'done' if it has none, undefined to keep it. */
  rewrite(inst: Inst, cells: Cells<C>, builder: Builder): Value | 'done' | undefined;
}

export function promoteCells<C>(program: Program, rules: CellRules<C>): Program {
  const builder = new Builder(largestId(program.body) + 1, program.arrays);
  const env = new Map<C, Value>();
  const replaced = new Map<Value, Value>();
  const map = (v: Value): Value => replaced.get(v) ?? v;
  let original: Inst | undefined;
  const cells: Cells<C> = {
    get original() {
      return original;
    },
    now: map,
    get(cell) {
      const value = env.get(cell);
      if (!value) throw new Error('promoteCells: a cell is read outside of its home.');
      return value;
    },
    set(cell, value) {
      if (!env.has(cell)) throw new Error('promoteCells: a cell is written outside of its home.');
      env.set(cell, value);
    },
  };

  const writtenBy = new Map<Inst, Set<C>>();
  function scan(block: Block): Set<C> {
    const written = new Set<C>();
    for (const inst of block.body) {
      const blocks = blocksOf(inst);
      if (blocks.length === 0) for (const cell of rules.writes(inst)) written.add(cell);
      else {
        const inner = new Set(blocks.flatMap(b => [...scan(b)]));
        writtenBy.set(inst, inner);
        for (const cell of inner) written.add(cell);
      }
    }
    return written;
  }
  scan(program.body);

  /** Runs a block with the cells as they are; `threaded`: the cells whose values it yields besides its own. */
  function promoteBlock(block: Block, threaded: readonly C[]): Block {
    return builder.block(() => {
      const own = rules.home(block);
      for (const cell of own) env.set(cell, rules.begin(cell, builder));
      for (const inst of block.body) promote(inst);
      rules.end?.(block, cells, builder);
      for (const cell of own) env.delete(cell);
      return [...block.yields.map(map), ...threaded.map(cells.get)];
    });
  }
  function promote(old: Inst): void {
    const inst = mapOperands(old, map);
    original = old;
    builder.at = old.at;
    const value = rules.rewrite(inst, cells, builder);
    if (value === 'done') return;
    if (value) {
      if ('result' in inst) replaced.set(inst.result, value);
      return;
    }
    if (inst.kind !== 'if' && inst.kind !== 'while') {
      builder.push(inst);
      return;
    }
    const threaded = [...(writtenBy.get(old) ?? [])].filter(cell => env.has(cell));
    const before = threaded.map(cells.get);
    const restore = (values: readonly Value[]) => threaded.forEach((cell, k) => void env.set(cell, values[k]));
    const news = () => before.map(v => builder.value(v.type));
    if (inst.kind === 'if') {
      const then = promoteBlock(inst.then, threaded);
      restore(before);
      const otherwise = promoteBlock(inst.else, threaded);
      const after = news();
      builder.push({ ...inst, then, else: otherwise, results: [...inst.results, ...after] });
      restore(after);
    } else {
      const carried = news();
      restore(carried);
      const cond = promoteBlock(inst.cond, []);
      const body = promoteBlock(inst.body, threaded);
      const after = news();
      builder.push({
        ...inst,
        init: [...inst.init, ...before],
        params: [...inst.params, ...carried],
        cond,
        body,
        results: [...inst.results, ...after],
      });
      restore(after);
    }
  }
  const body = promoteBlock(program.body, []);
  return { ...program, body };
}
