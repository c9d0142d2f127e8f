/**
 * Colours that depend on where one looks from: real spherical harmonics up to degree 3.
 *
 *   c(d) = max(½ + Σ_k Y_k(d) h_k, 0),   d: unit, from the eye to the splat                                (1)
 *
 * Order and signs of Y_k are those of files of splats, (0,0), (1,−1), (1,0), (1,1), (2,−2) …, with (−1)^m.
 * Kerbl et al., 2023, doi:10.1145/3592433. Sloan: Stupid spherical harmonics tricks, 2008, appendix A2 (the polynomials).
 */

import { inWords, kernelsByKey, type Tensor } from '../../kernel/index.ts';

/** Y_k as polynomials of d, degree by degree. */
const basis: readonly string[] = [
  '0.28209479177387814',
  '-0.4886025119029199 * d.y',
  '0.4886025119029199 * d.z',
  '-0.4886025119029199 * d.x',
  '1.0925484305920792 * d.x * d.y',
  '-1.0925484305920792 * d.y * d.z',
  '0.31539156525252005 * (2.0 * d.z * d.z - d.x * d.x - d.y * d.y)',
  '-1.0925484305920792 * d.x * d.z',
  '0.5462742152960396 * (d.x * d.x - d.y * d.y)',
  '-0.5900435899266435 * d.y * (3.0 * d.x * d.x - d.y * d.y)',
  '2.890611442640554 * d.x * d.y * d.z',
  '-0.4570457994644658 * d.y * (4.0 * d.z * d.z - d.x * d.x - d.y * d.y)',
  '0.3731763325901154 * d.z * (2.0 * d.z * d.z - 3.0 * d.x * d.x - 3.0 * d.y * d.y)',
  '-0.4570457994644658 * d.x * (4.0 * d.z * d.z - d.x * d.x - d.y * d.y)',
  '1.445305721320277 * d.z * (d.x * d.x - d.y * d.y)',
  '-0.5900435899266435 * d.x * (d.x * d.x - 3.0 * d.y * d.y)',
];

/** Numbers of harmonics of degrees 0 to 3. */
export const harmonicCounts: readonly number[] = [1, 4, 9, 16];

const kernels = kernelsByKey();

const text = (count: number, channels: number): string => /* wgsl */ `
  var<storage, read> away: array<vec3f>;
  var<storage, read> harmonics: array<f32>;
  var<storage, read_write> colour: array<f32>;
  @compute @workgroup_size(64)
  fn harmonicColour(@builtin(global_invocation_id) id: vec3u) {
    let v = away[id.x];
    let d = v * inverseSqrt(max(dot(v, v), 1e-30));
    let Y = array<f32, ${count}>(${basis.slice(0, count).join(', ')});
    for (var c = 0u; c < ${channels}u; c++) {
      var sum = 0.5;
      for (var k = 0u; k < ${count}u; k++) { sum += Y[k] * harmonics[(id.x * ${count}u + k) * ${channels}u + c]; }
      colour[id.x * ${channels}u + c] = max(sum, 0.0); // (1)
    }
  }
`;

/**
 * Colours of splats that depend on where one looks from, by real spherical harmonics up to degree 3.
 *
 * @param away From the eye to what is seen, [n, 3], of any length.
 * @param harmonics [n, K, C], K one of 1, 4, 9, 16.
 * @returns [n, C].
 */
export function harmonicColour(away: Tensor, harmonics: Tensor): Tensor {
  const [n, count, channels] = harmonics?.shape ?? [];
  if (harmonics?.shape?.length !== 3 || count < 1 || count > 16)
    throw new RangeError(
      `harmonicColour: the harmonics are ${inWords(harmonics)}; give [n, K, C] with K = 1, 4, 9 or 16.`,
    );
  if (away?.shape?.join() !== `${n},3`)
    throw new RangeError(`harmonicColour: the directions are ${inWords(away)}; give [${n}, 3].`);
  const run = kernels(`${count} ${channels}`, () => text(count, channels));
  return run({ away, harmonics }, { count: n, out: { colour: [n, channels] } }).colour as Tensor;
}
