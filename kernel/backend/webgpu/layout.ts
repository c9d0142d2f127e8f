/**
 * Which buffers a pass binds, and how: one binding each, or several packed into an arena where bindings run out.
 *
 * WebGPU guarantees 8 storage buffers to a shader; the adjoint of a kernel with 7 inputs wants 15. The smallest buffers
 * are packed (fixed sizes first), since an arena is filled and emptied by copies around the launch: first inputs, then outputs.
 * Each kind has one arena at most, because outputs must be bound writable and one buffer may not be bound both ways.
 */

import type { Buffer, Const, Program } from '../../ir/ir.ts';
import { visit } from '../../ir/traverse.ts';
import type { Usage } from './usage.ts';

/**
 * whole      the only pass of a program without shared sums
 * exponents  first of two: finds the largest exponent added to each word
 * sums       second of two: adds in fixed point, does all stores
 */
export type Pass = 'whole' | 'exponents' | 'sums';

export type Element = 'f32' | 'i32' | 'u32' | 'atomic<u32>' | 'atomic<i32>';

/** Buffers that a shader sees through one variable, or, where they are larger than it may bind, through several next to each other. */
export interface Binding {
  /** Its variable in the shader; with several windows, their names begin so. */
  readonly name: string;
  readonly access: 'read' | 'write';
  readonly element: Element;
  /** Positions in program.buffers; several, or one at a base of 0. */
  readonly members: readonly number[];
  readonly windows: number;
}

export interface Place {
  readonly binding: Binding;
  /** Whether word w is at base + w: in an arena, or where the binding begins inside the buffer. */
  readonly based: boolean;
}

export interface Layout {
  readonly pass: Pass;
  readonly bindings: readonly Binding[];
  /** Bindings that show the scratch words of shared sums. */
  readonly sumWindows: number;
  /** Words that a window shows, the last one of a binding fewer. */
  readonly windowWords: number;
  /** Where each bound buffer is, by position. */
  readonly places: ReadonlyMap<number, Place>;
  /** Fields of the launch record after its fixed ones, in order. */
  readonly fields: readonly Field[];
}

export interface Field {
  /**
   * length: words of a buffer. base: what is added to a word's number. sums: its first word among the shared sums.
   * number: a constant of which the shader is told.
   */
  readonly kind: 'length' | 'base' | 'sums' | 'number';
  /** Which buffer; which of the program's numbers. */
  readonly of: number;
}

/** The constants of which a shader is told, in the order of the program. */
export function toldNumbers({ general, body }: Program): readonly Const[] {
  const told: Const[] = [];
  if (general)
    visit(body, inst => {
      if (inst.kind === 'const' && inst.result.type === 'u32') told.push(inst);
    });
  return told;
}

/** Whether the pass of exponents must perform what is written to a buffer, because the program looks at it again. */
export const observed = (use: Usage['buffers'][number]): boolean => use.loaded || use.atomic;

/** Whether a pass reads or writes the buffer itself. */
function touches(use: Usage['buffers'][number], pass: Pass): boolean {
  return observed(use) || (pass !== 'exponents' && (use.stored || use.owned));
}

/** Small first, so that packing copies little: by fixed size, then the run-time sized. */
const bySize = (buffers: readonly Buffer[]) => (a: number, b: number) => {
  const size = ({ count, stride }: Buffer) => (count === undefined ? Number.MAX_SAFE_INTEGER : count * stride);
  return size(buffers[a]) - size(buffers[b]) || a - b;
};

function elementOf(members: readonly number[], program: Program, usage: Usage): Element {
  const atomic = members.some(k => usage.buffers[k].atomic);
  const type = members.length === 1 ? program.buffers[members[0]].type : 'u32';
  return atomic ? (type === 'i32' ? 'atomic<i32>' : 'atomic<u32>') : type;
}

/** Positions of the buffers that a pass binds. */
export const boundBy = (program: Program, usage: Usage, pass: Pass): number[] =>
  program.buffers.map((_, k) => k).filter(k => touches(usage.buffers[k], pass));

export interface Group {
  readonly members: readonly number[];
  readonly windows: number;
}

/** The layout of bindings chosen by the caller. */
export function layoutOfGroups(
  program: Program,
  usage: Usage,
  pass: Pass,
  groups: readonly Group[],
  { windowWords, sumWindows, based }: Pick<Layout, 'windowWords' | 'sumWindows'> & { readonly based: boolean },
): Layout {
  const bindings = groups.map(({ members, windows }): Binding => {
    const { access } = program.buffers[members[0]];
    const name = members.length > 1 ? `${access}Arena` : `buffer${members[0]}`;
    return { name, access, element: elementOf(members, program, usage), members, windows };
  });
  const places = new Map<number, Place>();
  for (const binding of bindings)
    for (const k of binding.members) places.set(k, { binding, based: based || binding.members.length > 1 });
  const fields: Field[] = [];
  program.buffers.forEach((_, k) => {
    const use = usage.buffers[k];
    if (places.has(k) || use.measured || use.shared) fields.push({ kind: 'length', of: k });
    if (places.get(k)?.based) fields.push({ kind: 'base', of: k });
    if (use.shared) fields.push({ kind: 'sums', of: k });
  });
  toldNumbers(program).forEach((_, k) => {
    fields.push({ kind: 'number', of: k });
  });
  return { pass, bindings, sumWindows, windowWords, places, fields };
}

/** @param limit Storage buffers that a shader of this device may bind. */
export function layoutOf(program: Program, usage: Usage, pass: Pass, limit: number): Layout {
  const bound = boundBy(program, usage, pass);
  const slots = limit - (pass === 'whole' ? 0 : 1);
  let excess = bound.length - slots;
  const groups: Group[] = [];
  for (const access of ['read', 'write'] as const) {
    const own = bound.filter(k => program.buffers[k].access === access).sort(bySize(program.buffers));
    const packed = excess > 0 && own.length > 1 ? own.slice(0, excess + 1) : [];
    excess -= Math.max(0, packed.length - 1);
    if (packed.length > 0) groups.push({ members: packed, windows: 1 });
    for (const k of own.slice(packed.length).sort((a, b) => a - b)) groups.push({ members: [k], windows: 1 });
  }
  return layoutOfGroups(program, usage, pass, groups, { windowWords: 0, sumWindows: 1, based: false });
}

/** Words of the launch record before its fields: count, zero, groups, spread, total, sumWords, headroom, first. */
export const fixedWords = 12;
