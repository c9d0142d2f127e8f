/**
 * What particles are made of: from the deformation that a step would bring, the deformation kept and Kirchhoff's stress τ = J σ.
 *
 *   F* = (I + dt C) F,   J = det F*                                                                                   (1) all
 *   τ = 2 μ (F − R) Fᵀ + λ (J − 1) J I,   F = R S                                 (2) corotated: fixed corotated elasticity
 *   τ = μ (F Fᵀ − I) + λ ln J I                                                   (3) neoHookean
 *   τ = −p J I + μ J (C + Cᵀ),   p = λ/7 (J⁻⁷ − 1)                                (4) liquid: Tait's equation; λ is its bulk modulus, μ its viscosity
 *   τ = 2 μ ε + λ tr ε I,   ε = ½ ln F Fᵀ, returned to  |dev ε| ≤ −α (dλ + 2μ)/(2μ) tr ε                          (5) sand: Drucker & Prager
 *   τ = h (2 μ (V − I) V + λ (J − 1) J I),   h = exp(ξ (1 − J_P))                 (6) snow: V, the stretch of F, has its values held between 1 − θ_c
 *                                                                                     and 1 + θ_s; what is cut off its volume goes to J_P
 *   τ += a (F e)(F e)ᵀ                                                            (7) actuated: pulls along the fibre e where a > 0
 *
 * (2) in the plane has R in closed form; in space by Newton's iteration for the polar factor, R⁺ = ½ (R + R⁻ᵀ), whose derivative converges as it
 * does, also where singular values are equal. (4) keeps of F only J. (5) keeps F = exp ε, symmetric, which changes no stress, and so needs no
 * singular values: logarithm and exponential are series, right to 2e-8 for stretches between 0.65 and 1.55, with derivatives where stretches
 * are equal. Sand that is drawn apart keeps how much, and does not resist until it is as dense again. (6) is (2) of what is left of V, which it keeps,
 * and ln J_P: snow that was pressed is stiffer, and sound in it faster by √h; torn snow is softer. J* above is det F*, J here det V.
 *
 * Stomakhin et al., Eurographics/SCA 2012, 25; snow: Stomakhin et al., ACM Trans. Graph. 32 (2013) 102, doi:10.1145/2461912.2461948; Klár et al., ACM Trans. Graph. 35 (2016) 103, doi:10.1145/2897824.2925906; the volume correction:
 * Tampubolon et al., ACM Trans. Graph. 36 (2017) 105; Higham, SIAM J. Sci. Stat. Comput. 7 (1986) 1160.
 */

import { boundedText } from './snow.wgsl.ts';
import { type Space, words } from './splines.wgsl.ts';

export type Material = 'corotated' | 'neoHookean' | 'liquid' | 'sand' | 'snow';

/** Their numbers in `kinds`. */
export const materials: readonly Material[] = ['corotated', 'neoHookean', 'liquid', 'sand', 'snow'];

/** Those that remember what yielded, and have numbers of plasticity. */
export const plastic: readonly Material[] = ['sand', 'snow'];

const polar = (space: Space): string => {
  const { d, mat } = words(space);
  return d === 2
    ? /* wgsl */ `
  fn polar(f: ${mat}) -> ${mat} {
    let a = f[0].x + f[1].y;
    let b = f[0].y - f[1].x;
    let l = sqrt(a * a + b * b);
    return ${mat}(a / l, b / l, -b / l, a / l);
  }`
    : /* wgsl */ `
  fn polar(f: ${mat}) -> ${mat} {
    var r = f;
    for (var k = 0; k < 9; k++) {
      let cofactors = ${mat}(cross(r[1], r[2]), cross(r[2], r[0]), cross(r[0], r[1]));
      r = 0.5 * (r + cofactors * (1.0 / dot(r[0], cofactors[0])));
    }
    return r;
  }`;
};

const inverse = (space: Space): string => {
  const { d, mat } = words(space);
  return d === 2
    ? `fn inverse(m: ${mat}) -> ${mat} { return ${mat}(m[1].y, -m[0].y, -m[1].x, m[0].x) * (1.0 / determinant(m)); }`
    : /* wgsl */ `
  fn inverse(m: ${mat}) -> ${mat} {
    let cofactors = ${mat}(cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1]));
    return transpose(cofactors) * (1.0 / dot(m[0], cofactors[0]));
  }`;
};

const trace = (space: Space, m: string): string => {
  const { axes } = words(space);
  return axes.map((a, k) => `${m}[${k}].${a}`).join(' + ');
};

