/**
 * What of a program varies along a row of invocations: for each value its level (form.ts), and for each integer its form.
 *
 * Loop variables start as alike for all lanes and are taken back until nothing changes. In a loop or an `if` that only some lanes
 * run, what does not depend on the lane is still one number for all that do; only what leaves it is not.
 */

import {
  type Block,
  type BuiltinName,
  type Const,
  type If,
  type Inst,
  operandsOf,
  type Program,
  type Pure,
  type PureOp,
  type Value,
  type While,
} from '../../../ir/ir.ts';
import { ValueMap } from '../../../ir/value-map.ts';
import {
  type Atom,
  atomForm,
  baseOf,
  combine,
  constantForm,
  type Form,
  formKey,
  isConstant,
  type Level,
  level,
  levelOf,
  rowForm,
  scaled,
  type Test,
  termsKey,
} from './form.ts';
import { findSweeps, type Sweep, splatted } from './sweeps.ts';

/** Shorter pieces of a row than this are not worth a segment each. */
const shortestPiece = 32;
/** Neighbours up to this distance across a border. */
const nearest = 64;
/** Operations that add to a form nothing that it does not hold itself. */
const linear = new Set<PureOp>(['add', 'sub', 'neg', 'mul', 'shl', 'convert', 'bitcast']);
/** Longest chain of operations in the code of a segment. */
const deepest = 100;
/** More tests than this cost more to prepare than they save. */
const mostTests = 24;

export class Rates {
  private readonly levels = new ValueMap<Level>();
  private readonly forms = new ValueMap<Form>();
  private readonly tests = new ValueMap<{ readonly test: Test; readonly truth: boolean }>();
  private readonly definitions = new ValueMap<Inst>();
  private readonly program: Program;
  private readonly testKeys = new Set<string>();
  private readonly names = new Map<string, string>();
  /** Steps from a segment's first numbers to a value of the segment. */
  private readonly depths = new ValueMap<number>();
  /** Remainders by what they are the remainders of: their divisor and their constant. */
  private readonly digits = new Map<string, { readonly by: string; readonly constant: number }>();

  private readonly sweeps: ReadonlyMap<Inst, Sweep>;

  constructor(program: Program) {
    this.program = program;
    this.walk(program.body);
    this.sweeps = findSweeps(program, this);
    for (const v of splatted(program, this.sweeps, this)) this.set(v, level.lanes);
  }

  levelOf(v: Value): Level {
    return this.levels.get(v) ?? level.lanes;
  }
  /** Of an integer whose dependence on x is known. */
  formOf(v: Value): Form | undefined {
    return this.forms.get(v);
  }
  /** The test that a segment's condition is, and which outcome makes it true. */
  testOf(v: Value): { readonly test: Test; readonly truth: boolean } | undefined {
    return this.tests.get(v);
  }
  sweepOf(inst: Inst): Sweep | undefined {
    return this.sweeps.get(inst);
  }
  definitionOf(v: Value): Inst | undefined {
    return this.definitions.get(v);
  }
  /** A vector that is x times a number plus what is known before the loop: made wherever it is used. */
  isLine(v: Value): boolean {
    const form = this.forms.get(v);
    return form !== undefined && form.slope !== 0 && levelOf(form) <= level.segment;
  }

  private set(v: Value, rate: Level, form?: Form): void {
    this.levels.set(v, rate);
    if (form) this.forms.set(v, form);
    else if (this.forms.has(v)) this.forms.delete(v);
  }
  /** A value of its own. */
  private own(v: Value, rate: Level): void {
    const integer = v.type === 'i32' || v.type === 'u32';
    this.set(v, rate, integer && rate < level.lanes ? atomForm(valueAtom(v, rate)) : undefined);
  }

