/**
 * Formulas as a function in WGSL.
 *
 *   fn lj(r: f32, eps: f32, sigma: f32) -> f32 { … }
 *   struct BrusselatorValues { u: f32, v: f32 }   fn brusselator(u: f32, v: f32, a: f32, b: f32) -> BrusselatorValues { … }
 */

import { inWords } from '../error.ts';
import { keywords } from '../wgsl/cursor.ts';
import type { Formulas } from './formulas.ts';
import { isIdentifier, wgsl } from './languages.ts';
import { print } from './print.ts';

/** What the body may name, so that parameters must not hide it. */
const used = new Set('f32 bool select pow exp2 inverseSqrt trunc'.split(' '));
const parameter = (name: string): string => (keywords.has(name) || used.has(name) ? `${name}_` : name);

/** @param single whether the function returns its only value, not a struct. */
export function wgslFunction(name: string, of: Formulas, single: boolean): string {
  if (!isIdentifier(name) || keywords.has(name))
    throw new RangeError(
      `${of.name}: ${inWords(name)} cannot name a WGSL function; use letters, digits and _, and no keyword.`,
    );
  const names = of.inputs.map(parameter);
  const { lines, results } = print(of.program, names, wgsl);
  const type = single ? 'f32' : `${name.charAt(0).toUpperCase()}${name.slice(1)}Values`;
  const struct = single ? [] : [`struct ${type} {`, ...of.outputs.map(output => `  ${parameter(output)}: f32,`), '}'];
  const result = single ? results[0] : `${type}(${results.join(', ')})`;
  const list = names.map(input => `${input}: f32`).join(', ');
  return [...struct, `fn ${name}(${list}) -> ${type} {`, ...lines, `  return ${result};`, '}', ''].join('\n');
}
