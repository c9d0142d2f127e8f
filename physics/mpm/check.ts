/** What the material point method asks of what it is given. */

import type { Tensor } from '../../kernel/index.ts';
import { checkRecord } from '../../kernel/index.ts';
import { checkNumbers, checkTensor } from '../field.ts';
import { checkTime } from '../simulator.ts';
import { type Material, plastic } from './laws.wgsl.ts';
import type { Space } from './splines.wgsl.ts';
import type { MpmParams, MpmSpec, MpmState } from './state.ts';
import type { Wall } from './walls.ts';

const kinds: readonly Wall[] = ['sticky', 'slip', 'separate'];

/** @throws RangeError, TypeError for what cannot be a grid with walls. */
export function checkSpec(spec: MpmSpec): void {
  checkRecord('mpm', 'what is given', spec, ['nodes', 'spacing', 'matter']);
  const { nodes, spacing, thickness = 3, walls, body, fibre } = spec;
  if (nodes.length < 2 || nodes.length > 3 || nodes.some(n => !Number.isInteger(n) || n < 8))
    throw new RangeError(`mpm: the grid has [${nodes.join(', ')}] nodes; give 2 or 3 whole numbers from 8.`);
  if (!(spacing > 0 && spacing < Number.POSITIVE_INFINITY))
    throw new RangeError(`mpm: nodes are ${spacing} m apart; give a positive distance.`);
  if (!Number.isInteger(thickness) || thickness < 3 || nodes.some(n => n < 2 * thickness + 2))
    throw new RangeError(
      `mpm: walls are ${thickness} nodes thick on a grid of [${nodes.join(', ')}]; give a whole number from 3 that leaves 2 nodes between them.`,
    );
  const given = Array.isArray(walls) ? walls.flat() : [walls ?? 'separate'];
  for (const wall of [...given, ...(body ? [body] : [])])
    if (!kinds.includes(wall))
      throw new TypeError(`mpm: a wall is '${wall}'; walls are ${kinds.map(k => `'${k}'`).join(', ')}.`);
  if (Array.isArray(walls) && (walls.length !== nodes.length || walls.some(w => w.length !== 2)))
    throw new RangeError(`mpm: ${walls.length} pairs of walls for ${nodes.length} axes; give two walls to each axis.`);
  if (fibre && fibre.length !== nodes.length)
    throw new RangeError(
      `mpm: the fibre is (${fibre.join(', ')}) on a grid of ${nodes.length} axes; give it as many numbers.`,
    );
}

export const short = (r: number): number => Number(r.toPrecision(4));

/** Where particles may be, in words: the nodes that the walls leave free, as watch.ts asks. */
export const free = ({ nodes, spacing }: Space): string =>
  `from ${short(1.5 * spacing)} to ${nodes.map(n => short((n - 2.5) * spacing)).join(', ')} m`;

/** @throws RangeError for a point, of d numbers each, where no particle may be. */
export function checkPlaces(points: Float64Array, space: Space): void {
  const { nodes, spacing } = space;
  const d = nodes.length;
  const outside = points.findIndex((x, k) => x < 1.5 * spacing || x > (nodes[k % d] - 2.5) * spacing);
  if (outside < 0) return;
  const p = Math.floor(outside / d);
  throw new RangeError(
    `mpm: particle ${p} starts at (${[...points.slice(p * d, p * d + d)].map(short).join(', ')}) m, and particles may be ${free(space)}; move it, or take more nodes.`,
  );
}

/** @throws RangeError for a number of steps, or of those between two looks, that is none. */
export function checkRun(steps: number, stretch: number): void {
  if (!Number.isInteger(steps) || steps < 0)
    throw new RangeError(`mpm: a run of ${steps} steps; give { steps } as a whole number from 0.`);
  if (!Number.isInteger(stretch) || stretch < 1)
    throw new RangeError(`mpm: looks are ${stretch} steps apart; give { stretch } as a whole number from 1.`);
}

/** @throws RangeError naming the first number that no matter has. */
export async function checkMatter({ mass, volume, mu }: MpmParams): Promise<void> {
  await checkNumbers('mpm', 'mass', mass, 'positive');
  await checkNumbers('mpm', 'volume', volume, 'positive');
  await checkNumbers('mpm', 'mu', mu, 'at least 0');
}

interface Known {
  readonly nodes: readonly number[];
  readonly count: number;
  readonly d: number;
  readonly among: readonly Material[];
  readonly actuators: number;
  readonly body: Wall | undefined;
}

const checkShape = (name: string, given: Tensor | undefined, shape: readonly number[]): void => {
  checkTensor('mpm', name, given);
  const found = (given as Tensor).shape;
  if (found.join() !== shape.join())
    throw new RangeError(`mpm: ${name} has shape [${found.join(', ')}]; it must be [${shape.join(', ')}].`);
};

const checkCount = (name: string, given: Tensor | undefined, counts: readonly number[], what: string): void => {
  checkTensor('mpm', name, given);
  const { size } = given as Tensor;
  if (!counts.includes(size)) throw new RangeError(`mpm: ${name} has ${size} numbers; give ${what}.`);
};

/** @throws RangeError, TypeError unless the step can be taken. */
export function checkState(
  { nodes, count, d, among, actuators, body }: Known,
  state: MpmState,
  params: MpmParams,
  dt: number,
): void {
  checkRecord('mpm', 'params', params, ['mass', 'volume', 'lambda', 'mu', 'gravity']);
  checkShape('x', state.x, [count, d]);
  checkShape('v', state.v, [count, d]);
  checkShape('C', state.C, [count, d, d]);
  checkShape('F', state.F, [count, d, d]);
  if (among.some(m => plastic.includes(m))) checkShape('memory', state.memory, [count]);
  if (among.includes('sand')) checkCount('angle', params.angle, [1], 'one, rad, since there is sand');
  if (among.includes('snow'))
    for (const name of ['compression', 'stretch', 'hardening'] as const)
      checkCount(`snow.${name}`, params.snow?.[name], [1], 'one, since there is snow');
  for (const name of ['mass', 'volume', 'lambda', 'mu'] as const)
    checkCount(name, params[name], [1, count], `one, or one to each of the ${count} particles`);
  checkCount('gravity', params.gravity, [d], `one to each of the ${d} axes`);
  if (params.friction) checkCount('friction', params.friction, [1], 'one');
  if (actuators > 0)
    checkCount('actuation', params.actuation, [actuators], `one to each of the ${actuators} actuators`);
  if (body) {
    const all = nodes.reduce((a, b) => a * b, 1);
    checkCount('distance', params.distance, [all], `one to each of the ${all} nodes, since there is a body`);
  }
  checkTime('mpm', dt);
}
