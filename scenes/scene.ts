/** What a scene is: a story with a number that it must meet, and what scenes share. The command line runs any of them. */

import { type Device, device as open } from '../kernel/index.ts';
import type { Image } from '../render/index.ts';

export interface SceneOptions {
  readonly preset: 'small' | 'full';
  /** Values given by `--set`, checked against the scene's settings. */
  readonly settings: Readonly<Record<string, number>>;
  /** Iterations at most; undefined: as many as the scene thinks right. */
  readonly iterations: number | undefined;
  readonly seed: number;
  readonly device: Device;
  /** Folder with the scene's input, for scenes that have one. */
  readonly frames: string | undefined;
  readonly onProgress: (progress: SceneProgress) => void;
  readonly signal?: AbortSignal;
}

export interface SceneProgress {
  readonly iteration: number;
  readonly loss: number;
  /** Share of the work done, 0 … 1. */
  readonly done: number;
  /** What is going on, in a few words. */
  readonly note: string;
}

export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  /** value ≤ bound, and whatever else the scene asks. */
  readonly met: boolean;
}

/** One row of the report's table. */
export interface Estimate {
  readonly name: string;
  readonly unit: string;
  readonly fitted: number;
  /** Half width of the 95 % interval. */
  readonly interval: number;
  readonly guess: number;
  readonly truth?: number;
  /** Error that the goal allows. */
  readonly allowed?: number;
}

export interface Picture {
  readonly caption: string;
  readonly image: Image;
}

export interface Axis {
  readonly name: string;
  readonly log?: boolean;
}

export interface Series {
  readonly name: string;
  readonly marks: 'points' | 'line' | 'dashes';
  /** What is not finite, and on a logarithmic axis what is not positive, is left out. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Half the length of an upright bar through each point. */
  readonly errors?: readonly number[];
  /** As that of the series with this number, such as measurements and the curve through them. */
  readonly colourOf?: number;
}

/** Numbers over numbers, drawn by whoever shows the result. */
export interface Plot {
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

export interface SceneResult {
  readonly goal: Goal;
  readonly fitted: Readonly<Record<string, unknown>>;
  readonly loss: number;
  readonly iterations: number;
  readonly estimates: readonly Estimate[];
  readonly history: readonly SceneProgress[];
  readonly pictures: readonly Picture[];
  readonly plots?: readonly Plot[];
  /** An animation, its pictures per second, and what it shows. */
  readonly film?: { readonly images: readonly Image[]; readonly fps: number; readonly caption?: string };
  /** What computed, where that is not the device given. */
  readonly device?: string;
  /** Sentences for the report. */
  readonly notes: readonly string[];
}

export interface Scene {
  readonly name: string;
  /** One line for `retrograde list`. */
  readonly summary: string;
  /** What `--set` takes, and what it means. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether `--frames` says where its input is; without it, the scene's own. */
  readonly takesFrames?: boolean;
  run(options: SceneOptions): Promise<SceneResult>;
}

/** Checks settings. @throws RangeError if one is no whole number, or below its least. */
export function checkWhole(scene: string, settings: object, least: Readonly<Record<string, number>>): void {
  for (const [name, from] of Object.entries(least)) {
    const value = (settings as Readonly<Record<string, number>>)[name];
    if (!Number.isInteger(value) || value < from)
      throw new RangeError(`${scene}: '${name}' is ${value}; it must be a whole number from ${from}.`);
  }
}

/** Checks settings that are on or off. @throws RangeError if one is neither 1 nor 0. */
export function checkSwitch(scene: string, settings: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(settings))
    if (value !== 0 && value !== 1)
      throw new RangeError(`${scene}: '${name}' is ${value}; it must be 1, on, or 0, off.`);
}

/** Checks settings. @throws RangeError if one is not above zero. */
export function checkPositive(scene: string, settings: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(settings))
    if (!(value > 0)) throw new RangeError(`${scene}: '${name}' is ${value}; it must be positive.`);
}

/** Runs where there are doubles: on the device given, or where it has none on a CPU device of its own. */
export async function inDoubles<R>(given: Device, run: (device: Device) => Promise<R>): Promise<R> {
  if (given.precision === 'f64') return run(given);
  const device = await open({ kind: 'cpu', precision: 'f64', makeDefault: false });
  try {
    return await run(device);
  } finally {
    device.destroy();
  }
}

/**
 * Tells how a fit comes on, after each of its iterations: how far off `what` is, in parts of its noise, which the residuals are in.
 *
 * @param share Of the scene's work that this fit is. Default all.
 */
export const tellsFit =
  (
    history: SceneProgress[],
    onProgress: SceneOptions['onProgress'],
    { what, residuals, share = 1 }: { readonly what: string; readonly residuals: number; readonly share?: number },
  ) =>
  (_: Float64Array, value: number): void => {
    const loss = Math.sqrt(value / residuals);
    const note = `${what} are off by ${loss.toPrecision(3)} times their noise`;
    const progress = { iteration: history.length + 1, loss, done: share * Math.min(1, 1 / loss), note };
    history.push(progress);
    onProgress(progress);
  };
