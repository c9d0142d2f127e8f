/** The stencil −∇·(k ∇p) + c p on a grid, and systems with it: solved directly, or by conjugate gradients with multigrid as preconditioner. */

import { unrecorded } from '../../adjoint/index.ts';
import { Device, isBeingRecorded, isTracked, mustBeZero, Tensor, whyNotNow } from '../../kernel/index.ts';
import {
  type FaceFields,
  linearSolve,
  multigrid,
  recordedFactor,
  type SolveOptions,
  type Stencil,
  type StencilOptions,
  stencil,
} from '../../sparse/index.ts';
import type { Grid } from './grid.ts';
import { isLine, solveLine } from './line.ts';
import { isShort, type Line, linesOf, solveSeparable } from './separable.ts';

const preconditioner = multigrid();
/** On a GPU all steps run that are allowed. A cycle gains about a digit, whatever the size of the grid. */
const stepsOnGpu = 24;

interface Known {
  readonly key: readonly unknown[];
  readonly A: Stencil;
}
/** Stencils made last for a grid: a step made again and again finds its own, with what was prepared for it. */
const known = new WeakMap<Grid, readonly Known[]>();
const mostKnown = 4;

/** The operator −∇·(k ∇u) + c u on a grid of `grid(…)`, for `linearSolve`. */
export function stencilOn(grid: Grid, coefficients: StencilOptions): Stencil {
  const { shape, placement, axes } = grid;
  const key = partsOf(coefficients);
  const before = known.get(grid) ?? [];
  const found = before.find(one => one.key.length === key.length && one.key.every((part, k) => part === key[k]));
  if (found) return found.A;
  const A = stencil(shape, {
    placement,
    spacing: axes.map(axis => axis.spacing).reverse(),
    sides: axes.map(({ low, high }) => [low, high] as const).reverse(),
    ...coefficients,
  });
  if (!key.some(part => part instanceof Tensor && isTracked(part)))
    known.set(grid, [{ key, A }, ...before].slice(0, mostKnown));
  return A;
}

/** Names, numbers, tensors and the device. */
const partsOf = (value: unknown): readonly unknown[] =>
  value instanceof Tensor || value instanceof Device || typeof value !== 'object' || value === null
    ? [value]
    : Object.entries(value).flatMap(([name, part]) => [name, ...partsOf(part)]);

export const isField = (k: Coefficients['conductivity']): k is FaceFields => typeof k === 'object' && !('device' in k);

/** Of −∇·(k ∇x) + c x = b. */
export interface Coefficients {
  /** k. Default 1. */
  readonly conductivity?: number | Tensor | FaceFields | undefined;
  /** c. Default 0. */
  readonly reaction?: number;
}

export interface SolveOnOptions {
  /** Where to start. */
  readonly from?: Tensor | undefined;
  /** Cells that have an equation, where the others have none: 1, else 0. */
  readonly fluid?: Tensor | undefined;
  /** How, if not as takes the least time. */
  readonly solve?: SolveOptions | undefined;
}

const isAsked = (solve: SolveOptions | undefined): boolean => Object.keys(solve ?? {}).length > 0;

/**
 * x with −∇·(k ∇x) + c x = b, as a field: directly where nothing else is asked for and that takes less time, else by iteration. Where x is
 * known up to a constant, its mean is 0.
 */
export function solveOn(
  who: string,
  grid: Grid,
  { conductivity = 1, reaction = 0 }: Coefficients,
  b: Tensor,
  { from, fluid, solve }: SolveOnOptions,
): Tensor {
  const { device } = b;
  if (!isField(conductivity)) {
    const x = directly(who, linesOf(grid), conductivity, reaction, b, solve);
    if (x) return x;
  } else if (!isAsked(solve) && !fluid && isLine(grid, device, reaction))
    return finite(who, solveLine(grid, conductivity.x as Tensor, reaction, b));
  const A = stencilOn(grid, { conductivity, ...(reaction > 0 && { reaction }), device });
  const isFree = Object.keys(solve ?? {}).every(name => name === 'rtol' || name === 'atol');
  const factor = isFree ? recordedFactor(A) : undefined;
  return iterated(grid, A, b, from, {
    ...(factor && { preconditioner: factor }),
    ...(A.isSingular && { nullspace: fluid?.reshape([grid.size]) ?? ('constant' as const) }),
    ...solve,
  });
}

/** By the eigenvectors of lines; undefined where something else is asked for, or iteration takes less time. */
export const directly = (
  who: string,
  lines: readonly Line[],
  k: number | Tensor,
  c: number,
  b: Tensor,
  solve: SolveOptions | undefined,
): Tensor | undefined =>
  isAsked(solve) || !isShort(lines, b.device) ? undefined : finite(who, solveSeparable(lines, b, k, c));

/**
 * What a direct solve found. Steps that are recorded with derivatives are not looked at, since these may do without x.
 *
 * @throws RangeError if it is not finite: at once on a CPU, by the next read on a GPU.
 */
function finite(who: string, x: Tensor): Tensor {
  const { device } = x;
  if (isBeingRecorded(device) && isTracked(x)) return x;
  const sum = unrecorded(() => x.detach().mul(0).sum());
  if (isBeingRecorded(device)) mustBeZero(sum);
  else if (!whyNotNow(device))
    device.check([sum.memory.retain()], sum => {
      if (sum[0] !== 0)
        throw new RangeError(
          `${who}: the solution is not finite; look for NaN, ∞ or zero coefficients in what is given, or let debug() find where they come from.`,
        );
    });
  return x;
}

/** x with A x = b, as a field, by iteration. @param from Where to start. */
export function iterated(
  { shape, size }: Grid,
  A: Stencil,
  b: Tensor,
  from: Tensor | undefined,
  options: SolveOptions | undefined,
): Tensor {
  return linearSolve(A, b.reshape([size]), {
    preconditioner,
    ...(from && { x0: from.reshape([size]) }),
    ...(A.device.kind !== 'cpu' && { maxSteps: stepsOnGpu }),
    ...options,
  }).reshape(shape);
}
