/** <tendon>: fixed ones, which are weighted sums of joints. Those that run through space are told. */

import type { TendonSpec } from '../tendon.ts';
import type { Element } from '../xml.ts';
import { boundsOf } from './bounds.ts';
import { solimpOf, solrefOf } from './compiler.ts';
import { withDefaults } from './defaults.ts';
import { type Reading, unreadAttributes } from './reading.ts';

export function readTendons(root: Element, reading: Reading): readonly TendonSpec[] {
  const elements = root.all('tendon').flatMap(({ children }) => children);
  return elements.flatMap((given, k) => {
    if (given.name === 'fixed') return [readFixed(given, reading, k)];
    reading.tell(given, `<${given.name}> in <tendon>`);
    return [];
  });
}

function readFixed(given: Element, reading: Reading, k: number): TendonSpec {
  const { compiler, defaults, tell } = reading;
  const tendon = withDefaults(given, defaults, undefined, ['tendon']);
  const joints = given.children.flatMap(child => {
    if (child.name !== 'joint') {
      tell(child, `<${child.name}> in <fixed>`);
      return [];
    }
    return [{ joint: child.needed('joint'), coefficient: child.number('coef') ?? child.fail('<joint> has no coef.') }];
  });
  if (joints.length === 0) given.fail('a <fixed> tendon has no <joint>; give it at least one.');
  const single = (name: string): number => {
    const numbers = tendon.numbers(name, [1, 3]) ?? [0];
    if (numbers.slice(1).some(x => x !== 0)) tell(given, `${name} of <fixed> that changes with length or velocity`);
    return numbers[0];
  };
  const rest = tendon.numbers('springlength', [1, 2]) ?? [-1];
  const range = boundsOf(tendon, compiler);
  if (boundsOf(tendon, compiler, 'actuatorfrc')) tell(given, 'actuatorfrcrange of <fixed>');
  if ((tendon.number('armature') ?? 0) !== 0) tell(given, 'armature of <fixed>');
  const [solrefLimit, solimpLimit] = [solrefOf(tendon, 'solreflimit'), solimpOf(tendon, 'solimplimit')];
  const [solrefFriction, solimpFriction] = [solrefOf(tendon, 'solreffriction'), solimpOf(tendon, 'solimpfriction')];
  const spec: TendonSpec = {
    name: tendon.text('name') ?? `tendon ${k}`,
    joints,
    stiffness: single('stiffness'),
    damping: single('damping'),
    frictionLoss: tendon.number('frictionloss') ?? 0,
    limitMargin: tendon.number('margin') ?? 0,
    ...(!(rest[0] === -1 && (rest[1] ?? -1) === -1) && { springLength: [rest[0], rest[1] ?? rest[0]] as const }),
    ...(range && { range }),
    ...(solrefLimit && { solrefLimit }),
    ...(solimpLimit && { solimpLimit }),
    ...(solrefFriction && { solrefFriction }),
    ...(solimpFriction && { solimpFriction }),
  };
  unreadAttributes(tendon, tell, ['width']);
  return spec;
}
