/**
 * WGSL functions for the pure ops whose built-in is undefined, or too coarse to differentiate, somewhere in its domain: the
 * formulas of ir/math, so that a kernel means the same as on the CPU.
 *
 * WGSL allows sin and cos an absolute error of 2⁻¹¹ on [−π, π] and none beyond, exp an error of 3 + 2|x| ulp, log 2⁻²¹ near 1, atan
 * 4096 ulp, asin and acos 6.8e-5; sinh, tanh and asinh may cancel near 0; pow is exp2(y log2 x), undefined for x < 0; x % y is
 * wrong by one y where x / y rounds across an integer. Of what ir/math expands, inverseSqrt and frexp are good as built in.
 */

import { Builder } from '../../ir/builder.ts';
import type { Program } from '../../ir/ir.ts';
import { expandMath, expansions } from '../../ir/math/expand.ts';
import { BlockEmitter } from './emit-block.ts';
import { mathFunctions } from './emit-math.ts';
import { type FormulaOp, formulaName } from './emit-pure.ts';
import { layoutOf } from './layout.ts';
import { usageOf } from './usage.ts';
import { nothingKnown } from './variants.ts';

interface Text {
  readonly text: string;
  /** Functions of emit-math.ts that it calls. */
  readonly helpers: ReadonlySet<string>;
}
const written = new Map<FormulaOp, Text>();

function functionOf(op: FormulaOp): Text {
  const known = written.get(op);
  if (known) return known;
  const b = new Builder();
  const operands = op === 'ldexp' ? (['f32', 'i32'] as const) : (['f32', 'f32'] as const);
  const ops = op === 'sinCos' ? (['sin', 'cos'] as const) : [op];
  const args = operands.slice(0, expansions[ops[0]]?.length === 2 ? 1 : 2).map(type => b.value(type));
  const body = b.block(() => ops.map(each => b.pure(each, args)));
  const source: Program = { name: op, buffers: [], arrays: [], body, workgroupSize: [1, 1, 1], source: '' };
  const program = expandMath(source, 'gpu');
  const usage = usageOf(program, () => false);
  const emitter = new BlockEmitter(program, usage, layoutOf(program, usage, 'whole', 1), nothingKnown);
  emitter.block(program.body);
  const parameters = args.map(arg => `${emitter.name(arg)}: ${arg.type}`).join(', ');
  const results = program.body.yields.map(value => emitter.name(value));
  const [type, result] = results.length === 2 ? ['vec2f', `vec2f(${results})`] : ['f32', results[0]];
  const text = `fn ${formulaName(op)}(${parameters}) -> ${type} {\n${emitter.lines.join('\n')}\n  return ${result};\n}`;
  const made = { text, helpers: emitter.helpers };
  written.set(op, made);
  return made;
}

/** The text of the functions that a program calls. */
export function functionsOf({ formulas, helpers }: BlockEmitter): string[] {
  const texts = [...formulas].map(functionOf);
  const all = new Set([...helpers, ...texts.flatMap(each => [...each.helpers])]);
  return [...mathFunctions(all), ...texts.map(each => each.text)];
}
