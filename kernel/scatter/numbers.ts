/** What is known of a launch before it runs: counts, lengths, integers that the host wrote, and what follows from them. */

import type { IndexForms } from '../ir/analysis/index-form.ts';
import { numberOf, type Polynomial } from '../ir/analysis/polynomial.ts';
import type { Inst, Program, Value } from '../ir/ir.ts';
import { scalarFunction } from '../ir/scalar-ops.ts';
import { visit } from '../ir/traverse.ts';
import type { Words } from '../words.ts';

export interface Launch {
  readonly count: readonly [number, number, number];
  /** Words of buffer k. */
  length(k: number): number;
  /** Its words, where the host wrote them last. */
  known(k: number): Words | undefined;
}

/** For each atom a value that is it. */
export type AtomValues = ReadonlyMap<string, Value>;

export function atomValues(program: Program, forms: IndexForms): AtomValues {
  const found = new Map<string, Value>();
  visit(program.body, inst => {
    if (!('result' in inst) || (inst.result.type !== 'i32' && inst.result.type !== 'u32')) return;
    const form = forms.formOf(inst.result);
    const [m] = form.values();
    if (form.size !== 1 || m.coefficient !== 1 || m.factors.length !== 1) return;
    if (!found.has(m.factors[0])) found.set(m.factors[0], inst.result);
  });
  return found;
}

/** A program, with what its indices are. */
export interface Source {
  readonly program: Program;
  readonly forms: IndexForms;
  readonly atoms: AtomValues;
}

export class LaunchNumbers {
  private readonly source: Source;
  private readonly launch: Launch;
  private readonly values = new Map<Value, number | undefined>();

  constructor(source: Source, launch: Launch) {
    this.source = source;
    this.launch = launch;
  }

  /** The number that a uniform polynomial is; NaN if it is not known. */
  of(p: Polynomial): number {
    let sum = numberOf(p) ?? 0;
    if (numberOf(p) !== undefined) return sum;
    for (const { coefficient, factors } of p.values()) {
      let term = coefficient;
      for (const factor of factors) term *= this.atom(factor);
      sum += term;
    }
    return sum;
  }

  private atom(key: string): number {
    const axis = ['countX', 'countY', 'countZ'].indexOf(key);
    if (axis >= 0) return this.launch.count[axis];
    const v = this.source.atoms.get(key);
    return (v && this.value(v)) ?? Number.NaN;
  }

  private value(v: Value): number | undefined {
    if (this.values.has(v)) return this.values.get(v);
    const inst = this.source.forms.define(v);
    const found = inst && this.evaluate(inst);
    this.values.set(v, found);
    return found;
  }

  private evaluate(inst: Inst): number | undefined {
    switch (inst.kind) {
      case 'const':
        return inst.value;
      case 'builtin':
        return inst.name.startsWith('count') ? this.launch.count['XYZ'.indexOf(inst.name[5])] : undefined;
      case 'length':
        return Math.floor(this.launch.length(inst.buffer) / inst.stride);
      case 'load': {
        const words =
          this.source.program.buffers[inst.buffer].access === 'read' ? this.launch.known(inst.buffer) : undefined;
        const index = this.value(inst.index);
        return words && index !== undefined ? (words[index * inst.stride + inst.offset] ?? 0) : undefined;
      }
      case 'pure': {
        const args = inst.args.map(arg => this.value(arg));
        if (args.includes(undefined)) return undefined;
        const [a, b, c] = args as number[];
        const operand = inst.op === 'select' ? inst.args[1].type : inst.args[0].type;
        return scalarFunction(inst.op, operand, inst.result.type, 'f64')(a, b, c);
      }
      default:
        return undefined;
    }
  }
}
