// Specification of what steps of systems that flow and jump report: grazing, Zeno, rest, and what is wrong; and of their use elsewhere.

import { grad, jvp, rollout } from 'retrograde/adjoint';
import { EventError, flags, hybrid, hybridRollout, passEvents } from 'retrograde/events';
import { kernel, type Tensor } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';
import { ball, ballText, drop } from '../util/bouncing-ball.ts';
import { near } from '../util/near.ts';
import { on64 } from '../util/numbers.ts';

describe('grazing, Zeno and rest', () => {
  const resting = hybrid(
    `${ballText}
    fn floorRest(s: State, p: Params, dt: f32) -> State { return State(p.floor, 0.0); }`,
    { guards: ['floor'], maxEvents: 6, rest: 1e-3 },
  );
  const params = { g: on64([9.81]), e: on64([0.5]), floor: on64([0]) };
  const start = { y: on64([1]), v: on64([0]) };

  it('bounces that accumulate are an error that tells where', () => {
    const run = () => hybridRollout(ball, start, params, { dt: 0.25, steps: 10 });
    expect(run).toThrow(EventError);
    expect(run).toThrow(
      /^hybridRollout: system 0 has more events in step 5, from t = 1\.250, than its maxEvents: they accumulate, or chatter\. Give the guard a law of rest, allow more events, or take shorter steps\.$/,
    );
  });

  it('with a law of rest they come to rest, and stay', async () => {
    const { state, passed } = hybridRollout(resting, start, params, { dt: 0.05, steps: 40 });
    expect([await state.y.item(), await state.v.item()]).toEqual([0, 0]);
    expect((await passed.flags.item()) & flags.resting).toBe(flags.resting);
    expect((await passed.flags.item()) & flags.crowded).toBe(0);
    // (1 + e) / (1 − e) fall times
    expect(await passed.last.item()).toBeGreaterThan(1.3);
  });

  it('chattering between two sides is told too', () => {
    const sliding = hybrid(
      /* wgsl */ `
      struct State { x: f32, side: f32 }
      struct Params { pull: f32 }
      fn flow(s: State, p: Params, dt: f32) -> State { return State(s.x - dt * p.pull * s.side, s.side); }
      fn crossGap(s: State, p: Params) -> vec2f { return vec2f(s.x * s.side, -p.pull); }
      fn crossJump(s: State, p: Params) -> State { return State(s.x, -s.side); }
    `,
      { guards: ['cross'], maxEvents: 20 },
    );
    expect(() =>
      hybridRollout(sliding, { x: on64([1]), side: on64([1]) }, { pull: on64([1]) }, { dt: 0.4, steps: 5 }),
    ).toThrow(/in step 2, from t = 0\.8000/);
  });

  it('a gap that is no number is an error, and not a gap that is open', () => {
    const root = hybrid(
      `${ballText.replace('vec2f(s.y - p.floor, s.v)', 'vec2f(sqrt(s.y), s.v / (2.0 * sqrt(s.y)))')}`,
      { guards: ['floor'] },
    );
    expect(() => hybridRollout(root, start, params, { dt: 0.2, steps: 10 })).toThrow(
      /^hybridRollout: the gap of a guard of system 0 is NaN at the end of step 2, from t = 0\.4000\. A gap must be/,
    );
  });

  it('what is closed and opens is no event before it has been open', async () => {
    const below = (y: number, v: number, g: number) =>
      ball({ y: on64([y]), v: on64([v]) }, { ...params, g: on64([g]) }, 0.7);
    for (const [y, v, g, count, end] of [
      [-0.5, 0.5, 0, 0, -0.15],
      [-0.5, 0, 0, 0, -0.5],
      [-0.05, 0.5, 0, 0, 0.3],
      [-0.02, 2, 9.81, 3, undefined], // opens, comes down, and bounces by half
      [-0.5, 3.4, 9.81, 3, undefined], // so, but is closed at most times that a bisection would look at
      [-0.02, 0.3, 9.81, 0, -0.02 + 0.3 * 0.7 - 0.5 * 9.81 * 0.49], // falls back without having been open
    ] as const) {
      const { state, passed } = below(y, v, g);
      expect([await passed.count.item(), await passed.flags.item()]).toEqual([count, 0]);
      if (end !== undefined) near([await state.y.item()], [end], 1e-15);
    }
  });

  it('what grazes says so, and its derivative leaves time alone', async () => {
    const grazing = hybrid(ballText, { guards: ['floor'], grazing: 0.01 });
    const soft = (y: Tensor) => grazing({ y, v: on64([-0.001]) }, { ...params, g: on64([0]) }, 2);
    const { passed, state } = soft(on64([0.001]));
    expect(await passed.flags.item()).toBe(flags.grazing);
    near([await state.y.item()], [0.0005], 1e-12);
    near(await jvp((y: Tensor) => soft(y).state.y)(on64([0.001]), on64([1])).tangent.read(), [1], 1e-12);
  });
});

