/** Reading tokens one after another; a mismatch is thrown as a SyntaxProblem, which the parser of a statement or declaration catches. */

import type { Diagnostic } from '../error.ts';
import type { RawIdentifier } from './syntax.ts';
import { beginsName, type Tokens } from './tokens.ts';

class SyntaxProblem extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

const maxNesting = 200;
const maxDiagnostics = 20;

export const keywords: ReadonlySet<string> = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
  override requires return struct switch true var while`.split(/\s+/),
);

export class Cursor {
  private readonly tokens: Tokens;
  private index = 0;
  private depth = 0;
  readonly problems: Diagnostic[] = [];

  constructor(tokens: Tokens) {
    this.tokens = tokens;
  }

  get text(): string {
    return this.tokens.texts[this.index];
  }
  /** Offset of the current token. */
  get start(): number {
    return this.tokens.starts[this.index];
  }
  /** Offset after the token before the current one. */
  get end(): number {
    return this.index === 0 ? 0 : this.tokens.starts[this.index - 1] + this.tokens.texts[this.index - 1].length;
  }
  get done(): boolean {
    return this.text === '';
  }
  /** How many tokens have been read: parsers of lists use it to see that they move. */
  get position(): number {
    return this.index;
  }
  get opensTemplate(): boolean {
    return this.tokens.opening.has(this.index);
  }
  get closesTemplate(): boolean {
    return this.tokens.closing.has(this.index);
  }
  /** Whether the text of the next tokens, nothing between them, is this. */
  touches(text: string): boolean {
    return this.tokens.source.startsWith(text, this.start);
  }
  peek(distance: number): string {
    return this.tokens.texts[Math.min(this.index + distance, this.tokens.texts.length - 1)];
  }

  next(): string {
    const { text } = this;
    if (!this.done) this.index++;
    return text;
  }
  is(text: string): boolean {
    return this.text === text;
  }
  take(text: string): boolean {
    if (this.text !== text) return false;
    this.index++;
    return true;
  }
  expect(text: string, where: string, remedy?: string): void {
    if (!this.take(text)) this.fail(`'${text}' ${where}`, remedy);
  }

  /** @param expected "an expression", "';' after let". */
  fail(expected: string, remedy?: string): never {
    const found = this.done ? 'the end of the text' : `'${this.text}'`;
    throw new SyntaxProblem({ message: `expected ${expected}, but found ${found}.`, at: this.start, remedy });
  }
  refuse(message: string, at: number, remedy?: string): never {
    throw new SyntaxProblem({ message, at, remedy });
  }

  get isName(): boolean {
    return beginsName(this.text) && this.text !== '_' && !keywords.has(this.text);
  }
  /** Any name; a keyword in its place is called one. */
  name(what: string): string {
    const { text } = this;
    if (keywords.has(text)) this.refuse(`'${text}' is a keyword, but ${what} is expected here.`, this.start);
    if (!this.isName) this.fail(what);
    return this.next();
  }
  /** A name being declared, or that of a member. */
  identifier(what: string): RawIdentifier {
    const { start } = this;
    const text = this.name(what);
    if (text.startsWith('__'))
      this.refuse(`'${text}' begins with two underscores, which WGSL keeps for itself.`, start);
    return { name: text, start, end: this.end };
  }

  /** Parses something inside brackets, which may hold it again. */
  nested<T>(parse: () => T): T {
    if (++this.depth > maxNesting)
      this.refuse(
        `brackets are nested more than ${maxNesting} deep.`,
        this.start,
        'Name the inner parts with let, or move them to a function.',
      );
    const result = parse();
    this.depth--;
    return result;
  }

  /** Items up to a closing token, separated by commas; one may follow the last. */
  list<T>(close: string, where: string, item: () => T): T[] {
    const items: T[] = [];
    while (this.text !== close) {
      items.push(item());
      if (!this.take(',')) break;
    }
    this.expect(close, where);
    return items;
  }

  /**
   * Parses one part of a sequence; if that fails, notes why and skips to where the next may begin: after the next `;` or balanced
   * `}`, or before a `}` that closes what is around. Returns undefined then.
   */
  recover<T>(parse: () => T): T | undefined {
    const { depth, index } = this;
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      this.depth = depth;
      this.problems.push(error.diagnostic);
      if (this.problems.length >= maxDiagnostics) this.index = this.tokens.texts.length - 1;
      this.skip(index);
      return undefined;
    }
  }

  private skip(from: number): void {
    let open = 0;
    for (let k = from; k < this.index; k++) {
      const text = this.tokens.texts[k];
      open = Math.max(0, open + (text === '{' ? 1 : text === '}' ? -1 : 0));
    }
    for (; !this.done; this.index++) {
      if (this.text === '{') open++;
      else if (this.text === '}') {
        if (open === 0) return;
        if (--open === 0) {
          this.index++;
          return;
        }
      } else if (this.text === ';' && open === 0) {
        this.index++;
        return;
      }
    }
  }
}
