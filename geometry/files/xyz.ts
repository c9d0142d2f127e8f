/**
 * Atoms in text: XYZ, and extended XYZ with a cell and columns of one's own, one frame after another.
 *
 *   line 1   how many atoms
 *   line 2   a comment; extended: key=value, key="value with spaces", Lattice="ax ay az bx by bz cx cy cz", Properties=name:kind:columns:…
 *   then     a line for each atom: by default its species and three coordinates
 *
 * Kinds of columns are S (text), R (number), I (whole number), L (T or F). The cell's vectors are the rows of Lattice. What is read is
 * in the file's units; XYZ has ångströms by custom. `tensor(lattice, [3, 3])` is the box of particles. Format: the description of extended XYZ of libAtoms.
 */

import { checkRecord } from '../../kernel/index.ts';
import { type TextFile, textIn } from './input.ts';

/** One frame. */
export interface Xyz {
  /** Of each atom: 'Ar'. */
  readonly species: readonly string[];
  /** [n][3], one row after another. */
  readonly positions: Float64Array;
  /** The cell's three vectors, rows, [9]. */
  readonly lattice?: Float64Array;
  /** Further columns by name, n × width numbers in rows, or texts. */
  readonly columns?: Readonly<Record<string, Float64Array | readonly string[]>>;
  /** What else the comment says; without '=' in it, { comment }. */
  readonly info?: Readonly<Record<string, string>>;
}

interface Property {
  readonly name: string;
  readonly kind: string;
  readonly width: number;
}

const plain: readonly Property[] = [
  { name: 'species', kind: 'S', width: 1 },
  { name: 'pos', kind: 'R', width: 3 },
];

/**
 * Reads all frames.
 *
 * @param name Of the file, for messages. Default 'xyz'.
 * @throws RangeError that names the line, what is wrong with it, and what may stand there.
 */
export function readXyz(file: TextFile, name = 'xyz'): readonly Xyz[] {
  const lines = textIn('readXyz', file).split(/\r\n|\n|\r/);
  while (lines.length > 0 && lines[lines.length - 1].trim() === '') lines.pop();
  if (lines.length === 0)
    throw new RangeError(`${name}: there is nothing in it; the first line says how many atoms follow.`);
  const frames: Xyz[] = [];
  for (let at = 0; at < lines.length; ) {
    const count = Number(lines[at].trim());
    if (lines[at].trim() === '' || !Number.isInteger(count) || count < 0)
      throw new RangeError(
        `${name}:${at + 1}: '${lines[at].trim()}' stands where a frame begins; give the number of its atoms.`,
      );
    if (count > 0 && at + 2 + count > lines.length)
      throw new RangeError(
        `${name}:${at + 1}: the frame has ${count} atoms, but the file ends after ${Math.max(0, lines.length - at - 2)} of them; give the rest, or mend the number.`,
      );
    frames.push(frame(lines, at, count, name));
    at += 2 + count;
  }
  return frames;
}

function frame(lines: readonly string[], at: number, count: number, name: string): Xyz {
  const where = (line: number): string => `${name}:${line + 1}`;
  const keys = keysOf(lines[at + 1] ?? '');
  const properties = keys.Properties === undefined ? plain : propertiesOf(keys.Properties, where(at + 1));
  const columns: Record<string, Float64Array | string[]> = {};
  for (const { name, kind, width } of properties) columns[name] = kind === 'S' ? [] : new Float64Array(count * width);
  const words = properties.reduce((sum, { width }) => sum + width, 0);
  for (let i = 0; i < count; i++) {
    const line = at + 2 + i;
    const found = lines[line].trim().split(/\s+/);
    if (found.length < words || (found.length > words && properties !== plain))
      throw new RangeError(
        `${where(line)}: ${found[0] === '' ? 0 : found.length} words for an atom; there are ${words} columns.`,
      );
    let word = 0;
    for (const { name, kind, width } of properties)
      for (let k = 0; k < width; k++, word++) {
        const column = columns[name];
        if (Array.isArray(column)) column.push(found[word]);
        else column[i * width + k] = number(found[word], kind, where(line), name);
      }
  }
  const { species = [], pos, ...rest } = columns;
  if (!(pos instanceof Float64Array) || pos.length !== 3 * count || !Array.isArray(species))
    throw new RangeError(`${where(at + 1)}: Properties has no pos:R:3, or a species that is no text; atoms need both.`);
  const { Properties: _, Lattice, ...info } = keys;
  const lattice = Lattice === undefined ? undefined : latticeOf(Lattice, where(at + 1));
  return {
    species,
    positions: pos,
    ...(lattice && { lattice }),
    ...(Object.keys(rest).length > 0 && { columns: rest }),
    ...(Object.keys(info).length > 0 && { info }),
  };
}

