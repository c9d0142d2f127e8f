/**
 * Incompressible flow on staggered grids, in the plane or in space, with smoke and heat that it carries.
 *
 *   ∂u/∂t + (u·∇)u = −∇p + ν Δu + a,   ∇·u = 0,   ∂s/∂t + u·∇s = κ Δs + source                    s: smoke, temperature
 *
 *   u* = u carried by itself for Δt                                                               (1)
 *   u* ← u* + Δt (a − ∇p),   a: given + buoyancy (β_smoke smoke + β_T T) upwards + confinement    (2)
 *   u* ← u* + Δt ν Δu*                                                                            (3)
 *   ∇·(m ∇φ) = ∇·u*,   u⁺ = u* − m ∇φ,   p⁺ = p + φ / Δt                                          (4)
 *
 * Of order 1 in time. p is per density, m²/s². A state without p leaves it out of (2), as Chorin did; with p, steady states do not depend on
 * Δt (Goda). Bodies cut cells (`openFaces`): pressure acts on what is open of faces, friction over the distance to the surface,
 * which holds fluid beside it: m = 1 / (1 + Δt ν drag) there (`openFaces`), else 1; along bodies with { wall: 'slip' } there is none. Boussinesq:
 * buoyancy is all that temperature does. T is the difference to the surroundings.
 *
 * Stam: Stable Fluids, SIGGRAPH 1999, doi:10.1145/311535.311548, for (1) and the splitting; Chorin, Math. Comp. 22 (1968) 745, and
 * Goda, J. Comput. Phys. 30 (1979) 76, for (4).
 */

import { checkOptions, checkRecord, inWords, type Tensor } from '../../../kernel/index.ts';
import {
  centralFaces,
  checkStable,
  continued,
  courant,
  diffuse,
  diffuseFaces,
  divergence,
  type FaceFriction,
  type Grid,
  gradient,
  macCormack,
  macCormackFaces,
  type OpenFaces,
  project,
  type SideFlows,
  semiLagrangian,
  semiLagrangianFaces,
  throughSides,
  toCells,
  toFaces,
  upwind,
  type VectorField,
  vanLeer,
  type Walls,
} from '../../../solvers/index.ts';
import type { SolveOptions } from '../../../sparse/index.ts';
import { checkModel, checkNotNegative, checkState, look } from '../../field.ts';
import { confinement } from './confinement.ts';
import { type ScalarSides, scalarGrids } from './scalar-sides.ts';

export interface FlowState {
  /** Velocity on the faces, m/s. */
  readonly u: VectorField;
  /** Pressure per density, of the grid's shape, m²/s². Default: not kept from step to step. */
  readonly p?: Tensor;
  /** How much smoke there is, of the grid's shape. Default none. */
  readonly smoke?: Tensor;
  /** Above that of the surroundings, of the grid's shape, K. Default none. */
  readonly temperature?: Tensor;
}

type Scalar = 'smoke' | 'temperature';

/** The flow dt seconds later: of the fields that the state has. */
export type FlowStep = <S extends FlowState>(state: S, params: FlowParams, dt: number) => S;
/** All differentiable. */
export interface FlowParams {
  /** ν, m²/s. Default 0. */
  readonly viscosity?: Tensor;
  /** Acceleration upwards (along y), m/s² for each unit of smoke and of temperature. Default 0. */
  readonly buoyancy?: Readonly<Partial<Record<Scalar, Tensor>>>;
  /** ε of vorticity confinement, from about 0.1 to 10; 0 is none. Default none. */
  readonly confinement?: Tensor;
  /** What flows through closed sides, and how they move along themselves. Default: nothing, not. */
  readonly sides?: SideFlows;
  /** What smoke and temperature are at sides, held or insulated. */
  readonly scalarSides?: Readonly<Partial<Record<Scalar, ScalarSides>>>;
  /** A body in the way, from `openFaces`, which fluid sticks to or slips along. */
  readonly body?: OpenFaces;
  /** a on the faces, m/s². */
  readonly force?: VectorField;
  /** What is added, of the grid's shape, 1/s and K/s. */
  readonly source?: Readonly<Partial<Record<Scalar, Tensor>>>;
  /** κ, m²/s. Default 0. */
  readonly diffusivity?: Readonly<Partial<Record<Scalar, Tensor>>>;
}

export interface FlowOptions {
  /** How u is carried; 'central' smears nothing, needs friction, and bounds Δt. Default 'semiLagrangian'. */
  readonly advection?: 'semiLagrangian' | 'macCormack' | 'central';
  /** How smoke and heat are carried; the last two conserve them, and bound Δt. Default: as u, and 'vanLeer' for 'central'. */
  readonly scalars?: 'semiLagrangian' | 'macCormack' | 'upwind' | 'vanLeer';
  /** Where viscous fluid sticks. Default 'no-slip', at all closed sides. */
  readonly walls?: Walls;
  /** Of (3): 0 explicit, from ½ stable for any Δt. Default 1. */
  readonly theta?: number;
  /** Whether to look at each step that it is stable. Default true. */
  readonly check?: boolean;
  /** How systems for pressure are solved. Default: as `project` does. */
  readonly solve?: SolveOptions;
}

