// Specification of solvers/optimise/minimize.ts, adam.ts, lbfgs.ts and line-search.ts.

import { type Tensor, tensor } from 'retrograde/kernel';
import { adam, lbfgs, minimize } from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';

// Rosenbrock 1960: (1 − a)² + 100 (b − a²)², least at (1, 1), started at (−1.2, 1).
const valley = ({ a, b }: { a: Tensor; b: Tensor }): Tensor =>
  a.sub(1).square().add(b.sub(a.square()).square().mul(100)).sum();
const start = () => ({ a: tensor([-1.2]), b: tensor([1]) });

// Ill-conditioned parabola, least at 3 in all ten numbers.
const scales = Array.from({ length: 10 }, (_, i) => 4 ** (i / 3));
const bowl = (x: Tensor): Tensor => x.sub(3).square().mul(tensor(scales)).sum();

describe.each([
  ['adam', () => adam({ rate: 0.05 }), 2000],
  ['lbfgs', () => lbfgs(), 60],
] as const)('minimize by %s', (_, method, iterations) => {
  it("finds the end of Rosenbrock's valley", async () => {
    const { best, value } = await minimize(valley, start(), method() as never, { iterations });
    expect(value).toBeLessThan(1e-5);
    expect((await best.a.read())[0]).toBeCloseTo(1, 2);
    expect((await best.b.read())[0]).toBeCloseTo(1, 2);
  });

  it('takes the same steps when cut in two', async () => {
    const whole = await minimize(bowl, tensor(new Float32Array(10)), method() as never, { iterations: 12 });
    const half = await minimize(bowl, tensor(new Float32Array(10)), method() as never, { iterations: 5 });
    const rest = await minimize(bowl, tensor(new Float32Array(10)), method() as never, {
      iterations: 7,
      state: structuredClone(half.state) as never,
    });
    expect(rest.history.map(h => h.value)).toEqual(whole.history.map(h => h.value));
  });

  it('returns the best point, not the last', async () => {
    const { best, value, history } = await minimize(bowl, tensor(new Float32Array(10)), method() as never, {
      iterations: 200,
    });
    expect(value).toBe(Math.min(...history.map(h => h.value)));
    expect(await bowl(best).item()).toBe(value);
  });

  it('stops when told to, and says so', async () => {
    const control = new AbortController();
    const { reason, history } = await minimize(bowl, tensor(new Float32Array(10)), method() as never, {
      signal: control.signal,
      onIteration: ({ iteration }) => iteration === 3 && control.abort(),
    });
    expect(reason).toBe('aborted');
    expect(history).toHaveLength(4);
  });
});

describe('minimize', () => {
  it('stops where the gradient is small enough', async () => {
    const { reason, history } = await minimize(bowl, tensor(new Float32Array(10)), lbfgs(), {
      gradientTolerance: 1e-2,
    });
    expect(reason).toBe('converged');
    expect(history.at(-1)?.gradient).toBeLessThan(1e-2);
  });

  it('does not step into where the loss is not a number', async () => {
    const barrier = (x: Tensor): Tensor => x.log().neg().add(x).sum(); // least at 1; NaN for x < 0
    const { value } = await minimize(barrier, tensor([0.01]), lbfgs());
    expect(value).toBeCloseTo(1, 5);
  });

  it('waits for an asynchronous loss', async () => {
    const loss = async (x: Tensor): Promise<Tensor> => {
      await Promise.resolve();
      return bowl(x);
    };
    expect((await minimize(loss, tensor(new Float32Array(10)), lbfgs())).value).toBeLessThan(1e-6);
  });

  it('says what is wrong with where it starts', async () => {
    const run = minimize((x: Tensor) => x.log().sum(), tensor([-1]), lbfgs());
    await expect(run).rejects.toThrow('minimize: the loss is NaN at the start; start where it is finite.');
    const { state } = await minimize(bowl, tensor(new Float32Array(10)), adam(), { iterations: 1 });
    await expect(minimize(bowl, tensor(new Float32Array(10)), lbfgs(), { state: state as never })).rejects.toThrow(
      "minimize: the state is of 'adam', but the method is 'lbfgs'.",
    );
  });

  it('stops where a number is none, with the best point before', async () => {
    const { reason, best, history } = await minimize((x: Tensor) => x.log().sum(), tensor([1]), adam({ rate: 0.3 }));
    expect(reason).toBe('diverged');
    expect(history.at(-1)?.value).toBeNaN();
    expect(await best.item()).toBeCloseTo(0.1, 1);
  });

  it.each([
    [
      'a loss of something else',
      () => minimize(() => tensor([3]).sum(), tensor([1]), lbfgs()),
      'minimize: the loss does not depend on the parameters by tensor operations; compute it from',
    ],
    [
      'a loss of what it has read',
      () => minimize(async (x: Tensor) => tensor(Array.from(await x.read())).sum(), tensor([1]), lbfgs()),
      'minimize: the loss does not depend on the parameters by tensor operations',
    ],
    [
      'no method',
      () => minimize(bowl, tensor([1]), undefined as never),
      'minimize: the method is undefined; give what',
    ],
    [
      'a method not called',
      () => minimize(bowl, tensor([1]), lbfgs as never),
      'minimize: the method is a function; give',
    ],
    [
      'a misspelt option',
      () => minimize(bowl, tensor([1]), lbfgs(), { maxIterations: 3 } as never),
      "minimize: there is no option 'maxIterations'; the options are 'iterations', ",
    ],
    [
      'integers',
      () => minimize(({ n }: { n: Tensor }) => n.sum(), { n: tensor([1], [1], { type: 'i32' }) }, lbfgs()),
      "minimize: 'n' holds i32, which has no derivative; let the loss capture it instead.",
    ],
    ['steps', () => minimize(bowl, tensor([1]), lbfgs(), { iterations: -1 }), 'minimize: -1 iterations; give a whole'],
    ['a rate', async () => adam({ rate: -1 }), 'adam: the rate is -1; give a number above 0'],
    [
      "another library's rate",
      async () => adam({ lr: 1 } as never),
      "adam: there is no option 'lr'; the options are 'rate'",
    ],
    ['no pairs', async () => lbfgs({ pairs: 0 }), 'lbfgs: the number of pairs is 0; give a whole number from 1.'],
  ])('refuses %s', async (_, act, message) => {
    await expect(act()).rejects.toThrow(message);
  });
});
