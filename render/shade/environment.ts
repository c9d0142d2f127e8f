/**
 * Light from an environment map, by tables made once: nine numbers for what is dull, a mip map of mirror images for what shines.
 *
 *   dull      b / π E(n),  E by spherical harmonics                                                               (1)
 *   shining   P(r, roughness) (F₀ A + B),   r = 2 (n·v) n − v                                                        (2)
 *   P(r, ·)   = Σ_j L_j w_j / Σ_j w_j,   w_j = (r·l_j) D(r, h_j) Ω_j  over the texels j of a cube                       (3)
 *   A, B      = ∫ (1 − f, f) D V (n·l) dl,   f = (1 − v·h)⁵,  D and V of ggx, as a table in n·v and roughness           (4)
 *   ggx       = (1 − F₀ A − B)(1 − m) (1) + (2)                                                                   (5)
 *
 * (2) is the split sum: the lobe is averaged as if seen from straight above, so grazing highlights are rounder than they should be, and the
 * rest is exact for light that is the same from everywhere. Level k of n has roughness k / (levels − 1), n / 2ᵏ texels, and is
 * a direct sum over the environment at the same size, or 8² a face where that is smaller, without weights below a thousandth of the largest; it is linear in the environment, so that
 * gradients reach its texels. Tables (4) have 32² entries, from 1536 samples each: right to some 10⁻³.
 *
 * Karis: Real shading in Unreal Engine 4, SIGGRAPH 2013 course notes, for (2) to (4).
 */

import { checkRecord, concat, inWords, lazyKernel, onDevice, type Tensor, tensor } from '../../kernel/index.ts';
import { csr, Pattern } from '../../sparse/index.ts';
import { cubeDirections, cubeTexture } from '../texture/cube.ts';
import { type MipMap, mipMap } from '../texture/mip.ts';
import { texture } from '../texture/texture.ts';
import { unitText } from './brdf.wgsl.ts';
import { checkMaterial, type LitSurface, type Material } from './shade.ts';
import { sh9Irradiance, sh9Of } from './spherical-harmonics.ts';

export interface Environment {
  /** Coefficients of spherical harmonics, [9, 3]; of a batch [B, 9, 3]. */
  readonly light: Tensor;
  /** Mirror images, from sharp to blurred. */
  readonly mirror: MipMap;
}

const least = 8;

interface Filter {
  readonly pattern: Pattern;
  readonly values: Float64Array;
}
const filters = new Map<string, Filter>();

/** (3) for all texels of a level: from so many texels along an edge to so many. */
function filterOf(from: number, to: number, roughness: number): Filter {
  const key = `${from}:${to}:${roughness}`;
  const known = filters.get(key);
  if (known) return known;
  const source = cubeDirections(from);
  const { direction } = cubeDirections(to);
  const a2 = roughness ** 4;
  const rowStart = [0];
  const columns: number[] = [];
  const values: number[] = [];
  const weight = new Float64Array(6 * from * from);
  for (let k = 0; k < 6 * to * to; k++) {
    const [x, y, z] = direction.subarray(3 * k, 3 * k + 3);
    let most = 0;
    let total = 0;
    for (let j = 0; j < weight.length; j++) {
      const c = x * source.direction[3 * j] + y * source.direction[3 * j + 1] + z * source.direction[3 * j + 2];
      const d = 0.5 * (1 + c) * (a2 - 1) + 1; // (n·h)² = (1 + r·l) / 2, since n = v = r
      weight[j] = c > 0 ? (c * source.solidAngle[j]) / (d * d) : 0;
      most = Math.max(most, weight[j]);
    }
    for (let j = 0; j < weight.length; j++) if (weight[j] > 1e-3 * most) total += weight[j];
    for (let j = 0; j < weight.length; j++)
      if (weight[j] > 1e-3 * most) {
        columns.push(j);
        values.push(weight[j] / total); // (3)
      }
    rowStart.push(columns.length);
  }
  const pattern = new Pattern(6 * to * to, 6 * from * from, rowStart, columns);
  const made = { pattern, values: Float64Array.from(values) };
  filters.set(key, made);
  return made;
}

/**
 * Prepares an environment for shading. Linear in the map, and differentiable.
 *
 * @param cube [6, n, n, 3], or a batch, [B, 6, n, n, 3]; n a power of two up to 64: light is blurred anyway. Larger ones by mipMap first.
 */
export function environment(cube: Tensor): Environment {
  const shape = cube?.shape ?? [];
  const [faces, n, width, channels] = shape.slice(-4);
  const front = shape.slice(0, -4);
  if (
    shape.length < 4 ||
    front.length > 1 ||
    faces !== 6 ||
    n !== width ||
    channels !== 3 ||
    !(n >= 2 && n <= 64) ||
    (n & (n - 1)) !== 0
  )
    throw new RangeError(
      `environment: the map is ${inWords(cube)}; give a cube, [6, n, n, 3], with n = 2, 4, … 64, or a batch of them.`,
    );
  const mips = mipMap(cube);
  const { texels, sizes, batch = 1 } = mips;
  const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((sum, [w]) => sum + 6 * batch * w * w, 0));
  const levels = sizes.map(([to], k) => {
    if (k === 0) return cube.reshape([6 * batch * n * n, 3]);
    const from = Math.min(n, Math.max(to, least));
    const first = starts[Math.log2(n / from)];
    const { pattern, values } = filterOf(from, to, k / (sizes.length - 1));
    const filter = csr(pattern, tensor(values, [values.length], { device: cube.device }));
    return ofEach(batch, texels.slice(first, first + 6 * batch * from * from), x => filter.apply(x));
  });
  return { light: sh9Of(cube), mirror: { ...mips, texels: concat(levels) } };
}

