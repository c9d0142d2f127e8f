/** The first line of a Matrix Market file: what follows, and which of it we read. */

export type Symmetry = 'general' | 'symmetric' | 'skew-symmetric';

export interface Header {
  readonly format: 'coordinate' | 'array';
  readonly field: 'real' | 'integer' | 'pattern';
  readonly symmetry: Symmetry;
}

/** @throws RangeError naming the word that is not known. */
export function headerOf(line: string): Header {
  const [banner, object, format, field, symmetry, ...more] = line.toLowerCase().split(/\s+/);
  if (banner !== '%%matrixmarket')
    fail(
      `the file begins with '${line.slice(0, 60)}'; it must begin like '%%MatrixMarket matrix coordinate real general'`,
    );
  if (more.length > 0) fail(`'${more.join(' ')}' after the symmetry; there are five words`);
  one('object', object, ['matrix']);
  const header = {
    format: one('format', format, ['coordinate', 'array'] as const),
    field: one('field', field === 'double' ? 'real' : field, ['real', 'integer', 'pattern'] as const),
    symmetry: one('symmetry', symmetry, ['general', 'symmetric', 'skew-symmetric'] as const),
  };
  if (header.field === 'pattern' && (header.format === 'array' || header.symmetry === 'skew-symmetric'))
    fail(`a pattern without values cannot be ${header.format === 'array' ? 'an array' : 'skew-symmetric'}`);
  return header;
}

function one<T extends string>(what: string, word: string | undefined, known: readonly T[]): T {
  const found = known.find(k => k === word);
  return found ?? fail(`the ${what} is '${word ?? ''}'; what can be read is ${known.join(', ')}`);
}

function fail(what: string): never {
  throw new RangeError(`parseMatrixMarket: line 1: ${what}.`);
}
