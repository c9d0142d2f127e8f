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
import { type BoxKind, boxText, type Clusters, clusterInputs, clusterText, inClusters } from '../../geometry/index.ts';
import { floatText, type Kernel, kernelsByKey, pick, type Tensor, tensor } from '../../kernel/index.ts';
import type { PairPotential } from './pair-potential.ts';
import { type PairSum, pairSum } from './pair-sum.ts';

export type Tail = 'truncated' | 'shifted' | 'forceShifted' | { readonly switchFrom: number };

export interface PairForm {
  readonly potential: PairPotential;
  readonly cutoff: number;
  readonly tail: Tail;
  readonly dimension: 2 | 3;
  readonly around: BoxKind;
  readonly species: number;
}

const switching = (from: number, cutoff: number): string => /* wgsl */ `
  fn switched(r2: f32) -> f32 {
    let a = ${floatText(cutoff ** 2)} - r2;
    let s = a * a * (${floatText(cutoff ** 2 - 3 * from ** 2)} + 2.0 * r2) / ${floatText((cutoff ** 2 - from ** 2) ** 3)};
    return select(1.0, s, r2 > ${floatText(from ** 2)}); // (2)
  }`;

/** A table's word for two species, the same both ways round. */
const byPair = (species: number): string =>
  species === 1 ? '0u' : `min(kind, species[j]) * ${species}u + max(kind, species[j])`;

const floats = (names: readonly string[]): string =>
  names.map(name => `var<storage, read> ${name}: array<f32>;`).join('\n  ');

const hasTail = (tail: Tail): boolean => tail === 'shifted' || tail === 'forceShifted';

function energyText({ potential, tail, cutoff, dimension, around, species }: PairForm): string {
  const { name, params, particles, wgsl, ofSquare } = potential;
  const load = params.map(p => `let ${p}_ = ${p}[at];`).join(' ');
  const args = [
    ofSquare ? 'r2' : 'r',
    ...params.map(p => `${p}_`),
    ...particles.flatMap(p => [`${p}_`, `${p}[j]`]),
  ].join(', ');
  const ended = { truncated: '', shifted: '- end.x', forceShifted: `- end.x - (r - ${floatText(cutoff)}) * end.y` }; // (1)
  const smooth = typeof tail === 'object';
  const box = boxText(dimension, around);
  const near = clusterText(dimension, around);
  return /* wgsl */ `
  var<storage, read> here: array<vec${dimension}f>;
  var<storage, read> x: array<vec${dimension}f>;
  ${floats(particles.flatMap(p => [`${p}Here`, p]))}
  ${floats(params)}
  ${hasTail(tail) ? 'var<storage, read> ends: array<vec2f>;' : ''}
  ${near.bindings}
  ${species > 1 ? 'var<storage, read> species: array<u32>;' : ''}
  var<storage, read_write> energy: array<f32>;
  ${wgsl}
  ${smooth ? switching(tail.switchFrom, cutoff) : ''}
  @compute @workgroup_size(4, 16)
  fn pairEnergy(@builtin(global_invocation_id) id: vec3u) {
    let i = 4u * id.y + id.x;
    let place = here[i];
    ${box.setup}
    ${particles.map(p => `let ${p}_ = ${p}Here[i];`).join(' ')}
    ${species > 1 ? 'let kind = species[i];' : `let at = 0u; ${load} ${hasTail(tail) ? 'let end = ends[0];' : ''}`}
    var sum = 0.0;
    ${near.loop(
      'x',
      /* wgsl */ `
        let square = dot(d, d);
        let inside = seen && square < ${floatText(cutoff ** 2)};
        let r2 = select(${floatText(cutoff ** 2)}, square, inside);
        let r = sqrt(r2);
        ${species > 1 ? `let at = ${byPair(species)}; ${load} ${hasTail(tail) ? 'let end = ends[at];' : ''}` : ''}
        sum += f32(inside) * ${smooth ? 'switched(r2) * ' : ''}(${name}${ofSquare ? 'OfSquare' : ''}(${args}) ${smooth ? '' : ended[tail]});`,
    )}
    energy[i] = 0.5 * sum;
  }`;
}

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
  const run: Kernel = energyKernels(JSON.stringify(form), () => energyText(form));
  const sum: PairSum = pairSum(`energy of ${form.potential.name}`, (own, { own: all, rest, fixed }) => {
    const [slots] = all.x.shape;
    const mine = Object.fromEntries(Object.entries(own).map(([name, value]) => [here(name), value]));
    return run({ ...mine, ...all, ...rest, ...fixed }, { count: [4, slots / 4], out: { energy: [slots, 1] } })
      .energy as Tensor;
  });
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
