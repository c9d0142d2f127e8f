/** Blocks of IR as WGSL statements: each value a `let`, loop parameters and results of `if` a `var`. */

import { KernelError } from '../../error.ts';
import { type SharedLoad, uniformity } from '../../ir/analysis/uniformity.ts';
import type {
  ArrayCopy,
  ArrayFill,
  ArrayLoad,
  Block,
  Builtin,
  BuiltinName,
  Const,
  If,
  Inst,
  Length,
  Load,
  LocalArray,
  Program,
  Pure,
  ScatterAdd,
  Store,
  Value,
  While,
} from '../../ir/ir.ts';
import { arraysOf } from '../../ir/ir.ts';
import { sharedAngles } from '../../ir/math/expand.ts';
import {
  arrayLoaded,
  arrayRead,
  arrayStored,
  arrayType,
  arrayWrite,
  emitAtomic,
  guarded,
  isValue,
  loaded,
  read,
  type Scope,
  wordOf,
  write,
  zeroOf,
} from './emit-memory.ts';
import { type FormulaOp, formulaName, isCheap, literal, pureExpression } from './emit-pure.ts';
import { type Layout, observed, type Place, toldNumbers } from './layout.ts';
import type { Usage } from './usage.ts';
import type { Known } from './variants.ts';

// biome-ignore format: a table
const builtins: Readonly<Record<BuiltinName, string>> = {
  globalX: 'id.x', globalY: 'id.y', globalZ: 'id.z',
  localX: 'localId.x', localY: 'localId.y', localZ: 'localId.z', localIndex: 'lane',
  workgroupX: 'tile.x', workgroupY: 'tile.y', workgroupZ: 'tile.z',
  groupsX: 'launch.groups.x', groupsY: 'launch.groups.y', groupsZ: 'launch.groups.z',
  countX: 'launch.count.x', countY: 'launch.count.y', countZ: 'launch.count.z',
};

const longest = 6;
const isShort = ({ then, else: otherwise }: If): boolean => {
  const insts = [...then.body, ...otherwise.body];
  return insts.length <= longest && insts.every(i => i.kind === 'const' || (i.kind === 'pure' && isCheap(i)));
};

const outermost = '  ';

/** Ways through a loop up to which its branches are written plainly. */
const mostWays = 2 ** 12;

/** Ways through a block; a loop within it is counted for itself. */
const waysThrough = ({ body }: Block): number =>
  body.reduce(
    (ways, inst) =>
      inst.kind === 'if' && !isShort(inst) ? ways * (waysThrough(inst.then) + waysThrough(inst.else)) : ways,
    1,
  );

/** Tint stops at 127 nested statements; `if` and its block are two. */
const deepest = 60;

export class BlockEmitter implements Scope {
  readonly program: Program;
  readonly usage: Usage;
  readonly layout: Layout;
  readonly known: Known;
  readonly lines: string[] = [];
  /** Functions of emit-math.ts that were called. */
  readonly helpers: Set<string> = new Set();
  /** What functions of emit-function.ts compute. */
  readonly formulas: Set<FormulaOp> = new Set();
  /** Numbers of which the block being written takes both sine and cosine, and the variable of both once it is written. */
  private angles: ReadonlyMap<Value, { pair?: string }> = new Map();
  private readonly uniformLoads: ReadonlySet<Inst>;
  private readonly hoisted = new Map<string, string>();
  /** Values that share the variable of another: the results of a loop are its parameters. */
  private readonly aliases = new Map<Value, string>();
  private readonly constants = new Map<Value, number>();
  /** Constants of which the shader is told, and where. */
  private readonly told: ReadonlyMap<Value, number>;
  /** Arrays that are still as they began, since nothing before has mentioned them. */
  private readonly unused: Set<LocalArray>;
  private indent = outermost;
  /** Whether many ways lead through the loop being written. */
  private hasManyWays = false;

  constructor(program: Program, usage: Usage, layout: Layout, known: Known) {
    this.program = program;
    this.usage = usage;
    this.layout = layout;
    this.known = known;
    this.told = new Map(toldNumbers(program).map(({ result }, k) => [result, k]));
    this.unused = new Set(program.arrays.filter(({ space }) => space === 'function'));
    this.uniformLoads = usage.barriers ? uniformity(program).loads : new Set();
  }

  name(value: Value): string {
    return this.aliases.get(value) ?? `v${value.id}`;
  }
  line(text: string): void {
    this.lines.push(this.indent + text);
  }
  hoist(name: string, expression: string): string {
    this.hoisted.set(name, expression);
    return name;
  }

  /** Names that the body relies on. */
  preamble(): string[] {
    return [...this.hoisted].map(([name, text]) => `  let ${name} = ${text};`);
  }