it('is a function for kernels of one’s own', async () => {
  const text = `${ballText}
    ${passEvents(ballText, { guards: ['floor'] })}
    var<storage, read> height: array<f32>;
    var<storage, read_write> after: array<f32>;
    @compute @workgroup_size(64)
    fn dropAll(@builtin(global_invocation_id) id: vec3u) {
      after[id.x] = passEvents(State(height[id.x], 0.0), Params(9.81, 0.8, 0.0), 0.8).state.y;
    }`;
  const dropAll = kernel(text);
  const height = on64([1, 0.9]);
  const y = (x: Tensor) => dropAll({ height: x }, { count: 2 }).after as unknown as Tensor;
  near((await y(height).read()).slice(0, 1), [0.6392035620208291], 1e-12);
  near((await grad((x: Tensor) => y(x).sum())(height).read()).slice(0, 1), [0.5892017810104148], 1e-11);
});

it('steps may be of a rollout of one’s own', async () => {
  const { g, e, floor } = drop(1, 0, 9.81, 0.8);
  const end = (y: Tensor) =>
    rollout((s: { y: Tensor; v: Tensor }) => ball(s, { g, e, floor }, 0.1).state, { y, v: y.mul(0) }, 8).y;
  near(await grad((y: Tensor) => end(y).sum())(on64([1])).read(), [0.5892017810104148], 1e-11);
});

describe('says what is wrong', () => {
  const { y, v, ...params } = drop(1, 0, 9.81, 0.8);
  it.each([
    [
      () => hybrid(3 as never, { guards: ['floor'] }),
      'hybrid: the system is 3; give WGSL that defines State, Params, flow and guards.',
    ],
    [
      () => hybrid(ballText),
      "hybrid: guards are missing; name them: { guards: ['floor'] } for floorGap and floorJump.",
    ],
    [
      () => hybrid(ballText, { guards: ['wall'] }),
      "hybrid: the text has no 'fn wallGap'; it defines State, Params, flow(s, p, dt) and, of each guard, its gap(s, p) and jump(s, p).",
    ],
    [
      () => hybrid(ballText, { guards: ['floor'], maxEvents: 0 }),
      'hybrid: maxEvents is 0; give a whole number from 1 to 1000.',
    ],
    [() => hybrid(ballText, { guards: ['floor'], rest: -1 }), 'hybrid: rest is -1; give a speed of a gap, 0 or above.'],
    [() => hybrid(ballText, { guard: ['floor'] } as never), "hybrid: there is no option 'guard'"],
    [
      () => hybridRollout(ball, { y, v }, params, { dt: 0, steps: 3 }),
      'hybridRollout: dt is 0; give the length of a step, above 0.',
    ],
    [
      () => hybridRollout(ball, { y, v }, params, { dt: 1, steps: 3, step: 1 } as never),
      "hybridRollout: there is no option 'step'",
    ],
    [() => ball({ y, v }, params, -0.1), 'hybrid: dt is -0.1; give the length of a step, 0 or above.'],
    [
      () => ball({ y, v: on64([1, 2]) }, params, 0.1),
      "hybrid: 'v' of state has shape [2]; the first axis of all counts the systems, 1 of them.",
    ],
    [
      () => ball({ y, v }, { ...params, ...drop(1, 0, 1, 1), g: on64([1, 2]) }, 0.1),
      /^hybrid: '.*' of params has shape \[\d\]; the first axis of all counts the systems, \d of them\.$/,
    ],
    [
      () => ball({ y, v }, { g: on64([1, 2]), e: on64([1, 1]), floor: on64([0, 0]) }, 0.1),
      'hybrid: params are of 2 systems, and state of 1; give parameters for each, or one set for all.',
    ],
  ])('%#', (run, message) => {
    expect(run).toThrow(message);
  });
});
