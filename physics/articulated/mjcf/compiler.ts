/** What <compiler> and <option> say: how the rest of a file is meant. */

import type { Vec3 } from '../quaternion.ts';
import type { Element } from './element.ts';
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
}

/** Notes what does not act. */
export type Tell = (line: number, what: string) => void;

export const truth = ['true', 'false'] as const;

/** Later <compiler> elements override earlier ones. */
export function compilerOf(root: Element, tell: Tell): Compiler {
  const settings = root.all('compiler');
  const merged = settings.length > 0 ? settings.reduce((a, b) => b.with(a.attributes)) : root;
  for (const element of settings) for (const name of [...element.attributes.keys()]) element.text(name);
  if (merged !== root && merged.text('alignfree') === 'true') tell(merged.line, 'alignfree of <compiler>');
  const has = (name: string): boolean => settings.length > 0 && merged.has(name);
  const is = (name: string, otherwise: boolean): boolean =>
    settings.length > 0 ? merged.word(name, truth, otherwise ? 'true' : 'false') === 'true' : otherwise;
  if (has('coordinate') && merged.text('coordinate') !== 'local')
    merged.fail(
      "coordinate is 'global'; only local coordinates have a meaning since MuJoCo 2.3.4: save the model again.",
    );
  const degrees = settings.length === 0 || merged.word('angle', ['degree', 'radian'], 'degree') === 'degree';
  const sequence = (settings.length > 0 && merged.text('eulerseq')) || 'xyz';
  if (!/^[xyzXYZ]{3}$/.test(sequence))
    merged.fail(`eulerseq is '${sequence}'; give three letters of x, y, z, X, Y, Z.`);
  const number = (name: string, otherwise: number): number =>
    (settings.length > 0 ? merged.number(name) : undefined) ?? otherwise;
  const groups = settings.length > 0 ? merged.numbers('inertiagrouprange', 2) : undefined;
  return {
    unit: degrees ? Math.PI / 180 : 1,
    sequence,
    autolimits: is('autolimits', true),
    inertiaFromGeom: settings.length > 0 ? merged.word('inertiafromgeom', ['true', 'false', 'auto'], 'auto') : 'auto',
    balanceInertia: is('balanceinertia', false),
    boundMass: number('boundmass', 0),
    boundInertia: number('boundinertia', 0),
    groups: groups ? [groups[0], groups[1]] : [0, 5],
    totalMass: number('settotalmass', -1),
  };
}

export interface Option {
  readonly gravity: Vec3;
  readonly timestep: number;
  readonly integrator: 'euler' | 'rungeKutta4';
  /** What <flag> turns off. */
  readonly off: ReadonlySet<string>;
}

/** Flags whose setting changes nothing that is simulated here, or changes it as said below. */
const known = ['contact', 'gravity', 'constraint', 'limit', 'frictionloss', 'equality'];
/** Those whose default is kept: another setting is told. */
const others: Readonly<Record<string, string>> = {
  passive: 'enable',
  spring: 'enable',
  damper: 'enable',
  clampctrl: 'enable',
  actuation: 'enable',
  eulerdamp: 'enable',
};

export function optionOf(root: Element, tell: Tell): Option {
  let gravity: Vec3 = [0, 0, -9.81];
  let timestep = 0.002;
  let integrator: Option['integrator'] = 'euler';
  const off = new Set<string>();
  for (const element of root.all('option')) {
    gravity = (element.numbers('gravity', 3) as unknown as Vec3 | undefined) ?? gravity;
    timestep = element.number('timestep') ?? timestep;
    if (element.has('integrator')) {
      const name = element.word('integrator', ['Euler', 'RK4', 'implicit', 'implicitfast'], 'Euler');
      integrator = name === 'RK4' ? 'rungeKutta4' : 'euler';
      if (name.startsWith('implicit'))
        tell(element.line, `integrator '${name}'; 'euler', with implicit joint damping, stands for it`);
    }
    for (const name of ['wind', 'density', 'viscosity'])
      if (element.numbers(name, [1, 3])?.some(x => x !== 0))
        tell(element.line, `forces of a medium (${name} of <option>)`);
    for (const flag of element.all('flag'))
      for (const [name, value] of flag.attributes) {
        if (known.includes(name) && value === 'disable') off.add(name);
        if (name in others && value !== others[name]) tell(flag.line, `<flag ${name}="${value}">`);
      }
  }
  if (off.has('constraint')) for (const name of ['contact', 'limit', 'frictionloss', 'equality']) off.add(name);
  return { gravity: off.has('gravity') ? [0, 0, 0] : gravity, timestep, integrator, off };
}
