/**
 * Films of swinging chains that no part of the project made: classical Runge–Kutta of order 4 in double precision with
 * 64 steps a frame, and a picture that counts 16 × 16 samples a pixel in the union of discs and round-ended segments.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { mulberry32 } from './random.ts';
import { sampledCoverage } from './sampled-coverage.ts';

export interface FilmRecipe {
  readonly size: readonly [number, number];
  readonly pixelsPerMetre: number;
  readonly origin: readonly [number, number];
  readonly massRadius: number;
  readonly springWidth: number;
  readonly fps: number;
  readonly frames: number;
  readonly mass: readonly number[];
  readonly restLength: readonly number[];
  readonly position0: readonly (readonly [number, number])[];
  readonly truth: Dynamics;
  readonly guess: Dynamics;
}

export interface Dynamics {
  readonly stiffness: number;
  readonly springDamping: number;
  readonly gravity: number;
  readonly drag: number;
  readonly velocity0: readonly (readonly [number, number])[];
}

/** A chain of one to six masses with everything drawn at random; the guess is off by half, the velocities unknown. */
export function randomFilm(seed: number, masses?: number): FilmRecipe {
  const random = mulberry32(seed);
  const u = (from: number, to: number) => from + (to - from) * random();
  const n = masses ?? 1 + Math.floor(u(0, 6));
  const each = <T>(make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
  const mass = each(() => u(0.15, 0.5));
  const restLength = each(() => u(0.35, 0.8));
  let [x, y] = [0, 0];
  const position0 = each((i): [number, number] => {
    const angle = -Math.PI / 2 + u(-0.8, 0.8);
    const length = restLength[i] * u(0.95, 1.25);
    x += length * Math.cos(angle);
    y += length * Math.sin(angle);
    return [x, y];
  });
  const width = [96, 128, 160][Math.floor(u(0, 3))] ?? 128;
  const reach = 1.6 * restLength.reduce((sum, l) => sum + l, 0);
  const truth = {
    stiffness: u(25, 80),
    springDamping: u(0.1, 0.6),
    gravity: u(6, 13),
    drag: u(0.02, 0.12),
    velocity0: each((): [number, number] => [u(-2.2, 2.2), u(-1.2, 1.2)]),
  };
  const off = (): number => (u(0, 1) < 0.5 ? 0.5 : 1.5);
  return {
    size: [width, width],
    pixelsPerMetre: (width * u(0.75, 1)) / reach,
    origin: [width / 2, 0.12 * width],
    massRadius: u(0.09, 0.13),
    springWidth: u(0.025, 0.04),
    fps: 30,
    frames: Math.round(u(24, 60)),
    mass,
    restLength,
    position0,
    truth,
    guess: {
      stiffness: truth.stiffness * off(),
      springDamping: truth.springDamping * off(),
      gravity: 9.81,
      drag: 0,
      velocity0: each((): [number, number] => [0, 0]),
    },
  };
}

/** Positions in every frame, [frames][masses] pairs. */
export function trajectory({ mass, restLength, position0, truth, fps, frames }: FilmRecipe): [number, number][][] {
  const n = mass.length;
  const { stiffness: k, springDamping: c, gravity: g, drag: b } = truth;
  const derivative = (s: readonly number[]): number[] => {
    const v = s.slice(2 * n);
    const f = v.map(vi => -b * vi);
    for (let i = 0; i < n; i++) {
      const at = (list: readonly number[], node: number, axis: number): number =>
        node < 0 ? 0 : list[2 * node + axis];
      const [dx, dy] = [at(s, i - 1, 0) - at(s, i, 0), at(s, i - 1, 1) - at(s, i, 1)];
      const l = Math.hypot(dx, dy);
      const [nx, ny] = [dx / l, dy / l];
      const rate = (at(v, i - 1, 0) - at(v, i, 0)) * nx + (at(v, i - 1, 1) - at(v, i, 1)) * ny;
      const pull = k * (l - restLength[i]) + c * rate;
      for (const [axis, along] of [nx, ny].entries()) {
        f[2 * i + axis] = f[2 * i + axis] + pull * along;
        if (i > 0) f[2 * i - 2 + axis] = f[2 * i - 2 + axis] - pull * along;
      }
    }
    const a = f.map((fi, j) => fi / mass[Math.floor(j / 2)] - (j % 2 ? g : 0));
    return [...v, ...a];
  };
  const dt = 1 / (64 * fps);
  const plus = (s: readonly number[], t: number, d: readonly number[]): number[] => s.map((si, i) => si + t * d[i]);
  let state = [...position0.flat(), ...truth.velocity0.flat()];
  const film: [number, number][][] = [];
  for (let frame = 0; frame < frames; frame++) {
    film.push(mass.map((_, i) => [state[2 * i], state[2 * i + 1]]));
    for (let step = 0; step < 64; step++) {
      const d1 = derivative(state);
      const d2 = derivative(plus(state, dt / 2, d1));
      const d3 = derivative(plus(state, dt / 2, d2));
      const d4 = derivative(plus(state, dt, d3));
      state = state.map((s, i) => s + (dt / 6) * (d1[i] + 2 * d2[i] + 2 * d3[i] + d4[i]));
    }
  }
  return film;
}

/** Writes scene.json, truth.json and the frames. */
export async function writeFilm(folder: string, recipe: FilmRecipe): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { size, pixelsPerMetre: scale, origin, massRadius, springWidth, truth, guess, ...rest } = recipe;
  const [width, height] = size;
  const scene = {
    ...rest,
    camera: { size, pixelsPerMetre: scale, origin },
    drawing: { massRadius, springWidth },
    anchor: [0, 0],
    unknown: { stiffness: 'k', springDamping: 'c', gravity: 'g', drag: 'b', velocity0: 'v' },
    guess,
  };
  await writeFile(join(folder, 'scene.json'), JSON.stringify(scene));
  await writeFile(join(folder, 'truth.json'), JSON.stringify(truth));
  for (const [frame, positions] of trajectory(recipe).entries()) {
    const points = [[0, 0] as const, ...positions].map(
      ([x, y]) => [origin[0] + scale * x, origin[1] - scale * y] as const,
    );
    const data = new Uint8Array(width * height);
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const covered = sampledCoverage(points, massRadius * scale, springWidth * scale, column, row);
        data[row * width + column] = Math.round(255 * (1 - covered));
      }
    await writeFile(
      join(folder, `${String(frame).padStart(3, '0')}.png`),
      encode({ width, height, data, channels: 1, depth: 8 }),
    );
  }
}
