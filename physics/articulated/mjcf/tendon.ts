/** <tendon>: fixed ones, which are weighted sums of joints, and spatial ones, which run through sites and around geoms. */

import { byName, hasName } from '../by-name.ts';
import type { TendonSpec } from '../tendons/tendon.ts';
import type { Element } from '../xml.ts';
import { boundsOf } from './bounds.ts';
import { solimpOf, solrefOf } from './compiler.ts';
import { withDefaults } from './defaults.ts';
import { type Reading, unreadAttributes } from './reading.ts';

export function readTendons(root: Element, reading: Reading): readonly TendonSpec[] {
  const elements = root.all('tendon').flatMap(({ children }) => children);
  return elements.flatMap((given, k) => {
    if (given.name === 'fixed' || given.name === 'spatial') return [readTendon(given, reading, k)];
    reading.tell(given, `<${given.name}> in <tendon>`);
    return [];
  });
}

/** Of a fixed one. */
function jointsOf(given: Element, { tell }: Reading): NonNullable<TendonSpec['joints']> {
  const joints = given.children.flatMap(child => {
    if (child.name !== 'joint') {
      tell(child, `<${child.name}> in <fixed>`);
      return [];
    }
    return [{ joint: child.needed('joint'), coefficient: child.number('coef') ?? child.fail('<joint> has no coef.') }];
  });
  return joints.length > 0 ? joints : given.fail('a <fixed> tendon has no <joint>; give it at least one.');
}

/** Of a spatial one. */
function pathOf(given: Element, reading: Reading): NonNullable<TendonSpec['path']> {
  const { sites, tell } = reading;
  const path = given.children.flatMap((child): NonNullable<TendonSpec['path']> => {
    if (child.name === 'pulley') return [{ pulley: child.number('divisor') ?? child.fail('<pulley> has no divisor.') }];
    if (child.name === 'geom') return wrapOf(child, reading);
    if (child.name !== 'site') {
      tell(child, `<${child.name}> in <spatial>`);
      return [];
    }
    const name = child.needed('site');
    return hasName(sites, name) ? [name] : child.fail(`there is no site '${name}'.`);
  });
  return path.length > 0 ? path : given.fail('a <spatial> tendon has no <site>; give it at least two.');
}

/** A geom that a tendon goes around. */
function wrapOf(child: Element, { sites, geoms, tell }: Reading): NonNullable<TendonSpec['path']> {
  const [around, side] = [child.needed('geom'), child.text('sidesite')];
  const geom = byName(geoms, around) ?? child.fail(`there is no geom '${around}'.`);
  if (side === undefined) return [{ around }];
  const site = byName(sites, side) ?? child.fail(`there is no site '${side}'.`);
  if (site.link === geom.link) return [{ around, side }];
  tell(child, 'sidesite of <geom> in <spatial> on another body than the geom');
  return [];
}

function readTendon(given: Element, reading: Reading, k: number): TendonSpec {
  const { compiler, defaults, tell } = reading;
  const kind = given.name;
  const tendon = withDefaults(given, defaults, undefined, ['tendon']);
  const single = (name: string): number => {
    const numbers = tendon.numbers(name, [1, 3]) ?? [0];
    if (numbers.slice(1).some(x => x !== 0)) tell(given, `${name} of <${kind}> that changes with length or velocity`);
    return numbers[0];
  };
  const rest = tendon.numbers('springlength', [1, 2]) ?? [-1];
  const range = boundsOf(tendon, compiler);
  const driveRange = boundsOf(tendon, compiler, 'actuatorfrc');
  if ((tendon.number('armature') ?? 0) !== 0) tell(given, `armature of <${kind}>`);
  const [solrefLimit, solimpLimit] = [solrefOf(tendon, 'solreflimit'), solimpOf(tendon, 'solimplimit')];
  const [solrefFriction, solimpFriction] = [solrefOf(tendon, 'solreffriction'), solimpOf(tendon, 'solimpfriction')];
  const spec: TendonSpec = {
    name: tendon.text('name') ?? `tendon ${k}`,
    ...(kind === 'fixed' ? { joints: jointsOf(given, reading) } : { path: pathOf(given, reading) }),
    stiffness: single('stiffness'),
    damping: single('damping'),
    frictionLoss: tendon.number('frictionloss') ?? 0,
    limitMargin: tendon.number('margin') ?? 0,
    ...(!(rest[0] === -1 && (rest[1] ?? -1) === -1) && { springLength: [rest[0], rest[1] ?? rest[0]] as const }),
    ...(range && { range }),
    ...(driveRange && { driveRange }),
    ...(solrefLimit && { solrefLimit }),
    ...(solimpLimit && { solimpLimit }),
    ...(solrefFriction && { solrefFriction }),
    ...(solimpFriction && { solimpFriction }),
  };
  unreadAttributes(tendon, tell, ['width', 'rgba', 'material']);
  return spec;
}