const optionNames = ['advection', 'scalars', 'walls', 'theta', 'check', 'solve'];
const parameterNames = [
  'viscosity',
  'buoyancy',
  'confinement',
  'sides',
  'scalarSides',
  'body',
  'force',
  'source',
  'diffusivity',
];
const fluxes = { upwind, vanLeer } as const;
const scalarCarriers = ['semiLagrangian', 'macCormack', 'upwind', 'vanLeer'];
type Carry = (grid: Grid, u: VectorField, dt: number, sides?: SideFlows) => VectorField;
const faceCarriers: Readonly<Record<string, Carry>> = {
  semiLagrangian: (grid, u, dt) => semiLagrangianFaces(grid, u, u, dt),
  macCormack: (grid, u, dt) => macCormackFaces(grid, u, u, dt),
  central: centralFaces,
};

/**
 * Builds a simulator of incompressible flow.
 *
 * @param grid Of cells. Through Dirichlet sides fluid passes freely (p = 0 there); Neumann sides are closed, except for what params.sides gives.
 * @returns `step(state, params, dt)`: the state dt seconds later.
 * @example
 * const step = incompressible(grid([16, 16], { spacing: 1 / 16, sides: 'neumann' }));
 * const still = { u: { x: zeros([16, 17]), y: zeros([17, 16]) }, p: zeros([16, 16]) };
 * const cavity = { viscosity: tensor([0.01]), sides: { y: [{}, { x: 1 }] as const } }; // its lid moves
 * const { u } = rollout(state => step(state, cavity, 0.05), still, 100);
 */
export function incompressible(grid: Grid, options: FlowOptions = {}): FlowStep {
  checkModel('incompressible', grid, options, optionNames);
  const { advection = 'semiLagrangian', walls, theta, check = true, solve } = options;
  const { scalars = advection === 'central' ? 'vanLeer' : advection } = options;
  if (grid.placement !== 'cell')
    throw new RangeError("incompressible: the grid has nodes; take { placement: 'cell' }.");
  for (const [what, one, all] of [
    ['advection', advection, Object.keys(faceCarriers)],
    ['scalars', scalars, scalarCarriers],
  ] as const)
    if (!all.includes(one))
      throw new RangeError(
        `incompressible: ${what} is ${inWords(one)}; it must be one of ${all.map(name => `'${name}'`).join(', ')}.`,
      );
  const closed = grid.axes.every(({ low, high }) => low !== 'dirichlet' && high !== 'dirichlet');
  const gridOf = scalarGrids(grid);
  const names = grid.axes.map(({ name }) => name);
  const each = (f: (c: (typeof names)[number]) => Tensor): VectorField => Object.fromEntries(names.map(c => [c, f(c)]));
  const plus = (u: VectorField, a: VectorField): VectorField => each(c => (u[c] as Tensor).add(a[c] as Tensor));
  const times = (u: VectorField, a: VectorField | Tensor | number): VectorField =>
    each(c => (u[c] as Tensor).mul(typeof a === 'number' || 'device' in a ? (a as Tensor | number) : (a[c] as Tensor)));

  /** (2) */
  const pushed = (u: VectorField, state: FlowState, params: FlowParams, dt: number): VectorField => {
    let now = u;
    if (params.force) now = plus(now, times(params.force, dt));
    if (params.confinement) now = plus(now, times(confinement(grid, u), params.confinement.mul(dt)));
    for (const [scalar, beta] of Object.entries(params.buoyancy ?? {}) as [Scalar, Tensor][]) {
      const { grid: own, values } = gridOf(scalar, params.scalarSides?.[scalar]);
      const lift = toFaces(own, state[scalar] as Tensor, values).y as Tensor;
      now = { ...now, y: (now.y as Tensor).add(lift.mul(beta.mul(dt))) };
    }
    return state.p ? plus(now, times(gradient(grid, state.p), -dt)) : now;
  };

  const carried = (q: Tensor, scalar: Scalar, u: VectorField, params: FlowParams, dt: number): Tensor => {
    const { body, source, diffusivity } = params;
    const { grid: own, values } = gridOf(scalar, params.scalarSides?.[scalar]);
    const moved = (): Tensor => {
      if (scalars === 'semiLagrangian') return semiLagrangian(own, q, toCells(grid, u), dt, values);
      if (scalars === 'macCormack') return macCormack(own, q, toCells(grid, u), dt, values ? { values } : {});
      return fluxes[scalars](own, q, body ? times(u, body.open) : u, dt, values, { check });
    };
    let now = moved();
    if (source?.[scalar]) now = now.add(source[scalar].mul(dt));
    const kappa = diffusivity?.[scalar];
    if (!kappa) return now;
    const k = body ? times(body.open, kappa) : kappa;
    return diffuse(own, now, k, dt, { ...(values && { values }), ...(theta !== undefined && { theta }), check });
  };

  /** How freely fluid moves where a body's friction holds it within dt. */
  const held = ({ friction }: OpenFaces, viscosity: Tensor, dt: number): VectorField =>
    each(c => {
      const { drag, outside } = friction[c] as FaceFriction;
      return drag ? outside.div(drag.mul(viscosity.mul(dt)).add(1)) : outside;
    });

  return <S extends FlowState>(state: S, params: FlowParams, dt: number) => {
    checkRecord('incompressible', 'params', params, []);
    checkOptions('incompressible', params, parameterNames);
    checkRecord('incompressible', 'the state', state, ['u']);
    const { u, p, smoke, temperature } = state;
    const { viscosity, sides, body, diffusivity } = params;
    checkState(
      'incompressible',
      grid,
      { ...(p && { p }), ...(smoke && { smoke }), ...(temperature && { temperature }) },
      dt,
    );
    for (const kind of ['buoyancy', 'source', 'diffusivity', 'scalarSides'] as const)
      for (const scalar of Object.keys(params[kind] ?? {}))
        if (!state[scalar as Scalar])
          throw new RangeError(
            `incompressible: ${kind} is given for '${scalar}', and the state has no such field; give it, or leave it out of ${kind}.`,
          );
    if (check && viscosity) checkNotNegative('incompressible', 'viscosity', viscosity);
    if (check && diffusivity) checkNotNegative('incompressible', 'a diffusivity', diffusivity);
    const inflow = throughSides(grid, u, sides);
    if (check && sides && closed) checkBalance(grid, body ? times(inflow, body.open) : inflow);
    if (check && advection === 'central') checkCentral(grid, inflow, viscosity, dt);
    const flowing = body?.wall === 'slip' ? continued(grid, inflow, body) : inflow;
    const moved = faceCarriers[advection](grid, flowing, dt, sides); // (1)
    const driven = throughSides(grid, pushed(moved, state, params, dt), sides);
    const slowed = viscosity
      ? diffuseFaces(grid, driven, viscosity, dt, {
          ...(walls && { walls }),
          ...(sides && { sides }),
          ...(body && { body }),
          ...(theta !== undefined && { theta }),
          check,
          solve: {
            ...(solve?.rtol !== undefined && { rtol: solve.rtol }),
            ...(solve?.atol !== undefined && { atol: solve.atol }),
          },
        }) // (3)
      : driven;
    const free = project(grid, slowed, {
      ...(body && { obstacles: body }),
      ...(body && viscosity && { mobility: held(body, viscosity, dt) }),
      ...(solve && { solve }),
    });
    return {
      u: free.u,
      ...(p && { p: p.add(free.p.mul(1 / dt)) }), // (4)
      ...(smoke && { smoke: carried(smoke, 'smoke', flowing, params, dt) }),
      ...(temperature && { temperature: carried(temperature, 'temperature', flowing, params, dt) }),
    } as FlowState as S;
  };
}

