/** Local arrays that are only accessed at constant indices become SSA values, elements out of range 0. */

import type { Inst, LocalArray, Program, Value } from '../ir.ts';
import { visit } from '../traverse.ts';
import { promoteCells } from './memory-to-ssa.ts';

/** Longer arrays stay: each element would be carried through every loop. */
const maxLength = 64;

export function promoteArrays(program: Program): Program {
  if (program.arrays.length === 0) return program;
  const constants = new Map<Value, number>();
  visit(program.body, inst => {
    if (inst.kind === 'const') constants.set(inst.result, inst.value);
  });
  const chosen = promotable(program, constants);
  if (chosen.size === 0) return program;

  const cells = new Map([...chosen].map(a => [a, Array.from({ length: a.length }, (_, k) => ({ array: a, k }))]));
  type Cell = { readonly array: LocalArray; readonly k: number };
  const all: readonly Cell[] = [...cells.values()].flat();
  const cellAt = (array: LocalArray, index: Value, k = 0): Cell | undefined =>
    cells.get(array)?.[(constants.get(index) ?? 0) + k];
  const range = (length: number) => Array.from({ length }, (_, k) => k);
  const targets = (inst: Inst): readonly Cell[] => {
    switch (inst.kind) {
      case 'arrayStore':
        return [cellAt(inst.array, inst.index)].filter(c => c !== undefined);
      case 'arrayFill':
        return cells.get(inst.array) ?? [];
      case 'arrayCopy':
        return range(inst.length)
          .map(k => cellAt(inst.target, inst.targetStart, k))
          .filter(c => c !== undefined);
      default:
        return [];
    }
  };

  return promoteCells<Cell>(program, {
    home: block => (block === program.body ? all : []),
    begin: (cell, b) => b.const(cell.array.type, 0),
    writes: targets,
    rewrite(inst, { get, set }, b) {
      switch (inst.kind) {
        case 'arrayLoad': {
          if (!chosen.has(inst.array)) return undefined;
          const cell = cellAt(inst.array, inst.index);
          return cell ? get(cell) : b.const(inst.array.type, 0);
        }
        case 'arrayStore':
        case 'arrayFill':
          if (!chosen.has(inst.array)) return undefined;
          for (const cell of targets(inst)) set(cell, inst.value);
          return 'done';
        case 'arrayCopy': {
          if (!chosen.has(inst.target)) return undefined;
          const values = range(inst.length).map(k => {
            const cell = cellAt(inst.source, inst.sourceStart, k);
            return cell ? get(cell) : b.const(inst.source.type, 0);
          });
          for (const k of range(inst.length)) {
            const cell = cellAt(inst.target, inst.targetStart, k);
            if (cell) set(cell, values[k]);
          }
          return 'done';
        }
        default:
          return undefined;
      }
    },
  });
}

/** Function arrays whose every index is a constant; copies join arrays, which are promoted together or not at all. */
function promotable(program: Program, constants: ReadonlyMap<Value, number>): Set<LocalArray> {
  const chosen = new Set(program.arrays.filter(a => a.space === 'function' && a.length <= maxLength));
  const copies: Extract<Inst, { kind: 'arrayCopy' }>[] = [];
  visit(program.body, inst => {
    if (inst.kind === 'arrayLoad' || inst.kind === 'arrayStore') {
      if (!constants.has(inst.index)) chosen.delete(inst.array);
    } else if (inst.kind === 'atomic' && 'array' in inst.target) chosen.delete(inst.target.array);
    else if (inst.kind === 'arrayCopy') {
      copies.push(inst);
      const known = constants.has(inst.targetStart) && constants.has(inst.sourceStart);
      if (!known) for (const a of [inst.source, inst.target]) chosen.delete(a);
    }
  });
  for (let changed = true; changed; ) {
    changed = false;
    for (const { source, target } of copies) {
      if (chosen.has(source) === chosen.has(target)) continue;
      chosen.delete(source);
      chosen.delete(target);
      changed = true;
    }
  }
  return chosen;
}
