/**
 * Classes of defaults: an element has the attributes that it is given, then those of its class, then those of the classes around that.
 *
 * The class is the one named by the element, else the nearest `childclass` of the bodies around it, else the outermost one, 'main'. Of orientations
 * the nearest counts, but quat gives way to any other.
 */

import { Element } from '../xml.ts';
import { actuatorElements } from './actuator-law.ts';
import type { Tell } from './compiler.ts';

/** Attributes by element name, of each class. */
export type Defaults = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, string>>>;

/** What a class may have defaults of, also where it does not act. */
const kinds: ReadonlySet<string> = new Set([
  ...['default', 'geom', 'joint', 'site', 'mesh', 'material', 'camera', 'light', 'pair', 'equality', 'tendon'],
  ...[...actuatorElements, 'muscle', 'adhesion', 'dcmotor'],
]);

export function defaultsOf(root: Element, tell: Tell): Defaults {
  const classes = new Map<string, ReadonlyMap<string, ReadonlyMap<string, string>>>();
  const visit = (
    element: Element,
    above: ReadonlyMap<string, ReadonlyMap<string, string>>,
    outermost: boolean,
  ): void => {
    const name =
      element.text('class') ?? (outermost ? 'main' : element.fail('a <default> within another has a class.'));
    const own = new Map(above);
    for (const name of element.unread) tell(element, `${name} of <default>`);
    for (const child of element.children)
      if (!kinds.has(child.name)) tell(child, `<${child.name}> in a <default>`);
      else if (child.name !== 'default')
        own.set(child.name, over(above.get(child.name) ?? new Map(), child.attributes));
    classes.set(name, own);
    if (outermost) classes.set('main', own);
    for (const child of element.all('default')) visit(child, own, false);
  };
  classes.set('main', new Map());
  for (const element of root.all('default')) visit(element, classes.get('main') ?? new Map(), true);
  return classes;
}

const turns: readonly string[] = ['axisangle', 'euler', 'xyaxes', 'zaxis'];

/** Attributes that come before others of the same names. */
function over(outer: ReadonlyMap<string, string>, inner: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const isTurned = (list: ReadonlyMap<string, string>): boolean => turns.some(name => list.has(name));
  const kept = [...outer].filter(([name]) => !(isTurned(inner) && (name === 'quat' || turns.includes(name))));
  const own = [...inner].filter(([name]) => !(name === 'quat' && isTurned(outer) && !isTurned(inner)));
  return new Map([...kept, ...own]);
}

/** The elements of each class in the order in which they count: those of the class around it first. */
export function defaultElementsOf(root: Element): ReadonlyMap<string, readonly Element[]> {
  const classes = new Map<string, readonly Element[]>([['main', []]]);
  const visit = (element: Element, above: readonly Element[], name: string): void => {
    const own = [...above, ...element.children.filter(child => child.name !== 'default')];
    classes.set(name, own);
    for (const child of element.all('default')) visit(child, own, child.needed('class'));
  };
  for (const element of root.all('default')) {
    visit(element, classes.get('main') ?? [], element.text('class') ?? 'main');
    classes.set('main', classes.get(element.text('class') ?? 'main') ?? []);
  }
  return classes;
}

/** @param kinds Names of the elements whose defaults count, later ones first. */
export function withDefaults(
  element: Element,
  defaults: Defaults,
  childclass: string | undefined,
  kinds: readonly string[] = [element.name],
): Element {
  const name = element.text('class') ?? childclass ?? 'main';
  const own = defaults.get(name) ?? element.fail(`there is no default class '${name}'.`);
  const merged = new Map(kinds.flatMap(kind => [...(own.get(kind) ?? [])]));
  merged.delete('class');
  const whole = new Element(element.name, over(merged, element.attributes), element.line, element.source);
  whole.children.push(...element.children);
  whole.text('class');
  return whole;
}
