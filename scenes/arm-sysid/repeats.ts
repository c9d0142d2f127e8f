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
  let found: Repeat[] = each.map(() => ({ x: Array.from(start), known: undefined as never }));
  for (let round = 0; round <= rounds; round++) {
    const x = tensor(
      found.flatMap(({ x }) => x),
      [draws, n],
      { device },
    );
    const residual = (x: Tensor): Tensor => model(x).sub(seen).div(noise);
    const columns: ArrayLike<number>[] = [];
    let r: ArrayLike<number> = [];
    for (let k = 0; k < n; k++) {
      const unit = Float64Array.from({ length: draws * n }, (_, i) => Number(i % n === k));
      const direction = tensor(unit, [draws, n], { device });
      const { value, tangent } = jvp(residual)(x, direction);
      if (k === 0) r = await value.read();
      columns.push(await tangent.read());
      disposeTree([value, tangent, direction]);
    }
    x.dispose();
    const own = (all: ArrayLike<number>, e: number): Float64Array =>
      Float64Array.from({ length: steps * n }, (_, i) => all[(Math.floor(i / n) * draws + e) * n + (i % n)]);
    found = each.map(e => {
      const model = normalEquations(
        own(r, e),
        columns.map(column => own(column, e)),
      );
      const known = identifiability(model);
      if (round === rounds) return { x: found[e].x, known };
      const step = known.covariance.map(
        row => row.reduce((sum, c, j) => sum + c * model.gradient[j], 0) / known.variance,
      );
      return { x: found[e].x.map((v, i) => v - step[i]), known };
    });
  }
  return found;
}
