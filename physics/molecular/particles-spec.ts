/** What particles are made of, as their user writes it; and what they, their parameters and places must be. */

import { type BoxLayout, boxInWords, boxKind, boxLayout, boxSizes, checkBox } from '../../geometry/index.ts';
import { checkOptions, checkRecord, inWords, Tensor } from '../../kernel/index.ts';
import type { Tail } from './pair-energy.wgsl.ts';
import { type PairExpression, type PairPotential, pairPotential } from './pair-potential.ts';

export type Numbers = Readonly<Record<string, Tensor>>;

export interface PairInteraction {
  /** lennardJones and its kin, or a formula: `expr('…', { vars: ['r'], params: […] })`. */
  readonly potential: PairPotential | PairExpression;
  readonly cutoff: number;
  /** How the energy ends at the cut-off. Default 'truncated'. */
  readonly tail?: Tail;
}

/** What an energy depends on. */
export interface TermGiven {
  readonly x: Tensor;
  readonly box: Tensor | undefined;
  /** Of particles: charge. */
  readonly own: Numbers;
  /** The term's own. */
  readonly params: Numbers;
}

/** An energy besides pairs: one number, differentiable. */
export interface Term {
  readonly params: readonly string[];
  /** Pairs of particles that pair potentials leave out because of it. */
  readonly excludes?: readonly (readonly [number, number])[];
  energy(given: TermGiven): Tensor;
}

export interface ParticlesSpec {
  readonly count: number;
  /** Default 3. */
  readonly dimension?: 2 | 3;
  /** Lengths of the periodic box as it will be, more or less, or of a tilted one its d vectors: cells are laid out by them. Default: open space. */
  readonly box?: BoxLayout;
  /** Species of each particle: 0, 1, …. Default: all alike. */
  readonly species?: readonly number[];
  /** By name. */
  readonly pairs?: Readonly<Record<string, PairInteraction>>;
  /** By name: bonds(…), angles(…), ewald(…), or one's own. */
  readonly terms?: Readonly<Record<string, Term>>;
  /** What a particle may move by twice until the list must be made anew. Default 0. */
  readonly skin?: number;
  /** Neighbours of four particles, a quarter of them at a time, that there is room for. Default: what a liquid twice as dense would need. */
  readonly capacity?: number;
}

/** All differentiable. */
export interface ParticleParams {
  /** Lengths of the box, [d], or its vectors, the rows of [d, d]; none in open space. */
  readonly box?: Tensor;
  /** [n], or [1] if alike. */
  readonly mass: Tensor;
  /** What belongs to particles by name, [n]: charge. */
  readonly own?: Numbers;
  /** Parameters of each of the pairs and terms, by its name: tables by species [s, s] of which the upper triangle counts, or [1] for one species. */
  readonly energy: Readonly<Record<string, Numbers>>;
}

export function checkSpec(spec: ParticlesSpec): void {
  const names = ['count', 'dimension', 'box', 'species', 'pairs', 'terms', 'skin', 'capacity'];
  checkOptions('particles', spec, names);
  const { count, dimension = 3, box, species, pairs = {}, terms = {}, skin = 0 } = spec;
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`particles: count is ${inWords(count)}; give a whole number from 1.`);
  if (dimension !== 2 && dimension !== 3)
    throw new RangeError(`particles: dimension is ${inWords(dimension)}; give 2 or 3.`);
  if (Object.keys(pairs).length + Object.keys(terms).length === 0)
    throw new RangeError("particles: there are no energies; give 'pairs', or 'terms'.");
  if (!(skin >= 0 && skin < Number.POSITIVE_INFINITY))
    throw new RangeError(`particles: skin is ${inWords(skin)}; give a length from 0.`);
  if (box) checkBox('particles', box, dimension);
  if (species && (species.length !== count || !species.every(s => Number.isInteger(s) && s >= 0 && s < 256)))
    throw new RangeError(`particles: species has ${species.length} entries; give ${count} whole numbers 0, 1, ….`);
  for (const [name, { cutoff, tail = 'truncated', potential }] of Object.entries(pairs)) {
    if (!(cutoff > 0 && cutoff < Number.POSITIVE_INFINITY))
      throw new RangeError(`particles: the cut-off of '${name}' is ${inWords(cutoff)}; give a length above 0.`);
    const shortest = box ? Math.min(...boxSizes(box).heights) : Number.POSITIVE_INFINITY;
    if (cutoff + skin > shortest / 2)
      throw new RangeError(
        `particles: the cut-off of '${name}' and the skin, ${cutoff + skin}, are more than half the ${boxKind(box) === 'tilted' ? 'least height of the box' : 'box'}, ${shortest / 2}; take a larger box or a shorter cut-off, so that no particle meets two images of another.`,
      );
    if (typeof tail === 'object' && !(tail.switchFrom >= 0 && tail.switchFrom < cutoff))
      throw new RangeError(
        `particles: '${name}' is switched off from ${tail.switchFrom}; give a length below the cut-off, ${cutoff}.`,
      );
    if ((tail === 'shifted' || tail === 'forceShifted') && pairPotential(potential).particles.length > 0)
      throw new RangeError(
        `particles: '${name}' depends on numbers of particles, so it has no one value at the cut-off to be shifted by; use tail { switchFrom }.`,
      );
  }
}