  private walk(block: Block): void {
    for (const inst of block.body) {
      if ('result' in inst) this.definitions.set(inst.result, inst);
      switch (inst.kind) {
        case 'const':
          this.constant(inst);
          break;
        case 'builtin':
          if (inst.name === 'globalX') this.set(inst.result, level.lanes, rowForm);
          else this.own(inst.result, builtinLevel(inst.name));
          break;
        case 'pure':
          this.pure(inst);
          break;
        case 'length':
          this.own(inst.result, level.launch);
          break;
        case 'load': {
          const rate = this.levelOf(inst.index);
          const fixed = this.program.buffers[inst.buffer].access === 'read';
          this.own(inst.result, fixed || rate === level.lanes ? rate : level.body);
          break;
        }
        case 'arrayLoad':
        case 'atomic':
          this.own(inst.result, level.lanes);
          break;
        case 'if':
          this.if(inst);
          break;
        case 'while':
          this.while(inst);
          break;
      }
    }
  }

  private constant({ result, value }: Const): void {
    this.set(result, level.launch, result.type === 'f32' || result.type === 'bool' ? undefined : constantForm(value));
  }

  private if(inst: If): void {
    this.walk(inst.then);
    this.walk(inst.else);
    const cond = this.levelOf(inst.cond);
    inst.results.forEach((v, k) => {
      this.definitions.set(v, inst);
      const [a, b] = [inst.then.yields[k], inst.else.yields[k]];
      const deep = this.isDeep(v, [inst.cond, a, b], 1);
      const merged = cond <= level.segment && !deep && this.choose(this.conditionOf(inst.cond), a, b);
      if (merged) this.settle(v, merged, level.segment);
      else if (cond === level.lanes) this.own(v, level.lanes);
      else this.own(v, Math.max(level.body, this.levelOf(a), this.levelOf(b)) as Level);
    });
  }

  private while(inst: While): void {
    const start = (v: Value): Level => (this.levelOf(v) === level.lanes ? level.lanes : level.body);
    inst.params.forEach((v, k) => {
      this.own(v, start(inst.init[k]));
    });
    for (let changed = true; changed; ) {
      changed = false;
      this.walk(inst.cond);
      this.walk(inst.body);
      inst.params.forEach((v, k) => {
        if (this.levelOf(v) === level.lanes || this.levelOf(inst.body.yields[k]) !== level.lanes) return;
        this.own(v, level.lanes);
        changed = true;
      });
    }
    const some = this.levelOf(inst.cond.yields[0]) === level.lanes;
    inst.results.forEach((v, k) => {
      this.definitions.set(v, inst);
      this.own(v, some ? level.lanes : this.levelOf(inst.params[k]));
    });
  }

  private pure(inst: Pure): void {
    const { result } = inst;
    const most = operandsOf(inst).reduce<Level>((rate, v) => Math.max(rate, this.levelOf(v)) as Level, 0);
    const deep = this.isDeep(result, inst.args, most === level.lanes && linear.has(inst.op) ? 0 : 1);
    const operands = deep && most === level.segment ? level.body : most;
    if (deep && operands > level.row) this.own(result, operands);
    else if (result.type === 'bool') this.bool(inst, operands);
    else if (result.type === 'f32' || operands <= level.row) {
      this.own(result, operands);
      const form = result.type !== 'f32' && this.derive(inst);
      if (form) this.set(result, operands, form);
    } else {
      const form = this.derive(inst);
      if (form) this.settle(result, form, operands);
      else this.own(result, operands);
    }
  }

  /** A value that has a form; what cancels to a number per iteration cannot be computed as one, its operands being vectors. */
  private settle(v: Value, form: Form, operands: Level): void {
    const rate = levelOf(form);
    if (form.slope !== 0) this.set(v, level.lanes, form);
    else if (rate <= level.segment && operands !== level.body) this.set(v, level.segment, form);
    else if (operands <= level.body) this.set(v, operands, form);
    else this.own(v, level.lanes);
  }

  /** A short name for a key: keys hold those of what they are made of. */
  private name(key: string): string {
    let name = this.names.get(key);
    if (name === undefined) {
      name = `#${this.names.size}`;
      this.names.set(key, name);
    }
    return name;
  }

  /** What a segment needs is emitted on demand, so long chains are left to the body. */
  private isDeep(result: Value, args: readonly Value[], step: number): boolean {
    const depth = step + Math.max(...args.map(v => this.depths.get(v) ?? 0));
    this.depths.set(result, depth);
    return depth > deepest;
  }

