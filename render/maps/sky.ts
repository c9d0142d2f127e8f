/**
 * Daylight: the colour of a clear or hazy sky, by direction, from where the sun stands and how turbid the air is.
 *
 *   F(θ, γ) = (1 + A e^(B / cos θ)) (1 + C e^(D γ) + E cos² γ)        θ from the zenith, γ from the sun              (1) Perez
 *   Y = Y_z F(θ, γ) / F(0, θ_s), and x, y of the CIE in the same way                                                 (2)
 *   Y_z = (4.0453 T − 4.9710) tan χ − 0.2155 T + 2.4192,  χ = (4/9 − T/120) (π − 2 θ_s)             kcd/m²           (3)
 *   x_z, y_z = (T², T, 1) M (θ_s³, θ_s², θ_s, 1)ᵀ                                                                    (4)
 *
 * A … E are linear in the turbidity T. Then x, y, Y become light of sRGB's red, green, blue, cut at 0. Below the horizon is `ground`,
 * lit by nothing. y is up. Meant for T of 2 (clear) to 6 (hazy) and a sun above the horizon; differentiable in the sun's direction and in T.
 * Preetham, Shirley, Smits: A Practical Analytic Model for Daylight, SIGGRAPH 1999, §3 and appendix A.2.
 */

import { checkOptions, inWords, kernelsByKey, Tensor, tensor } from '../../kernel/index.ts';

export interface SkyOptions {
  /** To the sun, of any length: numbers or a tensor, [3]. Default [0.5, 0.6, −0.6]. */
  readonly sun?: readonly [number, number, number] | Tensor;
  /** T: a number or a tensor of one. Default 3. */
  readonly turbidity?: number | Tensor;
  /** What 1 kcd/m² is as a colour: zeniths of a clear sky have about 7. Default 0.05. */
  readonly brightness?: number;
  /** Colour below the horizon. Default a dark grey. */
  readonly ground?: readonly [number, number, number];
}

/** Slope and constant of A … E in T: of Y, x, y. */
const perez = [
  [[0.1787, -1.463], [-0.3554, 0.4275], [-0.0227, 5.3251], [0.1206, -2.5771], [-0.067, 0.3703]],
  [[-0.0193, -0.2592], [-0.0665, 0.0008], [-0.0004, 0.2125], [-0.0641, -0.8989], [-0.0033, 0.0452]],
  [[-0.0167, -0.2608], [-0.095, 0.0092], [-0.0079, 0.2102], [-0.0441, -1.6537], [-0.0109, 0.0529]],
]; // biome-ignore format: a table
/** M of (4): of x and y. */
const zenith = [
  [[0.00166, -0.00375, 0.00209, 0], [-0.02903, 0.06377, -0.03202, 0.00394], [0.11693, -0.21196, 0.06052, 0.25886]],
  [[0.00275, -0.0061, 0.00317, 0], [-0.04214, 0.0897, -0.04153, 0.00516], [0.15346, -0.26756, 0.0667, 0.26688]],
]; // biome-ignore format: a table

const row = (numbers: readonly number[]): string => `vec4f(${numbers.map(v => v.toFixed(5)).join(', ')})`;
const ofZenith = (M: readonly (readonly number[])[]): string =>
  `T * (T * dot(${row(M[0])}, powers) + dot(${row(M[1])}, powers)) + dot(${row(M[2])}, powers)`;
const relative = (lines: readonly (readonly number[])[]): string =>
  `relative(${lines.map(([slope, constant]) => `${slope.toFixed(4)} * T + ${constant.toFixed(4)}`).join(', ')}, cosTheta, gamma, thetaS)`;

