/**
 * Bodies in a grid that nothing flows through, given by how far each cell is solid.
 *
 *   open_f = (1 − s⁻)(1 − s⁺)      of the two cells at a face; on a side, 1 − s of the one there
 *
 * What follows needs only the open parts of faces: fields between 0 and 1 from anywhere else, such as cut cells, serve as well.
 */

import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import { checkField, type Grid, type VectorField } from './grid.ts';
import { toCells } from './interpolate.ts';
import { across } from './operators.ts';
import { sidesOf } from './sides.ts';

export interface Obstacles {
  /** Part of each face that is open, 0 … 1. */
  readonly open: VectorField;
  /** 1 in cells with some fluid, 0 in others: where pressure is meant. */
  readonly fluid: Tensor;
}

const fluidKernel = lazyKernel(/* wgsl */ `
  var<storage, read> part: array<f32>;
  var<storage, read_write> fluid: array<f32>;
  @compute @workgroup_size(64)
  fn fluidCells(@builtin(global_invocation_id) id: vec3u) { fluid[id.x] = select(0.0, 1.0, part[id.x] > 0.0); }
`);

const somewhere = (part: Tensor): Tensor =>
  fluidKernel({ part: part.detach() }, { count: part.size, out: { fluid: part.shape } }).fluid;

/** 1 in cells with a face that is open, if only in part; 0 in others. */
export function fluidCells(grid: Grid, open: VectorField): Tensor {
  const means = toCells(grid, open);
  return somewhere(grid.axes.map(({ name }) => means[name] as Tensor).reduce((a, b) => a.add(b)));
}

/**
 * Bodies in a grid that nothing flows through, by how far each cell is solid.
 *
 * @param solid 1 in solid cells, 0 in open ones; between where they are partly solid.
 */
export function obstacles(grid: Grid, solid: Tensor): Obstacles {
  checkField('obstacles', grid, 'solid', solid);
  if (grid.placement !== 'cell')
    throw new RangeError("obstacles: they fill cells, and this grid has nodes; take { placement: 'cell' }.");
  const wall = '1.0 - own';
  const open = across(grid, 'open', solid, sidesOf('obstacles', grid), () => ({
    low: wall,
    high: wall,
    between: '(1.0 - before) * (1.0 - after)',
  }));
  return { open, fluid: somewhere(solid.neg().add(1)) };
}
