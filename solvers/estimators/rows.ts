/** Parameters with a first axis of samples, and functions of such rows. */

import { flatten, vjp } from '../../adjoint/index.ts';
import { inWords, Tensor, tensor } from '../../kernel/index.ts';

/** The same in every row. */
export function repeated<P>(who: string, params: P, count: number): P {
  const { leaves, rebuild } = flatten(params, who, 'the parameters');
  return rebuild(leaves.map(leaf => leaf.reshape([1, ...leaf.shape]).broadcastTo([count, ...leaf.shape])));
}

/** @throws TypeError or RangeError if it is not one number for each of n rows. */
export function checkRows(who: string, what: string, given: unknown, n: number): asserts given is Tensor {
  if (!(given instanceof Tensor))
    throw new TypeError(`${who}: ${what} gave ${inWords(given)}; it must give a tensor of one number for each row.`);
  if (given.shape.length !== 1 || given.shape[0] !== n)
    throw new RangeError(
      `${who}: ${what} has shape [${given.shape.join(', ')}] for ${n} rows; it must be [${n}], each row by itself.`,
    );
}

/** What a function of rows gives, and the gradient of each row by itself, by one sweep. */
export function rowGradients<P>(
  who: string,
  what: string,
  f: (rows: P) => Tensor,
  rows: P,
  n: number,
): { readonly value: Tensor; readonly gradients: P } {
  if (typeof f !== 'function') throw new TypeError(`${who}: ${what} is ${inWords(f)}; give a function of rows.`);
  const { value, pullback, dispose } = vjp(f)(rows);
  checkRows(who, what, value, n);
  const gradients = pullback(tensor(new Float64Array(n).fill(1), [n], { device: value.device }));
  dispose();
  return { value, gradients };
}

/** Numbers, one for each row, as factors of rows of another shape. */
export const alongRows = (numbers: Tensor, { shape }: Tensor): Tensor =>
  numbers.reshape([shape[0], ...shape.slice(1).map(() => 1)]);

/** @throws RangeError if there are too few samples to tell their spread. */
export function checkSamples(who: string, samples: number): void {
  if (!Number.isInteger(samples) || samples < 2)
    throw new RangeError(
      `${who}: samples is ${inWords(samples)}; it must be a whole number from 2, so that their spread tells an error.`,
    );
}
