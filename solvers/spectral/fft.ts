/**
 * Fast Fourier transforms along the axes of a tensor, of complex or real numbers.
 *
 *   X_k = Σ_j x_j e^{−2πi jk / n}                                            fft                                   (1)
 *   x_j = (1/n) Σ_k X_k e^{2πi jk / n}                                       ifft
 *
 * Stockham's order: a pass of radix r takes r numbers n / r apart, turns them, transforms them and stores them in order, so that
 * nothing is reversed by bits; with p the product of the radices before,
 *
 *   y[(i − i mod p) r + i mod p + k p] = Σ_q e^{−2πi kq / r} e^{−2πi q (i mod p) / (p r)} x[i + q n / r]              (2)
 *
 * Lengths are products of 2, 3, 5 and 7. A transform is linear and symmetric: its tangent is itself, its adjoint is the other direction.
 * Stockham (1966); Swarztrauber, Parallel Comput. 1 (1984) 45; Van Loan: Computational Frameworks for the FFT, SIAM 1992, § 1.7.
 */

import { custom } from '../../adjoint/index.ts';
import {
  checkOptions,
  type Device,
  inWords,
  type Kernel,
  kernelsByKey,
  scoped,
  Tensor,
  tensor,
} from '../../kernel/index.ts';
import { butterfly } from './butterfly.wgsl.ts';

/** Complex numbers, as two tensors of one shape. */
export interface Complex {
  readonly re: Tensor;
  readonly im: Tensor;
}

export interface FftOptions {
  /** Which axes; negative ones count from the last. Default all. */
  readonly axes?: readonly number[];
}

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
  }`; // (2)
  });

interface Turns {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

const turnsOn = new WeakMap<Device, Map<number, Turns>>();

/** cos and sin of 2π j / n. */
function turnsOf(n: number, device: Device): Turns {
  const known = turnsOn.get(device) ?? new Map<number, Turns>();
  turnsOn.set(device, known);
  let made = known.get(n);
  if (!made) {
    const of = (f: (x: number) => number): Tensor =>
      tensor(
        Float64Array.from({ length: n }, (_, j) => f((2 * Math.PI * j) / n)),
        [n],
        { device },
      );
    made = { cosines: of(Math.cos), sines: of(Math.sin) };
    known.set(n, made);
  }
  return made;
}

/** One axis, not differentiated. */
function along(x: Partial<Complex> & Pick<Complex, 're'>, axis: number, forward: boolean): Complex {
  const { shape, device } = x.re;
  const n = shape[axis];
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
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

/** Σ x e^{∓2πi jk / n} along the axes, differentiable. */
function transform(x: Partial<Complex> & Pick<Complex, 're'>, axes: readonly number[], forward: boolean): Complex {
  const plain = (given: Partial<Complex> & Pick<Complex, 're'>): Complex =>
    scoped(
      () =>
        axes.reduce<Partial<Complex> & Pick<Complex, 're'>>((now, axis) => along(now, axis, forward), given) as Complex,
      y => [y.re, y.im],
    );
  const run = custom(plain, {
    name: forward ? 'fft' : 'ifft',
    jvp: (_, dot) => transform(dot, axes, forward),
    vjp: (given, bar) => {
      const back = transform(bar, axes, !forward);
      return given.im ? back : { re: back.re };
    },
  });
  return run(x);
}

/** Axes as numbers from 0. @throws unless x can be transformed along them. */
function checked(who: string, x: Tensor | Complex, options: FftOptions): readonly number[] {
  checkOptions(who, options, ['axes']);
  const { re, im } = x instanceof Tensor ? { re: x, im: undefined } : x;
  if (!(re instanceof Tensor) || (im !== undefined && !(im instanceof Tensor)))
    throw new TypeError(`${who}: x is ${inWords(x)}; give a tensor, or { re, im }.`);
  if (im && im.shape.join() !== re.shape.join())
    throw new RangeError(
      `${who}: the real part has shape [${re.shape.join(', ')}] and the imaginary one [${im.shape.join(', ')}]; they must be alike.`,
    );
  const rank = re.shape.length;
  const axes = (options.axes ?? re.shape.map((_, k) => k)).map(axis => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
      throw new RangeError(
        `${who}: axis ${inWords(axis)} is not one of x, which has ${rank}: they are ${-rank} … ${rank - 1}.`,
      );
    return axis < 0 ? axis + rank : axis;
  });
  for (const axis of axes)
    if (re.shape[axis] < 1 || !radices(re.shape[axis]))
      throw new RangeError(
        `${who}: axis ${axis} has length ${re.shape[axis]}; lengths must be products of 2, 3, 5 and 7, such as ${nextLength(re.shape[axis])}.`,
      );
  return axes;
}

function nextLength(n: number): number {
  let next = Math.max(1, n);
  while (!radices(next)) next++;
  return next;
}

const parts = (x: Tensor | Complex): Partial<Complex> & Pick<Complex, 're'> => (x instanceof Tensor ? { re: x } : x);

/**
 * Discrete Fourier transforms (1), along all axes or some, of any batch. Differentiable, again and again.
 *
 * @param x Real or complex.
 * @throws RangeError if a length has a prime factor beyond 7.
 * @example
 *   const wave = tensor([1, 0, -1, 0]);
 *   const { re } = fft(wave); // 0, 2, 0, 2
 */
export function fft(x: Tensor | Complex, options: FftOptions = {}): Complex {
  return transform(parts(x), checked('fft', x, options), true);
}

/** The inverse of `fft`. */
export function ifft(x: Tensor | Complex, options: FftOptions = {}): Complex {
  const axes = checked('ifft', x, options);
  const { re, im } = transform(parts(x), axes, false);
  const share = axes.reduce((all, axis) => all / re.shape[axis], 1);
  return { re: re.mul(share), im: im.mul(share) };
}
