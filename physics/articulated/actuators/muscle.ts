/**
 * Muscles: forces that depend on how long, how fast and how active they are (after Hill).
 *
 *   L = r₀ + (l − l₀) / L₀,   V = l̇ / (L₀ v_max),   L₀ = (l₁ − l₀) / (r₁ − r₀)             length and speed over the optimal length  (1)
 *   f = −F (FL(L) FV(V) w + FP(L))                                                          shortening                                 (2)
 *   ẇ = (u − w) / τ,   τ = τ_d + (τ_a − τ_d) S((u − w) / σ + ½),   τ_a = T_a (½ + 3/2 w),   τ_d = T_d / (½ + 3/2 w)                    (3)
 *
 * FL is a bump of parabolas from l_min over 1 to l_max, FV one from 0 at V = −1 over 1 at rest to f_vmax, FP grows from 0 at L = 1 through f_pmax
 * at l_max. S is a smooth step, or a sharp one where the width σ is 0; u and w count within 0 … 1 in (3). Forces are C¹ in L and V, and (3)
 * has a kink at u = w if σ is 0.
 *
 * MuJoCo documentation, "Modeling: muscle actuators".
 */

export interface MuscleSpec {
  /** Lengths of its joint or tendon, times the gear, that are r₀ and r₁ in (1). */
  readonly lengthRange: readonly [number, number];
  /** F at rest and full activation, N. */
  readonly force: number;
  /** r₀ and r₁. Default 0.75, 1.05. */
  readonly range?: readonly [number, number];
  /** T_a and T_d, s. Default 0.01, 0.04. */
  readonly timeConstants?: readonly [number, number];
  /** σ. Default 0. */
  readonly smoothing?: number;
  /** Default 0.5, 1.6, 1.5, 1.3 and 1.2. */
  readonly shortest?: number;
  readonly longest?: number;
  readonly fastest?: number;
  readonly passive?: number;
  readonly lengthening?: number;
}

/** Numbers of a muscle: l₀, l₁, r₀, r₁, F, l_min, l_max, v_max, f_pmax, f_vmax, T_a, T_d, σ. */
export const muscleWidth = 13;

/** @throws RangeError naming the muscle, and what is wrong with it. */
export function muscleNumbers(who: string, spec: MuscleSpec): readonly number[] {
  const { lengthRange, force, range = [0.75, 1.05], timeConstants = [0.01, 0.04], smoothing = 0 } = spec;
  const { shortest = 0.5, longest = 1.6, fastest = 1.5, passive = 1.3, lengthening = 1.2 } = spec;
  const ordered = { lengthRange, range };
  for (const [name, [from, to]] of Object.entries(ordered))
    if (!(from < to)) throw new RangeError(`${who}: ${name} is [${from}, ${to}]; the smaller comes first.`);
  const positive = { force, fastest, 'timeConstants[0]': timeConstants[0], 'timeConstants[1]': timeConstants[1] };
  for (const [name, given] of Object.entries(positive))
    if (!(given > 0)) throw new RangeError(`${who}: ${name} is ${given}; it must be a number above 0.`);
  if (!(shortest < 1 && longest > 1))
    throw new RangeError(`${who}: shortest is ${shortest} and longest ${longest}; they are below and above 1.`);
  const curve = [shortest, longest, fastest, passive, lengthening];
  return [...lengthRange, ...range, force, ...curve, ...timeConstants, smoothing];
}

/** Functions of the 13 numbers from `m` on, in `muscle`. */
export const muscleText = /* wgsl */ `
  fn muscleLength(L: f32, least: f32, most: f32) -> f32 {
    let a = 0.5 * (least + 1.0);
    let b = 0.5 * (1.0 + most);
    if (L <= least || L >= most) { return 0.0; }
    if (L <= a) { let x = (L - least) / (a - least); return 0.5 * x * x; }
    if (L <= 1.0) { let x = (1.0 - L) / (1.0 - a); return 1.0 - 0.5 * x * x; }
    if (L <= b) { let x = (L - 1.0) / (b - 1.0); return 1.0 - 0.5 * x * x; }
    let x = (most - L) / (most - b);
    return 0.5 * x * x;
  }
  fn muscleSpeed(V: f32, most: f32) -> f32 {
    let y = most - 1.0;
    if (V <= -1.0) { return 0.0; }
    if (V <= 0.0) { return (V + 1.0) * (V + 1.0); }
    if (V <= y) { return most - (y - V) * (y - V) / y; }
    return most;
  }
  fn musclePassive(L: f32, most: f32) -> f32 {
    let b = 0.5 * (1.0 + most);
    let x = (L - 1.0) / (b - 1.0);
    if (L <= 1.0) { return 0.0; }
    if (L <= b) { return 0.5 * x * x; }
    return 0.5 + (L - b) / (b - 1.0);
  }
  fn muscleRate(given: f32, w: f32, rise: f32, fall: f32, width: f32) -> f32 {
    let u = clamp(given, 0.0, 1.0);
    let active = 0.5 + 1.5 * clamp(w, 0.0, 1.0);
    let d = u - w;
    var share = select(0.0, 1.0, d > 0.0);
    if (width > 0.0) {
      let x = clamp(d / width + 0.5, 0.0, 1.0);
      share = x * x * x * (3.0 * x * (2.0 * x - 5.0) + 10.0);
    }
    let slow = fall / active;
    return d / (slow + (rise * active - slow) * share);                                                          // (3)
  }
`;

/** Statements: gain and bias of a muscle of length l and rate `rise`, of the numbers in `muscle` from m on. */
export const muscleForce = /* wgsl */ `
        let optimal = (muscle[m + 1u] - muscle[m]) / (muscle[m + 3u] - muscle[m + 2u]);
        let L = muscle[m + 2u] + (l - muscle[m]) / optimal;
        let V = rise / (optimal * muscle[m + 7u]);                                                               // (1)
        let F = -muscle[m + 4u];
        gain = F * muscleLength(L, muscle[m + 5u], muscle[m + 6u]) * muscleSpeed(V, muscle[m + 9u]);
        bias = F * muscle[m + 8u] * musclePassive(L, muscle[m + 6u]);                                            // (2)
`;
