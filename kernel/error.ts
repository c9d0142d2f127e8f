/** KernelError: everything wrong with a kernel's WGSL, each with line, column, caret and remedy. And values and options, for other errors. */

export interface Diagnostic {
  /** What is wrong, with the names and values concerned, one sentence. */
  readonly message: string;
  /** Offset into the WGSL text; undefined if it concerns the whole kernel. */
  readonly at?: number | undefined;
  /** What is allowed, what to do. */
  readonly remedy?: string | undefined;
}

/** 1-based line and column of an offset. */
export function lineColumn(source: string, at: number): { line: number; column: number; text: string } {
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const end = source.indexOf('\n', at);
  return { line, column: at - start + 1, text: source.slice(start, end < 0 ? undefined : end) };
}

function format(kernel: string, source: string, { message, at, remedy }: Diagnostic): string {
  const lines: string[] = [];
  if (at === undefined) lines.push(`${kernel}: ${message}`);
  else {
    const { line, column, text } = lineColumn(source, at);
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    lines.push(`${kernel}:${line}:${column}: ${message}`);
    lines.push(`${String(line).padStart(5)} | ${shown}`);
    lines.push(`      | ${shown.slice(0, column - 1).replace(/[^\t]/g, ' ')}^`);
  }
  if (remedy) lines.push(`  ${remedy}`);
  return lines.join('\n');
}

/** Mistakes in a kernel's text, each with line, caret and remedy; `diagnostics` lists them. */
export class KernelError extends Error {
  static override readonly name = 'KernelError'; // in minified code, too
  override readonly name = 'KernelError';
  readonly diagnostics: readonly Diagnostic[];
  /** @param kernel The entry point's name, or 'kernel' where it is not known. */
  constructor(kernel: string, source: string, diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(d => format(kernel, source, d)).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/** A value that should not be there, as a message shows it. */
export function inWords(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return `${String(value)}${typeof value === 'bigint' ? 'n' : ''}`;
  if (ArrayBuffer.isView(value)) return 'a typed array';
  if ('then' in value) return 'a promise';
  if ('hold' in value && 'shape' in value) return `a tensor of shape [${(value.shape as number[]).join(', ')}]`;
  if (!Array.isArray(value)) return 'an object';
  return value.length <= 4 && value.every(v => typeof v === 'number') ? `[${value.join(', ')}]` : 'an array';
}

/** Refuses options that do not exist: most are misspelt, and would be ignored without a word. */
export function checkOptions(who: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${who}: the options are ${inWords(options)}; give a record, of ${quoted(known)}.`);
  for (const key in options)
    if (!known.includes(key))
      throw new TypeError(`${who}: there is no option '${key}'; the options are ${quoted(known)}.`);
}

/** Refuses what is not a record with the fields that are read: not given, misspelt, or arguments in another order. */
export function checkRecord(who: string, what: string, value: unknown, fields: readonly string[]): void {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(
      `${who}: ${what} is ${inWords(value)}; give a record${fields.length > 0 ? ` with ${quoted(fields)}` : ', {} if there is nothing to say'}.`,
    );
  for (const field of fields)
    if ((value as Record<string, unknown>)[field] === undefined)
      throw new TypeError(`${who}: ${what} has no '${field}'; give a record with ${quoted(fields)}.`);
}

const quoted = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ');
