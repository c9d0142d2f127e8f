// Specification of compact and selected: which rows, how many, what fills the rest, and the derivative.

import { checkGradient, grad } from 'retrograde/adjoint';
import { compact, selected, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const none = 2 ** 32 - 1;

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  it.each([0, 1, 2, 63, 64, 65, 1000, 4097, 70_000])('selects among %i elements', async n => {
    const random = mulberry32(n);
    for (const chance of [0, 0.02, 0.5, 1]) {
      const mask = Uint32Array.from({ length: n }, () => (random() < chance ? 1 + 9 * random() : 0));
      const chosen = Array.from(mask.keys()).filter(k => mask[k] !== 0);
      const { indices, count } = selected(tensor(mask, [n], { device }));
      expect(count.shape).toEqual([]);
      expect(await count.item()).toBe(chosen.length);
      const expected = [...chosen, ...new Array<number>(n - chosen.length).fill(none)];
      expect(Array.from(await indices.read())).toEqual(expected);
    }
  });

  it('packs rows of any type by masks of any type', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [3, 2], { type: 'i32', device });
    const { values, count } = compact(x, tensor([0, -0.5, 7], undefined, { device }));
    expect(await count.item()).toBe(2);
    expect(values.shape).toEqual([3, 2]);
    expect(Array.from(await values.read())).toEqual([3, 4, 5, 6, 0, 0]);
  });

  it('gather and scatter pass over what lies beyond the count', async () => {
    const { indices } = selected(tensor([0, 1, 1, 0], undefined, { type: 'i32', device }));
    const x = tensor([1, 2, 3, 4], undefined, { device });
    expect(Array.from(await x.gather(indices).read())).toEqual([2, 3, 0, 0]);
    expect(Array.from(await x.scatter(indices, 4).read())).toEqual([0, 1, 2, 0]);
  });

  it('carries gradients back to the selected rows', async () => {
    const mask = tensor([1, 0, 1], undefined, { device });
    const weights = tensor([10, 100, 1000], undefined, { device });
    const loss = (x: Tensor): Tensor => compact(x, mask).values.mul(weights).sum();
    expect(Array.from(await grad(loss)(tensor([5, 6, 7], undefined, { device })).read())).toEqual([10, 0, 100]);
  });
});

it('has derivatives that agree', async () => {
  const data = Array.from({ length: 600 }, (_, k) => Math.sin(k));
  const mask = tensor(
    data.slice(0, 300).map(v => Number(v > 0)),
    undefined,
    { device: cpu64 },
  );
  await checkGradient((x: Tensor) => compact(x, mask).values.square(), tensor(data, [300, 2], { device: cpu64 }));
});

it('says what does not fit', () => {
  expect(() => selected(tensor([[1, 0]]))).toThrow(
    'selected: the mask has shape [1, 2]; it must have one axis. Use reshape([-1]) to select among all elements.',
  );
  expect(() => compact(tensor([1, 2, 3]), tensor([1, 0]))).toThrow(
    'compact: the mask has shape [2] and the tensor [3]; the mask needs one element for each row.',
  );
});
