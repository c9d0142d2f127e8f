/** What models on grids ask of what they are given, and that their explicit steps are stable. */

import { unrecorded } from '../adjoint/index.ts';
import { amin, checkOptions, checkRecord, inWords, isBeingRecorded, type Memory, Tensor } from '../kernel/index.ts';
import type { Grid } from '../solvers/index.ts';
import { checkTime } from './simulator.ts';

export interface ModelOptions {
  /** Whether to look at each step that it is stable. Default true. */
  readonly check?: boolean;
}

/** @throws unless there is a grid, and no option that does not exist. */
export function checkModel(who: string, grid: Grid, options: object, known: readonly string[] = ['check']): void {
  if (!Array.isArray((grid as Partial<Grid> | undefined)?.axes))
    throw new TypeError(`${who}: the grid is ${inWords(grid)}; give what grid(shape, { spacing, sides }) makes.`);
  checkOptions(who, options, known);
}

/** @throws TypeError unless they are a record with what is needed. They may hold more: often one tree is all that a loss depends on. */
export const checkParams = (who: string, params: object, needed: readonly string[]): void =>
  checkRecord(who, 'params', params, needed);

/** @throws RangeError for numbers, of one tensor or of several, below 0 or NaN: as `look` does. */
export function checkNotNegative(
  who: string,
  what: string,
  given: Tensor | Readonly<Partial<Record<string, Tensor>>>,
): void {
  for (const x of given instanceof Tensor ? [given] : Object.values(given))
    if (x instanceof Tensor && x.size > 0)
      look(x, amin, least => {
        if (!(least >= 0))
          throw new RangeError(`${who}: ${what} is ${Number(least.toPrecision(3))}; it must be 0 or more.`);
      });
}

/** @throws RangeError unless each is a field of the grid, and dt a time to advance by. */
export function checkState(who: string, { shape }: Grid, fields: Readonly<Record<string, Tensor>>, dt: number): void {
  for (const [name, field] of Object.entries(fields)) {
    checkTensor(who, name, field);
    if (field.shape.join() !== shape.join())
      throw new RangeError(
        `${who}: ${name} has shape [${field.shape.join(', ')}]; on this grid it must be [${shape.join(', ')}].`,
      );
  }
  checkTime(who, dt);
}

/** @throws TypeError for what is none. */
export function checkTensor(who: string, name: string, given: unknown): void {
  if (!(given instanceof Tensor)) throw new TypeError(`${who}: ${name} is ${inWords(given)}; give a tensor.`);
}

/** Σ_axes h⁻² */
export const perArea = ({ axes }: Grid): number => axes.reduce((sum, { spacing }) => sum + spacing ** -2, 0);

const seen = new WeakMap<Memory, number>();

/**
 * Looks at a number made of a tensor, once for each content of its memory and not in recorded steps: at once on a CPU, by the next read on a GPU.
 *
 * @param made From all elements, in one row.
 */
export function look(x: Tensor, made: (x: Tensor) => Tensor, judge: (value: number) => void): void {
  if (isBeingRecorded(x.device) || seen.get(x.memory) === x.memory.version) return;
  seen.set(x.memory, x.memory.version);
  const value = unrecorded(() => made(x.detach().reshape([x.size])));
  x.device.check([value.memory.retain()], ([found]) => judge(found));
  value.dispose();
}

/** Reads a parameter. @throws RangeError naming its first number that is not as it must be. */
export async function checkNumbers(
  who: string,
  name: string,
  given: Tensor,
  must: 'positive' | 'at least 0',
): Promise<void> {
  const values = await given.read();
  const i = values.findIndex(v => !(must === 'positive' ? v > 0 : v >= 0));
  if (i >= 0) throw new RangeError(`${who}: number ${i} of '${name}' is ${values[i]}; it must be ${must}.`);
}
