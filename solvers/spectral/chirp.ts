/**
 * Fourier transforms of any length along one axis, not differentiated, as convolutions with a chirp: with jk = (j² + k² − (k − j)²) / 2,
 *
 *   w_j = e^{πi j² / n},   X_k = w̄_k Σ_j (x_j w̄_j) w_{k − j}                                                          (1)
 *
 * a sum over what wraps around after m ≥ 2 n − 1 numbers, so that transforms of length m, a product of small primes, do it. The other direction is the same
 * with the parts of each number exchanged, going in and coming out.
 * Bluestein, IEEE Trans. Audio Electroacoust. 18 (1970) 451.
 */

import { lazyKernel, onDeviceBy, type Tensor, tensor } from '../../kernel/index.ts';
import { type Complex, inPasses, lengthFrom, linesAlong, type Numbers } from './passes.ts';

/** x times a row of complex numbers, line by line; those beyond it are 0. */
const timesRow = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<f32>;
  var<storage, read> y: array<f32>;
  var<storage, read> u: array<f32>;
  var<storage, read> v: array<f32>;
  var<uniform> from: u32;  // numbers of a line of x
  var<uniform> to: u32;    // of one that is made
  var<uniform> inner: u32;
  var<storage, read_write> re: array<f32>;
  var<storage, read_write> im: array<f32>;
  @compute @workgroup_size(64)
  fn timesRow(@builtin(global_invocation_id) id: vec3u) {
    let j = id.y;
    let at = (id.z * to + j) * inner + id.x;
    var a = 0.0;
    var b = 0.0;
    if (j < arrayLength(&u) && j < from) {
      let given = (id.z * from + j) * inner + id.x;
      a = x[given] * u[j] - y[given] * v[j];
      b = x[given] * v[j] + y[given] * u[j];
    }
    re[at] = a;
    im[at] = b;
  }
`);

type Row = readonly [re: Float64Array, im: Float64Array];

/** The transform of numbers on the host: of chirps, once for each length. */
function transformed([re, im]: Row): Row {
  const n = re.length;
  const p = [2, 3, 5, 7].find(prime => n % prime === 0);
  if (p === undefined) return [re, im]; // n = 1
  const parts = Array.from({ length: p }, (_, q) => {
    const every = (values: Float64Array): Float64Array => values.filter((_, j) => j % p === q);
    return transformed([every(re), every(im)]);
  });
  const sum: Row = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < n; k++)
    parts.forEach(([a, b], q) => {
      const turn = (-2 * Math.PI * ((q * k) % n)) / n;
      const j = k % (n / p);
      sum[0][k] += Math.cos(turn) * a[j] - Math.sin(turn) * b[j];
      sum[1][k] += Math.cos(turn) * b[j] + Math.sin(turn) * a[j];
    });
  return sum;
}

interface Chirp {
  /** Numbers that wrap around. */
  readonly m: number;
  /** w̄, [n]. */
  readonly turn: Complex;
  /** The transform of w as it wraps around, over m, [m]. */
  readonly response: Complex;
}

const chirpOf = onDeviceBy((n, device): Chirp => {
  const m = lengthFrom(2 * n - 1);
  const angle = (j: number): number => (Math.PI * ((j * j) % (2 * n))) / n;
  const wrapped: Row = [new Float64Array(m), new Float64Array(m)];
  for (let j = 0; j < n; j++)
    for (const at of [j, (m - j) % m]) {
      wrapped[0][at] = Math.cos(angle(j)) / m;
      wrapped[1][at] = Math.sin(angle(j)) / m;
    }
  const on = (values: Float64Array): Tensor => tensor(values, [values.length], { device });
  const [re, im] = transformed(wrapped);
  const each = (f: (j: number) => number): Tensor => on(Float64Array.from({ length: n }, (_, j) => f(j)));
  return {
    m,
    turn: { re: each(j => Math.cos(angle(j))), im: each(j => -Math.sin(angle(j))) },
    response: { re: on(re), im: on(im) },
  };
});

/** Σ x e^{∓2πi jk / n} along one axis. */
export function byChirp(x: Numbers, axis: number, forward: boolean): Complex {
  const { shape, device } = x.re;
  const { n, inner, outer } = linesAlong(shape, axis);
  const { m, turn, response } = chirpOf(n, device);
  const times = (given: Complex, row: Complex, to: number): Complex => {
    const made = shape.with(axis, to);
    const numbers = { x: given.re, y: given.im, u: row.re, v: row.im };
    const sizes = { from: given.re.shape[axis], to, inner };
    return timesRow({ ...numbers, ...sizes }, { count: [inner, to, outer], out: { re: made, im: made } });
  };
  const exchanged = ({ re, im }: Complex): Complex => (forward ? { re, im } : { re: im, im: re });
  const given = exchanged({ re: x.re, im: x.im ?? x.re.mul(0) });
  const spread = inPasses(times(given, turn, m), axis, true);
  const convolved = inPasses(times(spread, response, m), axis, false);
  return exchanged(times(convolved, turn, n)); // (1)
}
