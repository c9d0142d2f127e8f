/**
 * Formulas: numbers from named numbers, as one program of the IR.
 *
 *   buffer k < inputs.length   input k, one word per invocation
 *   then                       output by output, one word per invocation
 *
 * The program is straight-line code with branches: no loops, no arrays, no integers but the invocation's number. Every expression
 * is one, and so is all that is made of it: values and derivatives of several orders are outputs of one program, in which
 * common subexpressions are shared.
 */

import { type Buffer, type Program, tangentName, type Value } from '../ir/ir.ts';
import { simplify } from '../ir/passes/simplify.ts';
import { input, output } from '../program.ts';
import { tangent } from '../transform/tangent.ts';
import { Folder } from './folder.ts';

export interface Formulas {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly program: Program;
}

/** @param fill is given the inputs' values; returns the outputs'. */
export function formulas(
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  fill: (f: Folder, values: readonly Value[]) => readonly Value[],
): Formulas {
  const f = new Folder();
  const { b } = f;
  const body = b.block(() => {
    const i = b.builtin('globalX');
    const given = inputs.map((_, k) => b.load('f32', k, i));
    fill(f, given).forEach((value, k) => {
      b.store(inputs.length + k, i, 1, 0, value);
    });
    return [];
  });
  const buffers = buffersOf(inputs, outputs);
  const program: Program = { name, buffers, arrays: [], body, workgroupSize: [64, 1, 1], source: '' };
  return { name, inputs, outputs, program: simplify(program) };
}

/** An output may be named like an input, such as the rate of change of u; a buffer may not. */
function buffersOf(inputs: readonly string[], outputs: readonly string[]): Buffer[] {
  const taken = new Set(inputs);
  const fresh = (name: string): string => {
    let unique = name;
    while (taken.has(unique)) unique += '_';
    taken.add(unique);
    return unique;
  };
  return [...inputs.map(name => input(name)), ...outputs.map(name => output(fresh(name)))];
}

/** Makes a program of this form again in another one. @returns what it stores, in the order of its outputs. */
function inlined(f: Folder, program: Program, given: (buffer: Buffer) => Value): Value[] {
  const { body } = program.body;
  const map = new Map<Value, Value>();
  for (const inst of body) if (inst.kind === 'load') map.set(inst.result, given(program.buffers[inst.buffer]));
  f.replay(body, map);
  const stored = new Map<number, Value>();
  for (const inst of body) if (inst.kind === 'store') stored.set(inst.buffer, map.get(inst.value)!);
  return program.buffers.flatMap((buffer, k) => (buffer.access === 'write' ? stored.get(k)! : []));
}

/**
 * ∂/∂name of every output: the tangent program, with 1 for the tangent of that input.
 *
 * Conventions at kinks and poles are those of all derivatives (transform/derivatives.ts).
 */
export function derivativeOf(of: Formulas, name: string): Formulas {
  const dotted = tangent(of.program, new Set([name]));
  return formulas(of.name, of.inputs, of.outputs, (f, values) => {
    const one = f.float(1);
    return inlined(f, dotted, buffer =>
      buffer.name === tangentName(name) ? one : values[of.inputs.indexOf(buffer.name)],
    );
  });
}

/** All outputs of several formulas of the same inputs, in one program. */
export function together(parts: readonly Formulas[], outputs: readonly string[]): Formulas {
  const [{ name, inputs }] = parts;
  return formulas(name, inputs, outputs, (f, values) =>
    parts.flatMap(({ program }) => inlined(f, program, buffer => values[inputs.indexOf(buffer.name)])),
  );
}

/** One output alone, with what it needs. */
export function selected(of: Formulas, k: number): Formulas {
  const { name, inputs, outputs, program } = of;
  if (outputs.length === 1) return of;
  return formulas(name, inputs, [outputs[k]], (f, values) => [
    inlined(f, program, buffer => values[inputs.indexOf(buffer.name)])[k],
  ]);
}
