// Random kernels that add to y at piecewise affine indices: shifts, wraps, clamps, mirrors, selections, of rank 1 to 3, guarded or not.

import { mulberry32 } from './random.ts';

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)];

/** A coordinate near `q`, which is below `w`, as user code would write it (and as it should not). */
function near(random: () => number, q: string, w: string): string {
  const o = 1 + Math.floor(random() * 2.3);
  const small = Math.floor(random() * 3);
  return pick(random, [
    q,
    q,
    `((${q} + ${o}u) % ${w})`,
    `((${q} + ${w} - ${o}u) % ${w})`,
    `(max(${q}, ${o}u) - ${o}u)`,
    `min(${q} + ${o}u, ${w} - 1u)`,
    `u32(clamp(i32(${q}) - ${o}, ${small}, i32(${w}) - 1))`,
    `u32(clamp(i32(${q}) + ${o}, ${small}, i32(${w}) - ${o}))`,
    `select(${q} + ${o}u, ${small}u, ${q} + ${o}u >= ${w})`,
    `select(${q} - 1u, ${w} - 1u, ${q} == 0u)`,
    `select(${q}, ${small}u, ${q} < ${o}u || ${q} + 1u == ${w})`,
    `u32((i32(${q}) - ${o} + i32(${w})) % i32(${w}))`,
    `(${w} - 1u - ${q})`,
    `(${q} + ${o}u)`,
  ]);
}

export interface RandomSums {
  readonly source: string;
  /** n, m, l */
  readonly sizes: readonly number[];
  readonly count: readonly [number, number, number];
  /** Of y. */
  readonly length: number;
}

/** A kernel that reads x (100 words) and n, m, l, and adds to y; its sizes n, m, l, its count and the length of y. */
export function randomSums(seed: number): RandomSums {
  const random = mulberry32(seed);
  const rank = 1 + Math.floor(random() * 3);
  const flat = random() < 0.5;
  const sizes = [0, 1, 2].map(d => (d < rank ? 1 + Math.floor(random() * 5) : 1));
  const names = ['n', 'm', 'l'];
  const places = flat
    ? ['X % n', 'X / n % m', 'X / (n * m)'].map((p, d) => (d === rank - 1 ? ['X', 'X / n', 'X / (n * m)'][d] : p))
    : ['X', 'Y', 'Z'];
  const guard =
    random() < 0.4
      ? names
          .slice(0, rank)
          .map((n, d) => `q${d} < ${n}`)
          .join(' && ')
      : 'true';
  const sums = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, s) => {
    const at = names.slice(0, rank).map((n, d) => near(random, `q${d}`, n));
    const index = at.reduceRight((low, a, d) => (d === rank - 1 ? a : `(${low}) * ${names[d]} + ${a}`), '');
    const shift = random() < 0.2 ? ' + 1u' : '';
    const cond = random() < 0.3 ? `if (x[X + ${s}u] > 1.5) ` : '';
    return `  ${cond}{ y[${index}${shift}] += x[X + Y * 7u + Z * 3u + ${s}u] * ${s + 1}.5; }`;
  });
  const source = `var<storage, read> x: array<f32>; var<uniform> n: u32; var<uniform> m: u32; var<uniform> l: u32;
var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) {
  let X = id.x; let Y = id.y; let Z = id.z;
${places
  .slice(0, rank)
  .map((p, d) => `  let q${d} = ${p};`)
  .join('\n')}
  if (!(${guard})) { return; }
${sums.join('\n')}
}`;
  const cells = sizes[0] * sizes[1] * sizes[2];
  const more = random() < 0.2 ? 3 : 0;
  const count: [number, number, number] = flat
    ? [cells + more, 1, 1]
    : [sizes[0] + more, rank > 1 ? sizes[1] + (guard === 'true' ? 0 : more) : 1, sizes[2]];
  const length = Math.max(1, cells + Math.floor(random() * 5) - 2);
  return { source, sizes, count, length };
}