export function checkParams(
  { count, dimension = 3, box, species, pairs = {} }: ParticlesSpec,
  x: Tensor,
  params: ParticleParams,
): void {
  if (!(x instanceof Tensor))
    throw new TypeError(`particles: x is ${inWords(x)}; give a tensor, [${count}, ${dimension}].`);
  checkRecord('particles', 'params', params, ['energy']);
  if (x.shape.length !== 2 || x.shape[0] !== count || x.shape[1] !== dimension)
    throw new RangeError(`particles: x has shape [${x.shape.join(', ')}]; it must be [${count}, ${dimension}].`);
  if ((params.box !== undefined) !== (box !== undefined))
    throw new TypeError(
      box
        ? 'particles: params have no box; give its lengths as a tensor.'
        : 'particles: params have a box, but space is open; say so when the particles are made: particles({ box, … }).',
    );
  const shape = boxKind(box) === 'tilted' ? [dimension, dimension] : [dimension];
  if (params.box && params.box.shape.join() !== shape.join())
    throw new RangeError(
      `particles: the box of params has shape [${params.box.shape.join(', ')}]; these particles were made for a ${boxKind(box)} one, [${shape.join(', ')}].`,
    );
  const kinds = species ? Math.max(...species) + 1 : 1;
  for (const [name, { potential }] of Object.entries(pairs)) {
    const { params: wanted, particles: own } = pairPotential(potential);
    const given = params.energy?.[name] ?? {};
    const missing = wanted.find(p => !(given[p] instanceof Tensor)) ?? own.find(p => params.own?.[p]?.size !== count);
    if (missing)
      throw new TypeError(
        own.includes(missing)
          ? `particles: '${name}' needs '${missing}' of each particle; give params.own.${missing}, [${count}].`
          : `particles: '${name}' needs '${missing}'; give params.energy.${name}.${missing}, a tensor.`,
      );
    const odd = wanted.find(p => given[p].size !== kinds ** 2);
    if (odd)
      throw new RangeError(
        `particles: '${odd}' of '${name}' has shape [${given[odd].shape.join(', ')}]; for ${kinds} species give [${kinds}, ${kinds}].`,
      );
  }
}

export async function checkPlaces(x: Tensor, cutoff: number, box: Tensor | undefined, skin: number): Promise<void> {
  const words = await x.read();
  const [n, d] = x.shape;
  const layout = box && boxLayout(await box.read(), boxKind(box), d);
  const around = layout && { ...boxSizes(layout), text: boxInWords(layout) };
  const place = (i: number): number[] => Array.from(words.slice(d * i, d * i + d));
  const at = (i: number): string =>
    `(${place(i)
      .map(v => v.toPrecision(4))
      .join(', ')})`;
  for (let i = 0; i < n; i++) {
    if (!place(i).every(Number.isFinite))
      throw new RangeError(`particles: particle ${i} is at ${at(i)}; give places that are finite.`);
    if (around?.shares(place(i)).some(s => Math.abs(s) > 1))
      throw new RangeError(
        `particles: particle ${i} is at ${at(i)}, outside the box of ${around.text}; take it in, into 0 … L or −L/2 … L/2.`,
      );
  }
  if (around && Math.min(...around.heights) < 2 * (cutoff + skin))
    throw new RangeError(
      `particles: the box of ${around.text} is shorter than two cut-offs, ${2 * (cutoff + skin)}; take a larger one.`,
    );
  const seen = new Map<string, number>();
  for (let i = 0; i < n; i++) {
    const inside = around ? around.shares(place(i)).map(s => s - Math.floor(s)) : place(i);
    const key = inside.map(v => v.toPrecision(7)).join();
    const other = seen.get(key);
    if (other !== undefined)
      throw new RangeError(`particles: particles ${other} and ${i} are at the same place, ${at(i)}; move one of them.`);
    seen.set(key, i);
  }
}
