/**
 * A builder that computes constants as it goes: an op on constants is their value, in double precision.
 *
 * Unlike folding in `simplify`, which keeps every bit of a kernel in each precision, this is arithmetic on real numbers: 2π/3 in
 * an expression is one number, rounded once to the precision it is used in.
 */

import { Builder } from '../ir/builder.ts';
import type { Inst, PureOp, ScalarType, Value } from '../ir/ir.ts';
import { scalarFunction } from '../ir/scalar-ops.ts';

export class Folder {
  readonly b: Builder = new Builder();
  private readonly constants = new Map<Value, number>();

  /** What a value is, if that is known; a bool is 0 or 1. */
  constant(v: Value): number | undefined {
    return this.constants.get(v);
  }

  const(type: ScalarType, value: number): Value {
    const result = this.b.const(type, value);
    this.constants.set(result, value);
    return result;
  }
  float(value: number): Value {
    return this.const('f32', value);
  }

  /** Ops on constants that give no finite number stay as they are. */
  pure(op: PureOp, args: readonly Value[]): Value {
    const [x, y, z] = args.map(v => this.constants.get(v));
    if (op === 'select' && x !== undefined) return args[x ? 1 : 2];
    const known = x !== undefined && (args.length < 2 || y !== undefined) && (args.length < 3 || z !== undefined);
    const result = this.b.pure(op, args);
    if (!known) return result;
    const value = scalarFunction(op, args.at(-1)!.type, result.type, 'f64')(x, y ?? 0, z ?? 0);
    return Number.isFinite(value) ? this.const(result.type, value) : result;
  }

  if(cond: Value, then: () => readonly Value[], otherwise: () => readonly Value[]): readonly Value[] {
    const known = this.constants.get(cond);
    return known === undefined ? this.b.if(cond, then, otherwise) : known ? then() : otherwise();
  }

  /** Makes instructions again, folded: constants, pure ops and branches. `map` has the values known so far and gains the others. */
  replay(body: readonly Inst[], map: Map<Value, Value>): void {
    const now = (v: Value): Value => map.get(v)!;
    for (const inst of body) {
      if (inst.kind === 'const') map.set(inst.result, this.const(inst.result.type, inst.value));
      else if (inst.kind === 'pure') map.set(inst.result, this.pure(inst.op, inst.args.map(now)));
      else if (inst.kind === 'if') {
        const [then, otherwise] = [inst.then, inst.else].map(block => () => {
          this.replay(block.body, map);
          return block.yields.map(now);
        });
        const results = this.if(now(inst.cond), then, otherwise);
        inst.results.forEach((v, k) => {
          map.set(v, results[k]);
        });
      }
    }
  }
}
