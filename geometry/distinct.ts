/** Rows of words that are alike: a table of them by hash, with steps to the next free place. */

export interface Distinct {
  /** The first of the rows of each kind, in their order. */
  readonly kept: Uint32Array;
  /** Each row's place in `kept`. */
  readonly numberOf: Uint32Array;
}

/** @param width Words in a row. */
export function distinctRows(words: Uint32Array, width: number): Distinct {
  const count = words.length / width;
  const numberOf = new Uint32Array(count);
  const kept = new Uint32Array(count);
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 1)) - 1;
  /** Places in `kept`, from one; 0: free. */
  const table = new Uint32Array(mask + 1);
  let found = 0;
  for (let row = 0; row < count; row++) {
    let at = hash(words, width * row, width) & mask;
    while (table[at] !== 0 && !areEqual(words, width * kept[table[at] - 1], width * row, width)) at = (at + 1) & mask;
    if (table[at] === 0) {
      kept[found++] = row;
      table[at] = found;
    }
    numberOf[row] = table[at] - 1;
  }
  return { kept: kept.slice(0, found), numberOf };
}

function hash(words: Uint32Array, from: number, width: number): number {
  let mixed = width;
  for (let w = from; w < from + width; w++) mixed = Math.imul(mixed ^ words[w] ^ (mixed >>> 15), 0x9e3779b1);
  return mixed ^ (mixed >>> 16);
}

function areEqual(words: Uint32Array, one: number, other: number, width: number): boolean {
  for (let w = 0; w < width; w++) if (words[one + w] !== words[other + w]) return false;
  return true;
}
