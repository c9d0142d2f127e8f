/**
 * WGSL text → tokens, with the brackets of template lists told from comparisons (WGSL §3.8, §3.9). Linear in the text's length.
 *
 * `>` is always a token by itself; the parser joins `> >`, `> =` where they touch.
 */

import type { Diagnostic } from '../error.ts';

/** Texts and offsets of the tokens; the last one is empty and stands at the end of the text. */
export interface Tokens {
  readonly source: string;
  readonly texts: readonly string[];
  readonly starts: readonly number[];
  /** Token numbers of `<` and `>` that open and close a template list. */
  readonly opening: ReadonlySet<number>;
  readonly closing: ReadonlySet<number>;
}

const maxLength = 1 << 20;
const maxComments = 200;

const blank = /[\s\u0085\u200e\u200f]+/uy;
const lineComment = /\/\/[^\n\v\f\r\u0085\u2028\u2029]*/uy;
const token = new RegExp(
  [
    /(?:[A-Za-z_]|[^\0-\x7f\s\u0085\u200e\u200f])(?:\w|[^\0-\x7f\s\u0085\u200e\u200f])*/u,
    /0[xX](?:[\da-fA-F]+\.?[\da-fA-F]*|\.[\da-fA-F]+)(?:[pP][+-]?\d+[fh]?|[iu](?![\da-zA-Z_]))?/u,
    /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fhiu]?/u,
    /->|<<=|<<|<=|&&|\|\||[=!+\-*/%&|^]=|\+\+|--|[()[\]{};:,.@=+\-*/%&|^!~<>]/u,
  ]
    .map(part => part.source)
    .join('|'),
  'uy',
);
const number =
  /^(?:0[xX](?:[\da-fA-F]+[iu]?|(?:[\da-fA-F]+\.?[\da-fA-F]*|\.[\da-fA-F]+)(?:[pP][+-]?\d+[fh]?)?)|(?:0|[1-9]\d*)[iu]?|\d+[fh]|(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fh]?|\d+[eE][+-]?\d+[fh]?)$/;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
/** Told from other tokens by the first character; property escapes take milliseconds to compile, so only odd names meet them. */
export function beginsName(text: string): boolean {
  const code = text.charCodeAt(0);
  const letter = code & ~32;
  return (letter >= 65 && letter <= 90) || code === 95 || code >= 128;
}
export const beginsNumber = (text: string): boolean =>
  isDigit(text.charCodeAt(0)) || (text.startsWith('.') && isDigit(text.charCodeAt(1)));
const isProperName = (text: string): boolean => /^\w+$/.test(text) || /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(text);
const commentMarks = /\/\*|\*\//g;

const remedies: Readonly<Record<string, string>> = {
  '"': 'WGSL has no strings.',
  "'": 'WGSL has no strings.',
  '?': 'Write select(ifFalse, ifTrue, condition).',
};

export function tokenize(source: string): Tokens | Diagnostic {
  if (source.length > maxLength)
    return {
      message: `the WGSL text has ${source.length} characters, but at most ${maxLength} are allowed.`,
      remedy: 'Pass large tables as an input array.',
    };
  const texts: string[] = [];
  const starts: number[] = [];
  const brackets = new TemplateBrackets();
  for (let at = 0; ; ) {
    at = after(blank, source, at);
    if (source.startsWith('//', at)) {
      at = after(lineComment, source, at);
      continue;
    }
    if (source.startsWith('/*', at)) {
      const end = blockCommentEnd(source, at);
      if (typeof end !== 'number') return { message: end.problem, at, remedy: 'Close it with */.' };
      at = end;
      continue;
    }
    if (at === source.length) break;
    const end = after(token, source, at);
    const text = source.slice(at, end);
    const wrong = wrongToken(source, at, text);
    if (wrong) return wrong;
    brackets.see(text, texts.length, texts.at(-1), source[end]);
    texts.push(text);
    starts.push(at);
    at = end;
  }
  texts.push('');
  starts.push(source.length);
  return { source, texts, starts, opening: brackets.opening, closing: brackets.closing };
}

/** Offset after a match of a sticky pattern; `at` itself if there is none. */
function after(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}

function wrongToken(source: string, at: number, text: string): Diagnostic | undefined {
  if (text === '' || (beginsName(text) && !isProperName(text))) {
    const character = text ? text : String.fromCodePoint(source.codePointAt(at) ?? 0);
    const shown = character === '\0' ? '\\0' : character;
    const message = text && text.length > 1 ? `'${text}' is not a name in WGSL.` : `WGSL has no character '${shown}'.`;
    return { message, at, remedy: remedies[character] };
  }
  if (!beginsNumber(text)) return undefined;
  const rest = /^\w*/.exec(source.slice(at + text.length, at + text.length + 40))?.[0];
  return rest || !number.test(text) ? { message: `'${text}${rest}' is not a number in WGSL.`, at } : undefined;
}

function blockCommentEnd(source: string, from: number): number | { readonly problem: string } {
  let depth = 0;
  commentMarks.lastIndex = from;
  for (let mark = commentMarks.exec(source); mark; mark = commentMarks.exec(source)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return commentMarks.lastIndex;
    if (depth > maxComments) return { problem: `comments are nested more than ${maxComments} deep.` };
  }
  return { problem: 'this comment is not closed.' };
}

/** Template list discovery: a `<` after a name opens a list if a `>` is met before anything that no list can hold. */
class TemplateBrackets {
  readonly opening = new Set<number>();
  readonly closing = new Set<number>();
  private pending: { readonly index: number; readonly depth: number }[] = [];
  private depth = 0;

  see(text: string, index: number, before: string | undefined, next: string | undefined): void {
    switch (text) {
      case '<':
        if (before !== undefined && beginsName(before) && next !== '<' && next !== '=')
          this.pending.push({ index, depth: this.depth });
        return;
      case '>': {
        const top = this.pending.at(-1);
        if (top?.depth !== this.depth) return;
        this.pending.pop();
        this.opening.add(top.index);
        this.closing.add(index);
        return;
      }
      case '(':
      case '[':
        this.depth++;
        return;
      case ')':
      case ']':
        this.drop();
        this.depth = Math.max(0, this.depth - 1);
        return;
      case '&&':
      case '||':
        this.drop();
        return;
      case '=':
      case ';':
      case '{':
      case ':':
        this.pending = [];
        this.depth = 0;
    }
  }

  /** Lists that began at this depth cannot go on. */
  private drop(): void {
    while ((this.pending.at(-1)?.depth ?? -1) >= this.depth) this.pending.pop();
  }
}
