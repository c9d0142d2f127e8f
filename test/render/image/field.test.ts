// Fields as pictures, in colours.

import { beside, blueRed, colourAt, fieldImage, viridis } from 'retrograde/render';
import { describe, expect, it } from 'vitest';

describe('fields', () => {
  it('are coloured from the first colour to the last, y up', () => {
    const { width, height, data } = fieldImage([0, 1, 2, 3], 2, { low: 0, high: 3, width: 8 });
    expect([width, height]).toEqual([8, 8]);
    const at = (x: number, y: number) => Array.from(data.subarray(3 * (y * 8 + x), 3 * (y * 8 + x) + 3));
    const near = (colour: readonly number[]) => colour.map(c => expect.closeTo(c, 6));
    expect(at(0, 7)).toEqual(near(viridis[0]));
    expect(at(7, 0)).toEqual(near(viridis[8]));
  });

  it('keep to the ends of their colours', () => {
    const { data } = fieldImage([-9, 9, 9, -9], 2, { low: -1, high: 1, width: 2, colours: blueRed });
    expect(Array.from(data.subarray(0, 6))).toEqual([...blueRed[10], ...blueRed[0]].map(c => expect.closeTo(c, 6)));
  });

  it('stand side by side with white between them', () => {
    const one = fieldImage([1, 1, 1, 1], 2, { low: 0, high: 1, width: 4 });
    const { width, height, data } = beside([one, one], 8);
    expect([width, height]).toEqual([16, 4]);
    expect(Array.from(data.subarray(3 * 4, 3 * 12))).toEqual(new Array(24).fill(1));
  });

  it('have rows and columns of their own, and colours from their least to their greatest value', () => {
    const { width, height, data } = fieldImage([0, 1, 2, 3, 4, 5], [2, 3], { width: 3 });
    expect([width, height]).toEqual([3, 2]);
    expect(Array.from(data.subarray(6, 9))).toEqual(colourAt(1).map(c => expect.closeTo(c, 6)));
    expect(Array.from(data.subarray(9, 12))).toEqual(colourAt(0).map(c => expect.closeTo(c, 6)));
    expect(fieldImage([7], 1, { width: 2 }).data.length).toBe(12);
  });

  it('need a value for each cell', () => {
    expect(() => fieldImage([1, 2, 3], [2, 2])).toThrow(
      'fieldImage: there are 3 values for 2 rows of 2; give one for each, row by row.',
    );
  });
});
