/**
 * Emitter: the builder that lowering writes through. Constants and builtins are emitted once, before everything else;
 * integer and bool arithmetic on constants is folded; mutable variables are slots, and structured control flow turns
 * what was assigned in a branch into results of the `if`, and what was assigned in a loop into parameters of the `while`.
 *
 * A while takes every live slot as a parameter; those that come out of the body as they went in are dropped when the loop is
 * complete, and a final renaming (finish) replaces them by their initial values: the trivial φ removal of
 * Braun et al., Simple and Efficient Construction of Static Single Assignment Form (2013), for structured code.
 */

import { Builder } from '../builder.ts';
import type { Block, BuiltinName, Inst, PureOp, ScalarType, Value } from '../ir.ts';
import { substitute } from '../traverse.ts';
import { foldInteger, isComparison, negationOf } from './fold.ts';

/** A mutable scalar variable: its current value. */
export interface Slot {
  readonly id: number;
  current: Value;
}

/** Deeper control flow is refused: WGSL compilers refuse it, and the passes are recursive. */
const deepest = 100;
const mostEffort = 600_000;

export class Emitter extends Builder {
  /** Called when there are too many instructions or levels, to throw. */
  private readonly tooLarge: (what: string) => never;
  private readonly budget: number;
  private emitted = 0;
  private effort = 0;
  private depth = 0;
  private readonly prologue: Inst[] = [];
  private readonly constants: Readonly<Record<ScalarType, Map<number | '-0', Value>>> = {
    f32: new Map(),
    i32: new Map(),
    u32: new Map(),
    bool: new Map(),
  };
  private readonly numbers = new Map<Value, number>();
  private readonly definitions = new Map<Value, { readonly op: PureOp; readonly args: readonly Value[] }>();
  private readonly builtins = new Map<BuiltinName, Value>();
  private readonly replaced = new Map<Value, Value>();
  private live: Slot[] = [];
  private slots = 0;
  private readonly logs: Map<Slot, Value>[] = [];

  constructor(budget: number, tooLarge: (what: string) => never) {
    super();
    this.budget = budget;
    this.tooLarge = tooLarge;
  }

  override push(inst: Inst): void {
    if (++this.emitted > this.budget) this.tooLarge(`more than ${this.budget} instructions`);
    super.push(inst);
  }

  /** Counts work that leaves no instructions behind: calls of empty functions, copies of variables. */
  spend(work: number): void {
    this.effort += work;
    if (this.effort > mostEffort) this.tooLarge('too many steps to follow');
  }

  override const(type: ScalarType, value: number): Value {
    const known = this.constants[type];
    const key = Object.is(value, -0) ? '-0' : value;
    let result = known.get(key);
    if (!result) {
      this.emitted++;
      result = this.value(type);
      known.set(key, result);
      this.numbers.set(result, value);
      this.prologue.push({ kind: 'const', result, value });
    }
    return result;
  }

  override builtin(name: BuiltinName): Value {
    let result = this.builtins.get(name);
    if (!result) {
      result = this.value('u32');
      this.builtins.set(name, result);
      this.prologue.push({ kind: 'builtin', name, result });
    }
    return result;
  }

  /** The number a value is known to be. */
  constantOf(value: Value): number | undefined {
    return this.numbers.get(value);
  }

  override pure(op: PureOp, args: readonly Value[], type?: ScalarType): Value {
    if (op === 'select' && args[1] === args[2]) return args[1];
    const inner = op === 'not' ? this.definitions.get(args[0]) : undefined;
    if (inner?.op === 'not' && args[0].type === 'bool') return inner.args[0];
    const opposite = inner && negationOf(inner.op, inner.args);
    if (inner && opposite) return this.pure(opposite, inner.args);
    const folded = foldInteger(op, args, type, v => this.numbers.get(v));
    if (typeof folded === 'object') return folded;
    if (folded !== undefined) return this.const(type ?? (isComparison(op) ? 'bool' : args[0].type), folded);
    const result = super.pure(op, args, type);
    if (result.type === 'bool') this.definitions.set(result, { op, args });
    return result;
  }

  /** A new variable, live until the enclosing region ends. */
  slot(initial: Value): Slot {
    this.spend(1);
    const slot = { id: this.slots++, current: initial };
    this.live.push(slot);
    return slot;
  }

  assign(slot: Slot, value: Value): void {
    this.spend(1);
    const log = this.logs.at(-1);
    if (log && !log.has(slot)) log.set(slot, slot.current);
    slot.current = value;
  }

  /** Runs `fill`; variables made in it end with it. */
  scope<T>(fill: () => T): T {
    const height = this.live.length;
    const result = fill();
    this.live.length = height;
    return result;
  }

