/**
 * WGSL of what particles and nodes share: the words for two and three dimensions, and quadratic B-splines.
 *
 *   w_ip = Π_axes N(x_p / Δx − i),   N(r) = ¾ − r² for |r| ≤ ½,  ½ (3/2 − |r|)² for ½ ≤ |r| ≤ 3/2              (1) weights
 *   Σ_i w_ip = 1,   Σ_i w_ip (x_i − x_p) = 0,   Σ_i w_ip (x_i − x_p)(x_i − x_p)ᵀ = ¼ Δx² I                      (2) moments
 *
 * Node i is at x = i Δx, the first axis runs fastest. A particle sees the 3ᵈ nodes from `base` on; where it is outside of the grid, the nodes at the
 * border, with weights that are no longer (1): watch.ts tells. Steffen, Kirby & Berzins, Int. J. Numer. Methods Eng. 76 (2008) 922.
 */

export interface Space {
  /** Number of nodes along each axis. */
  readonly nodes: readonly number[];
  /** Distance of nodes, m. */
  readonly spacing: number;
}

export interface Words {
  /** Number of axes. */
  readonly d: number;
  /** Their letters. */
  readonly axes: readonly string[];
  readonly vec: string;
  readonly mat: string;
  readonly identity: string;
  diagonal(entry: (axis: string) => string): string;
}

/** The words for vectors and matrices. */
export function words({ nodes }: Space): Words {
  const d = nodes.length;
  const axes = ['x', 'y', 'z'].slice(0, d);
  const vec = `vec${d}f`;
  const mat = `mat${d}x${d}f`;
  const diagonal = (entry: (axis: string) => string): string =>
    `${mat}(${axes.map(row => axes.map(column => (row === column ? entry(row) : '0.0')).join(', ')).join(', ')})`;
  return { d, axes, vec, mat, diagonal, identity: diagonal(() => '1.0') };
}

export const nodeCount = ({ nodes }: Space): number => nodes.reduce((a, b) => a * b, 1);

/** `spline(x)`: the first node that a particle at x sees, how far it is from there in spacings, and its weights along each axis. */
export function splineText(space: Space): string {
  const { d, axes, vec } = words(space);
  const { nodes, spacing } = space;
  const strides = nodes.map((_, axis) => nodes.slice(0, axis).reduce((a, b) => a * b, 1));
  return /* wgsl */ `
  const spacing = ${Number(spacing)}f;
  struct Spline { base: vec${d}i, r: ${vec}, w0: ${vec}, w1: ${vec}, w2: ${vec} }
  fn spline(x: ${vec}) -> Spline {
    let at = x / spacing;
    let base = clamp(vec${d}i(floor(at - 0.5)), vec${d}i(0), vec${d}i(${nodes.map(n => n - 3).join(', ')}));
    let r = at - ${vec}(base);
    return Spline(base, r, 0.5 * (1.5 - r) * (1.5 - r), 0.75 - (r - 1.0) * (r - 1.0), 0.5 * (r - 0.5) * (r - 0.5));  // (1)
  }
  fn nodeAt(at: vec${d}i) -> u32 { return u32(${axes.map((a, k) => `at.${a} * ${strides[k]}`).join(' + ')}); }`;
}

/** Statements for each node that spline s sees: its number is `node`, its weight `w`, and `away` is x_i − x_p in spacings. */
export function eachNode(space: Space, statements: string): string {
  const { d, axes, vec } = words(space);
  return Array.from({ length: 3 ** d }, (_, k) => {
    const offset = axes.map((_, axis) => Math.floor(k / 3 ** axis) % 3);
    return /* wgsl */ `
    {
      let w = ${axes.map((a, axis) => `s.w${offset[axis]}.${a}`).join(' * ')};
      let node = nodeAt(s.base + vec${d}i(${offset.join(', ')}));
      let away = ${vec}(${offset.map(o => `${o}.0`).join(', ')}) - s.r;
      ${statements}
    }`;
  }).join('');
}
