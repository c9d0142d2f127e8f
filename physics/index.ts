export type { Edge } from './adjacency.ts';
export { type Actuation, actuate, actuation } from './articulated/actuators/actuate.ts';
export {
  type ActuatorParams,
  type ActuatorSpec,
  actuatorParams,
} from './articulated/actuators/actuator.ts';
export { type Delayed, emptyQueue, withDelay } from './articulated/actuators/control-delay.ts';
export type { MuscleSpec } from './articulated/actuators/muscle.ts';
export { advance } from './articulated/advance.ts';
export {
  type BoundOptions,
  type CompliantOptions,
  compliant,
  compliantForces,
  compliantParams,
  type Quantity,
} from './articulated/compliant/compliant.ts';
export type {
  Equality,
  FrictionLoss,
  Geom,
  HeightField,
  Limit,
  Pair,
  Solimp,
  Solref,
  SolverOptions,
} from './articulated/constraint/constraint.ts';
export { type ContactForces, contactForces } from './articulated/constraint/contact-forces.ts';
export { type ConvexOptions, convex } from './articulated/constraint/convex.ts';
export type { EqualitySpec } from './articulated/constraint/equalities.ts';
export type { GeomSpec, PairSpec } from './articulated/constraint/geoms.ts';
export type { ConstraintParams } from './articulated/constraint/numbers.ts';
export { constraintParams } from './articulated/constraint/params.ts';
export type { ContactLaw, Moment } from './articulated/contact-law.ts';
export {
  biasForces,
  forwardDynamics,
  inverseDynamics,
  massMatrix,
  passiveForces,
} from './articulated/dynamics/dynamics.ts';
export { type Energies, energies } from './articulated/dynamics/energy.ts';
export { type Failure, firstFailure } from './articulated/first-failure.ts';
export { type ImpactOptions, impact } from './articulated/impact/impact.ts';
export { type StepJacobian, stepJacobian } from './articulated/jacobian/step-jacobian.ts';
export type { JointSpec, LinkSpec, SiteSpec } from './articulated/link-spec.ts';
export type { EllipsoidSpec, MediumSpec } from './articulated/medium/immersed.ts';
export { type MjcfOptions, mjcf, type Unsupported } from './articulated/mjcf/mjcf.ts';
export type {
  ArticulatedIntegrator,
  ArticulatedParams,
  ArticulatedState,
  Model,
} from './articulated/model.ts';
export type {
  Actuator,
  ActuatorDynamics,
  ActuatorKind,
  Immersed,
  Joint,
  JointKind,
  Keyframe,
  Link,
  Sensor,
  Site,
  Tendon,
} from './articulated/parts.ts';
export { pointJacobians } from './articulated/point-jacobians.ts';
export {
  type PointMotions,
  type Points,
  pointMotions,
  sitePoints,
} from './articulated/points.ts';
export { type LinkPose, posed } from './articulated/posed.ts';
export type { SensorKind } from './articulated/sensors/kinds.ts';
export type { Sensed } from './articulated/sensors/sensed.ts';
export { type Sensors, sensors } from './articulated/sensors/sensing.ts';
export type { FrameSpec, SensorSpec } from './articulated/sensors/sensor.ts';
export { articulatedState, type StateOptions } from './articulated/state.ts';
export { type ArticulatedOptions, articulated, type Driving } from './articulated/step.ts';
export { articulatedParams } from './articulated/structure.ts';
export { type RobotSurface, robotSurface } from './articulated/surface.ts';
export type { TendonSpec } from './articulated/tendons/tendon.ts';
export { tree } from './articulated/tree.ts';
export type { TreeSpec } from './articulated/tree-spec.ts';
export { type UrdfOptions, urdf } from './articulated/urdf/urdf.ts';
export type { BodySurface } from './body-surface.ts';
export { type BurgersParams, type BurgersState, burgers } from './burgers.ts';
export type { BodyState, Motion, SolveOptions as ElasticSolveOptions } from './elastic/body.ts';
export {
  type Cloth,
  type ClothDefaults,
  type ClothEnergies,
  type ClothOptions,
  type ClothParams,
  cloth,
} from './elastic/cloth.ts';
export type { ElasticMaterial } from './elastic/material.wgsl.ts';
export type { NodalParams, Obstacles as ElasticObstacles } from './elastic/nodal.ts';
export {
  elasticSolid,
  type Solid,
  type SolidDefaults,
  type SolidEnergies,
  type SolidOptions,
  type SolidParams,
} from './elastic/solid.ts';
export { type BlockOptions, blockMesh, type SolidMesh } from './elastic/solid-mesh.ts';
export {
  type EnsembleMaterial,
  type EnsembleNetwork,
  type EnsembleStep,
  massSpringEnsemble,
} from './ensemble.ts';
export type { ModelOptions } from './field.ts';
export {
  type FreeSurfaceOptions,
  freeSurface,
  type LiquidParams,
  type LiquidState,
  liquidAt,
} from './fluid/free-surface/free-surface.ts';
export type { Body as FlowBody } from './fluid/lattice-boltzmann/body.ts';
export type {
  LatticeBoltzmannOptions,
  LatticeBoltzmannParams,
  LatticeBoltzmannState,
} from './fluid/lattice-boltzmann/domain.ts';
export type { Flow } from './fluid/lattice-boltzmann/flow.ts';
export { type LatticeBoltzmann, latticeBoltzmann } from './fluid/lattice-boltzmann/lattice-boltzmann.ts';
export type { Start as FlowStart } from './fluid/lattice-boltzmann/start.ts';
export { type LatticeUnits, type LatticeUnitsOptions, latticeUnits } from './fluid/lattice-boltzmann/units.ts';
export {
  type FlowOptions,
  type FlowParams,
  type FlowState,
  type FlowStep,
  incompressible,
} from './fluid/mac/incompressible.ts';
export { bodyForce, enstrophy, flowEnergy } from './fluid/mac/observables.ts';
export type { ScalarSide, ScalarSides } from './fluid/mac/scalar-sides.ts';
export {
  type ShallowWaterOptions,
  type ShallowWaterParams,
  type ShallowWaterState,
  shallowWater,
} from './fluid/shallow-water/shallow-water.ts';
export type { Spectra } from './fluid/spectral/spectra.ts';
export {
  type SpectralVorticity,
  type SpectralVorticityOptions,
  spectralVorticity,
  type VorticityParams,
  type VorticityState,
} from './fluid/spectral/vorticity.ts';
export { type HeatParams, type HeatState, heat } from './heat.ts';
export { lame, lameConstants } from './lame.ts';
export {
  type Integrator,
  type MassSpringOptions,
  type MassSpringParams,
  type MassSpringState,
  massSpring,
} from './mass-spring.ts';
export { type BarostatOptions, type BarostatParams, type BoxState, barostat, boxState } from './molecular/barostat.ts';
export { angles, bonds, dihedrals } from './molecular/bonded.ts';
export { type Ewald, type EwaldOptions, ewald } from './molecular/ewald.ts';
export {
  type LangevinOptions,
  type LangevinParams,
  type LangevinState,
  langevin,
  langevinState,
} from './molecular/langevin.ts';
export { type LongRange, longRange } from './molecular/long-range.ts';
export {
  type FireOptions,
  type FireState,
  fire,
  fireState,
  type RestOptions,
  restPositions,
} from './molecular/minimum.ts';
export { checkMotion, type MotionOptions, type ParticleState, particleState } from './molecular/motion.ts';
export {
  type NoseHooverParams,
  type NoseHooverState,
  noseHoover,
  noseHooverEnergy,
  noseHooverState,
} from './molecular/nose-hoover.ts';
export {
  meanSquareDisplacement,
  pressure,
  type RadialOptions,
  radialDistribution,
  structureFactor,
  temperature,
} from './molecular/observables.ts';
export type { Tail } from './molecular/pair-energy.wgsl.ts';
export {
  coulomb,
  lennardJones,
  morse,
  type PairExpression,
  type PairPotential,
  pairPotential,
  reactionField,
  softSphere,
  weeksChandlerAndersen,
} from './molecular/pair-potential.ts';
export { type Particles, particles } from './molecular/particles.ts';
export type { PairInteraction, ParticleParams, ParticlesSpec, Term, TermGiven } from './molecular/particles-spec.ts';
export { constantEnergy, kineticEnergy } from './molecular/verlet.ts';
export type { Material } from './mpm/laws.wgsl.ts';
export { type Matter, pointsIn } from './mpm/matter.ts';
export { type Mpm, mpm, type RunOptions } from './mpm/mpm.ts';
export type { MpmParams, MpmSpec, MpmState, Snow } from './mpm/state.ts';
export type { Surroundings, Wall } from './mpm/walls.ts';
export { MpmError } from './mpm/watch.ts';
export {
  type BrusselatorParams,
  brusselator,
  type GrayScottParams,
  grayScott,
  type ReactionState,
  type SpreadParams,
} from './reaction-diffusion.ts';
export { brusselatorParts, grayScottParts, type Parts, type PartsOptions } from './reaction-parts.ts';
export { type FreeBodiesParams, type FreeBodiesState, freeBodies } from './rigid/free-bodies.ts';
export type { JointKind as RigidJointKind, JointParams } from './rigid/joint-rows.ts';
export type { RigidJointSpec } from './rigid/joints.ts';
export { polygon, polyhedron } from './rigid/polyhedra.ts';
export {
  type RigidOptions,
  type RigidParams,
  type RigidState,
  type RigidWorld,
  rigidBodies,
} from './rigid/rigid-bodies.ts';
export { sdf } from './rigid/sdf.ts';
export {
  box,
  capsule,
  compound,
  cylinder,
  disc,
  ellipsoid,
  heightField,
  type PartSpec,
  plane,
  type RigidShape,
  rectangle,
  type ShapePart,
  sphere,
} from './rigid/shapes.ts';
export { type WorldSurface, worldSurface } from './rigid/surface.ts';
export type { BodySpec, WorldSpec } from './rigid/world.ts';
export type { Step } from './simulator.ts';
export { type WaveParams, type WaveState, wave } from './wave.ts';
