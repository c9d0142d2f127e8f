/**
 * What a policy is trained for: many environments side by side, as pure functions of tensors.
 *
 * A policy may use all of it through derivatives: rewards are differentiated through the steps. Where an episode ends is a choice, and not
 * differentiated; a new one then begins in the same row.
 */

import { flatten } from '../../adjoint/index.ts';
import { lazyKernel, type Tensor } from '../../kernel/index.ts';

/** S is a tree of tensors whose first axis counts the environments. */
export interface Task<S> {
  /** Numbers that the policy sees, and that it gives. */
  readonly observations: number;
  readonly actions: number;
  /** Random numbers that a beginning takes. */
  readonly draws: number;
  /** How episodes begin. @param random Standard normal, [envs, draws]. */
  start(random: Tensor): S;
  /** @param action [envs, actions], as the policy gives it, of any size: bounds are the task's business. */
  step(state: S, action: Tensor): S;
  /** [envs, observations]. */
  observe(state: S): Tensor;
  /** Of a step, [envs]. */
  reward(before: S, action: Tensor, after: S): Tensor;
  /** 1 where an episode is over, with nothing more to gain; else 0. [envs]. */
  ended(state: S): Tensor;
}

const pick = lazyKernel(/* wgsl */ `
  override width: u32 = 1;
  var<storage, read> over: array<f32>;
  var<storage, read> yes: array<f32>;
  var<storage, read> no: array<f32>;
  var<storage, read_write> chosen: array<f32>;
  @compute @workgroup_size(64)
  fn choose(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (over[i / width] > 0.5) { chosen[i] = yes[i]; } else { chosen[i] = no[i]; }
  }
`);

/** Row by row, `yes` where `over` is 1 and `no` where it is 0; what is not chosen may be anything, even not finite. */
export function choose<S>(over: Tensor, yes: S, no: S): S {
  const [a, b] = [flatten(yes, 'choose'), flatten(no, 'choose')];
  const chosen = b.leaves.map((leaf, k) => {
    const width = leaf.size / leaf.shape[0];
    const given = { over, yes: a.leaves[k], no: leaf };
    return pick(given, { count: leaf.size, overrides: { width }, out: { chosen: leaf.shape } }).chosen as Tensor;
  });
  return b.rebuild(chosen);
}
