// Specification of the Matrix Market's format, in and out. The first example is that of NISTIR 5935.

import { tensor } from 'retrograde/kernel';
import { csr, formatMatrixMarket, parseMatrixMarket } from 'retrograde/sparse';
import { describe, expect, it } from 'vitest';
import { cpu64 } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';
import { denseOf, randomPattern, symmetricMatrix } from '../util/sparse.ts';

const dense = (text: string) => {
  const { pattern, values } = parseMatrixMarket(text);
  return denseOf(pattern, 1, values);
};

describe('parseMatrixMarket', () => {
  it('reads the example of the report, comments and all', () => {
    const text = `%%MatrixMarket matrix coordinate real general
%=================================================================================
%
% This ASCII file represents a sparse MxN matrix with L nonzeros
%
  5  5  8
    1     1   1.000e+00
    2     2   1.050e+01
    3     3   1.500e-02
    1     4   6.000e+00
    4     2   2.505e+02
    4     4  -2.800e+02
    4     5   3.332e+01
    5     5   1.200e+01
`;
    expect(dense(text)).toEqual([
      [1, 0, 0, 6, 0],
      [0, 10.5, 0, 0, 0],
      [0, 0, 0.015, 0, 0],
      [0, 250.5, 0, -280, 33.32],
      [0, 0, 0, 0, 12],
    ]);
    expect(parseMatrixMarket(text).symmetric).toBe(false);
  });

  it('fills in the other half of symmetric and skew-symmetric matrices', () => {
    const symmetric = '%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 3\n2 1 -1D-1\n';
    expect(dense(symmetric)).toEqual([
      [3, -0.1],
      [-0.1, 0],
    ]);
    expect(parseMatrixMarket(symmetric).symmetric).toBe(true);
    const skew = '%%MatrixMarket matrix coordinate integer skew-symmetric\r\n2 2 1\r\n2 1 7\r\n';
    expect(dense(skew)).toEqual([
      [0, -7],
      [7, 0],
    ]);
    expect(parseMatrixMarket(skew).symmetric).toBe(false);
  });

  it('reads arrays column after column, and patterns as ones', () => {
    expect(dense('%%MatrixMarket matrix array real general\n2 3\n1\n2\n\n3\n4\n5\n6')).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    expect(dense('%%MatrixMarket matrix array integer symmetric\n2 2\n1\n2\n3')).toEqual([
      [1, 2],
      [2, 3],
    ]);
    expect(dense('%%MatrixMarket matrix array real skew-symmetric\n2 2\n5')).toEqual([
      [0, -5],
      [5, 0],
    ]);
    expect(dense('%%matrixmarket MATRIX Coordinate pattern general\n1 2 1\n1 2')).toEqual([[0, 1]]);
  });

  it('sums what stands at one place, and takes empty matrices', () => {
    expect(dense('%%MatrixMarket matrix coordinate real general\n1 1 2\n1 1 2\n1 1 3')).toEqual([[5]]);
    expect(parseMatrixMarket('%%MatrixMarket matrix coordinate real general\n0 0 0\n').pattern.size).toBe(0);
  });

  it.each([
    ['', "line 1: the file begins with ''"],
    ['1 2 3', "line 1: the file begins with '1 2 3'; it must begin like"],
    ['%%MatrixMarket vector', "line 1: the object is 'vector'; what can be read is matrix."],
    ['%%MatrixMarket matrix coordinate complex general', "the field is 'complex'; what can be read is real, integer"],
    ['%%MatrixMarket matrix coordinate real hermitian', "the symmetry is 'hermitian'"],
    ['%%MatrixMarket matrix coordinate real', "the symmetry is ''"],
    ['%%MatrixMarket matrix array pattern general', 'a pattern without values cannot be an array'],
    ['%%MatrixMarket matrix coordinate real general more', "'more' after the symmetry"],
    ['%%MatrixMarket matrix coordinate real general\n% x\n', 'line 3: the file ends where the size should be.'],
    ['%%MatrixMarket matrix coordinate real general\n2 2', "line 2: '2 2' where the size should be: 3 finite numbers."],
    ['%%MatrixMarket matrix coordinate real general\n-2 2 0', 'line 2: the size holds -2; sizes are whole numbers'],
    ['%%MatrixMarket matrix coordinate real general\n99999999999 2 0', 'rows and columns are fewer than 2³¹.'],
    [
      '%%MatrixMarket matrix coordinate real symmetric\n1 2 0',
      'line 2: a symmetric matrix of 1 × 2; it must be square.',
    ],
    ['%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1', 'line 3: row 3; rows are 1 to 2.'],
    ['%%MatrixMarket matrix coordinate real general\n2 2 1\n1 0 1', 'line 3: column 0; columns are 1 to 2.'],
    [
      '%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n',
      'line 4: the file ends where entry 2 of 2 should be.',
    ],
    [
      '%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 x',
      "line 3: '1 1 x' where an entry, row, column and value should",
    ],
    ['%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 NaN', "line 3: '1 1 NaN' where"],
    ['%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 0x10', "line 3: '1 1 0x10' where"],
    ['%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1\n1 1 1', "line 4: '1 1 1' after the 1 entries that"],
    ['%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1.5', 'line 3: 1.5 in a file of integers'],
    [
      '%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1',
      'line 3: an entry at (1, 2), above the diagonal;',
    ],
    [
      '%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1',
      'line 3: an entry at (1, 1); a skew-symmetric',
    ],
    ['%%MatrixMarket matrix array real general\n1 2\n1', 'line 4: the file ends where the value at (1, 2) should be.'],
    ['%%MatrixMarket matrix array real general\n1 1\n1\n2', "line 4: '2' after the values of 1 × 1."],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseMatrixMarket(text)).toThrow(RangeError);
    expect(() => parseMatrixMarket(text)).toThrow(`parseMatrixMarket: line`);
    expect(() => parseMatrixMarket(text)).toThrow(message);
  });
});

