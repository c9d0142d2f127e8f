/** What <compiler> and <option> say: how the rest of a file is meant. */

import {
  type Pair,
  type Solimp,
  type Solref,
  type SolverOptions,
  usualSolimp,
  usualSolref,
} from '../constraint/constraint.ts';
import type { MediumSpec } from '../medium/immersed.ts';
import type { ArticulatedIntegrator } from '../model.ts';
import type { Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import type { Angles } from './orientation.ts';

export interface Compiler extends Angles {
  readonly autolimits: boolean;
  readonly inertiaFromGeom: 'true' | 'false' | 'auto';
  readonly balanceInertia: boolean;
  readonly boundMass: number;
  readonly boundInertia: number;
  /** Groups of geoms that have mass, first and last. */
  readonly groups: readonly [number, number];
  /** Masses and inertias are scaled to this total, unless it is negative. */
  readonly totalMass: number;
  /** Where files of meshes, and of other things, are. */
  readonly meshFolder: string;
  readonly assetFolder: string;
  /** Primitives that stand for meshes fit the box around their vertices, and not that of their inertia. */
  readonly fitsAround: boolean;
  /** File names lose their folders. */
  readonly stripPath: boolean;
}

/** Notes what does not act. */
export type Tell = (element: Element, what: string) => void;

const truth = ['true', 'false'] as const;

/** Later <compiler> elements override earlier ones. */
export function compilerOf(root: Element, tell: Tell): Compiler {
  const settings = root.all('compiler');
  const merged = settings.length > 0 ? settings.reduce((a, b) => b.with(a.attributes)) : root;
  if (merged !== root && merged.text('alignfree') === 'true') tell(merged, 'alignfree of <compiler>');
  const has = (name: string): boolean => settings.length > 0 && merged.has(name);
  const is = (name: string, otherwise: boolean): boolean =>
    settings.length > 0 ? merged.word(name, truth, otherwise ? 'true' : 'false') === 'true' : otherwise;
  if (has('coordinate') && merged.text('coordinate') !== 'local')
    merged.fail(
      "coordinate is 'global'; only local coordinates have a meaning since MuJoCo 2.3.4: save the model again.",
    );
  if (is('fusestatic', false))
    tell(
      merged,
      'fusestatic of <compiler>; bodies without joints stay, and what touches them is as soft as they are light',
    );
  const degrees = settings.length === 0 || merged.word('angle', ['degree', 'radian'], 'degree') === 'degree';
  const sequence = (settings.length > 0 && merged.text('eulerseq')) || 'xyz';
  if (!/^[xyzXYZ]{3}$/.test(sequence))
    merged.fail(`eulerseq is '${sequence}'; give three letters of x, y, z, X, Y, Z.`);
  const number = (name: string, otherwise: number): number =>
    (settings.length > 0 ? merged.number(name) : undefined) ?? otherwise;
  const groups = settings.length > 0 ? merged.numbers('inertiagrouprange', 2) : undefined;
  const folder = (name: string): string | undefined =>
    (settings.length > 0 ? merged.text(name) : undefined)?.replace(/([^/])$/, '$1/');
  const read: Compiler = {
    unit: degrees ? Math.PI / 180 : 1,
    sequence,
    autolimits: is('autolimits', true),
    inertiaFromGeom: settings.length > 0 ? merged.word('inertiafromgeom', ['true', 'false', 'auto'], 'auto') : 'auto',
    balanceInertia: is('balanceinertia', false),
    boundMass: number('boundmass', 0),
    boundInertia: number('boundinertia', 0),
    groups: groups ? [groups[0], groups[1]] : [0, 5],
    totalMass: number('settotalmass', -1),
    meshFolder: folder('meshdir') ?? folder('assetdir') ?? '',
    assetFolder: folder('assetdir') ?? '',
    fitsAround: is('fitaabb', false),
    stripPath: is('strippath', false),
  };
  const unread = new Set(merged.unread);
  for (const element of settings)
    for (const name of element.attributes.keys())
      if (unread.has(name) && !withoutEffect.includes(name)) tell(element, `${name} of <compiler>`);
  return read;
}

/** About how MuJoCo compiles and saves, or what is only drawn. */
const withoutEffect = ['texturedir', 'discardvisual', 'usethread', 'saveinertial', 'conflict'];

export interface Option {
  readonly gravity: Vec3;
  readonly timestep: number;
  readonly integrator: ArticulatedIntegrator;
  readonly solver: Partial<SolverOptions>;
  /** Numbers that all contacts have instead of their own. */
  readonly override: Partial<Pick<Pair, 'solref' | 'solimp' | 'margin' | 'friction'>> | undefined;
  /** Field of magnetometers. */
  readonly magnetic: Vec3;
  /** What bodies are in. */
  readonly medium: Required<Omit<MediumSpec, 'ellipsoids'>>;
  /** What <flag> turns off. */
  readonly off: ReadonlySet<string>;
}

/** How MuJoCo solves and finds contacts: what is solved here is solved to the end. */
const ofSolving = [
  ...['solver', 'iterations', 'tolerance', 'ls_iterations', 'ls_tolerance', 'jacobian', 'noslip_tolerance', 'apirate'],
  ...['ccd_iterations', 'ccd_tolerance', 'mpr_iterations', 'mpr_tolerance', 'sdf_iterations', 'sdf_initpoints'],
  ...['sleep_tolerance'],
];

/** Flags that turn off what the model has. */
const known = [
  ...['contact', 'gravity', 'constraint', 'limit', 'frictionloss', 'equality', 'override', 'refsafe', 'eulerdamp'],
];
/** Those whose default is kept: another setting is told. */
const others: Readonly<Record<string, string>> = {
  passive: 'enable',
  spring: 'enable',
  damper: 'enable',
  clampctrl: 'enable',
  actuation: 'enable',
  filterparent: 'enable',
  sensor: 'enable',
  multiccd: 'disable',
  sleep: 'disable',
};
/** About reports and how fast MuJoCo is. */
const harmless = ['energy', 'fwdinv', 'invdiscrete', 'midphase', 'nativeccd', 'island', 'warmstart', 'autoreset'];

export function optionOf(root: Element, tell: Tell): Option {
  let gravity: Vec3 = [0, 0, -9.81];
  let magnetic: Vec3 = [0, -0.5, 0];
  let medium: Required<Option['medium']> = { density: 0, viscosity: 0, wind: [0, 0, 0] };
  let timestep = 0.002;
  let integrator: ArticulatedIntegrator = 'euler';
  let named = 'Euler';
  let solver: Partial<SolverOptions> = {};
  let override: NonNullable<Option['override']> = {};
  const off = new Set<string>(['override']);
  for (const element of root.all('option')) {
    gravity = (element.numbers('gravity', 3) as unknown as Vec3 | undefined) ?? gravity;
    magnetic = (element.numbers('magnetic', 3) as unknown as Vec3 | undefined) ?? magnetic;
    timestep = element.number('timestep') ?? timestep;
    if (!(timestep > 0)) element.fail(`timestep is ${timestep}; it must be above 0, s.`);
    if (element.has('integrator')) {
      named = element.word('integrator', ['Euler', 'RK4', 'implicit', 'implicitfast'], 'Euler');
      integrator = named === 'RK4' ? 'rungeKutta4' : named === 'implicitfast' ? 'implicitFast' : 'euler';
      if (named === 'implicit')
        tell(element, "integrator 'implicit'; 'euler', with implicit joint damping, stands for it");
    }
    medium = {
      density: element.number('density') ?? medium.density,
      viscosity: element.number('viscosity') ?? medium.viscosity,
      wind: (element.numbers('wind', 3) as unknown as Vec3 | undefined) ?? medium.wind,
    };
    const impratio = element.number('impratio');
    solver = {
      ...solver,
      ...(element.has('cone') && { cone: element.word('cone', ['pyramidal', 'elliptic'], 'pyramidal') }),
      ...(impratio !== undefined && { impratio }),
    };
    override = { ...override, ...overrideOf(element) };
    if ((element.number('noslip_iterations') ?? 0) > 0) tell(element, 'noslip_iterations of <option>');
    for (const flag of element.all('flag'))
      for (const [name, value] of flag.attributes) {
        if (value !== 'enable' && value !== 'disable')
          flag.fail(`${name} of <flag> is '${value}'; it must be 'enable' or 'disable'.`);
        if (known.includes(name) && value === 'disable') off.add(name);
        if (known.includes(name) && value === 'enable') off.delete(name);
        if (name in others ? value !== others[name] : !known.includes(name) && !harmless.includes(name))
          tell(flag, `<flag ${name}="${value}">`);
      }
    for (const name of element.unread) if (!ofSolving.includes(name)) tell(element, `${name} of <option>`);
  }
  if (off.has('constraint')) for (const name of ['contact', 'limit', 'frictionloss', 'equality']) off.add(name);
  if (off.has('eulerdamp') && named === 'Euler') integrator = 'explicitDamping';
  if (off.has('refsafe')) solver = { ...solver, refsafe: false };
  return {
    gravity: off.has('gravity') ? [0, 0, 0] : gravity,
    timestep,
    integrator,
    solver,
    override: off.has('override') ? undefined : override,
    magnetic,
    medium,
    off,
  };
}

function overrideOf(element: Element): NonNullable<Option['override']> {
  const [solref, solimp] = [solrefOf(element, 'o_solref'), solimpOf(element, 'o_solimp')];
  const margin = element.number('o_margin');
  const friction = element.numbers('o_friction', 5);
  return {
    ...(solref && { solref }),
    ...(solimp && { solimp }),
    ...(margin !== undefined && { margin }),
    ...(friction && { friction: friction as unknown as Pair['friction'] }),
  };
}

/** As many numbers as are given, then the usual ones. */
function filled<T extends readonly number[]>(element: Element, name: string, usual: T): T | undefined {
  const given = element.numbers(name, [1, usual.length]);
  return given && (usual.map((x, k) => given[k] ?? x) as unknown as T);
}

export const solrefOf = (element: Element, name: string): Solref | undefined => filled(element, name, usualSolref);

export const solimpOf = (element: Element, name: string): Solimp | undefined => filled(element, name, usualSolimp);
