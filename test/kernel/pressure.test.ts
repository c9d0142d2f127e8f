// Specification of pressure.ts: a loop that drops its tensors keeps within bounds, if it awaits what it reads.

import { grad } from 'retrograde/adjoint';
import { device, type Tensor, tensor, zeros } from 'retrograde/kernel';
import { expect, it } from 'vitest';

const mib = 2 ** 20;

it('gives back what a loop drops', async () => {
  const own = await device({ kind: 'cpu', makeDefault: false });
  const target = tensor(
    Float32Array.from({ length: mib }, (_, i) => i % 7),
    undefined,
    { device: own },
  );
  const slope = grad((x: Tensor) => x.sub(target).square().sum());
  let x = zeros([mib], { device: own });
  let most = 0;
  for (let k = 0; k < 80; k++) {
    x = x.sub(slope(x).mul(0.25)); // 8 MiB a turn
    await x.slice(0, 1).item();
    most = Math.max(most, own.memoryInUse);
  }
  expect(most).toBeLessThan(480 * mib);
  expect(await x.sub(target).abs().sum().item()).toBeLessThan(1);
  own.destroy();
});

it('leaves alone what is held', async () => {
  const own = await device({ kind: 'cpu', makeDefault: false });
  const held = Array.from({ length: 40 }, (_, k) => tensor(new Float32Array(mib).fill(k), undefined, { device: own }));
  for (const [k, x] of held.entries()) expect((await x.read())[mib - 1]).toBe(k);
  expect(own.memoryInUse).toBe(40 * 4 * mib);
  own.destroy();
});

it('lets others have their turn in a loop that only reads', async () => {
  const own = await device({ kind: 'cpu', makeDefault: false });
  const x = tensor([1], [1], { device: own });
  let heard = false;
  setTimeout(() => {
    heard = true;
  });
  for (let k = 0; k < 1e7 && !heard; k++) await x.add(1).item();
  expect(heard).toBe(true);
  own.destroy();
});