const law: Readonly<Record<Material, (space: Space) => string>> = {
  corotated: space => {
    const { identity } = words(space);
    return /* wgsl */ `
  fn corotated(g: Given) -> Kept {
    let tau = (2.0 * g.mu) * (g.f - polar(g.f)) * transpose(g.f) + (g.lambda * (g.j - 1.0) * g.j) * ${identity};   // (2)
    return Kept(g.f, tau, 0.0);
  }`;
  },
  neoHookean: space => {
    const { identity } = words(space);
    return /* wgsl */ `
  fn neoHookean(g: Given) -> Kept {
    return Kept(g.f, g.mu * (g.f * transpose(g.f) - ${identity}) + (g.lambda * log(g.j)) * ${identity}, 0.0);      // (3)
  }`;
  },
  liquid: space => {
    const { identity, diagonal } = words(space);
    return /* wgsl */ `
  fn liquid(g: Given) -> Kept {
    let i = 1.0 / g.j;
    let p = g.lambda / 7.0 * (i * i * i * i * i * i * i - 1.0);
    let tau = (g.mu * g.j) * (g.c + transpose(g.c)) - (p * g.j) * ${identity};                                      // (4)
    return Kept(${diagonal(axis => (axis === 'x' ? 'g.j' : '1.0'))}, tau, 0.0);
  }`;
  },
  sand: space => {
    const { d, axes, mat, identity } = words(space);
    return /* wgsl */ `
  ${inverse(space)}
  fn sand(g: Given) -> Kept {
    let b = g.f * transpose(g.f);
    let z = (b - ${identity}) * inverse(b + ${identity});     // ½ ln b = z + z³/3 + z⁵/5 + …
    let zz = z * z;
    var term = z;
    var strain = z;
    ${[3, 5, 7, 9, 11, 13, 15].map(k => `term = term * zz; strain += (1.0 / ${k}.0) * term;`).join('\n    ')}
    strain += (g.memory / ${d}.0) * ${identity};
    let total = ${trace(space, 'strain')};
    let dev = strain - (total / ${d}.0) * ${identity};
    let size = ${axes.map((_, k) => `dot(dev[${k}], dev[${k}])`).join(' + ')};
    var kept = ${mat}();
    if (total < 0.0) {
      let most = -g.plastic.x * (${d}.0 * g.lambda + 2.0 * g.mu) / (2.0 * g.mu) * total;
      kept = strain;
      if (size > most * most) { kept = (most / sqrt(size)) * dev + (total / ${d}.0) * ${identity}; }               // (5)
    }
    let after = ${trace(space, 'kept')};
    let memory = total - after;
    // the exponential of what is kept; a quarter of it twice squared
    let e = 0.25 * kept;
    let quarter = ${identity} + e * (${identity} + 0.5 * e * (${identity} + (1.0 / 3.0) * e * (${identity} + 0.25 * e * (${identity} + 0.2 * e))));
    let half = quarter * quarter;
    return Kept(half * half, (2.0 * g.mu) * kept + (g.lambda * after) * ${identity}, memory);
  }`;
  },
  snow: space => {
    const { identity } = words(space);
    return /* wgsl */ `
  ${boundedText(space)}
  fn snow(g: Given) -> Kept {
    let stretch = g.f * transpose(polar(g.f));
    let v = bounded(0.5 * (stretch + transpose(stretch)), 1.0 - g.plastic.y, 1.0 + g.plastic.z);
    let j = determinant(v);
    let memory = g.memory + log(g.j / j);
    let h = exp(g.plastic.w * (1.0 - exp(memory)));
    return Kept(v, (2.0 * g.mu * h) * (v - ${identity}) * v + (g.lambda * h * (j - 1.0) * j) * ${identity}, memory);   // (6)
  }`;
  },
};

/** What a particle's law is given (`plastic` is α of sand, then θ_c, θ_s and ξ of snow) and what it keeps, and the laws of these materials. */
export const lawText = (space: Space, among: readonly Material[]): string => {
  const { mat } = words(space);
  return /* wgsl */ `
  struct Given { f: ${mat}, c: ${mat}, j: f32, lambda: f32, mu: f32, memory: f32, plastic: vec4f }
  struct Kept { f: ${mat}, tau: ${mat}, memory: f32 }
  ${among.some(m => m === 'corotated' || m === 'snow') ? polar(space) : ''}
  ${among.map(m => law[m](space)).join('\n')}`;
};
