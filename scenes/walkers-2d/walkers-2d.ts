/**
 * Robots of springs, and of boxes, learn to walk by gradients through hundreds of contacts with the ground.
 *
 *   min −x_head(T)   or   min |x_head(T) − x*|       over the weights of a network of 32 hidden units that sees time, places and speeds
 *
 * Gradients through contacts explode: each seed goes by steps of bounded length, and keeps the best weights it met.
 * Goal: the robots of springs A, B, C come as far as 0.45, 0.43, 0.46 m in 100 iterations (D: 0.4); those of boxes 0, 1, 2 as near to their goal
 * as 0.25, 0.43, 0.31 m in 20; the best of the seeds counts. In fewer iterations they come 2 cm farther than at first, in the mean of the seeds.
 */

import { beside } from '../../render/index.ts';
import { checkWhole, type Picture, type Scene, type SceneProgress } from '../scene.ts';
import { crawler } from './crawl.ts';
import { frames } from './frames.ts';
import { lattices } from './lattices.ts';
import { learningPlots, moments } from './pictures.ts';
import { strider } from './stride.ts';
import { type Lesson, learn, ownOf, type Timing, type Walker } from './walker.ts';

const sizes = {
  small: { springs: 1, boxes: 0, seeds: 4, iterations: 8 },
  full: { springs: 4, boxes: 3, seeds: 8, iterations: 100 },
} as const;
/** m, after all iterations; and after a few, how much farther than at first, where the best of the seeds would be one that began well. */
const far = [0.45, 0.43, 0.46, 0.4];
const close = [0.25, 0.43, 0.31];
const few = 0.02;

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

export const walkers2d: Scene = {
  name: 'walkers-2d',
  summary: 'robots of springs and of boxes learn to walk, by gradients through their contacts with the ground',
  settings: {
    springs: 'robots of springs, of A to D (preset small: 1; full: 4)',
    boxes: 'robots of boxes, of 0 to 2 (0; 3)',
    seeds: 'of weights, of each robot (4; 8)',
  },
  async run({ preset, settings, iterations: asked, seed, device, onProgress, signal }) {
    const { iterations: standard, ...rest } = sizes[preset];
    const size = { ...rest, ...settings };
    checkWhole('walkers-2d', size, { springs: 1, boxes: 0, seeds: 1 });
    const springs = lattices.slice(0, size.springs);
    const rigid = frames.slice(0, size.boxes);
    const iterations = asked ?? standard;
    const history: SceneProgress[] = [];
    const total = springs.length + rigid.length + 1;
    let begun = 0;
    const taught = async (walker: Walker, timing: Timing, rounds: number, clip: boolean): Promise<Lesson> => {
      const before = begun++;
      return learn(
        walker,
        walker.first(size.seeds, seed),
        { iterations: rounds, length: 0.2, clip },
        device,
        (it, losses) => {
          const least = Math.min(...losses);
          const loss = least < 0 ? 1 + least : least; // of those that are to go far: what a metre lacks
          const note = `robot ${walker.name}, ${timing}: ${losses.map(v => Math.abs(v).toFixed(3)).join(' ')} m`;
          const progress = { iteration: history.length, loss, done: (before + (it + 1) / rounds) / total, note };
          history.push(progress);
          onProgress(progress);
          return !signal?.aborted;
        },
      );
    };
    const all: { readonly walker: Walker; readonly lesson: Lesson; readonly share: number; readonly bound: number }[] =
      [];
    for (const [k, lattice] of springs.entries()) {
      const walker = crawler(lattice, 'event', device);
      const lesson = await taught(walker, 'event', iterations, false);
      const [bound, reached] =
        iterations >= 100
          ? [far[k], -Math.min(...lesson.lowest)]
          : [few - mean(lesson.losses[0]), -mean(lesson.lowest)];
      all.push({ walker, lesson, bound, share: bound / Math.max(1e-3, reached) });
    }
    const compared = Math.min(2, springs.length - 1);
    const untimed = await taught(crawler(springs[compared], 'none', device), 'none', iterations, false);
    for (const [k, frame] of rigid.entries()) {
      const walker = strider(frame, 'event', device);
      const rounds = Math.min(iterations, 20);
      const lesson = await taught(walker, 'event', rounds, true);
      const [bound, reached] =
        rounds >= 20 ? [close[k], Math.min(...lesson.lowest)] : [mean(lesson.losses[0]) - few, mean(lesson.lowest)];
      all.push({ walker, lesson, bound, share: reached / bound });
    }
    const value = Math.max(...all.map(({ share }) => share));
    const reached = ({ lowest }: Lesson): number => Math.abs(Math.min(...lowest));
    const pictures: Picture[] = [];
    let film:
      | { readonly images: ReturnType<typeof moments>; readonly fps: number; readonly caption: string }
      | undefined;
    for (const { walker, lesson } of all) {
      const best = ownOf(lesson.best, lesson.lowest.indexOf(Math.min(...lesson.lowest)));
      const poses = await walker.poses(best);
      pictures.push({
        caption: `robot ${walker.name}, five moments of its walk${walker.lines.some(([, , muscle]) => muscle) ? '; muscles red' : ''}`,
        image: beside(moments(walker, poses, 5, 260), 8),
      });
      film ??= { images: moments(walker, poses, 60, 500), fps: 20, caption: `robot ${walker.name}, as it walks` };
    }
    return {
      goal: { name: 'largest of what was asked over what was reached', value, bound: 1, met: value <= 1 },
      fitted: Object.fromEntries(
        all.map(({ walker, lesson }) => [
          walker.name,
          { reached: reached(lesson), seeds: lesson.lowest, norm: Math.max(...lesson.norms.flat()) },
        ]),
      ),
      loss: 1 - reached(all[0].lesson),
      iterations: history.length,
      estimates: [],
      history,
      pictures,
      plots: learningPlots(springs[compared].name, all[compared].lesson, untimed),
      ...(film && { film }),
      notes: [
        ...all.map(
          ({ walker, lesson, bound }) =>
            `Robot ${walker.name}: ${reached(lesson).toFixed(3)} m ${lesson.lowest.some(v => v > 0) ? 'from its goal' : 'far'} at best, asked for ${bound.toFixed(3)}; seeds ${lesson.lowest.map(v => Math.abs(v).toFixed(3)).join(', ')}; gradients as long as ${Math.max(...lesson.norms.flat()).toExponential(1)}.`,
        ),
        `Robot ${springs[compared].name} without timed contacts: ${reached(untimed).toFixed(3)} m at best; seeds ${untimed.lowest.map(v => Math.abs(v).toFixed(3)).join(', ')}.`,
      ],
    };
  },
};
