/**
 * Sums as gathers: one invocation per element of the target runs what each invocation that adds to it would have run.
 *
 *   target[j] = Σ over stencils s, over pieces p of s, of the contribution of invocation i = s⁻¹(j; p), where there is one
 *
 * After the shifted domains of PerforAD (Hückelheim et al. 2019), with conditions instead of remainder loops. The order of the terms
 * is that of the program, so the sum has the same bits each time.
 */

import { type Axis, axes, type IndexForms } from '../ir/analysis/index-form.ts';
import {
  add,
  constantPolynomial,
  monomialPolynomial,
  multiply,
  numberOf,
  type Polynomial,
  textOf,
} from '../ir/analysis/polynomial.ts';
import { Builder } from '../ir/builder.ts';
import type { Buffer, Inst, LocalArray, Program, Value } from '../ir/ir.ts';
import { simplify } from '../ir/passes/simplify.ts';
import { visit } from '../ir/traverse.ts';
import { dropBuffers } from '../transform/buffers.ts';
import type { Leaf, Stencil } from './inverse.ts';
import type { AtomValues, Source } from './numbers.ts';
import type { Piece } from './piecewise.ts';
import { type Effect, paste } from './slice.ts';
import { copied, countBuffers, countOf } from './uniform.ts';

/** A stencil, what it runs, and whether every invocation it finds is one of the launch (fits in inverse.ts). */
export interface Gathered {
  readonly stencil: Stencil;
  readonly part: Program;
  readonly covered: boolean;
}
export interface Target {
  readonly buffer: number;
  readonly stencils: readonly Gathered[];
  /** Where each invocation's contributions have been kept (Totals in events.ts); undefined: they are computed again. */
  readonly kept: { readonly wordOf: ReadonlyMap<Inst, number>; readonly read: Buffer } | undefined;
}

/** The program with buffers that it does not use left out; counts of the launch come from countBuffers. */
export function gatherProgram(source: Source, targets: readonly Target[]): Program {
  const { program } = source;
  const to = new Gatherer(source, targets);
  const body = to.b.block(() => {
    const j = to.b.builtin('globalX');
    for (const target of targets) to.target(target, j);
    return [];
  });
  const buffers = [...program.buffers, ...countBuffers, ...targets.flatMap(({ kept }) => kept?.read ?? [])];
  const whole = {
    ...program,
    name: `${program.name} gathered`,
    buffers,
    arrays: to.b.arrays,
    body,
    workgroupSize: [64, 1, 1] as const,
  };
  return dropBuffers(simplify(whole), (_, used) => used);
}

/** Who adds: its ids, and the digits that they are made of. */
interface Invocation {
  readonly ids: ReadonlyMap<string, Value>;
  readonly digits: ReadonlyMap<string, Value>;
}
type Add = (invocation: Invocation) => void;

class Gatherer {
  readonly b = new Builder();
  private readonly program: Program;
  private readonly forms: IndexForms;
  private readonly atoms: AtomValues;
  /** Numbers of the buffers of what is kept. */
  private readonly keptAt = new Map<Target, number>();

  constructor({ program, forms, atoms }: Source, targets: readonly Target[]) {
    const kept = targets.filter(t => t.kept);
    kept.forEach((t, k) => {
      this.keptAt.set(t, program.buffers.length + countBuffers.length + k);
    });
    this.program = program;
    this.forms = forms;
    this.atoms = atoms;
  }

  target(target: Target, j: Value): void {
    const { b } = this;
    const { buffer, stencils } = target;
    const { name, type } = this.program.buffers[buffer];
    const [{ stride }] = stencils[0].stencil.sums;
    const sum = b.localArray(name, type, stride);
    const touched = new Set<number>();
    for (const gathered of stencils) {
      for (const { offset } of gathered.stencil.sums) touched.add(offset);
      this.stencil(gathered, j, ids => this.add(target, gathered, ids, sum));
    }
    for (const offset of [...touched].sort((p, q) => p - q))
      b.store(buffer, j, stride, offset, b.arrayLoad(sum, b.u32(offset)));
  }

  private count(axis: string): Value {
    return countOf(this.b, axis, this.program.buffers.length);
  }

  /** A uniform polynomial, modulo 2³². */
  private uniform(p: Polynomial): Value {
    const { b } = this;
    let sum: Value | undefined;
    for (const { coefficient, factors } of p.values()) {
      let term = factors.length === 0 || coefficient !== 1 ? b.u32(coefficient) : undefined;
      for (const factor of factors) {
        const value = this.atom(factor);
        term = term ? b.pure('mul', [term, value]) : value;
      }
      if (term) sum = sum ? b.pure('add', [sum, term]) : term;
    }
    return sum ?? b.u32(0);
  }

  private atom(key: string): Value {
    if (key.startsWith('count')) return this.count(key);
    const v = this.atoms.get(key);
    if (!v) throw new Error(`gather: nothing is '${key}'.`);
    return this.as(
      'u32',
      copied(this.b, v, v => this.forms.define(v), this.program.buffers.length),
    );
  }

