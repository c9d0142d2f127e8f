/** What a tree may not be: every message names the link or joint and says what is allowed. */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { JointSpec, LinkSpec } from './link-spec.ts';
import type { Link } from './parts.ts';
import type { Symmetric } from './quaternion.ts';

/** @throws RangeError unless these are `length` finite numbers. */
export function checkNumbers(who: string, name: string, given: readonly number[] | undefined, length: number): void {
  if (given === undefined) return;
  if (given.length !== length || !given.every(Number.isFinite))
    throw new RangeError(`${who}: ${name} is [${given.join(', ')}]; give ${length} finite numbers.`);
}

function checkLength(who: string, name: string, given: readonly number[] | undefined, length: number): void {
  checkNumbers(who, name, given, length);
  if (given && Math.hypot(...given) < 1e-10)
    throw new RangeError(
      `${who}: ${name} is [${given.join(', ')}], which has no direction; give one of any length above 0.`,
    );
}

function checkPositive(who: string, name: string, given: number | undefined): void {
  if (given !== undefined && !(given >= 0 && given < Number.POSITIVE_INFINITY))
    throw new RangeError(`${who}: ${name} is ${given}; it must be a number from 0.`);
}

/** A link by itself, after those before it. @param numbers Names of the links before it. */
export function checkLink(link: LinkSpec, all: readonly LinkSpec[], numbers: ReadonlyMap<string, number>): void {
  const who = `tree: link '${link.name}'`;
  if (link.name === 'world' || numbers.has(link.name))
    throw new RangeError(`${who}: this name is taken; every link has its own, and 'world' is where the tree stands.`);
  checkParent(who, link, all, numbers);
  checkNumbers(who, 'position', link.position, 3);
  checkLength(who, 'orientation', link.orientation, 4);
  checkLength(who, 'inertiaOrientation', link.inertiaOrientation, 4);
  checkNumbers(who, 'com', link.com, 3);
  checkPositive(who, 'mass', link.mass);
  if (link.inertia) checkNumbers(who, 'inertia', link.inertia, link.inertia.length === 3 ? 3 : 6);
  const joints = link.joints ?? [];
  joints.forEach((joint, k) => {
    const which = `${who}, joint ${joint.name === undefined ? k : `'${joint.name}'`}`;
    if (!['free', 'ball', 'hinge', 'slide'].includes(joint.kind))
      throw new TypeError(`${which}: kind is '${joint.kind}'; it must be 'free', 'ball', 'hinge' or 'slide'.`);
    if (joint.kind === 'free' && (joints.length > 1 || (link.parent ?? 'world') !== 'world'))
      throw new RangeError(`${which}: a free joint is the only joint of a link whose parent is 'world'.`);
    checkLength(which, 'axis', joint.axis, 3);
    checkNumbers(which, 'anchor', joint.anchor, 3);
    for (const name of ['reference', 'springReference'] as const) {
      if (joint[name] !== undefined) checkNumbers(which, name, [joint[name]], 1);
    }
    for (const name of ['stiffness', 'damping', 'armature', 'frictionLoss'] as const)
      checkPositive(which, name, joint[name]);
  });
}

function checkParent(
  who: string,
  { name, parent = 'world' }: LinkSpec,
  all: readonly LinkSpec[],
  numbers: ReadonlyMap<string, number>,
): void {
  if (parent === 'world' || numbers.has(parent)) return;
  const trail = [name];
  let at: string | undefined = parent;
  while (at !== undefined && at !== 'world' && !trail.includes(at)) {
    trail.push(at);
    const next = all.find(link => link.name === at);
    if (!next)
      throw new RangeError(`${who}: there is no link '${at}', its parent${trail.length > 2 ? ' in the end' : ''}.`);
    at = next.parent;
  }
  if (at !== undefined && at !== 'world')
    throw new RangeError(`${who}: it is its own ancestor (${[...trail, at].join(' → ')}); a tree has no cycles.`);
  throw new RangeError(`${who}: its parent '${parent}' stands after it; list parents before their children.`);
}

/** Second moments of the mass, ½ tr I − I, must be at least 0. */
export function checkInertia({ name, mass = 0 }: LinkSpec, [xx, yy, zz, xy, xz, yz]: Symmetric): void {
  const who = `tree: link '${name}'`;
  const I = new Matrix([
    [xx, xy, xz],
    [xy, yy, yz],
    [xz, yz, zz],
  ]);
  const [a, b, c] = new EigenvalueDecomposition(I, { assumeSymmetric: true }).realEigenvalues.sort((x, y) => x - y);
  const shown = [a, b, c].map(x => Number(x.toPrecision(6))).join(', ');
  if (a < -1e-9 * c)
    throw new RangeError(`${who}: its principal moments of inertia are ${shown}; they must be at least 0.`);
  if (a + b < c * (1 - 1e-6))
    throw new RangeError(
      `${who}: its principal moments of inertia are ${shown}, and the largest exceeds the sum of the others; no body has that.`,
    );
  if (mass === 0 && c > 0) throw new RangeError(`${who}: it has an inertia but no mass; give both or none.`);
}

/** @throws RangeError if something moves that has neither mass nor rotors. */
export function checkMoves(specs: readonly LinkSpec[], links: readonly Link[], joints: readonly JointSpec[]): void {
  const behind = specs.map(({ mass = 0 }) => mass);
  for (let l = links.length - 1; l >= 0; l--) if (links[l].parent >= 0) behind[links[l].parent] += behind[l];
  links.forEach((link, l) => {
    const light = link.joints.find(j => behind[l] === 0 && !((joints[j].armature ?? 0) > 0));
    if (light !== undefined)
      throw new RangeError(
        `tree: link '${link.name}' moves, but neither it nor what hangs on it has mass; give it a mass, or its joints an armature.`,
      );
  });
}
