/**
 * Huffman codes of 16-bit words as PIZ has them, unpacked.
 *
 *   first, last symbol, table's bytes, bits, 0: u32 each · table · codes; bits from the highest of each byte
 *   table: 6 bits for each symbol's code length; 59 … 62 stand for 2 … 5 lengths of 0, 63 and 8 bits n for n + 6 of them      (1)
 *   Codes of one length are consecutive, in the order of symbols; shorter ones follow, as numbers, those that are longer:     (2)
 *     first code of length l = (first of l + 1 plus how many there are) / 2
 *   The last symbol says, with 8 bits n, that the word before it is repeated n times.
 */

const longest = 58;
/** A code that is longer would take more words than there can be. */
const longestRead = 48;

/** @throws SyntaxError if the codes do not give as many words. */
export function unhuffed(packed: Uint8Array, count: number): Uint16Array {
  const words = new Uint16Array(count);
  if (packed.length === 0 && count === 0) return words;
  if (packed.length < 20) throw new SyntaxError('the codes have no head');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const [first, last, bits] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(12, true)];
  if (first > last || last > 65536) throw new SyntaxError(`codes are of symbols ${first} to ${last}`);
  const input = new Bits(packed, 20);
  const lengths = readLengths(input, first, last);
  input.startByte();
  return decode(input, codesOf(lengths, first), last, bits, words);
}

/** Single bits and numbers of a few. */
class Bits {
  private at: number;
  private readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = 8 * at;
  }
  bit(): number {
    const { at, bytes } = this;
    if (at >= 8 * bytes.length) throw new SyntaxError('the codes end too early');
    this.at++;
    return (bytes[at >> 3] >> (7 - (at & 7))) & 1;
  }
  number(count: number): number {
    let value = 0;
    for (let k = 0; k < count; k++) value = 2 * value + this.bit();
    return value;
  }
  startByte(): void {
    this.at = 8 * Math.ceil(this.at / 8);
  }
  get place(): number {
    return this.at;
  }
}

function readLengths(input: Bits, first: number, last: number): Uint8Array {
  const lengths = new Uint8Array(last - first + 1);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = input.number(6);
    const zeros = length === 63 ? input.number(8) + 6 : length >= 59 ? length - 57 : 0; // (1)
    if (symbol + zeros > lengths.length) throw new SyntaxError('the table of codes is too long');
    if (zeros > 0) symbol += zeros - 1;
    else lengths[symbol] = length;
  }
  return lengths;
}

interface Codes {
  /** By length: the first code, how many there are, and where their symbols begin. */
  readonly first: Float64Array;
  readonly counts: Float64Array;
  readonly starts: Uint32Array;
  readonly symbols: Uint32Array;
}

function codesOf(lengths: Uint8Array, firstSymbol: number): Codes {
  const [first, counts] = [new Float64Array(longest + 2), new Float64Array(longest + 2)];
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  for (let l = longest; l > 0; l--) first[l] = Math.floor((first[l + 1] + counts[l + 1]) / 2); // (2)
  const starts = new Uint32Array(longest + 2);
  for (let l = 1; l <= longest; l++) starts[l + 1] = starts[l] + counts[l];
  const symbols = new Uint32Array(starts[longest + 1]);
  const next = starts.slice();
  lengths.forEach((length, k) => {
    if (length > 0) symbols[next[length]++] = firstSymbol + k;
  });
  return { first, counts, starts, symbols };
}

function decode(input: Bits, codes: Codes, repeat: number, bits: number, words: Uint16Array): Uint16Array {
  const { first, counts, starts, symbols } = codes;
  const end = input.place + bits;
  let to = 0;
  while (input.place < end) {
    let [code, length] = [0, 0];
    let rank = -1;
    while (!(rank >= 0 && rank < counts[length])) {
      if (++length > longestRead) throw new SyntaxError('there are bits that are no code');
      code = 2 * code + input.bit();
      rank = code - first[length];
    }
    const symbol = symbols[starts[length] + rank];
    const times = symbol === repeat ? input.number(8) : 1;
    if (to + times > words.length || (symbol === repeat && to === 0))
      throw new SyntaxError(`the codes give more than ${words.length} words`);
    words.fill(symbol === repeat ? words[to - 1] : symbol, to, to + times);
    to += times;
  }
  if (to !== words.length) throw new SyntaxError(`the codes give ${to} words instead of ${words.length}`);
  return words;
}
