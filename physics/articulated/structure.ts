/** The tables of a model on a device, made once; and its parameters, those of one environment or of each. */

import { type Device, onDeviceOf, type Tensor, tensor } from '../../kernel/index.ts';
import { type Sizes, sizesOf } from './layout.ts';
import { mediumShapes } from './medium/immersed.ts';
import type { ArticulatedParams, ArticulatedState, Model } from './model.ts';
import { columns } from './tables.ts';
import { wrapsOf, wrapWidth } from './tendons/tendon-wrap.ts';

/** Integers that kernels read. */
export interface Structure {
  readonly frames: Tensor;
  readonly before: Tensor;
  readonly base: Tensor;
  readonly frame: Tensor;
  readonly last: Tensor;
  readonly start: Tensor;
  readonly ancestors: Tensor;
}

export const structureOn: (model: Model, device: Device) => Structure = onDeviceOf((model: Model, device) => {
  const { frames, before, base, frame, last, start, ancestors } = model.tables;
  const list = (numbers: readonly number[]): Tensor => tensor(Uint32Array.from(numbers), undefined, { device });
  return {
    frames: list(frames.flatMap(row => columns.map(name => row[name]))),
    before: list(before),
    base: list(base),
    frame: list(frame),
    last: list(last),
    start: list(start),
    ancestors: list(ancestors),
  };
});

const shapes = ({
  links,
  joints,
  tendons,
  immersed,
  nq,
  nv,
}: Model): Partial<Readonly<Record<keyof ArticulatedParams, readonly number[]>>> => ({
  gravity: [3],
  position: [links.length, 3],
  orientation: [links.length, 4],
  mass: [links.length],
  com: [links.length, 3],
  inertia: [links.length, 6],
  axis: [joints.length, 3],
  anchor: [joints.length, 3],
  reference: [nq],
  stiffness: [joints.length],
  springReference: [nq],
  damping: [nv],
  armature: [nv],
  gravityCompensation: [links.length],
  ...tendonShapes({ tendons, nv }),
  ...mediumShapes({ immersed }),
});

/** Shapes of what tendons add to the parameters. */
function tendonShapes({
  tendons,
  nv,
}: Pick<Model, 'tendons' | 'nv'>): Partial<Record<keyof ArticulatedParams, readonly number[]>> {
  const t = tendons.length;
  if (t === 0) return {};
  const points = tendons.reduce((sum, { path }) => sum + path.filter(({ site }) => site).length, 0);
  const wraps = wrapsOf({ tendons }).length;
  return {
    ...{ tendonWeights: [t, nv], tendonStiffness: [t], tendonRest: [t, 2], tendonDamping: [t] },
    ...(points > 0 && { tendonPoints: [points, 3] }),
    ...(wraps > 0 && { tendonWraps: [wraps, wrapWidth] }),
  };
}

/** The parameters a model was built with, as tensors on a device: the default one if none is named. */
export function articulatedParams(model: Model, device?: Device): ArticulatedParams {
  const entries = Object.entries(shapes(model)).map(([name, shape]) => [
    name,
    tensor(model.values[name as keyof ArticulatedParams] as readonly number[], shape, device ? { device } : {}),
  ]);
  return Object.fromEntries(entries) as ArticulatedParams;
}

/** What every function of this folder works with: sizes, tables, and parameters that agree on whether environments differ. */
export interface Prepared {
  readonly model: Model;
  readonly sizes: Sizes;
  readonly structure: Structure;
  readonly params: ArticulatedParams;
  readonly envs: number;
}

/**
 * Checks a state and parameters against the model.
 *
 * @throws RangeError naming the part that has another shape, and the shapes allowed.
 */
export function prepare(
  who: string,
  model: Model,
  params: ArticulatedParams,
  state: Partial<ArticulatedState> & Pick<ArticulatedState, 'q'>,
): Prepared {
  const envs = state.q.shape[0];
  rowsOf(who, 'q', state.q, envs, model.nq);
  if (state.v) rowsOf(who, 'v', state.v, envs, model.nv);
  const expected = Object.entries(shapes(model)) as [keyof ArticulatedParams, readonly number[]][];
  const isOwn = ([name, shape]: (typeof expected)[number]): boolean => {
    const given = params[name];
    if (given === undefined)
      throw new TypeError(`${who}: the parameters have no '${name}'; start from articulatedParams(model).`);
    if (same(given.shape, shape)) return false;
    if (same(given.shape, [envs, ...shape])) return true;
    throw new RangeError(
      `${who}: '${name}' has shape [${given.shape.join(', ')}]; it must be [${shape.join(', ')}], or [${[envs, ...shape].join(', ')}] where environments differ.`,
    );
  };
  const own = expected.filter(isOwn).length > 0;
  const fitted = own
    ? Object.fromEntries(
        expected.map(([name, shape]) => [name, (params[name] as Tensor).broadcastTo([envs, ...shape])]),
      )
    : params;
  return {
    model,
    sizes: sizesOf(model, own),
    structure: structureOn(model, state.q.device),
    params: fitted as ArticulatedParams,
    envs,
  };
}

/** @throws RangeError unless the tensor is [envs, width]. */
export function rowsOf(who: string, name: string, x: Tensor, envs: number, width: number): void {
  if (same(x.shape, [envs, width])) return;
  const row = x.shape.length === 1 ? ` A rollout's inputs are then [steps, environments, ${width}].` : '';
  throw new RangeError(
    `${who}: '${name}' has shape [${x.shape.join(', ')}]; it must be [environments, ${width}], with as many environments as q has rows.${row}`,
  );
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, k) => n === b[k]);
