/** What a simulation by the material point method is given. */

import type { Tensor } from '../../kernel/index.ts';
import type { Matter } from './matter.ts';
import type { Motion } from './transfer.ts';
import type { Surroundings, Wall } from './walls.ts';

/** Shapes: n particles in d dimensions. */
export interface MpmState extends Motion {
  /** Deformation, F_ij = ∂x_i/∂X_j, [n, d, d]; of a liquid only its determinant, of sand and snow only their stretch. */
  readonly F: Tensor;
  /** How much sand was drawn apart, and ln J_P of snow, below 0 where it was pressed, [n]; only where there is one of them. */
  readonly memory?: Tensor;
  /** What went wrong, [8]; `check` reads it. A state without it is not watched. */
  readonly trouble?: Tensor;
}

/** How snow yields and hardens. Stomakhin's is 0.025, 0.0075 and 10. */
export interface Snow {
  /** θ_c: how much it can be pressed before it yields, as a share of its length; below 1. */
  readonly compression: Tensor;
  /** θ_s: how much it can be drawn. */
  readonly stretch: Tensor;
  /** ξ: by how much log stiffness grows where volume is lost for good. */
  readonly hardening: Tensor;
}

/** All differentiable. Numbers of particles are [n], or one for all. */
export interface MpmParams extends Surroundings {
  /** kg. */
  readonly mass: Tensor;
  /** At rest, m³ (m² in the plane). */
  readonly volume: Tensor;
  /** Lamé's first parameter, Pa; of a liquid its bulk modulus. `lame` has both from Young's modulus and Poisson's ratio. */
  readonly lambda: Tensor;
  /** Shear modulus, Pa; of a liquid its viscosity, Pa s. */
  readonly mu: Tensor;
  /** Sand's angle of internal friction, rad; one number. */
  readonly angle?: Tensor;
  /** Of snow, one number each. */
  readonly snow?: Snow;
  /** What each actuator pulls with, Pa. */
  readonly actuation?: Tensor;
}

export interface MpmSpec {
  /** Number of nodes along x, y (and z); 8 at least. Node i is at i · spacing. */
  readonly nodes: readonly number[];
  /** Distance of nodes, m. */
  readonly spacing: number;
  readonly matter: readonly Matter[];
  /** All, or along each axis at its lower and upper side. Default 'separate'. */
  readonly walls?: Wall | readonly (readonly [Wall, Wall])[];
  /** Nodes at each side that belong to its wall: 3 or more. Default 3. */
  readonly thickness?: number;
  /** What bodies given by `distance` do to what touches them. Default: there are none. */
  readonly body?: Wall;
  /** Direction of the fibres of what is actuated, at rest. Default along y. */
  readonly fibre?: readonly number[];
}
