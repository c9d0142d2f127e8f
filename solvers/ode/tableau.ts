/**
 * Explicit Runge–Kutta methods as data.
 *
 *   k_i = f(t + c_i dt, y + dt Σ_{j<i} a_ij k_j),   y⁺ = y + dt Σ b_i k_i,   e = dt Σ (b_i − b̂_i) k_i
 *
 * c_i = Σ_j a_ij. Where the last row of a is b, the last stage is the first of the next step ("first same as last").
 *
 * Hairer, Nørsett, Wanner: Solving Ordinary Differential Equations I, 2nd ed., 1993, II.1–II.5.
 * Bogacki, Shampine: A 3(2) pair of Runge–Kutta formulas, Appl. Math. Lett. 2 (1989) 321.
 * Dormand, Prince: A family of embedded Runge–Kutta formulae, J. Comput. Appl. Math. 6 (1980) 19.
 * Prince, Dormand: High order embedded Runge–Kutta formulae, J. Comput. Appl. Math. 7 (1981) 67.
 * Tsitouras: Runge–Kutta pairs of order 5(4) satisfying only the first column simplifying assumption, Comput. Math. Appl. 62 (2011) 770.
 */

import { type DenseWeights, dopri5Weights, tsit5Weights } from './dense/dense-weights.ts';

export interface Tableau {
  readonly kind: 'explicit';
  readonly name: string;
  readonly order: number;
  /** Row i − 1 holds a_i1 … a_i,i−1; the first stage has no row. */
  readonly a: readonly (readonly number[])[];
  readonly b: readonly number[];
  /** b̂, of order `embeddedOrder`; without it there is no estimate of the error and steps are fixed. */
  readonly embedded?: readonly number[];
  readonly embeddedOrder?: number;
  /** The method's own interpolant: of each stage, the weight's coefficients of θ, θ², θ³, θ⁴. Default: Hermite's. */
  readonly dense?: DenseWeights;
}

const explicit = (
  name: string,
  order: number,
  a: readonly (readonly number[])[],
  b: readonly number[],
  embedded?: readonly number[],
  embeddedOrder = order - 1,
): Tableau => ({ kind: 'explicit', name, order, a, b, ...(embedded && { embedded, embeddedOrder }) });

/** Order 1. */
export const euler: Tableau = explicit('Euler', 1, [], [1]);
/** Order 2, with Euler's method to compare with. */
export const midpoint: Tableau = explicit('midpoint', 2, [[1 / 2]], [0, 1], [1, 0]);
/** Order 2, with Euler's method to compare with. */
export const heun: Tableau = explicit('Heun', 2, [[1]], [1 / 2, 1 / 2], [1, 0]);
/** Order 2, of least error bound; with Euler's method to compare with. */
export const ralston: Tableau = explicit('Ralston', 2, [[2 / 3]], [1 / 4, 3 / 4], [1, 0]);
/** The classical method of order 4. */
export const rk4: Tableau = explicit('RK4', 4, [[1 / 2], [0, 1 / 2], [0, 0, 1]], [1 / 6, 1 / 3, 1 / 3, 1 / 6]);

/** Bogacki–Shampine 3(2). */
export const bosh3: Tableau = explicit(
  'Bosh3',
  3,
  [[1 / 2], [0, 3 / 4], [2 / 9, 1 / 3, 4 / 9]],
  [2 / 9, 1 / 3, 4 / 9, 0],
  [7 / 24, 1 / 4, 1 / 3, 1 / 8],
);

const tsitouras = [
  0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774,
];

/** Tsitouras 5(4): the default. */
export const tsit5: Tableau = {
  ...explicit(
    'Tsit5',
    5,
    [
      [0.161],
      [-0.008480655492356989, 0.335480655492357],
      [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
      [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
      [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
      tsitouras,
    ],
    [...tsitouras, 0],
    [
      0.09468075576583945,
      0.009183565540343254,
      0.4877705284247616,
      1.234297566930479,
      -2.7077123499835256,
      1.866628418170587,
      1 / 66,
    ],
  ),
  dense: tsit5Weights,
};

const dormandPrince = [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84];

/** Dormand–Prince 5(4). */
export const dopri5: Tableau = {
  ...explicit(
    'Dopri5',
    5,
    [
      [1 / 5],
      [3 / 40, 9 / 40],
      [44 / 45, -56 / 15, 32 / 9],
      [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
      [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
      dormandPrince,
    ],
    [...dormandPrince, 0],
    [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40],
  ),
  dense: dopri5Weights,
};

/** Prince–Dormand 8(7): for tolerances near the end of f64. */
export const dopri8: Tableau = explicit(
  'Dopri8',
  8,
  [
    [1 / 18],
    [1 / 48, 1 / 16],
    [1 / 32, 0, 3 / 32],
    [5 / 16, 0, -75 / 64, 75 / 64],
    [3 / 80, 0, 0, 3 / 16, 3 / 20],
    [29443841 / 614563906, 0, 0, 77736538 / 692538347, -28693883 / 1125000000, 23124283 / 1800000000],
    [
      16016141 / 946692911,
      0,
      0,
      61564180 / 158732637,
      22789713 / 633445777,
      545815736 / 2771057229,
      -180193667 / 1043307555,
    ],
    [
      39632708 / 573591083,
      0,
      0,
      -433636366 / 683701615,
      -421739975 / 2616292301,
      100302831 / 723423059,
      790204164 / 839813087,
      800635310 / 3783071287,
    ],
    [
      246121993 / 1340847787,
      0,
      0,
      -37695042795 / 15268766246,
      -309121744 / 1061227803,
      -12992083 / 490766935,
      6005943493 / 2108947869,
      393006217 / 1396673457,
      123872331 / 1001029789,
    ],
    [
      -1028468189 / 846180014,
      0,
      0,
      8478235783 / 508512852,
      1311729495 / 1432422823,
      -10304129995 / 1701304382,
      -48777925059 / 3047939560,
      15336726248 / 1032824649,
      -45442868181 / 3398467696,
      3065993473 / 597172653,
    ],
    [
      185892177 / 718116043,
      0,
      0,
      -3185094517 / 667107341,
      -477755414 / 1098053517,
      -703635378 / 230739211,
      5731566787 / 1027545527,
      5232866602 / 850066563,
      -4093664535 / 808688257,
      3962137247 / 1805957418,
      65686358 / 487910083,
    ],
    [
      403863854 / 491063109,
      0,
      0,
      -5068492393 / 434740067,
      -411421997 / 543043805,
      652783627 / 914296604,
      11173962825 / 925320556,
      -13158990841 / 6184727034,
      3936647629 / 1978049680,
      -160528059 / 685178525,
      248638103 / 1413531060,
      0,
    ],
  ],
  [
    14005451 / 335480064,
    0,
    0,
    0,
    0,
    -59238493 / 1068277825,
    181606767 / 758867731,
    561292985 / 797845732,
    -1041891430 / 1371343529,
    760417239 / 1151165299,
    118820643 / 751138087,
    -528747749 / 2220607170,
    1 / 4,
  ],
  [
    13451932 / 455176623,
    0,
    0,
    0,
    0,
    -808719846 / 976000145,
    1757004468 / 5645159321,
    656045339 / 265891186,
    -3867574721 / 1518517206,
    465885868 / 322736535,
    53011238 / 667516719,
    2 / 45,
    0,
  ],
);