  private as(type: 'i32' | 'u32', v: Value): Value {
    return v.type === type ? v : this.b.pure('convert', [v], type);
  }

  private stencil(gathered: Gathered, j: Value, add: Add): void {
    const { b } = this;
    const { leaves, constant } = gathered.stencil;
    const tests: Value[] = [];
    let rest = j;
    if (constant.size > 0) {
      const c = this.uniform(constant);
      rest = b.pure('sub', [j, c]);
      const asked = !gathered.covered && leaves.length === 1 && numberOf(leaves[0].stride) === 1;
      if (!asked && !this.isNegative(constant)) tests.push(b.pure('ge', [this.as('i32', j), this.as('i32', c)]));
    }
    const values: Value[] = [];
    for (let k = leaves.length - 1; k >= 0; k--) {
      const unit = numberOf(leaves[k].stride) === 1;
      if (unit) values[k] = rest;
      else {
        const stride = this.uniform(leaves[k].stride);
        values[k] = b.pure('div', [rest, stride]);
        rest = b.pure('rem', [rest, stride]);
        if (k === 0) tests.push(b.pure('eq', [rest, b.u32(0)]));
      }
    }
    this.choose(gathered, values, 0, new Map(), tests, add);
  }

  private isNegative(p: Polynomial): boolean {
    return [...p.values()].every(
      ({ coefficient, factors }) => coefficient < 0 && factors.every(f => this.forms.atoms.get(f)?.natural),
    );
  }

  /** For each piece of leaf k and those after it. */
  private choose(
    gathered: Gathered,
    values: readonly Value[],
    k: number,
    digits: ReadonlyMap<string, Value>,
    tests: readonly Value[],
    add: Add,
  ): void {
    const { b } = this;
    const { leaves } = gathered.stencil;
    if (k === leaves.length) {
      this.contribute(gathered, digits, tests, add);
      return;
    }
    const leaf = leaves[k];
    const room = roomOf(leaves, k);
    const go = (q: Value, more: readonly Value[]) =>
      this.choose(gathered, values, k + 1, new Map(digits).set(leaf.digit.key, q), more, add);
    for (const piece of leaf.pieces) {
      if (piece.sign === 0) {
        const here = b.pure('eq', [values[k], this.uniform(piece.at)]);
        this.guarded([...tests, here], () => this.all(leaf, piece, q => go(q, [])));
      } else {
        const own: Value[] = [];
        const q = this.inverted(piece, values[k], gathered.covered, room, own);
        go(q, [...tests, ...own]);
      }
    }
  }

  /** The digit for which the piece has the value, and what must hold for it. */
  private inverted(
    { sign, at, wrap, lows, highs }: Piece,
    value: Value,
    covered: boolean,
    room: Polynomial | undefined,
    tests: Value[],
  ): Value {
    const { b } = this;
    let q = value;
    let bound = room;
    if (wrap) {
      const { modulus, plus } = wrap;
      const base = plus.size > 0 ? b.pure('sub', [value, this.uniform(plus)]) : value;
      const m = this.uniform(modulus);
      if (!covered && (!room || textOf(room) !== textOf(modulus))) tests.push(b.pure('lt', [base, m]));
      const back = this.back(at, modulus);
      q = back ? b.pure('rem', [b.pure('add', [base, back]), m]) : base;
      bound = modulus;
    } else if (sign === -1) {
      q = b.pure('sub', [this.uniform(at), value]);
      bound = undefined;
    } else if (at.size > 0) {
      q = b.pure('sub', [value, this.uniform(at)]);
      bound = undefined;
    }
    for (const low of lows)
      if (low.size > 0) tests.push(b.pure('ge', [this.as('i32', q), this.as('i32', this.uniform(low))]));
    for (const high of highs)
      if (!bound || textOf(bound) !== textOf(high)) tests.push(b.pure('lt', [q, this.uniform(high)]));
    return q;
  }

  /** −at mod m, not negative; undefined for 0. */
  private back(at: Polynomial, modulus: Polynomial): Value | undefined {
    const offset = numberOf(at);
    if (offset === 0) return undefined;
    for (const times of [1, 2]) {
      const left = numberOf(add(multiply(modulus, constantPolynomial(times)), at, -1));
      if (left !== undefined && left >= 0) return left === 0 ? undefined : this.b.u32(left);
    }
    const { b } = this;
    const m = this.uniform(modulus);
    return b.pure('sub', [m, offset === undefined ? b.pure('rem', [this.uniform(at), m]) : b.u32(offset)]);
  }

