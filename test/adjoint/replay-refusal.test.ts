// When a rollout calls its step each time, and why; and what memory it holds.

import { flatten, grad, type RolloutOptions, rollout, valueAndGrad, vjp } from 'retrograde/adjoint';
import { memoryInUse, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { cpu32, cpu64 } from '../util/devices.ts';
import { called } from '../util/random-step.ts';

const numbers = async (tree: unknown) =>
  (await Promise.all(flatten(tree).leaves.map(async leaf => Array.from(await leaf.read())))).flat();

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
    const kept: Tensor[] = [];
    const keeping = (s: Tensor) => {
      kept.push(s.mul(3).keep());
      return s.sin();
    };
    expect(notesOf(keeping)[0]).toContain('it keeps a tensor');
    expect(kept).toHaveLength(20);
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

describe('edges', () => {
  const device = cpu32;
  const x = tensor([1, -0.5, 0.2], [3], { device });

  it.each([0, 1, 2, 7, 8, 9, 12, 13])('%i steps', async steps => {
    const step = (s: Tensor) => s.sin().add(s.mean());
    const run = (replay: boolean) => (s: Tensor) =>
      rollout(replay ? step : called(step), s, steps)
        .square()
        .sum();
    expect(await numbers(valueAndGrad(run(true))(x))).toEqual(await numbers(valueAndGrad(run(false))(x)));
  });

  it('inputs have a row for each step, on the device of the state', () => {
    const step = (s: Tensor, force: Tensor) => s.add(force);
    const inputs = tensor([1, 2, 3], [3, 1], { device });
    expect(() => rollout(step, x, 4, { inputs })).toThrow(
      'rollout: the input has shape [3, 1]; its first axis counts the steps, so it must be 4 long.',
    );
    const elsewhere = { force: tensor([1, 2, 3, 4], [4, 1], { device: cpu64 }) };
    expect(() =>
      rollout((s: Tensor, { force }: typeof elsewhere) => s.add(force), x, 4, { inputs: elsewhere }),
    ).toThrow("rollout: 'force' of the inputs is not on the state's device; move it there: await x.to(device).");
  });

  it('inputs nobody differentiates by cost no adjoint', async () => {
    const steps = 20;
    const inputs = tensor(
      Float32Array.from({ length: steps }, (_, i) => Math.cos(i)),
      [steps],
      { device },
    );
    const run = (replay: boolean) => (s: Tensor) => {
      const step = (s: Tensor, force: Tensor) => s.mul(force).sin();
      const end = replay
        ? rollout(step, s, steps, { inputs })
        : rollout((s, f: Tensor, _i) => step(s, f), s, steps, { inputs });
      return end.sum();
    };
    expect(await numbers(grad(run(true))(x))).toEqual(await numbers(grad(run(false))(x)));
  });

  it('gradients may be in flight side by side', async () => {
    const loss = (scale: number) => async (s: Tensor) => {
      const end = rollout((t: Tensor) => t.sin().mul(scale), s, 30, { checkpoints: 4 });
      await end.read();
      return rollout((t: Tensor) => t.cos(), end, 30).sum();
    };
    const alone = [await numbers(await grad(loss(0.5))(x)), await numbers(await grad(loss(0.9))(x))];
    const together = await Promise.all([grad(loss(0.5))(x), grad(loss(0.9))(x)]);
    expect([await numbers(together[0]), await numbers(together[1])]).toEqual(alone);
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
