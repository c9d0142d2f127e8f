/**
 * Charges in a periodic box, with all their images: Ewald's sum.
 *
 *   E = k Σ_pairs q_i q_j erfc(α r)/r                                        near: pairs within the cut-off                (1)
 *     + (2π k/V) Σ_(K ≠ 0) e^(−K²/4α²)/K² |Σ q e^(i K·x)|²                    waves, K = 2π Σ_a m_a g_a                    (2)
 *     − k α/√π Σ q² − π k (Σ q)² / (2 V α²)                                   self, and a background where charges do not cancel
 *   erfc(x) = e^(−x²) p((x − 3.75)/(x + 3.75)) / (1 + 2 x)                    p of degree 20, relative error 1e-14           (3)
 *
 * The surroundings conduct. α and the largest K follow from the tolerance δ: e^(−(α r_c)²) = δ, e^(−K²/4α²) = δ. The waves cost particles ×
 * their number, which for a fixed cut-off grows with the volume: for some thousands of charges. Pairs that bonds keep apart keep (2).
 * Frenkel & Smit: Understanding Molecular Simulation, 2nd ed., 2002, §12.1. (3): fitted in forty digits at Chebyshev's points.
 */

import { type BoxLayout, boxSizes, boxVolume, boxWaves, checkBox } from '../../geometry/index.ts';
import { checkOptions, floatText, inWords, type Tensor } from '../../kernel/index.ts';
import type { PairPotential } from './pair-potential.ts';
import type { PairInteraction, Term } from './particles-spec.ts';

export interface EwaldOptions {
  /** Lengths of the box or vectors of a tilted one, more or less: waves are counted by them. */
  readonly box: BoxLayout;
  /** Of pairs in space; at most half the least height of the box. */
  readonly cutoff: number;
  /** δ. Default 1e-5. */
  readonly tolerance?: number;
}

export interface Ewald {
  /** (1): one of the pairs of a system. Parameter k = 1 / (4π ε₀), and `charge` of particles. */
  readonly near: PairInteraction;
  /** (2) and what follows: one of its terms. Parameter k. */
  readonly waves: Term;
}

// biome-ignore format: a table
const p = [
  1.2375126308378264, -0.14024059858550783, 0.0035854154857523877, 0.08227673848722392, -0.1088039301535252, 0.092304321224675,
  -0.05869339840139179, 0.028362276769217654, -0.00974658110458516, 0.0017556294688668478, 0.0002937210968025393,
  -0.00029016621801021444, 5.162675563502301e-5, 2.240993192250365e-5, -1.1400731064687956e-5, -1.0082971908216498e-6,
  1.6968146281258154e-6, -2.7758989282788587e-8, -2.14674339389041e-7, 8.525550212766795e-9, 1.7622019206966032e-8,
];

const nearPotential = (alpha: number): PairPotential => ({
  ...{ name: 'ewaldNear', params: ['k'], particles: ['charge'] },
  wgsl: /* wgsl */ `
  fn ewaldNear(r: f32, k: f32, chargeI: f32, chargeJ: f32) -> f32 {
    let y = ${floatText(alpha)} * r;
    let t = (y - 3.75) / (y + 3.75);
    let p = ${p.reduceRight((sum, c) => (sum ? `${c} + t * (${sum})` : String(c)), '')};
    return k * chargeI * chargeJ * exp(-y * y) * p / (1.0 + 2.0 * y) / r; // (1), (3)
  }`,
});

/** Half of the whole vectors m ≠ 0 whose waves are no shorter than the shortest wanted; −m has the same share as m. */
function wavesOf(box: BoxLayout, longest: number): number[][] {
  const lengths = box.map(side => (typeof side === 'number' ? side : Math.hypot(...side)));
  const { shares } = boxSizes(box);
  const g = [0, 1, 2].map(b => shares([0, 1, 2].map(a => (a === b ? 1 : 0)))); // g[b][a]: component b of g_a
  const most = lengths.map(l => Math.floor((longest * l) / (2 * Math.PI))); // 2π m_a = K · h_a
  const found: number[][] = [];
  for (let a = 0; a <= most[0]; a++)
    for (let b = a === 0 ? 0 : -most[1]; b <= most[1]; b++)
      for (let c = a === 0 && b === 0 ? 1 : -most[2]; c <= most[2]; c++) {
        const K = g.map(row => 2 * Math.PI * (a * row[0] + b * row[1] + c * row[2]));
        if (Math.hypot(...K) <= longest) found.push([a, b, c]);
      }
  return found;
}

/**
 * Ewald's sum for a box.
 *
 * @example
 *   const sum = ewald({ box: [2, 2, 2], cutoff: 1 });
 *   const salt = particles({ count: 8, box: [2, 2, 2], pairs: { near: sum.near }, terms: { waves: sum.waves } });
 *   const corners = [0, 1, 2, 3, 4, 5, 6, 7].map(i => [i & 1, (i >> 1) & 1, i >> 2]);
 *   const charge = tensor(corners.map(([a, b, c]) => 1 - 2 * ((a + b + c) % 2)));
 *   const k = tensor([1]);
 *   const params = { box: tensor([2, 2, 2]), mass: tensor([1]), own: { charge }, energy: { near: { k }, waves: { k } } };
 *   const madelung = salt.energy(tensor(corners), params).div(4); // -1.7475604
 */
export function ewald(options: EwaldOptions): Ewald {
  checkOptions('ewald', options, ['box', 'cutoff', 'tolerance']);
  const { box, cutoff, tolerance = 1e-5 } = options;
  checkBox('ewald', box, 3);
  if (!(cutoff > 0) || !(tolerance > 0 && tolerance < 1))
    throw new RangeError(
      `ewald: the cut-off is ${inWords(cutoff)}, the tolerance ${inWords(tolerance)}; give a length, and a number between 0 and 1.`,
    );
  const alpha = Math.sqrt(-Math.log(tolerance)) / cutoff;
  const waves = wavesOf(box, 2 * alpha * Math.sqrt(-Math.log(tolerance)));
  return {
    near: { potential: nearPotential(alpha), cutoff },
    waves: {
      params: ['k'],
      energy({ x, box, own: { charge }, params: { k } }): Tensor {
        if (!box || !charge || !k)
          throw new TypeError("ewald: waves need a box, params.own.charge and the term's parameter k; give them.");
        const K = boxWaves(box, waves);
        const square = K.square().sum(1);
        const share = square
          .mul(-1 / (4 * alpha * alpha))
          .exp()
          .div(square);
        const phase = K.matmul(x.transpose());
        const q = charge.reshape([-1, 1]);
        const S = phase.cos().matmul(q).square().add(phase.sin().matmul(q).square()).reshape([-1]);
        const volume = boxVolume(box);
        const far = S.mul(share)
          .sum()
          .mul(4 * Math.PI)
          .div(volume); // (2), twice for −m
        const self = charge
          .square()
          .sum()
          .mul(alpha / Math.sqrt(Math.PI));
        const background = charge
          .sum()
          .square()
          .mul(Math.PI / (2 * alpha * alpha))
          .div(volume);
        return far.sub(self).sub(background).mul(k.reshape([]));
      },
    },
  };
}