describe('formatMatrixMarket', () => {
  it('writes what is read again to the last bit', async () => {
    const random = mulberry32(1);
    for (let seed = 1; seed < 20; seed++) {
      const pattern = randomPattern(seed, 1 + (seed % 7), 1 + (seed % 5));
      const values = Float64Array.from({ length: pattern.size }, () => (2 * random() - 1) * 10 ** (40 * random() - 20));
      const again = parseMatrixMarket(formatMatrixMarket({ pattern, values }, { comment: 'two\nlines' }));
      expect(again.pattern.rowStart).toEqual(pattern.rowStart);
      expect(again.pattern.column).toEqual(pattern.column);
      expect([again.values, again.symmetric]).toEqual([values, false]);
      const { pattern: square, values: numbers } = symmetricMatrix(seed, 6, 1);
      const half = formatMatrixMarket({ pattern: square, values: numbers, symmetric: true });
      expect(half.split('\n').length - 3).toBeLessThan(square.size);
      const whole = parseMatrixMarket(half);
      expect(Array.from(whole.values)).toEqual(numbers);
      const A = csr(whole.pattern, tensor(whole.values, undefined, { device: cpu64 }), whole);
      expect(A.symmetric).toBe(true);
    }
  });

  it('writes patterns, integers and skew-symmetric matrices', () => {
    const skew = parseMatrixMarket('%%MatrixMarket matrix array real skew-symmetric\n2 2\n5');
    expect(formatMatrixMarket(skew, { symmetry: 'skew-symmetric', field: 'integer' })).toBe(
      '%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 5\n',
    );
    expect(formatMatrixMarket(skew, { field: 'pattern' })).toBe(
      '%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n',
    );
  });

  it('says what is wrong', () => {
    const { pattern } = parseMatrixMarket('%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4');
    const values = [1, 2, 3, 4];
    expect(() => formatMatrixMarket({ pattern, values: [1] })).toThrow('1 values for a pattern of 4 places');
    expect(() => formatMatrixMarket({ pattern, values, symmetric: true })).toThrow(
      "the matrix holds 2 at row 0, column 1 and 3 at row 1, column 0, so it is not symmetric; write it as 'general'.",
    );
    expect(() => formatMatrixMarket({ pattern, values }, { symmetry: 'skew-symmetric' })).toThrow('not skew-symmetric');
    expect(() => formatMatrixMarket({ pattern, values: [1, 2, 3, 0.5] }, { field: 'integer' })).toThrow(
      "the value at row 1, column 1 is 0.5; a file of field 'integer' holds whole numbers.",
    );
    expect(() => formatMatrixMarket({ pattern, values: [1, 2, 3, Number.NaN] })).toThrow('is NaN');
  });
});
