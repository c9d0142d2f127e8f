// Specification of Tensor: made from numbers, read back, written to, disposed of, moved.

import { debug, device, memoryInUse, Tensor, tensor, zeros } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';

describe('tensor', () => {
  it('takes its shape from the nesting, its type from the array', () => {
    expect(tensor(3).shape).toEqual([]);
    expect(tensor([1, 2, 3]).shape).toEqual([3]);
    expect(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]).shape,
    ).toEqual([2, 3]);
    expect(tensor(new Float32Array(4), [2, 2]).shape).toEqual([2, 2]);
    expect(tensor(new Int32Array(4)).type).toBe('i32');
    expect(tensor(new Uint32Array(4)).type).toBe('u32');
    expect(tensor([1, 2], [2], { type: 'u32' }).type).toBe('u32');
    expect(tensor(new Float64Array(4)).type).toBe('f32');
  });

  it.each([
    ['too few', () => tensor([1, 2, 3], [2, 2]), 'tensor: 3 numbers do not fill the shape [2, 2].'],
    [
      'ragged',
      () => tensor([[1, 2], [3]]),
      'tensor: the rows are not alike: [3] stands where the first ones suggest the shape [2, 2]; give all of them the same lengths.',
    ],
    [
      'ragged, with as many numbers as it should have',
      () => tensor([[1, 2], [3], [4, 5, 6]]),
      'tensor: the rows are not alike: [3] stands where the first ones suggest the shape [3, 2]; give all of them the same lengths.',
    ],
    ['no number', () => tensor([1, 'x'] as never), "tensor: element 1 is 'x'; all must be numbers."],
    [
      'nothing',
      () => tensor(undefined as never),
      'tensor: the data is undefined; give a number, an array of numbers or a typed array.',
    ],
    [
      'a shape that is no array',
      () => tensor([1, 2], 2 as never),
      'tensor: the shape is 2; give an array of whole numbers from 0, such as [2, 3].',
    ],
    ['a negative length', () => zeros([2, -1]), 'zeros: the shape is [2, -1]; give an array of whole numbers from 0'],
    [
      'another type',
      () => zeros([2], { type: 'f64' as never }),
      "zeros: the type is 'f64'; give 'f32', 'i32' or 'u32'.",
    ],
    [
      'no device',
      () => tensor(1, [], { device: 'cpu' as never }),
      "tensor: the device is 'cpu'; give what await device(…) returned.",
    ],
  ])('refuses what is %s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  it('keeps numbers, bit for bit', async () => {
    const floats = [0, -0, 1.5, -2.25, 3e38, 1e-45];
    const read = await tensor(floats, undefined, { device }).read();
    expect(read).toBeInstanceOf(device.precision === 'f64' ? Float64Array : Float32Array);
    if (device.precision === 'f32') expect(read).toEqual(Float32Array.from(floats));
    expect(await tensor(new Int32Array([-1, 2 ** 31 - 1]), undefined, { device }).read()).toEqual(
      new Int32Array([-1, 2 ** 31 - 1]),
    );
    expect(await tensor(new Uint32Array([2 ** 32 - 1]), undefined, { device }).read()).toEqual(
      new Uint32Array([2 ** 32 - 1]),
    );
    expect(await tensor([], [0], { device }).read()).toHaveLength(0);
  });

  it('write replaces the values for everything launched after', async () => {
    const x = tensor([1, 2], undefined, { device });
    const before = x.mul(2);
    x.write([10, 20]);
    expect(Array.from(await before.read())).toEqual([2, 4]);
    expect(Array.from(await x.mul(2).read())).toEqual([20, 40]);
    expect(() => x.write([1])).toThrow('write: 1 numbers for a tensor of shape [2], which holds 2.');
  });

  it('dispose gives the memory back once nothing shows it', async () => {
    const start = memoryInUse(device);
    const x = zeros([256], { device });
    const view = x.reshape([16, 16]);
    expect(memoryInUse(device) - start).toBe(device.precision === 'f64' ? 2048 : 1024);
    x.dispose();
    x.dispose();
    expect(() => x.neg()).toThrow('tensor: this one, of shape [256], has been released');
    expect((await view.read()).every(v => v === 0)).toBe(true);
    view.dispose();
    expect(memoryInUse(device)).toBe(start);
  });

  it('reads one number with item, and only one', async () => {
    expect(await tensor([[7]], undefined, { device }).item()).toBe(7);
    await expect(tensor([1, 2], undefined, { device }).item()).rejects.toThrow('item: the tensor has shape [2]');
  });
});

