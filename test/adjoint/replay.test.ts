// Specification of recorded rollouts: the same bits as when the step's function is called each time, or a reason why it is.

import { flatten, grad, hvp, jvp, type RolloutOptions, rollout, valueAndGrad, vjp } from 'retrograde/adjoint';
import { type Device, kernel, memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64, devices } from '../util/devices.ts';

const numbers = async (tree: unknown) =>
  (await Promise.all(flatten(tree).leaves.map(async leaf => Array.from(await leaf.read())))).flat();

/** A generator of numbers in [0, 1). */
const randomFrom = (seed: number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

/** The step with its number as a parameter, which keeps it from being recorded. */
const called =
  <S>(step: (state: S) => S) =>
  (state: S, _i: number): S =>
    step(state);

const stencil = kernel(/* wgsl */ `
  var<storage, read> u: array<f32>;
  var<storage, read> c: array<f32>;
  var<uniform> w: vec4f;
  var<storage, read_write> uNext: array<f32>;
  @compute @workgroup_size(64) fn stencil(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&u);
    uNext[id.x] = w.x * u[(id.x + n - 1u) % n] + w.y * sin(u[id.x]) + w.z * u[(id.x + 1u) % n] + c[0] * w.w;
  }
`);
const spread = kernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> to: array<u32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64) fn spread(@builtin(global_invocation_id) id: vec3u) { y[to[id.x]] += tanh(x[id.x]); }
`);

interface Params {
  readonly field: Tensor;
  readonly nested: readonly [{ readonly c: Tensor }];
}
interface State {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly old: Tensor;
  readonly ticks: Tensor;
}

const size = 12;
const vector = (device: Device, seed: number) => {
  const random = randomFrom(seed);
  return tensor(
    Array.from({ length: size }, () => random() - 0.5),
    [size],
    { device },
  );
};
const params = (device: Device): Params => ({
  field: vector(device, 1),
  nested: [{ c: tensor([0.3], [1], { device }) }],
});
const start = (device: Device): State => {
  const a = vector(device, 2);
  return { a, b: vector(device, 3), old: a, ticks: tensor([0, 5], [2], { type: 'i32', device }) };
};

/** A step drawn at random: tensor arithmetic, kernels, broadcasts, sums into shared words, state handed on or put aside. */
function randomStep(seed: number, device: Device) {
  const to = tensor(
    Array.from({ length: size }, (_, i) => (i * 5) % 7),
    [size],
    { type: 'u32', device },
  );
  return ({ field, nested: [{ c }] }: Params) =>
    ({ a, b, old, ticks }: State): State => {
      const random = randomFrom(seed);
      const pool = [a, b, old, field];
      const pick = () => pool[Math.floor(random() * pool.length)];
      for (let k = 0; k < 5; k++) {
        const choice = Math.floor(random() * 7);
        const [x, y] = [pick(), pick()];
        if (choice === 0) pool.push(x.mul(0.5).add(y.sin()));
        else if (choice === 1) pool.push(x.mul(y).tanh());
        else if (choice === 2) pool.push(x.add(c));
        else if (choice === 3) pool.push(x.sub(y.mean()).mul(0.7));
        else if (choice === 4)
          pool.push(stencil({ u: x, c, w: [0.2, 0.5, 0.25, 0.1] }, { count: size }).uNext as Tensor);
        else if (choice === 5) pool.push(spread({ x, to }, { count: size, out: { y: size } }).y.mul(0.3));
        else pool.push(x.gather(to).mul(c));
      }
      const next = { a: pool[pool.length - 1], b: pool[pool.length - 2], old: a, ticks: ticks.add(3) };
      const twist = Math.floor(random() * 5);
      if (twist === 0) return { ...next, b: old };
      if (twist === 1) return { ...next, b: next.a };
      if (twist === 2) return { ...next, a: b, b: next.a };
      if (twist === 3) return { ...next, b };
      return next;
    };
}

const loss = ({ a, b, old, ticks }: State) => a.square().sum().add(b.sum()).add(old.mean()).add(ticks.size);

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

describe('what is called each time, and why', () => {
  const device = cpu32;
  const x = tensor([1, -0.5, 0.2], [3], { device });
  const notesOf = (step: (...args: never[]) => Tensor, steps = 20, options: RolloutOptions = {}): string[] => {
    const notes: string[] = [];
    rollout(step as (x: Tensor) => Tensor, x, steps, { ...options, explain: note => notes.push(note) }).dispose();
    return notes;
  };

  it('a step that takes its number, or may', () => {
    const why = "rollout: the loop calls the step's function each time: ";
    expect(notesOf((s: Tensor, i: number) => s.add(i))).toEqual([`${why}it takes the number of the step.`]);
    expect(notesOf((s: Tensor, i = 0) => s.add(i))).toEqual([`${why}it may take more arguments.`]);
    expect(notesOf((...all: [Tensor, number]) => all[0].add(all[1]))).toEqual([`${why}it may take more arguments.`]);
    expect(
      notesOf(function (s: Tensor) {
        // biome-ignore lint/complexity/noArguments: what is tested
        return s.add(arguments[1] as number);
      }),
    ).toEqual([`${why}it uses 'arguments'.`]);
    const bound = ((s: Tensor) => s.sin()).bind(undefined);
    expect(notesOf(bound)).toEqual([`${why}the text of its function is not known.`]);
    expect(notesOf((s: Tensor) => s.sin(), 3)).toEqual([`${why}there are fewer than 8 steps.`]);
    expect(notesOf((s: Tensor) => s.sin(), 20, { debug: true })).toEqual([`${why}debug is set.`]);
  });

  it('any way to write a function of one parameter is known', () => {
    const written = (text: string) => new Function(`return ${text}`)() as (s: Tensor) => Tensor;
    const steps = {
      method(s: Tensor) {
        return s.sin();
      },
    };
    for (const step of [
      (s: Tensor) => s.sin(),
      function named(s: Tensor) {
        return s.cos();
      },
      steps.method,
      written('s => s.sin()'),
      written('( s, ) => s.sin()'),
      written('async => async.sin()'),
    ])
      expect(notesOf(step)[0]).toContain('is replayed');
  });

  it('a step that depends on more than its arguments keeps doing so', async () => {
    let time = 0;
    const drifting = (s: Tensor) => {
      time += 0.5;
      return s.add(time);
    };
    const notes = notesOf(drifting);
    expect(notes).toEqual([
      "rollout: the loop calls the step's function each time: steps that follow each other do not launch the same.",
    ]);
    expect(time).toBe(10);
    const seen: Promise<ArrayLike<number>>[] = [];
    const reading = (s: Tensor) => {
      const next = s.mul(2);
      seen.push(next.read());
      return next;
    };
    expect(notesOf(reading)[0]).toContain('it reads back what it computes');
    expect(Array.from(await seen[9])).toEqual([1024, -512, 1024 * Math.fround(0.2)]);
    const note = tensor([0], [1], { device });
    let writes = 0;
    const writing = (s: Tensor) => {
      note.write([writes++]);
      return s.add(note);
    };
    expect(notesOf(writing)[0]).toContain('it writes to a tensor that it did not make');
    const data = [1, 2, 3];
    const feeding = (s: Tensor) => {
      data[0] *= 2;
      return s.add(tensor(data, [3], { device }));
    };
    expect(notesOf(feeding)[0]).toContain('do not launch the same');
  });

  it('a rollout in a recorded step is part of it', async () => {
    const inner: string[] = [];
    const outer: string[] = [];
    const run = (replay: boolean) => (start: Tensor) =>
      rollout(
        (replay ? (f: (s: Tensor) => Tensor) => f : called<Tensor>)((s: Tensor) =>
          rollout((t: Tensor) => t.sin().mul(1.1), s, 9, { explain: note => inner.push(note) }),
        ),
        start,
        10,
        { checkpoints: 3, explain: note => outer.push(note) },
      ).sum();
    expect(await numbers(valueAndGrad(run(true))(x))).toEqual(await numbers(valueAndGrad(run(false))(x)));
    expect(outer.filter(note => note.includes('is replayed'))).toHaveLength(2);
    expect(inner.some(note => note.includes('it is part of a step that is recorded'))).toBe(true);
    expect(inner.some(note => note.includes('is replayed'))).toBe(true);
  });
});

describe('memory', () => {
  const device = cpu32;
  it('is back where it was when values and gradients are disposed of', () => {
    const k = tensor(0.4, [], { device });
    const x = tensor(new Float32Array(100).fill(0.5), [100], { device });
    const loss = (checkpoints: 'all' | number) => (k: Tensor) =>
      rollout(s => s.add(s.sin().mul(k).mul(0.1)), x, 50, { checkpoints }).sum();
    const once = (checkpoints: 'all' | number) => {
      const { value, grad: g } = valueAndGrad(loss(checkpoints))(k);
      value.dispose();
      g.dispose();
    };
    once('all');
    const before = memoryInUse(device);
    for (const checkpoints of ['all', 3, 'all', 1] as const) {
      once(checkpoints);
      expect(memoryInUse(device)).toBe(before);
    }
    const { pullback, value, dispose } = vjp(loss(3))(k);
    const one = tensor(1, [], { device });
    const { pullback: second, value: again, dispose: done } = vjp(loss('all'))(k);
    for (const bar of [pullback(one), second(one), pullback(one), second(one)]) bar.dispose();
    for (const end of [dispose, done]) end();
    for (const t of [value, again, one]) t.dispose();
    expect(memoryInUse(device)).toBe(before);
  });

  it('is given back when a step throws', () => {
    const x = tensor(new Float32Array(10), [10], { device });
    let calls = 0;
    const failing = (s: Tensor) => {
      if (++calls % 3 === 0) throw new Error('enough');
      return s.add(1);
    };
    const before = memoryInUse(device);
    for (let k = 0; k < 3; k++) expect(() => rollout(failing, x, 20)).toThrow('enough');
    expect(() => grad((s: Tensor) => rollout(failing, s, 20).sum())(x)).toThrow('enough');
    expect(memoryInUse(device)).toBe(before);
  });
});
