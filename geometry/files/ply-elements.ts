/**
 * What every PLY file has, whatever it is of: a header that tells elements and their properties, then their numbers as text or bytes.
 *
 *   ply · format (ascii | binary_little_endian | binary_big_endian) 1.0 · element NAME COUNT · property TYPE NAME ·
 *   property list TYPE TYPE NAME · comment … · end_header · numbers, element by element, in the order of the header
 *
 * Greg Turk: The PLY Polygon File Format, 1994.
 */

export interface Property {
  readonly name: string;
  readonly type: NumberType;
  /** The type of its length, if it is a list. */
  readonly length?: NumberType;
}

/** One kind of element, with the numbers of all of them. */
export interface Element {
  readonly name: string;
  readonly count: number;
  readonly properties: readonly Property[];
  /** By property: a number of each element. */
  readonly numbers: ReadonlyMap<string, Float64Array>;
  /** By property: a list of each element. */
  readonly lists: ReadonlyMap<string, readonly (readonly number[])[]>;
}

export type NumberType = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'f32' | 'f64';

const typeNames: Readonly<Record<string, NumberType>> = {
  ...{ char: 'i8', uchar: 'u8', short: 'i16', ushort: 'u16', int: 'i32', uint: 'u32', float: 'f32', double: 'f64' },
  ...{ int8: 'i8', uint8: 'u8', int16: 'i16', uint16: 'u16', int32: 'i32', uint32: 'u32', float32: 'f32', float64: 'f64' },
}; // biome-ignore format: a table
const sizes: Readonly<Record<NumberType, number>> = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, f32: 4, f64: 8 };
const readers: Readonly<Record<NumberType, (view: DataView, at: number, little: boolean) => number>> = {
  i8: (view, at) => view.getInt8(at),
  u8: (view, at) => view.getUint8(at),
  i16: (view, at, little) => view.getInt16(at, little),
  u16: (view, at, little) => view.getUint16(at, little),
  i32: (view, at, little) => view.getInt32(at, little),
  u32: (view, at, little) => view.getUint32(at, little),
  f32: (view, at, little) => view.getFloat32(at, little),
  f64: (view, at, little) => view.getFloat64(at, little),
};

/** What whole numbers of a type are divided by to be 0 … 1; 1 for others. */
export const unitOf = (type: NumberType): number => ({ u8: 255, u16: 65535 })[type as string] ?? 1;

interface Header {
  readonly format: string;
  readonly elements: readonly Omit<Element, 'numbers' | 'lists'>[];
  /** Bytes and lines before the numbers. */
  readonly length: number;
  readonly lines: number;
}

/** @throws SyntaxError with the line or the byte of what is wrong. */
export function readElements(bytes: Uint8Array): Element[] {
  const header = readHeader(bytes);
  const next = header.format === 'ascii' ? words(bytes, header) : binary(bytes, header);
  return header.elements.map(element => {
    const numbers = new Map<string, Float64Array>();
    const lists = new Map<string, number[][]>();
    for (const { name, length } of element.properties)
      if (length) lists.set(name, []);
      else numbers.set(name, new Float64Array(element.count));
    let k = 0;
    let name = '';
    const where = (): string => `${name} of ${element.name} ${k} of ${element.count}`;
    const properties = element.properties.map(p => ({ ...p, own: numbers.get(p.name), lists: lists.get(p.name) }));
    for (k = 0; k < element.count; k++)
      for (const property of properties) {
        const { type, length, own } = property;
        name = property.name;
        if (!length) {
          if (own) own[k] = next.number(type, where);
          continue;
        }
        const count = next.number(length, where);
        if (!(Number.isInteger(count) && count >= 0 && count <= next.most(type)))
          throw new SyntaxError(
            `readPly: ${next.place()}: the list ${where()} is to have ${count} numbers; that is more than the file has, or no number of them.`,
          );
        const list: number[] = [];
        for (let n = 0; n < count; n++) list.push(next.number(type, where));
        property.lists?.push(list);
      }
    return { ...element, numbers, lists };
  });
}

