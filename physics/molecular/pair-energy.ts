/**
 * The energy of all pairs nearer than a cut-off, and how it ends there.
 *
 *   truncated       U(r)                                                                     jumps at r_c
 *   shifted         U(r) − U(r_c)                                                            forces jump
 *   forceShifted    U(r) − U(r_c) − (r − r_c) U′(r_c)                                        (1) forces are continuous
 *   switched        U(r) S(r),  S = (r_c² − r²)² (r_c² + 2 r² − 3 r_s²) / (r_c² − r_s²)³ for r > r_s, else 1      (2) and smooth
 *   d: the nearest image of x_i − x_j                                                        (3)
 *
 * U(r_c) and U′(r_c) are made by the compiler, so parameters have their derivative through them too; the cut itself has none.
 * (1): Toxvaerd & Dyre, J. Chem. Phys. 134 (2011) 081102. (2): the switch of CHARMM, Brooks et al., J. Comput. Chem. 4 (1983) 187.
 */

import { mapTree, vjp } from '../../adjoint/index.ts';
import { type Clusters, clusterInputs, inClusters } from '../../geometry/index.ts';
import { type Kernel, kernelsByKey, pick, type Tensor, tensor } from '../../kernel/index.ts';
import { energyText, floats, hasTail, type PairForm, pullText } from './pair-energy.wgsl.ts';
import type { PairPotential } from './pair-potential.ts';
import { type Directed, pairSum, type Weighted } from './pair-sum.ts';

const valuesText = ({ name, params, wgsl }: PairPotential): string => /* wgsl */ `
  var<storage, read> r: array<f32>;
  ${floats(params)}
  var<storage, read_write> u: array<f32>;
  ${wgsl}
  @compute @workgroup_size(64)
  fn pairValues(@builtin(global_invocation_id) id: vec3u) {
    let at = id.x % arrayLength(&${params[0] ?? 'r'});
    u[id.x] = ${name}(${['r[id.x]', ...params.map(p => `${p}[at]`)].join(', ')});
  }`;

const energyKernels = kernelsByKey();
const pullKernels = kernelsByKey();
const valueKernels = kernelsByKey();

/** U at distances r, [m, pairs], for potentials without numbers of particles. */
export function pairValues(potential: PairPotential, r: Tensor, params: Readonly<Record<string, Tensor>>): Tensor {
  const run: Kernel = valueKernels(potential.wgsl, () => valuesText(potential));
  return run({ r, ...params }, { count: r.size, out: { u: r.shape } }).u as Tensor;
}

/** U(r_c) and U′(r_c) of each pair of species, [pairs, 2]. */
function endsOf({ potential, cutoff, tail, species }: PairForm, params: Readonly<Record<string, Tensor>>): Tensor {
  const { device } = params[potential.params[0]];
  const at = tensor(new Float64Array(species ** 2).fill(cutoff), [species ** 2, 1], { device });
  const { value, pullback } = vjp((r: Tensor) => pairValues(potential, r, params))(at);
  const slope = pullback(at.mul(0).add(1));
  const zero = at.mul(0);
  return pairColumns(value, tail === 'forceShifted' ? slope : zero);
}

const pairColumns = (a: Tensor, b: Tensor): Tensor =>
  a.mul(tensor([1, 0], [1, 2], { device: a.device })).add(b.mul(tensor([0, 1], [1, 2], { device: a.device })));

export interface PairGiven {
  readonly x: Tensor;
  readonly box?: Tensor | undefined;
  /** Of pairs of species. */
  readonly params: Readonly<Record<string, Tensor>>;
  /** Of particles. */
  readonly particles: Readonly<Record<string, Tensor>>;
  readonly species?: Tensor | undefined;
  readonly list: Clusters;
}

const here = (name: string): string => (name === 'x' ? 'here' : `${name}Here`);

/** The energy as a function: one number, []. Differentiable in all but the list, to any order. */
export function pairEnergy(form: PairForm): (given: PairGiven) => Tensor {
  const key = JSON.stringify(form);
  const run: Kernel = energyKernels(key, () => energyText(form));
  const each: Directed = (own, { own: all, rest, fixed }) => {
    const [slots] = all.x.shape;
    const mine = Object.fromEntries(Object.entries(own).map(([name, value]) => [here(name), value]));
    const given = { ...mine, ...all, ...rest, ...fixed };
    return run(given, { count: [4, slots / 4], out: { energy: [slots, 1] } }).energy as Tensor;
  };
  const pull = ({ own: { x }, rest, fixed, bar }: Weighted): Readonly<Record<string, Tensor>> => {
    const [slots] = x.shape;
    const pulled: Kernel = pullKernels(key, () => pullText(form));
    const { xBar } = pulled({ here: x, x, ...rest, ...fixed, bar }, { count: [4, slots / 4], out: { xBar: slots } });
    return { x: xBar as Tensor };
  };
  const sum = pairSum(`energy of ${form.potential.name}`, each, form.potential.ofSquare ? pull : undefined);
  return ({ x, box, params, particles, species, list }) => {
    const ends = hasTail(form.tail) ? { ends: endsOf(form, params) } : {};
    const bySlot = (of: Tensor): Tensor => pick(of, list.order);
    return sum({
      own: { x: inClusters(x, list, box), ...mapTree(particles, bySlot) },
      rest: { ...params, ...ends, ...(box && { box }) },
      fixed: { ...clusterInputs(list), ...(form.species > 1 && species && { species: bySlot(species) }) },
    }).reshape([]);
  };
}
