// Specification of physics/mpm: the same on all devices and for any number of threads; what is refused, and what goes wrong on the way.

import { divergenceHorizon, grad, rollout } from 'retrograde/adjoint';
import { type Device, device, type Tensor, tensor } from 'retrograde/kernel';
import { type Mpm, type MpmError, type MpmSpec, type MpmState, mpm, pointsIn } from 'retrograde/physics';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cpu32, cpu64, gpu } from '../../util/devices.ts';
import { near } from '../../util/near.ts';
import { on64 } from '../../util/numbers.ts';
import { block, paramsOn, stirred } from './blocks.ts';

const roomy = (wide: number): Mpm => block(2, 'corotated', wide, { nodes: [24, 24] });
const lossOn =
  (on: Device, wide: number) =>
  (v: Tensor): Tensor => {
    const world = roomy(wide);
    const low = stirred(world, 2, 3, on);
    const start = { ...low, x: low.x.sub(tensor([0, 0.2], [2], { device: on })), v };
    return rollout((s: MpmState) => world.step(s, paramsOn(on, 2), 0.01), start, 12)
      .x.square()
      .sum();
  };
const slopeOn = async (on: Device, wide: number): Promise<number[]> =>
  Array.from(await grad(lossOn(on, wide))(stirred(roomy(wide), 2, 3, on).v).read());

describe('devices', () => {
  it('agree', async () => {
    near(await slopeOn(cpu32, 3), await slopeOn(cpu64, 3), 1e-5);
    const [onGpu, exact] = await Promise.all(
      [gpu, cpu64].map(async on => {
        const world = block(2, 'neoHookean', 2);
        const { trouble: _, ...start } = stirred(world, 2, 3, on);
        const state = world.step(start, paramsOn(on, 2), 0.01);
        return [...(await state.x.read()), ...(await state.C.read())];
      }),
    );
    near(onGpu, exact, 1e-5);
  });

  it('give the same bits with any number of threads', async () => {
    const [one, two] = await Promise.all([1, 2].map(threads => device({ kind: 'cpu', threads, makeDefault: false })));
    onTestFinished(() => {
      for (const each of [one, two]) each.destroy();
    });
    expect(await slopeOn(two, 20)).toEqual(await slopeOn(one, 20));
  });

  it('in single precision follow double through flight and impact for hundreds of steps', async () => {
    const world = block(2, 'corotated', 4);
    const { steps } = await divergenceHorizon(
      on => ({ step: (s: MpmState) => world.step(s, paramsOn(on, 2), 0.01), state: stirred(world, 2, 1, on) }),
      200,
    );
    expect(steps).toBe(200);
  });
});

describe('what is refused', () => {
  const points = [[0.5, 0.5]];
  const given: MpmSpec = { nodes: [16, 16], spacing: 0.1, matter: [{ points }] };
  const cases: readonly (readonly [Partial<Record<keyof MpmSpec, unknown>>, string])[] = [
    [{ nodes: [16] }, 'mpm: the grid has [16] nodes; give 2 or 3 whole numbers from 8.'],
    [{ spacing: 0 }, 'mpm: nodes are 0 m apart; give a positive distance.'],
    [{ thickness: 8 }, 'mpm: walls are 8 nodes thick on a grid of [16, 16]; give a whole number from 3 that leaves 2 nodes between them.'],
    [{ walls: 'soft' }, "mpm: a wall is 'soft'; walls are 'sticky', 'slip', 'separate'."],
    [{ walls: [['slip', 'slip']] }, 'mpm: 1 pairs of walls for 2 axes; give two walls to each axis.'],
    [{ fibre: [1, 0, 0] }, 'mpm: the fibre is (1, 0, 0) on a grid of 2 axes; give it as many numbers.'],
    [{ matter: [] }, 'mpm: there is no matter; give at least one { points }.'],
    [{ matter: [{ points: [] }] }, 'mpm: matter 0 has no points; give at least 1.'],
    [{ matter: [{ points: [[0.5, Number.NaN]] }] }, 'mpm: point 0 of matter 0 is (0.5, NaN); the grid has 2 axes, so give 2 finite numbers.'],
    [{ matter: [{ points: [[0.5, 0.5], [0.5, 1.4]] }] }, 'mpm: particle 1 starts at (0.5, 1.4) m, and particles may be from 0.15 to 1.35, 1.35 m; move it, or take more nodes.'],
    [{ matter: [{ points, material: 'jelly' }] }, "mpm: matter 0 is of 'jelly'; materials are 'corotated', 'neoHookean', 'liquid', 'sand', 'snow'."],
    [{ matter: [{ points, actuator: 0.5 }] }, 'mpm: matter 0 has actuator 0.5; actuators are numbered from 0.'],
    [{ sides: 1 } as never, "mpm: there is no option 'sides'; the options are 'nodes', 'spacing', 'matter', 'walls', 'thickness', 'body', 'fibre'."],
  ]; // biome-ignore format: a table
  it('names what is wrong with a world', () => {
    for (const [wrong, message] of cases) expect(() => mpm({ ...given, ...wrong } as MpmSpec)).toThrow(message);
    expect(() => pointsIn([0, 0], [1, 0], 0.1)).toThrow('pointsIn: a box from (0, 0) to (1, 0) with a spacing of 0.1; give corners of as many numbers, the lower first, and a positive spacing.'); // biome-ignore format: a message
  });

  it('names what is wrong with a state, with numbers, with time', () => {
    const world = mpm({ ...given, body: 'slip', matter: [{ points, material: 'sand', actuator: 1 }] });
    const full = { ...paramsOn(cpu64, 2, true), actuation: on64([1, 1]), distance: on64(new Float64Array(256)) };
    const state = world.start({ device: cpu64 });
    const step =
      (s: object, p: object, dt = 0.01) =>
      () =>
        world.step({ ...state, ...s }, { ...full, ...p }, dt);
    expect(step({ v: on64([1]) }, {})).toThrow('mpm: v has shape [1]; it must be [1, 2].');
    expect(step({ memory: undefined }, {})).toThrow('mpm: memory is undefined; give a tensor.');
    expect(step({}, { mass: on64([1, 2]) })).toThrow(
      'mpm: mass has 2 numbers; give one, or one to each of the 1 particles.',
    );
    expect(step({}, { gravity: on64([1]) })).toThrow('mpm: gravity has 1 numbers; give one to each of the 2 axes.');
    expect(step({}, { angle: undefined })).toThrow('mpm: angle is undefined; give a tensor.');
    expect(step({}, { actuation: on64([1]) })).toThrow(
      'mpm: actuation has 1 numbers; give one to each of the 2 actuators.',
    );
    expect(step({}, { distance: on64([1]) })).toThrow(
      'mpm: distance has 1 numbers; give one to each of the 256 nodes, since there is a body.',
    );
    expect(step({}, {}, 0)).toThrow('mpm: dt is 0; it must be a positive number of seconds.');
  });
});

