/** Pairs of particles that pair potentials leave out, such as those that a bond joins, in the form that lists of neighbours take. */

import { type Device, onDevice, outliving, type Tensor, tensor } from '../../kernel/index.ts';

export interface Without {
  readonly apartFrom: Tensor;
  readonly apart: Tensor;
}

/** By device; undefined where there are none. */
export function excluded(
  count: number,
  pairs: readonly (readonly [number, number])[],
): ((device: Device) => Without) | undefined {
  if (pairs.length === 0) return undefined;
  const others = Array.from({ length: count }, () => new Set<number>());
  for (const [i, j] of pairs) {
    others[i]?.add(j); // a term itself names particles that are not there
    others[j]?.add(i);
  }
  const starts = [0];
  for (const of of others) starts.push((starts.at(-1) as number) + of.size);
  return onDevice(device => {
    const on = (values: readonly number[]): Tensor =>
      outliving(tensor(Uint32Array.from(values), [values.length], { device }));
    return { apartFrom: on(starts), apart: on(others.flatMap(of => [...of])) };
  });
}
