/**
 * The text of Gmsh's mesh files, versions 2.2 and 4.1: sections $Name … $EndName of lines of words, nodes by number, and pieces of mesh of every
 * dimension with the physical groups that they are in. What a piece is for is msh.ts's.
 */

interface Line {
  readonly words: readonly string[];
  /** 'name:7', for messages. */
  readonly where: string;
}

type Sections = ReadonlyMap<string, readonly Line[]>;

/** Something of the mesh of any dimension. */
export interface Piece {
  readonly dimension: number;
  readonly type: number;
  readonly nodes: readonly string[];
  /** Numbers of the physical groups it is in. */
  readonly groups: readonly string[];
  readonly where: string;
}

export interface Node {
  readonly tag: string;
  readonly place: readonly number[];
}

/** What a file has. */
export interface MshText {
  readonly nodes: readonly Node[];
  readonly pieces: readonly Piece[];
  /** Names of physical groups, by 'dimension:number'. */
  readonly names: ReadonlyMap<string, string>;
}

/** @throws RangeError that names the line. */
export function readMshText(text: string, name: string): MshText {
  const sections = sectionsOf(text, name);
  const [format] = section(sections, 'MeshFormat', name);
  if (!format) throw new RangeError(`${name}: $MeshFormat is empty; it says '4.1 0 8' or '2.2 0 8'.`);
  const [version, binary] = format.words;
  if (version !== '2.2' && version !== '4.1')
    throw new RangeError(`${format.where}: the version is ${version}; save the mesh as version 4.1 or 2.2.`);
  if (binary !== '0') throw new RangeError(`${format.where}: the file is binary; save it as text (ASCII).`);
  const [nodes, pieces] = version === '2.2' ? [nodes2, pieces2] : [nodes4, pieces4];
  return { nodes: nodes(sections, name), pieces: pieces(sections, name), names: namesOf(sections) };
}

function sectionsOf(text: string, name: string): Sections {
  const sections = new Map<string, Line[]>();
  let open: { readonly title: string; readonly lines: Line[] } | undefined;
  text.split(/\r\n|\n|\r/).forEach((raw, i) => {
    const line = raw.trim();
    const where = `${name}:${i + 1}`;
    if (line.startsWith('$End')) {
      if (open?.title !== line.slice(4))
        throw new RangeError(`${where}: ${line} ends nothing that began; sections are $Name … $EndName.`);
      open = undefined;
    } else if (line.startsWith('$')) {
      if (open) throw new RangeError(`${where}: ${line} begins within $${open.title}; $End${open.title} is missing.`);
      open = { title: line.slice(1), lines: sections.get(line.slice(1)) ?? [] };
      sections.set(open.title, open.lines);
    } else if (open && line !== '') open.lines.push({ words: line.split(/\s+/), where });
  });
  if (open) throw new RangeError(`${name}: the file ends within $${open.title}; $End${open.title} is missing.`);
  return sections;
}

function section(sections: Sections, title: string, name: string): readonly Line[] {
  const lines = sections.get(title);
  if (!lines) throw new RangeError(`${name}: there is no $${title}; a mesh has $MeshFormat, $Nodes and $Elements.`);
  return lines;
}

/** Takes the lines of a section one after the other. */
function reader(lines: readonly Line[], title: string, name: string): () => Line {
  let at = 0;
  return () => {
    if (at === lines.length)
      throw new RangeError(`${name}: $${title} ends too early; it has fewer lines than it says.`);
    return lines[at++];
  };
}

/** Whole numbers of a line. */
function whole({ words, where }: Line, what: string): number[] {
  return words.map(word => {
    if (!/^-?\d+$/.test(word)) throw new RangeError(`${where}: '${word}' stands where ${what} should; give a whole number.`); // biome-ignore format: a message
    return Number(word);
  });
}

function placeOf({ words, where }: Line, from: number): number[] {
  const place = words.slice(from, from + 3).map(Number);
  if (place.length < 3 || !place.every(Number.isFinite))
    throw new RangeError(`${where}: '${words.join(' ')}' is no node; give three finite coordinates.`);
  return place;
}

function nodes2(sections: Sections, name: string): Node[] {
  const next = reader(section(sections, 'Nodes', name), 'Nodes', name);
  const [count] = whole(next(), 'the number of nodes');
  return Array.from({ length: count }, () => {
    const line = next();
    return { tag: line.words[0], place: placeOf(line, 1) };
  });
}

function nodes4(sections: Sections, name: string): Node[] {
  const next = reader(section(sections, 'Nodes', name), 'Nodes', name);
  const [blocks] = whole(next(), 'the number of blocks');
  return Array.from({ length: blocks }, () => {
    const [, , , count] = whole(next(), 'the head of a block of nodes');
    const tags = Array.from({ length: count }, () => next().words[0]);
    return tags.map(tag => ({ tag, place: placeOf(next(), 0) }));
  }).flat();
}

function pieces2(sections: Sections, name: string): Piece[] {
  const next = reader(section(sections, 'Elements', name), 'Elements', name);
  const [count] = whole(next(), 'the number of elements');
  return Array.from({ length: count }, () => {
    const line = next();
    const [, type, tags, first] = whole(line, 'an element');
    const groups = tags > 0 && first !== 0 ? [String(Math.abs(first))] : [];
    return { dimension: dimensionOf(type), type, nodes: line.words.slice(3 + tags), groups, where: line.where };
  });
}

function pieces4(sections: Sections, name: string): Piece[] {
  const groupsOf = physical(sections, name);
  const next = reader(section(sections, 'Elements', name), 'Elements', name);
  const [blocks] = whole(next(), 'the number of blocks');
  return Array.from({ length: blocks }, () => {
    const [dimension, entity, type, count] = whole(next(), 'the head of a block of elements');
    const groups = groupsOf.get(`${dimension}:${entity}`) ?? [];
    return Array.from({ length: count }, () => {
      const line = next();
      return { dimension, type, nodes: line.words.slice(1), groups, where: line.where };
    });
  }).flat();
}

/** Physical groups of each entity 'dimension:number', of version 4.1. */
function physical(sections: Sections, name: string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  const lines = sections.get('Entities');
  if (!lines) return groups;
  const next = reader(lines, 'Entities', name);
  whole(next(), 'the number of entities').forEach((count, dimension) => {
    const box = dimension === 0 ? 4 : 7; // its number, and a point or two corners
    for (let k = 0; k < count; k++) {
      const { words } = next();
      groups.set(`${dimension}:${words[0]}`, words.slice(box + 1, box + 1 + Number(words[box])).map(unsigned));
    }
  });
  return groups;
}

/** A minus says that an entity is taken the other way round. */
const unsigned = (word: string): string => word.replace('-', '');

/** Names of physical groups, by 'dimension:number'. */
const namesOf = (sections: Sections): ReadonlyMap<string, string> =>
  new Map(
    (sections.get('PhysicalNames') ?? [])
      .slice(1)
      .map(({ words: [dimension, number, ...name] }) => [
        `${dimension}:${number}`,
        name.join(' ').replace(/^"|"$/g, ''),
      ]),
  );

const flat = new Set([2, 3, 9, 10, 16, 20, 21, 22, 23, 24, 25]);
const dimensionOf = (type: number): number =>
  type === 15 ? 0 : [1, 8, 26, 27, 28].includes(type) ? 1 : flat.has(type) ? 2 : 3;