describe('a tensor in plain JavaScript', () => {
  it('says what it is, not what it holds', () => {
    const x = zeros([2, 3], { device: cpu32 });
    expect(`${x}`).toBe('tensor of f32, shape [2, 3], on the CPU');
    expect(String(zeros([], { device: cpu64, type: 'u32' }))).toBe('tensor of u32, shape [], on the CPU in f64');
    x.dispose();
    expect([x].join()).toBe('tensor of f32, shape [2, 3], on the CPU, released');
    expect(`${cpu64}`).toContain('device: WebAssembly, f64');
  });

  it('does not go into JSON without its values', () => {
    expect(() => JSON.stringify({ fit: tensor([1]) })).toThrow('tensor: this one, of shape [1], is not for JSON');
  });

  it.each([
    ['+', (x: number) => x + 1],
    ['-', (x: number) => 1 - x],
    ['<', (x: number) => x < 2],
  ])('is no operand of %s', (_, act) => {
    expect(() => act(tensor([1]) as never)).toThrow(
      "tensor: this one, of shape [1], is an operand of JavaScript's; use add(), mul(), … or the number that item() gives.",
    );
  });
});

describe('device', () => {
  it('moves tensors by their values', async () => {
    const there = await tensor([1, 2], undefined, { device: cpu64 }).to(cpu32);
    expect(there.device).toBe(cpu32);
    expect(await there.read()).toEqual(Float32Array.of(1, 2));
  });

  it('is the default once opened, unless told otherwise', async () => {
    const before = tensor(0).device;
    const quiet = await device({ kind: 'cpu', precision: 'f64', makeDefault: false });
    expect(tensor(0).device).toBe(before);
    expect(quiet.precision).toBe('f64');
    const opened = await device({ kind: 'cpu', precision: 'f64' });
    expect(tensor(0).device).toBe(opened);
    debug(true);
    expect(opened.debug).toBe(true);
    expect((await device('cpu')).debug).toBe(false);
  });

  it.each([
    ['gpu', "device: the kind is 'gpu'; give 'auto', 'cpu' or 'webgpu'."],
    [{ kind: 'cpu', precision: 'f16' }, "device: the precision is 'f16'; give 'f32' or 'f64'."],
    [{ kind: 'cpu', thread: 1 }, "device: there is no option 'thread'; the options are 'kind', "],
  ])('is not opened for %j', async (choice, message) => {
    await expect(device(choice as never)).rejects.toThrow(message);
  });

  it('has no f64 on WebGPU', async () => {
    await expect(device({ kind: 'webgpu', precision: 'f64' })).rejects.toThrow(
      "device: WebGPU has no f64; use { kind: 'cpu', precision: 'f64' }.",
    );
  });

  it('never takes a software adapter unasked', async () => {
    const chosen = await device({ kind: 'auto', makeDefault: false });
    expect(chosen.description).not.toMatch(/swiftshader|llvmpipe|lavapipe/i);
  });

  it('says how much was asked when there is no room, and goes on', async () => {
    expect(() => zeros([2 ** 40], { device: cpu32 })).toThrow(RangeError);
    const x = tensor([1], undefined, { device: cpu32 });
    expect(await x.add(1).item()).toBe(2);
    expect(x).toBeInstanceOf(Tensor);
  });
});
