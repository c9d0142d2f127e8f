/** Collects the rows of an attribute and which of them the corners of triangles have; equal keys share a row. */

import { type Device, tensor } from '../../kernel/index.ts';
import type { Attribute } from '../surface.ts';

export class CornerRows {
  private readonly rowOf = new Map<number | string, number>();
  private readonly values: number[] = [];
  private readonly corners: number[] = [];
  private readonly channels: number;

  constructor(channels: number) {
    this.channels = channels;
  }

  /** The next corner; `row` is asked for the numbers of a key that is new. */
  add(key: number | string, row: () => readonly number[]): void {
    let known = this.rowOf.get(key);
    if (known === undefined) {
      known = this.values.length / this.channels;
      this.rowOf.set(key, known);
      for (const value of row()) this.values.push(value);
    }
    this.corners.push(known);
  }

  attribute(device: Device): Attribute {
    const { values, corners, channels } = this;
    return {
      values: tensor(new Float64Array(values), [values.length / channels, channels], { device }),
      corners: tensor(new Uint32Array(corners), [corners.length / 3, 3], { device }),
    };
  }
}
