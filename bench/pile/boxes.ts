/** The pile of the bench: boxes of 1 m in a cube of n³, a little apart and askew, that fall on the ground. */

export interface PileBox {
  readonly position: readonly [number, number, number];
  /** (w, x, y, z). */
  readonly orientation: readonly [number, number, number, number];
}

export const pileStep: number = 1 / 60;

/** Numbers in [0, 1) that look random. */
const shuffled = (k: number): number => {
  const x = Math.sin(12.9898 * (k + 1)) * 43758.5453;
  return x - Math.floor(x);
};

export function pileBoxes(n: number): readonly PileBox[] {
  return Array.from({ length: n ** 3 }, (_, k): PileBox => {
    const [i, j, l] = [k % n, Math.floor(k / n) % n, Math.floor(k / n ** 2)];
    const shift = (c: number): number => 0.1 * (shuffled(3 * k + c) - 0.5);
    const angle = 0.2 * (shuffled(7 * k + 5) - 0.5);
    return {
      position: [1.15 * (i - (n - 1) / 2) + shift(0), 0.6 + 1.1 * l, 1.15 * (j - (n - 1) / 2) + shift(2)],
      orientation: [Math.cos(angle / 2), 0, Math.sin(angle / 2), 0],
    };
  });
}
