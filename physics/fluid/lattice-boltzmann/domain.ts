/** What a flow on a lattice is given, and what is asked of it. */

import { amax, amin, checkOptions, inWords, Tensor } from '../../../kernel/index.ts';
import { look } from '../../field.ts';
import type { Body } from './body.ts';
import { d2q9, d3q19, type Lattice } from './lattice.ts';
import type { Side, SideName, Sides } from './places.wgsl.ts';

export interface LatticeBoltzmannOptions {
  readonly collision?: 'bgk' | 'trt' | 'regularised';
  readonly magic?: number;
  readonly sides?: Readonly<Partial<Record<'x' | 'y' | 'z', Side | readonly [Side, Side]>>>;
}

export interface LatticeBoltzmannState {
  /** f* − w, [velocities, …shape], or [velocities, words] with each population's cells in the first of its words, as `start` makes it. */
  readonly f: Tensor;
}

/** All differentiable, but for the body's bits; in lattice units. */
export interface LatticeBoltzmannParams {
  /** Relaxation time τ > ½: one number, or one for each cell. */
  readonly tau: Tensor;
  /** Force on a unit of volume: [D], or [D, …shape]. */
  readonly force?: Tensor;
  /** At walls and sides of given velocity: u, [D] or [D, …cells of the side]; at sides of given pressure: ρ, one number or one for each cell. */
  readonly sides?: Readonly<Partial<Record<SideName, Tensor>>>;
  /** What `body(distance)` made. */
  readonly body?: Body;
  /** Velocity of the body's surface: [D], or [D, …shape]. Default at rest. */
  readonly surface?: Tensor;
}

/** What is fixed about a simulator. */
export interface Domain {
  readonly lattice: Lattice;
  readonly shape: readonly number[];
  readonly size: number;
  readonly axes: number;
  readonly collision: 'bgk' | 'trt' | 'regularised';
  readonly magic: number;
  readonly sides: Sides;
}

const who = 'latticeBoltzmann';
const collisions = ['trt', 'bgk', 'regularised'];
const kinds = ['periodic', 'wall', 'velocity', 'pressure', 'open'];

export function checkDomain(shape: readonly number[], options: LatticeBoltzmannOptions): Domain {
  if (!Array.isArray(shape) || shape.length < 2 || shape.length > 3 || !shape.every(n => Number.isInteger(n) && n > 0))
    throw new RangeError(`${who}: the shape is ${inWords(shape)}; give numbers of cells, [ny, nx] or [nz, ny, nx].`);
  checkOptions(who, options, ['collision', 'magic', 'sides']);
  const { collision = 'trt', magic = 3 / 16, sides: given = {} } = options;
  if (!collisions.includes(collision))
    throw new RangeError(`${who}: collision is ${inWords(collision)}; it must be 'trt', 'bgk' or 'regularised'.`);
  if (!(magic > 0)) throw new RangeError(`${who}: magic is ${inWords(magic)}; it must be a positive number.`);
  const lattice = shape.length === 2 ? d2q9 : d3q19;
  checkOptions(`${who}: sides`, given, lattice.axes);
  const sides = lattice.axes.flatMap(a => {
    const [low, high] = typeof given[a] === 'string' || !given[a] ? [given[a], given[a]] : given[a];
    for (const side of [low, high])
      if (side !== undefined && !kinds.includes(side))
        throw new RangeError(
          `${who}: sides.${a} is ${inWords(given[a])}; a side is ${kinds.map(k => `'${k}'`).join(', ')}.`,
        );
    if ((low === 'periodic') !== (high === 'periodic'))
      throw new RangeError(
        `${who}: sides.${a} is ['${low}', '${high}'], and an axis is periodic at both sides or at none.`,
      );
    return [
      [`${a}Low`, low ?? 'periodic'],
      [`${a}High`, high ?? 'periodic'],
    ];
  });
  return {
    lattice,
    shape: [...shape],
    size: shape.reduce((a, b) => a * b, 1),
    axes: shape.length,
    collision,
    magic,
    sides: Object.fromEntries(sides) as Domain['sides'],
  };
}

/** Sizes as kernels take them. */
export const sizesOf = ({ lattice, shape }: Domain): Record<string, number> =>
  Object.fromEntries(lattice.axes.map((a, k) => [`n${a}`, shape[shape.length - 1 - k]]));

const same = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();
const listed = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

function checkTensor(what: string, x: unknown): asserts x is Tensor {
  if (!(x instanceof Tensor)) throw new TypeError(`${who}: ${what} is ${inWords(x)}; give a tensor.`);
}

