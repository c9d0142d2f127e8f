/**
 * Which body of a given area is dragged least by a slow stream, and how much less than a disc? By the lattice Boltzmann method.
 *
 *   min F_x(a) / F_x(disc)        over the outline's modes a (outline.ts), Re = U D / ν of the disc's diameter D
 *
 * The body stands between walls that go with the stream, which enters with U and leaves at an even pressure. Each evaluation starts from
 * the flow around the disc and runs until the new one stands; forces are those of momentum exchange, and their gradient goes through
 * all steps to where the outline cuts links of the lattice. What is found is measured again on a lattice twice as fine.
 *
 * Goal: at most 0.95 of the disc's drag, on the finer lattice too. Pironneau, J. Fluid Mech. 64 (1974) 97 has what is optimal.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { type LatticeBoltzmannState, latticeBoltzmann } from '../../physics/index.ts';
import { beside, fieldImage, type Image, magma } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { checkPositive, checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { disc, distanceAt } from './outline.ts';

const sizes = {
  small: { diameter: 8, reynolds: 10, modes: 4, passings: 6 },
  full: { diameter: 16, reynolds: 10, modes: 6, passings: 8 },
} as const;
const speed = 0.06;
const bound = 0.95;

export interface Stream {
  /** Force along the stream on a unit of length, of a body with the outline a. Differentiable. */
  drag(a: Tensor): Tensor;
  /** The stream's speed around it, of [rows, columns]. */
  flow(a: Tensor): Tensor;
  readonly shape: readonly [rows: number, columns: number];
}

/** @param passings How often the stream passes the body's diameter before the flow is taken to stand. */
export function stream(
  { diameter, reynolds, passings }: Readonly<Record<'diameter' | 'reynolds' | 'passings', number>>,
  device: Device,
): Stream {
  const [ny, nx] = [4 * diameter, 6 * diameter];
  const lattice = latticeBoltzmann([ny, nx], { sides: { x: ['velocity', 'pressure'], y: 'wall' } });
  const on = (data: readonly number[]): Tensor => tensor(data, undefined, { device });
  const along = on([speed, 0]);
  const cells = Array.from({ length: nx * ny }, (_, i) => i);
  const places = { x: cells.map(i => (i % nx) + 0.5), y: cells.map(i => Math.floor(i / nx) + 0.5) };
  const paramsOf = (a: Tensor) => ({
    tau: on([0.5 + (3 * speed * diameter) / reynolds]),
    sides: { xLow: along, yLow: along, yHigh: along },
    body: lattice.body(distanceAt(a, places, [2 * diameter, ny / 2], diameter / 2).reshape([ny, nx])),
  });
  const steps = Math.round((passings * diameter) / speed);
  const run = (a: Tensor, from: LatticeBoltzmannState, count: number): LatticeBoltzmannState => {
    const params = paramsOf(a);
    return rollout(state => lattice.step(state, params, 1), from, count);
  };
  const u = tensor(
    Float64Array.from({ length: 2 * nx * ny }, (_, i) => (i < nx * ny ? speed : 0)),
    [2, ny, nx],
    { device },
  );
  const around = run(disc(1, device), lattice.start({ u }), 3 * steps);
  return {
    shape: [ny, nx],
    drag(a) {
      const params = paramsOf(a);
      return lattice
        .bodyForce(run(a, around, steps), params)
        .slice(0, 1)
        .sum();
    },
    flow: a =>
      lattice
        .flow(run(a, around, steps))
        .u.square()
        .sum(0)
        .sqrt(),
  };
}

async function seen({ flow, shape }: Stream, a: Tensor): Promise<Image> {
  const [rows, columns] = shape;
  return fieldImage(Array.from(await flow(a).read()), [rows, columns], {
    low: 0,
    high: 1.3 * speed,
    colours: magma,
    width: 360,
  });
}

export const dragLbm: Scene = {
  name: 'drag-lbm',
  summary: 'shapes a body of given area that a slow stream drags least, by the lattice Boltzmann method',
  settings: {
    diameter: 'of the disc of the same area, in cells (preset small: 8; full: 16)',
    reynolds: 'number, of that diameter (10)',
    modes: 'of the outline (4; 6)',
    passings: 'of the stream by the body in each evaluation (6; 8)',
  },
  async run({ preset, settings, iterations = 12, onProgress, signal, device }) {
    const given = { ...sizes[preset], ...settings };
    checkWhole('drag-lbm', given, { diameter: 6, modes: 1 });
    checkPositive('drag-lbm', { reynolds: given.reynolds, passings: given.passings });
    const near = stream(given, device);
    const round = disc(given.modes, device);
    const ofDisc = await near.drag(round).item();
    const history: SceneProgress[] = [];
    const fit = await minimize(
      ({ a }: { a: Tensor }) => near.drag(a).div(ofDisc),
      { a: round },
      lbfgs({ low: -0.5, high: 0.5 }),
      {
        iterations,
        rtol: 1e-4,
        onIteration: ({ iteration, value }) => {
          const note = `the drag is ${value.toPrecision(4)} of the disc's`;
          history.push({ iteration, loss: value, done: (0.9 * iteration) / iterations, note });
          onProgress(history[history.length - 1]);
        },
        ...(signal && { signal }),
      },
    );
    const { a } = fit.best;
    const fine = stream({ ...given, diameter: 2 * given.diameter }, device);
    const again = (await fine.drag(a).item()) / (await fine.drag(round).item());
    const value = Math.max(fit.value, again);
    const coefficient = (2 * ofDisc) / (speed ** 2 * given.diameter);
    return {
      goal: { name: "drag over the disc's, the larger on two lattices", value, bound, met: value <= bound },
      fitted: { amplitudes: Array.from(await a.read()) },
      loss: fit.value,
      iterations: fit.history.length,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'speed of the stream around the disc and around what was found',
          image: beside([await seen(fine, round), await seen(fine, a)], 8),
        },
      ],
      plots: [
        {
          caption: "drag over the disc's",
          x: { name: 'iteration' },
          y: { name: 'drag' },
          series: [
            { name: 'drag', marks: 'line', points: history.map(({ iteration, loss }) => [iteration, loss] as const) },
          ],
        },
      ],
      notes: [
        `${near.shape[1]} × ${near.shape[0]} cells, Re ${given.reynolds}, walls two diameters off that go with the stream; the disc's drag coefficient here is ${coefficient.toPrecision(3)}.`,
        `Drag falls to ${fit.value.toPrecision(4)} of the disc's, and to ${again.toPrecision(4)} measured on a lattice twice as fine.`,
      ],
    };
  },
};
