/**
 * Velocity beyond the surface of a body that fluid slips along: that of the faces beside it.
 *
 *   u_f = mean of u over the neighbours of f that are open        for faces that are shut, twice, so two faces deep
 *
 * What is carried along the surface is taken from around there, also from faces inside the body; 0 on those would slow it like friction.
 */

import type { Tensor } from '../../kernel/index.ts';
import type { AxisName } from '../../sparse/index.ts';
import { faceGrid } from './face-sides.ts';
import {
  checkVector,
  countOf,
  type Grid,
  gridKernel,
  indexText,
  placeText,
  sizesOf,
  sizesText,
  type VectorField,
} from './grid.ts';
import type { FaceFriction, OpenFaces } from './open-faces.ts';

function continuedText(cells: Grid): string {
  const beside = cells.axes.flatMap(({ name: c, low }) => {
    const add = (place: string): string => `{
        let j = ${indexText(cells, { [c]: place })};
        sum += known[j] * u[j];
        count += known[j];
      }`;
    if (low === 'periodic')
      return [add(`select(${c} - 1u, n${c} - 1u, ${c} == 0u)`), add(`select(${c} + 1u, 0u, ${c} == n${c} - 1u)`)];
    return [`if (${c} > 0u) ${add(`(${c} - 1u)`)}`, `if (${c} < n${c} - 1u) ${add(`(${c} + 1u)`)}`];
  });
  return /* wgsl */ `
  ${sizesText(cells)}
  var<storage, read> u: array<f32>;
  var<storage, read> known: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @unique var<storage, read_write> reached: array<f32>;
  @compute @workgroup_size(64)
  fn continued(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(cells)}
    let i = ${indexText(cells)};
    var sum = u[i];
    var count = known[i];
    if (count == 0.0) {
      sum = 0.0;
      ${beside.join('\n      ')}
      sum = sum / max(count, 1.0);
    }
    result[i] = sum;
    reached[i] = min(count, 1.0);
  }`;
}

function once(cells: Grid, u: Tensor, known: Tensor): { readonly result: Tensor; readonly reached: Tensor } {
  const run = gridKernel(cells, 'continued', '', () => continuedText(cells));
  const out = { result: cells.shape, reached: cells.shape };
  return run({ ...sizesOf(cells), u, known }, { count: countOf(cells), out }) as ReturnType<typeof once>;
}

/** u on the faces, and what it is as if it went on inside the body. */
export function continued(grid: Grid, u: VectorField, body: OpenFaces): VectorField {
  checkVector('continued', grid, 'u', u);
  const of = (c: AxisName): Tensor => {
    const cells = faceGrid(grid, c);
    const { result, reached } = once(cells, u[c] as Tensor, (body.friction[c] as FaceFriction).outside);
    return once(cells, result, reached.detach()).result;
  };
  return Object.fromEntries(grid.axes.map(({ name }) => [name, of(name)]));
}
