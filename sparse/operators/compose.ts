/**
 * Operators made of operators: none of them is formed, and each is differentiable in what its parts are made of.
 *
 *   A + B + …        A B …        s A        A + σ I        [A B; C D]
 *
 * What is said of the parts (symmetric, positive definite, diagonal) is said of the whole where it follows; what does not follow
 * can be promised.
 */

import { type Device, inWords, Tensor, tensor } from '../../kernel/index.ts';
import type { MatrixOptions } from '../matrix/matrix.ts';
import { checkOperator, checkVector, type LinearOperator } from './operator.ts';

/** Params of each part. */
type Parts<P extends readonly unknown[]> = { readonly [K in keyof P]: LinearOperator<P[K]> };
export type Operators = readonly LinearOperator<unknown>[];

/** What a composition does with its parts; `turned` asks for the transpose. */
export interface Composition<N> {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly device: Device;
  readonly symmetric: boolean;
  readonly positiveDefinite: boolean;
  apply(parts: Operators, numbers: N, x: Tensor, turned: boolean): Tensor;
  diagonal?(parts: Operators, numbers: N): Tensor;
}

/** An operator of parts and of numbers of its own; both are its params. */
function composed<P, N>(
  { apply, diagonal, ...how }: Composition<N>,
  parts: Operators,
  numbers: N,
  paramsOf: (parts: readonly unknown[], numbers: N) => P,
  split: (params: P) => readonly [readonly unknown[], N],
  turned = false,
): LinearOperator<P> {
  const again = (flip: boolean, given = parts, own = numbers): LinearOperator<P> =>
    composed({ apply, ...how, ...(diagonal && { diagonal }) }, given, own, paramsOf, split, flip);
  const [rows, columns] = turned ? [how.columns, how.rows] : [how.rows, how.columns];
  const name = turned ? `transposed ${how.name}` : how.name;
  const self: LinearOperator<P> = {
    ...how,
    name,
    rows,
    columns,
    params: paramsOf(
      parts.map(part => part.params),
      numbers,
    ),
    apply(x) {
      checkVector(`${name}: apply`, x, columns);
      return apply(parts, numbers, x, turned);
    },
    get transpose() {
      return how.symmetric ? self : again(!turned);
    },
    with(params) {
      const [given, own] = split(params);
      return again(
        turned,
        parts.map((part, k) => part.with(given[k])),
        own,
      );
    },
    ...(diagonal && { diagonal: () => diagonal(parts, numbers) }),
  };
  return self;
}

/** Of parts alone: the params are a list of theirs. */
export function ofParts<P extends readonly unknown[]>(
  how: Composition<undefined>,
  parts: Operators,
): LinearOperator<P> {
  return composed(
    how,
    parts,
    undefined,
    given => given as unknown as P,
    params => [params, undefined],
  );
}

/** What is promised, or else follows. */
export function promises(
  { symmetric, positiveDefinite }: MatrixOptions,
  follows = false,
  definite = false,
): Required<MatrixOptions> {
  const sure = positiveDefinite ?? definite;
  return { symmetric: symmetric ?? (follows || sure), positiveDefinite: sure };
}

/** @throws TypeError unless all parts are on one device. */
export function deviceOf(who: string, parts: Operators): Device {
  if (!Array.isArray(parts))
    throw new TypeError(`${who}: the operators are ${inWords(parts)}; give a list: ${who}([A, B]).`);
  if (parts.length === 0) throw new RangeError(`${who}: there are no operators; give at least one.`);
  for (const part of parts) checkOperator(who, part);
  const [{ device }] = parts;
  const other = parts.find(part => part.device !== device);
  if (other)
    throw new TypeError(
      `${who}: the ${parts[0].name} is on ${device.description} and the ${other.name} on ${other.device.description}; they must be on one device.`,
    );
  return device;
}

const sizeOf = (A: LinearOperator<unknown>): string => `${A.rows} × ${A.columns}`;