function number(word: string, kind: string, where: string, column: string): number {
  if (kind === 'L') {
    if (/^(T|F|true|false)$/i.test(word)) return /^t/i.test(word) ? 1 : 0;
    throw new RangeError(`${where}: '${word}' in '${column}' is neither T nor F.`);
  }
  const value = Number(word.replace(/[dD]/, 'e'));
  if (!Number.isFinite(value) || (kind === 'I' && !Number.isInteger(value)))
    throw new RangeError(`${where}: '${word}' in '${column}' is no ${kind === 'I' ? 'whole ' : ''}number.`);
  return value;
}

/** key=value, key="value" and key={value}; a line without '=' is a comment. */
function keysOf(line: string): Record<string, string> {
  if (!line.includes('=')) return line.trim() === '' ? {} : { comment: line.trim() };
  const keys: Record<string, string> = {};
  for (const [, key, quoted, braced, bare] of line.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|\{([^}]*)\}|(\S+))/g))
    keys[key] = quoted ?? braced ?? bare;
  return keys;
}

function propertiesOf(text: string, where: string): readonly Property[] {
  const parts = text.split(':');
  const properties = Array.from({ length: Math.ceil(parts.length / 3) }, (_, k) => ({
    name: parts[3 * k],
    kind: parts[3 * k + 1],
    width: Number(parts[3 * k + 2]),
  }));
  const odd = properties.find(
    ({ kind, width }) => !/^[SRIL]$/.test(kind ?? '') || !Number.isInteger(width) || width < 1,
  );
  if (odd)
    throw new RangeError(
      `${where}: '${text}' are no Properties at '${odd.name}'; give name:kind:columns, with kinds S, R, I, L.`,
    );
  return properties;
}

function latticeOf(text: string, where: string): Float64Array {
  const numbers = text
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  if (numbers.length !== 9 || !numbers.every(Number.isFinite))
    throw new RangeError(`${where}: Lattice="${text}"; give nine numbers, the vectors of the cell one after another.`);
  return Float64Array.from(numbers);
}

/** Writes frames as extended XYZ, in as many digits as doubles have. @throws RangeError if lengths do not agree. */
export function writeXyz(frames: Xyz | readonly Xyz[]): string {
  const list = Array.isArray(frames) ? (frames as readonly Xyz[]) : [frames as Xyz];
  for (const frame of list) checkRecord('writeXyz', 'a frame', frame, ['species', 'positions']);
  return list.map(written).join('');
}

function written({ species, positions, lattice, columns = {}, info = {} }: Xyz): string {
  const n = species.length;
  if (positions.length !== 3 * n)
    throw new RangeError(`writeXyz: ${n} species have ${positions.length} coordinates; give three to each.`);
  const further = Object.entries(columns).map(([name, values]) => {
    const width = n === 0 ? 1 : values.length / n;
    if (!Number.isInteger(width) || width < 1)
      throw new RangeError(
        `writeXyz: '${name}' has ${values.length} values for ${n} atoms; give the same number to each.`,
      );
    return { name, values, width, kind: values instanceof Float64Array ? 'R' : 'S' };
  });
  const quote = (v: string): string => (/[\s="]/.test(v) || v === '' ? `"${v}"` : v);
  const properties = ['species:S:1:pos:R:3', ...further.map(f => `${f.name}:${f.kind}:${f.width}`)].join(':');
  const head = [
    ...(lattice ? [`Lattice="${Array.from(lattice).join(' ')}"`] : []),
    `Properties=${properties}`,
    ...Object.entries(info).map(([key, v]) => `${key}=${quote(v)}`),
  ].join(' ');
  const rows = species.map((s, i) =>
    [
      s,
      ...positions.subarray(3 * i, 3 * i + 3),
      ...further.flatMap(({ values, width }): (number | string)[] => [...values.slice(width * i, width * (i + 1))]),
    ].join(' '),
  );
  return [String(n), head, ...rows, ''].join('\n');
}
