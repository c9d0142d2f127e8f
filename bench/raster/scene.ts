/** What the raster bench shows: a sphere of so many triangles that covers 64 % of a square picture, in clip positions. */

export interface RasterScene {
  readonly side: number;
  /** [V, 4]. */
  readonly clip: Float32Array;
  /** [T, 3], counterclockwise from outside. */
  readonly corners: Uint32Array;
  /** [V, 3]. */
  readonly colours: Float32Array;
}

export const rasterSides: readonly number[] = [256, 512, 1024];
/** Rings of the sphere: 224, 3968, 16 128, 65 024 and 260 096 triangles. */
export const rasterRings: readonly number[] = [8, 32, 64, 128, 256];

/** Seen by a camera that is 4 radii away, as wide as it takes. */
export function rasterScene(side: number, rings: number): RasterScene {
  const around = 2 * rings;
  const points = [[0, 1, 0]];
  for (let i = 1; i < rings; i++)
    for (let j = 0; j < around; j++) {
      const [a, b] = [(Math.PI * i) / rings, (2 * Math.PI * j) / around];
      points.push([Math.sin(a) * Math.cos(b), Math.cos(a), -Math.sin(a) * Math.sin(b)]);
    }
  const last = points.push([0, -1, 0]) - 1;
  const at = (i: number, j: number): number => 1 + (i - 1) * around + (j % around);
  const corners: number[] = [];
  for (let i = 0; i < rings; i++)
    for (let j = 0; j < around; j++) {
      if (i === 0) corners.push(0, at(1, j), at(1, j + 1));
      else if (i === rings - 1) corners.push(at(i, j), last, at(i, j + 1));
      else corners.push(at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j), at(i + 1, j + 1), at(i, j + 1));
    }
  const [near, far, distance] = [1, 10, 4];
  const outline = 1 / Math.sqrt(distance * distance - 1); // tangent of the angle at which the sphere ends
  const focal = Math.sqrt((0.64 * 4) / Math.PI) / outline;
  const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)];
  const clip = points.flatMap(([x, y, z]) => {
    const depth = distance - (cos * z + sin * y);
    return [focal * x, focal * (cos * y - sin * z), (far / (far - near)) * (depth - near), depth];
  });
  return {
    side,
    clip: Float32Array.from(clip),
    corners: Uint32Array.from(corners),
    colours: Float32Array.from(points.flat(), Math.abs),
  };
}
