/**
 * <frame> and <replicate>: poses around what stands in them.
 *
 *   (x, q) of a frame within (X, Q):   (X + Q x,  Q q)                                                         (1)
 *
 *   copy k + 1:   x_{k+1} = x_k + Q_k offset,   Q_k = the turns of k times the angles                         (2)
 *
 * Names of copies end in the separator and k.
 */

import { add3, product, type Quaternion, rotate, scale3, unturned, type Vec3 } from '../quaternion.ts';
import { Element } from '../xml.ts';
import type { Tell } from './compiler.ts';
import { type Angles, fromEuler, orientationOf } from './orientation.ts';
import { unreadAttributes, vec3 } from './reading.ts';

export interface Frame {
  readonly position: Vec3;
  readonly orientation: Quaternion;
}

export const noFrame: Frame = { position: [0, 0, 0], orientation: unturned };

export const within = (outer: Frame, inner: Frame): Frame => ({
  position: add3(outer.position, rotate(outer.orientation, inner.position)), // (1)
  orientation: product(outer.orientation, inner.orientation),
});

/** Where an element stands in its body, whose frame is given. */
export const poseOf = (element: Element, frame: Frame, angles: Angles): Frame =>
  within(frame, { position: vec3(element, 'pos'), orientation: orientationOf(element, angles) });

/** Something in a body: the frame that stands around it there, and the class of what names none. */
export interface Placed {
  readonly element: Element;
  readonly frame: Frame;
  readonly childclass: string | undefined;
}

export interface Surroundings extends Angles {
  readonly tell: Tell;
  /** The class of what names none. */
  readonly childclass: string | undefined;
}

/** What is in a body, out of its frames. */
export function contentsOf(body: Element, around: Surroundings): readonly Placed[] {
  const visit = (children: readonly Element[], frame: Frame, childclass: string | undefined): readonly Placed[] =>
    children.flatMap(element => {
      if (element.name === 'frame') {
        const own = poseOf(element, frame, around);
        const inner = element.text('childclass') ?? childclass;
        unreadAttributes(element, around.tell);
        return visit(element.children, own, inner);
      }
      if (element.name !== 'replicate') return [{ element, frame, childclass }];
      const count = element.number('count') ?? element.fail('<replicate> has no count.');
      if (!(Number.isInteger(count) && count >= 1 && count <= mostCount))
        element.fail(`count of <replicate> is ${count}; it must be a whole number from 1 to ${mostCount}.`);
      const [offset, euler] = [vec3(element, 'offset'), vec3(element, 'euler')];
      const separator = element.text('sep') ?? '';
      unreadAttributes(element, around.tell);
      const digits = `${count - 1}`.length;
      let own = noFrame;
      return Array.from({ length: count }, (_, k) => {
        const position = k === 0 ? own.position : add3(own.position, rotate(own.orientation, offset)); // (2)
        own = { position, orientation: fromEuler(scale3(k, euler), around) };
        const copies = element.children.map(child => renamed(child, separator + `${k}`.padStart(digits, '0')));
        return visit(copies, within(frame, own), childclass);
      }).flat();
    });
  return visit(body.children, noFrame, around.childclass);
}

const [mostCount, mostCopies] = [10000, 1e6];

/** @throws RangeError if replicas within replicas make more elements than anybody can read. */
export function checkCopies(root: Element): void {
  const countOf = (element: Element): number => {
    const own = element.children.reduce((sum, child) => sum + countOf(child), 1);
    const copies =
      element.name === 'replicate'
        ? own * Math.min(Math.max(1, Number(element.attributes.get('count')) || 1), mostCount)
        : own;
    if (copies > mostCopies)
      element.fail(`<${element.name}> makes ${copies} elements; ${mostCopies} are the most that are read.`);
    return copies;
  };
  countOf(root);
}

/** A copy whose names, and those of all that is in it, have an end. */
function renamed(element: Element, end: string): Element {
  const attributes = [...element.attributes].map(
    ([name, value]) => [name, name === 'name' ? value + end : value] as const,
  );
  const copy = new Element(element.name, attributes, element.line, element.source);
  copy.children.push(...element.children.map(child => renamed(child, end)));
  return copy;
}
