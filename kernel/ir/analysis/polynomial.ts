/**
 * Integer polynomials modulo 2³² in named atoms: Σ coefficient · atom · atom · …  Exact for +, − and · of i32 and u32 alike.
 * A monomial's key is its factors, sorted and joined; the constant's key is ''.
 */

export interface Monomial {
  /** As i32, so that a wrapped negative u32 is negative. */
  readonly coefficient: number;
  readonly factors: readonly string[];
}
export type Polynomial = ReadonlyMap<string, Monomial>;

const keyOf = (factors: readonly string[]): string => factors.join(' · ');

function collect(monomials: Iterable<Monomial>): Polynomial {
  const sum = new Map<string, Monomial>();
  for (const { coefficient, factors } of monomials) {
    const key = keyOf(factors);
    const total = (coefficient + (sum.get(key)?.coefficient ?? 0)) | 0;
    if (total === 0) sum.delete(key);
    else sum.set(key, { coefficient: total, factors });
  }
  return sum;
}

export const constantPolynomial = (n: number): Polynomial => collect([{ coefficient: n | 0, factors: [] }]);
export const atomPolynomial = (key: string): Polynomial => collect([{ coefficient: 1, factors: [key] }]);
export const monomialPolynomial = (m: Monomial): Polynomial => collect([m]);

export function add(a: Polynomial, b: Polynomial, scale = 1): Polynomial {
  const scaled = [...b.values()].map(m => ({ ...m, coefficient: Math.imul(m.coefficient, scale) }));
  return collect([...a.values(), ...scaled]);
}

export function multiply(a: Polynomial, b: Polynomial): Polynomial {
  const products: Monomial[] = [];
  for (const x of a.values()) {
    for (const y of b.values()) {
      const factors = [...x.factors, ...y.factors].sort();
      products.push({ coefficient: Math.imul(x.coefficient, y.coefficient), factors });
    }
  }
  return collect(products);
}

/** The number a polynomial is, if it is one. */
export function numberOf(p: Polynomial): number | undefined {
  if (p.size === 0) return 0;
  return p.size === 1 ? p.get('')?.coefficient : undefined;
}

export function singleMonomial(p: Polynomial): Monomial | undefined {
  const [only] = p.values();
  return p.size === 1 ? only : undefined;
}

/** a / b where b divides a: factors and coefficient. */
export function quotient(a: Monomial, b: Monomial): Monomial | undefined {
  const factors = [...a.factors];
  for (const factor of b.factors) {
    const k = factors.indexOf(factor);
    if (k < 0) return undefined;
    factors.splice(k, 1);
  }
  const coefficient = a.coefficient / b.coefficient;
  return Number.isInteger(coefficient) ? { coefficient, factors } : undefined;
}

export const product = (a: Monomial, b: Monomial): Monomial => ({
  coefficient: a.coefficient * b.coefficient,
  factors: [...a.factors, ...b.factors].sort(),
});

export const samePolynomial = (a: Polynomial, b: Polynomial): boolean => add(a, b, -1).size === 0;

export const textOf = (p: Polynomial): string =>
  [...p.values()]
    .map(m => `${m.coefficient} · ${keyOf(m.factors)}`)
    .sort()
    .join(' + ');
