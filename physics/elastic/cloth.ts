/**
 * Cloth: a surface of triangles that resists being stretched (membrane.ts) and bent (hinges.ts), with mass at its vertices, in the wind.
 *
 *   f_i = Σ forces of triangles + Σ forces of hinges + forces on nodes (nodal.ts),   m_i = Σ ρ A / 3                 (1)
 *
 * Everything physical is a tensor and differentiable: the shape at rest, stiffnesses of all or of each triangle and hinge, wind, loads, obstacles.
 * How vertices move is in body.ts. Cloth is not kept out of itself.
 */

import type { Mesh } from '../../geometry/index.ts';
import { checkOptions, checkRecord, peek, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { checkPinned } from '../adjacency.ts';
import { type BodyState, type Motion, motion } from './body.ts';
import { cornersOf } from './corners.ts';
import { hingeEnergies, hingeForces, hingesOf, restHinges } from './hinges.ts';
import { membraneEnergies, membraneForces, restMetric } from './membrane.ts';
import { checkNumbers, type NodalParams, type Obstacles } from './nodal.ts';
import type { Body, Coupling } from './structure.ts';

/** n vertices, m triangles, k hinges; all differentiable. */
export interface ClothParams extends NodalParams {
  /** Shape without stress, [n, 3], m. */
  readonly rest: Tensor;
  /** ρ: [1], or [m] for each triangle, kg/m². */
  readonly density: Tensor;
  /** λ and μ times thickness: [2], or [m, 2] for each triangle, N/m. */
  readonly stretch: Tensor;
  /** B: [1], or [k] for each hinge, N m. */
  readonly bending: Tensor;
  /** η times thickness: [1], or [m] for each triangle, N s/m. Read with { viscous: true } alone. */
  readonly viscosity: Tensor;
  /** [3], m/s. Read with { air: true } alone. */
  readonly wind: Tensor;
  /** Density of the air, kg/m³, and coefficients of drag across and along the cloth: [3]. Likewise. */
  readonly air: Tensor;
}

export interface ClothOptions {
  /** Vertices that never move; start them at rest. Default none. */
  readonly pinned?: readonly number[];
  /** Whether cloth resists being stretched in proportion to how fast. Default false. */
  readonly viscous?: boolean;
  /** Whether there is air. Default false. */
  readonly air?: boolean;
}

/** Numbers to begin with; all can be replaced in what `params` returns. */
export interface ClothDefaults {
  /** λ and μ, N/m. Default 300 and 300. */
  readonly stretch?: readonly [number, number];
  /** B, N m. Default 1e-4. */
  readonly bending?: number;
  /** ρ, kg/m². Default 0.2. */
  readonly density?: number;
  /** η, N s/m. Default 0. */
  readonly viscosity?: number;
  /** γ, 1/s. Default 0. */
  readonly drag?: number;
  /** m/s. Default none. */
  readonly wind?: readonly [number, number, number];
  /** ρ, kg/m³, c_n and c_t. Default 1.2, 1.2 and 0.05. */
  readonly air?: readonly [number, number, number];
  /** g, m/s². Default 9.81 downwards, against y. */
  readonly gravity?: readonly [number, number, number];
  readonly obstacles?: Obstacles;
}

export interface ClothEnergies {
  readonly kinetic: Tensor;
  readonly stretching: Tensor;
  readonly bending: Tensor;
  /** Of weight and loads, 0 at the origin. That of contacts is not counted. */
  readonly potential: Tensor;
}

export interface Cloth extends Motion<ClothParams> {
  readonly vertices: number;
  readonly triangles: number;
  readonly hinges: number;
  /** On the mesh's device. */
  params(defaults?: ClothDefaults): ClothParams;
  /** At rest and without stress. */
  start(): BodyState;
  /** [n], kg. */
  mass(params: ClothParams): Tensor;
  energies(state: BodyState, params: ClothParams): ClothEnergies;
}

const names = 'stretch bending density viscosity drag wind air gravity obstacles'.split(' ');

/**
 * Builds a cloth.
 *
 * @param mesh Its shape without stress.
 * @throws RangeError naming a vertex without triangles, or a triangle without area where the mesh is on a CPU.
 * @example
 * const sheet = planeMesh({ divisions: [6, 6] });
 * const flag = cloth(sheet, { pinned: [0, 7, 14, 21, 28, 35, 42], air: true });
 * const params = flag.params({ wind: [3, 0, 1] });
 * const blown = rollout(state => flag.step(state, params, 1e-3), flag.start(), 50).x;
 */
export function cloth(mesh: Mesh, options: ClothOptions = {}): Cloth {
  checkOptions('cloth', options, ['pinned', 'viscous', 'air']);
  const { pinned = [], viscous = false, air = false } = options;
  checkRecord('cloth', 'the mesh', mesh, ['triangles', 'vertices']);
  const { triangles, vertices } = mesh;
  const { vertices: n, size: m } = triangles;
  const { device } = vertices;
  checkPinned('cloth', n, pinned);
  const seen = new Set(triangles.corners);
  for (let i = 0; i < n; i++)
    if (!seen.has(i))
      throw new RangeError(`cloth: vertex ${i} belongs to no triangle and would have no mass; leave it out.`);
  const corners = cornersOf(n, 3, triangles.corners);
  const ends = cornersOf(n, 4, hingesOf(triangles));
  const flat = peek(restMetric(corners.spread(vertices.detach())).area)?.findIndex(a => !(a > 0)) ?? -1;
  if (flat >= 0) throw new RangeError(`cloth: triangle ${flat} has no area; leave it out, or move its corners apart.`);
  const on = { device };

  const membraneOf = ({ rest, stretch }: ClothParams) => ({
    ...restMetric(corners.spread(rest)),
    stretch: stretch.broadcastTo([m, 2]),
  });
  const hingesAt = ({ rest, bending }: ClothParams) => ({
    ...restHinges(ends.spread(rest)),
    bending: bending.broadcastTo([ends.elements]),
  });
  const membrane: Coupling<ClothParams> = {
    corners,
    forces: (x, v, params) =>
      membraneForces(
        x,
        membraneOf(params),
        viscous || air
          ? {
              v,
              ...(viscous && { viscosity: params.viscosity.broadcastTo([m]) }),
              ...(air && { wind: params.wind, air: params.air }),
            }
          : undefined,
      ),
  };
  const hinges: Coupling<ClothParams> = { corners: ends, forces: (x, _, params) => hingeForces(x, hingesAt(params)) };
  const mass = (params: ClothParams): Tensor => {
    const share = params.density
      .broadcastTo([m])
      .mul(membraneOf(params).area)
      .mul(1 / 3);
    return corners.collect(share.reshape([m, 1, 1]).broadcastTo([m, 3, 1])).reshape([n]); // (1)
  };
  const body: Body<ClothParams> = {
    name: 'cloth',
    nodes: n,
    dimension: 3,
    pinned,
    conservative: false,
    mass,
    couplings: ends.elements > 0 ? [membrane, hinges] : [membrane],
  };
  const [damped, elastic] = [motion(body), motion({ ...body, conservative: !viscous && !air })];
  const moving = (params: ClothParams): Motion<ClothParams> =>
    (params as typeof params | undefined)?.obstacles ? damped : elastic;
  return {
    vertices: n,
    triangles: m,
    hinges: ends.elements,
    mass,
    forces: elastic.forces,
    step: elastic.step,
    longestStep: elastic.longestStep,
    implicitStep: (state, params, dt, options) => moving(params).implicitStep(state, params, dt, options),
    rest: (params, x0, options) => moving(params).rest(params, x0, options),
    params(defaults = {}) {
      checkOptions('cloth: params', defaults, names);
      const { stretch = [300, 300], bending = 1e-4, density = 0.2, viscosity = 0, drag = 0, obstacles } = defaults;
      const each = { 'stretch[0]': stretch[0], 'stretch[1]': stretch[1] };
      checkNumbers('cloth: params', { density }, { ...each, bending, viscosity, drag });
      const { wind = [0, 0, 0], air = [1.2, 1.2, 0.05], gravity = [0, -9.81, 0] } = defaults;
      return {
        rest: vertices.detach(),
        density: tensor([density], [1], on),
        stretch: tensor(stretch, [2], on),
        bending: tensor([bending], [1], on),
        viscosity: tensor([viscosity], [1], on),
        drag: tensor([drag], [1], on),
        wind: tensor(wind, [3], on),
        air: tensor(air, [3], on),
        gravity: tensor(gravity, [3], on),
        load: zeros([n, 3], on),
        ...(obstacles && { obstacles }),
      };
    },
    start: () => ({ x: vertices.detach(), v: zeros([n, 3], on) }),
    energies({ x, v }, params) {
      const own = mass(params).reshape([n, 1]);
      return {
        kinetic: own.mul(v.square()).sum().mul(0.5),
        stretching: membraneEnergies(corners.spread(x), membraneOf(params)).sum(),
        bending: ends.elements > 0 ? hingeEnergies(ends.spread(x), hingesAt(params)).sum() : zeros([], on),
        potential: own.mul(params.gravity).add(params.load).mul(x).sum().neg(),
      };
    },
  };
}
