/**
 * Where fluid is shut in: parts of a grid that open faces connect, found by flooding. Pressure has a solution in each part that has an open
 * side, and in a single one that has none.
 */

import { isBeingRecorded, type Tensor, type Words } from '../../kernel/index.ts';
import { shapeOf } from '../../sparse/index.ts';
import type { Grid, VectorField } from './grid.ts';

interface Region {
  readonly cells: number;
  /** A cell of it. */
  readonly first: number;
  /** Whether it reaches a side where fluid may pass. */
  readonly vented: boolean;
}

/** The parts that fluid can get about in. @param open What is open of the faces, one list for each axis. */
function regionsOf({ axes, size }: Grid, open: readonly ArrayLike<number>[]): readonly Region[] {
  const strides = axes.map((_, k) => axes.slice(0, k).reduce((n, axis) => n * axis.size, 1));
  const seen = new Uint8Array(size);
  const regions: Region[] = [];
  /** The share open between a cell and the next one up an axis or, with `below`, down. */
  const share = (at: readonly number[], k: number, below: boolean): number => {
    const faceAt = at.map((v, d) => (d === k && !below ? v + 1 : v));
    const lengths = axes.map((axis, d) => axis.size + (d === k && axis.low !== 'periodic' ? 1 : 0));
    return open[k][faceAt.reduceRight((sum, v, d) => sum * lengths[d] + (v % lengths[d]), 0)];
  };
  for (let first = 0; first < size; first++) {
    if (seen[first]) continue;
    let [cells, vented, passages] = [0, false, 0];
    const next = [first];
    seen[first] = 1;
    for (let i = next.pop(); i !== undefined; i = next.pop()) {
      const cell = i;
      cells++;
      const at = axes.map((axis, k) => Math.floor(cell / strides[k]) % axis.size);
      axes.forEach((axis, k) => {
        for (const below of [true, false]) {
          if (share(at, k, below) <= 0) continue;
          passages++;
          const side = below ? axis.low : axis.high;
          const end = at[k] === (below ? 0 : axis.size - 1);
          if (end && side !== 'periodic') {
            if (side === 'dirichlet') vented = true;
            continue;
          }
          const to = (at[k] + (below ? -1 : 1) + axis.size) % axis.size;
          const j = cell + (to - at[k]) * strides[k];
          if (!seen[j]) {
            seen[j] = 1;
            next.push(j);
          }
        }
      });
    }
    if (passages > 0) regions.push({ cells, first, vented });
  }
  return regions;
}

/** @throws RangeError if fluid is cut off, by the next read on a GPU. Not where a step of a rollout is recorded. */
export function checkRegions(who: string, grid: Grid, open: VectorField): void {
  const fields = grid.axes.map(({ name }) => open[name] as Tensor);
  const [{ device }] = fields;
  if (isBeingRecorded(device)) return;
  device.check(
    fields.map(field => field.memory.retain()),
    (...words: Words[]) => {
      const lists = words.map((list, k) =>
        list.subarray(
          0,
          shapeOf(grid, grid.axes[k].name).reduce((a, b) => a * b),
        ),
      );
      const regions = regionsOf(grid, lists as ArrayLike<number>[]);
      const anyVent = regions.some(({ vented }) => vented);
      const closed = regions.filter(({ vented }) => !vented);
      if (closed.length === 0 || (!anyVent && closed.length === 1)) return;
      const { cells, first } = closed.reduce((a, b) => (b.cells < a.cells ? b : a));
      let rest = first;
      const place = grid.axes.map(({ size, spacing }) => {
        const i = rest % size;
        rest = (rest - i) / size;
        return Number(((i + 0.5) * spacing).toPrecision(3));
      });
      const many = cells === 1 ? '1 cell' : `${cells} cells`;
      throw new RangeError(
        `${who}: the body cuts off ${many}, one of them at (${place.join(', ')}) m, from ${anyVent ? 'every open side' : 'the rest of the fluid'}; leave a passage of a cell or more, or let the body fill them.`,
      );
    },
  );
}
