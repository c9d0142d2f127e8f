/**
 * expr(text, { vars, params }): a formula as a differentiable function of tensors, as WGSL, and as text.
 *
 *   text → mathjs's syntax tree (read.ts) → IR (lower.ts) → one kernel (apply.ts), a WGSL function or an expression (print.ts)
 *
 * Derivatives are made of the IR (formulas.ts), never of symbols: min, max, abs and c ? a : b have them, an expression of any order
 * stays small, and conventions at kinks are those of all kernels.
 *
 * It is part of the kernel layer, since it builds and differentiates IR, and has an entry of its own, so that mathjs is loaded by
 * those who write expressions alone.
 */

import { checkOptions, inWords } from '../error.ts';
import type { Program } from '../ir/ir.ts';
import type { Operand, Tensor } from '../tensor/tensor.ts';
import { applied } from './apply.ts';
import { derivativeOf, type Formulas, formulas, selected, together } from './formulas.ts';
import { functions } from './functions.ts';
import { formula, isIdentifier } from './languages.ts';
import { lower } from './lower.ts';
import { print } from './print.ts';
import { toTex } from './read.ts';
import { wgslFunction } from './wgsl-function.ts';

/** One tensor, or one by name for each text. */
type Result<Out extends string | undefined> = [Out] extends [string] ? { readonly [K in Out]: Tensor } : Tensor;

export interface Expression<In extends string = string, Out extends string | undefined = undefined> {
  /**
   * Computes it element by element, in one launch. Operands broadcast against each other; derivatives with respect to all of them
   * are those of any kernel.
   */
  (args: { readonly [K in In]: Operand }): Result<Out>;
  readonly expressionName: string;
  readonly vars: readonly In[];
  readonly params: readonly In[];
  readonly outputs: readonly string[];
  readonly program: Program;
  /** ∂/∂name, of every output, as an expression of the same inputs. */
  derivative(name: In): Expression<In, Out>;
  /** Value and derivatives up to an order as outputs of one program: value, value_r, value_r_r, or with each output's name for `value`. */
  withDerivatives(name: In, order?: number): Expression<In, string>;
  /** All first partial derivatives, `output_input`, in one program. Default: with respect to the vars. */
  jacobian(names?: readonly In[]): Expression<In, string>;
  /**
   * A WGSL function of the vars, then the params, all f32, to put before a kernel. It returns an f32, or, where outputs have names,
   * a struct of them whose name is that of the function with a capital letter and `Values`.
   */
  wgsl(name?: string): string;
  /** The expression in the form that `expr` reads; a derivative's is made from its program. Several outputs: a line each. */
  toString(): string;
  toTex(): string;
}

export interface Names<V extends string, P extends string> {
  /** What it is a function of. */
  readonly vars: readonly V[];
  /** What is usually alike for all elements. Derivatives with respect to params are taken in the same way. */
  readonly params?: readonly P[];
  /** For messages, profiles and WGSL. Default: 'expr'. */
  readonly name?: string;
}

/**
 * Makes a formula, or several at once, of the names declared; grammar and functions stand in lower.ts and functions.ts.
 *
 * @throws KernelError with all that is wrong with a text.
 * @example
 *   const lj = expr('4*eps*((sigma/r)^12 - (sigma/r)^6)', { vars: ['r'], params: ['eps', 'sigma'], name: 'lj' });
 *   const u = lj({ r: tensor([1, 1.5, 2]), eps: 1, sigma: 1 });
 *   const force = lj.derivative('r')({ r: tensor([1, 1.5, 2]), eps: 1, sigma: 1 }).neg();
 */
export function expr<const V extends string, const P extends string = never>(
  text: string,
  names: Names<V, P>,
): Expression<V | P>;
export function expr<const O extends string, const V extends string, const P extends string = never>(
  texts: Readonly<Record<O, string>>,
  names: Names<V, P>,
): Expression<V | P, O>;
export function expr(
  text: string | Readonly<Record<string, string>>,
  names: Names<string, string>,
): Expression<string, string | undefined> {
  const { vars, params = [], name = 'expr' } = names ?? {};
  if (!Array.isArray(vars) || !Array.isArray(params))
    throw new TypeError(`${name}: vars and params are arrays of names, { vars: ['x'], params: ['k'] }.`);
  checkOptions(name, names, ['vars', 'params', 'name']);
  const inputs = [...vars, ...params];
  const single = typeof text === 'string';
  const texts = single ? { value: text } : text;
  const outputs = Object.keys(texts);
  check(name, inputs, outputs, text);
  const made = formulas(name, inputs, outputs, (f, values) => {
    const given = new Map(inputs.map((input, k) => [input, values[k]]));
    return outputs.map(output => lower(single ? name : `${name}.${output}`, texts[output], f, given));
  });
  return expression(
    made,
    vars.length,
    single,
    outputs.map(output => texts[output]),
  );
}

