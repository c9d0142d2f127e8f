// A record lives as long as somebody can still call its pullback.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { vjp } from 'retrograde/adjoint';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { expect, it } from 'vitest';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const turn = () => new Promise(done => setTimeout(done, 10));

const cube = (x: Tensor) => x.square().mul(x);

it('a pullback taken out of its record works on after a garbage collection', async () => {
  const take = () => vjp(cube)(tensor([1, 2])).pullback;
  const pullback = take();
  for (let k = 0; k < 3; k++) {
    collect();
    await turn();
  }
  expect([...(await pullback(tensor([1, 1])).read())]).toEqual([3, 12]);
});

it('a record that nobody can use any more is released', async () => {
  const forget = () => void vjp(cube)(tensor(new Float32Array(100_000)));
  const before = memoryInUse();
  forget();
  expect(memoryInUse()).toBeGreaterThan(before);
  for (let k = 0; k < 20 && memoryInUse() > before; k++) {
    collect();
    await turn();
  }
  expect(memoryInUse()).toBeLessThanOrEqual(before);
});
