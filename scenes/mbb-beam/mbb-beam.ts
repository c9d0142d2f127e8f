/**
 * Where should the material of a beam be? Least compliance for half of the volume, by gradients through finite elements.
 *
 *   c(x) = f·u(x), K(x) u = f        ∂c/∂x by one more solve with the same factor, not written down anywhere
 *
 * Goal, where the published program gives one: its compliance within 0.05; elsewhere: the design has come to rest.
 * Andreassen, Clausen, Schevenels, Lazarov & Sigmund: Efficient topology optimization in MATLAB using 88 lines of code, 2011.
 */

import { valueAndGrad } from '../../adjoint/index.ts';
import { type Device, tensor } from '../../kernel/index.ts';
import type { Image } from '../../render/index.ts';
import { type Goal, inDoubles, type Scene, type SceneProgress } from '../scene.ts';
import { beamCompliance } from './beam.ts';
import { coneFilter } from './filter.ts';
import { optimalityStep } from './optimality.ts';

export interface Design {
  readonly nx: number;
  readonly ny: number;
  /** Share of material. */
  readonly volume: number;
  /** Penalty of intermediate densities. */
  readonly power: number;
  /** Of the filter, in elements. */
  readonly radius: number;
  readonly filter: 'sensitivity' | 'density';
}

export interface BeamStep {
  readonly iteration: number;
  readonly compliance: number;
  /** Largest change of a density. */
  readonly change: number;
  /** What is built, rows from the top. */
  readonly density: Float64Array;
}

const resting = 0.01;

/** Designs a beam, from a uniform one; yields each step. The last has come to rest, or is number `iterations`. */
export async function* designBeam(design: Design, device: Device, iterations: number): AsyncGenerator<BeamStep> {
  const { nx, ny, volume, power, radius } = design;
  const both = valueAndGrad(beamCompliance({ nx, ny, power, device }));
  const filter = coneFilter(nx, ny, radius);
  const build = design.filter === 'density' ? filter.average : (x: Float64Array) => x;
  let x: Float64Array = new Float64Array(nx * ny).fill(volume);
  const ones = new Float64Array(nx * ny).fill(1);
  for (let iteration = 1, change = 1; iteration <= iterations && change > resting; iteration++) {
    const density = build(x);
    const { value, grad } = both(tensor(density, [ny, nx], { device }));
    const [compliance, raw] = [await value.item(), Float64Array.from(await grad.read())];
    value.dispose();
    grad.dispose();
    const weighted = raw.map((v, e) => v * x[e]);
    const dc =
      design.filter === 'density'
        ? filter.averageTranspose(raw)
        : filter.average(weighted).map((v, e) => v / Math.max(1e-3, x[e]));
    const dv = design.filter === 'density' ? filter.averageTranspose(ones) : ones;
    const next = optimalityStep(x, dc, dv, { volume, build });
    change = next.reduce((most, v, e) => Math.max(most, Math.abs(v - x[e])), 0);
    yield { iteration, compliance, change, density };
    x = next;
  }
}

/** Compliances that the published program reaches by its own stopping rule. */
const published: readonly (readonly [Design, number])[] = [
  [{ nx: 60, ny: 20, volume: 0.5, power: 3, radius: 2.4, filter: 'sensitivity' }, 216.81366],
  [{ nx: 60, ny: 20, volume: 0.5, power: 3, radius: 2.4, filter: 'density' }, 233.71457],
  [{ nx: 150, ny: 50, volume: 0.5, power: 3, radius: 6, filter: 'sensitivity' }, 219.51988],
  [{ nx: 150, ny: 50, volume: 0.5, power: 3, radius: 6, filter: 'density' }, 235.73365],
];

const truthOf = (design: Design): number | undefined =>
  published.find(([known]) => (Object.keys(known) as (keyof Design)[]).every(key => known[key] === design[key]))?.[1];