  /** Every digit of a constant piece. */
  private all(leaf: Leaf, { lows, highs }: Piece, body: (q: Value) => void): void {
    const { b } = this;
    const [low, high] = [lows, highs].map((list, k) => {
      const extents = k === 1 ? [...list.map(p => this.uniform(p)), this.extent(leaf)] : list.map(p => this.uniform(p));
      const signed = extents.map(v => this.as('i32', v));
      return signed.reduce((p, q) => b.pure(k === 0 ? 'max' : 'min', [p, q]));
    });
    b.while(
      [low],
      ([q]) => b.pure('lt', [q, high]),
      ([q]) => {
        body(this.as('u32', q));
        return [b.pure('add', [q, b.const('i32', 1)])];
      },
    );
  }

  /** ⌈count / low⌉ */
  private extent({ digit }: Leaf): Value {
    const { b } = this;
    const { base, low } = digit.digit ?? { base: '', low: { coefficient: 1, factors: [] } };
    const count = this.count(base);
    if (low.factors.length === 0 && low.coefficient === 1) return count;
    const step = this.uniform(monomialPolynomial(low));
    return b.pure('div', [b.pure('add', [count, b.pure('sub', [step, b.u32(1)])]), step]);
  }

  private guarded(tests: readonly Value[], body: () => void): void {
    const { b } = this;
    if (tests.length === 0) {
      body();
      return;
    }
    const cond = tests.reduce((p, q) => b.pure('and', [p, q]));
    const nothing = () => [];
    const then = () => {
      body();
      return [];
    };
    b.if(cond, then, nothing);
  }

  /** Runs the invocation with these digits. */
  private contribute(
    { stencil, covered }: Gathered,
    digits: ReadonlyMap<string, Value>,
    tests: readonly Value[],
    add: Add,
  ): void {
    const { b } = this;
    const ids = new Map<string, Value>();
    const conditions = [...tests];
    for (const axis of axes) {
      const id = this.idOf(axis, stencil.leaves, digits);
      ids.set(axis, id ?? b.u32(0));
      if (id && !covered) conditions.push(b.pure('lt', [id, this.count(axis)]));
    }
    this.guarded(conditions, () => add({ ids, digits }));
  }

  /** Adds what the invocation contributes: runs it, or fetches what it kept. */
  private add(target: Target, { stencil, part }: Gathered, { ids, digits }: Invocation, sum: LocalArray): void {
    const { b } = this;
    const plus = (offset: number, value: Value): void => {
      const at = b.u32(offset);
      b.arrayStore(sum, at, b.pure('add', [b.arrayLoad(sum, at), value]));
    };
    const from = this.keptAt.get(target);
    if (from !== undefined) {
      const [x, y, z] = axes.map(axis => ids.get(axis) ?? b.u32(0));
      const [nx, ny, nz] = axes.map(axis => this.count(axis));
      const id = b.pure('add', [x, b.pure('mul', [nx, b.pure('add', [y, b.pure('mul', [ny, z])])])]);
      const all = b.pure('mul', [b.pure('mul', [nx, ny]), nz]);
      const words = new Map(stencil.sums.map(s => [target.kept?.wordOf.get(s) ?? 0, s.offset]));
      for (const [word, offset] of words)
        plus(offset, b.load('f32', from, b.pure('add', [b.pure('mul', [all, b.u32(word)]), id])));
      return;
    }
    const given = new Map<Value, Value>();
    visit(part.body, inst => {
      if (inst.kind === 'builtin') given.set(inst.result, ids.get(inst.name) ?? this.count(inst.name));
      if (inst.kind !== 'pure' || (inst.result.type !== 'i32' && inst.result.type !== 'u32')) return;
      const form = this.forms.formOf(inst.result);
      const [m] = form.values();
      const known = form.size === 1 && m.coefficient === 1 && m.factors.length === 1;
      const digit = known ? digits.get(m.factors[0]) : undefined;
      if (digit) given.set(inst.result, this.as(inst.result.type, digit));
    });
    const effect = (inst: Effect): void => {
      if (inst.kind === 'scatterAdd') plus(inst.offset, inst.value);
    };
    paste(b, part, { given, effect });
  }

  /** Σ low · digit */
  private idOf(axis: Axis, leaves: readonly Leaf[], digits: ReadonlyMap<string, Value>): Value | undefined {
    const { b } = this;
    let id: Value | undefined;
    for (const { digit } of leaves) {
      const q = digits.get(digit.key);
      if (digit.digit?.base !== axis || !q) continue;
      const { low } = digit.digit;
      const unit = low.coefficient === 1 && low.factors.length === 0;
      const term = unit ? q : b.pure('mul', [q, this.uniform(monomialPolynomial(low))]);
      id = id ? b.pure('add', [id, term]) : term;
    }
    return id;
  }
}

/** Value k is below this: the ratio of the next stride to its own, where that is plain. */
function roomOf(leaves: readonly Leaf[], k: number): Polynomial | undefined {
  if (k + 1 >= leaves.length) return undefined;
  const [own, next] = [leaves[k].stride, leaves[k + 1].stride];
  if (numberOf(own) === 1) return next;
  const [a, b] = [numberOf(own), numberOf(next)];
  return a !== undefined && b !== undefined && b % a === 0 ? constantPolynomial(b / a) : undefined;
}
