/**
 * LSMR, for any A: the least ‖Aᵀ r‖, r = b − A x, over a Krylov space of AᵀA; from x = 0, the least x of all that are as good.
 *
 *   β u⁺ = A v − α u      α⁺ v⁺ = Aᵀ u⁺ − β v                                          Golub–Kahan
 *   (c, s) turns (ᾱ, β) into (ρ, 0), (c̄, s̄) turns (c̄⁻ρ, sα⁺) into (ρ̄, 0)               Givens
 *   h̄⁺ = h − (s̄⁻ρ² / ρ⁻ρ̄⁻) h̄      x ← x + (ζ / ρρ̄) h̄⁺      h⁺ = v⁺ − (sα⁺ / ρ) h
 *   ζ = c̄ ζ̄      ζ̄ ← −s̄ ζ̄ = ± ‖Aᵀ r‖
 *
 * What is left of α and β when the space is exhausted is rounding, and is taken for the zero that it stands for: its direction would
 * lead x astray where A has a nullspace.
 *
 * Fong & Saunders: LSMR: an iterative algorithm for sparse least-squares problems, SIAM J. Sci. Comput. 33 (2011) 2950, §2 and §3.
 */

import { type Device, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { dots, type Iterate, ratio, type System } from './method.ts';

type Name =
  | 'u'
  | 'v'
  | 'h'
  | 'hBar'
  | 'alpha'
  | 'alphaBar'
  | 'zetaBar'
  | 'rho'
  | 'rhoBar'
  | 'cBar'
  | 'sBar'
  | 'normSquared';
/** `residual` is ‖Aᵀ r‖², `normSquared` a lower bound of ‖A‖²_F. */
export type LsmrState = Iterate & Readonly<Record<Name, Tensor>>;

export type Products = Pick<System, 'apply' | 'applyTranspose'>;

/** What is smaller, next to ‖A‖, is rounding. */
export const roundingOf = ({ precision }: Device): number => (precision === 'f64' ? 2 ** -49 : 2 ** -20);

const solidKernel = lazyKernel(/* wgsl */ `
  override rounding: f32 = 0.0;
  var<storage, read> size: array<f32>;
  var<storage, read> normSquared: array<f32>;
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn solid(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (size[i] > rounding * sqrt(normSquared[i])) { result[i] = size[i]; }
  }
`);

/** √ of a square, or 0 if that is rounding. */
function solid(square: Tensor, normSquared: Tensor): Tensor {
  const options = {
    count: square.size,
    out: { result: square.shape },
    overrides: { rounding: roundingOf(square.device) },
  };
  return solidKernel({ size: square.sqrt(), normSquared }, options).result;
}

const inverse = (x: Tensor): Tensor => ratio(x.mul(0).add(1), x);

/** @param r What is left of b. */
export function startLsmr({ applyTranspose }: Products, r: Tensor): LsmrState {
  const beta = dots(r, r).sqrt();
  const u = r.mul(inverse(beta));
  const w = applyTranspose(u);
  const alpha = dots(w, w).sqrt();
  const v = w.mul(inverse(alpha));
  const none = v.mul(0);
  const zero = beta.mul(0);
  const one = zero.add(1);
  const zetaBar = alpha.mul(beta);
  return {
    x: none,
    u,
    v,
    h: v,
    hBar: none,
    alpha,
    alphaBar: alpha,
    zetaBar,
    rho: one,
    rhoBar: one,
    cBar: one,
    sBar: zero,
    normSquared: alpha.square(),
    residual: zetaBar.square(),
    breakdown: zero,
  };
}

/** Always the same launches: steps are recorded. */
export function stepLsmr(A: Products, state: LsmrState): LsmrState {
  const { x, u, v, h, hBar, alpha, alphaBar, zetaBar, rho, rhoBar, cBar, sBar, normSquared, breakdown } = state;
  const left = A.apply(v).sub(u.mul(alpha));
  const beta = solid(dots(left, left), normSquared);
  const known = normSquared.add(beta.square());
  const uNext = left.mul(inverse(beta));
  const right = A.applyTranspose(uNext).sub(v.mul(beta));
  const alphaNext = solid(dots(right, right), known);
  const vNext = right.mul(inverse(alphaNext));
  const rhoNext = alphaBar.square().add(beta.square()).sqrt();
  const c = ratio(alphaBar, rhoNext);
  const theta = ratio(beta, rhoNext).mul(alphaNext);
  const turned = cBar.mul(rhoNext);
  const rhoBarNext = turned.square().add(theta.square()).sqrt();
  const cBarNext = ratio(turned, rhoBarNext);
  const sBarNext = ratio(theta, rhoBarNext);
  const hBarNext = h.sub(hBar.mul(ratio(sBar.mul(rhoNext.square()), rho.mul(rhoBar))));
  const zetaBarNext = sBarNext.mul(zetaBar).neg();
  return {
    x: x.add(hBarNext.mul(ratio(cBarNext.mul(zetaBar), rhoNext.mul(rhoBarNext)))),
    u: uNext,
    v: vNext,
    h: vNext.sub(h.mul(ratio(theta, rhoNext))),
    hBar: hBarNext,
    alpha: alphaNext,
    alphaBar: c.mul(alphaNext),
    zetaBar: zetaBarNext,
    rho: rhoNext,
    rhoBar: rhoBarNext,
    cBar: cBarNext,
    sBar: sBarNext,
    normSquared: known.add(alphaNext.square()),
    residual: zetaBarNext.square(),
    breakdown,
  };
}
