/** <joint> and <freejoint>. */

import type { JointSpec } from '../link-spec.ts';
import { add3, rotate, type Vec3 } from '../quaternion.ts';
import type { Element } from '../xml.ts';
import { boundsOf } from './bounds.ts';
import { solimpOf, solrefOf } from './compiler.ts';
import type { Placed } from './frame.ts';
import { type Reading, unreadOf, vec3, withClass } from './reading.ts';

/** A joint, and what of it depends on the inertia that it moves. */
export interface ReadJoint extends JointSpec {
  /** Time constant and damping ratio of its spring and damper. */
  readonly springDamper?: readonly [number, number];
}

export function readJoint(reading: Reading, { element: given, frame, childclass }: Placed): ReadJoint {
  const { compiler, tell } = reading;
  const name = given.text('name');
  if (given.name === 'freejoint') {
    if (given.text('align') === 'true') tell(given, 'align of <freejoint>');
    unreadOf(given, tell);
    return { kind: 'free', ...(name !== undefined && { name }) };
  }
  const joint = withClass(given, reading, childclass);
  const kind = joint.word('type', ['free', 'ball', 'slide', 'hinge'], 'hinge');
  const angle = kind === 'hinge' ? compiler.unit : 1;
  const isAxial = kind === 'hinge' || kind === 'slide';
  const range = kind === 'free' ? undefined : scaled(boundsOf(joint, compiler), kind === 'slide' ? 1 : compiler.unit);
  joint.text('range');
  joint.text('limited');
  if (kind === 'ball' && range && range[0] !== 0)
    joint.fail("range of a <joint> of type 'ball' begins at 0; the second number is the largest angle.");
  const driveRange = boundsOf(joint, compiler, 'actuatorfrc');
  if (driveRange && !isAxial) tell(joint, `actuatorfrcrange of a <joint> of type '${kind}'`);
  const driveCarries = joint.text('actuatorgravcomp') === 'true';
  const springDamper = joint.numbers('springdamper', 2) as [number, number] | undefined;
  const solrefLimit = solrefOf(joint, 'solreflimit');
  const solimpLimit = solimpOf(joint, 'solimplimit');
  const solrefFriction = solrefOf(joint, 'solreffriction');
  const solimpFriction = solimpOf(joint, 'solimpfriction');
  const spec: ReadJoint = {
    kind,
    ...(name !== undefined && { name }),
    axis: rotate(frame.orientation, (joint.numbers('axis', 3) as unknown as Vec3 | undefined) ?? [0, 0, 1]),
    anchor: add3(frame.position, rotate(frame.orientation, vec3(joint, 'pos'))),
    stiffness: single(reading, joint, 'stiffness'),
    damping: single(reading, joint, 'damping'),
    armature: joint.number('armature') ?? 0,
    frictionLoss: joint.number('frictionloss') ?? 0,
    limitMargin: joint.number('margin') ?? 0,
    reference: (joint.number('ref') ?? 0) * angle,
    springReference: (joint.number('springref') ?? 0) * angle,
    ...(range && { range }),
    ...(driveRange && isAxial && { driveRange }),
    ...(driveCarries && { driveCarries }),
    ...(solrefLimit && { solrefLimit }),
    ...(solimpLimit && { solimpLimit }),
    ...(solrefFriction && { solrefFriction }),
    ...(solimpFriction && { solimpFriction }),
    ...(springDamper?.every(x => x > 0) && { springDamper }),
  };
  joint.text('align');
  unreadOf(joint, tell);
  return spec;
}

const scaled = (range: readonly [number, number] | undefined, unit: number): readonly [number, number] | undefined =>
  range && [range[0] * unit, range[1] * unit];

/** A number after which the file may give those of a polynomial. */
function single({ tell }: Reading, joint: Element, name: string): number {
  const given = joint.numbers(name, [1, 3]) ?? [0];
  if (given.slice(1).some(x => x !== 0)) tell(joint, `${name} of <joint> that changes with position or velocity`);
  return given[0];
}