/** @param texts of the outputs, where somebody wrote them. */
function expression(
  of: Formulas,
  variables: number,
  single: boolean,
  texts?: readonly string[],
): Expression<string, string | undefined> {
  const { name, inputs, outputs, program } = of;
  const apply = applied(of);
  const call = (args: Readonly<Record<string, Operand>>): Tensor | Record<string, Tensor> => {
    const results = apply(args);
    return single ? results[0] : Object.fromEntries(outputs.map((output, k) => [output, results[k]]));
  };
  const known = (input: string): string => {
    if (inputs.includes(input)) return input;
    throw new RangeError(
      `${name}: there is no input ${inWords(input)} to differentiate by; the inputs are ${inputs.map(n => `'${n}'`).join(', ')}.`,
    );
  };
  const written = (): readonly string[] => {
    if (texts) return texts;
    return outputs.map((_, k) => {
      const { lines, results } = print(selected(of, k).program, inputs, formula);
      return [...lines, ...results].join(' ');
    });
  };
  const labelled = (parts: readonly string[], sign: string): string =>
    single ? parts[0] : parts.map((part, k) => `${outputs[k]}${sign}${part}`).join('\n');
  const joined = (parts: readonly Formulas[], labels: readonly string[]) =>
    expression(together(parts, unlike(name, labels)), variables, false) as Expression<string, string>;
  return Object.assign(call, {
    expressionName: name,
    vars: inputs.slice(0, variables),
    params: inputs.slice(variables),
    outputs,
    program,
    derivative: (by: string) => expression(derivativeOf(of, known(by)), variables, single),
    withDerivatives: (by: string, order = 1) => {
      if (!Number.isInteger(order) || order < 0 || order > 8)
        throw new RangeError(`${name}: derivatives up to order ${inWords(order)}; give a whole number from 0 to 8.`);
      const parts = [of];
      for (let k = 0; k < order; k++) parts.push(derivativeOf(parts[k], known(by)));
      const labels = parts.flatMap((_, k) => outputs.map(output => output + `_${by}`.repeat(k)));
      return joined(parts, labels);
    },
    jacobian: (by: readonly string[] = inputs.slice(0, variables)) => {
      if (by.length === 0) throw new RangeError(`${name}: no inputs to differentiate by; name at least one.`);
      const parts = by.map(input => derivativeOf(of, known(input)));
      const labels = by.flatMap(input => outputs.map(output => `${output}_${input}`));
      return joined(parts, labels);
    },
    wgsl: (as = name) => wgslFunction(as, of, single),
    toString: () => labelled(written(), ': '),
    toTex: () =>
      labelled(
        written().map(text => toTex(name, text)),
        ' = ',
      ),
  }) as Expression<string, string | undefined>;
}

function unlike(name: string, outputs: readonly string[]): readonly string[] {
  const twice = outputs.find((output, k) => outputs.indexOf(output) < k);
  if (twice === undefined) return outputs;
  throw new RangeError(`${name}: two outputs would be named '${twice}'; name the outputs otherwise.`);
}

/** Words that mathjs reads as operators or values. */
const taken = new Set('and or xor not mod to in end true false null undefined NaN Infinity'.split(' '));

function check(name: string, inputs: readonly string[], outputs: readonly string[], text: unknown): void {
  if (typeof text !== 'string' && (typeof text !== 'object' || text === null || outputs.length === 0))
    throw new TypeError(
      `${name}: the expression is ${inWords(text)}; give its text, or several by name, { u: '…', v: '…' }.`,
    );
  for (const names of [inputs, outputs])
    names.forEach((each, k) => {
      if (!isIdentifier(each) || taken.has(each))
        throw new RangeError(
          `${name}: ${inWords(each)} cannot be a name; names are letters, digits and _, and no operators of mathjs.`,
        );
      if (names.indexOf(each) < k) throw new RangeError(`${name}: '${each}' is declared twice; names must differ.`);
    });
  for (const input of inputs)
    if (Object.hasOwn(functions, input) || input === 'pow')
      throw new RangeError(`${name}: '${input}' is a function and cannot be declared; use another name.`);
}
