/**
 * Friction inside a fluid, and with walls and bodies: ∂u/∂t = ν Δu for dt seconds, for each component on its own faces.
 *
 *   Δu_c = −A u_c + w,   (1/Δt + θ ν A) (u_c⁺ − u_c) = ν (−A u_c + w)                                            (1)
 *
 * A is −Δ on the faces across c, with 2/h² at walls beside them that fluid sticks to, w these walls' motion times that, and
 * `FaceFriction` where a body is (open-faces.ts). What flows through closed sides is given, and stays. θ = 0: explicit Euler, stable
 * while 2 ν Δt Σ h⁻² ≤ 1; ½: Crank–Nicolson; 1: implicit Euler.
 */

import { lasting } from '../../adjoint/index.ts';
import type { Device } from '../../kernel/index.ts';
import { checkOptions, inWords, Tensor, tensor } from '../../kernel/index.ts';
import { type AxisName, type FaceFields, jacobi, type SolveOptions } from '../../sparse/index.ts';
import { checkLimit, checkStable } from './courant.ts';
import { faceGrid, flowsAt, type SideFlows, type Walls, wallAt } from './face-sides.ts';
import {
  checkTime,
  checkVector,
  type Grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesText,
  type VectorField,
} from './grid.ts';
import type { OpenFaces } from './open-faces.ts';
import { linksOf } from './operators.ts';
import type { Line, LineEnd } from './separable.ts';
import { sidesOf } from './sides.ts';
import { directly, iterated, stencilOn } from './solve.ts';

export interface DiffuseFacesOptions {
  /** Where fluid sticks. Default 'no-slip', at all closed sides. */
  readonly walls?: Walls;
  /** How sides move. Default: not. */
  readonly sides?: SideFlows;
  /** A body; where fluid sticks to it theta must be 1. */
  readonly body?: OpenFaces;
  /** 0: explicit; from ½: stable for any dt. Default 1. */
  readonly theta?: number;
  /** Whether to look at each call, where θ < ½, that the step is stable. Default true. */
  readonly check?: boolean;
  /** How systems are solved. Default: directly where there is no body and the grid is not too large, else conjugate gradients with Jacobi's preconditioner. */
  readonly solve?: SolveOptions;
}

interface Rows {
  /** 1 on faces whose velocity is sought, 0 on those of closed sides; undefined: sought on all. */
  readonly free?: Tensor;
  /** 0 between a face that is sought and one that is not, else 1. */
  readonly links?: FaceFields;
  /** 2/h² beside walls that fluid sticks to. */
  readonly stick?: Tensor;
  /** That, and 1/h² beside faces of closed sides. */
  readonly held?: Tensor;
}

const known = new WeakMap<Grid, Map<string, readonly [Device, Rows]>>();

/** What of (1) depends on the grid and its walls only, for the faces across an axis. */
function rowsOf(grid: Grid, across: AxisName, walls: Walls, device: Device): Rows {
  const cells = faceGrid(grid, across);
  const stuck = grid.axes.map(axis =>
    (['low', 'high'] as const).map(
      end => axis[end] === 'neumann' && wallAt('diffuseFaces', walls, axis, end) === 'no-slip',
    ),
  );
  const key = stuck.join(' ');
  const last = known.get(cells)?.get(key);
  if (last?.[0] === device) return last[1];
  const [stick, held, free] = [0, 0, 1].map(v => new Float64Array(cells.size).fill(v));
  const own = grid.axes.findIndex(({ name }) => name === across);
  const { low, high, spacing } = grid.axes[own];
  const end = cells.axes[own].size - 1;
  for (let i = 0; i < cells.size; i++) {
    let rest = i;
    cells.axes.forEach(({ size, spacing: h }, k) => {
      const at = rest % size;
      rest = (rest - at) / size;
      if (k !== own)
        stick[i] += ((at === 0 && stuck[k][0] ? 2 : 0) + (at === size - 1 && stuck[k][1] ? 2 : 0)) / h ** 2;
      else {
        if ((at === 0 && low === 'neumann') || (at === end && high === 'neumann')) free[i] = 0;
        held[i] +=
          ((at === 1 && low === 'neumann' ? 1 : 0) + (at === end - 1 && high === 'neumann' ? 1 : 0)) / spacing ** 2;
      }
    });
  }
  stick.forEach((v, i) => {
    held[i] += v;
  });
  const on = (data: Float64Array): Tensor => tensor(data, cells.shape, { device });
  const closed = free.includes(0);
  const made: Rows = {
    ...(closed && {
      free: on(free),
      links: lasting(() => linksOf(cells, on(free))),
    }),
    ...(stick.some(v => v > 0) && { stick: on(stick) }),
    ...(held.some(v => v > 0) && { held: on(held) }),
  };
  if (!known.has(cells)) known.set(cells, new Map());
  known.get(cells)?.set(key, [device, made]);
  return made;
}

