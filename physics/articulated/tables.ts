/**
 * The structure of a tree as integers that kernels read.
 *
 * Each joint has a frame: the link's frame after this joint has moved it; a link without joints has one, too. A free joint has two,
 * a shift and a ball. So the frames form a tree in which each is its predecessor's frame moved in one way, and the velocities form one in
 * which each is added to its predecessor. In both, predecessors come first; numbers of predecessors are one larger, and 0 is the world.
 */

import type { Frame, Joint, Link, Tables } from './parts.ts';

/** How a frame moves: not at all, about an axis, along an axis, about a point, or by three coordinates along the world's axes. */
export const moves = { weld: 0, hinge: 1, slide: 2, ball: 3, shift: 4 } as const;

/** Columns of `frames`. */
export const columns = ['before', 'move', 'pose', 'joint', 'q', 'dof', 'body', 'root'] as const;

export function tables(links: readonly Link[], joints: readonly Joint[]): Tables {
  const frames: Frame[] = [];
  const frameOf: number[] = [];
  const before: number[] = [];
  const base: number[] = [];
  const frame: number[] = [];
  const last: number[] = [];
  links.forEach((link, l) => {
    let at = link.parent < 0 ? 0 : frameOf[link.parent] + 1;
    const add = (part: Pick<Frame, 'move' | 'joint' | 'q' | 'dof' | 'pose'>, body: boolean): void => {
      const f = frames.length;
      frames.push({ ...part, before: at, body: body ? l + 1 : 0, root: at === 0 ? f : frames[at - 1].root });
      const from = at === 0 ? 0 : last[at - 1];
      const count = part.move === moves.weld ? 0 : part.move >= moves.ball ? 3 : 1;
      for (let k = 0; k < count; k++) {
        before.push(k === 0 ? from : part.dof + k);
        base.push(from);
        frame.push(f);
      }
      last.push(count === 0 ? from : part.dof + count);
      at = f + 1;
    };
    link.joints.forEach((j, k) => {
      const { kind, q, dof } = joints[j];
      const body = k === link.joints.length - 1;
      if (kind === 'free') {
        add({ move: moves.shift, joint: j, q, dof, pose: 0 }, false);
        add({ move: moves.ball, joint: j, q: q + 3, dof: dof + 3, pose: 0 }, body);
      } else add({ move: moves[kind], joint: j, q, dof, pose: k === 0 ? l + 1 : 0 }, body);
    });
    if (link.joints.length === 0) add({ move: moves.weld, joint: 0, q: 0, dof: 0, pose: l + 1 }, true);
    frameOf.push(at - 1);
  });
  const start: number[] = [];
  const ancestors: number[] = [];
  before.forEach((_, d) => {
    start.push(ancestors.length);
    for (let k = d + 1; k > 0; k = before[k - 1]) ancestors.push(k - 1);
  });
  return { frames, frameOf, before, base, frame, last, start: [...start, ancestors.length], ancestors };
}