const text = /* wgsl */ `
  var<storage, read> direction: array<vec3f>;
  var<storage, read> sun: array<f32>;
  var<storage, read> turbidity: array<f32>;
  var<storage, read> ground: array<f32>;
  var<uniform> brightness: f32;
  var<storage, read_write> colour: array<vec3f>;

  fn F(A: f32, B: f32, C: f32, D: f32, E: f32, cosTheta: f32, gamma: f32) -> f32 {
    let c = cos(gamma);
    return (1.0 + A * exp(B / cosTheta)) * (1.0 + C * exp(D * gamma) + E * c * c);                // (1)
  }
  fn relative(A: f32, B: f32, C: f32, D: f32, E: f32, cosTheta: f32, gamma: f32, thetaS: f32) -> f32 {
    return F(A, B, C, D, E, cosTheta, gamma) / F(A, B, C, D, E, 1.0, thetaS);                      // (2)
  }
  fn angle(a: vec3f, b: vec3f) -> f32 {
    let across = cross(a, b);
    let s = dot(across, across);
    return select(atan2(sqrt(select(s, 1.0, s == 0.0)), dot(a, b)), select(0.0, 3.141592653589793, dot(a, b) < 0.0), s == 0.0);
  }

  @compute @workgroup_size(64)
  fn skyLight(@builtin(global_invocation_id) id: vec3u) {
    let d = normalize(direction[id.x]);
    var result = vec3f(ground[0], ground[1], ground[2]);
    if (d.y > 0.0) {
      let T = turbidity[0];
      let s = normalize(vec3f(sun[0], sun[1], sun[2]));
      let up = vec3f(0, 1, 0);
      let thetaS = angle(s, up);
      let gamma = angle(d, s);
      let cosTheta = max(d.y, 0.01);
      let powers = vec4f(thetaS * thetaS * thetaS, thetaS * thetaS, thetaS, 1.0);
      let chi = (4.0 / 9.0 - T / 120.0) * (3.141592653589793 - 2.0 * thetaS);
      let Y = ((4.0453 * T - 4.9710) * tan(chi) - 0.2155 * T + 2.4192) * ${relative(perez[0])};     // (3)
      let x = (${ofZenith(zenith[0])}) * ${relative(perez[1])};                                    // (4)
      let y = (${ofZenith(zenith[1])}) * ${relative(perez[2])};
      let X = x / y * Y;
      let Z = (1.0 - x - y) / y * Y;
      let light = vec3f(
        3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z,
        -0.9692660 * X + 1.8760108 * Y + 0.0415560 * Z,
        0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z,
      );
      result = brightness * max(light, vec3f(0));
    }
    colour[id.x] = result;
  }
`;
const kernelOf = kernelsByKey();

/**
 * The sky's colour. For a map of it: `cubeOf(64, d => skyLight(d, { sun, turbidity }))`, or `latLongOf`.
 *
 * @param direction [.., 3], of any length.
 * @returns [.., 3].
 */
export function skyLight(direction: Tensor, options: SkyOptions = {}): Tensor {
  checkOptions('skyLight', options, ['sun', 'turbidity', 'brightness', 'ground']);
  const { sun = [0.5, 0.6, -0.6], turbidity = 3, brightness = 0.05, ground = [0.1, 0.1, 0.1] } = options;
  if (direction?.type !== 'f32' || direction.shape.at(-1) !== 3)
    throw new RangeError(`skyLight: the directions are ${inWords(direction)}; give floats of shape [.., 3].`);
  const { device } = direction;
  const asTensor = (name: string, given: Tensor | number | readonly number[], size: number): Tensor => {
    const numbers = given instanceof Tensor ? given : tensor([given].flat() as number[], [size], { device });
    if (numbers.size !== size)
      throw new RangeError(`skyLight: ${name} is ${inWords(numbers)}; give ${size === 1 ? 'a number' : '3 numbers'}.`);
    return numbers.reshape([size]);
  };
  if (!(sun instanceof Tensor) && !(sun[1] > 0))
    throw new RangeError(
      `skyLight: the sun is at [${sun.join(', ')}], not above the horizon; give a direction with y > 0.`,
    );
  if (typeof turbidity === 'number' && !(turbidity >= 1.5 && turbidity <= 10))
    throw new RangeError(`skyLight: turbidity is ${turbidity}; the model holds from 1.5, clear, to 10, hazy.`);
  const run = kernelOf('sky', () => text);
  const args = {
    direction,
    sun: asTensor('sun', sun, 3),
    turbidity: asTensor('turbidity', turbidity, 1),
    ground: asTensor('ground', ground, 3),
    brightness,
  };
  return run(args, { count: direction.size / 3, out: { colour: direction.shape.slice(0, -1) } }).colour as Tensor;
}
