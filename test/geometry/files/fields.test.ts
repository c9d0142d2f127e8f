// CSV and VTK's files: what is written is read back by a parser of XML and base64, with its bits.

import { writeCsv, writePvd, writeVti, writeVtp, writeVtu } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';

interface Read {
  /** Attributes of the first element of each name. */
  readonly elements: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Arrays by the element they stand in and their name. */
  readonly arrays: Readonly<Record<string, { readonly components: number; readonly values: readonly number[] }>>;
}

const words = {
  UInt8: Uint8Array,
  Float32: Float32Array,
  Float64: Float64Array,
  Int32: Int32Array,
  UInt32: Uint32Array,
};

function parse(text: string): Read {
  const elements: Record<string, Readonly<Record<string, string>>> = {};
  const arrays: Record<string, { components: number; values: readonly number[] }> = {};
  const path: { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    elements[name] ??= attributes;
    path.push({ name, attributes });
  });
  parser.on('text', content => {
    const own = path[path.length - 1];
    if (own?.name !== 'DataArray') return;
    const bytes = Uint8Array.from(atob(content.trim()), sign => sign.charCodeAt(0));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(bytes.length).toBe(8 + length);
    const { type, Name, NumberOfComponents, format } = own.attributes;
    expect(format).toBe('binary');
    const values = Array.from(new words[type as keyof typeof words](bytes.slice(8).buffer));
    arrays[`${path[path.length - 2].name}.${Name}`] = { components: Number(NumberOfComponents), values };
  });
  parser.on('closetag', () => path.pop());
  parser.on('error', error => {
    throw error;
  });
  parser.write(text).close();
  return { elements, arrays };
}

describe('.vti', () => {
  it('has cells x first, of any rank, and vectors of three components', async () => {
    const u = tensor([1, 2, 3, 4, 5, 6], [2, 3], { device: cpu32 });
    const v = tensor(
      Array.from({ length: 12 }, (_, k) => k / 7),
      [2, 3, 2],
      { device: cpu64 },
    );
    const file = await writeVti([2, 3], { spacing: [0.5, 0.25], origin: [1, 2], cells: { 'a<b&"': u, v } });
    const { elements, arrays } = parse(file);
    expect(elements.VTKFile).toMatchObject({ type: 'ImageData', byte_order: 'LittleEndian', header_type: 'UInt64' });
    expect(elements.ImageData).toEqual({ WholeExtent: '0 3 0 2 0 0', Origin: '1 2 0', Spacing: '0.25 0.5 1' });
    expect(elements.Piece.Extent).toBe('0 3 0 2 0 0');
    expect(arrays['CellData.a<b&"']).toEqual({ components: 1, values: [1, 2, 3, 4, 5, 6] });
    const padded = Array.from({ length: 6 }, (_, k) => [(2 * k) / 7, (2 * k + 1) / 7, 0]).flat();
    expect(arrays['CellData.v']).toEqual({ components: 3, values: padded });
  });

  it('has values at corners, whole numbers as such, and many of them', async () => {
    const many = Int32Array.from({ length: 41 * 31 * 21 }, (_, k) => k - 500);
    const { elements, arrays } = parse(await writeVti([20, 30, 40], { corners: { many } }));
    expect(elements.ImageData.WholeExtent).toBe('0 40 0 30 0 20');
    expect(arrays['PointData.many'].values).toEqual(Array.from(many));
  });

  it('refuses fields that do not fit', async () => {
    await expect(writeVti([2, 2], { cells: { u: [1, 2, 3] } })).rejects.toThrow(
      "writeVti: 'u' has 3 numbers, but there are 4 cells; give 1 to 9 for each.",
    );
    await expect(writeVti([2, 0], {})).rejects.toThrow(
      'writeVti: the shape is [2, 0]; give one to three whole numbers',
    );
    await expect(writeVti([2, 2], { spacing: [1, 0] })).rejects.toThrow(
      "writeVti: 'spacing' is [1, 0]; give a positive",
    );
  });
});

