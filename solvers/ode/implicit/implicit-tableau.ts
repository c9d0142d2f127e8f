/**
 * Diagonally implicit Runge–Kutta methods as data, for stiff problems.
 *
 *   k_i = f(t + c_i dt, y + dt Σ_{j≤i} a_ij k_j),   y⁺ = y + dt Σ b_i k_i,   e = dt Σ (b_i − b̂_i) k_i
 *
 * c_i = Σ_j a_ij. Where a_ii = 0 a stage is explicit; all others have one γ = a_ii, so that one matrix I − dt γ ∂f/∂y serves a step.
 * What grows with stiffness in e, which a tableau may have where it does not in y⁺, is damped by (I − dt γ ∂f/∂y)⁻¹ e ("filtered").
 *
 * Hairer, Wanner: Solving Ordinary Differential Equations II, 2nd ed., 1996, IV.3, IV.6, IV.8.
 * Hosea, Shampine: Analysis and implementation of TR-BDF2, Appl. Numer. Math. 20 (1996) 21.
 * Kværnø: Singly diagonally implicit Runge–Kutta methods with an explicit first stage, BIT 44 (2004) 489.
 */

export interface ImplicitTableau {
  readonly kind: 'implicit';
  readonly name: string;
  readonly order: number;
  /** Row i holds a_i1 … a_ii. */
  readonly a: readonly (readonly number[])[];
  readonly b: readonly number[];
  /** b̂; without it there is no estimate of the error and steps are fixed. */
  readonly embedded?: readonly number[];
  /** The lower of its order and the method's. */
  readonly embeddedOrder?: number;
  /** Whether (I − dt γ ∂f/∂y)⁻¹ is applied to e. */
  readonly filtered?: boolean;
}

interface Embedded {
  readonly weights: readonly number[];
  readonly order: number;
  readonly filtered?: boolean;
}

const implicit = (
  name: string,
  order: number,
  a: readonly (readonly number[])[],
  b: readonly number[],
  embedded?: Embedded,
): ImplicitTableau => ({
  kind: 'implicit',
  name,
  order,
  a,
  b,
  ...(embedded && { embedded: embedded.weights, embeddedOrder: embedded.order, filtered: embedded.filtered ?? false }),
});

/** Its last stage is y⁺, and the one before is what it is compared with. */
const stifflyAccurate = (name: string, order: number, gamma: number, lower: readonly (readonly number[])[]) => {
  const a = lower.map((row, i) => (i === 0 ? [0] : [...row, gamma]));
  const [weights, b] = a.slice(-2);
  return implicit(name, order, a, b, { weights: [...weights, 0], order: order - 1 });
};

/** Order 1, L-stable; with the trapezoidal rule to compare with. */
export const implicitEuler: ImplicitTableau = implicit('implicit Euler', 1, [[0], [0, 1]], [0, 1], {
  weights: [1 / 2, 1 / 2],
  order: 1,
  filtered: true,
});

/** Order 2, A-stable, symplectic; for fixed steps. */
export const implicitMidpoint: ImplicitTableau = implicit('implicit midpoint', 2, [[1 / 2]], [1]);

/** Order 2, A-stable; with Euler's implicit method to compare with. The Crank–Nicolson method, where f is a discretised PDE. */
export const trapezoidal: ImplicitTableau = implicit('trapezoidal rule', 2, [[0], [1 / 2, 1 / 2]], [1 / 2, 1 / 2], {
  weights: [0, 1],
  order: 1,
});

const d = 1 - Math.SQRT1_2;
const w = Math.SQRT1_2 / 2;
/** Order 2, L-stable: trapezoidal rule, then BDF2; with a method of order 3 to compare with. */
export const trbdf2: ImplicitTableau = implicit('TR-BDF2', 2, [[0], [d, d], [w, w, d]], [w, w, d], {
  weights: [(1 - w) / 3, (3 * w + 1) / 3, d / 3],
  order: 2,
  filtered: true,
});

/** The root of γ³ − 3 γ² + 3/2 γ − 1/6 at which a method of order 3 is L-stable. */
const third = 0.435866521508459;
/** Kværnø 3(2), 4 stages, L-stable. */
export const kvaerno3: ImplicitTableau = stifflyAccurate('Kvaerno3', 3, third, [
  [],
  [third],
  [(-4 * third ** 2 + 6 * third - 1) / (4 * third), (1 - 2 * third) / (4 * third)],
  [
    (6 * third - 1) / (12 * third),
    -1 / ((24 * third - 12) * third),
    (-6 * third ** 2 + 6 * third - 1) / (6 * third - 3),
  ],
]);

const fourth = 0.5728160624821349;
const poly = (...coefficients: readonly number[]): number => coefficients.reduce((sum, c) => sum * fourth + c, 0);
const [p, q, r] = [poly(12, -6, 1), poly(12, -9, 2), poly(3, -1)];
/** Kværnø 4(3), 5 stages, L-stable. */
export const kvaerno4: ImplicitTableau = stifflyAccurate('Kvaerno4', 4, fourth, [
  [],
  [fourth],
  [(poly(144, -180, 81, -15, 1) * fourth) / p ** 2, (poly(-36, 39, -15, 2) * fourth) / p ** 2],
  [
    poly(-144, 396, -330, 117, -18, 1) / (12 * fourth ** 2 * q),
    poly(72, -126, 69, -15, 1) / (12 * fourth ** 2 * r),
    (poly(-6, 6, -1) * p ** 2) / (12 * fourth ** 2 * q * r),
  ],
  [
    poly(288, -312, 120, -18, 1) / (48 * fourth ** 2 * q),
    poly(24, -12, 1) / (48 * fourth ** 2 * r),
    -(p ** 3) / (48 * fourth ** 2 * r * q * poly(6, -6, 1)),
    poly(-24, 36, -12, 1) / poly(24, -24, 4),
  ],
]);

/** Kværnø 5(4), 7 stages, L-stable: the one to begin with. */
export const kvaerno5: ImplicitTableau = stifflyAccurate('Kvaerno5', 5, 0.26, [
  [],
  [0.26],
  [0.13, 0.8403332099679081],
  [0.22371961478320504, 0.476755323197997, -0.06470895363112615],
  [0.16648564323248322, 0.1045001884159172, 0.03631482272098715, -0.13090704451073998],
  [0.13855640231268224, 0, -0.04245337201752043, 0.02446657898003141, 0.6194303907248068],
  [0.13659751177640292, 0, -0.05496908796538376, -0.04118626728321046, 0.629933048990164, 0.06962479448202728],
]);
