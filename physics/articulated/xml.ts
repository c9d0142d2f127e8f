/** XML as elements that know their lines, and their attributes as numbers: what nobody has asked for can be told in the end. */

import { SaxesParser } from 'saxes';
import { inWords } from '../../kernel/index.ts';

/** Squares of what is made of larger numbers would overflow. */
const largest = 1e20;

/** Elements within one another: who reads them visits them one within the other. */
const deepest = 500;

/** Where an element stands: who reads it, and its file, unless it is the first. */
export interface Source {
  readonly who: string;
  readonly file?: string;
}

export class Element {
  readonly name: string;
  readonly line: number;
  readonly source: Source;
  readonly children: Element[] = [];
  private readonly given: ReadonlyMap<string, string>;
  private readonly asked: Set<string> = new Set();

  constructor(name: string, attributes: Iterable<readonly [string, string]>, line: number, source: Source) {
    this.name = name;
    this.line = line;
    this.source = source;
    this.given = new Map(attributes);
  }

  /** The same element with more attributes where it has none itself, and perhaps other children. */
  with(defaults: ReadonlyMap<string, string>, children: readonly Element[] = this.children): Element {
    const merged = new Element(this.name, new Map([...defaults, ...this.given]), this.line, this.source);
    merged.children.push(...children);
    return merged;
  }

  get attributes(): ReadonlyMap<string, string> {
    return this.given;
  }

  /** Attributes that have not been read. */
  get unread(): readonly string[] {
    return [...this.given.keys()].filter(name => !this.asked.has(name));
  }

  has(name: string): boolean {
    return this.given.has(name);
  }

  all(name: string): readonly Element[] {
    return this.children.filter(child => child.name === name);
  }

  fail(what: string): never {
    throw new RangeError(`${this.source.who}: ${placeOf(this.line, this.source)}: ${what}`);
  }

  /** The first child of a name. */
  one(name: string): Element | undefined {
    return this.children.find(child => child.name === name);
  }

  /** A text that must be there. */
  needed(name: string): string {
    return this.text(name) ?? this.fail(`<${this.name}> has no ${name}.`);
  }

  text(name: string): string | undefined {
    this.asked.add(name);
    return this.given.get(name);
  }

  /** One of the words allowed. */
  word<W extends string>(name: string, allowed: readonly W[], otherwise: W): W {
    const given = this.text(name) ?? otherwise;
    const found = allowed.find(word => word === given);
    return (
      found ??
      this.fail(`${name} of <${this.name}> is '${given}'; it must be ${allowed.map(w => `'${w}'`).join(' or ')}.`)
    );
  }

  /** Numbers, as many as `length` says: one count or the fewest and the most. */
  numbers(name: string, length: number | readonly [number, number]): readonly number[] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const list = text.trim() === '' ? [] : text.trim().split(/\s+/).map(Number);
    const [fewest, most] = typeof length === 'number' ? [length, length] : length;
    if (list.length < fewest || list.length > most || !list.every(Number.isFinite))
      this.fail(
        `${name} of <${this.name}> is '${text}'; give ${fewest === most ? fewest : `${fewest} to ${most}`} finite number${most === 1 ? '' : 's'}.`,
      );
    const huge = list.find(x => Math.abs(x) > largest);
    if (huge !== undefined)
      this.fail(`${name} of <${this.name}> has the number ${huge}; numbers are at most ${largest} in size.`);
    return list;
  }

  number(name: string): number | undefined {
    return this.numbers(name, 1)?.[0];
  }
}

/** A line, and its file unless that is the first. */
export const placeOf = (line: number, { file }: Pick<Source, 'file'>): string =>
  `line ${line}${file === undefined ? '' : ` of '${file}'`}`;

/** The root element of an XML text. @throws RangeError with the line of what is not XML. */
export function parseXml(text: string, source: Source): Element {
  if (typeof text !== 'string' || (text !== '' && !text.includes('<')))
    throw new TypeError(`${source.who}: the file is ${inWords(text)}; give its text, which is XML.`);
  const parser = new SaxesParser({ position: true });
  const file = new Element('', [], 1, source);
  const open = [file];
  let line = 1;
  const fail = (what: string): never => {
    throw new RangeError(`${source.who}: ${placeOf(parser.line, source)}: ${what}`);
  };
  parser.on('error', error => fail(error.message.replace(/^\d+:\d+: /, '')));
  parser.on('opentagstart', () => {
    line = parser.line;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = new Element(name, Object.entries(attributes as Record<string, string>), line, source);
    if (open.length > deepest) element.fail(`<${name}> stands within ${deepest} others; files nest no deeper.`);
    open[open.length - 1].children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(text).close();
  return file.children[0] ?? fail('the file has no element.');
}

/**
 * What `make` makes of an element's file. What it refuses is told with the line of the element that it names first, if any has that name.
 *
 * @param whose What its messages begin with.
 */
export function inFile<T>(root: Element, whose: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError) || !error.message.startsWith(`${whose}: `))
      throw error;
    const what = error.message.slice(whose.length + 2);
    const [, name] = /'([^']*)'/.exec(what) ?? [];
    const named = (element: Element): Element | undefined =>
      element.attributes.get('name') === name
        ? element
        : element.children.map(named).find(found => found !== undefined);
    return ((name !== undefined && named(root)) || root).fail(what);
  }
}