  block(block: Block): void {
    const outer = this.angles;
    this.angles = new Map([...sharedAngles(block)].map(angle => [angle, {}]));
    for (const inst of block.body) this.inst(inst);
    this.angles = outer;
  }

  /** Sine or cosine by one function for both, which reduces their angle once. */
  private ofPair({ op, args: [angle], result }: Pure): string | undefined {
    const shared = op === 'sin' || op === 'cos' ? this.angles.get(angle) : undefined;
    if (!shared) return undefined;
    if (shared.pair === undefined) {
      shared.pair = `pair${result.id}`;
      this.formulas.add('sinCos');
      this.line(`let ${shared.pair} = ${formulaName('sinCos')}(${this.name(angle)});`);
    }
    return `${shared.pair}.${op === 'sin' ? 'x' : 'y'}`;
  }

  private inner(inst: If | While, fill: () => void): void {
    const outer = this.indent;
    this.indent += '  ';
    if (this.indent.length / 2 > deepest)
      throw new KernelError(this.program.name, this.program.source, [
        {
          message: `blocks stand ${deepest} deep in each other here, and a WebGPU shader compiler may allow no more.`,
          at: inst.at,
          remedy: 'Join conditions with &&, or run this kernel on the CPU.',
        },
      ]);
    fill();
    this.indent = outer;
  }

  private inst(inst: Inst): void {
    const clears = inst.kind === 'arrayFill' && Object.is(this.constants.get(inst.value), 0);
    if (clears && this.unused.has(inst.array) && this.indent === outermost) return; // it begins with zeros
    for (const array of arraysOf(inst)) this.unused.delete(array);
    if (inst.kind === 'store') this.store(inst);
    else if (inst.kind === 'scatterAdd') this.scatterAdd(inst);
    else if (inst.kind === 'arrayStore') this.line(arrayStored(this, inst));
    else if (inst.kind === 'arrayFill') this.fill(inst);
    else if (inst.kind === 'arrayCopy') this.copy(inst);
    else if (inst.kind === 'if') this.if(inst);
    else if (inst.kind === 'while') this.while(inst);
    else if (inst.kind === 'barrier') {
      this.line('storageBarrier();');
      this.line('workgroupBarrier();');
    } else if (this.uniformLoads.has(inst)) this.uniformLoad(inst as SharedLoad);
    else if (inst.kind === 'atomic') emitAtomic(this, inst);
    else this.line(`let ${this.name(inst.result)} = ${this.expression(inst)};`);
  }

  private expression(inst: Const | Builtin | Pure | Load | Length | ArrayLoad): string {
    switch (inst.kind) {
      case 'const': {
        const number = this.told.get(inst.result);
        if (number !== undefined) return `launch.number${number}`;
        this.constants.set(inst.result, inst.value);
        return literal(inst.result.type, inst.value);
      }
      case 'builtin':
        return builtins[inst.name];
      case 'pure': {
        const ofPair = this.ofPair(inst);
        if (ofPair) return ofPair;
        const args = inst.args.map(v => this.name(v));
        const exponent = this.constants.get(inst.args[1]);
        const need = (helper: string) => this.helpers.add(helper);
        return pureExpression(inst, args, exponent, need, op => this.formulas.add(op));
      }
      case 'load':
        return loaded(this, inst);
      case 'length':
        return `launch.length${inst.buffer}${inst.stride > 1 ? ` / ${inst.stride}u` : ''}`;
      case 'arrayLoad':
        return arrayLoaded(this, inst, at => arrayRead(this, inst.array, at));
    }
  }

  private place(buffer: number): Place {
    return this.layout.places.get(buffer) as Place;
  }

  /** Whether this pass leaves out what is written to a buffer. */
  private skips(buffer: number): boolean {
    return this.layout.pass === 'exponents' && !observed(this.usage.buffers[buffer]);
  }

  private store(inst: Store): void {
    if (this.skips(inst.buffer)) return;
    const word = wordOf(this, inst);
    const { value, buffer } = inst;
    this.line(guarded(word, write(buffer, this.place(buffer), word.at, this.name(value), value.type)));
  }

  private scatterAdd(inst: ScatterAdd): void {
    const value = this.name(inst.value);
    if (this.usage.buffers[inst.buffer].shared) {
      const word = wordOf(this, inst);
      this.line(guarded(word, `addToSum(launch.sums${inst.buffer} + ${word.at}, ${value});`));
      return;
    }
    if (this.skips(inst.buffer)) return;
    const word = wordOf(this, inst);
    const place = this.place(inst.buffer);
    const sum = `${read(inst.buffer, place, word.at, 'f32')} + ${value}`;
    this.line(guarded(word, write(inst.buffer, place, word.at, sum, 'f32')));
  }

