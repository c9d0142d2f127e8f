/** Pictures of discs and round-ended segments by counting samples: no formula shared with the renderer. */

/** How far a pixel position is outside the figure (negative: inside). */
function distanceTo(
  points: readonly (readonly [number, number])[],
  radius: number,
  half: number,
  x: number,
  y: number,
) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < points.length; i++) {
    const [ax, ay] = points[i - 1] as readonly [number, number];
    const [bx, by] = points[i] as readonly [number, number];
    const [dx, dy] = [bx - ax, by - ay];
    const t = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0), 1);
    least = Math.min(least, Math.hypot(x - bx, y - by) - radius, Math.hypot(x - ax - t * dx, y - ay - t * dy) - half);
  }
  return least;
}

/** Share of a pixel that the figure covers, of `samples`² samples. Points and sizes in px; point 0 has no disc. */
export function sampledCoverage(
  points: readonly (readonly [number, number])[],
  radius: number,
  width: number,
  column: number,
  row: number,
  samples = 16,
): number {
  const middle = distanceTo(points, radius, width / 2, column + 0.5, row + 0.5);
  if (Math.abs(middle) > 0.71) return middle < 0 ? 1 : 0;
  let inside = 0;
  for (let j = 0; j < samples; j++)
    for (let i = 0; i < samples; i++)
      if (distanceTo(points, radius, width / 2, column + (i + 0.5) / samples, row + (j + 0.5) / samples) <= 0) inside++;
  return inside / samples ** 2;
}
