/**
 * Accesses in counted loops whose addresses are known before the loop, but for the counter:
 *
 *   index = slope · x + base + Σ coefficient · k,      first ≤ k < end for each counter k
 *
 * They are in range throughout if they are at both ends, so the segment is cut once (segment.ts) and the loop checks nothing.
 * Accesses under a condition that only the loop knows are left out: what never happens would cut the segment.
 */

import {
  type Block,
  blocksOf,
  type Inst,
  type Load,
  operandsOf,
  type Program,
  type ScatterAdd,
  type Store,
  type Value,
  type While,
} from '../../../ir/ir.ts';
import { type Form, type Level, level, levelOf, type Term } from './form.ts';

/** k = first, first + 1, … end − 1. */
export interface Counter {
  readonly param: Value;
  readonly first: Value;
  readonly end: Value;
}

export interface Sweep {
  /** Without the counters. */
  readonly form: Form;
  readonly counters: readonly { readonly counter: Counter; readonly coefficient: number }[];
}

/** What is known of values: see Rates, which looks for sweeps. */
export interface Known {
  levelOf(v: Value): Level;
  formOf(v: Value): Form | undefined;
}

/** Greater slopes and coefficients could leave 2⁶³. */
const steepest = 2 ** 20;

export function findSweeps(program: Program, rates: Known): ReadonlyMap<Inst, Sweep> {
  const sweeps = new Map<Inst, Sweep>();
  const walk = (block: Block, counters: ReadonlyMap<Value, Counter>): void => {
    for (const inst of block.body)
      if (inst.kind === 'if') {
        if (rates.levelOf(inst.cond) > level.segment) continue;
        walk(inst.then, counters);
        walk(inst.else, counters);
      } else if (inst.kind === 'while') {
        if (rates.levelOf(inst.cond.yields[0]) === level.lanes) continue;
        const counter = counterOf(inst, rates);
        walk(inst.body, counter ? new Map([...counters, [counter.param, counter]]) : counters);
      } else if (inst.kind === 'load' || inst.kind === 'store' || inst.kind === 'scatterAdd') {
        const sweep = sweepOf(inst, rates, counters);
        if (sweep) sweeps.set(inst, sweep);
      }
  };
  walk(program.body, new Map());
  return sweeps;
}

function counterOf({ init, params, cond, body }: While, rates: Known): Counter | undefined {
  if (cond.body.some(inst => inst.kind === 'load')) return undefined; // they happen once more than the body
  const test = cond.body.find(inst => 'result' in inst && inst.result === cond.yields[0]);
  if (test?.kind !== 'pure' || (test.op !== 'lt' && test.op !== 'gt')) return undefined;
  const [param, end] = test.op === 'lt' ? test.args : test.args.toReversed();
  const k = params.indexOf(param);
  if (k < 0 || param.type === 'f32' || rates.levelOf(end) > level.segment || rates.levelOf(init[k]) > level.segment)
    return undefined;
  const next = rates.formOf(body.yields[k]);
  const [term] = next?.terms.values() ?? [];
  const counts = next?.terms.size === 1 && next.slope === 0 && next.constant === 1 && isParam(term, param);
  return counts ? { param, first: init[k], end } : undefined;
}

const isParam = ({ atom, coefficient }: Term, param: Value): boolean =>
  coefficient === 1 && atom.kind === 'value' && atom.value === param;

function sweepOf(
  { index }: Load | Store | ScatterAdd,
  rates: Known,
  counters: ReadonlyMap<Value, Counter>,
): Sweep | undefined {
  const form = rates.formOf(index);
  if (!form || levelOf(form) !== level.body || form.slope < 0 || form.slope > steepest) return undefined;
  const terms = new Map(form.terms);
  const swept: { counter: Counter; coefficient: number }[] = [];
  for (const [key, { atom, coefficient }] of form.terms) {
    if (atom.level < level.body) continue;
    const counter = atom.kind === 'value' ? counters.get(atom.value) : undefined;
    if (!counter || Math.abs(coefficient) > steepest) return undefined;
    terms.delete(key);
    swept.push({ counter, coefficient });
  }
  return { form: { ...form, terms }, counters: swept };
}

/** Floats that all lanes load from one word, and use as vectors only: they are loaded as such. */
export function splatted(program: Program, sweeps: ReadonlyMap<Inst, Sweep>, rates: Known): Value[] {
  const scalar = new Set<Value>();
  const visit = ({ body, yields }: Block): void => {
    for (const v of yields) scalar.add(v);
    for (const inst of body) {
      for (const inner of blocksOf(inst)) visit(inner);
      if (inst.kind === 'pure' && rates.levelOf(inst.result) === level.lanes) continue;
      for (const v of operandsOf(inst)) scalar.add(v);
    }
  };
  visit(program.body);
  const values: Value[] = [];
  for (const [inst, { form }] of sweeps)
    if (inst.kind === 'load' && form.slope === 0 && inst.result.type === 'f32' && !scalar.has(inst.result))
      values.push(inst.result);
  return values;
}
