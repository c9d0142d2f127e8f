/** Operators on scalars, vectors and matrices, all lowered to scalar ops. Matrices are lists of columns: m[c][r] is word c·rows + r. */

import type { BinaryOperator, Type } from '../../wgsl/ast.ts';
import type { PureOp, Value } from '../ir.ts';
import type { Emitter } from './emitter.ts';

export type Words = readonly Value[];

const ops: Record<Exclude<BinaryOperator, '&&' | '||'>, PureOp> = {
  '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '%': 'rem',
  '&': 'and', '|': 'or', '^': 'xor', '<<': 'shl', '>>': 'shr',
  '==': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge',
}; // biome-ignore format: a table

/** Applies an op component by component; single values are repeated. */
export function each(emit: Emitter, op: PureOp, ...args: readonly Words[]): Words {
  if (args.every(words => words.length === 1))
    return [
      emit.pure(
        op,
        args.map(words => words[0]),
      ),
    ];
  return map(args, (...values) => emit.pure(op, values));
}

export function map(args: readonly Words[], f: (...values: Value[]) => Value): Words {
  const size = Math.max(...args.map(words => words.length));
  return Array.from({ length: size }, (_, k) => f(...args.map(words => words[words.length === 1 ? 0 : k])));
}

export function binary(emit: Emitter, op: BinaryOperator, a: Words, ta: Type, b: Words, tb: Type): Words {
  if (op === '&&' || op === '||') return each(emit, op === '&&' ? 'and' : 'or', a, b);
  if (op === '*' && (ta.kind === 'matrix' || tb.kind === 'matrix') && ta.kind !== 'scalar' && tb.kind !== 'scalar') {
    if (ta.kind === 'matrix')
      return chunks(b, ta.columns).flatMap(column => matrixTimesVector(emit, a, ta.rows, column));
    if (tb.kind === 'matrix') return chunks(b, tb.rows).map(column => dot(emit, a, column));
  }
  return each(emit, ops[op], a, b);
}

export function dot(emit: Emitter, a: Words, b: Words): Value {
  return each(emit, 'mul', a, b).reduce((sum, product) => emit.pure('add', [sum, product]));
}

/** Σ_c m[c] · v[c]. */
function matrixTimesVector(emit: Emitter, m: Words, rows: number, v: Words): Words {
  return chunks(m, rows)
    .map((column, c) => each(emit, 'mul', column, [v[c]]))
    .reduce((sum, term) => each(emit, 'add', sum, term));
}

function chunks(words: Words, size: number): readonly Words[] {
  return Array.from({ length: words.length / size }, (_, k) => words.slice(k * size, (k + 1) * size));
}

export function transpose(m: Words, rows: number): Words {
  const columns = chunks(m, rows);
  return Array.from({ length: rows }, (_, r) => columns.map(column => column[r])).flat();
}

/** Expansion along the first column. */
export function determinant(emit: Emitter, m: Words, size: number): Value {
  if (size === 1) return m[0];
  const columns = chunks(m, size);
  return columns[0]
    .map((head, r) => {
      const minor = columns.slice(1).flatMap(column => column.filter((_, k) => k !== r));
      return emit.pure('mul', [head, determinant(emit, minor, size - 1)]);
    })
    .reduce((sum, term, r) => emit.pure(r % 2 ? 'sub' : 'add', [sum, term]));
}

/** left && right, left || right; `right` runs only where it must unless it is cheap. */
export function shortCircuit(emit: Emitter, op: '&&' | '||', left: Value, cheap: boolean, right: () => Value): Value {
  const decided = emit.bool(op === '||');
  const known = emit.constantOf(left);
  if (known !== undefined) return known === emit.constantOf(decided) ? decided : right();
  if (cheap) return emit.pure(op === '&&' ? 'and' : 'or', [left, right()]);
  return op === '&&'
    ? emit.choose(left, right, () => decided, decided)
    : emit.choose(left, () => decided, right, decided);
}
