/** Kernels whose results gradients compute again: the bits of those that are kept, to any order, in less memory. */

import { grad, jvp, rollout, valueAndGrad, vjp } from 'retrograde/adjoint';
import { type Kernel, kernel, memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';

const wave = /* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> a: array<f32>;
  var<storage, read_write> y: array<f32>;
  var<storage, read_write> z: array<f32>;
  @compute @workgroup_size(64) fn wave(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = sin(a[0] * x[id.x]);
    z[id.x] = x[id.x] * x[id.x] / (1 + x[id.x] * x[id.x]);
  }
`;
const kept = kernel(wave);
const again = kernel(wave, { recomputed: true });

type Wave = Kernel<typeof wave>;
interface Point {
  readonly x: Tensor;
  readonly a: Tensor;
}

/** Waves of waves, in other shapes, read by products; one result is read twice. */
const chain =
  (run: Wave) =>
  ({ x, a }: Point): Tensor => {
    const count = x.size;
    const first = run({ x, a }, { count });
    const second = run({ x: first.y.reshape([-1, 2]).reshape([-1]), a: a.square() }, { count });
    return second.y.mul(first.z).add(second.z.square()).mul(first.y).sum();
  };

const point = (device = cpu64, n = 400): Point => ({
  x: tensor(
    Float64Array.from({ length: n }, (_, k) => Math.sin(k) + 0.2),
    [n],
    { device },
  ),
  a: tensor([1.3], [1], { device }),
});

it.each([cpu64, cpu32])('derivatives have the same bits on $description', async device => {
  const at = point(device);
  const dot: Point = { x: at.x.mul(0.5).add(1), a: at.a };
  const all = async (run: Wave): Promise<readonly unknown[]> => {
    const f = chain(run);
    const slope = (p: Point): Tensor => {
      const { x, a } = grad(f)(p);
      return x.mul(dot.x).sum().add(a.mul(dot.a).sum());
    };
    const first = valueAndGrad(f)(at);
    const second = grad(slope)(at);
    const forth = jvp(f)(at, dot);
    const drift = grad((a: Tensor) => rollout((x: Tensor) => x.add(run({ x, a }, { count: x.size }).z), at.x, 5).sum());
    const tensors = [
      first.value,
      first.grad.x,
      first.grad.a,
      second.x,
      second.a,
      forth.value,
      forth.tangent,
      drift(at.a),
    ];
    return Promise.all(tensors.map(t => t.read()));
  };
  expect(await all(again)).toEqual(await all(kept));
});

it('of an inner record may be asked for by an outer one that does not know what made them', async () => {
  const { x, a } = point();
  const both = (run: Wave) =>
    grad((b: Tensor) => {
      const inner = grad((x: Tensor) => run({ x, a }, { count: x.size }).y.mul(b).sum())(x);
      return inner.mul(inner).sum();
    })(a);
  expect(await both(again).read()).toEqual(await both(kept).read());
});

it('are not kept, and what they are made of may not be written over', async () => {
  const { x, a } = point();
  const bytes = async (run: Wave): Promise<number> => {
    const before = memoryInUse(cpu64);
    const product = ({ x, a }: Point): Tensor => {
      const { y, z } = run({ x, a }, { count: x.size });
      return run({ x: y, a }, { count: x.size }).y.mul(z).sum();
    };
    const { value, dispose } = vjp(product)({ x, a });
    await value.read();
    const used = memoryInUse(cpu64) - before;
    dispose();
    return used;
  };
  expect(await bytes(kept)).toBeGreaterThanOrEqual(3 * 8 * x.size);
  expect(await bytes(again)).toBeLessThan(8 * x.size);
  const { pullback } = vjp(chain(again))({ x, a });
  x.write(new Float64Array(x.size));
  expect(() => pullback(tensor(1, [], { device: cpu64 }))).toThrow(/was written to/);
});
