// Sums at affine indices run as gathers that add exactly what the program itself adds (kernel/scatter/gather.ts).

import { describe, expect, it } from 'vitest';
import { lower } from '../../../kernel/ir/lower/lower.ts';
import { simplify } from '../../../kernel/ir/passes/simplify.ts';
import { parse } from '../../../kernel/wgsl/check.ts';
import { scheduled } from '../../util/passes.ts';

type Count = readonly [number, number, number];

/** Kernels that see X, Y, Z, n, m (u32 uniforms), x (data), and add to y. */
const programOf = (body: string, type = 'f32') =>
  simplify(
    lower(
      parse(`var<storage, read> x: array<f32>; var<uniform> n: u32; var<uniform> m: u32;
var<storage, read_write> y: array<${type}>;
@compute @workgroup_size(64) fn sums(@builtin(global_invocation_id) id: vec3u) {
let X = id.x; let Y = id.y; let Z = id.z;
${body}
}`),
    ),
  );

function check(body: string, count: Count, length: number, { n = 0, m = 0, type = 'f32' } = {}) {
  const x = Array.from({ length: 400 }, (_, k) => Math.sin(3 * k) + 1.5);
  const { decision, actual, expected } = scheduled(programOf(body, type), { x, n: [n], m: [m], y: length }, count);
  for (const [k, e] of expected.y.entries()) expect(actual.y[k], `y[${k}]`).toBeCloseTo(e, 10);
  expect(expected.y.some(e => e !== 0) || length === 0).toBe(true);
  return decision;
}

type Row = readonly [string, Count, number, { n?: number; m?: number; type?: string }?];

const wrapped = 'let r = X / n; let c = X % n;';
const gathered: readonly Row[] = [
  // shifts, and counts that are not the length
  ['y[X] += x[X]; y[X + 1u] += 2 * x[X];', [10, 1, 1], 11],
  ['y[X + 1u] += x[X]; y[X - 1u] += 2 * x[X];', [10, 1, 1], 10],
  ['y[X + 1u] += x[X]; y[X + 2u] += 2 * x[X];', [10, 1, 1], 5],
  ['y[X + n] += x[X]; y[X - n] += 2 * x[X];', [10, 1, 1], 30, { n: 3 }],
  ['y[2u * X] += x[X]; y[2u * X + 1u] += 2 * x[X]; y[2u * X + 2u] += 3 * x[X];', [10, 1, 1], 21],
  ['y[n - 1u - X] += x[X]; y[X] += 2 * x[X];', [7, 1, 1], 7, { n: 7 }],
  ['y[i32(X) - 2] += x[X]; y[i32(X)] += 2 * x[X];', [9, 1, 1], 9],
  // wraps
  ...[1, 2, 3, 5].map((n): Row => ['y[(X + 1u) % n] += x[X]; y[(X + n - 1u) % n] += 2 * x[X];', [n, 1, 1], n, { n }]),
  ['y[(X + 1u) & 7u] += x[X]; y[(X + 7u) & 7u] += 2 * x[X];', [8, 1, 1], 8],
  ['y[((i32(X) - 1) % i32(n) + i32(n)) % i32(n)] += x[X]; y[X] += 1;', [6, 1, 1], 6, { n: 6 }],
  [
    'y[select(X + 1u, 0u, X + 1u == n)] += x[X]; y[select(X - 1u, n - 1u, X == 0u)] += 2 * x[X];',
    [6, 1, 1],
    6,
    { n: 6 },
  ],
  [
    'y[select(X + 1u, 0u, X + 1u >= n)] += x[X]; y[select(X - 1u, n - 1u, X == 0u)] += 2 * x[X];',
    [6, 1, 1],
    6,
    { n: 6 },
  ],
  ['var l = X; if (X > 0u) { l = X - 1u; } y[l] += x[X];', [6, 1, 1], 6],
  // clamps
  ...[1, 2, 3, 7].map(
    (n): Row => ['y[max(X, 1u) - 1u] += x[X]; y[min(X + 1u, n - 1u)] += 2 * x[X];', [n, 1, 1], n, { n }],
  ),
  ['y[max(X, 3u) - 3u] += x[X]; y[min(X + 2u, n - 1u)] += 2 * x[X];', [9, 1, 1], 9, { n: 9 }],
  [
    'y[clamp(i32(X) - 2, 0, i32(n) - 1)] += x[X]; y[clamp(i32(X) + 3, 0, i32(n) - 1)] += 2 * x[X];',
    [9, 1, 1],
    9,
    { n: 9 },
  ],
  ['y[clamp(i32(X) - 2, 1, i32(n) - 3)] += x[X];', [9, 1, 1], 9, { n: 9 }],
  // guards
  ['if (X > 0u && X < n - 1u) { y[X - 1u] += x[X]; y[X + 1u] += 2 * x[X]; }', [12, 1, 1], 9, { n: 9 }],
  ['if (x[X] > 1.0) { y[X + 1u] += x[X]; } else { y[X] += 5.0; }', [12, 1, 1], 12],
  // rank 2, flat and not
  ...[1, 2, 3, 4].map(
    (n): Row => [
      `${wrapped} y[r * n + (c + 1u) % n] += x[X]; y[((r + n - 1u) % n) * n + c] += x[X] * x[X + 1u]; y[X] -= x[X];`,
      [n * n, 1, 1],
      n * n,
      { n },
    ],
  ),
  ['let n2 = 6u; y[((Y + 1u) % n2) * n2 + (X + 5u) % n2] += x[X + n2 * Y];', [6, 6, 1], 36],
  [
    'if (X >= n || Y >= m) { return; } y[Y * n + max(X, 1u) - 1u] += x[Y * n + X]; y[min(Y + 1u, m - 1u) * n + X] += x[X];',
    [16, 16, 1],
    35,
    { n: 7, m: 5 },
  ],
  [
    'if (X >= n || Y >= m) { return; } y[(Y + 1u) * (n + 2u) + X + 1u] += x[Y * n + X]; y[(Y + 1u) * (n + 2u) + X + 2u] += x[X];',
    [8, 8, 1],
    63,
    { n: 7, m: 5 },
  ],
  ['y[Y * n + (X + 1u) % n] += x[X]; y[Y * n + X] += x[Y];', [7, 5, 1], 35, { n: 7 }],
  // rank 3
  [
    'y[((Z + 1u) % 2u * m + (Y + m - 1u) % m) * n + (X + 1u) % n] += x[(Z * m + Y) * n + X]; y[(Z * m + Y) * n + X] += 1.0;',
    [4, 3, 2],
    24,
    { n: 4, m: 3 },
  ],
  [
    'let a = X % n; let b = (X / n) % m; let c = X / (n * m); y[(((c + 1u) % 2u) * m + b) * n + (a + 1u) % n] += x[X];',
    [24, 1, 1],
    24,
    { n: 4, m: 3 },
  ],
  // vectors, loops with the same element, arrays
  ['y[(X + 1u) % n] += vec3f(x[X], 1.0, x[X] * x[X]); y[X].y += 3.0;', [6, 1, 1], 18, { n: 6, type: 'vec3f' }],
  ['for (var k = 0u; k < m; k++) { y[X + 1u] += x[X + k] * f32(k); } y[X] += 1.0;', [6, 1, 1], 7, { m: 4 }],
];

