/**
 * Liquid argon near its triple point, as Lennard-Jones saw it: does it have the energy and the pressure that others have found?
 *
 *   ρ* = 0.776, T* = 0.85, cut at 3 σ and corrected beyond:   U* of an atom = −5.5121(5),   p* = 0.0068(17)
 *
 * The reference is NIST's Standard Reference Simulation Website, Monte Carlo with long-range corrections. Langevin's bath, BAOAB with
 * dt* = 0.004; for argon ε/k = 120 K and σ = 3.4 Å, so 102 K and 1.31 g/cm³.
 * Goal: U* within 0.02 (small: 0.06), the pressure within three of its standard errors and 0.05.
 */

import { disposeTree, rollout } from '../../adjoint/index.ts';
import { stack } from '../../kernel/index.ts';
import {
  checkMotion,
  type LangevinState,
  longRange,
  meanSquareDisplacement,
  pressure,
  radialDistribution,
  temperature,
} from '../../physics/index.ts';
import type { Image } from '../../render/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { sketch } from '../sketch.ts';
import { liquid, perList } from './liquid.ts';

const known = { energy: -5.5121, pressure: 6.7714e-3 };
const dt = 0.004;
const bins = 60;
const sizes = {
  small: { cells: 4, settling: 1500, blocks: 8, allowed: 0.06 },
  full: { cells: 5, settling: 4000, blocks: 30, allowed: 0.02 },
} as const;
/** Steps of a block. */
const blockSteps = 500;

/** Mean of blocks, and its standard error. */
function average(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, error: Math.sqrt(square / Math.max(1, values.length * (values.length - 1))) };
}

/** A slice of the box, atoms nearer to the eye larger. */
function picture(x: ArrayLike<number>, length: number): Image {
  const inside = (v: number): number => v - length * Math.floor(v / length);
  const atoms = Array.from({ length: x.length / 3 }, (_, i) => [0, 1, 2].map(a => inside(x[3 * i + a])))
    .filter(([, , z]) => z > length - 3)
    .sort((a, b) => a[2] - b[2]);
  const dots = atoms.map(([px, py, pz]) => {
    const near = (pz - length + 3) / 3;
    return {
      at: [px, py],
      radius: 0.5,
      colour: [0.15 + 0.6 * (1 - near), 0.35 + 0.45 * (1 - near), 0.75],
      opacity: 0.95,
    };
  });
  return sketch({ x: [0, length], y: [0, length], width: 360 }, dots);
}

