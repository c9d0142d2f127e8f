/** Arrays that grow as they are filled; their first size is a good guess. */

export class Floats {
  private data: Float64Array;
  length = 0;

  constructor(guess: number) {
    this.data = new Float64Array(guess);
  }

  /** Appends numbers that are `stride` apart. */
  append(from: Float64Array, at: number, count: number, stride: number): void {
    if (this.length + count > this.data.length) {
      const longer = new Float64Array(Math.max(this.length + count, Math.ceil(1.5 * this.data.length)));
      longer.set(this.data);
      this.data = longer;
    }
    const { data, length } = this;
    for (let t = 0, q = at; t < count; t++, q += stride) data[length + t] = from[q];
    this.length += count;
  }

  taken(): Float64Array {
    return this.data.subarray(0, this.length);
  }
}

export class Numbers {
  private data: Uint32Array;
  length = 0;

  constructor(guess: number) {
    this.data = new Uint32Array(guess);
  }

  /** Appends numbers from a place on. */
  append(from: Int32Array, at: number): void {
    const count = from.length - at;
    if (this.length + count > this.data.length) {
      const longer = new Uint32Array(Math.max(this.length + count, Math.ceil(1.5 * this.data.length)));
      longer.set(this.data);
      this.data = longer;
    }
    this.data.set(at === 0 ? from : from.subarray(at), this.length);
    this.length += count;
  }

  taken(): Uint32Array {
    return this.data.subarray(0, this.length);
  }
}
