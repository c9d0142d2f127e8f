/**
 * Reaction and diffusion as two parts of ẏ, for additive methods: reaction explicit, diffusion implicit, without a bound on the step from
 * the grid.
 *
 *   ∂y/∂t = [r(u, v) + what is given at the sides] − A y,   A = −D Δ
 *
 * The reactions are those of reaction-diffusion.ts; systems with I + s A are solved by conjugate gradients with multigrid.
 */

import type { Kernel, Tensor } from '../kernel/index.ts';
import { type Grid, type LinearPart, laplacian, type SideValues, type Split, stencilOn } from '../solvers/index.ts';
import { multigrid, type SolveOptions } from '../sparse/index.ts';
import { checkModel } from './field.ts';
import {
  type BrusselatorParams,
  brusselatorRates,
  type GrayScottParams,
  grayScottRates,
  type ReactionState,
  type SpreadParams,
} from './reaction-diffusion.ts';

export interface PartsOptions {
  /** How the systems of diffusion are solved. */
  readonly linearSolve?: SolveOptions;
}

/** ẏ in two parts, for `odeSolve` by kenCarp4, say. */
export type Parts<P> = (params: P) => Split<ReactionState, undefined> & { readonly implicit: LinearPart };

function partsOf(
  grid: Grid,
  rates: Kernel,
  { diffusion, values }: SpreadParams,
  numbers: Readonly<Record<string, Tensor>>,
  { linearSolve }: PartsOptions,
): Split<ReactionState, undefined> & { readonly implicit: LinearPart } {
  const { shape, size } = grid;
  const fromSides = (field: Tensor, given: SideValues | undefined): Tensor => {
    const zero = field.mul(0);
    return given ? laplacian(grid, zero, given) : zero;
  };
  const spread = (k: number) => stencilOn(grid, { conductivity: diffusion.slice(k, k + 1), device: diffusion.device });
  return {
    explicit: ({ u, v }) => {
      const curvatureU = fromSides(u, values?.u);
      const curvatureV = fromSides(v, values?.v);
      const made = rates(
        { u, v, curvatureU, curvatureV, diffusion, ...numbers },
        { count: size, out: { rateU: shape, rateV: shape } },
      ) as Readonly<Record<string, Tensor>>;
      return { u: made.rateU, v: made.rateV };
    },
    implicit: { minus: { u: spread(0), v: spread(1) }, linearSolve: { preconditioner: multigrid(), ...linearSolve } },
  };
}

/** Gray and Scott's reaction, explicit, and its diffusion, implicit. */
export function grayScottParts(grid: Grid, options: PartsOptions = {}): Parts<GrayScottParams> {
  checkModel('grayScottParts', grid, options, ['linearSolve']);
  return ({ feed, kill, ...spread }) => partsOf(grid, grayScottRates, spread, { feed, kill }, options);
}

/** The Brusselator's reaction, explicit, and its diffusion, implicit. */
export function brusselatorParts(grid: Grid, options: PartsOptions = {}): Parts<BrusselatorParams> {
  checkModel('brusselatorParts', grid, options, ['linearSolve']);
  return ({ a, b, ...spread }) => partsOf(grid, brusselatorRates, spread, { a, b }, options);
}
