/**
 * Steps that leave alone what has converged or cannot go on, for a GPU, where all steps run: past convergence the numbers of a method
 * are rounding errors, and rounding errors grow.
 *
 *   next = residual > goal and no breakdown ? step(state) : state        for each vector
 */

import { flatten } from '../../adjoint/index.ts';
import { lazyKernel, type Tensor } from '../../kernel/index.ts';
import type { Iterate } from '../krylov/method.ts';

const choose = lazyKernel(/* wgsl */ `
  var<storage, read> residual: array<f32>;
  var<storage, read> breakdown: array<f32>;
  var<storage, read> goal: array<f32>;
  var<storage, read> before: array<f32>;
  var<storage, read> after: array<f32>;
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn choose(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x % arrayLength(&goal); // vectors lie side by side
    result[id.x] = select(before[id.x], after[id.x], residual[c] > goal[c] && breakdown[c] == 0.0);
  }
`);

/** @param goal For the squared residual of each vector. */
export const leavingAlone =
  <S extends Iterate>(step: (state: S) => S, goal: Tensor) =>
  (state: S): S => {
    const { residual, breakdown } = state;
    const before = flatten(state, 'a step');
    const after = flatten(step(state), 'a step');
    const chosen = before.leaves.map((leaf, k) => {
      const given = {
        residual,
        breakdown,
        goal,
        before: leaf,
        after: after.leaves[after.names.indexOf(before.names[k])],
      };
      return leaf === given.after ? leaf : choose(given, { count: leaf.size, out: { result: leaf.shape } }).result;
    });
    return before.rebuild(chosen);
  };
