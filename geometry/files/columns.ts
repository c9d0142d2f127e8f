/** Numbers on their way into a file: one or several for each cell, point or row. */

import { inWords, Tensor } from '../../kernel/index.ts';

/** Of a tensor, or plain; with several components, those of one place follow each other. */
export type Numbers = Tensor | ArrayLike<number>;

export interface Column {
  readonly name: string;
  /** Numbers for each place. */
  readonly components: number;
  readonly values: ArrayLike<number>;
}

/** @throws TypeError unless it is a tensor or a list. */
export function checkNumbers(who: string, name: string, numbers: Numbers): void {
  if (!(numbers instanceof Tensor) && !Array.isArray(numbers) && !ArrayBuffer.isView(numbers))
    throw new TypeError(`${who}: '${name}' is ${inWords(numbers)}; give a tensor, or a list of numbers.`);
}

/**
 * Reads named numbers from where they are.
 *
 * @param count How many places there are.
 * @throws RangeError if some are not as many for each place, or too many.
 */
export function readColumns(
  who: string,
  places: string,
  count: number,
  given: Readonly<Record<string, Numbers>> = {},
  most = 9,
): Promise<Column[]> {
  return Promise.all(
    Object.entries(given).map(async ([name, numbers]) => {
      checkNumbers(who, name, numbers);
      const values = numbers instanceof Tensor ? await numbers.read() : numbers;
      const components = values.length / count;
      if (!(Number.isInteger(components) && components >= 1 && components <= most)) {
        const had = numbers instanceof Tensor ? `is ${inWords(numbers)}` : `has ${values.length} numbers`;
        const allowed = Number.isFinite(most) ? `1 to ${most}` : 'as many';
        throw new RangeError(`${who}: '${name}' ${had}, but there are ${count} ${places}; give ${allowed} for each.`);
      }
      return { name, components, values };
    }),
  );
}
