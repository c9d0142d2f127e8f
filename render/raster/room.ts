/** Lists whose lengths a device finds out have room that is chosen before; what does not fit is told, unless a step is being recorded. */

import { isBeingRecorded, type Tensor } from '../../kernel/index.ts';

/**
 * @param ends Where rows of a list end, in order: the last one is its length.
 * @param found Who has found what, and how often: `rasterize: triangles meet tiles 12 times`.
 * @returns The length of the list, where it is known by now: on the CPU.
 * @throws RangeError if there are more than `capacity`, by the next read on a GPU. Within a step that is being recorded, what has no room is left out.
 */
export function checkRoom(ends: Tensor, capacity: number, found: (times: string) => string): number | undefined {
  const { device, size } = ends;
  if (isBeingRecorded(device)) return undefined;
  let known: number | undefined;
  const length = ends.slice(size - 1);
  device.check([length.memory.retain()], ([count]) => {
    known = count;
    if (count > capacity)
      throw new RangeError(
        `${found(`${count} times`)}, but there is room for ${capacity}; give a capacity of at least ${count}.`,
      );
  });
  return known;
}