describe('trouble on the way', () => {
  const world = block(2, 'neoHookean', 3);
  const params = paramsOn(cpu64, 2);
  const start = world.start({ device: cpu64 });
  const trouble = async (state: Partial<MpmState>, dt: number, steps: number): Promise<MpmError> =>
    world.run({ ...start, ...state }, params, dt, { steps, stretch: 10 }).then(
      () => expect.fail('went well'),
      (error: unknown) => error as MpmError,
    );

  it('is named with the particle, the step and the place, and the last good state is kept', async () => {
    const v = start.v.add(on64([0.3, 1]));
    const left = await trouble({ x: start.x.sub(on64([0.42, 0])) }, 0.01, 40);
    expect(left.message).toBe('mpm: in step 1 particle 0, at (0.105, 0.525) m, left the nodes between the walls, which reach from 0.15 to 1.35, 1.35 m; use more nodes, thicker walls, or a smaller dt.'); // biome-ignore format: a message
    const fast = await trouble({ v: v.mul(20) }, 0.01, 40);
    expect(fast.message).toBe('mpm: in step 1 particle 0, at (0.525, 0.525) m, moved at 20.9 m/s, more than one spacing of 0.1 m in a step; take a smaller dt.'); // biome-ignore format: a message
    expect(fast).toMatchObject({ step: 1, particle: 0 });
    const rate = Float64Array.from({ length: 4 * world.count }, (_, k) => (k === 20 ? -150 : 0));
    const inverted = await trouble({ C: on64(rate, [world.count, 2, 2]) }, 0.01, 40);
    expect(inverted.message).toContain('particle 5, at (0.625, 0.575) m, was turned inside out, det F = -0.500; take a smaller dt, or stiffer material.'); // biome-ignore format: a message
    const lost = await trouble({ v: start.v.mul(Number.NaN) }, 0.01, 40);
    expect(lost.message).toContain('got a place or a velocity that is not finite');
  });

  it('leaves the state before the step in which it began', async () => {
    const heavy = { ...params, gravity: on64([0, -200]) };
    const error: MpmError = await world.run(start, heavy, 0.01, { steps: 100, stretch: 7 }).then(
      () => expect.fail('went well'),
      (e: unknown) => e as MpmError,
    );
    expect(error.step).toBeGreaterThan(2);
    const again = rollout((s: MpmState) => world.step(s, heavy, 0.01), start, error.step - 1);
    await world.check(again);
    expect(await error.last?.x.read()).toEqual(await again.x.read());
    await expect(world.check(world.step(again, heavy, 0.01))).rejects.toThrow(`mpm: in step ${error.step} particle`);
  });

  it('runs are of whole numbers of steps', async () => {
    await expect(world.run(start, params, 0.01, 25 as never)).rejects.toThrow('mpm: a run of undefined steps; give { steps } as a whole number from 0.'); // biome-ignore format: a message
    const run = (wrong: object): Promise<unknown> => world.run(start, { ...params, ...wrong }, 0.01, { steps: 5 });
    await expect(run({ mass: params.mass.mul(0) })).rejects.toThrow(
      "mpm: number 0 of 'mass' is 0; it must be positive.",
    );
    await expect(run({ mu: params.mu.mul(0).sub(2) })).rejects.toThrow("mpm: number 0 of 'mu' is -2; it must be at least 0."); // biome-ignore format: a message
    await expect(world.run(start, params, 0.01, { steps: 5, stretch: 0 })).rejects.toThrow('mpm: looks are 0 steps apart; give { stretch } as a whole number from 1.'); // biome-ignore format: a message
  });

  it('a run that goes well ends where a rollout does', async () => {
    const run = await world.run(start, params, 0.01, { steps: 25, stretch: 10 });
    const once = rollout((s: MpmState) => world.step(s, params, 0.01), start, 25);
    expect(await run.x.read()).toEqual(await once.x.read());
  });
});
