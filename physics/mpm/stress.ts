/**
 * Deformation and stress of each particle in a step, by the law of what it is made of (laws.wgsl.ts).
 *
 *   F⁺ = kept((I + dt C) F),   S = 4/Δx² V τ
 */

import { concat, type Kernel, kernel, type Tensor, zeros } from '../../kernel/index.ts';
import { lawText, type Material, materials, plastic } from './laws.wgsl.ts';
import { type Space, words } from './splines.wgsl.ts';

export interface StressSpec extends Space {
  /** Those that are among the particles. */
  readonly among: readonly Material[];
  /** Direction of fibres in the particles at rest; undefined where nothing is actuated. */
  readonly fibre: readonly number[] | undefined;
}

/** What particles have. Shapes: n particles, d dimensions. */
export interface Stuff {
  /** Number of each particle's material, and of its actuator plus 1, or 0: [n, 2]. */
  readonly kinds: Tensor;
  /** Volume, λ and μ, [n, 3]. */
  readonly moduli: Tensor;
  /** α of sand, θ_c, θ_s and ξ of snow, [4]. */
  readonly plasticity?: Tensor;
  /** Pull of each actuator, Pa. */
  readonly actuation?: Tensor;
}

export interface Strained {
  /** [n, d, d]. */
  readonly F: Tensor;
  /** [n]; only where something remembers. */
  readonly memory?: Tensor;
}

/** How large τ of a particle is in F and C: the laws of materials that are there, one of which holds for a particle. */
const stressText = (spec: StressSpec): string => {
  const { vec, mat } = words(spec);
  const { among, fibre, spacing } = spec;
  const remembers = among.some(m => plastic.includes(m));
  const cases = among.map(m => `if (kind.x == ${materials.indexOf(m)}u) { k = ${m}(g); }`).join(' else ');
  return /* wgsl */ `
  ${lawText(spec, among)}
  var<storage, read> C: array<${mat}>;
  var<storage, read> F: array<${mat}>;
  var<storage, read> kinds: array<vec2u>;
  var<storage, read> moduli: array<vec3f>;      // V, λ, μ
  ${remembers ? 'var<storage, read> memory: array<f32>; var<storage, read> plasticity: vec4f;' : ''}
  ${fibre ? 'var<storage, read> actuation: array<f32>;' : ''}
  var<uniform> dt: f32;
  var<storage, read_write> FNext: array<${mat}>;
  var<storage, read_write> S: array<${mat}>;
  ${remembers ? 'var<storage, read_write> memoryNext: array<f32>;' : ''}
  @compute @workgroup_size(64)
  fn particleStress(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    let kind = kinds[p];
    let c = transpose(C[p]);
    let f = transpose(F[p]) + dt * (c * transpose(F[p]));
    let m = moduli[p];
    let g = Given(f, c, determinant(f), m.y, m.z, ${remembers ? 'memory[p], plasticity' : '0.0, vec4f()'});      // (1)
    var k = Kept(f, ${mat}(), 0.0);
    ${among.length === 1 ? `k = ${among[0]}(g);` : cases}
    ${
      fibre
        ? `if (kind.y > 0u) {
      let along = k.f * ${vec}(${fibre.join(', ')});
      k.tau += actuation[kind.y - 1u] * ${mat}(${fibre.map((_, a) => `along * along[${a}]`).join(', ')});              // (7)
    }`
        : ''
    }
    FNext[p] = transpose(k.f);
    S[p] = (${4 / spacing ** 2}f * m.x) * transpose(k.tau);
    ${remembers ? 'memoryNext[p] = k.memory;' : ''}
  }`;
};

/** One column for each particle, of numbers that are one for all or one for each. */
export const columns = (count: number, numbers: readonly Tensor[]): Tensor =>
  concat(
    numbers.map(x => zeros([count, 1], { device: x.device }).add(x.reshape([x.size, 1]))),
    1,
  );

/** Deformations after a step, and the stress that they bring. */
export type Stress = (C: Tensor, strained: Strained, stuff: Stuff, dt: number) => Strained & { readonly S: Tensor };

export function stress(spec: StressSpec): Stress {
  const run = kernel(stressText(spec)) as Kernel;
  return (C, { F, memory }, { kinds, moduli, plasticity, actuation }, dt) => {
    const given = { C, F, kinds, moduli, dt, ...(memory && { memory, plasticity }), ...(spec.fibre && { actuation }) };
    const { FNext, S, memoryNext } = run(given as Parameters<Kernel>[0], { count: F.shape[0] }) as Record<
      string,
      Tensor
    >;
    return { F: FNext as Tensor, S: S as Tensor, ...(memoryNext && { memory: memoryNext }) };
  };
}