/** @throws RangeError unless as much flows into the grid as out of it: as `look` does, and as far as rounding tells. */
function checkBalance(grid: Grid, u: VectorField): void {
  const sum = (each: Tensor): Tensor => each.detach().reshape([each.size]).sum();
  const speeds = (): Tensor =>
    grid.axes.map(({ name, spacing }) => sum((u[name] as Tensor).abs()).mul(1 / spacing)).reduce((a, b) => a.add(b));
  look(
    u[grid.axes[0].name] as Tensor,
    () => sum(divergence(grid, u)).div(speeds().add(1e-30)),
    net => {
      if (!(Math.abs(net) > 1e-5)) return;
      throw new RangeError(
        `incompressible: through its sides more fluid flows ${net > 0 ? 'out of' : 'into'} the grid than the other way, and none of them is open; give sides flows that add up to nothing, or make one 'dirichlet'.`,
      );
    },
  );
}

/** @throws RangeError if central differences are not stable. */
function checkCentral(grid: Grid, u: VectorField, viscosity: Tensor | undefined, dt: number): void {
  const or = ", or { advection: 'macCormack' }";
  if (!viscosity)
    throw new RangeError(
      "incompressible: { advection: 'central' } needs friction, and params has no viscosity; give it, or take 'macCormack'.",
    );
  const fields = grid.axes.map(({ name }) => u[name] as Tensor);
  const carried = { who: 'incompressible', what: 'the Courant number Δt Σ |u| / h', dt, or };
  checkStable(carried, fields, dt, () => courant(grid, u, dt));
  checkStable({ ...carried, what: 'Δt Σ u² / 2ν' }, [viscosity, ...fields], dt, () => {
    const middle = toCells(grid, u);
    const squares = grid.axes.map(({ name }) => (middle[name] as Tensor).square());
    return squares
      .reduce((a, b) => a.add(b))
      .mul(dt / 2)
      .div(viscosity);
  });
}
