// Specification: what has no derivative is refused when a gradient is asked for, with the line and the way out; without a gradient it runs.

import { grad } from 'retrograde/adjoint';
import { KernelError, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32 } from '../../util/devices.ts';

const entry = (body: string, declarations = ''): string => `
var<storage, read> x: array<f32>;
var<storage, read_write> y: array<f32>;
${declarations}
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) l: u32) {
  let i = id.x;
  ${body}
}`;
const outside =
  'Move this part into a kernel of its own that is not differentiated, or join it through custom(…) with its own vjp.';

const refused: Readonly<Record<string, readonly [source: string, values: readonly number[], ...said: string[]]>> = {
  'a barrier and workgroup memory': [
    entry('w[l] = x[i]; workgroupBarrier(); y[i] = w[3u - l];', 'var<workgroup> w: array<f32, 4>;'),
    [4, 3, 2, 1],
    "main:7:3: workgroup variable 'w' has no derivative.",
    'a kernel with barriers has no derivative.',
    outside,
  ],
  'the old value of an atomic': [
    entry('let k = atomicAdd(&n, 1u); y[i] = x[i] * f32(k);', 'var<storage, read_write> n: atomic<u32>;'),
    [0, 2, 6, 12],
    "the value returned by an atomic on 'n' is used, and depends on the order of invocations.",
    outside,
  ],
};

describe.each(Object.entries(refused))('%s', (_, [source, values, ...said]) => {
  const run = (x: Tensor): Tensor => (kernel(source)({ x }, { count: 4 }) as { y: Tensor }).y;
  const x = (): Tensor => tensor([1, 2, 3, 4], [4], { device: cpu32 });

  it('runs', async () => {
    expect([...(await run(x()).read())]).toEqual(values);
  });

  it('is refused in a gradient, and says why', () => {
    let error: unknown;
    try {
      grad((t: Tensor) => run(t).sum())(x());
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(KernelError);
    for (const text of said) expect((error as KernelError).message).toContain(text);
  });
});
