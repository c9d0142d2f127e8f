/**
 * The record of what was computed from what. It hangs on the tensors: a tracked tensor knows the node that made it.
 *
 *   trace   one gradient in the making; it opens leaves, and everything computed from a leaf while it is open is recorded
 *   node    one recorded call: its inputs (as they were), and the rules that carry adjoints back and tangents forth
 *
 * Several traces may be open, one inside another (a gradient of a gradient) or side by side (asynchronous losses):
 * a node belongs to each open trace that its inputs belong to, and is released with the last of these.
 */

import { scoped } from '../device/scope.ts';
import type { Tensor } from './tensor.ts';

export type Cotangents = readonly (Tensor | undefined)[];

/** How a node is differentiated. undefined stands for zero. */
export interface Rule {
  /** For messages: the kernel's or operation's name, and the names of its inputs. */
  readonly name: string;
  readonly inputNames?: readonly string[] | undefined;
  /**
   * Which inputs' words the rules read, as far as it depends on which are tracked; the words of others are not kept for them. Undefined: all,
   * and perhaps those of tensors that the rules have captured.
   */
  readonly reads?: readonly number[] | ((tracked: readonly boolean[]) => readonly number[]) | undefined;
  /** Adjoints of the inputs that are wanted, from adjoints of the outputs. */
  vjp(inputs: readonly Tensor[], bars: Cotangents, wanted: readonly boolean[]): Cotangents;
  /** Tangents of the outputs, from tangents of the inputs. */
  jvp(inputs: readonly Tensor[], dots: Cotangents): Cotangents;
  /** Computes the outputs again from the inputs, all of which it reads, unrecorded: then they need not be kept for who reads them. */
  readonly again?: ((inputs: readonly Tensor[]) => readonly Tensor[]) | undefined;
  /** Called when nobody can differentiate the node any more. */
  release?(): void;
}

let nodes = 0;
let traces = 0;

const openTraces = new Set<Trace>();

export class Trace {
  readonly id: number = traces++;
  private nodes: Node[] = [];

  constructor() {
    openTraces.add(this);
  }

  /** While open, what is computed from its leaves is recorded. */
  get open(): boolean {
    return openTraces.has(this);
  }

  /** Ends recording; sweeps over the record begin here. */
  close(): void {
    openTraces.delete(this);
  }

  add(node: Node): void {
    this.nodes.push(node);
  }

  /** Whether its rules need no tensors but what the nodes keep. */
  get selfContained(): boolean {
    return this.nodes.every(({ rule }) => rule.reads !== undefined);
  }

  /** Ends recording and lets go of everything recorded for this trace alone. */
  finish(): void {
    this.close();
    const { nodes } = this;
    this.nodes = [];
    for (const node of nodes) node.letGo();
  }
}

export class Node {
  /** Increases in the order of making, so it is a topological order. */
  readonly id: number = nodes++;
  readonly rule: Rule;
  /** Which inputs' words the rule reads; undefined: all. */
  readonly reads: readonly number[] | undefined;
  /** Aliases that keep the memory of what the rule reads and cannot be computed again; one that is not tracked has lost its node. */
  inputs: readonly Tensor[];
  readonly traces: readonly Trace[];
  private holders: number;
  private readonly dependent: boolean;

  constructor(rule: Rule, inputs: readonly Tensor[], traces: readonly Trace[], reads?: readonly number[]) {
    this.rule = rule;
    this.reads = reads;
    this.inputs = inputs;
    this.dependent = inputs.length > 0;
    this.traces = traces;
    this.holders = traces.length;
    for (const trace of traces) trace.add(this);
  }

  letGo(): void {
    if (--this.holders > 0) return;
    for (const input of this.inputs) input.dispose();
    this.inputs = [];
    this.rule.release?.();
  }

  /** Whether what it depended on is forgotten; a leaf that depended on nothing is a constant for who comes later. */
  get released(): boolean {
    return this.holders === 0 && this.dependent;
  }

  /** @throws Error if an input was written to since it was recorded, or the record is gone. */
  check(): void {
    const { name, inputNames } = this.rule;
    if (this.released)
      throw new Error(`grad: the record of ${name} was released when its gradient was done; compute the value again.`);
    this.inputs.forEach((input, k) => {
      if (isGivenBack(input)) return;
      if (input.memory.version !== input.version)
        throw new Error(
          `grad: ${inputNames?.[k] ? `'${inputNames[k]}' of ${name}` : `an input of ${name}`} was written to after ${name} read it; ` +
            'a gradient needs the values that were read. Write before the launch, or make a new tensor.',
        );
    });
  }
}

