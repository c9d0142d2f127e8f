/** What a launch costs beside its kernel: units are launches, of a kernel with nothing to do. */

import { rollout } from 'retrograde/adjoint';
import { defaultDevice, kernel, type Tensor, tensor } from 'retrograde/kernel';
import type { Contest } from '../contest.ts';
import { contest } from './contest.ts';

const launches = 1000;
const one = { count: 1 };
const nothing = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn nothing(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] + 1.0; }
`);

/** A kernel called by name, its output given back. */
export function launch(): Contest<readonly Tensor[]> {
  const x = tensor([1]);
  return contest(() => {
    for (let k = 1; k < launches; k++) nothing({ x }, one).y.dispose();
    return [nothing({ x }, one).y];
  }, launches);
}

/** A step of a rollout. */
export function step(): Contest<readonly Tensor[]> {
  const x = tensor([1]);
  return contest(() => [rollout((y: Tensor) => nothing({ x: y }, one).y, x, launches)], launches);
}

/** The backend alone: code, storages and count are at hand. */
export function dispatch(): Contest<void> {
  const { backend } = defaultDevice();
  const executable = backend.compile(nothing.program);
  const storages = nothing.program.buffers.map(({ type }) => backend.allocate(type, 1));
  return {
    units: launches,
    run() {
      for (let k = 0; k < launches; k++) backend.run(executable, storages, [1, 1, 1]);
    },
    results: () => [],
  };
}
