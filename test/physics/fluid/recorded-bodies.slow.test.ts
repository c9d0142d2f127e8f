// Flow around bodies in rollouts: steps are recorded, solves included; they are as good as those that are looked at, and what goes wrong is told.

import { rollout, valueAndGrad } from 'retrograde/adjoint';
import { device, type Tensor, tensor } from 'retrograde/kernel';
import { type FlowState, incompressible } from 'retrograde/physics';
import { type Grid, grid, openFaces } from 'retrograde/solvers';
import { expect, it } from 'vitest';
import { cpu32, cpu64 } from '../../util/devices.ts';

type Sides = NonNullable<NonNullable<Parameters<typeof grid>[1]>['sides']>;
interface Case {
  readonly shape: readonly number[];
  readonly sides: Sides;
  readonly wall?: 'slip';
  /** Whether fluid comes in, and is viscous. */
  readonly stream?: boolean;
}

/** Anisotropic cells; a ball that lies nowhere in particular. */
const channel: Case = { shape: [12, 16], sides: ['neumann', ['neumann', 'dirichlet']], stream: true };
const torus: Case = { shape: [8, 12], sides: 'periodic', wall: 'slip' };

const facesOf = (g: Grid, axis: string): readonly number[] =>
  g.axes.map(({ name, size, low }) => size + (name === axis && low !== 'periodic' ? 1 : 0)).reverse();

/** Σ c |u_c|² after some steps, a function of the ball's radius, viscosity and the first flow. @param recorded Else its step is called each time. */
function problem({ shape, sides, wall, stream }: Case, on: typeof cpu64, recorded: boolean, notes: string[] = []) {
  const h = 1 / shape[0];
  const g = grid(shape, { spacing: shape.map((_, k) => h * (1 + 0.13 * k)), sides });
  const lengths = g.axes.map(({ size }) => size + 1);
  const away = Float64Array.from({ length: lengths.reduce((a, b) => a * b) }, (_, i) => {
    let rest = i;
    const squares = g.axes.map(({ size, spacing }, k) => {
      const at = rest % lengths[k];
      rest = (rest - at) / lengths[k];
      return ((at - (0.447 - 0.013 * k) * size) * spacing) ** 2;
    });
    return Math.sqrt(squares.reduce((a, b) => a + b));
  });
  const phi = tensor(away, [...lengths].reverse(), { device: on });
  const field = (axis: string, k: number): Tensor => {
    const of = facesOf(g, axis);
    const data = Float64Array.from({ length: of.reduce((a, b) => a * b) }, (_, i) => 0.3 * Math.sin(0.37 * i + k));
    return tensor(
      data.map(v => v + (stream && axis === 'x' ? 1 : 0)),
      of,
      { device: on },
    );
  };
  const start = {
    radius: tensor([0.211], [1], { device: on }),
    viscosity: tensor([0.012], [1], { device: on }),
    u: Object.fromEntries(g.axes.map(({ name }, k) => [name, field(name, k)])),
  };
  const step = incompressible(g);
  const energy = ({ radius, viscosity, u }: typeof start): Tensor => {
    const body = openFaces(g, phi.sub(radius), wall ? { wall } : {});
    const params = stream ? { viscosity, body, sides: { x: [{ x: 1 }, {}] } as const } : { body };
    const next = (now: FlowState): FlowState => step(now, params, 0.3 * h);
    const taking = (now: FlowState, _: number): FlowState => next(now); // takes its number, and so is called each time
    const end = rollout(recorded ? next : taking, { u } as FlowState, 10, { explain: note => notes.push(note) });
    return g.axes
      .map(({ name }, k) =>
        (end.u[name] as Tensor)
          .square()
          .mean()
          .mul(k + 1),
      )
      .reduce((a, b) => a.add(b));
  };
  return { energy, start };
}

const numbersOf = async ({ value, grad }: { value: Tensor; grad: ReturnType<typeof problem>['start'] }) =>
  Promise.all(
    [value, grad.radius, grad.viscosity, ...Object.values(grad.u).map(u => u.abs().sum())].map(x => x.item()),
  );

it.each([
  ['a channel, viscous', channel, cpu32, 2e-3],
  ['a torus, slip', torus, cpu64, 1e-8],
] as const)(
  'flow around a ball is recorded, and goes as where it is called, with its gradient: %s',
  async (_, given, on, tolerance) => {
    const notes: string[] = [];
    const [fast, plain] = [problem(given, on, true, notes), problem(given, on, false)];
    const found = await numbersOf(valueAndGrad(fast.energy)(fast.start));
    const expected = await numbersOf(valueAndGrad(plain.energy)(plain.start));
    found.forEach((v, k) => {
      expect(Math.abs(v - expected[k])).toBeLessThanOrEqual(tolerance * Math.abs(expected[k]));
    });
    for (const what of ['the loop', 'its adjoint'])
      expect(notes).toContainEqual(expect.stringContaining(`rollout: ${what} is replayed`));
  },
);

it('gives the same bits with one thread, whatever was solved before', async () => {
  const run = (on: typeof cpu32): Promise<number> => {
    const { energy, start } = problem(channel, on, true);
    return energy(start).item();
  };
  const one = await device({ kind: 'cpu', threads: 1, makeDefault: false });
  expect(await run(one)).toBe(await run(cpu32));
});

it.each(['a channel', 'a torus'])('NaN that arises in a recorded step is told, with the step: %s', where => {
  const g = grid(
    [8, 9],
    where === 'a torus' ? { sides: 'periodic' } : { sides: ['neumann', ['neumann', 'dirichlet']] },
  );
  const step = incompressible(g);
  const field = (axis: string): Tensor =>
    tensor(
      new Float64Array(90).subarray(
        0,
        facesOf(g, axis).reduce((a, b) => a * b),
      ),
      facesOf(g, axis),
      { device: cpu64 },
    );
  const start = { flow: { u: { x: field('x'), y: field('y').add(1) } }, left: tensor([20.5], [1], { device: cpu64 }) };
  const run = (): unknown =>
    rollout(
      ({ flow, left }) => {
        const { u } = step(flow, {}, 0.1);
        return { flow: { u: { x: u.x.add(left.sqrt().mul(0)), y: u.y } }, left: left.sub(1) };
      },
      start,
      40,
    );
  expect(run).toThrow(/^project: the solution is not finite; .* \(In step 22 of a rollout\.\)$/);
});
