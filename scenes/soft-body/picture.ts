/** A block of tetrahedra from the side, drawn by the edges of those of its outer faces that can be seen, the stiffer the element the redder. */

import type { SolidMesh } from '../../physics/index.ts';
import { blueRed, colourAt, type Image } from '../../render/index.ts';
import { type Stroke, sketch } from '../sketch.ts';

/** Outer faces, whose corners go round counterclockwise seen from outside, and the elements that they belong to. */
function outerFaces({ elements }: SolidMesh): readonly (readonly [element: number, corners: readonly number[]])[] {
  const faces = Array.from({ length: elements.length / 4 }, (_, e) => {
    const [a, b, c, d] = elements.subarray(4 * e, 4 * e + 4);
    return [[b, c, d], [a, d, c], [a, b, d], [a, c, b]].map(corners => [e, corners] as const); // biome-ignore format: faces
  }).flat();
  const times = new Map<string, number>();
  const nameOf = (corners: readonly number[]): string => [...corners].sort((i, j) => i - j).join();
  for (const [, corners] of faces) times.set(nameOf(corners), (times.get(nameOf(corners)) ?? 0) + 1);
  return faces.filter(([, corners]) => times.get(nameOf(corners)) === 1);
}

/**
 * @param x Positions, [n, 3]. @param stiffness Times what it was, of each element or of all. @param target Where a cross is drawn.
 * @param wall x of the wall, m.
 */
export function drawBlock(
  mesh: SolidMesh,
  x: readonly number[],
  stiffness: readonly number[],
  target: readonly number[],
  wall: number,
): Image {
  const at = (i: number): readonly number[] => [x[3 * i], x[3 * i + 1]];
  const strokes: Stroke[] = outerFaces(mesh).flatMap(([e, corners]) => {
    const [a, b, c] = corners.map(at);
    const turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (turn <= 0) return []; // from behind
    const share = 0.5 + 0.5 * Math.tanh(Math.log(stiffness[e % stiffness.length]));
    return {
      points: [a, b, c, a],
      colour: stiffness.length === 1 ? [0.3, 0.3, 0.3] : [...colourAt(share, blueRed)],
      width: 2,
    };
  });
  const [tx, ty] = target;
  const cross: Stroke[] = [
    [[tx - 0.03, ty], [tx + 0.03, ty]],
    [[tx, ty - 0.03], [tx, ty + 0.03]],
  ].map(points => ({ points, colour: [0, 0, 0], width: 2 })); // biome-ignore format: a cross
  const room: Stroke = { points: [[-0.35, 0], [wall, 0], [wall, 1]], colour: [0.5, 0.5, 0.5], width: 3 }; // biome-ignore format: two lines
  return sketch({ x: [-0.35, 1], y: [-0.05, 0.85], width: 400 }, [room, ...strokes, ...cross]);
}
