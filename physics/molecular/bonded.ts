/**
 * Energies of particles that are joined: of the lengths of bonds, of angles, of torsions.
 *
 *   bond       ½ k (r − r₀)²                                                                       (1)
 *   angle      ½ k (θ − θ₀)²,   θ between the bonds from the particle in the middle                  (2)
 *   dihedral   k (1 + cos(m φ − φ₀)),   φ between the planes of i j k and j k l                       (3)
 *
 * φ = atan2(|b₂| b₁·(b₂ × b₃), (b₁ × b₂)·(b₂ × b₃)), 0 where i and l lie on the same side: IUPAC's sign. Vectors are those of the nearest
 * images. Pairs that a bond or an angle joins are left out of pair potentials. Sums go by the rows of the fixed tables, in a fixed order.
 * Allen & Tildesley: Computer Simulation of Liquids, 2nd ed., 2017, §1.3.3 and appendix C.
 */

import { type BoxKind, boxKind, boxText } from '../../geometry/index.ts';
import { inWords, type Kernel, kernelsByKey, type Tensor, tensor } from '../../kernel/index.ts';
import type { Term, TermGiven } from './particles-spec.ts';

interface Kind {
  readonly name: string;
  readonly size: 2 | 3 | 4;
  readonly params: readonly string[];
  /** From p0 … and the numbers to u. */
  readonly body: string;
  readonly excludes: readonly (readonly [number, number])[];
}

const kinds: Readonly<Record<'bonds' | 'angles' | 'dihedrals', Kind>> = {
  bonds: {
    ...{ name: 'bonds', size: 2, params: ['stiffness', 'r0'], excludes: [[0, 1]] },
    body: 'let s = length(b1) - r0; u = 0.5 * stiffness * s * s;', // (1)
  },
  angles: {
    ...{ name: 'angles', size: 3, params: ['stiffness', 'theta0'], excludes: [[0, 2]] },
    body: /* wgsl */ `
      let n = cross3(b1, b2);
      let s = atan2(length(n), -dot(b1, b2)) - theta0;
      u = 0.5 * stiffness * s * s;`, // (2)
  },
  dihedrals: {
    ...{ name: 'dihedrals', size: 4, params: ['stiffness', 'multiplicity', 'phi0'], excludes: [] },
    body: /* wgsl */ `
      let n1 = cross(b1, b2);
      let n2 = cross(b2, b3);
      let phi = atan2(length(b2) * dot(b1, n2), dot(n1, n2));
      u = stiffness * (1.0 + cos(multiplicity * phi - phi0));`, // (3)
  },
};

function text({ name, size, params, body }: Kind, d: number, around: BoxKind): string {
  const box = boxText(d, around);
  const bond = (k: number): string => /* wgsl */ `
    let d${k} = x[members[${size}u * e + ${k}u]] - x[members[${size}u * e + ${k - 1}u]];
    let b${k} = ${box.nearest(`d${k}`)};`;
  return /* wgsl */ `
  var<storage, read> x: array<vec${d}f>;
  ${box.binding}
  var<storage, read> members: array<u32>;
  ${params.map(p => `var<storage, read> ${p}s: array<f32>;`).join(' ')}
  var<storage, read_write> energy: array<f32>;
  ${name === 'angles' ? `fn cross3(a: vec${d}f, b: vec${d}f) -> vec3f { return ${d === 3 ? 'cross(a, b)' : 'vec3f(0.0, 0.0, a.x * b.y - a.y * b.x)'}; }` : ''}
  @compute @workgroup_size(64)
  fn ${name}Energy(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    ${box.setup}
    ${Array.from({ length: size - 1 }, (_, k) => bond(k + 1)).join('')}
    ${params.map(p => `let ${p} = ${p}s[e % arrayLength(&${p}s)];`).join(' ')}
    var u = 0.0;
    ${body}
    energy[e] = u;
  }
`;
}
const kernels = kernelsByKey();

function bonded(kind: Kind, members: readonly (readonly number[])[]): Term {
  const { name, size, params } = kind;
  members.forEach((row, k) => {
    if (row.length !== size || !row.every(i => Number.isInteger(i) && i >= 0) || new Set(row).size < size)
      throw new RangeError(
        `${name}: entry ${k} is [${row.join(', ')}]; give the numbers of ${size} particles, all different.`,
      );
  });
  if (members.length === 0) throw new RangeError(`${name}: there are none; give at least one.`);
  return {
    params,
    excludes: members.flatMap(row => kind.excludes.map(([a, b]) => [row[a], row[b]] as const)),
    energy({ x, box, params: given }: TermGiven): Tensor {
      const [n, d] = x.shape;
      const beyond = members.findIndex(row => row.some(i => i >= n));
      if (beyond >= 0)
        throw new RangeError(
          `${name}: entry ${beyond} is [${members[beyond].join(', ')}], but particles are 0 … ${n - 1}.`,
        );
      const missing = params.find(p => given[p] === undefined || ![1, members.length].includes(given[p].size));
      if (missing)
        throw new TypeError(
          `${name}: '${missing}' is ${given[missing] ? `of shape ${inWords(given[missing].shape)}` : 'missing'}; give one number, or ${members.length}.`,
        );
      if (size === 4 && d === 2) throw new RangeError('dihedrals: in the plane there are none; use angles.');
      const around = boxKind(box);
      const run: Kernel = kernels(`${name} ${d} ${around}`, () => text(kind, d, around));
      const table = tensor(Uint32Array.from(members.flat()), [members.length * size], { device: x.device });
      const numbers = Object.fromEntries(params.map(p => [`${p}s`, given[p]]));
      const { energy } = run({ x, members: table, ...numbers, ...(box && { box }) }, { count: members.length });
      return (energy as Tensor).sum();
    },
  };
}

/** (1). Parameters stiffness and r0: one number each, or one for each bond. */
export const bonds = (pairs: readonly (readonly [number, number])[]): Term => bonded(kinds.bonds, pairs);

/** (2), of particles i, j, k with j in the middle. Parameters stiffness and theta0, rad. */
export const angles = (triples: readonly (readonly [number, number, number])[]): Term => bonded(kinds.angles, triples);

/** (3). Parameters stiffness, multiplicity m and phi0, rad. */
export const dihedrals = (rows: readonly (readonly [number, number, number, number])[]): Term =>
  bonded(kinds.dihedrals, rows);