/** The lines of faces across an axis: those of closed sides are given; beside an open side ∂u/∂n = 0. */
function linesAcross(grid: Grid, across: AxisName, walls: Walls): readonly Line[] {
  const sizes = faceGrid(grid, across).axes;
  return grid.axes.map((axis, k): Line => {
    const endOf = (end: 'low' | 'high'): LineEnd => {
      if (axis[end] !== 'neumann') return axis[end] === 'periodic' ? 'periodic' : 'nothing';
      if (axis.name === across) return 'given';
      return wallAt('diffuseFaces', walls, axis, end) === 'no-slip' ? 'half' : 'nothing';
    };
    return { size: sizes[k].size, spacing: axis.spacing, low: endOf('low'), high: endOf('high') };
  });
}

/** −A u_c + w, from A u_c: adds 2/h² times the motion of the walls that fluid sticks to. */
function pulled(grid: Grid, across: AxisName, walls: Walls, flows: SideFlows | undefined, resisted: Tensor): Tensor {
  const others = grid.axes.filter(({ name, low }) => name !== across && low !== 'periodic');
  const given = Object.assign({}, ...others.map(({ name }) => flowsAt(flows, name, across)));
  const cells = faceGrid(grid, across);
  const sides = sidesOf('diffuseFaces', cells, given);
  const moving = others.flatMap(axis =>
    (['low', 'high'] as const).flatMap(end => {
      const sticks = axis[end] === 'neumann' && wallAt('diffuseFaces', walls, axis, end) === 'no-slip';
      const value = sides.at(axis, end);
      const { name } = axis;
      const there = end === 'low' ? '0u' : `n${name} - 1u`;
      return sticks && value !== '0.0'
        ? [`if (${name} == ${there}) { sum += 2.0 * w${name} * w${name} * ${value}; }`]
        : [];
    }),
  );
  if (moving.length === 0) return resisted.neg();
  const run = gridKernel(
    cells,
    'pulled by walls',
    `${sides.key} ${moving.join()}`,
    () => `
  ${sizesText(cells)}
  ${sides.declarations}
  var<storage, read> resisted: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn pulledByWalls(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(cells)}
    let i = ${indexText(cells)};
    var sum = -resisted[i];
    ${moving.join('\n    ')}
    result[i] = sum;
  }`,
  );
  return launch(cells, run, { resisted, ...sides.arguments });
}

const product = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined => (a && b ? a.mul(b) : (a ?? b));
const sum = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined => (a && b ? a.add(b) : (a ?? b));
const products = (a: FaceFields | undefined, b: FaceFields | undefined): FaceFields | undefined =>
  a && b
    ? Object.fromEntries(Object.entries(a).map(([name, field]) => [name, field.mul(b[name as AxisName] as Tensor)]))
    : (a ?? b);

/** On a GPU all steps run that are allowed; they gain a digit in a few where friction crosses a few cells in dt. */
const stepsOnGpu = 48;

/**
 * u, after dt seconds of friction.
 *
 * @param u On the faces, m/s; what flows through closed sides is kept.
 * @param nu Viscosity ν, m²/s.
 * @throws RangeError if an explicit step is not stable: at once on a CPU, by the next read on a GPU.
 * @throws ConvergenceError if an implicit step's system is not solved; see `linearSolve`.
 * @throws RangeError if it is solved directly and what it finds is not finite; not where steps are recorded.
 */