  private bool(inst: Pure, operands: Level): void {
    const { result, op, args } = inst;
    const [a, b] = args;
    if (operands === level.lanes && args.length === 2 && a.type !== 'f32' && a.type !== 'bool') {
      const [f, g] = [this.forms.get(a), this.forms.get(b)];
      const test = f && g && this.compare(op, f, g, a.type === 'i32');
      if (test) {
        this.tests.set(result, test);
        this.set(result, level.segment);
        return;
      }
    }
    this.set(result, operands);
  }

  private compare(op: string, a: Form, b: Form, signed: boolean): { test: Test; truth: boolean } | undefined {
    const kind = op === 'eq' || op === 'ne' ? 'equal' : 'less';
    const swap = op === 'gt' || op === 'le';
    const [first, second] = swap ? [b, a] : [a, b];
    const test = this.test(kind, first, second, signed);
    return test && { test, truth: op === 'lt' || op === 'gt' || op === 'eq' };
  }

  private test(kind: 'less' | 'equal', first: Form, second: Form, signed: boolean): Test | undefined {
    const steep = (slope: number) => Math.abs(slope) > 1;
    if (steep(first.slope) || steep(second.slope) || steep(first.slope - second.slope)) return undefined;
    if (levelOf(first) > level.segment || levelOf(second) > level.segment) return undefined;
    const key = this.name(`${kind}${signed ? 's' : 'u'}${formKey(first)}${formKey(second)}`);
    if (this.testKeys.size >= mostTests && !this.testKeys.has(key)) return undefined;
    this.testKeys.add(key);
    return { kind, key, first, second, signed };
  }

  private conditionOf(v: Value): { test: Test; truth: boolean } {
    return this.tests.get(v) ?? { test: { kind: 'value', key: `v${v.id}`, value: v }, truth: true };
  }

  /** The form of a where the condition holds, of b elsewhere; if only one of them moves with x, that one, and the segment ends. */
  private choose({ test, truth }: { test: Test; truth: boolean }, a: Value, b: Value): Form | undefined {
    const [f, g] = [this.forms.get(a), this.forms.get(b)];
    if (!f || !g || levelOf(f) > level.segment || levelOf(g) > level.segment) return undefined;
    if (f.slope === g.slope) {
      const [ifTrue, ifFalse] = truth ? [baseOf(f), baseOf(g)] : [baseOf(g), baseOf(f)];
      const key = this.name(`choice(${test.key}${formKey(ifTrue)}${formKey(ifFalse)})`);
      const base = atomForm({ kind: 'choice', key, level: level.segment, test, ifTrue, ifFalse });
      return { ...base, slope: f.slope };
    }
    const moving = g.slope === 0 ? f : f.slope === 0 ? g : undefined;
    if (!moving || Math.abs(moving.slope) !== 1) return undefined;
    const wanted = truth === (moving === f);
    const key = this.name(`assert(${test.key}${wanted})`);
    const assertion: Atom = { kind: 'assertion', key, level: level.segment, test, truth: wanted };
    return combine(moving, 1, atomForm(assertion), 1);
  }

  private derive(inst: Pure): Form | undefined {
    const [a, b] = inst.args;
    const [f, g] = inst.args.map(v => this.forms.get(v));
    const signed = inst.result.type === 'i32';
    if (inst.op === 'select') {
      if (this.levelOf(a) > level.segment) return undefined;
      return this.levelOf(inst.args[1]) <= level.row && this.levelOf(inst.args[2]) <= level.row
        ? undefined
        : this.choose(this.conditionOf(a), inst.args[1], inst.args[2]);
    }
    if (!f) return undefined;
    const number = g && isConstant(g) ? g.constant : undefined;
    switch (inst.op) {
      case 'add':
        return g && combine(f, 1, g, 1);
      case 'sub':
        return g && combine(f, 1, g, -1);
      case 'neg':
        return scaled(f, -1);
      case 'convert':
      case 'bitcast':
        return a.type === 'bool' ? undefined : f;
      case 'mul':
        if (number !== undefined) return scaled(f, number);
        if (isConstant(f)) return g && scaled(g, f.constant);
        return g && (this.multiple(f, g) ?? this.multiple(g, f));
      case 'shl':
        return number === undefined ? undefined : scaled(f, 1 << (number & 31));
      case 'shr':
        return signed || number === undefined
          ? undefined
          : this.divide('div', f, constantForm(2 ** (number & 31)), signed);
      case 'and':
        if (signed || number === undefined || number <= 0 || (number & (number + 1)) !== 0) return undefined;
        return this.divide('rem', f, constantForm(number + 1), signed);
      case 'div':
      case 'rem':
        return g && this.divide(inst.op, f, g, signed);
      case 'min':
      case 'max':
        return g && f.slope !== g.slope ? this.limit(inst.op, a, b, f, g, signed) : undefined;
      default:
        return undefined;
    }
  }