/** @throws unless x has one of the shapes. */
export function checkCells(what: string, x: Tensor, ...allowed: readonly (readonly number[])[]): void {
  checkTensor(what, x);
  if (!allowed.some(shape => same(shape, x.shape)))
    throw new RangeError(
      `${who}: ${what} has shape ${listed(x.shape)}; it must be ${allowed.map(listed).join(' or ')}.`,
    );
}

/**
 * Words from one population's cells to the next one's: an odd number of cache lines. Where it is a multiple of a large power of two, as
 * with 512² cells, all populations of a cell compete for the same few places in a cache.
 */
export const strideFor = ({ size }: Pick<Domain, 'size'>): number => 16 * (Math.ceil(size / 16) | 1);

/** Words from one population's cells to the next one's, as they lie in f. @throws unless f has room for all. */
export function strideOf({ lattice, shape, size }: Pick<Domain, 'lattice' | 'shape' | 'size'>, f: Tensor): number {
  const { length } = lattice.velocities;
  if (!(f instanceof Tensor) || f.shape.length !== 2) checkCells('f', f, [length, ...shape]);
  else if (f.shape[0] !== length || f.shape[1] < size)
    checkCells('f', f, [length, ...shape], [length, strideFor({ size })]);
  return f.size / length;
}

export function checkParams(
  domain: Domain,
  state: LatticeBoltzmannState,
  params: LatticeBoltzmannParams,
  dt: number,
): void {
  const { shape, axes, lattice, sides } = domain;
  if (dt !== 1)
    throw new RangeError(
      `${who}: dt is ${inWords(dt)}; a step of the lattice is 1. Choose units by latticeUnits instead.`,
    );
  checkOptions(`${who}: parameters`, params, ['tau', 'force', 'sides', 'body', 'surface']);
  strideOf(domain, state.f);
  checkCells('tau', params.tau, [1], shape);
  if (params.force) checkCells('force', params.force, [axes], [axes, ...shape]);
  if (params.surface) checkCells('surface', params.surface, [axes], [axes, ...shape]);
  if (params.surface && !params.body)
    throw new TypeError(`${who}: there is a surface velocity, but no body; give the body whose surface it is.`);
  const given = params.sides ?? {};
  for (const [side, x] of Object.entries(given)) {
    const kind = sides[side as SideName];
    if (kind === undefined || kind === 'periodic' || kind === 'open')
      throw new RangeError(
        `${who}: sides.${side} has a value, but ${kind ? `that side is '${kind}'` : 'there is no such side'}; values are for 'wall', 'velocity' and 'pressure'.`,
      );
    const across = lattice.axes.indexOf(side[0] as 'x');
    const cells = shape.filter((_, k) => shape.length - 1 - k !== across);
    if (kind === 'pressure') checkCells(`sides.${side}`, x, [1], cells);
    else checkCells(`sides.${side}`, x, [axes], [axes, ...cells]);
  }
  for (const [side, kind] of Object.entries(sides))
    if (kind === 'velocity' && !given[side as SideName])
      throw new TypeError(`${who}: the velocity of side ${side} is missing; give parameters sides: { ${side}: u }.`);
}

export const checkOmega = (tau: Tensor): void => look(tau, amin, judgeTau);

/** @throws RangeError if τ ≤ ½, where viscosity is not positive. */
function judgeTau(tau: number): void {
  if (!(tau > 0.5))
    throw new RangeError(
      `${who}: tau is ${Number(tau.toPrecision(6))}, and the method is unstable unless it is above 0.5: viscosity is (tau − 0.5) / 3; take more cells or a higher viscosity.`,
    );
}

export const checkDensity = (rho: Tensor): void =>
  look(rho, amin, least => {
    if (!(least > 0))
      throw new RangeError(
        `${who}: rho is ${Number(least.toPrecision(3))}; a density is positive, and about 1 on the lattice.`,
      );
  });

const fastest = 0.3 / Math.sqrt(3);

export const checkSpeed = (what: string, u: Tensor): void =>
  look(
    u,
    all => amax(all.abs()),
    most => {
      if (!(most <= fastest))
        throw new RangeError(
          `${who}: ${what} reaches ${Number(most.toPrecision(3))} cells a step, and must stay below ${Number(fastest.toPrecision(3))}, 0.3 of the speed of sound; take shorter steps, that is a lower speed in latticeUnits.`,
        );
    },
  );
