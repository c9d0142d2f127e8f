/** What a scene is: a story with a number that it must meet. The command line runs any of them. */

import type { Device } from '../kernel/index.ts';
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

export interface SceneResult {
  readonly goal: Goal;
  readonly fitted: Readonly<Record<string, unknown>>;
  readonly loss: number;
  readonly iterations: number;
  readonly estimates: readonly Estimate[];
  readonly history: readonly SceneProgress[];
  readonly pictures: readonly Picture[];
  /** An animation and its pictures per second. */
  readonly film?: { readonly images: readonly Image[]; readonly fps: number };
  /** Sentences for the report. */
  readonly notes: readonly string[];
}

export interface Scene {
  readonly name: string;
  /** One line for `retrograde list`. */
  readonly summary: string;
  /** What `--set` takes, and what it means. */
  readonly settings: Readonly<Record<string, string>>;
  run(options: SceneOptions): Promise<SceneResult>;
}