describe('gathered', () => {
  for (const [body, count, length, options] of gathered)
    it(`${body}, count ${count}, ${length} elements, ${JSON.stringify(options)}`, () => {
      const decision = check(body, count, length, options);
      expect(decision?.passes).toHaveLength(1);
      expect(decision?.tables).toEqual([]);
    });
});

const dear: readonly Row[] = [
  [
    'var a: array<f32, 9>; for (var k = 0u; k < 9u; k++) { a[(k + X) % 9u] = sin(cos(x[k])); } y[X + 1u] += a[m]; y[X] += a[X];',
    [6, 1, 1],
    7,
    { m: 4 },
  ],
  [
    'let f = sin(x[X]) * exp(x[X + 1u]) + cos(x[X + 2u]); y[X] += f; y[X + 1u] -= f; y[X + 2u] += f; y[X + 3u] += 2 * f;',
    [10, 1, 1],
    12,
  ],
  [
    `${wrapped} let f = exp(sin(x[X])) * pow(x[X] + 2, x[c]); let g = vec2f(f, tan(f)); y[r * n + (c + 1u) % n] += g; y[((r + 1u) % n) * n + c] -= g; y[((r + n - 1u) % n) * n + c] += g; y[X].y += f;`,
    [16, 1, 1],
    32,
    { n: 4, type: 'vec2f' },
  ],
  [
    'if (x[X] > 1.0) { return; } for (var k = 0u; k < m; k++) { let f = sin(f32(k) * x[X]); y[max(X, 1u) - 1u] += f; y[X] += f; y[X + 1u] -= sin(f); }',
    [12, 1, 1],
    12,
    { m: 40 },
  ],
  [
    'let f = exp(sin(cos(exp(sin(cos(exp(x[X + 4u * Y]))))))); y[((Y + 1u) % m) * n + (X + 1u) % n] += f; y[((Y + 2u) % m) * n + X] += f;',
    [4, 3, 1],
    12,
    { n: 4, m: 3 },
  ],
];

describe('kept, then gathered, where contributions are dear', () => {
  for (const [body, count, length, options] of dear)
    it(`${body}, count ${count}, ${length} elements, ${JSON.stringify(options)}`, () => {
      const decision = check(body, count, length, options);
      expect(decision?.passes).toHaveLength(2);
      expect(decision?.temporaries).toHaveLength(1);
    });
});

const notGathered: readonly Row[] = [
  ['y[X / 2u] += x[X];', [10, 1, 1], 5],
  ['y[u32(x[X])] += x[X];', [10, 1, 1], 5],
  ['y[n] += x[X];', [10, 1, 1], 5, { n: 3 }],
  ['y[Y * n + X] += x[X]; y[Y * n + X + 1u] += x[Y];', [9, 5, 1], 40, { n: 7 }],
  ['let r = X / n; y[(X + 1u) % n + r * n] += x[X];', [10, 1, 1], 10, { n: 5 }],
  ['y[(X + n - 4u) % n] += x[X]; y[X] += 1.0;', [3, 1, 1], 3, { n: 3 }],
  ['y[X + 1u] += x[X]; y[X] += x[Y];', [9, 5, 1], 40],
  ['y[X] += 1.0; y[3u * X] += 1.0;', [5, 1, 1], 10_000],
  ['y[min(X, 1u)] += x[X];', [100, 1, 1], 100],
];

describe('not gathered', () => {
  for (const [body, count, length, options] of notGathered)
    it(`${body}, count ${count}, ${length} elements, ${JSON.stringify(options)}`, () => {
      const passes = check(body, count, length, options)?.passes ?? [];
      expect(passes.filter(({ plan }) => plan.name.endsWith('gathered'))).toEqual([]);
    });
});
