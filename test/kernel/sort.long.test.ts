// Specification of sort, argsort and sortBy: order, stability, special floats, derivatives.

import { checkGradient, grad } from 'retrograde/adjoint';
import { argsort, type SortOptions, sort, sortBy, type Tensor, tensor, type Words } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices, gpu } from '../util/devices.ts';
import { mulberry32 } from '../util/random.ts';

const sizes = [0, 1, 2, 63, 64, 65, 127, 128, 129, 1000, 4097, 20_000];
const random = mulberry32(11);
const special = [0, -0, Number.NaN, Infinity, -Infinity, 1e-45, -1e-45, 3.4e38, -3.4e38, 1, -1];

/** Ways to make keys; the typed array decides their type. */
const makers: Record<string, (n: number) => Words> = {
  'random u32': n => Uint32Array.from({ length: n }, () => random() * 2 ** 32),
  'random i32': n => Int32Array.from({ length: n }, () => random() * 2 ** 32 - 2 ** 31),
  'random floats': n => Float32Array.from({ length: n }, () => (random() - 0.5) * 10 ** (70 * random() - 35)),
  'few different': n => Uint32Array.from({ length: n }, () => 3 * random()),
  constant: n => new Int32Array(n).fill(-5),
  'sorted already': n => Int32Array.from({ length: n }, (_, k) => k - 500),
  reversed: n => Uint32Array.from({ length: n }, (_, k) => n - k),
  'special floats': n => Float32Array.from({ length: n }, () => special[Math.floor(special.length * random())]),
};

const total = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b)
    ? Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    : a - b || (a === b && a === 0 ? Number(Object.is(b, -0)) - Number(Object.is(a, -0)) : 0) || 0;

const withoutDenormals = (keys: Words): Words =>
  keys instanceof Float32Array ? keys.map(key => (Math.abs(key) < 1e-37 ? 0 * key : key)) : keys;

/** The stable permutation by definition. */
function permutation(keys: ArrayLike<number>, { descending = false }: SortOptions = {}): number[] {
  const order = (a: number, b: number) =>
    descending && !Number.isNaN(keys[a]) && !Number.isNaN(keys[b]) ? total(keys[b], keys[a]) : total(keys[a], keys[b]);
  return Array.from(keys, (_, k) => k).sort(order);
}

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  // A GPU may flush denormals to zero of either sign.
  const denormals = device !== gpu;

  describe.each(Object.entries(makers))('%s', (name, make) => {
    it.each(device === cpu32 ? sizes : [0, 1, 129, 1000, 4097])('%i keys', async n => {
      const keys = denormals ? make(n) : withoutDenormals(make(n));
      for (const descending of [false, true]) {
        const by = permutation(keys, { descending });
        const x = tensor(keys, [n], { device });
        expect(Array.from(await argsort(x, { descending }).read()), 'argsort').toEqual(by);
        expect(Array.from(await sort(x, { descending }).read()), `sort ${name}`).toEqual(by.map(k => keys[k]));
      }
    });
  });

  it('sorts rows by keys, stably', async () => {
    const keys = Uint32Array.from({ length: 3000 }, () => 20 * random());
    const rows = Float32Array.from({ length: 6000 }, (_, k) => k);
    const numbers = Int32Array.from({ length: 3000 }, (_, k) => -k);
    const [sorted, moved, also] = sortBy(tensor(keys, [3000], { device }), [
      tensor(rows, [3000, 2], { device }),
      tensor(numbers, [3000], { device }),
    ]);
    const by = permutation(keys);
    expect(Array.from(await sorted.read())).toEqual(by.map(k => keys[k]));
    expect(moved.shape).toEqual([3000, 2]);
    expect(Array.from(await moved.read())).toEqual(by.flatMap(k => [2 * k, 2 * k + 1]));
    expect(Array.from(await also.read())).toEqual(by.map(k => 0 - k));
  });

  it('carries gradients to where elements came from', async () => {
    const x = tensor([3, 1, 2], undefined, { device });
    const weights = tensor([1, 10, 100], undefined, { device });
    const loss = (x: Tensor): Tensor => sort(x).mul(weights).sum();
    expect(Array.from(await grad(loss)(x).read())).toEqual([100, 1, 10]);
    const down = (x: Tensor): Tensor => sort(x, { descending: true }).mul(weights).sum();
    expect(Array.from(await grad(down)(x).read())).toEqual([1, 100, 10]);
  });
});

it('tells doubles apart that are one float', async () => {
  const keys = Float64Array.from({ length: 2000 }, (_, k) =>
    k % 3 ? 1 + random() * 2 ** -40 : [1e-310, -1e-310, 1e300, -0, 0, 5e-324, -1e308][k % 7],
  );
  const sorted = await sort(tensor(keys, [2000], { device: cpu64 })).read();
  expect(Array.from(sorted)).toEqual(permutation(keys).map(k => keys[k]));
  const down = await sort(tensor(keys, [2000], { device: cpu64 }), { descending: true }).read();
  expect(Array.from(down)).toEqual(permutation(keys, { descending: true }).map(k => keys[k]));
});

it('has derivatives that agree', async () => {
  const x = tensor(
    Array.from({ length: 300 }, (_, k) => (7 * k) % 300), // far enough apart for differences not to reorder them
    undefined,
    { device: cpu64 },
  );
  const rows = tensor(
    Array.from({ length: 600 }, (_, k) => Math.cos(k)),
    [300, 2],
    { device: cpu64 },
  );
  const weights = tensor(
    Array.from({ length: 300 }, (_, k) => k),
    [300, 1],
    { device: cpu64 },
  );
  await checkGradient(
    ({ x, rows }: { x: Tensor; rows: Tensor }) => {
      const [keys, moved] = sortBy(x, [rows]);
      return moved
        .square()
        .mul(weights)
        .mul(keys.reshape([300, 1]))
        .sum();
    },
    { x, rows },
  );
});

it('gives its memory back', async () => {
  const x = tensor(new Float32Array(5000), [5000], { device: cpu32 });
  sort(x).dispose();
  const before = cpu32.memoryInUse;
  for (let k = 0; k < 5; k++) sort(x).dispose();
  expect(cpu32.memoryInUse).toBe(before);
});

it('says what it cannot sort', () => {
  const x = tensor([1, 2, 3, 4], [2, 2]);
  const message = (who: string) =>
    `${who}: the keys have shape [2, 2]; they must have one axis. Use reshape([-1]) to sort all of them.`;
  expect(() => sort(x)).toThrow(message('sort'));
  expect(() => argsort(x)).toThrow(message('argsort'));
  expect(() => sortBy(x, [])).toThrow(message('sortBy'));
  expect(() => sortBy(tensor([1, 2]), [x, tensor([1, 2, 3])])).toThrow(
    'sortBy: tensor 1 has shape [3], but there are 2 keys; it must have a row for each.',
  );
});
