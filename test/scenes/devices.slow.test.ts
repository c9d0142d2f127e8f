// A picture of a swinging chain, through simulator and renderer, is the same on every device, and so are its derivatives.

import { rollout, valueAndGrad } from 'retrograde/adjoint';
import { type DeviceOptions, device, type Tensor, tensor } from 'retrograde/kernel';
import { type EnsembleMaterial, massSpringEnsemble } from 'retrograde/physics';
import { allPixels, figure } from 'retrograde/render';
import { afterEach, expect, it } from 'vitest';

afterEach(async () => {
  await device('cpu');
});

const edges = [
  [0, 1],
  [1, 2],
] as const;

/** Brightness of the picture after a sixth of a second, and its gradient by the material. */
async function picture(options: DeviceOptions): Promise<{ values: number[]; grad: number[] }> {
  await device(options);
  const advance = massSpringEnsemble({ edges, mass: [1, 0.3, 0.5], restLength: [0.7, 0.6], pinned: [0] });
  const draw = figure({ points: 3, segments: edges });
  const style = { radius: tensor([0, 2.2, 2.2]), width: tensor(1.1, []) };
  const pixels = allPixels(1, 24, 24);
  const start = { x: tensor([0, 0, 0.5, -0.5, 0.9, -1.1], [3, 2]), v: tensor([0, 0, 1, 0.5, -0.5, 0.3], [3, 2]) };
  const shown = (material: EnsembleMaterial): Tensor => {
    const end = rollout(state => advance(state, material, 1 / 240, 8), start, 5);
    return draw(end.x.mul(tensor([12, -12])).add(tensor([6, 3])), style, pixels);
  };
  const material = { stiffness: tensor([40]), damping: tensor([0.3]), drag: tensor([0.05]), gravity: tensor([9.81]) };
  const weights = tensor(Array.from({ length: 576 }, (_, k) => Math.sin(12.9898 * k)));
  const { grad } = valueAndGrad((m: EnsembleMaterial) => shown(m).mul(weights).sum())(material);
  const bars = await Promise.all(Object.values(grad).map(bar => bar.item()));
  return { values: Array.from(await shown(material).read()), grad: bars };
}

// A software adapter takes some seconds to compile the adjoint of the renderer.
it('is the same on WebGPU, on the CPU, and in double precision', { timeout: 90_000 }, async () => {
  const exact = await picture({ kind: 'cpu', precision: 'f64' });
  for (const options of [{ kind: 'cpu' }, { kind: 'webgpu', software: true }] as const) {
    const { values, grad } = await picture(options);
    values.forEach((value, k) => {
      expect(Math.abs(value - exact.values[k]), `${options.kind}, pixel ${k}`).toBeLessThan(2e-4);
    });
    grad.forEach((bar, k) => {
      const scale = Math.max(Math.abs(exact.grad[k]), 1e-2);
      expect(Math.abs(bar - exact.grad[k]), `${options.kind}, gradient ${k}`).toBeLessThan(5e-3 * scale);
    });
  }
});
