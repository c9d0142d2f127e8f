/**
 * A studio: light that goes from the floor's to the ceiling's colour, and round lamps with soft borders.
 *
 *   L(ω) = mix(floor, ceiling, s(½ + ½ ω_y)) + Σ_k colour_k s(clamp((cos γ_k − cos outer_k) / (cos inner_k − cos outer_k), 0, 1))  (1)
 *   s(t) = 3t² − 2t³,  γ_k the angle from lamp k,  inner and outer = radius (1 ∓ softness / 2)
 *
 * y is up. Differentiable in directions; lamps may be tensors' rows: `direction` [3] and `colour` [3] are differentiable too.
 */

import { checkOptions, inWords, kernelsByKey, stack, Tensor, tensor } from '../../kernel/index.ts';

type Numbers = readonly [number, number, number] | Tensor;

export interface Lamp {
  /** To the lamp, of any length. */
  readonly direction: Numbers;
  readonly colour: Numbers;
  /** rad. Default 0.3. */
  readonly radius?: number;
  /** Width of the border, in radii: above 0, to 1. Default 0.5. */
  readonly softness?: number;
}

export interface StudioOptions {
  /** Default a dark grey. */
  readonly floor?: Numbers;
  /** Default a light grey. */
  readonly ceiling?: Numbers;
  /** Default two, to the right and to the left. */
  readonly lamps?: readonly Lamp[];
}

const text = /* wgsl */ `
  var<storage, read> direction: array<vec3f>;
  var<storage, read> room: array<vec3f>;          // floor, ceiling
  var<storage, read> places: array<vec3f>;
  var<storage, read> colours: array<vec3f>;
  var<storage, read> borders: array<vec2f>;       // cosines of the inner and outer radius
  var<uniform> lamps: u32;
  var<storage, read_write> light: array<vec3f>;

  fn smoothed(t: f32) -> f32 { return t * t * (3.0 - 2.0 * t); }

  @compute @workgroup_size(64)
  fn studioLight(@builtin(global_invocation_id) id: vec3u) {
    let d = normalize(direction[id.x]);
    var sum = mix(room[0], room[1], smoothed(0.5 + 0.5 * d.y));
    for (var k = 0u; k < lamps; k++) {
      let c = dot(d, normalize(places[k]));
      let border = borders[k];
      sum += colours[k] * smoothed(clamp((c - border.y) / (border.x - border.y), 0.0, 1.0));      // (1)
    }
    light[id.x] = sum;
  }
`;
const kernelOf = kernelsByKey();

const twoLamps: readonly Lamp[] = [
  { direction: [1, 1.2, 0.6], colour: [6, 5.6, 5], radius: 0.35 },
  { direction: [-1, 0.4, 0.8], colour: [1.2, 1.5, 2], radius: 0.5 },
];

/**
 * The light of a studio. For a map of it: `cubeOf(64, studioLight)`, or `latLongOf`.
 *
 * @param direction [.., 3], of any length.
 * @returns [.., 3].
 */
export function studioLight(direction: Tensor, options: StudioOptions = {}): Tensor {
  checkOptions('studioLight', options, ['floor', 'ceiling', 'lamps']);
  const { floor = [0.05, 0.05, 0.06], ceiling = [0.45, 0.47, 0.5], lamps = twoLamps } = options;
  if (direction?.type !== 'f32' || direction.shape.at(-1) !== 3)
    throw new RangeError(`studioLight: the directions are ${inWords(direction)}; give floats of shape [.., 3].`);
  const { device } = direction;
  const row = (given: Numbers): Tensor =>
    given instanceof Tensor ? given.reshape([3]) : tensor(given, [3], { device });
  const borders = lamps.flatMap(({ radius = 0.3, softness = 0.5 }, k) => {
    if (!(radius > 0 && radius <= 2))
      throw new RangeError(`studioLight: lamp ${k} has radius ${radius}; give an angle above 0, to 2 rad.`);
    if (!(softness > 0 && softness <= 1))
      throw new RangeError(`studioLight: lamp ${k} has softness ${softness}; give a number above 0, to 1.`);
    return [Math.cos(radius * (1 - softness / 2)), Math.cos(radius * (1 + softness / 2))];
  });
  const nothing = tensor([0, 0, 1], [1, 3], { device });
  const rows = (of: (lamp: Lamp) => Numbers): Tensor =>
    lamps.length > 0 ? stack(lamps.map(lamp => row(of(lamp)))) : nothing;
  const args = {
    direction,
    room: stack([row(floor), row(ceiling)]),
    places: rows(lamp => lamp.direction),
    colours: rows(lamp => lamp.colour),
    borders: tensor(borders.length > 0 ? borders : [1, 0], [Math.max(1, lamps.length), 2], { device }),
    lamps: lamps.length,
  };
  const run = kernelOf('studio', () => text);
  return run(args, { count: direction.size / 3, out: { light: direction.shape.slice(0, -1) } }).light as Tensor;
}
