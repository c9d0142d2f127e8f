/** What the elements of a file are read with, and what becomes of them. */

import type { GeomSpec } from '../constraint/geoms.ts';
import type { LinkSpec, SiteSpec } from '../link-spec.ts';
import type { EllipsoidSpec } from '../medium/immersed.ts';
import type { Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import type { Assets } from './asset.ts';
import type { Compiler, Option, Tell } from './compiler.ts';
import { type Defaults, withDefaults } from './defaults.ts';

export interface Reading {
  readonly compiler: Compiler;
  readonly option: Option;
  readonly defaults: Defaults;
  /** What stands in the defaults of each class, in order. */
  readonly defaultElements: ReadonlyMap<string, readonly Element[]>;
  readonly assets: Assets;
  readonly links: LinkSpec[];
  readonly geoms: GeomSpec[];
  /** What bodies show to the medium. */
  readonly ellipsoids: EllipsoidSpec[];
  readonly sites: SiteSpec[];
  /** Cameras that stand still in their bodies. */
  readonly cameras: Required<Pick<SiteSpec, 'name' | 'link' | 'position' | 'orientation'>>[];
  /** Names of the links that somebody else moves. */
  readonly mocap: string[];
  readonly tell: Tell;
}

/** What is only drawn, named or kept for the user. */
const ignored = new Set([
  ...['name', 'class', 'rgba', 'group', 'material', 'user', 'texcoord', 'fitscale', 'childclass'],
  ...['solmix', 'priority', 'contype', 'conaffinity'],
]);

/** Tells all attributes that nobody has asked for, and all elements within. */
export function unreadOf(element: Element, tell: Tell, also: readonly string[] = []): void {
  for (const child of element.children) tell(child, `<${child.name}> in a <${element.name}>`);
  unreadAttributes(element, tell, also);
}

export function unreadAttributes(element: Element, tell: Tell, also: readonly string[] = []): void {
  for (const name of element.unread)
    if (!ignored.has(name) && !also.includes(name)) tell(element, `${name} of <${element.name}>`);
}

export const vec3 = (element: Element, name: string): Vec3 =>
  (element.numbers(name, 3) as unknown as Vec3 | undefined) ?? [0, 0, 0];

export const withClass = (element: Element, { defaults }: Pick<Reading, 'defaults'>, childclass?: string): Element =>
  withDefaults(element, defaults, childclass);
