/**
 * BiCGStab, for any square A; two products and two preconditionings a step, little memory, no guarantee.
 *
 *   ρ = r̂·r      β = (ρ/ρ⁻)(α/ω)      p = r + β (p − ω v)      v = A M⁻¹ p      α = ρ / r̂·v
 *   s = r − α v      t = A M⁻¹ s      ω = t·s / t·t      x ← x + M⁻¹ (α p + ω s)      r ← s − ω t
 *
 * van der Vorst, SIAM J. Sci. Stat. Comput. 13 (1992) 631; preconditioned from the right, so that r is the residual.
 */

import type { Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, type IterativeMethod, isZero, ratio } from './method.ts';

type State = Iterate & Readonly<Record<'r' | 'shadow' | 'p' | 'v' | 'rho' | 'alpha' | 'omega', Tensor>>;

/** BiCGStab, for any square A: little memory, no guarantee. */
export const bicgstab = (): IterativeMethod<State> => ({
  name: 'BiCGStab',
  needs: 'any',
  start(_, x, r) {
    const residual = dots(r, r);
    const zero = residual.mul(0);
    const none = r.mul(0);
    const one = zero.add(1);
    return { x, r, shadow: r, p: none, v: none, rho: one, alpha: one, omega: one, residual, breakdown: zero };
  },
  step(system, { x, r, shadow, p, v, rho, alpha, omega }) {
    const rhoNext = dots(shadow, r);
    const beta = ratio(rhoNext, rho).mul(ratio(alpha, omega));
    const pNext = r.add(p.sub(v.mul(omega)).mul(beta));
    const y = system.precondition(pNext);
    const vNext = system.apply(y);
    const alphaNext = ratio(rhoNext, dots(shadow, vNext));
    const s = r.sub(vNext.mul(alphaNext));
    const z = system.precondition(s);
    const t = system.apply(z);
    const omegaNext = ratio(dots(t, s), dots(t, t));
    const rNext = s.sub(t.mul(omegaNext));
    const residual = dots(rNext, rNext);
    return {
      x: x.add(y.mul(alphaNext)).add(z.mul(omegaNext)),
      r: rNext,
      shadow,
      p: pNext,
      v: vNext,
      rho: rhoNext,
      alpha: alphaNext,
      omega: omegaNext,
      residual,
      // Where α or ω is zero and the residual is not, this search has come to its end.
      breakdown: isZero(alphaNext.mul(omegaNext)).mul(ratio(residual, residual)),
    };
  },
});
