/**
 * The head of an OpenEXR file of scan lines or tiles, and where its blocks are.
 *
 *   magic 76 2f 31 01 · version 2 and flags · attributes: name 0 type 0 size value · 0 · offsets of blocks, u64 · blocks
 *
 * Little-endian throughout. Industrial Light & Magic: OpenEXR File Layout.
 */

export type PixelType = 'uint' | 'half' | 'float';

export interface Channel {
  readonly name: string;
  readonly type: PixelType;
}

export const bytesOf: Readonly<Record<PixelType, number>> = { uint: 4, half: 2, float: 4 };
const pixelTypes: readonly PixelType[] = ['uint', 'half', 'float'];

export interface Compression {
  readonly name: 'none' | 'RLE' | 'ZIPS' | 'ZIP' | 'PIZ';
  /** Rows of a block. */
  readonly rows: number;
}

/** By number; those that are not read have a name alone. */
const compressions: readonly (Compression | string)[] = [
  { name: 'none', rows: 1 },
  { name: 'RLE', rows: 1 },
  { name: 'ZIPS', rows: 1 },
  { name: 'ZIP', rows: 16 },
  { name: 'PIZ', rows: 32 },
  'PXR24',
  'B44',
  'B44A',
  'DWAA',
  'DWAB',
];

export interface ExrHeader {
  readonly width: number;
  readonly height: number;
  /** The number of the first row. */
  readonly top: number;
  /** Pixels of a block, but for those at the right and lower ends. */
  readonly block: { readonly width: number; readonly height: number };
  readonly hasTiles: boolean;
  /** In the order in which rows have them. */
  readonly channels: readonly Channel[];
  readonly compression: Compression;
  /** Where the blocks begin, bytes: those of a row from the left, rows from the top; of tiles the finest alone. */
  readonly offsets: readonly number[];
}

/** Bytes read in order; whatever lies beyond the end is an error that says where. */
export class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The place of so many bytes, which are passed. */
  take(count: number, what: string): number {
    const at = this.at;
    if (!(count >= 0 && at + count <= this.bytes.length))
      throw new SyntaxError(`decodeExr: byte ${at}: the file ends before ${what}; it may be cut short.`);
    this.at += count;
    return at;
  }
  u8 = (what: string): number => this.view.getUint8(this.take(1, what));
  u32 = (what: string): number => this.view.getUint32(this.take(4, what), true);
  i32 = (what: string): number => this.view.getInt32(this.take(4, what), true);
  /** Text up to a zero. */
  text(what: string): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0 || end - this.at > 255)
      throw new SyntaxError(`decodeExr: byte ${this.at}: ${what} does not end; the file may be cut short or changed.`);
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, end)).replace(/[^ -~]/g, '?');
    this.at = end + 1;
    return text;
  }
}

const mostPixels = 2 ** 28;

/** @throws SyntaxError with the byte, or what of the format is not read. */
export function readHeader(bytes: Uint8Array): ExrHeader {
  const file = new Reader(bytes);
  if (bytes.length < 8 || file.u32('its mark') !== 20000630)
    throw new SyntaxError('decodeExr: the file does not begin with 76 2f 31 01; it is no OpenEXR.');
  const version = file.u32('its version');
  if ((version & 255) !== 2) throw new SyntaxError(`decodeExr: the file has version ${version & 255}; 2 is read.`);
  const hasTiles = (version & 0x200) !== 0;
  for (const [flag, what] of [[0x800, 'deep pixels'], [0x1000, 'several parts']] as const)
    if (version & flag)
      throw new SyntaxError(`decodeExr: the file has ${what}, which are not read; save it as one flat part.`); // biome-ignore format: a table
  let channels: readonly Channel[] | undefined;
  let compression: Compression | undefined;
  let box: readonly number[] | undefined;
  let tile: readonly number[] | undefined;
  for (let name = file.text('an attribute'); name !== ''; name = file.text('an attribute')) {
    const type = file.text(`the type of '${name}'`);
    const size = file.u32(`the size of '${name}'`);
    const start = file.take(size, `the value of '${name}'`);
    const value = new Reader(bytes.subarray(start, start + size));
    if (name === 'channels' && type === 'chlist') channels = readChannels(value, start);
    if (name === 'dataWindow' && type === 'box2i') box = [0, 1, 2, 3].map(() => value.i32('a number of dataWindow'));
    if (name === 'tiles' && type === 'tiledesc') tile = [value.u32("a tile's width"), value.u32("a tile's height")];
    if (name === 'compression' && type === 'compression') compression = compressionOf(value.u8('the compression'));
  }
  const lacking = Object.entries({ channels, dataWindow: box, compression }).find(([, value]) => value === undefined);
  if (!channels || !box || !compression) throw new SyntaxError(`decodeExr: the header has no '${lacking?.[0]}'.`);
  const [left, top, right, bottom] = box;
  const [width, height] = [right - left + 1, bottom - top + 1];
  if (!(width > 0 && height > 0 && width * height <= mostPixels))
    throw new SyntaxError(
      `decodeExr: the picture is ${width} × ${height} (dataWindow ${box.join(' ')}); it must have pixels, and not more than ${mostPixels}.`,
    );
  if (hasTiles && !tile?.every(size => size > 0))
    throw new SyntaxError(`decodeExr: the file has tiles, but their size is ${tile?.join(' × ') ?? 'not told'}.`);
  const [across, down] = hasTiles && tile ? tile : [width, compression.rows];
  const offsets: number[] = [];
  for (let k = 0; k < Math.ceil(width / across) * Math.ceil(height / down); k++) {
    const at = file.take(8, `the place of block ${k}`);
    const offset = file.view.getUint32(at, true) + 2 ** 32 * file.view.getUint32(at + 4, true);
    if (offset < file.at || offset >= bytes.length)
      throw new SyntaxError(
        `decodeExr: byte ${at}: block ${k} begins at ${offset} of ${bytes.length} bytes; the file is incomplete or changed.`,
      );
    offsets.push(offset);
  }
  return { width, height, top, block: { width: across, height: down }, hasTiles, channels, compression, offsets };
}

function readChannels(value: Reader, start: number): readonly Channel[] {
  const channels: Channel[] = [];
  for (let name = value.text('a channel'); name !== ''; name = value.text('a channel')) {
    const type = pixelTypes[value.u32(`the type of channel '${name}'`)];
    value.take(4, `the flags of channel '${name}'`);
    const sampling = [value.u32('a sampling'), value.u32('a sampling')];
    if (!type)
      throw new SyntaxError(
        `decodeExr: byte ${start}: channel '${name}' has a type that is none of ${pixelTypes.join(', ')}.`,
      );
    if (sampling.some(every => every !== 1))
      throw new SyntaxError(
        `decodeExr: channel '${name}' has every ${sampling.join(' × ')}th pixel; save it with all pixels.`,
      );
    channels.push({ name, type });
  }
  if (channels.length === 0) throw new SyntaxError('decodeExr: the picture has no channels.');
  return channels;
}

function compressionOf(number: number): Compression {
  const found = compressions[number] ?? `number ${number}`;
  if (typeof found !== 'string') return found;
  throw new SyntaxError(
    `decodeExr: the pixels are compressed as ${found}, which is not read; save the file with none, RLE, ZIPS, ZIP or PIZ.`,
  );
}
