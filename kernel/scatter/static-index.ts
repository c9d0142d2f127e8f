/**
 * Sums whose indices do not depend on floats: which they are, and how an invocation counts them.
 *
 * An event is one visit of the sums at one index in one block: x[j] += f with f a vec3f is one event of three words. What decides
 * how many events an invocation has, and where each adds, comes from ids, counts and integer inputs alone, so it can be found
 * out before the launch and kept. A branch on a float counts the events of both its arms; those not taken add zero.
 */

import {
  type Block,
  blocksOf,
  type Inst,
  type LocalArray,
  operandsOf,
  type Program,
  resultsOf,
  type ScatterAdd,
  type Value,
} from '../ir/ir.ts';

/** Sums of one event. */
export type Event = readonly ScatterAdd[];

/** Buffers with the same events: one list of them serves all. */
export interface Bundle {
  readonly buffers: readonly number[];
  readonly events: readonly Event[];
  /** Of each event: its words (buffer, offset) in the order in which they are kept. */
  readonly words: readonly Word[];
  /** Some events have not all of the words, or are not always visited: what is kept must start at zero. */
  readonly sparse: boolean;
}
export interface Word {
  readonly buffer: number;
  readonly stride: number;
  readonly offset: number;
}

/** Values, arrays and branches that depend on floats, on outputs, or on what other invocations do. */
export interface Fluid {
  readonly values: ReadonlySet<Value>;
  readonly conditions: ReadonlySet<Inst>;
}

export function fluidOf(program: Program): Fluid {
  const values = new Set<Value>();
  const arrays = new Set<LocalArray>();
  const conditions = new Set<Inst>();
  let changed = true;
  const spoil = <T>(set: Set<T>, item: T): void => {
    if (set.has(item)) return;
    set.add(item);
    changed = true;
  };
  function visit(block: Block, under: boolean): void {
    for (const inst of block.body) {
      const bad = operandsOf(inst).some(v => values.has(v));
      const results = resultsOf(inst);
      switch (inst.kind) {
        case 'load': {
          const { access, type } = program.buffers[inst.buffer];
          if (bad || access === 'write' || type === 'f32') spoil(values, inst.result);
          break;
        }
        case 'atomic':
          spoil(values, inst.result);
          break;
        case 'arrayLoad':
          if (bad || arrays.has(inst.array)) spoil(values, inst.result);
          break;
        case 'arrayStore':
        case 'arrayFill':
          if (bad || under) spoil(arrays, inst.array);
          break;
        case 'arrayCopy':
          if (bad || under || arrays.has(inst.source)) spoil(arrays, inst.target);
          break;
        case 'if': {
          const decided = values.has(inst.cond);
          if (decided) spoil(conditions, inst);
          visit(inst.then, under || decided);
          visit(inst.else, under || decided);
          results.forEach((v, k) => {
            if (decided || values.has(inst.then.yields[k]) || values.has(inst.else.yields[k])) spoil(values, v);
          });
          break;
        }
        case 'while': {
          const decided = conditions.has(inst) || values.has(inst.cond.yields[0]);
          if (decided) spoil(conditions, inst);
          inst.params.forEach((v, k) => {
            if (values.has(inst.init[k]) || values.has(inst.body.yields[k])) spoil(values, v);
            if (decided || values.has(v)) spoil(values, inst.results[k]);
          });
          visit(inst.cond, under || decided);
          visit(inst.body, under || decided);
          break;
        }
        default:
          if (bad) for (const v of results) spoil(values, v);
      }
    }
  }
  while (changed) {
    changed = false;
    visit(program.body, false);
  }
  return { values, conditions };
}

/** The events of the sums into one buffer, in program order; undefined where they cannot be told beforehand. */
function eventsOf(
  program: Program,
  buffer: number,
  fluid: Fluid,
): { readonly events: readonly ScatterAdd[][]; readonly branched: boolean } | undefined {
  const events: ScatterAdd[][] = [];
  let possible = true;
  let branched = false;
  let stride: number | undefined;
  function scan(block: Block, flat: boolean): void {
    const open = new Map<Value, ScatterAdd[]>();
    for (const inst of block.body) {
      if (inst.kind === 'scatterAdd' && inst.buffer === buffer) {
        stride ??= inst.stride;
        if (fluid.values.has(inst.index) || inst.stride !== stride) possible = false;
        if (flat) branched = true;
        let event = open.get(inst.index);
        if (!event || event.some(sum => sum.offset === inst.offset)) {
          event = [];
          events.push(event);
          open.set(inst.index, event);
        }
        event.push(inst);
      }
      if (inst.kind !== 'if' && inst.kind !== 'while') continue;
      const inside = flat || fluid.conditions.has(inst);
      // How often a loop runs that a float decides cannot be told; nor whether one ends that a float may keep from running.
      if (inside && inst.kind === 'while' && holds(inst, buffer)) possible = false;
      if (inst.kind === 'if' && inside && !flat && holds(inst, buffer) && loops(inst)) possible = false;
      for (const inner of blocksOf(inst)) scan(inner, inside);
    }
  }
  scan(program.body, false);
  return possible ? { events, branched } : undefined;
}

const holds = (inst: Inst, buffer: number): boolean =>
  blocksOf(inst).some(block =>
    block.body.some(inner => (inner.kind === 'scatterAdd' && inner.buffer === buffer) || holds(inner, buffer)),
  );

const loops = (inst: Inst): boolean => inst.kind === 'while' || blocksOf(inst).some(block => block.body.some(loops));

/** The bundles of these buffers; those whose events cannot be told are left out. */
export function bundlesOf(program: Program, buffers: readonly number[], fluid: Fluid): Bundle[] {
  const block = new Map<ScatterAdd, Block>();
  const note = (b: Block): void => {
    for (const inst of b.body) {
      if (inst.kind === 'scatterAdd') block.set(inst, b);
      for (const inner of blocksOf(inst)) note(inner);
    }
  };
  note(program.body);
  const groups: { events: ScatterAdd[][]; buffers: number[]; branched: boolean }[] = [];
  for (const buffer of buffers) {
    const own = eventsOf(program, buffer, fluid);
    if (!own) continue;
    const alike = groups.find(
      ({ events }) =>
        events.length === own.events.length &&
        events.every(([a], k) => a.index === own.events[k][0].index && block.get(a) === block.get(own.events[k][0])),
    );
    if (!alike) {
      groups.push({ events: own.events.map(event => [...event]), buffers: [buffer], branched: own.branched });
      continue;
    }
    alike.buffers.push(buffer);
    own.events.forEach((event, k) => {
      alike.events[k].push(...event);
    });
  }
  return groups.map(({ events, buffers: own, branched }) => {
    const words = own.flatMap(buffer => {
      const sums = events.flat().filter(sum => sum.buffer === buffer);
      const offsets = [...new Set(sums.map(sum => sum.offset))].sort((a, b) => a - b);
      return offsets.map((offset): Word => ({ buffer, stride: sums[0].stride, offset }));
    });
    return { buffers: own, events, words, sparse: branched || events.some(event => event.length < words.length) };
  });
}
