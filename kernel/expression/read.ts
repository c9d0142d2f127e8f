/** Text of an expression → mathjs's syntax tree, by mathjs's parser alone: nothing is ever evaluated by it. */

import { create, type MathNode, parseDependencies } from 'mathjs/number';
import { KernelError } from '../error.ts';

const { parse } = create(parseDependencies);

/** @throws KernelError with the position where reading stops. */
export function read(name: string, text: string): MathNode {
  try {
    return parse(text);
  } catch (error) {
    const { message, char } = error as { message: string; char?: number };
    if (char === undefined) throw tooDeep(name, text);
    const what = message.replace(/ \(char \d+\)$/, '');
    throw new KernelError(name, text, [
      {
        message: `cannot be read: ${what.charAt(0).toLowerCase()}${what.slice(1)}.`,
        at: Math.min(char - 1, text.length),
        remedy: 'Expressions are written as in 4*eps*((sigma/r)^12 - (sigma/r)^6), x > 0 ? x : 0, or d = r - 1; d^2.',
      },
    ]);
  }
}

/** For a tree so deep that walking it overflows the stack. */
export const tooDeep = (name: string, text: string): KernelError =>
  new KernelError(name, text, [
    { message: 'the expression nests too deeply.', remedy: 'Name its parts, as in d = r - 1; d^2.' },
  ]);

/** The same for people, in TeX. */
export const toTex = (name: string, text: string): string => read(name, text).toTex();
