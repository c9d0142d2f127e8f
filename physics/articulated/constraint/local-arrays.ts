/**
 * What kernels of touches and rows read, of environment e: poses of frames, and how velocities move points. All at first, into local
 * arrays (layout.ts), where it is used again and again; else one by one.
 *
 *   O               where the root is of each frame that is one; 0 is the world
 *   R, x            of each frame, about its root (points.ts)
 *   turn, shift     of each velocity: its axis, and what it moves at the root
 *   rate            of each velocity, its value
 */

import { held, place, vec } from '../layout.ts';
import type { Model } from '../model.ts';
import { localPoses } from '../points.ts';

/** O, from `relative`. */
export const roots = (frames: number): string => /* wgsl */ `
    var O: array<vec3f, ${frames + 1}>;
    for (var f = 0u; f < ${frames}u; f++) { O[f + 1u] = ${vec('relative', place(frames, 12, 'f'), 9)}; }`;

/** O, R and x, from `relative` and `pose`. */
export const poses = (frames: number): string => `
    ${roots(frames)}
    ${localPoses({ frames })}`;

/** First word of the row of `frame` less 1, held to the environment's rows. */
const rowAt = ({ tables: { frames } }: Model, frame: string): string =>
  place(frames.length, 12, held(`max(${frame}, 1u) - 1u`, frames.length));

/** R and x of one frame, from `pose`; 0 is the world. */
export const poseAt = (model: Model, frame: string): string => {
  const unit = (k: number): string => `vec3f(${[0, 1, 2].map(c => (c === k ? '1.0' : '0.0')).join(', ')})`;
  const columns = [0, 1, 2].map(k => `select(${vec('pose', 'poseRow', 3 * k)}, ${unit(k)}, fixed)`);
  return /* wgsl */ `
      let poseRow = ${rowAt(model, frame)};
      let fixed = ${frame} == 0u;
      let R = mat3x3f(${columns.join(', ')});
      let x = select(${vec('pose', 'poseRow', 9)}, vec3f(0.0), fixed);`;
};

/** O of one frame that is a root, from `relative`. */
export const rootAt = (model: Model, frame: string, O = 'O'): string => /* wgsl */ `
      let ${O}Row = ${rowAt(model, frame)};
      let ${O} = select(${vec('relative', `${O}Row`, 9)}, vec3f(0.0), ${frame} == 0u);`;

/** turn, shift and rate of one velocity, from `motion` and `v`. */
export const motionAt = (nv: number, d: string): string => /* wgsl */ `
          let of = ${place(nv, 1, held(d, nv))};
          let turn = ${vec('motion', 'of * 6u')};
          let shift = ${vec('motion', 'of * 6u', 3)};
          let rate = v[of];`;

/** rate, from `v`, with room for more. */
export const rates = (nv: number, more = 0): string => /* wgsl */ `
    var rate: array<f32, ${nv + more}>;
    for (var d = 0u; d < ${nv}u; d++) { rate[d] = v[${place(nv, 1, 'd')}]; }`;

/** turn, shift and rate, from `motion` and `v`. */
export const motions = (nv: number): string => /* wgsl */ `
    ${rates(nv)}
    var turn: array<vec3f, ${nv}>;
    var shift: array<vec3f, ${nv}>;
    for (var d = 0u; d < ${nv}u; d++) {
      turn[d] = ${vec('motion', place(nv, 6, 'd'))};
      shift[d] = ${vec('motion', place(nv, 6, 'd'), 3)};
    }`;

/** The number in a column of the row that begins at p. */
export const columnOf =
  (name: string) =>
  (column: number): string =>
    `${name}[p + ${column}u]`;
