// Trees at random: any joints, axes, anchors, frames, inertias; and states of them.

import { type ArticulatedState, type JointSpec, type LinkSpec, type Model, tree } from 'retrograde/physics';
import { on64 } from '../../util/numbers.ts';
import { mulberry32 } from '../../util/random.ts';

type Vec3 = [number, number, number];

/** @param floating The first link has a free joint, the others hang on it, and nothing acts from outside. */
export function randomTree(seed: number, floating = false): Model {
  const random = mulberry32(seed);
  const signed = (): number => 2 * random() - 1;
  const vec = (scale: number): Vec3 => [scale * signed(), scale * signed(), scale * signed()];
  const quaternion = (): [number, number, number, number] => [signed(), signed(), signed(), signed() + 0.01];
  const choose = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)];
  const joint = (): JointSpec => ({
    kind: choose(['hinge', 'hinge', 'slide', 'ball'] as const),
    axis: vec(1),
    anchor: vec(0.2),
    ...(!floating && { damping: random(), stiffness: 3 * random() }),
    armature: random() < 0.5 ? 0 : 0.1 * random(),
    reference: 0.3 * signed(),
  });
  const count = 2 + Math.floor(random() * 4);
  const links = Array.from({ length: count }, (_, l): LinkSpec => {
    const toWorld = l === 0 || (!floating && random() < 0.2);
    const free = toWorld && (floating || random() < 0.3);
    const stack = choose([0, 1, 1, 1, 2]);
    const [a, b, c] = vec(0.1).map(x => x * x + 0.004);
    return {
      name: `link ${l}`,
      parent: toWorld ? 'world' : `link ${Math.floor(random() * l)}`,
      position: vec(0.5),
      orientation: quaternion(),
      mass: 0.5 + random(),
      com: vec(0.2),
      inertia: [b + c, a + c, a + b],
      inertiaOrientation: quaternion(),
      joints: free ? [{ kind: 'free' }] : Array.from({ length: l === 0 ? Math.max(1, stack) : stack }, joint),
    };
  });
  return tree({ links, gravity: floating ? [0, 0, 0] : vec(10) });
}

/** Positions with unit quaternions, and velocities, in f64. */
export function randomState({ joints, nq, nv }: Model, envs: number, seed: number): ArticulatedState {
  const random = mulberry32(seed);
  const signed = (): number => 2 * random() - 1;
  const q = Array.from({ length: envs }, () => {
    const row = Array.from({ length: nq }, signed);
    for (const { kind, q } of joints) {
      const at = kind === 'free' ? q + 3 : q;
      if (kind !== 'free' && kind !== 'ball') continue;
      const length = Math.hypot(...row.slice(at, at + 4));
      for (let k = 0; k < 4; k++) row[at + k] /= length;
    }
    return row;
  });
  return { q: on64(q.flat(), [envs, nq]), v: on64(Array.from({ length: envs * nv }, signed), [envs, nv]) };
}