export const argon: Scene = {
  name: 'argon',
  summary: 'holds a Lennard-Jones liquid at a reference state, and compares energy and pressure',
  settings: {
    cells: 'of 4 atoms along a side of the box (preset small: 4, 256 atoms; full: 5, 500 atoms)',
    blocks: 'of 500 steps that are measured (8; 30)',
    settling: 'steps before (1500; 4000)',
  },
  async run({ preset, settings, seed, onProgress, signal, device }) {
    const { cells = sizes[preset].cells, blocks = sizes[preset].blocks, settling = sizes[preset].settling } = settings;
    const { allowed } = sizes[preset];
    checkWhole('argon', { cells, blocks, settling }, { cells: 4, blocks: 2, settling: 0 });
    const fluid = liquid({ cells, density: 0.776, kT: 0.85, cutoff: 3, seed, device });
    const { system, params, length, start, step } = fluid;
    const { count } = system.spec;
    const beyond = longRange(system, 'lj', params);
    const [energyBeyond, pressureBeyond] = [
      (await beyond.energy.item()) / count,
      (await beyond.virial.item()) / (3 * length ** 3),
    ];
    const box = [length, length, length];
    const range = 0.48 * length;
    const g = radialDistribution({ count, box, range, bins });
    const history: SceneProgress[] = [];
    const rows: number[][] = [];
    const radial = new Float64Array(bins);
    const moved: (readonly [number, number])[] = [];
    const advance = (state: LangevinState, steps: number): LangevinState =>
      rollout(s => step(s, params, dt), state, Math.ceil(steps / perList));
    let state = advance(start, settling);
    await checkMotion(system, state);
    const from = state.x.detach().mul(1);
    for (let b = 0; b < blocks && !signal?.aborted; b++) {
      const sums = [0, 0, 0];
      const looks = 10;
      for (let k = 0; k < looks; k++) {
        const before = state;
        state = advance(before, blockSteps / looks);
        const seen = stack([
          system.energy(state.x, params),
          pressure(system, state, params),
          temperature(state, params),
        ]);
        (await seen.read()).forEach((v, i) => {
          sums[i] += v / looks;
        });
        if (before.x !== start.x) disposeTree(before);
      }
      await checkMotion(system, state);
      (await g(state.x, params.box).read()).forEach((v, i) => {
        radial[i] += v / blocks;
      });
      moved.push([blockSteps * dt * (b + 1), await meanSquareDisplacement(state.x, from).item()]);
      rows.push([sums[0] / count + energyBeyond, sums[1] + pressureBeyond, sums[2]]);
      const soFar = average(rows.map(([u]) => u)).mean;
      const progress = {
        iteration: b + 1,
        loss: Math.abs(soFar - known.energy),
        done: (b + 1) / blocks,
        note: `U* = ${soFar.toFixed(4)}`,
      };
      history.push(progress);
      onProgress(progress);
    }
    const [u, p, t] = [0, 1, 2].map(i => average(rows.map(row => row[i])));
    const value = Math.abs(u.mean - known.energy);
    const off = Math.abs(p.mean - known.pressure);
    const late = moved.slice(Math.floor(moved.length / 3));
    const [first, last] = [late[0], late[late.length - 1]];
    const diffusion = (last[1] - first[1]) / (last[0] - first[0]) / 6;
    return {
      goal: {
        name: 'distance of U* from the reference',
        value,
        bound: allowed,
        met: value <= allowed && off <= 3 * p.error + 0.05,
      },
      fitted: { energy: u.mean, pressure: p.mean, temperature: t.mean, diffusion },
      loss: value,
      iterations: settling + rows.length * blockSteps,
      estimates: [
        {
          name: 'U*',
          unit: 'ε',
          fitted: u.mean,
          interval: 2 * u.error,
          guess: Number.NaN,
          truth: known.energy,
          allowed,
        },
        {
          ...{ name: 'p*', unit: 'ε/σ³', fitted: p.mean, interval: 2 * p.error, guess: Number.NaN },
          ...{ truth: known.pressure, allowed: 3 * p.error + 0.05 },
        },
      ],
      history,
      pictures: [
        { caption: 'the upper 3 σ of the box, paler further down', image: picture(await state.x.read(), length) },
      ],
      plots: [
        {
          caption: 'radial distribution function',
          x: { name: 'r / σ' },
          y: { name: 'g' },
          series: [
            {
              name: 'g',
              marks: 'line',
              points: Array.from(radial, (v, i) => [((i + 0.5) * range) / bins, v] as const),
            },
          ],
        },
        {
          caption: 'mean square displacement',
          x: { name: 'time' },
          y: { name: 'σ²' },
          series: [{ name: 'displacement', marks: 'points', points: moved }],
        },
      ],
      notes: [
        `${count} atoms, ${rows.length} blocks of ${blockSteps} steps after ${settling}: U* = ${u.mean.toFixed(4)} ± ${u.error.toFixed(4)} (reference ${known.energy}), p* = ${p.mean.toFixed(3)} ± ${p.error.toFixed(3)} (${known.pressure}), T* = ${t.mean.toFixed(4)} ± ${t.error.toFixed(4)}.`,
        `Beyond the cut-off: U* ${energyBeyond.toFixed(4)}, p* ${pressureBeyond.toFixed(4)}. In the bath displacements grow by 6 D t with D* = ${diffusion.toFixed(3)}.`,
        'The standard errors are those of blocks, taken for independent.',
      ],
    };
  },
};
