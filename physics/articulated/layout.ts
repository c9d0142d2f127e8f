/**
 * How the kernels of this folder are written: one invocation for each environment, loops over frames or velocities, tables of integers.
 *
 * An array of environments is [envs, rows, width]. Parameters are [rows, width], or [envs, rows, width] where environments differ:
 * then all of them are, and the kernels are texts of their own. What is indexed by a table goes through local arrays, or by numbers that
 * are held to the environment's rows, min(i, rows − 1): an invocation's words are then known to be its own, and gradients need no sums
 * between invocations. Local arrays are dear to compile on a GPU, and only worth it for what changes. Where a loop changes a local array,
 * it only adds to it, so that the reverse sweep needs none of the contents on the way.
 */

import { type Kernel, kernelsByKey } from '../../kernel/index.ts';
import type { Model } from './model.ts';
import { columns } from './tables.ts';

/** Lengths that the texts have as constants: environments differ in their parameters or not; frames, velocities, coordinates, joints, links. */
export interface Sizes {
  readonly own: boolean;
  readonly frames: number;
  readonly nv: number;
  readonly nq: number;
  readonly joints: number;
  readonly links: number;
}

export const sizesOf = (model: Model, own: boolean): Sizes => ({
  own,
  frames: model.tables.frames.length,
  nv: model.nv,
  nq: model.nq,
  joints: Math.max(1, model.joints.length),
  links: model.links.length,
});

/** A cache of kernels for one text: one for each set of sizes. */
export function bySizes(text: (sizes: Sizes) => string): (sizes: Sizes) => Kernel {
  const kernels = kernelsByKey();
  return sizes => kernels(JSON.stringify(sizes), () => text(sizes));
}

/** First word of a row of an array of environments; `e` is the environment. */
export const place = (rows: number, width: number, row: string, e = 'e'): string =>
  `(${e === 'e' ? e : `(${e})`} * ${rows}u + ${row})${width > 1 ? ` * ${width}u` : ''}`;

/** A row's number, held to the rows that there are. */
export const held = (row: string, rows: number): string => `min(${row}, ${Math.max(rows, 1) - 1}u)`;

/** The number of a row that a table tells, in an environment's rows of one word. */
export const wordAt = (name: string, rows: number, row: string): string =>
  `${name}[${place(rows, 1, held(row, rows))}]`;

/** First word of a row of a parameter. */
export const paramAt = ({ own }: Pick<Sizes, 'own'>, rows: number, width: number, row: string): string =>
  own ? place(rows, width, row) : `(${row})${width > 1 ? ` * ${width}u` : ''}`;

/** Three words as a vector. */
export const vec = (name: string, at: string, from = 0): string =>
  `vec3f(${[0, 1, 2].map(k => `${name}[${at} + ${from + k}u]`).join(', ')})`;

/** A mat3x3f from the six words xx, yy, zz, xy, xz, yz of a symmetric matrix. */
export const symmetric = (name: string, at: string, from = 0): string => {
  const word = (k: number): string => `${name}[${at} + ${from + k}u]`;
  return `mat3x3f(${[0, 3, 4, 3, 1, 5, 4, 5, 2].map(word).join(', ')})`;
};

/** Statements that write vectors as words, one after the other. */
export const store = (name: string, at: string, vectors: readonly string[], from = 0): string =>
  vectors
    .map((v, i) => [0, 1, 2].map(k => `${name}[${at} + ${from + 3 * i + k}u] = ${v}[${k}];`).join(' '))
    .join('\n      ');

/** A column of the table of frames, in row f. */
export const column = (name: (typeof columns)[number]): string =>
  `frames[f * ${columns.length}u + ${columns.indexOf(name)}u]`;

/** Functions of quaternions (w, x, y, z). */
export const quaternions: string = /* wgsl */ `
  fn product(a: vec4f, b: vec4f) -> vec4f {
    let w = a.x * b.x - dot(a.yzw, b.yzw);
    return vec4f(w, a.x * b.yzw + b.x * a.yzw + cross(a.yzw, b.yzw));
  }
  fn rotation(q: vec4f) -> mat3x3f {
    let w = q.x;
    let x = q.y;
    let y = q.z;
    let z = q.w;
    return mat3x3f(
      1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y),
      2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x),
      2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y));
  }
`;

/** A mat3x3f and a vec3f from twelve words, columns first. */
export const poseFrom = (name: string, at: string): readonly [string, string] => [
  `mat3x3f(${[0, 3, 6].map(k => vec(name, at, k)).join(', ')})`,
  vec(name, at, 9),
];

/** Statements that write a mat3x3f and a vec3f as twelve words. */
export const poseTo = (name: string, at: string, matrix: string, shift: string): string =>
  store(name, at, [...[0, 1, 2].map(k => `${matrix}[${k}]`), shift]);
