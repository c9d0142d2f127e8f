// Gradients through local arrays whose elements are overwritten: as values, taken back store by store, or copied (kernel/transform/undo.ts).

import { checkGradient, valueAndGrad } from 'retrograde/adjoint';
import { device, kernel, type Tensor, tensor } from 'retrograde/kernel';
import { describe, expect, test } from 'vitest';

/** What the types of arguments are read from. */
type Bindings =
  'var<storage, read> x: array<f32>; var<storage, read> size: array<u32>; var<storage, read_write> y: array<f32>;';

const buffers = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> size: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn run(@builtin(global_invocation_id) id: vec3u) {
  let o = id.x * 16u;
  var a: array<f32, 16>;
  for (var k = 0u; k < 16u; k++) { a[k] = x[o + k]; }`;
const end = '\nfor (var k = 0u; k < 16u; k++) { y[o + k] = a[k]; }\n}';

/** Batcher's bitonic sort. */
const sorting = (count: string) => `${buffers}
  for (var k = 2u; k <= ${count}; k <<= 1u) { for (var j = k >> 1u; j > 0u; j >>= 1u) { for (var i = 0u; i < ${count}; i++) {
    let l = i ^ j;
    if (l > i && (a[i] > a[l]) == ((i & k) == 0u)) { let t = a[i]; a[i] = a[l]; a[l] = t; }
  } } }${end}`;

/** Branches that overwrite what others read, a loop and a fill between them; the last branch is nested. */
const overwriting = `${buffers}
  let n = size[0];
  if (a[n] > a[0]) { a[n - 1u] = a[n] * a[1]; a[n - 2u] = sin(a[n - 1u]); }
  if (a[n - 1u] < a[3]) { a[0] = a[0] * a[n - 2u]; } else { a[n] = a[n] * a[n]; }
  for (var k = 1u; k < n; k++) { a[k] = a[k] * cos(a[k - 1u]) + a[n]; }
  a[n] = a[n - 3u] * a[2];
  if (a[2] > 0.1) { a[2] = a[2] * a[n]; if (a[n - 1u] > 0.0) { a[2] = exp(a[2]); a[n] = a[2] * a[n]; } }
  let kept = a[2] * a[n];
  a = array<f32, 16>();
  if (kept > 0.0) { a[n] = kept; a[1] = a[n] * kept; } else { a[n] = kept * 3.0; }
  if (a[n] < 0.3) { a[2] = a[n] * a[n]; }${end}`;

const rows = 6;
const wave = (length: number, seed: number) =>
  Array.from({ length }, (_, k) => Math.fround(Math.sin(1.7 * k + seed) * Math.cos(0.3 * k)));

/** The sum of the kernel's results, each with a weight, as a function of x. */
async function weighted(source: string, precision: 'f32' | 'f64') {
  const cpu = await device({ kind: 'cpu', precision });
  const size = tensor(new Uint32Array([12]), [1], { device: cpu });
  const [x, weights] = [1, 2].map(seed => tensor(wave(16 * rows, seed), [16 * rows], { device: cpu }));
  const run = kernel(source as Bindings);
  const f = (x: Tensor) =>
    run({ x, size }, { count: rows, out: { y: 16 * rows } })
      .y.mul(weights)
      .sum();
  return { x, f };
}

describe.each(['f32', 'f64'] as const)('in %s', precision => {
  test.each([
    ['known', '16u'],
    ['a number of the device', 'size[0] + 4u'],
  ])('the derivative of a sort is a permutation: length %s', async (_, count) => {
    const { x, f } = await weighted(sorting(count), precision);
    const got = await valueAndGrad(f)(x).grad.read();
    const [values, weights] = [wave(16 * rows, 1), wave(16 * rows, 2)];
    for (let row = 0; row < rows; row++) {
      const order = Array.from({ length: 16 }, (_, k) => 16 * row + k).sort((i, j) => values[i] - values[j]);
      order.forEach((from, rank) => {
        expect(got[from]).toBe(weights[16 * row + rank]);
      });
    }
  });
});

test('branches, loops and fills that overwrite what others have read', async () => {
  const { x, f } = await weighted(overwriting, 'f64');
  await checkGradient(f, x);
  const exact = await valueAndGrad(f)(x).grad.read();
  const single = await weighted(overwriting, 'f32');
  const rounded = await valueAndGrad(single.f)(single.x).grad.read();
  exact.forEach((v, k) => {
    expect(Math.abs(rounded[k] - v)).toBeLessThan(1e-4 * (1 + Math.abs(v)));
  });
});
