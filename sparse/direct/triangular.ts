/** Factors on a device, and solves with them there. */

import { adopt, type Device, kernelsByKey, type Tensor, tensor } from '../../kernel/index.ts';
import type { Prepared } from '../preconditioner.ts';
import type { Factors } from './factors.ts';
import { downText, upText } from './triangular.wgsl.ts';

const kernelOf = kernelsByKey();

/** Right-hand sides that share what is loaded: the most that divide all evenly. */
const mostLanes = 8;
const lanesFor = (width: number): number =>
  Array.from({ length: mostLanes }, (_, k) => mostLanes - k).find(lanes => width % lanes === 0) ?? 1;

/** L, or Uᵀ. */
interface Half {
  /** The user's numbers of its rows. */
  readonly at: Tensor;
  readonly row: Tensor;
  readonly value: Tensor;
  readonly runStart: Tensor;
  readonly run: Tensor;
}

/** The tensors join the current scope. */
export function onDevice(factors: Factors, device: Device): Prepared {
  const on = (data: Uint32Array | Float64Array, shape?: readonly number[]): Tensor => {
    const t = tensor(data, shape, { device });
    adopt(t);
    return t;
  };
  const first = on(factors.first);
  const rowStart = on(factors.rowStart);
  const valueStart = on(factors.valueStart);
  const inverse = on(invertedBlocks(factors), [factors.n, 3]);
  const half = (at: Uint32Array, row: Uint32Array, value: Float64Array): Half => {
    const { runStart, run } = runsOf(factors, row);
    return { at: on(at), row: on(row), value: on(value), runStart: on(runStart), run: on(run, [run.length / 3, 3]) };
  };
  const lower = half(factors.rowAt, factors.row, factors.lower);
  const upper = factors.symmetric ? lower : half(factors.columnAt, factors.column, factors.upper);
  const solve = (down: Half, up: Half, b: Tensor): Tensor => {
    const [, width = 1] = b.shape;
    const lanes = width === 0 ? 1 : lanesFor(width);
    const options = { count: width / lanes, overrides: { width } };
    const sweepDown = kernelOf(`down ${lanes}`, () => downText(lanes));
    const sweepUp = kernelOf(`up ${lanes}`, () => upText(lanes));
    const { at, runStart, run, value } = down;
    const { y } = sweepDown({ at, first, valueStart, runStart, run, value, b }, { ...options, out: { y: b.shape } });
    return sweepUp(
      { at: up.at, first, valueStart, rowStart, row: up.row, value: up.value, inverse, y },
      { ...options, out: { z: b.shape, x: b.shape } },
    ).x;
  };
  return { apply: b => solve(lower, upper, b), applyTranspose: b => solve(upper, lower, b) };
}

/** For each row, its parts in groups that have it among their further rows: their columns, and where its numbers are. */
function runsOf(
  { n, first, rowStart, valueStart }: Factors,
  row: Uint32Array,
): { runStart: Uint32Array; run: Uint32Array } {
  const runStart = new Uint32Array(n + 1);
  for (const k of row) runStart[k + 1]++;
  for (let k = 0; k < n; k++) runStart[k + 1] += runStart[k];
  const next = runStart.slice(0, n);
  const run = new Uint32Array(3 * row.length);
  for (let g = 0; g + 1 < first.length; g++) {
    const p = first[g + 1] - first[g];
    let at = valueStart[g] + (p * (p - 1)) / 2;
    for (let q = rowStart[g]; q < rowStart[g + 1]; q++) {
      const r = next[row[q]]++;
      run[3 * r] = first[g];
      run[3 * r + 1] = first[g + 1];
      run[3 * r + 2] = at;
      at += p;
    }
  }
  return { runStart, run };
}

/** D⁻¹(k, k − 1), D⁻¹(k, k) and D⁻¹(k, k + 1), for each k. */
function invertedBlocks({ n, diagonal, coupling }: Factors): Float64Array {
  const inverse = new Float64Array(3 * n);
  for (let k = 0; k < n; k++) {
    if (coupling[k] === 0) {
      inverse[3 * k + 1] = 1 / diagonal[k];
      continue;
    }
    const determinant = diagonal[k] * diagonal[k + 1] - coupling[k] ** 2;
    inverse[3 * k + 1] = diagonal[k + 1] / determinant;
    inverse[3 * k + 2] = -coupling[k] / determinant;
    inverse[3 * k + 3] = -coupling[k] / determinant;
    inverse[3 * k + 4] = diagonal[k] / determinant;
    k++;
  }
  return inverse;
}