  /** Zeros are one value of the whole array where it is not long: software drivers compile a loop many times slower. */
  private fill({ array, value }: ArrayFill): void {
    if (isValue(this, array) && Object.is(this.constants.get(value), 0)) {
      this.line(`array${array.id} = ${arrayType(this.usage, array)}();`);
      return;
    }
    this.line(`for (var k = 0u; k < ${array.length}u; k++) { ${arrayWrite(this, array, 'k', this.name(value))} }`);
  }

  /** Elements beyond either array: read as 0, not written. */
  private copy({ target, targetStart, source, sourceStart, length }: ArrayCopy): void {
    const isWhole = length === source.length && length === target.length;
    const fromStarts = [targetStart, sourceStart].every(v => this.constants.get(v) === 0);
    if (isWhole && fromStarts && isValue(this, source) && isValue(this, target)) {
      this.line(`array${target.id} = array${source.id};`);
      return;
    }
    const [to, from] = [this.name(targetStart), this.name(sourceStart)];
    const word = arrayRead(this, source, `min(${from} + k, ${Math.max(1, source.length) - 1}u)`);
    const value = `select(${zeroOf(source.type)}, ${word}, ${from} + k < ${source.length}u)`;
    this.line(`for (var k = 0u; k < ${length}u; k++) {`);
    this.line(`  if (${to} + k < ${target.length}u) { ${arrayWrite(this, target, `${to} + k`, value)} }`);
    this.line('}');
  }

  /** A WGSL compiler must be told, or else it refuses barriers in whatever depends on such a load. */
  private uniformLoad(inst: SharedLoad): void {
    const { array, index } = inst.kind === 'atomic' ? inst.target : inst;
    const load: ArrayLoad = { kind: 'arrayLoad', array, index, result: inst.result };
    const value = arrayLoaded(this, load, at => `workgroupUniformLoad(&array${array.id}[${at}])`);
    this.line(`let ${this.name(inst.result)} = ${value};`);
  }

  private arm(inst: If, block: Block): void {
    this.inner(inst, () => {
      this.block(block);
      inst.results.forEach((result, k) => {
        this.line(`${this.name(result)} = ${this.name(block.yields[k])};`);
      });
    });
  }

  /**
   * An arm that is two blocks longer than written. SwiftShader looks for the way around a loop breadth first and puts what is
   * reached from both arms in its queue twice if the arms are equally long: it takes as many steps as there are ways.
   */
  private longerArm(inst: If, block: Block): void {
    this.inner(inst, () => {
      this.line('switch launch.zero { default: {');
      this.arm(inst, block);
      this.line('} }');
    });
  }

  private if(inst: If): void {
    if (isShort(inst)) {
      // Both arms, then a choice: drivers would do the same, and compile variables more slowly than values.
      this.block(inst.then);
      this.block(inst.else);
      inst.results.forEach((result, k) => {
        const [ifTrue, ifFalse] = [inst.then, inst.else].map(arm => this.name(arm.yields[k]));
        this.line(`let ${this.name(result)} = select(${ifFalse}, ${ifTrue}, ${this.name(inst.cond)});`);
      });
      return;
    }
    for (const result of inst.results) this.line(`var ${this.name(result)}: ${result.type};`);
    const longer = waysThrough(inst.then) < waysThrough(inst.else) ? inst.else : inst.then;
    const write = (block: Block): void =>
      this.hasManyWays && block === longer ? this.longerArm(inst, block) : this.arm(inst, block);
    this.line(`if (${this.name(inst.cond)}) {`);
    write(inst.then);
    if (inst.else.body.length > 0 || inst.results.length > 0) {
      this.line('} else {');
      write(inst.else);
    }
    this.line('}');
  }

  private while(inst: While): void {
    inst.params.forEach((param, k) => {
      this.line(`var ${this.name(param)} = ${this.name(inst.init[k])};`);
      this.aliases.set(inst.results[k], this.name(param));
    });
    const outer = this.hasManyWays;
    this.hasManyWays = waysThrough(inst.body) > mostWays;
    this.line('loop {');
    this.inner(inst, () => {
      this.block(inst.cond);
      this.line(`if (!${this.name(inst.cond.yields[0])}) { break; }`);
      this.block(inst.body);
      this.advance(inst);
    });
    this.line('}');
    this.hasManyWays = outer;
  }

  /** All parameters change at once: one that is the next value of another is copied before it is overwritten. */
  private advance({ params, body }: While): void {
    const own = new Set(params.map(p => this.name(p)));
    const next = body.yields.map((v, k) => {
      const name = this.name(v);
      if (!own.has(name) || name === this.name(params[k])) return name;
      this.line(`let next${params[k].id} = ${name};`);
      return `next${params[k].id}`;
    });
    params.forEach((param, k) => {
      if (next[k] !== this.name(param)) this.line(`${this.name(param)} = ${next[k]};`);
    });
  }
}
