/**
 * The same fit for many draws of noise at once: arms side by side, one for each draw.
 *
 *   x_e ← x_e − (J_eᵀ J_e)⁻¹ J_eᵀ r_e                                                     Gauss–Newton, a few times from a fit's end
 *
 * An arm's angles depend on its own row of parameters only, so one tangent gives a column of every J_e.
 */

import { disposeTree, jvp } from '../../adjoint/index.ts';
import { type Tensor, tensor } from '../../kernel/index.ts';
import { type Identifiability, identifiability, normalEquations } from '../../solvers/index.ts';

export interface Repeat {
  /** Logarithms of the unknowns. */
  readonly x: readonly number[];
  readonly known: Identifiability;
}

/**
 * @param model From logarithms, [draws, n], to what is seen, [steps, draws, n].
 * @param seen [steps, draws, n].
 * @param start Logarithms, n.
 */
export async function repeats(
  model: (x: Tensor) => Tensor,
  seen: Tensor,
  start: ArrayLike<number>,
  noise: number,
  rounds = 3,
): Promise<Repeat[]> {
  const [steps, draws, n] = seen.shape;
  const { device } = seen;
  const each = Array.from({ length: draws }, (_, e) => e);
  let x: readonly (readonly number[])[] = each.map(() => Array.from(start));
  for (let round = 0; ; round++) {
    const at = tensor(x.flat(), [draws, n], { device });
    const residual = (x: Tensor): Tensor => model(x).sub(seen).div(noise);
    const columns: ArrayLike<number>[] = [];
    let r: ArrayLike<number> = [];
    for (let k = 0; k < n; k++) {
      const unit = Float64Array.from({ length: draws * n }, (_, i) => Number(i % n === k));
      const direction = tensor(unit, [draws, n], { device });
      const { value, tangent } = jvp(residual)(at, direction);
      if (k === 0) r = await value.read();
      columns.push(await tangent.read());
      disposeTree([value, tangent, direction]);
    }
    at.dispose();
    const own = (all: ArrayLike<number>, e: number): Float64Array =>
      Float64Array.from({ length: steps * n }, (_, i) => all[(Math.floor(i / n) * draws + e) * n + (i % n)]);
    const found = each.map(e => {
      const equations = normalEquations(
        own(r, e),
        columns.map(column => own(column, e)),
      );
      return { gradient: equations.gradient, known: identifiability(equations) };
    });
    if (round === rounds) return found.map(({ known }, e) => ({ x: x[e], known }));
    x = x.map((row, e) => {
      const { gradient, known } = found[e];
      return row.map((v, i) => v - product(known.covariance[i], gradient) / known.variance); // the covariance is s² (JᵀJ)⁻¹
    });
  }
}

const product = (a: readonly number[], b: ArrayLike<number>): number => a.reduce((sum, ai, i) => sum + ai * b[i], 0);