export function diffuseFaces(
  grid: Grid,
  u: VectorField,
  nu: number | Tensor,
  dt: number,
  options: DiffuseFacesOptions = {},
): VectorField {
  checkOptions('diffuseFaces', options, ['walls', 'sides', 'body', 'theta', 'check', 'solve']);
  const { walls = 'no-slip', sides, body, theta = 1, check = true, solve } = options;
  checkVector('diffuseFaces', grid, 'u', u);
  checkTime('diffuseFaces', dt);
  checkViscosity(nu);
  if (!(theta >= 0 && theta <= 1)) throw new RangeError(`diffuseFaces: theta is ${theta}; it must be from 0 to 1.`);
  if (body?.wall === 'no-slip' && theta !== 1)
    throw new RangeError(`diffuseFaces: theta is ${theta}; beside a body friction has no bound, so it must be 1.`);
  if (check && theta < 0.5) checkExplicit(grid, nu, (1 - 2 * theta) * dt, dt);
  const { device } = u[grid.axes[0].name] as Tensor;
  const weighted = typeof nu === 'number' ? nu * theta : nu.mul(theta).reshape([1]);
  const scaled = (x: Tensor): Tensor => x.mul(nu).mul(theta);
  const parts = grid.axes.map(({ name: c }) => {
    const cells = faceGrid(grid, c);
    const { free, links, stick, held } = rowsOf(grid, c, walls, device);
    const friction = body?.friction[c];
    const sought = product(free, friction?.outside);
    const now = friction ? (u[c] as Tensor).mul(friction.outside) : (u[c] as Tensor);
    const reaction = sum(stick, friction?.drag);
    const A = stencilOn(cells, { conductivity: friction?.links ?? 1, ...(reaction && { reaction }), device });
    const resisted = A.apply(now.reshape([cells.size])).reshape(cells.shape);
    const all = pulled(grid, c, walls, sides, resisted).mul(nu);
    const rate = sought ? all.mul(sought) : all;
    if (theta === 0) return [c, now.add(rate.mul(dt))] as const;
    const lines = linesAcross(grid, c, walls);
    const direct = friction ? undefined : directly('diffuseFaces', lines, weighted, 1 / dt, rate, solve);
    if (direct) return [c, now.add(direct)] as const; // (1)
    const conductivity = products(links, friction?.links);
    const holding = sum(held, friction?.drag);
    const B = stencilOn(cells, {
      conductivity: conductivity
        ? Object.fromEntries(Object.entries(conductivity).map(([name, k]) => [name, scaled(k)]))
        : weighted,
      reaction: holding ? scaled(holding).add(1 / dt) : 1 / dt,
      device,
    });
    const change = iterated(cells, B, rate, undefined, {
      preconditioner,
      ...(device.kind !== 'cpu' && { maxSteps: stepsOnGpu }),
      ...solve,
    }); // (1)
    return [c, now.add(change)] as const;
  });
  return Object.fromEntries(parts);
}

const preconditioner = jacobi();

function checkViscosity(nu: number | Tensor): void {
  if (nu instanceof Tensor) {
    if (nu.size === 1) return;
    throw new RangeError(`diffuseFaces: nu has shape [${nu.shape.join(', ')}]; it must be one number.`);
  }
  if (typeof nu !== 'number')
    throw new TypeError(`diffuseFaces: nu is ${inWords(nu)}; give a number or a tensor of one.`);
  if (!(nu >= 0 && nu < Number.POSITIVE_INFINITY))
    throw new RangeError(`diffuseFaces: nu is ${nu}; it must be a finite number that is not negative.`);
}

/** @param weighted The part of dt that is explicit. */
function checkExplicit({ axes }: Grid, nu: number | Tensor, weighted: number, dt: number): void {
  const limit = { who: 'diffuseFaces', what: '2 ν Δt Σ h⁻²', dt, or: ', or theta from 0.5' };
  const each = 2 * weighted * axes.reduce((total, { spacing }) => total + spacing ** -2, 0);
  if (typeof nu === 'number') checkLimit(limit, nu * each);
  else checkStable(limit, [nu], each);
}
