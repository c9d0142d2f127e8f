/** Kinds of sensors, by what they are on; sensing.ts has their equations. */

export const jointSensors = [
  'jointpos',
  'jointvel',
  'ballquat',
  'ballangvel',
  'jointactuatorfrc',
  'jointlimitpos',
  'jointlimitvel',
  'jointlimitfrc',
] as const;
export const actuatorSensors = ['actuatorpos', 'actuatorvel', 'actuatorfrc'] as const;
export const tendonSensors = [
  'tendonpos',
  'tendonvel',
  'tendonactuatorfrc',
  'tendonlimitpos',
  'tendonlimitvel',
  'tendonlimitfrc',
] as const;
/** Those of bounds: gap, its rate and the force, of joints and then of tendons. */
export const limitSensors = [
  'jointlimitpos',
  'jointlimitvel',
  'jointlimitfrc',
  'tendonlimitpos',
  'tendonlimitvel',
  'tendonlimitfrc',
] as const;
export const siteSensors = [
  'accelerometer',
  'gyro',
  'velocimeter',
  'magnetometer',
  'force',
  'torque',
  'rangefinder',
  'touch',
] as const;
export const frameSensors = [
  'framepos',
  'framequat',
  'framexaxis',
  'frameyaxis',
  'framezaxis',
  'framelinvel',
  'frameangvel',
  'framelinacc',
  'frameangacc',
] as const;
export const subtreeSensors = ['subtreecom', 'subtreelinvel', 'subtreeangmom'] as const;
export const otherSensors = ['clock', 'e_potential', 'e_kinetic'] as const;

/** What contact sensors tell, in order; and of which contact: the nearest, the strongest, or one that stands for all. */
export const contactData = ['found', 'force', 'torque', 'dist', 'pos', 'normal', 'tangent'] as const;
export const contactChoices = ['mindist', 'maxforce', 'netforce'] as const;
export type ContactData = (typeof contactData)[number];
export type ContactChoice = (typeof contactChoices)[number];

export type JointSensor = (typeof jointSensors)[number];
export type TendonSensor = (typeof tendonSensors)[number];
export type ActuatorSensor = (typeof actuatorSensors)[number];
export type SiteSensor = (typeof siteSensors)[number];
export type FrameSensor = (typeof frameSensors)[number];
export type SubtreeSensor = (typeof subtreeSensors)[number];
export type OtherSensor = (typeof otherSensors)[number];
export type SensorKind =
  | JointSensor
  | TendonSensor
  | ActuatorSensor
  | SiteSensor
  | FrameSensor
  | SubtreeSensor
  | OtherSensor
  | 'contact';
