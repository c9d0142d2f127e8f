// Specification of Butcher tableaus: the conditions of each order, of the method and of what it is compared with.

import {
  bosh3,
  dopri5,
  dopri8,
  euler,
  heun,
  type ImexTableau,
  type ImplicitTableau,
  imexEuler,
  implicitEuler,
  implicitMidpoint,
  kenCarp3,
  kenCarp4,
  kenCarp5,
  kvaerno3,
  kvaerno4,
  kvaerno5,
  midpoint,
  ralston,
  rk4,
  type Tableau,
  trapezoidal,
  trbdf2,
  tsit5,
} from 'retrograde/solvers';
import { describe, expect, it } from 'vitest';

const explicit: readonly Tableau[] = [euler, midpoint, heun, ralston, rk4, bosh3, tsit5, dopri5, dopri8];
const lStable: readonly ImplicitTableau[] = [implicitEuler, trbdf2, kvaerno3, kvaerno4, kvaerno5];
const imex: readonly ImexTableau[] = [imexEuler, kenCarp3, kenCarp4, kenCarp5];
const implicit: readonly ImplicitTableau[] = [...lStable, implicitMidpoint, trapezoidal];

/** A rooted tree is the list of its branches. */
type Rooted = readonly Rooted[];

const known: Rooted[][] = [];
/** All rooted trees with so many nodes. */
function rootedTrees(nodes: number): readonly Rooted[] {
  known[nodes] ??= grow(nodes);
  return known[nodes];
}
function grow(nodes: number): Rooted[] {
  const forests = (left: number, largest: number): Rooted[][] =>
    left === 0
      ? [[]]
      : Array.from({ length: Math.min(left, largest) }, (_, i) => i + 1).flatMap(size =>
          rootedTrees(size).flatMap((tree, k) =>
            forests(left - size, size)
              .filter(
                ([next]) =>
                  next === undefined || sizeOf(next) < size || rootedTrees(size).findIndex(t => same(t, next)) <= k,
              )
              .map(rest => [tree, ...rest]),
          ),
        );
  return forests(nodes - 1, nodes - 1);
}
const sizeOf = (tree: Rooted): number => 1 + tree.reduce((sum, t) => sum + sizeOf(t), 0);
const same = (a: Rooted, b: Rooted): boolean => JSON.stringify(a) === JSON.stringify(b);
const density = (tree: Rooted): number => sizeOf(tree) * tree.reduce((product, t) => product * density(t), 1);

/** Largest violation of Σ b_i Φ_i(tree) = 1 / γ(tree) among trees with so many nodes (Hairer, Nørsett, Wanner, II.2). */
function violation({ a, kind }: Tableau | ImplicitTableau, b: readonly number[], nodes: number): number {
  const matrix: (readonly number[])[] = kind === 'explicit' ? [[], ...a] : [...a];
  const weights = (tree: Rooted): number[] => {
    const branches = tree.map(weights);
    const through = (i: number, w: readonly number[]) => matrix[i].reduce((sum, aij, j) => sum + aij * w[j], 0);
    return matrix.map((_, i) => branches.reduce((product, w) => product * through(i, w), 1));
  };
  return Math.max(
    ...rootedTrees(nodes).map(tree => {
      const w = weights(tree);
      return Math.abs(b.reduce((sum, v, i) => sum + v * w[i], 0) - 1 / density(tree));
    }),
  );
}

describe('tableaus', () => {
  it('trees are counted right', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(n => rootedTrees(n).length)).toEqual([1, 1, 2, 4, 9, 20, 48]);
  });
  it.each<Tableau | ImplicitTableau>([...explicit, ...implicit])('$name has its order and no more', tableau => {
    const { order, b, embedded, embeddedOrder = 0 } = tableau;
    const most = Math.min(order, 7); // order 8 is measured below
    for (let n = 1; n <= most; n++) expect(violation(tableau, b, n)).toBeLessThan(2e-14);
    if (order < 7) expect(violation(tableau, b, order + 1)).toBeGreaterThan(1e-5);
    if (!embedded) return;
    for (let n = 1; n <= Math.min(embeddedOrder, 7); n++) expect(violation(tableau, embedded, n)).toBeLessThan(2e-14);
    if (embeddedOrder < Math.min(order, 7))
      expect(violation(tableau, embedded, embeddedOrder + 1)).toBeGreaterThan(1e-5);
  });
});