describe('.vtu', () => {
  it('has elements of the plane and of space, and what belongs to nodes and elements', async () => {
    const square = tensor([0, 0, 1, 0, 0, 1, 1, 1], [4, 2], { device: cpu64 });
    const flat = parse(
      await writeVtu(square, [0, 1, 2, 1, 3, 2], { points: { u: [1, 2, 3, 4] }, cells: { stress: [5, 6] } }),
    );
    expect(flat.elements.Piece).toEqual({ NumberOfPoints: '4', NumberOfCells: '2' });
    expect(flat.arrays['Points.places']).toEqual({ components: 3, values: [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0] });
    expect(flat.arrays['Cells.connectivity'].values).toEqual([0, 1, 2, 1, 3, 2]);
    expect(flat.arrays['Cells.offsets'].values).toEqual([3, 6]);
    expect(flat.arrays['Cells.types'].values).toEqual([5, 5]);
    expect(flat.arrays['PointData.u'].values).toEqual([1, 2, 3, 4]);
    expect(flat.arrays['CellData.stress'].values).toEqual([5, 6]);
    const corner = tensor([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], [4, 3], { device: cpu64 });
    expect(parse(await writeVtu(corner, [0, 1, 2, 3])).arrays['Cells.types'].values).toEqual([10]);
    await expect(writeVtu(corner, [0, 1, 2])).rejects.toThrow(
      'writeVtu: 3 corners do not make elements; give 4 for each.',
    );
    await expect(writeVtu(corner, [0, 1, 2, 4])).rejects.toThrow(
      'writeVtu: an element has a corner 4; nodes are 0 to 3.',
    );
    await expect(writeVtu(square.reshape([8]), [0])).rejects.toThrow(
      'writeVtu: places have shape [8]; give [n, 2] or [n, 3].',
    );
    await expect(writeVtu(square, [0, 1, 2], { points: { u: [1] } })).rejects.toThrow(
      "writeVtu: 'u' has 1 numbers, but there are 4 points; give 1 to 9 for each.",
    );
  });
});

describe('.vtp', () => {
  it('has particles as dots, in the plane too', async () => {
    const { elements, arrays } = parse(
      await writeVtp(
        [
          [1, 2],
          [3, 4],
        ],
        { points: { mass: [5, 6] } },
      ),
    );
    expect(elements.Piece).toMatchObject({ NumberOfPoints: '2', NumberOfVerts: '2', NumberOfPolys: '0' });
    expect(arrays['Points.places']).toEqual({ components: 3, values: [1, 2, 0, 3, 4, 0] });
    expect(arrays['PointData.mass'].values).toEqual([5, 6]);
    expect(arrays['Verts.connectivity'].values).toEqual([0, 1]);
    expect(arrays['Verts.offsets'].values).toEqual([1, 2]);
  });

  it('has lines and triangles', async () => {
    const places = tensor(new Array(12).fill(0.5), [4, 3], { device: cpu32 });
    const file = await writeVtp(places, {
      triangles: [0, 1, 2, 1, 2, 3],
      lines: [
        [0, 3],
        [3, 2, 1],
      ],
      cells: { k: [1, 2, 3, 4] },
    });
    const { elements, arrays } = parse(file);
    expect(elements.Piece).toMatchObject({ NumberOfVerts: '0', NumberOfLines: '2', NumberOfPolys: '2' });
    expect(arrays['Lines.offsets'].values).toEqual([2, 5]);
    expect(arrays['Lines.connectivity'].values).toEqual([0, 3, 3, 2, 1]);
    expect(arrays['Polys.offsets'].values).toEqual([3, 6]);
    expect(arrays['CellData.k'].values).toEqual([1, 2, 3, 4]);
  });

  it('refuses points that there are not', async () => {
    await expect(writeVtp([[0, 0, 0]], { triangles: [0, 0, 1] })).rejects.toThrow(
      'writeVtp: a line or triangle names point 1; points are 0 to 0.',
    );
    await expect(writeVtp([[0]])).rejects.toThrow('writeVtp: places have shape [1, 1]; give [n, 3] or [n, 2].');
  });

  it('is valid without a point', async () => {
    expect(parse(await writeVtp([])).elements.Piece.NumberOfPoints).toBe('0');
  });
});

it('lists the files of a film', () => {
  const { elements } = parse(writePvd([{ time: 0.5, file: 'a&b.vti' }]));
  expect(elements.DataSet).toEqual({ timestep: '0.5', part: '0', file: 'a&b.vti' });
});

describe('CSV', () => {
  it('has the digits that tell numbers apart, a column for each component, and quoted names', async () => {
    const u = tensor([0.1, 1 / 3, 1e-30, 16777217], [2, 2], { device: cpu32 });
    const text = await writeCsv({ 'a "b", c': [1, 1 / 3], u });
    const [header, ...lines] = text.trimEnd().split('\r\n');
    expect(header).toBe('"a ""b"", c",u.0,u.1');
    expect(lines).toEqual(['1,0.1,0.33333334', `${1 / 3},1e-30,16777216`]);
    const values = lines.flatMap(line => line.split(',').slice(1)).map(Number);
    expect(Float32Array.from(values)).toEqual(await u.read());
  });

  it('refuses columns of different lengths, and none', async () => {
    await expect(writeCsv({ a: [1, 2], b: [1, 2, 3] })).rejects.toThrow(
      "writeCsv: 'b' has 3 numbers, but there are 2 rows; give as many for each.",
    );
    await expect(writeCsv({})).rejects.toThrow('writeCsv: there is no column; give one at least.');
  });
});
