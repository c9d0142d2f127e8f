/**
 * Elastic solids: triangles in the plane or tetrahedra in space, with mass at their nodes.
 *
 *   f_i = Σ_e forces of elements (elements.ts) + forces on nodes (nodal.ts),   m_i = Σ_e ρ V_e / (d + 1)               (1)
 *
 * Everything physical is a tensor and differentiable: rest positions, Lamé's constants and density of all or of each element, loads,
 * obstacles. How nodes move is in body.ts. In the plane, plane strain with a thickness of 1 m.
 */

import { checkOptions, type Device, inWords, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import { checkPinned } from '../adjacency.ts';
import { lameConstants } from '../lame.ts';
import { type BodyState, type Motion, motion } from './body.ts';
import { cornersOf } from './corners.ts';
import { elementEnergies, elementForces, restShape } from './elements.ts';
import type { ElasticMaterial } from './material.wgsl.ts';
import { checkNumbers, type NodalParams, type Obstacles } from './nodal.ts';
import { checkSolidMesh, type SolidMesh } from './solid-mesh.ts';
import type { Body } from './structure.ts';

/** n nodes, m elements, d = 2 or 3; all differentiable. */
export interface SolidParams extends NodalParams {
  /** Positions without stress, [n, d], m. */
  readonly rest: Tensor;
  /** ρ: [1], or [m] for each element, kg/m³. */
  readonly density: Tensor;
  /** λ and μ: [2], or [m, 2] for each element, Pa; `lameConstants(young, poisson)` makes them. */
  readonly lame: Tensor;
  /** η: [1], or [m] for each element, Pa s. Read with { viscous: true } alone. */
  readonly viscosity: Tensor;
}

export interface SolidOptions {
  /** Default 'neoHookean'. */
  readonly material?: ElasticMaterial;
  /** Nodes that never move; start them at rest. Default none. */
  readonly pinned?: readonly number[];
  /** Whether elements resist being deformed in proportion to how fast. Default false. */
  readonly viscous?: boolean;
}

/** Numbers to begin with; all can be replaced in what `params` returns. */
export interface SolidDefaults {
  /** E, Pa. Default 1e5. */
  readonly young?: number;
  /** ν. Default 0.3. */
  readonly poisson?: number;
  /** ρ, kg/m³. Default 1000. */
  readonly density?: number;
  /** η, Pa s. Default 0. */
  readonly viscosity?: number;
  /** γ, 1/s. Default 0. */
  readonly drag?: number;
  /** g, m/s². Default 9.81 downwards, against y. */
  readonly gravity?: readonly number[];
  readonly obstacles?: Obstacles;
  readonly device?: Device;
}

export interface SolidEnergies {
  readonly kinetic: Tensor;
  readonly elastic: Tensor;
  /** Of weight and loads, 0 at the origin. That of contacts is not counted. */
  readonly potential: Tensor;
}

export interface Solid extends Motion<SolidParams> {
  readonly mesh: SolidMesh;
  readonly nodes: number;
  readonly elements: number;
  params(defaults?: SolidDefaults): SolidParams;
  /** At rest and without stress. */
  start(device?: Device): BodyState;
  /** [n], kg. */
  mass(params: SolidParams): Tensor;
  energies(state: BodyState, params: SolidParams): SolidEnergies;
  /** J: volume over volume at rest of each element, [m]; negative where it is turned inside out. */
  stretches(x: Tensor, params: SolidParams): Tensor;
  /** @throws RangeError naming the first element that is turned inside out, or not finite, and what helps. */
  checkElements(x: Tensor, params: SolidParams): Promise<void>;
}

const materials: readonly ElasticMaterial[] = ['linear', 'stVenantKirchhoff', 'neoHookean'];

/**
 * Builds a solid.
 *
 * @throws RangeError naming the first element or node of the mesh that is wrong.
 * @example
 * const mesh = blockMesh([8, 2], { size: [0.4, 0.1] });
 * const wall = [0, 9, 18]; // nodes at x = 0
 * const beam = elasticSolid(mesh, { pinned: wall });
 * const hanging = beam.rest(beam.params({ young: 2e5 }), beam.start().x); // where its weight has pulled it
 */
export function elasticSolid(mesh: SolidMesh, options: SolidOptions = {}): Solid {
  checkOptions('elasticSolid', options, ['material', 'pinned', 'viscous']);
  const { material = 'neoHookean', pinned = [], viscous = false } = options;
  if (!materials.includes(material))
    throw new RangeError(`elasticSolid: the material is ${inWords(material)}; it is one of ${materials.join(', ')}.`);
  checkSolidMesh('elasticSolid', mesh);
  const { dimension: d, positions } = mesh;
  const nodes = positions.length / d;
  checkPinned('elasticSolid', nodes, pinned);
  const corners = cornersOf(nodes, d + 1, mesh.elements);
  const { elements } = corners;
  const each = (x: Tensor, ...rest: number[]): Tensor => x.broadcastTo([elements, ...rest]);
  const shapeOf = ({ rest }: SolidParams) => restShape(corners.spread(rest));
  const massOf = (params: SolidParams): Tensor => {
    const share = each(params.density)
      .mul(shapeOf(params).volume)
      .mul(1 / (d + 1));
    return corners.collect(share.reshape([elements, 1, 1]).broadcastTo([elements, d + 1, 1])).reshape([nodes]); // (1)
  };
  const body: Body<SolidParams> = {
    name: 'elasticSolid',
    nodes,
    dimension: d,
    pinned,
    conservative: false,
    mass: massOf,
    couplings: [
      {
        corners,
        forces: (x, v, params) =>
          elementForces(
            material,
            x,
            { ...shapeOf(params), lame: each(params.lame, 2) },
            viscous ? { v, viscosity: each(params.viscosity) } : undefined,
          ),
      },
    ],
  };
  const conservative: Body<SolidParams> = { ...body, conservative: !viscous };
  const [damped, elastic] = [motion(body), motion(conservative)];
  const moving = (params: SolidParams): Motion<SolidParams> =>
    (params as typeof params | undefined)?.obstacles ? damped : elastic;
  const stretches = (x: Tensor, params: SolidParams): Tensor =>
    restShape(corners.spread(x)).volume.div(shapeOf(params).volume);
  return {
    mesh,
    nodes,
    elements,
    mass: massOf,
    forces: elastic.forces,
    step: elastic.step,
    longestStep: elastic.longestStep,
    implicitStep: (state, params, dt, options) => moving(params).implicitStep(state, params, dt, options),
    rest: (params, x0, options) => moving(params).rest(params, x0, options),
    params(defaults = {}) {
      const { young = 1e5, poisson = 0.3, density = 1000, viscosity = 0, drag = 0, obstacles, device } = defaults;
      checkOptions('elasticSolid: params', defaults, [
        ...['young', 'poisson', 'density', 'viscosity', 'drag', 'gravity', 'obstacles', 'device'],
      ]);
      checkNumbers('elasticSolid: params', { young, density }, { viscosity, drag });
      const { gravity = d === 2 ? [0, -9.81] : [0, -9.81, 0] } = defaults;
      const on = device ? { device } : {};
      return {
        rest: tensor(positions, [nodes, d], on),
        density: tensor([density], [1], on),
        lame: lameConstants(tensor([young], [1], on), poisson),
        viscosity: tensor([viscosity], [1], on),
        drag: tensor([drag], [1], on),
        gravity: tensor(gravity, [d], on),
        load: zeros([nodes, d], on),
        ...(obstacles && { obstacles }),
      };
    },
    start(device) {
      const on = device ? { device } : {};
      return { x: tensor(positions, [nodes, d], on), v: zeros([nodes, d], on) };
    },
    energies({ x, v }, params) {
      const mass = massOf(params);
      const shape = { ...shapeOf(params), lame: each(params.lame, 2) };
      return {
        kinetic: mass.reshape([nodes, 1]).mul(v.square()).sum().mul(0.5),
        elastic: elementEnergies(material, corners.spread(x), shape).sum(),
        potential: mass.reshape([nodes, 1]).mul(params.gravity).add(params.load).mul(x).sum().neg(),
      };
    },
    stretches,
    async checkElements(x, params) {
      const J = await stretches(x, params).read();
      const e = J.findIndex(v => !(v > 0));
      if (e < 0) return;
      throw new RangeError(
        `elasticSolid: element ${e} has ${J[e].toPrecision(3)} times its volume at rest${J[e] <= 0 ? ': it is turned inside out' : ''}; take smaller steps, stiffer material, finer elements where it bends, or implicitStep.`,
      );
    },
  };
}
