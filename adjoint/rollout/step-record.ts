/**
 * One step of a rollout, recorded by itself.
 *
 * Inside the step older gradients are invisible; tracked are only the state's leaves and the captured variables: tensors
 * that the step's function did not make and that somebody outside is differentiating with respect to.
 */

import {
  backward,
  type Cotangents,
  collecting,
  currentMode,
  forward,
  inMode,
  isTracked,
  leaf,
  type Mode,
  nextTrace,
  releaseAll,
  type Target,
  type Tensor,
  Trace,
} from '../../kernel/index.ts';

/** From the leaves of a state, followed by those of a step's inputs, to the leaves of the next state. */
export type StepLeaves = (leaves: readonly Tensor[], step: number) => readonly Tensor[];

/** The captured variables of a rollout: found while its steps first run, known afterwards. */
export class Captured {
  readonly tensors: Tensor[] = [];
  private readonly known = new Set<unknown>();
  private readonly enclosing: Mode = currentMode();

  private has({ node, slot }: Tensor): boolean {
    return node !== undefined && this.tensors.some(t => t.node === node && t.slot === slot);
  }

  /** Whether it is, or just became, a captured variable. */
  private find(tensor: Tensor): boolean {
    const { node } = tensor;
    if (this.known.has(node) && this.has(tensor)) return true;
    if (!inMode(this.enclosing, () => isTracked(tensor))) return false;
    this.known.add(node);
    this.tensors.push(tensor.alias(true));
    return true;
  }

  /** Runs unrecorded, and takes note of what would have been. */
  watch<T>(run: () => T): T {
    const captured = (tensor: Tensor): boolean => this.find(tensor) && false;
    return inMode({ floor: nextTrace(), frames: [], captured }, run);
  }

  /** Runs unrecorded. */
  ignore<T>(run: () => T): T {
    return inMode({ floor: nextTrace(), frames: [], captured: undefined }, run);
  }

  /** Runs recorded for the trace alone; `finding`: new captured variables may turn up. */
  record<T>(trace: Trace, finding: boolean, run: () => T): T {
    const captured = (tensor: Tensor): boolean => (finding ? this.find(tensor) : this.has(tensor));
    return inMode({ floor: trace.id, frames: [trace], captured }, run);
  }

  /** Runs recorded for the trace and for whatever is being recorded already. */
  recordAlso<T>(trace: Trace, run: () => T): T {
    const outer = currentMode();
    const captured = (tensor: Tensor): boolean => (outer.captured?.(tensor) ?? false) || this.has(tensor);
    return inMode({ floor: outer.floor, frames: [...outer.frames, trace], captured }, run);
  }

  /** Gives up the hold on the variables' memory; which they are stays known. */
  settle(): void {
    for (const tensor of this.tensors) tensor.dispose();
  }

  targets(): Target[] {
    return this.tensors.map(({ node, slot }) => ({ node: node as NonNullable<typeof node>, slot }));
  }
}

export class StepRecord {
  readonly outputs: readonly Tensor[] = [];
  private readonly trace: Trace;
  private readonly targets: readonly Target[];
  private readonly captured: Captured;
  /** What the step made: a loop inside it runs its own steps again, which use what they captured. */
  private readonly made: Tensor[] = [];

  /**
   * Runs the step, recorded.
   *
   * @param given Leaves of the state and of the step's inputs. They stay the caller's.
   * @param wanted By position, whether adjoints and tangents of a leaf are asked for.
   */
  constructor(
    run: StepLeaves,
    given: readonly Tensor[],
    wanted: (position: number) => boolean,
    step: number,
    captured: Captured,
    finding: boolean,
  ) {
    this.trace = new Trace();
    this.captured = captured;
    const leaves = given.map((x, k) => (wanted(k) ? leaf(x, this.trace) : x.alias(false)));
    this.made.push(...leaves);
    this.targets = leaves.flatMap(({ node }) => (node ? [{ node, slot: 0 }] : []));
    try {
      this.outputs = captured.record(this.trace, finding, () =>
        collecting(this.made, () => run(leaves, step).map(out => out.alias(true))),
      );
    } catch (error) {
      this.release();
      throw error;
    }
    this.trace.close();
  }

  /** Adjoints of the leaves wanted, and of the captured variables. */
  backward(bars: Cotangents): { leaves: Cotangents; captured: Cotangents } {
    const all = backward(this.outputs, bars, [...this.targets, ...this.captured.targets()]);
    return { leaves: all.slice(0, this.targets.length), captured: all.slice(this.targets.length) };
  }

  /** Tangents of the next state, for those of the leaves wanted and of the captured variables. */
  forward(leaves: Cotangents, captured: Cotangents): Cotangents {
    return forward(this.outputs, [...this.targets, ...this.captured.targets()], [...leaves, ...captured]);
  }

  release(): void {
    for (const out of this.outputs) out.dispose();
    releaseAll(this.made);
    this.trace.finish();
  }
}
