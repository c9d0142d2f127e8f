/**
 * Light from all around by nine numbers: all that a Lambert surface sees of it, to about 1 %.
 *
 *   L_lm = ∫ L(ω) Y_lm(ω) dω,   l = 0, 1, 2                                                                        (1)
 *   E(n) = Σ A_l L_lm Y_lm(n),   A₀ = π, A₁ = 2π / 3, A₂ = π / 4                                                   (2)
 *   Y = 0.282095;  0.488603 (y, z, x);  1.092548 (x y, y z, x z), 0.315392 (3 z² − 1), 0.546274 (x² − y²)           (3)
 *
 * Coefficients in the order of (3): (0, 0); (1, −1), (1, 0), (1, 1); (2, −2), (2, −1), (2, 1), (2, 0), (2, 2).
 * (2) is exact for light of these frequencies; it may be negative where light is from a few directions.
 *
 * Ramamoorthi & Hanrahan: An efficient representation for irradiance environment maps, SIGGRAPH 2001, eq. 3 and 8 to 10.
 */

import { inWords, kernelsByKey, onDeviceBy, type Tensor, tensor } from '../../kernel/index.ts';
import { cubeDirections } from '../texture/cube.ts';
import { unitText } from './brdf.wgsl.ts';

const [y0, y1, y2, y20, y22] = [
  0.28209479177387814, 0.4886025119029199, 1.0925484305920792, 0.31539156525252005, 0.5462742152960396,
];

/** (3) at a unit vector. */
const basis = (x: number, y: number, z: number): readonly number[] => [
  y0,
  y1 * y,
  y1 * z,
  y1 * x,
  y2 * x * y,
  y2 * y * z,
  y2 * x * z,
  y20 * (3 * z * z - 1),
  y22 * (x * x - y * y),
];

const kernels = kernelsByKey();

const irradianceText = (batched: boolean): string => /* wgsl */ `
  var<storage, read> normal: array<vec3f>;
  var<storage, read> light: array<vec3f>;
  ${batched ? 'var<uniform> each: u32;' : ''} // normals of a light
  var<storage, read_write> irradiance: array<vec3f>;
  ${unitText}
  @compute @workgroup_size(64)
  fn sh9Irradiance(@builtin(global_invocation_id) id: vec3u) {
    let given = normal[id.x];
    let at = ${batched ? '9u * (id.x / each)' : '0u'};
    let n = unit(given);
    let first = ${(2 * Math.PI) / 3} * ${y1} * (n.y * light[at + 1u] + n.z * light[at + 2u] + n.x * light[at + 3u]);
    let mixed = ${y2} * (n.x * n.y * light[at + 4u] + n.y * n.z * light[at + 5u] + n.x * n.z * light[at + 6u]);
    let second = mixed + ${y20} * (3.0 * n.z * n.z - 1.0) * light[at + 7u] + ${y22} * (n.x * n.x - n.y * n.y) * light[at + 8u];
    let all = ${Math.PI * y0} * light[at + 0u] + first + ${Math.PI / 4} * second;                       // (2)
    irradiance[id.x] = select(all, vec3f(0), dot(given, given) == 0.0);
  }
`;

/**
 * What a plane receives from all around. Differentiable in normals and light.
 *
 * @param normal [.., 3], of any length; where it has none, nothing is received.
 * @param light Coefficients, [9, 3]; or a batch, [B, 9, 3], for normals [B, .., 3].
 * @returns Irradiance, [.., 3]; a Lambert surface sends back albedo / π of it.
 */
export function sh9Irradiance(normal: Tensor, light: Tensor): Tensor {
  if (normal?.type !== 'f32' || normal.shape.length < 2 || normal.shape.at(-1) !== 3)
    throw new RangeError(`sh9Irradiance: the normals are ${inWords(normal)}; give floats of shape [.., 3].`);
  const batched = light?.shape?.length === 3;
  if (light?.shape?.slice(batched ? 1 : 0).join() !== '9,3')
    throw new RangeError(`sh9Irradiance: the light is ${inWords(light)}; give [9, 3].`);
  const shape = normal.shape.slice(0, -1);
  if (batched && shape[0] !== light.shape[0])
    throw new RangeError(
      `sh9Irradiance: the light is a batch of ${light.shape[0]}, but normals have shape [${normal.shape.join(', ')}]; give [${light.shape[0]}, .., 3].`,
    );
  const run = kernels(`${batched}`, () => irradianceText(batched));
  const count = normal.size / 3;
  const given = { normal, light, ...(batched && { each: count / light.shape[0] }) };
  return run(given, { count, out: { irradiance: shape } }).irradiance as Tensor;
}

const weights = new Map<number, Float64Array>();
const matrixOf = onDeviceBy((n, device) => tensor(weightsOf(n), [9, 6 * n * n], { device }));

/** The light of a cube map, (1) summed over its texels: [6, n, n, channels] → [9, channels]; of a batch with B in front of both. Differentiable. */
export function sh9Of(cube: Tensor): Tensor {
  const shape = cube?.shape ?? [];
  const [faces, n, width, channels] = shape.slice(-4);
  const front = shape.slice(0, -4);
  if (shape.length < 4 || front.length > 1 || faces !== 6 || n !== width || n === 0)
    throw new RangeError(`sh9Of: the cube is ${inWords(cube)}; give [6, n, n, channels].`);
  return matrixOf(n, cube.device).matmul(cube.reshape([...front, 6 * n * n, channels])); // (1)
}

function weightsOf(n: number): Float64Array {
  const known = weights.get(n);
  if (known) return known;
  const { direction, solidAngle } = cubeDirections(n);
  const count = solidAngle.length;
  const matrix = new Float64Array(9 * count);
  for (let k = 0; k < count; k++)
    basis(direction[3 * k], direction[3 * k + 1], direction[3 * k + 2]).forEach((y, row) => {
      matrix[row * count + k] = y * solidAngle[k];
    });
  weights.set(n, matrix);
  return matrix;
}