/** Does a linear map of rows, [rows, columns], to each of a batch that lie one after the other: as more columns. */
function ofEach(batch: number, rows: Tensor, map: (x: Tensor) => Tensor): Tensor {
  const [count, columns] = rows.shape;
  if (batch === 1) return map(rows);
  const beside = rows.reshape([batch, count / batch, columns]).transpose([1, 0, 2]);
  const mapped = map(beside.reshape([count / batch, batch * columns]));
  return mapped.reshape([-1, batch, columns]).transpose([1, 0, 2]).reshape([-1, columns]);
}

const entries = 32;

/** (4), [entries, entries, 2]: n·v from the left, roughness from below, from 0 to 1 at the middles of the outermost entries. */
const tableOn = onDevice((device): Tensor => {
  const values = new Float64Array(2 * entries * entries);
  for (let row = 0; row < entries; row++)
    for (let column = 0; column < entries; column++) {
      const nv = Math.max(column / (entries - 1), 1e-3);
      const [a, b] = answered(nv, Math.max(1 - row / (entries - 1), 0.03));
      values.set([a, b], 2 * (row * entries + column));
    }
  return tensor(values, [entries, entries, 2], { device });
});

/** (4) by samples of h in proportion to D (n·h). */
function answered(nv: number, roughness: number): readonly [number, number] {
  const [around, along] = [16, 96];
  const a2 = roughness ** 4;
  const side = Math.sqrt(1 - nv * nv);
  let [a, b] = [0, 0];
  for (let i = 0; i < along; i++)
    for (let j = 0; j < around; j++) {
      const u = (i + 0.5) / along;
      const nh = Math.sqrt((1 - u) / (1 + (a2 - 1) * u));
      const vh = nv * nh + side * Math.sqrt(1 - nh * nh) * Math.cos(((j + 0.5) * Math.PI) / around);
      const c = 2 * vh * nh - nv;
      if (c <= 0 || vh <= 0) continue;
      const V = 0.5 / (c * Math.sqrt(nv * nv * (1 - a2) + a2) + nv * Math.sqrt(c * c * (1 - a2) + a2));
      const part = (4 * V * c * vh) / nh / (around * along);
      const f = (1 - vh) ** 5;
      a += (1 - f) * part;
      b += f * part;
    }
  return [a, b];
}

const mirrored = lazyKernel(/* wgsl */ `
  var<storage, read> normal: array<vec3f>;
  var<storage, read> view: array<vec3f>;
  var<storage, read> roughness: array<f32>;
  var<uniform> levels: f32;
  var<storage, read_write> r: array<vec3f>;
  var<storage, read_write> level: array<f32>;
  var<storage, read_write> place: array<vec2f>;
  ${unitText}
  @compute @workgroup_size(64)
  fn mirrored(@builtin(global_invocation_id) id: vec3u) {
    let n = unit(normal[id.x]);
    let v = unit(view[id.x]);
    let nv = dot(n, v);
    let rough = roughness[id.x];
    r[id.x] = 2.0 * nv * n - v;
    level[id.x] = rough * (levels - 1.0);
    place[id.x] = (vec2f(clamp(nv, 0.0, 1.0), clamp(rough, 0.0, 1.0)) * ${entries - 1}.0 + 0.5) / ${entries}.0;
  }
`);

/**
 * The light that a surface sends to the camera under an environment. Differentiable in everything, the environment's texels with it.
 *
 * @param surface Under a batch of environments, with B in front.
 * @param material 'lambert', or 'ggx'.
 * @returns Radiance, [.., 3]; black where there is no normal.
 */
export function shadeUnder(surface: LitSurface, material: Material, around: Environment): Tensor {
  checkRecord('shadeUnder', 'the surface', surface, ['normal']);
  checkRecord('shadeUnder', 'the material', material, ['kind']);
  checkRecord('shadeUnder', 'the environment', around, ['light', 'mirror']);
  const { normal } = surface;
  if (material.kind === 'lambert' || material.kind === 'ggx') checkMaterial('shadeUnder', material);
  const received = sh9Irradiance(normal, around.light).div(Math.PI);
  if (material.kind === 'lambert') return received.mul(material.albedo); // (1)
  if (material.kind !== 'ggx')
    throw new TypeError(`shadeUnder: the material's kind is ${inWords(material.kind)}; give 'lambert' or 'ggx'.`);
  if (!surface.view) throw new TypeError("shadeUnder: 'view' is undefined; a material that shines needs it.");
  const shape = normal.shape.slice(0, -1);
  const { base, metallic } = material;
  const { r, level, place } = mirrored(
    {
      normal,
      view: surface.view.broadcastTo(normal.shape),
      roughness: material.roughness.broadcastTo([...shape, 1]),
      levels: around.mirror.sizes.length,
    },
    { count: normal.size / 3, out: { r: shape, level: shape, place: shape } },
  );
  const table = texture(tableOn(normal.device), place, { wrap: 'clamp' });
  const lead = shape.map(() => 0);
  const [A, B] = [0, 1].map(k => table.slice([...lead, k], [...shape, k + 1]));
  const dull = metallic.neg().add(1);
  const f0 = base.mul(metallic).add(dull.mul(0.04));
  const answer = f0.mul(A).add(B);
  const there = normal
    .square()
    .sum(normal.shape.length - 1)
    .reshape([...shape, 1])
    .mul(1e30)
    .min(1);
  return received
    .mul(base)
    .mul(dull)
    .mul(answer.neg().add(1))
    .add(cubeTexture(around.mirror, r, { level }).mul(answer).mul(there)); // (5)
}
