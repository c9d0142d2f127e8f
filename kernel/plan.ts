/**
 * What a launch needs to know of a program, worked out once: which buffers are read and written, what it compiled to on each
 * backend, and its tangent and adjoint programs for each choice of inputs and outputs.
 */

import type { Backend, Executable } from './backend/backend.ts';
import { type Usage, usageOf } from './ir/analysis/footprint.ts';
import { adjointName, type Block, type Buffer, blocksOf, type Program, tangentName } from './ir/ir.ts';
import { forwardStores } from './ir/passes/forward-stores.ts';
import { simplify } from './ir/passes/simplify.ts';
import { adjoint } from './transform/adjoint.ts';
import { readInputs } from './transform/read-inputs.ts';
import { tangent } from './transform/tangent.ts';
import type { Count } from './words.ts';

/** Where a derived program's input comes from: the k-th input of the original, or the k-th adjoint or tangent. */
export interface Source {
  readonly from: 'input' | 'seed';
  readonly position: number;
}

/** A derived program, and for each of its inputs where it comes from, for each output which input or output it belongs to. */
export interface Derived {
  readonly plan: Plan;
  readonly sources: readonly Source[];
  readonly targets: readonly number[];
}

let plans = 0;

export class Plan {
  readonly id: number = plans++;
  /** The program as it was given: with its loops, if it is a draft. */
  readonly draft: Program;
  /** Input and output buffers, in the program's order, and where in program.buffers they are. */
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  readonly inputNames: readonly string[];
  readonly slots: readonly { readonly write: boolean; readonly position: number }[];
  /** Whether it has sums, which can run in several ways. */
  readonly sums: boolean;
  private readonly executables = new Map<Backend, Executable>();
  private readonly readBy = new Map<number, readonly number[]>();
  private readonly tangents = new Map<number, Derived>();
  private readonly adjoints = new Map<number, Derived>();
  /** Loads each word of its inputs at most once, so that they may be computed there instead. */
  readsOnce = false;
  /** Whether a GPU compiles it as it was drafted and is told its u32 constants: see `moving`. */
  general = false;
  /** Whether gradients compute its outputs again instead of keeping them. */
  recomputed = false;
  private differentiable: Program | undefined;
  private words: Usage | undefined;
  private simple: Program | undefined;

  /** @param draft Whether the program is to be simplified, once it runs by itself. */
  constructor(program: Program, draft = false) {
    this.draft = program;
    this.simple = draft ? undefined : program;
    this.reads = program.buffers.filter(b => b.access === 'read');
    this.writes = program.buffers.filter(b => b.access === 'write');
    this.inputNames = this.reads.map(b => b.name);
    this.sums = hasSums(program.body);
    let reads = 0;
    let writes = 0;
    this.slots = program.buffers.map(({ access }) =>
      access === 'write' ? { write: true, position: writes++ } : { write: false, position: reads++ },
    );
  }

  get program(): Program {
    this.simple ??= simplify(this.draft);
    return this.simple;
  }
  get name(): string {
    return this.draft.name;
  }
  /** Which words it touches. */
  get usage(): Usage {
    this.words ??= usageOf(this.draft);
    return this.words;
  }

  /** @param count Of the launch that it is for. */
  executable(backend: Backend, count?: Count): Executable {
    let found = this.executables.get(backend);
    if (!found) {
      const general = this.general && backend.kind === 'webgpu';
      found = backend.compile(general ? { ...this.draft, general } : this.program, count);
      this.executables.set(backend, found);
    }
    return found;
  }

  /** Only single-assignment form can be differentiated: reads of outputs become values first. */
  private source(): Program {
    if (!this.differentiable) {
      const program = simplify(forwardStores(this.program));
      const buffers = program.buffers.map(b => ({ ...b, name: this.alias(b) }));
      this.differentiable = { ...program, buffers };
    }
    return this.differentiable;
  }

  /** The name that a buffer is differentiated under. What is itself an adjoint or tangent gets one that no derived name can equal. */
  private alias({ name }: Buffer): string {
    return /[~']/.test(name) ? `${name.replaceAll('~', '¯').replaceAll("'", '˙')}${this.slotOf(name)}` : name;
  }
  private slotOf(name: string): number {
    return this.draft.buffers.findIndex(b => b.name === name);
  }

  /** Tangents of all float outputs, for tangents of the inputs that are active. */
  tangent(active: readonly boolean[]): Derived {
    const key = bits(active);
    let found = this.tangents.get(key);
    if (!found) {
      const names = this.reads.filter((_, k) => active[k]).map(b => this.alias(b));
      const plan = new Plan(simplify(tangent(this.source(), new Set(names))));
      found = this.link(plan, this.reads, this.writes, tangentName);
      this.tangents.set(key, found);
    }
    return found;
  }

  /** Adjoints of the inputs that are active, for adjoints of the outputs that are seeded. */
  adjoint(active: readonly boolean[], seeded: readonly boolean[]): Derived {
    const key = bits(active) * 2 ** this.writes.length + bits(seeded);
    let found = this.adjoints.get(key);
    if (!found) {
      const inputs = this.reads.filter((_, k) => active[k]).map(b => this.alias(b));
      const outputs = this.writes.filter((_, k) => seeded[k]).map(b => this.alias(b));
      const plan = new Plan(simplify(adjoint(this.source(), new Set(inputs), new Set(outputs))));
      found = this.link(plan, this.writes, this.reads, adjointName);
      this.adjoints.set(key, found);
    }
    return found;
  }

  /** Inputs whose words derivatives with respect to the active ones read. */
  readByDerivatives(active: readonly boolean[]): readonly number[] {
    const key = bits(active);
    let found = this.readBy.get(key);
    if (!found) {
      const { buffers } = this.draft;
      const names = this.reads.filter((_, k) => active[k]).map(b => b.name);
      const read = readInputs(this.draft, new Set(names));
      const inputs = buffers.flatMap(({ access }, k) => (access === 'read' ? [read[k]] : []));
      found = inputs.flatMap((isRead, k) => (isRead ? [k] : []));
      this.readBy.set(key, found);
    }
    return found;
  }

  private link(
    plan: Plan,
    seeds: readonly Buffer[],
    targets: readonly Buffer[],
    rename: (name: string) => string,
  ): Derived {
    const inputAt = new Map(this.reads.map((b, k) => [this.alias(b), k]));
    const seedAt = new Map(seeds.map((b, k) => [rename(this.alias(b)), k]));
    const targetAt = new Map(targets.map((b, k) => [rename(this.alias(b)), k]));
    const at = (map: ReadonlyMap<string, number>, name: string): number => {
      const position = map.get(name);
      if (position === undefined) throw new Error(`${plan.name}: nothing corresponds to buffer '${name}'`);
      return position;
    };
    const sources = plan.reads.map(({ name }): Source => {
      const position = inputAt.get(name);
      return position === undefined ? { from: 'seed', position: at(seedAt, name) } : { from: 'input', position };
    });
    return { plan, sources, targets: plan.writes.map(b => at(targetAt, b.name)) };
  }
}

const hasSums = (block: Block): boolean =>
  block.body.some(inst => inst.kind === 'scatterAdd' || blocksOf(inst).some(hasSums));

const bits = (flags: readonly boolean[]): number => flags.reduce((sum, flag, k) => (flag ? sum + 2 ** k : sum), 0);
