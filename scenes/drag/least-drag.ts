/**
 * Which body of a given area is dragged least by a slow stream, and how much less than a disc?
 *
 *   min C(a) / C(disc),   C = 2 F_x / (U² D)        over the outline's modes a (outline.ts), Re = U D / ν of the disc's diameter D
 *
 * The body stands between walls that go with the stream, which enters with U and leaves at an even pressure (`room`). Each evaluation starts
 * from the flow around the disc and runs until the new one stands; the gradient goes through all steps. What is found is measured again on
 * a grid twice as fine.
 *
 * Goal: at most 0.95 of the disc's drag, on the finer grid too. Pironneau, J. Fluid Mech. 64 (1974) 97 has what is optimal.
 */

import type { Device, Tensor } from '../../kernel/index.ts';
import { beside, fieldImage, type Image, magma } from '../../render/index.ts';
import { lbfgs, minimize } from '../../solvers/index.ts';
import { trusted } from '../horizon.ts';
import { checkPositive, checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { disc } from './outline.ts';

const bound = 0.95;

/** What the stream flows through, and where the body's middle is, in diameters of the disc. */
export const room = { length: 6, height: 4, middle: [2, 2] } as const;

export interface StreamSize {
  /** Of the disc, in cells. */
  readonly diameter: number;
  readonly reynolds: number;
  /** How often the stream passes the disc's diameter before the flow is taken to stand. */
  readonly passings: number;
}

/** A flow that stands around a body. */
export interface Past {
  /** C, one number. Differentiable in the outline. */
  readonly drag: Tensor;
  /** |u| / U in cells, [rows, columns]. */
  readonly speed: Tensor;
}

/** The flow past the body with the outline a. */
export type Stream = (a: Tensor) => Past;

export interface Method {
  readonly name: string;
  /** What computes the flow, in a few words. */
  readonly by: string;
  /** Least diameter, in cells. */
  readonly least: number;
  readonly sizes: Readonly<Record<'small' | 'full', StreamSize & { readonly modes: number }>>;
  readonly stream: (size: StreamSize, device: Device) => Stream;
}

async function seen({ speed }: Past): Promise<Image> {
  const [rows, columns] = speed.shape;
  return fieldImage(Array.from(await speed.read()), [rows, columns], {
    low: 0,
    high: 1.3,
    colours: magma,
    width: 360,
  });
}

/** The scene, where a method computes the flow. */
export const leastDrag = ({ name, by, least, sizes, stream }: Method): Scene => ({
  name,
  summary: `shapes a body of given area that a slow stream drags least, by ${by}`,
  settings: {
    diameter: `of the disc of the same area, in cells (preset small: ${sizes.small.diameter}; full: ${sizes.full.diameter})`,
    reynolds: `number, of that diameter (${sizes.small.reynolds})`,
    modes: `of the outline (${sizes.small.modes}; ${sizes.full.modes})`,
    passings: `of the stream by the body in each evaluation (${sizes.small.passings}; ${sizes.full.passings})`,
  },
  async run({ preset, settings, iterations = 12, onProgress, signal, device }) {
    const given = { ...sizes[preset], ...settings };
    checkWhole(name, given, { diameter: least, modes: 1 });
    checkPositive(name, { reynolds: given.reynolds, passings: given.passings });
    const near = stream(given, device);
    const round = disc(given.modes, device);
    const ofDisc = await near(round).drag.item();
    const history: SceneProgress[] = [];
    const fit = await minimize(
      ({ a }: { a: Tensor }) => near(a).drag.div(ofDisc),
      { a: round },
      lbfgs({ low: -0.5, high: 0.5 }),
      {
        iterations,
        rtol: 1e-3,
        onIteration: ({ iteration, value }) => {
          const note = `the drag is ${value.toPrecision(4)} of the disc's`;
          history.push({ iteration, loss: value, done: (0.9 * iteration) / iterations, note });
          onProgress(history[history.length - 1]);
        },
        ...(signal && { signal }),
      },
    );
    const { a } = fit.best;
    const horizon = await trusted(
      (device, passings) => ({
        loss: (a: Tensor) => stream({ ...given, passings }, device)(a).drag,
        params: disc(given.modes, device),
      }),
      given.passings,
      'passings of the stream',
    );
    const fine = stream({ ...given, diameter: 2 * given.diameter }, device);
    const [before, after] = [fine(round), fine(a)];
    const again = (await after.drag.item()) / (await before.drag.item());
    const value = Math.max(fit.value, again);
    const [rows, columns] = [room.height, room.length].map(n => n * given.diameter);
    return {
      goal: { name: "drag over the disc's, the larger on two grids", value, bound, met: value <= bound },
      fitted: { amplitudes: Array.from(await a.read()), gradientHorizon: horizon.steps },
      loss: fit.value,
      iterations: fit.history.length,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'speed around the disc and around what was found, from none (black) to 1.3 times that of the stream',
          image: beside([await seen(before), await seen(after)], 8),
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
        `${columns} × ${rows} cells, Re ${given.reynolds}, walls two diameters off that go with the stream; the disc's drag coefficient here is ${ofDisc.toPrecision(3)}, and ${(await before.drag.item()).toPrecision(3)} on a grid twice as fine.`,
        `Drag falls to ${fit.value.toPrecision(4)} of the disc's, and to ${again.toPrecision(4)} measured on the finer grid.`,
        horizon.note,
      ],
    };
  },
});
