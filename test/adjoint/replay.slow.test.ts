// Specification of recorded rollouts: the same bits as when the step's function is called each time, or a reason why it is.

import { flatten, grad, hvp, jvp, type RolloutOptions, rollout, valueAndGrad } from 'retrograde/adjoint';
import { type Device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu64, devices } from '../util/devices.ts';
import { called, loss, type Params, params, randomStep, start, vector } from '../util/random-step.ts';

const numbers = async (tree: unknown) =>
  (await Promise.all(flatten(tree).leaves.map(async leaf => Array.from(await leaf.read())))).flat();

const spread = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> to: array<u32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn spread(@builtin(global_invocation_id) id: vec3u) { y[to[id.x]] += tanh(x[id.x]); }
`);

/** A GPU's compiler may contract what is fused, and launches are fused from the second time on: there, only nearly the same. */
const expectSame = async (device: Device, got: unknown, want: unknown) => {
  const [a, b] = [await numbers(got), await numbers(want)];
  if (device.kind === 'cpu') expect(a).toEqual(b);
  else
    for (const [k, n] of a.entries()) expect(Math.abs(n - b[k])).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(n)));
};

describe.each(devices.map(d => [d.description, d] as const))('%s', (_, device) => {
  const at = params(device);
  const from = start(device);

  it.each(device.kind === 'cpu' ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 4])(
    'random step %i: the same, forward, backward, tangents',
    async seed => {
      const step = randomStep(seed, device);
      const notes: string[] = [];
      const explain = (note: string) => notes.push(note);
      const options: RolloutOptions = { checkpoints: seed % 3 === 0 ? 3 : seed % 3 === 1 ? 'all' : { bytes: 2 ** 20 } };
      const steps = 9 + seed;
      const recorded = rollout(step(at), from, steps, { ...options, explain });
      expect(notes).toHaveLength(1);
      expect(notes[0]).toContain('the loop is replayed');
      await expectSame(device, recorded, rollout(called(step(at)), from, steps, options));
      const run = (replay: boolean) => (p: Params) =>
        loss(rollout(replay ? step(p) : called(step(p)), from, steps, { ...options, explain }));
      await expectSame(device, valueAndGrad(run(true))(at), valueAndGrad(run(false))(at));
      const direction: Params = { field: vector(device, 9), nested: [{ c: tensor([1], [1], { device }) }] };
      await expectSame(device, jvp(run(true))(at, direction), jvp(run(false))(at, direction));
    },
  );

  it('rows of inputs are those of the unrolled loop, with their gradient', async () => {
    const steps = 11;
    const force = tensor(
      Array.from({ length: steps * 3 }, (_, i) => Math.sin(i)),
      [steps, 3],
      { device },
    );
    const scale = tensor(
      Array.from({ length: steps }, (_, i) => 1 + (i % 3)),
      [steps],
      { device, type: 'u32' },
    );
    const x = tensor([1, -0.5, 0.2], [3], { device });
    const gate = kernel(/* wgsl */ `
      var<storage, read> x: array<f32>;
      var<storage, read> f: array<f32>;
      var<storage, read> scale: u32;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn gate(@builtin(global_invocation_id) id: vec3u) {
        y[id.x] = sin(x[id.x]) + f[id.x] * x[(id.x + 1u) % 3u] / f32(scale);
      }
    `);
    interface Inputs {
      readonly force: Tensor;
      readonly scale: Tensor;
    }
    const step = ({ x }: { x: Tensor }, { force: f, scale }: Inputs) => ({ x: gate({ x, f, scale }, { count: 3 }).y });
    const run = (replay: boolean) => (force: Tensor) => {
      const inputs = { force, scale };
      const end = replay
        ? rollout(step, { x }, steps, { inputs, checkpoints: 4 })
        : rollout((state, row: Inputs, _i) => step(state, row), { x }, steps, { inputs });
      return end.x.square().sum();
    };
    const unrolled = (force: Tensor) => {
      let state = { x };
      for (let i = 0; i < steps; i++)
        state = step(state, {
          force: force.slice(i, i + 1).reshape([3]),
          scale: tensor([1 + (i % 3)], [], { device, type: 'u32' }),
        });
      return state.x.square().sum();
    };
    const want = valueAndGrad(unrolled)(force);
    const byCall = valueAndGrad(run(false))(force);
    const got = valueAndGrad(run(true))(force);
    expect(got.grad.shape).toEqual([steps, 3]);
    await expectSame(device, got, byCall);
    const [a, b] = [await numbers(got), await numbers(want)];
    for (const [k, n] of a.entries()) expect(n).toBeCloseTo(b[k], 5);
    const direction = tensor(new Float32Array(3 * steps).fill(0.5), [steps, 3], { device });
    await expectSame(device, jvp(run(true))(force, direction), jvp(run(false))(force, direction));
    if (device.precision !== 'f64') return;
    const wanted = await numbers(hvp(unrolled)(force, direction));
    const h = await numbers(hvp(run(true))(force, direction));
    for (const [k, n] of h.entries()) expect(n).toBeCloseTo(wanted[k], 12);
  });
});

describe('what is replayed', () => {
  const device = cpu64;
  const x = tensor([1, -0.5, 0.2], [3], { device });
  const other = tensor([0.3, 0.1, 2], [3], { device });
  interface Pair {
    readonly a: Tensor;
    readonly b: Tensor;
  }
  const pair: Pair = { a: x, b: other };
  const steps = 13;

  /** Notes, and that values and gradients are those of the function called each time. */
  const compare = async (step: (state: Pair) => Pair, from: Pair = pair): Promise<string[]> => {
    const notes: string[] = [];
    const run = (replay: boolean) => (state: Pair) => {
      const end = rollout(replay ? step : called(step), state, steps, {
        checkpoints: 4,
        ...(replay && { explain: (note: string) => notes.push(note) }),
      });
      return end.a.square().sum().add(end.b.sum());
    };
    expect(await numbers(valueAndGrad(run(true))(from))).toEqual(await numbers(valueAndGrad(run(false))(from)));
    return notes;
  };

  it('is the same for long loops, whose launches are fused at once', async () => {
    for (const seed of [11, 12, 13, 14, 15, 16]) {
      const step = randomStep(seed, device);
      const [at, from] = [params(device), start(device)];
      const run = (replay: boolean) => (p: Params) =>
        loss(rollout(replay ? step(p) : called(step(p)), from, 70, { checkpoints: 20 }));
      expect(await numbers(valueAndGrad(run(true))(at))).toEqual(await numbers(valueAndGrad(run(false))(at)));
    }
  });

  it('hands on what it was given, exchanged, aliased, or what it captured', async () => {
    const steady: ((state: Pair) => Pair)[] = [
      ({ a, b }) => ({ a: a.sin(), b }),
      ({ a, b }) => ({ a: b, b: a }),
      ({ a, b }) => ({ a: a.mul(b), b: a }),
      ({ a }) => ({ a: a.cos(), b: x }),
      ({ a }) => ({ a, b: a }),
      state => state,
      ({ a, b }) => {
        const c = a.add(b).mul(0.4);
        return { a: c, b: c };
      },
      ({ a, b }) => ({ a: a.add(x).mul(0.5), b: b.mul(x) }),
      ({ a, b }) => ({ a: a.mul(0.9), b: b.add(1).reshape([3]) }),
    ];
    for (const [k, step] of steady.entries())
      for (const from of [pair, { a: x, b: x }]) {
        const notes = await compare(step, from);
        expect(
          notes.map(note => note.includes('is replayed')),
          `${k}: ${notes.join()}`,
        ).toEqual([true, true]);
      }
  });

  it('starts scratch that only a kernel itself reads from zeros in each step', async () => {
    const count = kernel(/* wgsl */ `
      var<storage, read> x: array<f32>;
      var<storage, read> to: array<u32>;
      @unique var<storage, read_write> visits: array<u32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(1) fn count(@builtin(global_invocation_id) id: vec3u) {
        for (var k = 0u; k < 3u; k++) { visits[to[k]]++; }
        y[0] = x[0] + f32(visits[1]);
      }
    `);
    const to = tensor(Uint32Array.from([1, 0, 1]), undefined, { device: cpu64 });
    const step = (x: Tensor) => count({ x, to }, { count: 1, out: { visits: [2], y: [1] } }).y as unknown as Tensor;
    expect(await rollout(step, tensor([0], undefined, { device: cpu64 }), 50).item()).toBe(100);
  });

  it('does work that no state takes part in only once', () => {
    const notes: string[] = [];
    const table = [0.1, 0.2, 0.3];
    const blend = kernel(/* wgsl */ `
      var<storage, read> a: array<f32>;
      var<uniform> table: vec3f;
      var<storage, read> c: array<f32>;
      var<storage, read_write> y: array<f32>;
      @compute @workgroup_size(64) fn blend(@builtin(global_invocation_id) id: vec3u) {
        y[id.x] = mix(a[id.x], c[id.x], table.y);
      }
    `);
    const step = (a: Tensor) => blend({ a, table, c: other.sum().add(x).exp() }, { count: 3 }).y;
    const end = rollout(step, x, steps, { explain: note => notes.push(note) });
    expect(notes).toEqual(['rollout: the loop is replayed: 1 launches, 0 copies and fills, 0 bytes of temporaries.']);
    end.dispose();
  });

  it('calls the function a few times only', () => {
    let calls = 0;
    const step = (state: Tensor) => {
      calls++;
      return state.sin();
    };
    rollout(step, x, 1000).dispose();
    expect(calls).toBeLessThan(6);
    calls = 0;
    grad((start: Tensor) => rollout(step, start, 1000, { checkpoints: 20 }).sum())(x).dispose();
    expect(calls).toBeLessThan(16);
  });

  it('integers of the state may choose how launches run', async () => {
    const index = tensor([2, 0, 2], [3], { type: 'u32', device });
    const step = ({ a, b }: Pair): Pair => ({ a: a.add(spread({ x: a, to: b }, { count: 3, out: { y: 3 } }).y), b });
    const run = (replay: boolean) => (a: Tensor) =>
      rollout(replay ? step : called(step), { a, b: index }, steps, { checkpoints: 3 }).a.sum();
    expect(await numbers(valueAndGrad(run(true))(x))).toEqual(await numbers(valueAndGrad(run(false))(x)));
    const turning = ({ a, b }: Pair): Pair => ({ ...step({ a, b }), b: b.add(1).mul(2) });
    const turned = (replay: boolean) => rollout(replay ? turning : called(turning), { a: x, b: index }, steps);
    expect(await numbers(turned(true))).toEqual(await numbers(turned(false)));
  });
});
