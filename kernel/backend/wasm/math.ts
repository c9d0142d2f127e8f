/**
 * Functions imported for the pure ops that WebAssembly lacks: the interpreter's own, so that both give the same bits.
 *
 * Floats cross the border in double whatever the precision: engines call Math.sin and its like directly if they are imported so.
 */

import type { PureOp, ScalarType } from '../../ir/ir.ts';
import { scalarFunction } from '../../ir/scalar-ops.ts';
import { F64, I32, type Import, type ValType } from './encode.ts';

export interface MathImport extends Import {
  readonly index: number;
  readonly run: (a: number, b: number, c: number) => number;
}

/** The imports of one module, numbered as they are first asked for. */
export class MathImports {
  private readonly byName = new Map<string, MathImport>();

  index(op: PureOp, operand: ScalarType, args: readonly ScalarType[], result: ScalarType): number {
    const known = this.byName.get(op);
    if (known) return known.index;
    const made: MathImport = {
      name: op,
      index: this.byName.size,
      params: args.map(typeOf),
      results: [typeOf(result)],
      run: scalarFunction(op, operand, result, 'f64'),
    };
    this.byName.set(op, made);
    return made.index;
  }
  list(): readonly MathImport[] {
    return [...this.byName.values()];
  }
}

const typeOf = (type: ScalarType): ValType => (type === 'f32' ? F64 : I32);
