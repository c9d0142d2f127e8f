/** <contact>: pairs of geoms with numbers of their own, and bodies that do not touch. <equality>: loops that are closed. */

import { byName, hasName } from '../by-name.ts';
import { type Condim, usualSolimp, usualSolref } from '../constraint/constraint.ts';
import type { EqualitySpec } from '../constraint/equalities.ts';
import type { PairSpec } from '../constraint/geoms.ts';
import type { SiteSpec } from '../link-spec.ts';
import { inverse, normalized, product, type Quaternion, type Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import { solimpOf, solrefOf } from './compiler.ts';
import { withDefaults } from './defaults.ts';
import { type Reading, unreadOf, withClass } from './reading.ts';

export interface ReadContacts {
  readonly pairs: readonly PairSpec[];
  readonly excludes: readonly (readonly [string, string])[];
}

export function readContacts(root: Element, reading: Reading): ReadContacts {
  const pairs: PairSpec[] = [];
  const excludes: (readonly [string, string])[] = [];
  for (const child of root.all('contact').flatMap(({ children }) => children)) {
    if (child.name === 'pair') pairs.push(readPair(child, reading));
    else if (child.name === 'exclude') {
      const names = [child.needed('body1'), child.needed('body2')] as const;
      for (const name of names) knownLink(reading, name, child);
      excludes.push(names);
    } else reading.tell(child, `<${child.name}> in <contact>`);
  }
  return { pairs, excludes };
}

function knownLink({ links }: Reading, name: string, element: Element): string {
  if (name !== 'world' && !hasName(links, name)) element.fail(`there is no body '${name}'.`);
  return name;
}

/** What a pair leaves out has MuJoCo's default, whatever its geoms have. */
function readPair(given: Element, reading: Reading): PairSpec {
  const pair = withClass(given, reading);
  const geoms = [pair.needed('geom1'), pair.needed('geom2')] as const;
  for (const name of geoms) if (!hasName(reading.geoms, name)) pair.fail(`there is no geom '${name}'.`);
  const friction = pair.numbers('friction', [1, 5]);
  const usual = [1, 1, 0.005, 0.0001, 0.0001];
  const solrefFriction = pair.has('solreffriction') ? solrefOf(pair, 'solreffriction') : undefined;
  const [gap, condim] = [pair.number('gap'), pair.number('condim') ?? 3];
  if (![1, 3, 4, 6].includes(condim)) pair.fail(`condim of <pair> is ${condim}; it must be 1, 3, 4 or 6.`);
  const spec = {
    geoms,
    friction: usual.map((x, k) => friction?.[k] ?? x),
    solref: solrefOf(pair, 'solref') ?? usualSolref,
    solimp: solimpOf(pair, 'solimp') ?? usualSolimp,
    ...(solrefFriction && { solrefFriction }),
    margin: pair.number('margin') ?? 0,
    ...(gap !== undefined && { gap }),
    condim: condim as Condim,
  };
  unreadOf(pair, reading.tell);
  return spec;
}

/** Names of hinges and slides, and of tendons. */
export interface Followed {
  readonly joints: ReadonlySet<string>;
  readonly tendons: ReadonlySet<string>;
}

export function readEqualities(root: Element, reading: Reading, followed: Followed): readonly EqualitySpec[] {
  return root.all('equality').flatMap(({ children }) =>
    children.flatMap((child): EqualitySpec[] => {
      const element = withDefaults(child, reading.defaults, undefined, ['equality']); // those of joints are not for <joint> here
      const [name, solref, solimp] = [element.text('name'), solrefOf(element, 'solref'), solimpOf(element, 'solimp')];
      const shared = {
        ...(name !== undefined && { name }),
        active: element.word('active', ['true', 'false'], 'true') === 'true',
        ...(solref && { solref }),
        ...(solimp && { solimp }),
      };
      const spec =
        child.name === 'joint' || child.name === 'tendon'
          ? following(element, child.name, followed)
          : child.name === 'connect' || child.name === 'weld'
            ? linkEquality(element, child.name, reading)
            : undefined;
      if (!spec) {
        reading.tell(child, `<${child.name}> in <equality>`);
        return [];
      }
      unreadOf(element, reading.tell);
      return [{ ...shared, ...spec }];
    }),
  );
}

function following(element: Element, kind: 'joint' | 'tendon', { joints, tendons }: Followed): EqualitySpec {
  const [first, second] = [element.needed(`${kind}1`), element.text(`${kind}2`)];
  const names = kind === 'joint' ? joints : tendons;
  for (const name of second === undefined ? [first] : [first, second])
    if (!names.has(name)) element.fail(`there is no ${kind === 'joint' ? 'hinge or slide' : 'tendon'} '${name}'.`);
  if (first === second) element.fail(`<${kind}> in <equality> joins '${first}' to itself; name two ${kind}s.`);
  const polynomial = element.numbers('polycoef', [1, 5]) ?? [];
  const both = second === undefined ? ([first] as const) : ([first, second] as const);
  const shape = { polynomial: [0, 1, 0, 0, 0].map((x, k) => polynomial[k] ?? x) };
  return kind === 'joint' ? { kind, joints: both, ...shape } : { kind, tendons: both, ...shape };
}

function linkEquality(element: Element, kind: 'connect' | 'weld', reading: Reading): EqualitySpec {
  const torqueScale = kind === 'weld' ? { torqueScale: element.number('torquescale') ?? 1 } : {};
  if (element.has('site1')) {
    const [a, b] = ['site1', 'site2'].map(name => siteOf(element, name, reading));
    const links = [a.link, b.link] as const;
    const anchors = { anchor: a.position, otherAnchor: b.position };
    if (kind === 'connect') return { kind, links, ...anchors };
    const orientation = product(a.orientation, inverse(b.orientation));
    return { kind, links, anchor: b.position, position: a.position, orientation, ...torqueScale };
  }
  const links = [
    knownLink(reading, element.needed('body1'), element),
    knownLink(reading, element.text('body2') ?? 'world', element),
  ] as const;
  const anchor = element.numbers('anchor', 3) as unknown as Vec3 | undefined;
  if (kind === 'connect') return { kind, links, anchor: anchor ?? element.fail('<connect> has no anchor.') };
  const pose = element.numbers('relpose', 7) ?? [0, 1, 0, 0, 0, 0, 0];
  const quaternion = pose.slice(3) as unknown as Quaternion;
  const isGiven = quaternion.some(x => x !== 0);
  return {
    kind,
    links,
    ...torqueScale,
    ...(anchor && { anchor }),
    ...(isGiven && { position: pose.slice(0, 3) as unknown as Vec3, orientation: normalized(quaternion) }),
  };
}

function siteOf(
  element: Element,
  attribute: string,
  { sites }: Reading,
): Required<Pick<SiteSpec, 'link' | 'position' | 'orientation'>> {
  const name = element.needed(attribute);
  const site = byName(sites, name) ?? element.fail(`there is no site '${name}'.`);
  const { link, position = [0, 0, 0], orientation = [1, 0, 0, 0] } = site;
  return { link, position, orientation };
}