/** A + B + … */
export function operatorSum<const P extends readonly unknown[]>(
  parts: Parts<P>,
  options: MatrixOptions = {},
): LinearOperator<P> {
  const terms = parts as Operators;
  const device = deviceOf('operatorSum', terms);
  const [first] = terms;
  const other = terms.find(A => A.rows !== first.rows || A.columns !== first.columns);
  if (other)
    throw new RangeError(
      `operatorSum: the ${first.name} is ${sizeOf(first)} and the ${other.name} ${sizeOf(other)}; they must be of one size.`,
    );
  const sum = (list: readonly Tensor[]): Tensor => list.slice(1).reduce((a, b) => a.add(b), list[0]);
  return ofParts<P>(
    {
      name: 'sum of operators',
      rows: first.rows,
      columns: first.columns,
      device,
      ...promises(
        options,
        terms.every(A => A.symmetric),
        terms.every(A => A.positiveDefinite),
      ),
      apply: (terms, _, x, turned) => sum(terms.map(A => (turned ? A.transpose : A).apply(x))),
      ...(terms.every(A => A.diagonal) && { diagonal: terms => sum(terms.map(A => A.diagonal!())) }),
    },
    terms,
  );
}

/** A B …; the last is applied first. */
export function operatorProduct<const P extends readonly unknown[]>(
  parts: Parts<P>,
  options: MatrixOptions = {},
): LinearOperator<P> {
  const factors = parts as Operators;
  const device = deviceOf('operatorProduct', factors);
  factors.slice(1).forEach((B, k) => {
    const A = factors[k];
    if (A.columns !== B.rows)
      throw new RangeError(
        `operatorProduct: the ${A.name} is ${sizeOf(A)} and is followed by a ${B.name} of ${sizeOf(B)}; it must have ${A.columns} rows.`,
      );
  });
  return ofParts<P>(
    {
      name: 'product of operators',
      rows: factors[0].rows,
      columns: factors[factors.length - 1].columns,
      device,
      ...promises(options),
      apply: (factors, _, x, turned) =>
        turned ? factors.reduce((y, A) => A.transpose.apply(y), x) : factors.reduceRight((y, A) => A.apply(y), x),
    },
    factors,
  );
}

/** An operator and a number. */
export interface WithNumber<P> {
  readonly operator: P;
  readonly number: Tensor;
}

function withNumber<P>(
  who: string,
  A: LinearOperator<P>,
  given: Tensor | number,
  how: Pick<Composition<Tensor>, 'name' | 'symmetric' | 'positiveDefinite' | 'apply' | 'diagonal'>,
): LinearOperator<WithNumber<P>> {
  checkOperator(who, A);
  if (!(given instanceof Tensor) && !(typeof given === 'number' && Number.isFinite(given)))
    throw new TypeError(`${who}: the number is ${inWords(given)}; give a finite number, or a tensor of one.`);
  const { device, rows, columns } = A;
  const number = typeof given === 'number' ? tensor([given], undefined, { device }) : given;
  if (number.size !== 1 || number.shape.length > 1)
    throw new RangeError(`${who}: the number has shape [${number.shape.join(', ')}]; it must be one number.`);
  if (number.device !== device)
    throw new TypeError(`${who}: the number is not on the ${A.name}'s device; move it there: await x.to(A.device).`);
  return composed<WithNumber<P>, Tensor>(
    { ...how, rows, columns, device },
    [A],
    number,
    ([operator], number) => ({ operator: operator as P, number }),
    ({ operator, number }) => [[operator], number],
  );
}

/** s A, for s a number or a tensor of one. */
export function scaledOperator<P>(
  s: Tensor | number,
  A: LinearOperator<P>,
  options: MatrixOptions = {},
): LinearOperator<WithNumber<P>> {
  checkOperator('scaledOperator', A);
  return withNumber('scaledOperator', A, s, {
    name: `scaled ${A.name}`,
    ...promises(options, A.symmetric, A.positiveDefinite && typeof s === 'number' && s > 0),
    apply: ([A], s, x, turned) => (turned ? A.transpose : A).apply(x).mul(s),
    ...(A.diagonal && { diagonal: ([A], s) => A.diagonal!().mul(s) }),
  });
}

/** A + σ I, for σ a number or a tensor of one. */
export function shiftedOperator<P>(
  A: LinearOperator<P>,
  sigma: Tensor | number,
  options: MatrixOptions = {},
): LinearOperator<WithNumber<P>> {
  checkOperator('shiftedOperator', A);
  if (A.rows !== A.columns) throw new RangeError(`shiftedOperator: the ${A.name} is ${sizeOf(A)}; it must be square.`);
  return withNumber('shiftedOperator', A, sigma, {
    name: `shifted ${A.name}`,
    ...promises(options, A.symmetric, A.positiveDefinite && typeof sigma === 'number' && sigma >= 0),
    apply: ([A], sigma, x, turned) => (turned ? A.transpose : A).apply(x).add(x.mul(sigma)),
    ...(A.diagonal && { diagonal: ([A], sigma) => A.diagonal!().add(sigma) }),
  });
}