/**
 * What is being recorded. `floor`: traces older than this are ignored. `captured` is asked about a tensor that no younger
 * trace knows; it may answer that the tensor is to be tracked all the same, as a captured variable of `frames`.
 */
export interface Mode {
  readonly floor: number;
  readonly frames: readonly Trace[];
  readonly captured: ((tensor: Tensor) => boolean) | undefined;
}

let mode: Mode = { floor: 0, frames: [], captured: undefined };

/** Runs a synchronous function in another mode. */
export function inMode<T>(next: Mode, run: () => T): T {
  const outer = mode;
  mode = next;
  try {
    return run();
  } finally {
    mode = outer;
  }
}

export const currentMode = (): Mode => mode;

const counts = (trace: Trace): boolean => trace.open && trace.id >= mode.floor;

/** Whether anything that runs now could be recorded. */
export const isRecording = (): boolean => mode.frames.length > 0 || [...openTraces].some(counts);

/** How many gradients, one of another, what runs now is recorded for. */
export function derivativesInTheMaking(): number {
  return new Set([...mode.frames, ...[...openTraces].filter(counts)]).size;
}

/** Whether what is computed from the tensor must be recorded. */
export function isTracked(tensor: Tensor): boolean {
  const { node } = tensor;
  if (node === undefined) return false;
  return node.traces.some(counts) || (mode.captured?.(tensor) ?? false);
}

/** The next trace's number: a mode whose floor this is ignores every trace there is. */
export const nextTrace = (): number => traces;

function tracesOf(inputs: readonly Tensor[], tracked: readonly boolean[]): readonly Trace[] {
  let all: readonly Trace[] | undefined;
  let copied: Trace[] | undefined;
  inputs.forEach((input, k) => {
    if (!tracked[k] || !input.node) return;
    const { traces } = input.node;
    if (all === undefined && traces.every(counts)) all = traces;
    else if (traces !== all) {
      copied ??= [...(all ?? [])];
      all = copied;
      for (const trace of traces) if (counts(trace) && !copied.includes(trace)) copied.push(trace);
    }
  });
  for (const frame of mode.frames) if (!all?.includes(frame)) all = [...(all ?? []), frame];
  return all ?? [];
}

export const isGivenBack = (input: Tensor): boolean => input.hold.memory === undefined;

/** Whether a tensor can be computed again for as long as any of the traces may ask. */
function comesAgain({ node }: Tensor, traces: readonly Trace[]): boolean {
  if (!node?.rule.again || !traces.every(trace => node.traces.includes(trace))) return false;
  return node.inputs.every(input => !isGivenBack(input) || comesAgain(input, traces));
}

/** Records a call if one of its inputs is tracked. The node, to be given to each of its outputs. */
export function record(rule: Rule, inputs: readonly Tensor[]): Node | undefined {
  let tracked: boolean[] | undefined;
  for (let k = 0; k < inputs.length; k++)
    if (inputs[k].node !== undefined && isTracked(inputs[k])) {
      tracked ??= new Array<boolean>(inputs.length).fill(false);
      tracked[k] = true;
    }
  if (tracked === undefined) return undefined;
  const reads = typeof rule.reads === 'function' ? rule.reads(tracked) : rule.reads;
  const traces = tracesOf(inputs, tracked);
  const saved = inputs.map((input, k) => {
    const alias = input.alias(tracked?.[k] ?? false);
    if (reads && !(reads.includes(k) && !comesAgain(alias, traces))) alias.dispose();
    return alias;
  });
  return new Node(rule, saved, traces, reads);
}

/**
 * Like scoped, unless a record is being made: a rule may run the user's functions again, which use what they captured then,
 * so tensors made meanwhile live as long as the record does.
 */
export const bounded = <T>(run: () => T, survivors: (result: T) => Iterable<Tensor>): T =>
  isRecording() ? run() : scoped(run, survivors);

const identity: Rule = { name: 'leaf', reads: [], vjp: (_, bars) => bars, jvp: (_, dots) => dots };

/** A tensor that shows the same values and is a leaf of the trace; through it, older traces still see what it was made from. */
export function leaf(tensor: Tensor, trace: Trace): Tensor {
  const tracked = isTracked(tensor);
  const inputs = tracked ? [tensor.alias(true)] : [];
  const result = tensor.alias(false);
  result.node = new Node(identity, inputs, tracked ? [trace, ...tracesOf([tensor], [true])] : [trace]);
  return result;
}