function designOf(preset: 'small' | 'full', settings: Readonly<Record<string, number>>): Design {
  const base = preset === 'small' ? { nx: 60, ny: 20, radius: 2.4 } : { nx: 150, ny: 50, radius: 6 };
  const { filter = 1, ...given } = settings;
  const design: Design = { ...base, volume: 0.5, power: 3, ...given, filter: filter === 2 ? 'density' : 'sensitivity' };
  for (const [name, least] of Object.entries({ nx: 1, ny: 1, radius: 1, power: 1 } as const)) {
    const value = design[name as 'nx'];
    if (!(value >= least) || ((name === 'nx' || name === 'ny') && !Number.isInteger(value)))
      throw new RangeError(
        `mbb-beam: '${name}' is ${value}; it must be ${name[0] === 'n' ? 'a whole number' : 'a number'} from ${least}.`,
      );
  }
  if (!(design.volume > 0 && design.volume < 1))
    throw new RangeError(`mbb-beam: 'volume' is ${design.volume}; it must lie between 0 and 1.`);
  if (filter !== 1 && filter !== 2)
    throw new RangeError(`mbb-beam: 'filter' is ${filter}; it must be 1 (sensitivities) or 2 (densities).`);
  return design;
}

/** Black where there is material; elements as squares of some pixels. */
function picture({ nx, ny }: Design, density: Float64Array): Image {
  const size = Math.max(1, Math.floor(600 / nx));
  const [width, height] = [nx * size, ny * size];
  const data = Float32Array.from(
    { length: width * height },
    (_, p) => 1 - density[Math.floor(p / width / size) * nx + Math.floor((p % width) / size)],
  );
  return { width, height, channels: 1, data };
}

function goalOf(truth: number | undefined, { compliance, change }: BeamStep): Goal {
  if (truth === undefined) {
    return { name: 'largest change of a density', value: change, bound: resting, met: change <= resting };
  }
  const value = Math.abs(compliance - truth);
  return { name: 'compliance off the published one', value, bound: 0.05, met: value <= 0.05 };
}

export const mbbBeam: Scene = {
  name: 'mbb-beam',
  summary: 'designs a beam of least compliance from half of the material',
  settings: {
    nx: 'elements along the half beam (preset small: 60; full: 150)',
    ny: 'elements across it (20; 50)',
    radius: 'of the filter, in elements (2.4; 6)',
    volume: 'share of material (0.5)',
    power: 'penalty of intermediate densities (3)',
    filter: '1: of sensitivities, 2: of densities (1)',
  },
  async run({ preset, settings, iterations = 1000, onProgress, signal, device: given }) {
    const design = designOf(preset, settings);
    const history: SceneProgress[] = [];
    const films: Image[] = [];
    const ends: BeamStep[] = []; // the first step and the last
    // Stiffnesses differ by 10⁹: that is beyond f32.
    const where = await inDoubles(given, async device => {
      for await (const step of designBeam(design, device, iterations)) {
        ends[Math.min(ends.length, 1)] = step;
        const { iteration, compliance, change, density } = step;
        const done = Math.min(1, Math.max(0, Math.log(change / 0.2) / Math.log(resting / 0.2)));
        const progress = { iteration, loss: compliance, done, note: `densities change by ${change.toFixed(3)}` };
        history.push(progress);
        onProgress(progress);
        if (iteration <= 20 || iteration % 5 === 0) films.push(picture(design, density));
        if (signal?.aborted) break;
      }
      return device.description;
    });
    const [first, last = first] = ends;
    if (!first) throw new RangeError('mbb-beam: no iteration was allowed; give --iterations of at least 1.');
    const truth = truthOf(design);
    const row = { name: 'compliance', unit: 'f²/(E t)', fitted: last.compliance, interval: 0, guess: first.compliance };
    const { nx, ny, filter, radius } = design;
    return {
      goal: goalOf(truth, last),
      fitted: { ...design, compliance: last.compliance, iterations: last.iteration },
      loss: last.compliance,
      iterations: last.iteration,
      estimates: [truth === undefined ? row : { ...row, truth, allowed: 0.05 }],
      history,
      device: where,
      pictures: [
        { caption: 'half of the beam; the load is at the left, on top', image: picture(design, last.density) },
      ],
      film: { images: [...films, picture(design, last.density)], fps: 10, caption: 'densities from step to step' },
      notes: [
        `${nx} × ${ny} elements, filter of ${filter === 'density' ? 'densities' : 'sensitivities'}, radius ${radius} elements.`,
        'In f64, whatever was asked for: stiffnesses differ by 10⁹.',
        'Gradient: through assembly and solve by the adjoint; the Cholesky factor of the forward solve serves it too.',
      ],
    };
  },
};
