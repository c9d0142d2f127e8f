/** Functions imported for the pure ops that WebAssembly lacks: the interpreter's own, so that both give the same bits. */

import type { PureOp, ScalarType } from '../../ir/ir.ts';
import { scalarFunction } from '../../ir/scalar-ops.ts';
import type { Precision } from '../backend.ts';
import type { Import } from './encode.ts';
import type { Layout } from './layout.ts';

export interface MathImport extends Import {
  readonly index: number;
  readonly run: (a: number, b: number, c: number) => number;
}

/** The imports of one module, numbered as they are first asked for. */
export class MathImports {
  private readonly byName = new Map<string, MathImport>();

  index(op: PureOp, operand: ScalarType, args: readonly ScalarType[], result: ScalarType, layout: Layout): number {
    const known = this.byName.get(op);
    if (known) return known.index;
    const made: MathImport = {
      name: op,
      index: this.byName.size,
      params: args.map(type => layout.held(type)),
      results: [layout.held(result)],
      run: mathFunction(op, operand, result, layout.precision),
    };
    this.byName.set(op, made);
    return made.index;
  }
  list(): readonly MathImport[] {
    return [...this.byName.values()];
  }
}

/** WebAssembly rounds what an f32 import returns, so the function need not. */
function mathFunction(op: PureOp, operand: ScalarType, result: ScalarType, precision: Precision) {
  return scalarFunction(op, operand, result, result === 'f32' ? 'f64' : precision);
}