function readHeader(bytes: Uint8Array): Header {
  const lines: string[] = [];
  let at = 0;
  while (lines[lines.length - 1] !== 'end_header') {
    const end = bytes.indexOf(10, at);
    const line = String.fromCharCode(...bytes.subarray(at, Math.min(end < 0 ? bytes.length : end, at + 1000))).trim();
    if (lines.length === 0 && line !== 'ply')
      throw new SyntaxError("readPly: line 1 is not 'ply'; the file is of another kind.");
    if (end < 0 && line !== 'end_header')
      throw new SyntaxError(
        `readPly: the header ends at line ${lines.length + 1} without 'end_header'; the file may be cut short.`,
      );
    lines.push(line);
    at = end < 0 ? bytes.length : end + 1;
  }
  let format: string | undefined;
  const elements: { name: string; count: number; properties: Property[] }[] = [];
  lines.slice(1, -1).forEach((line, i) => {
    const wrong = (what: string): SyntaxError => new SyntaxError(`readPly: line ${i + 2} is '${line}'; ${what}.`);
    const [word, ...rest] = line.split(/\s+/);
    if (word === 'format') {
      if (!/^(ascii|binary_little_endian|binary_big_endian)$/.test(rest[0]) || rest[1] !== '1.0')
        throw wrong('formats are ascii, binary_little_endian and binary_big_endian 1.0');
      format = rest[0];
    } else if (word === 'element') {
      const count = Number(rest[1]);
      if (rest.length !== 2 || !Number.isInteger(count) || count < 0 || count > 2 ** 31)
        throw wrong('it must be an element, a name and how many there are');
      if (count > bytes.length) throw wrong(`so many do not fit in ${bytes.length} bytes`);
      if (elements.some(({ name }) => name === rest[0])) throw wrong('there is one of that name already');
      elements.push({ name: rest[0], count, properties: [] });
    } else if (word === 'property') {
      const isList = rest[0] === 'list';
      const [type, length] = isList ? [typeNames[rest[2]], typeNames[rest[1]]] : [typeNames[rest[0]], undefined];
      const last = elements[elements.length - 1];
      if (!last || !type || (isList && !length) || rest.length !== (isList ? 4 : 2))
        throw wrong('it must be a type and a name, or list, two types and a name, after an element');
      const name = rest[rest.length - 1];
      if (last.properties.some(property => property.name === name))
        throw wrong(`'${last.name}' has one of that name already`);
      last.properties.push({ name, type, ...(length && { length }) });
    } else if (word !== 'comment' && word !== 'obj_info' && word !== '')
      throw wrong('headers have format, element, property, comment and obj_info');
  });
  if (!format) throw new SyntaxError("readPly: the header has no 'format'.");
  const empty = elements.find(({ properties, count }) => properties.length === 0 && count > 0);
  if (empty) throw new SyntaxError(`readPly: the element '${empty.name}' has no properties.`);
  return { format, elements, length: at, lines: lines.length };
}

/** The numbers of a file, one after another. */
interface Numbers {
  number(type: NumberType, where: () => string): number;
  /** How many of a type there can be in the rest, at most. */
  most(type: NumberType): number;
  place(): string;
}

function binary(bytes: Uint8Array, { format, length }: Header): Numbers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = format === 'binary_little_endian';
  let at = length;
  return {
    number(type, where) {
      if (at + sizes[type] > bytes.length)
        throw new SyntaxError(`readPly: byte ${at}: the file ends before ${where()}; it may be cut short.`);
      const value = readers[type](view, at, little);
      at += sizes[type];
      return value;
    },
    most: type => (bytes.length - at) / sizes[type],
    place: () => `byte ${at}`,
  };
}

function words(bytes: Uint8Array, { length, lines }: Header): Numbers {
  const text = new TextDecoder().decode(bytes.subarray(length));
  let at = 0;
  let line = lines + 1;
  const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
  return {
    number(_, where) {
      for (; at < text.length && isBlank(text.charCodeAt(at)); at++) if (text.charCodeAt(at) === 10) line++;
      if (at === text.length)
        throw new SyntaxError(`readPly: line ${line}: the file ends before ${where()}; it may be cut short.`);
      const from = at;
      while (at < text.length && !isBlank(text.charCodeAt(at))) at++;
      const word = text.slice(from, at);
      const value = Number(word);
      if (Number.isNaN(value) && !/^[+-]?nan$/i.test(word))
        throw new SyntaxError(`readPly: line ${line}: ${where()} is '${word}'; it must be a number.`);
      return value;
    },
    most: () => text.length / 2,
    place: () => `line ${line}`,
  };
}
