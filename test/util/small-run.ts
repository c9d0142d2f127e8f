// Runs of scenes at the size that tests have time for.

import type { Scene, SceneResult } from '../../scenes/scene.ts';
import { cpu32 } from './devices.ts';

/** The scene's small preset on the CPU, with these settings. */
export const smallRun =
  (scene: Scene) =>
  (
    settings: Readonly<Record<string, number>>,
    { iterations, seed = 0 }: { readonly iterations?: number; readonly seed?: number } = {},
  ): Promise<SceneResult> =>
    scene.run({ preset: 'small', settings, iterations, seed, device: cpu32, frames: undefined, onProgress: () => {} });
