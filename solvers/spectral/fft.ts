/**
 * Fast Fourier transforms along the axes of a tensor, of complex or real numbers.
 *
 *   X_k = Σ_j x_j e^{−2πi jk / n}                                            fft                                   (1)
 *   x_j = (1/n) Σ_k X_k e^{2πi jk / n}                                       ifft
 *
 * Lengths that are products of 2, 3, 5 and 7 are taken in passes, others as convolutions with a chirp, several times as slow. A transform
 * is linear and symmetric: its tangent is itself, its adjoint is the other direction.
 */

import { custom } from '../../adjoint/index.ts';
import { checkOptions, inWords, scoped, Tensor } from '../../kernel/index.ts';
import { byChirp } from './chirp.ts';
import { type Complex, inPasses, type Numbers, radices } from './passes.ts';

export interface FftOptions {
  /** Which axes; negative ones count from the last. Default all. */
  readonly axes?: readonly number[];
}

/** One axis, not differentiated. */
const along = (x: Numbers, axis: number, forward: boolean): Complex =>
  (radices(x.re.shape[axis]) ? inPasses : byChirp)(x, axis, forward);

/** Σ x e^{∓2πi jk / n} along the axes, differentiable. */
function transform(x: Numbers, axes: readonly number[], forward: boolean): Complex {
  const plain = (given: Numbers): Complex =>
    scoped(
      () => axes.reduce<Numbers>((now, axis) => along(now, axis, forward), given) as Complex,
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
    if (re.shape[axis] < 1) throw new RangeError(`${who}: axis ${axis} has length 0; there is nothing to transform.`);
  return axes;
}

const parts = (x: Tensor | Complex): Numbers => (x instanceof Tensor ? { re: x } : x);

/**
 * Discrete Fourier transforms (1), along all axes or some, of any batch. Differentiable, again and again.
 *
 * @param x Real or complex.
 * @throws RangeError for axes that x does not have, or of length 0.
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