type Complex = readonly [number, number];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const over = (x: Complex, [c, d]: Complex): Complex => times(x, [c / (c * c + d * d), -d / (c * c + d * d)]);

/** R(z), the step that the method takes of ẏ = z y from y = 1, with weights b. */
function stability({ a }: ImplicitTableau, b: readonly number[], z: Complex): Complex {
  const k: Complex[] = [];
  const sum = (weights: readonly number[]): Complex =>
    weights.reduce<Complex>(([re, im], w, j) => [re + w * (k[j]?.[0] ?? 0), im + w * (k[j]?.[1] ?? 0)], [0, 0]);
  for (const [i, row] of a.entries()) {
    const [re, im] = sum(row.slice(0, i));
    k.push(over(times(z, [1 + re, im]), [1 - row[i] * z[0], -row[i] * z[1]]));
  }
  const [re, im] = sum(b);
  return [1 + re, im];
}

describe('implicit tableaus', () => {
  it.each(implicit)('$name is A-stable: |R| ≤ 1 on the imaginary axis, where it has no poles to the left', method => {
    for (let e = -3; e <= 6; e += 0.01)
      expect(Math.hypot(...stability(method, method.b, [0, 10 ** e]))).toBeLessThan(1 + 1e-12);
    for (const row of method.a) expect(row.at(-1)).toBeGreaterThanOrEqual(0);
  });
  it.each(lStable)('$name is L-stable: R vanishes at infinity', method => {
    expect(Math.hypot(...stability(method, method.b, [-1e8, 0]))).toBeLessThan(1e-6);
  });
  it.each([kvaerno3, kvaerno4, kvaerno5])(
    '$name: its last stage is its result, and the one before what it is compared with',
    ({ a, b, embedded }) => {
      expect(a.at(-1)).toEqual(b);
      expect([...(a.at(-2) as readonly number[]), 0]).toEqual(embedded);
    },
  );
  it('there is one γ', () => {
    for (const { a } of implicit) expect(new Set(a.map((row, i) => row[i]).filter(gamma => gamma !== 0)).size).toBe(1);
  });
});

describe.each(imex)('$name', ({ a, b, explicit, embedded, order, embeddedOrder = 0, name }) => {
  const stiff: ImplicitTableau = { kind: 'implicit', name, order, a, b };
  const other: ImplicitTableau = {
    kind: 'implicit',
    name,
    order,
    a: explicit.a.map(row => [...row, 0]),
    b: explicit.b,
  };
  // the sizes of fractions given in the paper limit how well these hold
  it('both parts have its order, and so have those that they are compared with', () => {
    for (let n = 1; n <= order; n++) {
      expect(violation(stiff, b, n)).toBeLessThan(1e-11);
      expect(violation(other, explicit.b, n)).toBeLessThan(1e-11);
    }
    for (let n = 1; embedded && n <= embeddedOrder; n++) {
      expect(violation(stiff, embedded, n)).toBeLessThan(1e-11);
      expect(violation(other, embedded, n)).toBeLessThan(1e-11);
    }
  });
  it('both parts have the same c', () => {
    const sum = (row: readonly number[]) => row.reduce((s, v) => s + v, 0);
    a.forEach((row, i) => {
      expect(Math.abs(sum(row) - sum(explicit.a[i]))).toBeLessThan(1e-11);
    });
  });
  it('is L-stable in its implicit part, and stiffly accurate', () => {
    expect(Math.hypot(...stability(stiff, b, [-1e8, 0]))).toBeLessThan(1e-6);
    for (let e = -3; e <= 6; e += 0.01)
      expect(Math.hypot(...stability(stiff, b, [0, 10 ** e]))).toBeLessThan(1 + 1e-12);
    expect(a.at(-1)).toEqual(b);
  });
});
