/** What a loop with steps of its own choice notes, a line at each step: on the host as it goes, or on the device page by page. */

import { iterate } from '../../adjoint/index.ts';
import { concat, type Device, lazyKernel, type Tensor, tensor, type Words, zeros } from '../../kernel/index.ts';

const noteKernel = lazyKernel(/* wgsl */ `
  var<storage, read> book: array<f32>;
  var<storage, read> line: array<f32>;
  var<storage, read> count: f32;
  var<uniform> rows: u32;
  var<storage, read_write> next: array<f32>;
  @compute @workgroup_size(64)
  fn note(@builtin(global_invocation_id) id: vec3u) {
    next[id.x] = select(book[id.x], line[id.x % rows], id.x / rows == u32(count));
  }
`);

/** Where steps began, how far they went and, in a third column, whether they ended in an event. */
export class Notes {
  readonly wanted: boolean;
  readonly columns: number;
  steps = 0;
  /** After how many steps each goal was reached by all. */
  readonly legs: number[] = [];
  private readonly clock: readonly number[];
  private readonly rows: number;
  private readonly lines: Words[][];
  private readonly pages: (readonly Tensor[])[] = [];

  constructor(clock: readonly number[], wanted: boolean, columns: number) {
    this.clock = clock;
    this.rows = clock[0] ?? 1;
    this.wanted = wanted;
    this.columns = columns;
    this.lines = Array.from({ length: columns }, () => []);
  }

  /** @param line Of each column. @returns Whether any row has taken the step; else it is left out. */
  add(line: readonly Words[]): boolean {
    if (line[1].every(v => v === 0)) return false;
    this.lines.forEach((column, k) => {
      column.push(line[k].slice());
    });
    this.steps++;
    return true;
  }

  /** Runs some steps, and notes them on the device. */
  fill<S>(step: (state: S) => S, start: S, steps: number, lineOf: (state: S) => readonly Tensor[]): S {
    const { rows, columns } = this;
    const [{ device }] = lineOf(start);
    const blank = zeros([steps, rows], { device });
    const size = { count: steps * rows, out: { next: [steps, rows] } };
    const { state } = iterate(
      ({ inner, books, count }) => {
        const next = step(inner);
        const lines = lineOf(next);
        const written = books.map((book, k) => noteKernel({ book, line: lines[k], count, rows }, size).next);
        return { inner: next, books: written, count: count.add(1) };
      },
      { inner: start, books: Array.from({ length: columns }, () => blank), count: zeros([], { device }) },
      { maxSteps: steps },
    );
    this.pages.push(state.books);
    this.steps += steps;
    return state.inner;
  }

  /** The columns, each [steps] or [steps, rows]. */
  read(device: Device): readonly Tensor[] {
    const { pages, rows, steps, clock, lines } = this;
    return lines.map((column, k) => {
      if (pages.length > 0) return concat(pages.map(page => page[k])).reshape([steps, ...clock]);
      const whole = new Float64Array(steps * rows);
      for (const [step, line] of column.entries()) whole.set(line, step * rows);
      return tensor(whole, [steps, ...clock], { device });
    });
  }
}
