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

/**
 * `spline(x)`: the first node that a particle at x sees, its number, how far it is from there in spacings, and its weights along each axis.
 * `slope(r)`: their derivatives with respect to r.
 */
export function splineText(space: Space): string {
  const { d, axes, vec } = words(space);
  const { nodes, spacing } = space;
  return /* wgsl */ `
  const spacing = ${Number(spacing)}f;
  struct Spline { first: u32, r: ${vec}, w0: ${vec}, w1: ${vec}, w2: ${vec} }
  fn spline(x: ${vec}) -> Spline {
    let at = x / spacing;
    let base = clamp(vec${d}i(floor(at - 0.5)), vec${d}i(0), vec${d}i(${nodes.map(n => n - 3).join(', ')}));
    let r = at - ${vec}(base);
    let first = u32(${axes.map((a, k) => `base.${a} * ${stride(space, k)}`).join(' + ')});
    return Spline(first, r, 0.5 * (1.5 - r) * (1.5 - r), 0.75 - (r - 1.0) * (r - 1.0), 0.5 * (r - 0.5) * (r - 0.5));  // (1)
  }
  struct Slope { w0: ${vec}, w1: ${vec}, w2: ${vec} }
  fn slope(r: ${vec}) -> Slope { return Slope(r - 1.5, 2.0 - 2.0 * r, r - 0.5); }`;
}

const stride = ({ nodes }: Space, axis: number): number => nodes.slice(0, axis).reduce((a, b) => a * b, 1);

/**
 * Sums of a number or vector over the nodes that a particle sees. A sum has a letter for each axis, which says by what the value is weighed along
 * it: w by the weights, d by their derivatives, o by the weights times the place, 0, 1 or 2.
 */
export interface Sums {
  readonly type: string;
  readonly of: readonly string[];
}

export interface NodeTexts {
  /** What to do at a node, whose number is `node` and weight `w`; it declares the values that are summed. */
  readonly node: string;
  /** By the name of the value; sum wo of u is `u_wo`. */
  readonly sums?: Readonly<Record<string, Sums>>;
  /** Vectors k + place · K by the names of k and of K, whose columns are those of the axes: `k_here` at a node. */
  readonly linear?: Readonly<Record<string, string>>;
}

/** Statements over the nodes that spline s sees. Along each axis what the others have in common is done once: sums of products are products of sums. */
export function overNodes(space: Space, { node, sums = {}, linear = {} }: NodeTexts): string {
  const { d, axes } = words(space);
  const weights: Readonly<Record<string, (axis: number, place: number) => string | undefined>> = {
    w: (axis, place) => `s.w${place}.${axes[axis]}`,
    d: (axis, place) => `slopes.w${place}.${axes[axis]}`,
    o: (axis, place) => (place === 0 ? undefined : `${place}.0 * s.w${place}.${axes[axis]}`),
  };
  const inside = (axis: number, offset: number): string => {
    const under = axis + 1 < d ? `${axis + 1}` : '';
    const levels = Object.entries(sums).map(([name, { type, of }]) => ({
      ...{ name, type },
      kinds: [...new Set(of.map(kinds => kinds.slice(0, axis + 1)))],
    }));
    const places = [0, 1, 2].map(place => {
      const adds = levels.flatMap(({ name, kinds }) =>
        kinds.flatMap(kind => {
          const weight = weights[kind.at(-1) as string](axis, place);
          const inner = axis > 0 ? `${name}_${kind.slice(0, -1)}` : name;
          return weight ? [`${name}_${kind} += ${weight} * ${inner};`] : [];
        }),
      );
      const at = offset + place * stride(space, axis);
      const w = `s.w${place}.${axes[axis]}${under && ` * w${under}`}`;
      const along = Object.entries(linear).map(([k, K]) => {
        const before = under ? `${k}_${under}` : k;
        return `let ${k}_${axis > 0 ? axis : 'here'} = ${before}${place > 0 ? ` + ${place === 1 ? '' : `${place}.0 * `}${K}[${axis}]` : ''};`;
      });
      return /* wgsl */ `
    {
      let w${axis > 0 ? axis : ''} = ${w};
      ${along.join(' ')}
      ${
        axis > 0
          ? inside(axis - 1, at)
          : `let node = s.first + ${at}u;
      ${node}`
      }
      ${adds.join(' ')}
    }`;
    });
    const zeros = levels.flatMap(({ name, type, kinds }) => kinds.map(kind => `var ${name}_${kind} = ${type}();`));
    return `${zeros.join(' ')}${places.join('')}`;
  };
  return inside(d - 1, 0);
}