  private divide(op: 'div' | 'rem', of: Form, by: Form, signed: boolean): Form | undefined {
    if (of.slope !== 1 || by.slope !== 0 || levelOf(of) > level.segment || levelOf(by) > level.segment)
      return undefined;
    if (isConstant(by) && by.constant < shortestPiece) return undefined;
    const near = this.nearDigit(op, of, by, signed);
    if (near) return near;
    const atom = this.quotient('quotient', of, by, signed);
    if (op === 'div') return atom;
    const digit = isConstant(by)
      ? combine(of, 1, atom, -by.constant)
      : combine(of, 1, this.quotient('product', of, by, signed), -1);
    this.digits.set(lineKey(digit), { by: formKey(by), constant: digit.constant });
    return digit;
  }
  private quotient(kind: 'quotient' | 'product', of: Form, by: Form, signed: boolean): Form {
    const key = this.name(`${kind}${signed ? 's' : 'u'}(${formKey(of)}${formKey(by)})`);
    return atomForm({ kind, key, level: level.segment, of, by, signed });
  }

  /** (digit + c) mod W and (digit + W − c) mod W, c small: the digit itself ± c, as long as that is between 0 and W. */
  private nearDigit(op: 'div' | 'rem', of: Form, by: Form, signed: boolean): Form | undefined {
    for (const wraps of [0, 1]) {
      const inner = combine(of, 1, by, -wraps);
      const digit = this.digits.get(lineKey(inner));
      if (digit?.by !== formKey(by) || Math.abs(inner.constant - digit.constant) > nearest) continue;
      const key = this.name(`inside${formKey(inner)}${formKey(by)}`);
      const test: Test = { kind: 'inside', key, first: inner, second: by, signed };
      const assertion = atomForm({ kind: 'assertion', key, level: level.segment, test, truth: true });
      return combine(op === 'rem' ? inner : constantForm(wraps), 1, assertion, 1);
    }
    return undefined;
  }

  /** ⌊u / W⌋ · W, as remainders have it. */
  private multiple(f: Form, g: Form): Form | undefined {
    const [term] = f.terms.values();
    if (f.slope !== 0 || f.constant !== 0 || f.terms.size !== 1 || term.coefficient !== 1) return undefined;
    const { atom } = term;
    if (atom.kind !== 'quotient' || formKey(atom.by) !== formKey(g)) return undefined;
    return this.quotient('product', atom.of, atom.by, atom.signed);
  }

  private limit(op: 'min' | 'max', a: Value, b: Value, f: Form, g: Form, signed: boolean): Form | undefined {
    const fixed = f.slope === 0 ? f : g;
    if (op === 'min' && isConstant(fixed) && fixed.constant < shortestPiece) return undefined;
    // min = second < first ? second : first; max = first < second ? second : first
    const test = op === 'min' ? this.test('less', g, f, signed) : this.test('less', f, g, signed);
    return test && this.choose({ test, truth: true }, b, a);
  }
}

const lineKey = (form: Form): string => `${form.slope} ${termsKey(form)}`;

const valueAtom = (value: Value, rate: Level): Atom => ({ kind: 'value', key: `v${value.id}`, level: rate, value });

const builtinLevel = (name: BuiltinName): Level =>
  /^(count|groups)/.test(name) ? level.launch : /[YZ]$/.test(name) ? level.row : level.lanes;
