/**
 * Fourier transforms of lengths that are products of 2, 3, 5 and 7, along one axis, not differentiated.
 *
 * Stockham's order: a pass of radix r takes r numbers n / r apart, turns them, transforms them and stores them in order, so that
 * nothing is reversed by bits; with p the product of the radices before,
 *
 *   y[(i − i mod p) r + i mod p + k p] = Σ_q e^{−2πi kq / r} e^{−2πi q (i mod p) / (p r)} x[i + q n / r]              (1)
 *
 * Stockham (1966); Swarztrauber, Parallel Comput. 1 (1984) 45; Van Loan: Computational Frameworks for the FFT, SIAM 1992, § 1.7.
 */

import { type Kernel, kernelsByKey, onDeviceBy, type Tensor, tensor } from '../../kernel/index.ts';
import { butterfly } from './butterfly.wgsl.ts';

/** Complex numbers, as two tensors of one shape. */
export interface Complex {
  readonly re: Tensor;
  readonly im: Tensor;
}

/** Complex numbers, or real ones. */
export type Numbers = Partial<Complex> & Pick<Complex, 're'>;

const primes = [7, 5, 3];

/** Radices of the passes, or undefined if there is a prime factor beyond 7. */
export function radices(n: number): readonly number[] | undefined {
  const found: number[] = [];
  let rest = n;
  for (const r of [8, ...primes])
    while (rest % r === 0 && (r !== 8 || rest !== 16)) {
      found.push(r);
      rest /= r;
    }
  while (rest % 4 === 0) {
    found.push(4);
    rest /= 4;
  }
  if (rest === 2) {
    found.push(2);
    rest = 1;
  }
  return rest === 1 ? found : undefined;
}

/** The least length from n that has radices. */
export function lengthFrom(n: number): number {
  let length = n;
  while (!radices(length)) length++;
  return length;
}

const kernelOf = kernelsByKey();

/** @param across Whether neighbours in memory belong to different transforms. */
const passKernel = (r: number, across: boolean, real: boolean): Kernel =>
  kernelOf(`${r} ${across} ${real}`, () => {
    const each = Array.from({ length: r }, (_, q) => q);
    const load = each.map(q => {
      const at = `(start + ${q}u * part) * inner${across ? ' + id.x' : ''}`;
      const value = `let a${q} = x[${at}]; let b${q} = ${real ? '0.0' : `y[${at}]`};`;
      if (q === 0) return `${value} let c0 = a0; let d0 = b0;`;
      return `${value}
    let s${q} = turn * ${q}u; let u${q} = cosines[s${q}]; let v${q} = sign * sines[s${q}];
    let c${q} = u${q} * a${q} - v${q} * b${q}; let d${q} = u${q} * b${q} + v${q} * a${q};`;
    });
    // The other direction is the same with the parts of each number exchanged, going in and coming out.
    const { lines, out } = butterfly(each.map(q => [`e${q}`, `f${q}`] as const));
    return `
  var<storage, read> x: array<f32>;
  ${real ? '' : 'var<storage, read> y: array<f32>;'}
  var<storage, read> cosines: array<f32>;
  var<storage, read> sines: array<f32>;
  var<uniform> length: u32;
  var<uniform> before: u32;
  var<uniform> inner: u32;
  var<uniform> forward: u32;
  @unique var<storage, read_write> re: array<f32>;
  @unique var<storage, read_write> im: array<f32>;
  @compute @workgroup_size(64)
  fn fftPass(@builtin(global_invocation_id) id: vec3u) {
    let i = id.${across ? 'y' : 'x'};
    let line = id.${across ? 'z' : 'y'} * length;
    let part = length / ${r}u;
    let start = line + i;
    let low = i % before;
    let turn = low * (part / before);
    let onward = forward == 1u;
    let sign = select(1.0, -1.0, onward);
    ${load.join('\n    ')}
    ${each.map(q => `let e${q} = select(d${q}, c${q}, onward); let f${q} = select(c${q}, d${q}, onward);`).join('\n    ')}
    ${lines.join('\n    ')}
    let to = line + (i - low) * ${r}u + low;
    ${out.map(([a, b], k) => `re[(to + ${k}u * before) * inner${across ? ' + id.x' : ''}] = select(${b}, ${a}, onward); im[(to + ${k}u * before) * inner${across ? ' + id.x' : ''}] = select(${a}, ${b}, onward);`).join('\n    ')}
  }`; // (1)
  });

interface Turns {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/** cos and sin of 2π j / n. */
const turnsOf = onDeviceBy((n, device): Turns => {
  const of = (f: (x: number) => number): Tensor =>
    tensor(
      Float64Array.from({ length: n }, (_, j) => f((2 * Math.PI * j) / n)),
      [n],
      { device },
    );
  return { cosines: of(Math.cos), sines: of(Math.sin) };
});

/** The lines of a tensor along an axis: numbers of each, how many lie within one another, and how many groups of those there are. */
export function linesAlong(shape: readonly number[], axis: number): Readonly<Record<'n' | 'inner' | 'outer', number>> {
  const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  return { n: shape[axis], inner: product(shape.slice(axis + 1)), outer: product(shape.slice(0, axis)) };
}

/** Σ x e^{∓2πi jk / n} along one axis, whose length has radices. */
export function inPasses(x: Numbers, axis: number, forward: boolean): Complex {
  const { shape, device } = x.re;
  const { n, inner, outer } = linesAlong(shape, axis);
  const across = inner > 1;
  const turns = turnsOf(n, device);
  let now = x;
  let before = 1;
  for (const r of radices(n) as readonly number[]) {
    const run = passKernel(r, across, now.im === undefined);
    const { re, im } = run(
      {
        x: now.re,
        ...(now.im && { y: now.im }),
        ...turns,
        length: n,
        before,
        inner,
        forward: forward ? 1 : 0,
      },
      { count: across ? [inner, n / r, outer] : [n / r, outer], out: { re: shape, im: shape } },
    );
    now = { re, im };
    before *= r;
  }
  return { re: now.re, im: now.im ?? now.re.mul(0) };
}
