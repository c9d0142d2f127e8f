/** Outlines on photographs, and how far from one each pixel is. */

/** Which of a picture's pixels show a thing, row by row. */
export interface Mask {
  readonly width: number;
  readonly shown: readonly boolean[];
}

/**
 * Signed distances of a picture's pixels to the thing's outline, px: negative where it is shown. Outlines are taken to run halfway between
 * pixels; without any, all are as far as the picture is wide.
 */
export function outlineDistances({ width, shown }: Mask): number[] {
  const at = (k: number): readonly [number, number] => [k % width, Math.floor(k / width)];
  const beside = (k: number): number[] => {
    const [x, y] = at(k);
    const around = [[x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]]; // biome-ignore format: a table
    return around.filter(([u, v]) => u >= 0 && u < width && v >= 0).map(([u, v]) => v * width + u);
  };
  const border = shown.flatMap((is, k) => (beside(k).some(q => q < shown.length && shown[q] !== is) ? [k] : []));
  return shown.map((is, k) => {
    const [x, y] = at(k);
    let nearest = width;
    for (const q of border) {
      if (shown[q] === is) continue;
      const [u, v] = at(q);
      nearest = Math.min(nearest, Math.hypot(u - x, v - y));
    }
    return (is ? -1 : 1) * (nearest - 0.5);
  });
}