  /** Runs `fill` in a block of its own; gives what it assigned to earlier variables, which get their old values back. */
  private region(fill: () => readonly Value[]): { block: Block; assigned: Map<Slot, Value> } {
    if (++this.depth > deepest) this.tooLarge(`more than ${deepest} levels of nested control flow`);
    const first = this.slots;
    const log = new Map<Slot, Value>();
    this.logs.push(log);
    const block = this.block(() => this.scope(fill));
    this.logs.pop();
    this.depth--;
    const assigned = new Map<Slot, Value>();
    for (const [slot, before] of log) {
      if (slot.id < first) assigned.set(slot, slot.current);
      slot.current = before;
    }
    return { block, assigned };
  }

  private find(value: Value): Value {
    let v = value;
    for (let next = this.replaced.get(v); next; next = this.replaced.get(v)) v = next;
    return v;
  }

  /** if (cond) { then } else { otherwise }, both for their effects and assignments. */
  branch(cond: Value, then: () => void, otherwise: () => void): void {
    const known = this.numbers.get(this.find(cond));
    if (known !== undefined) {
      this.scope(known ? then : otherwise);
      return;
    }
    const at = this.at;
    const a = this.region(() => {
      then();
      return [];
    });
    const b = this.region(() => {
      otherwise();
      return [];
    });
    this.at = at;
    const changed = [...new Set([...a.assigned.keys(), ...b.assigned.keys()])].sort((x, y) => x.id - y.id);
    const merges = changed.map(slot => ({
      slot,
      then: a.assigned.get(slot) ?? slot.current,
      else: b.assigned.get(slot) ?? slot.current,
    }));
    const phis = merges.filter(m => this.find(m.then) !== this.find(m.else));
    const results = phis.map(m => this.value(m.then.type));
    const thenBlock = { body: a.block.body, yields: phis.map(m => m.then) };
    const elseBlock = { body: b.block.body, yields: phis.map(m => m.else) };
    if (thenBlock.body.length || elseBlock.body.length || phis.length) {
      if (!thenBlock.body.length && !phis.length) {
        this.push({ kind: 'if', cond: this.pure('not', [cond]), then: elseBlock, else: thenBlock, results });
      } else this.push({ kind: 'if', cond, then: thenBlock, else: elseBlock, results });
    }
    for (const m of merges) {
      const k = phis.indexOf(m);
      this.assign(m.slot, k < 0 ? m.then : results[k]);
    }
  }

  /** A value computed in one of two arms. */
  choose(cond: Value, then: () => Value, otherwise: () => Value, initial: Value): Value {
    return this.scope(() => {
      const slot = this.slot(initial);
      this.branch(
        cond,
        () => this.assign(slot, then()),
        () => this.assign(slot, otherwise()),
      );
      return slot.current;
    });
  }

  /** while (cond) { body }; cond assigns nothing. */
  loop(cond: () => Value, body: () => void): void {
    const at = this.at;
    const slots = [...this.live];
    this.spend(slots.length);
    const init = slots.map(slot => slot.current);
    const params = slots.map(slot => this.value(slot.current.type));
    slots.forEach((slot, k) => {
      slot.current = params[k];
    });
    const condition = this.region(() => [cond()]);
    const { block, assigned } = this.region(() => {
      body();
      return [];
    });
    const yields = slots.map((slot, k) => assigned.get(slot) ?? params[k]);
    this.at = at;
    const kept: number[] = [];
    slots.forEach((slot, k) => {
      slot.current = init[k];
      const out = this.find(yields[k]);
      if (out === params[k] || out === this.find(init[k])) this.replaced.set(params[k], init[k]);
      else kept.push(k);
    });
    const pick = (values: readonly Value[]): readonly Value[] => kept.map(k => values[k]);
    const results = kept.map(k => this.value(init[k].type));
    this.push({
      kind: 'while',
      init: pick(init),
      params: pick(params),
      cond: condition.block,
      body: { body: block.body, yields: pick(yields) },
      results,
    });
    kept.forEach((k, position) => {
      this.assign(slots[k], results[position]);
    });
  }

  private effects(fill: () => void): Block {
    return this.block(() => {
      fill();
      return [];
    });
  }

  /** Emits before everything else, for tables that all uses share. */
  first(fill: () => void): void {
    this.prologue.push(...this.effects(fill).body);
  }

  /** The finished body: prologue, then what `fill` emits, with dropped parameters replaced. */
  finish(fill: () => void): Block {
    const { body } = this.effects(fill);
    return substitute({ body: [...this.prologue, ...body], yields: [] }, v => this.find(v));
  }
}
