/** The two languages that formulas are written in, WGSL and that of `expr` itself: operators, how tightly they bind, and names. */

import type { PureOp } from '../ir/ir.ts';

/** A piece of text and how tightly its outermost operator binds. */
export interface Piece {
  readonly text: string;
  readonly level: number;
}
const choice = 0;
const logical = 1;
const comparison = 2;
const sum = 3;
const product = 4;
export const sign = 5;
export const atom = 6;

/** How one language writes what the other writes differently. */
export interface Language {
  readonly number: (x: number) => string;
  /** Ops that are not written as a function of their own name. */
  readonly special: (op: PureOp, args: readonly Piece[]) => Piece | undefined;
  readonly and: string;
  readonly or: string;
  readonly not: string;
  /** A statement that names a value. */
  readonly name: (name: string, text: string) => string;
  readonly select: (cond: Piece, yes: Piece, no: Piece) => Piece;
  /** Whether branches are statements; if not, they are expressions. */
  readonly branches: boolean;
}

/** A name in both. */
export const isIdentifier = (name: string): boolean => /^(?!__|_$)[\p{L}_][\p{L}\p{N}_]*$/u.test(name);

const infix: Partial<Record<PureOp, readonly [symbol: string, level: number]>> = {
  add: ['+', sum],
  sub: ['-', sum],
  mul: ['*', product],
  div: ['/', product],
  eq: ['==', comparison],
  ne: ['!=', comparison],
  lt: ['<', comparison],
  le: ['<=', comparison],
  gt: ['>', comparison],
  ge: ['>=', comparison],
};

/** The piece, in parentheses if it binds less tightly than its place asks for. */
const at = (level: number, piece: Piece): string => (piece.level < level ? `(${piece.text})` : piece.text);
const free = (piece: Piece): string => piece.text;

export const wgsl: Language = {
  number: x => {
    const text = String(x);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  },
  special: () => undefined,
  and: '&&',
  or: '||',
  not: '!',
  name: (name, text) => `let ${name} = ${text};`,
  select: (cond, yes, no) => ({ text: `select(${free(no)}, ${free(yes)}, ${free(cond)})`, level: atom }),
  branches: true,
};

export const formula: Language = {
  number: String,
  special: (op, [x, y]) => {
    if (op === 'pow') return { text: `${at(atom, x)}^${at(atom, y)}`, level: sign };
    if (op === 'exp2') return { text: `2^${at(atom, x)}`, level: sign };
    return op === 'trunc' ? { text: `fix(${free(x)})`, level: atom } : undefined;
  },
  and: 'and',
  or: 'or',
  not: 'not ',
  name: (name, text) => `${name} = ${text};`,
  select: (cond, yes, no) => ({
    text: `${at(comparison, cond)} ? ${at(logical, yes)} : ${at(logical, no)}`,
    level: choice,
  }),
  branches: false,
};

/** An op on pieces, written in a language. */
export function operation(op: PureOp, args: readonly Piece[], language: Language): Piece {
  const [x, y, z] = args;
  const written = infix[op];
  if (written) {
    const [symbol, level] = written;
    // The right operand binds more tightly, since - and / are not associative, and rounding is not either.
    const left = at(level === comparison ? sum : level, x);
    return { text: `${left} ${symbol} ${at(level + 1, y)}`, level };
  }
  switch (op) {
    case 'neg':
      return { text: `-${at(atom, x)}`, level: sign };
    case 'not':
      return { text: `${language.not}${at(atom, x)}`, level: sign };
    case 'and':
    case 'or':
      return { text: `${at(sum, x)} ${language[op]} ${at(sum, y)}`, level: logical };
    case 'xor':
      return operation('ne', args, language);
    case 'select':
      return language.select(x, y, z);
  }
  return language.special(op, args) ?? { text: `${op}(${args.map(free).join(', ')})`, level: atom };
}
