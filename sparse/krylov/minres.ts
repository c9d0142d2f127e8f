/**
 * MINRES, for symmetric A (indefinite or singular too) and symmetric positive definite M: the smallest residual in the M⁻¹-norm.
 *
 *   γ z = M⁻¹ v      δ = z · A z      v⁺ = A z − (δ/γ) v − (γ/γ⁻) v⁻            Lanczos
 *   [c s; s −c] turns the tridiagonal matrix into a triangular one              Givens
 *   w⁺ = (z − α₂ w − α₃ w⁻) / α₁      x ← x + c η w⁺      η ← −s η
 *   r ← s² r + c η v⁺/γ⁺
 *
 * Paige & Saunders, SIAM J. Numer. Anal. 12 (1975) 617. Preconditioned as in Elman, Silvester & Wathen: Finite Elements and Fast
 * Iterative Solvers, 2nd ed., 2014, alg. 4.1. The last line keeps the residual itself, whose norm does not hang on M.
 */

import type { Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod, ratio } from './method.ts';

type Name = 'r' | 'v' | 'vOld' | 'z' | 'w' | 'wOld' | 'gamma' | 'gammaOld' | 'eta' | 'c' | 'cOld' | 's' | 'sOld';
type State = Iterate & Readonly<Record<Name, Tensor>>;

/** √ of what rounding may have made negative. */
const root = (x: Tensor): Tensor => x.relu().sqrt();

/** MINRES, for symmetric A, indefinite or singular too. */
export const minres = (): IterativeMethod<State> => ({
  name: 'MINRES',
  needs: 'symmetric',
  breakdown: 'v·M⁻¹v < 0 for a vector v, so the preconditioner is not positive definite',
  start(system, x, r) {
    const z = system.precondition(r);
    const square = dots(z, r);
    const gamma = root(square);
    const none = r.mul(0);
    const residual = dots(r, r);
    const zero = residual.mul(0);
    const one = zero.add(1);
    const rotations = { eta: gamma, c: one, cOld: one, s: zero, sOld: zero, gamma, gammaOld: one };
    return { x, r, v: r, vOld: none, z, w: none, wOld: none, ...rotations, residual, breakdown: square.min(0) };
  },
  step(system, { x, r, v, vOld, z, w, wOld, gamma, gammaOld, eta, c, cOld, s, sOld, breakdown }) {
    const direction = z.mul(ratio(one(gamma), gamma));
    const q = system.apply(direction);
    const delta = dots(q, direction);
    const vNext = q.sub(v.mul(ratio(delta, gamma))).sub(vOld.mul(ratio(gamma, gammaOld)));
    const zNext = system.precondition(vNext);
    const square = dots(zNext, vNext);
    const gammaNext = root(square);
    const a0 = c.mul(delta).sub(cOld.mul(s).mul(gamma));
    const a1 = a0.square().add(gammaNext.square()).sqrt();
    const a2 = s.mul(delta).add(cOld.mul(c).mul(gamma));
    const a3 = sOld.mul(gamma);
    const cNext = ratio(a0, a1);
    const sNext = ratio(gammaNext, a1);
    const wNext = direction
      .sub(wOld.mul(a3))
      .sub(w.mul(a2))
      .mul(ratio(one(a1), a1));
    const etaNext = eta.mul(sNext).neg();
    const rNext = r.mul(sNext.square()).add(vNext.mul(ratio(cNext.mul(etaNext), gammaNext)));
    return {
      x: x.add(wNext.mul(cNext.mul(eta))),
      r: rNext,
      v: vNext,
      vOld: v,
      z: zNext,
      w: wNext,
      wOld: w,
      gamma: gammaNext,
      gammaOld: gamma,
      eta: etaNext,
      c: cNext,
      cOld: c,
      s: sNext,
      sOld: s,
      residual: dots(rNext, rNext),
      breakdown: breakdown.min(square),
    };
  },
});

const one = (like: Tensor): Tensor => like.mul(0).add(1);
