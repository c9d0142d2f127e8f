/** Cameras around a thing at the origin: at random, and spread evenly. */

import { normal, uniform } from '../../adjoint/index.ts';
import { type Device, stack, type Tensor, tensor } from '../../kernel/index.ts';
import { lookAt, type Pose, rotate } from '../../render/index.ts';

/** A camera anywhere on a sphere, turned any way, that looks at the origin from a distance in a range. */
export function randomView(
  { seed, stream, device }: { readonly seed: number; readonly stream: number; readonly device: Device },
  [near, far]: readonly [number, number],
): Pose {
  const orientation = normal([4], { seed, stream: 2 * stream, device });
  const distance = uniform([1], { seed, stream: 2 * stream + 1, device })
    .mul(far - near)
    .add(near);
  const back: Tensor = tensor([0, 0, 1], [1, 3], { device }).mul(distance);
  const turn = { position: tensor([0, 0, 0], [3], { device }), orientation };
  return { position: rotate(turn, back).reshape([3]), orientation };
}

/**
 * Cameras on a spiral around a sphere, each of which takes as much of it as the others, as one batch.
 *
 * @param from Where along the spiral they begin, in steps: 0.5 gives the places between those of 0.
 */
export function evenViews(count: number, distance: number, device: Device, from = 0): Pose {
  const poses = Array.from({ length: count }, (_, k) => {
    const height = 1 - (2 * (k + 0.5 * (1 + from))) / (count + 0.5);
    const angle = (k + from) * Math.PI * (3 - Math.sqrt(5));
    const r = Math.sqrt(1 - height * height);
    const eye = [r * Math.cos(angle), height, r * Math.sin(angle)].map(x => x * distance);
    return lookAt(eye as [number, number, number], [0, 0, 0], [0, 1, 0], { device });
  });
  return {
    position: stack(poses.map(pose => pose.position)),
    orientation: stack(poses.map(pose => pose.orientation)),
  };
}
