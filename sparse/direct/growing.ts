/** Arrays that grow as they are filled; their first size is a good guess. */

export class Floats {
  data: Float64Array;
  length = 0;

  constructor(guess: number) {
    this.data = new Float64Array(guess);
  }

  /** Makes room for more numbers, and tells where in `data` they are to be written. */
  extend(count: number): number {
    const begin = this.length;
    this.length += count;
    if (this.length > this.data.length) {
      const longer = new Float64Array(Math.max(this.length, Math.ceil(1.5 * this.data.length)));
      longer.set(this.data);
      this.data = longer;
    }
    return begin;
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
