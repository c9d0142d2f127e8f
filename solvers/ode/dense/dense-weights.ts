/**
 * Methods' own interpolants, as data: y(t + θ dt) = y + dt Σ_i w_i(θ) k_i, where row i holds w_i's coefficients of θ, θ², θ³, θ⁴.
 *
 * Both are of order 4 for all θ, with error O(dt⁵) in a step, and w_i(1) = b_i.
 *
 * Tsitouras: Runge–Kutta pairs of order 5(4) satisfying only the first column simplifying assumption, Comput. Math. Appl. 62 (2011) 770.
 * Shampine: Some practical Runge–Kutta formulas, Math. Comp. 46 (1986) 135, as in Hairer's program DOPRI5.
 */

export type DenseWeights = readonly (readonly [number, number, number, number])[];

export const tsit5Weights: DenseWeights = [
  [1, -2.763706197274826, 2.9132554618219126, -1.0530884977290216],
  [0, 0.1317, -0.2234, 0.1017],
  [0, 3.930296236894751, -5.941033872131505, 2.490627285651253],
  [0, -12.411077166933676, 30.33818863028232, -16.548102889244902],
  [0, 37.50931341651104, -88.1789048947664, 47.37952196281928],
  [0, -27.896526289197286, 65.09189467479368, -34.87065786149661],
  [0, 1.5, -4, 2.5],
];

export const dopri5Weights: DenseWeights = [
  [1, -2.8535800653862835, 3.0717434641059, -1.1270175653862835],
  [0, 0, 0, 0],
  [0, 4.023133379230305, -6.249321565289, 2.675424484351598],
  [0, -3.7324019615885047, 10.068970589843676, -5.685526961588504],
  [0, 2.5548038301849423, -6.399112377351017, 3.5219323679207912],
  [0, -1.3744241142186027, 3.272657752246729, -1.7672812570757455],
  [0, 1.3824689317781438, -3.7649378635562876, 2.382468931778144],
];
