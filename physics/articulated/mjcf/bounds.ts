/**
 * Ranges that hold: of joints, and of what actuators are told, do and remember.
 *
 * Where it is left to the compiler ('auto'), a range holds if it is not empty; so "0 0" takes away what a class has. MuJoCo documentation,
 * "XML reference: compiler, autolimits".
 */

import type { Element } from '../xml.ts';
import type { Compiler } from './compiler.ts';

/** The two ends, in the file's units; undefined where there are none. @param of What is bounded, as in 'ctrl', 'force'. */
export function boundsOf(
  element: Element,
  { autolimits }: Pick<Compiler, 'autolimits'>,
  of = '',
): readonly [number, number] | undefined {
  const range = element.numbers(`${of}range`, 2) as [number, number] | undefined;
  const limited = element.word(`${of}limited`, ['true', 'false', 'auto'], 'auto');
  if (limited === 'true' && !range)
    element.fail(`${of}limited of <${element.name}> is 'true', but it has no ${of}range.`);
  if (!range || limited === 'false') return undefined;
  const [from, to] = range;
  if (limited === 'auto' && from === to) return undefined;
  if (limited === 'auto' && !autolimits)
    element.fail(`<${element.name}> has a ${of}range; where autolimits is 'false', give ${of}limited as well.`);
  if (from < to) return range;
  return element.fail(`${of}range of <${element.name}> is '${from} ${to}'; the smaller comes first.`);
}
