/** What the stages of implicit steps were found to be, noted on the host: a gradient need not search for them again. */

import { type Device, type Tensor, tensor, type Words, zeros } from '../../kernel/index.ts';

/** The stages of a method that are solved for: how many, and of what shape. */
export interface SolvedStages {
  readonly count: number;
  readonly shape: readonly number[];
}

/** Numbers noted at most; beyond, stages are searched for again. */
const most = 2 ** 23;

export class StageNotes {
  private readonly stages: SolvedStages;
  private readonly size: number;
  private readonly books: Float64Array[];
  private steps = 0;
  private full = false;

  constructor(stages: SolvedStages) {
    this.stages = stages;
    this.size = stages.shape.reduce((product, n) => product * n, 1);
    this.books = Array.from({ length: stages.count }, () => new Float64Array(64 * this.size));
  }

  /** For a step before the first. */
  blank(device: Device): readonly Tensor[] {
    return this.books.map(() => zeros(this.stages.shape, { device }));
  }

  /** @param line The stages of a step that was taken. */
  add(line: readonly Words[]): void {
    const { size, books, steps } = this;
    this.full ||= (steps + 1) * size * books.length > most;
    if (this.full) return;
    books.forEach((book, i) => {
      if ((steps + 1) * size > book.length) {
        books[i] = new Float64Array(2 * book.length);
        books[i].set(book);
      }
      books[i].set(line[i], steps * size);
    });
    this.steps++;
  }

  /** Each stage's [steps, …]; undefined if there were too many to note. */
  read(device: Device): readonly Tensor[] | undefined {
    const { books, steps, size, full, stages } = this;
    if (full) return undefined;
    return books.map(book => tensor(book.subarray(0, steps * size), [steps, ...stages.shape], { device }));
  }
}
