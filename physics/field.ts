/** What models on grids ask of what they are given. */

import type { Tensor } from '../kernel/index.ts';
import type { Grid } from '../solvers/index.ts';

/** @throws RangeError unless each is a field of the grid, and dt a time to advance by. */
export function checkState(who: string, { shape }: Grid, fields: Readonly<Record<string, Tensor>>, dt: number): void {
  for (const [name, field] of Object.entries(fields))
    if (field.shape.join() !== shape.join())
      throw new RangeError(
        `${who}: ${name} has shape [${field.shape.join(', ')}]; on this grid it must be [${shape.join(', ')}].`,
      );
  if (!(dt > 0 && dt < Number.POSITIVE_INFINITY))
    throw new RangeError(`${who}: dt is ${dt}; it must be a positive number of seconds.`);
}
