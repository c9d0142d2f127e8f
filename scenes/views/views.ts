/** What the scenes of views share: cameras around a thing, and descents that show on the way where they are. */

import { disposeTree } from '../../adjoint/index.ts';
import { type Device, stack, type Tensor } from '../../kernel/index.ts';
import { type Camera, type Lens, lookAt } from '../../render/index.ts';
import { type Method, type MinimizeState, minimize } from '../../solvers/index.ts';
import type { SceneProgress } from '../scene.ts';

/** A camera that looks at the origin from a distance, at angles about the upright axis and above the ground. */
export function cameraAt(lens: Lens, distance: number, around: number, above: number, device: Device): Camera {
  const level = distance * Math.cos(above);
  const eye = [level * Math.sin(around), distance * Math.sin(above), level * Math.cos(around)] as const;
  return { lens, pose: lookAt(eye, [0, 0, 0], [0, 1, 0], { device }) };
}

/** Cameras with one lens as a batch. */
export const together = (cameras: readonly Camera[]): Camera => ({
  lens: cameras[0].lens,
  pose: {
    position: stack(cameras.map(({ pose }) => pose.position)),
    orientation: stack(cameras.map(({ pose }) => pose.orientation)),
  },
});

/** Evenly around, higher and lower by turns. */
export const ring = (count: number, lens: Lens, distance: number, device: Device): Camera[] =>
  Array.from({ length: count }, (_, k) =>
    cameraAt(lens, distance, (2 * Math.PI * k) / count, 0.25 + 0.45 * Math.sin(2.4 * k), device),
  );

export interface Stretch<P> {
  /** Steps taken. */
  readonly iteration: number;
  /** The best so far. */
  readonly params: P;
  readonly loss: number;
}

export interface DescentOptions {
  readonly iterations: number;
  /** Steps after which where it is is shown; more and more of them. */
  readonly pictures: number;
  /** Default, for losses that are mean squares: in dB. */
  readonly note?: (loss: number) => string;
  /** Where progress is kept. */
  readonly history: SceneProgress[];
  readonly onProgress: (progress: SceneProgress) => void;
  readonly signal: AbortSignal | undefined;
}

/** Minimises, and yields its best point at the start and then ever more rarely, last at the end. */
export async function* descent<P, S>(
  loss: (params: P) => Tensor,
  start: P,
  method: Method<S>,
  { iterations, pictures, note = inDecibels, history, onProgress, signal }: DescentOptions,
): AsyncGenerator<Stretch<P>> {
  let state: MinimizeState<S> | undefined;
  let taken = 0;
  for (let k = 0; k <= pictures && !signal?.aborted; k++) {
    const until = Math.round(iterations * (k / pictures) ** 2);
    if (k > 0 && until === taken) continue;
    const found = await minimize(loss, start, method, {
      iterations: until - taken,
      ...(state && { state }),
      ...(signal && { signal }),
      onIteration: ({ iteration, value }) => {
        const progress = { iteration, loss: value, done: iteration / iterations, note: note(value) };
        history.push(progress);
        onProgress(progress);
      },
    });
    state = found.state;
    taken = until;
    yield { iteration: found.history.length - 1, params: found.best, loss: found.value };
    disposeTree(found.best);
    if (found.reason !== 'iterations') return;
  }
}

/** Peak signal over noise of pictures with values to 1, dB. */
export const decibels = (meanSquare: number): number => -10 * Math.log10(meanSquare);

const inDecibels = (meanSquare: number): string => `${decibels(meanSquare).toFixed(1)} dB`;
