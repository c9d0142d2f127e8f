// Specification of XYZ: plain and extended frames, round trips to the last digit, errors by line.

import { readXyz, writeXyz } from 'retrograde/geometry';
import { describe, expect, it } from 'vitest';

const water = `3
water, once
O 0.0 0.0 0.117
H 0.0 7.57D-1 -0.469
H 0.0 -0.757 -0.469
`;
const salt = `2
Lattice="5.64 0 0 0 5.64 0 0 0 5.64" Properties=species:S:1:pos:R:3:charge:R:1:frozen:L:1:id:I:1 energy=-7.9 note="two ions"
Na 0 0 0 1 T 7
Cl 2.82 0 0 -1 F 8
`;

describe('xyz', () => {
  it('reads frames of both kinds', () => {
    const [plain, extended] = readXyz(water + salt);
    expect(plain.species).toEqual(['O', 'H', 'H']);
    expect(Array.from(plain.positions)).toEqual([0, 0, 0.117, 0, 0.757, -0.469, 0, -0.757, -0.469]);
    expect(plain.info).toEqual({ comment: 'water, once' });
    expect(Array.from(extended.lattice!)).toEqual([5.64, 0, 0, 0, 5.64, 0, 0, 0, 5.64]);
    expect(extended.info).toEqual({ energy: '-7.9', note: 'two ions' });
    expect(Array.from(extended.columns!.charge as Float64Array)).toEqual([1, -1]);
    expect(Array.from(extended.columns!.frozen as Float64Array)).toEqual([1, 0]);
  });

  it('writes what it reads back to the last digit', () => {
    const frame = {
      species: ['Ar', 'Kr'],
      positions: Float64Array.from([1 / 3, -1e-17, 2e9, Math.PI, 0, -0.1]),
      lattice: Float64Array.from([1, 0.1, 0, 0, 1, 0, 0, 0, 1 / 7]),
      columns: { velo: Float64Array.from([1, 2, 3, 4, 5, 1 / 9]), label: ['a', 'b'] },
      info: { note: 'a b', step: '4' },
    };
    expect(readXyz(writeXyz([frame, frame]))).toEqual([frame, frame]);
    expect(readXyz(writeXyz({ species: [], positions: new Float64Array(0) }))[0].species).toEqual([]);
  });

  it('names what is wrong, by line', () => {
    const fails = (text: string, message: string): void => {
      expect(() => readXyz(text, 'a.xyz')).toThrow(message);
    };
    fails('', 'a.xyz: there is nothing in it; the first line says how many atoms follow.');
    fails('x\n', "a.xyz:1: 'x' stands where a frame begins; give the number of its atoms.");
    fails(
      '2\n\nO 0 0 0\n',
      'a.xyz:1: the frame has 2 atoms, but the file ends after 1 of them; give the rest, or mend the number.',
    );
    fails(water.replace('O 0.0', 'O z'), "a.xyz:3: 'z' in 'pos' is no number.");
    fails(water.replace(' -0.757 -0.469', ''), 'a.xyz:5: 2 words for an atom; there are 4 columns.');
    fails(salt.replace(' T ', ' Y '), "a.xyz:3: 'Y' in 'frozen' is neither T nor F.");
    fails(salt.replace(' F 8', ' F 8.5'), "a.xyz:4: '8.5' in 'id' is no whole number.");
    fails(
      salt.replace('5.64 0 0 0', '5.64 0 0'),
      'a.xyz:2: Lattice="5.64 0 0 5.64 0 0 0 5.64"; give nine numbers, the vectors of the cell one after another.',
    );
    fails(salt.replace('pos:R:3', 'pos:Q:3'), 'give name:kind:columns, with kinds S, R, I, L.');
    expect(() => writeXyz({ species: ['H'], positions: new Float64Array(2) })).toThrow(
      'writeXyz: 1 species have 2 coordinates; give three to each.',
    );
    expect(() => writeXyz({ species: ['H', 'H'], positions: new Float64Array(6), columns: { q: ['a'] } })).toThrow(
      "writeXyz: 'q' has 1 values for 2 atoms; give the same number to each.",
    );
  });
});
