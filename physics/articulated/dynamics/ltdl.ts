/**
 * M = Lᵀ D L for a mass matrix, without fill: L has the entries that M has, since eliminating a velocity changes only the rows and
 * columns of its predecessors.
 *
 *   for k = n … 1, for i a predecessor of k:   a = M_ki / M_kk;   M_ij −= a M_kj  for j = i and its predecessors;   M_ki = a
 *
 * The factor is not differentiated: forward.ts has the rule of what is solved with it.
 *
 * Featherstone: Efficient factorization of the joint-space inertia matrix for branched kinematic trees, Int. J. Robotics Research
 * 24 (2005), doi:10.1177/0278364905054928.
 */

import { type Kernel, kernelsByKey, type Tensor } from '../../../kernel/index.ts';
import { place } from '../layout.ts';
import type { Prepared } from '../structure.ts';
import { checkPivots } from './singular.ts';

/** Lengths that the texts have as constants: velocities, and entries of a factor. */
interface Lengths {
  readonly nv: number;
  readonly entries: number;
}

/** A factor is worked on in a local array: of those, vectors of invocations are contiguous. */
const byLengths = (text: (lengths: Lengths) => string): ((lengths: Lengths) => Kernel) => {
  const kernels = kernelsByKey();
  return lengths => kernels(`${lengths.nv} ${lengths.entries}`, () => text(lengths));
};

const factorisation = byLengths(
  ({ nv, entries }) => /* wgsl */ `
  var<storage, read> mass: array<f32>;
  var<storage, read> start: array<u32>;
  var<storage, read> ancestors: array<u32>;
  @unique var<storage, read_write> factor: array<f32>;
  @compute @workgroup_size(64)
  fn branchFactor(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x * ${entries}u;
    var own: array<f32, ${entries}>;
    for (var k = 0u; k < ${entries}u; k++) { own[k] = mass[e + k]; }
    for (var d = ${nv}u; d > 0u; d--) {
      let first = start[d - 1u];
      let end = start[d];
      let pivot = own[first];
      for (var s = first + 1u; s < end; s++) {
        let a = own[s] / pivot;
        let row = start[ancestors[s]];
        for (var t = s; t < end; t++) { own[row + t - s] -= a * own[t]; }
        own[s] = a;
      }
    }
    for (var k = 0u; k < ${entries}u; k++) { factor[e + k] = own[k]; }
  }
`,
);

const solution = byLengths(
  ({ nv, entries }) => /* wgsl */ `
  override columns: u32 = 1;
  var<storage, read> factor: array<f32>;
  var<storage, read> b: array<f32>;
  var<storage, read> start: array<u32>;
  var<storage, read> ancestors: array<u32>;
  var<storage, read_write> x: array<f32>;
  @compute @workgroup_size(64)
  fn branchSolve(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var own: array<f32, ${entries}>;
    for (var k = 0u; k < ${entries}u; k++) { own[k] = factor[e * ${entries}u + k]; }
    for (var c = 0u; c < columns; c++) {
      var y: array<f32, ${nv}>;
      for (var d = 0u; d < ${nv}u; d++) { y[d] = b[${place(nv, 1, 'd', 'e * columns + c')}]; }
      for (var d = ${nv}u; d > 0u; d--) {
        for (var s = start[d - 1u] + 1u; s < start[d]; s++) { y[ancestors[s]] -= own[s] * y[d - 1u]; }
      }
      for (var d = 0u; d < ${nv}u; d++) {
        var sum = y[d] / own[start[d]];
        for (var s = start[d] + 1u; s < start[d + 1u]; s++) { sum -= own[s] * y[ancestors[s]]; }
        y[d] = sum;
        x[${place(nv, 1, 'd', 'e * columns + c')}] = sum;
      }
    }
  }
`,
);

type Given = Pick<Prepared, 'structure' | 'model' | 'envs'>;

const lengths = ({ model }: Given): Lengths => ({ nv: model.nv, entries: model.tables.ancestors.length });

/**
 * The factor, in the rows of the mass matrix: D on the diagonal, L above it.
 *
 * @throws RangeError naming the velocity that has no inertia, when a model is first factorised.
 */
export function branchFactor(given: Given, mass: Tensor): Tensor {
  const { start, ancestors } = given.structure;
  const out = { factor: mass.shape };
  const { factor } = factorisation(lengths(given))({ mass, start, ancestors }, { count: given.envs, out });
  checkPivots(given.model, mass, factor as Tensor);
  return factor as Tensor;
}

/** M⁻¹ b, [envs, nv]; or of several b, [envs, columns, nv]. */
export function branchSolve(given: Given, factor: Tensor, b: Tensor): Tensor {
  const { start, ancestors } = given.structure;
  const launch = { count: given.envs, overrides: { columns: columnsOf(b) }, out: { x: b.shape } };
  return solution(lengths(given))({ factor, b, start, ancestors }, launch).x as Tensor;
}

/** How many right-hand sides each environment has. */
export const columnsOf = ({ shape }: Tensor): number => (shape.length > 2 ? shape[1] : 1);
