/**
 * Elastic materials: energy per volume Ψ(F) and stress P = ∂Ψ/∂F (Piola's first) for a deformation F with Lamé's λ and μ.
 *
 *   linear              Ψ = μ ε : ε + ½ λ tr² ε,   ε = ½ (F + Fᵀ) − 1                                                   (1)
 *   stVenantKirchhoff   Ψ = μ E : E + ½ λ tr² E,   E = ½ (Fᵀ F − 1)                                                     (2)
 *   neoHookean          Ψ = ½ m (I − 3) − ½ m log((I + 1) / 4) + ½ l (J − 1)² − ¾ m (J − 1)                             (3)
 *                       I = tr Fᵀ F,  J = det F,  m = 4/3 μ,  l = λ + 5/6 μ
 *
 * (1) is for small turns. (2) forgives any turn, but gets soft under compression and lets elements turn inside out. (3) stays finite and
 * pushes back from any F, turned inside out too; m and l make it (1) where F is near 1, and Ψ(1) = 0. In the plane F has a third
 * stretch of 1: plane strain. Plane stress is (1) with another λ (lame.ts).
 * Smith, de Goes & Kim: Stable neo-Hookean flesh simulation, ACM Trans. Graph. 37 (2018), §3.4.
 */

export type ElasticMaterial = 'linear' | 'stVenantKirchhoff' | 'neoHookean';

const traces: Readonly<Record<2 | 3, string>> = {
  2: /* wgsl */ `fn trace(A: mat2x2f) -> f32 { return A[0][0] + A[1][1]; }
  fn contract(A: mat2x2f, B: mat2x2f) -> f32 { return dot(A[0], B[0]) + dot(A[1], B[1]); }`,
  3: /* wgsl */ `fn trace(A: mat3x3f) -> f32 { return A[0][0] + A[1][1] + A[2][2]; }
  fn contract(A: mat3x3f, B: mat3x3f) -> f32 { return dot(A[0], B[0]) + dot(A[1], B[1]) + dot(A[2], B[2]); }`,
};

const units: Readonly<Record<2 | 3, string>> = {
  2: 'mat2x2f(1, 0, 0, 1)',
  3: 'mat3x3f(1, 0, 0, 0, 1, 0, 0, 0, 1)',
};

/** ∂J/∂F */
const cofactors: Readonly<Record<2 | 3, string>> = {
  2: 'mat2x2f(F[1][1], -F[1][0], -F[0][1], F[0][0])',
  3: 'mat3x3f(cross(F[1], F[2]), cross(F[2], F[0]), cross(F[0], F[1]))',
};

const laws: Readonly<Record<ElasticMaterial, (d: 2 | 3, mat: string) => string>> = {
  linear: (_, mat) => /* wgsl */ `
  fn density(F: ${mat}, lambda: f32, mu: f32) -> f32 {
    let e = 0.5 * (F + transpose(F)) - one();
    return mu * contract(e, e) + 0.5 * lambda * trace(e) * trace(e);                                           // (1)
  }
  fn stress(F: ${mat}, lambda: f32, mu: f32) -> ${mat} {
    let e = 0.5 * (F + transpose(F)) - one();
    return 2.0 * mu * e + lambda * trace(e) * one();
  }`,
  stVenantKirchhoff: (_, mat) => /* wgsl */ `
  fn density(F: ${mat}, lambda: f32, mu: f32) -> f32 {
    let E = 0.5 * (transpose(F) * F - one());
    return mu * contract(E, E) + 0.5 * lambda * trace(E) * trace(E);                                           // (2)
  }
  fn stress(F: ${mat}, lambda: f32, mu: f32) -> ${mat} {
    let E = 0.5 * (transpose(F) * F - one());
    return F * (2.0 * mu * E + lambda * trace(E) * one());
  }`,
  neoHookean: (d, mat) => /* wgsl */ `
  fn density(F: ${mat}, lambda: f32, mu: f32) -> f32 {
    let m = 4.0 / 3.0 * mu;
    let l = lambda + 5.0 / 6.0 * mu;
    let I = contract(F, F) + ${3 - d}.0;
    let J = dot(F[0], cofactor(F)[0]);
    return 0.5 * m * (I - 3.0) - 0.5 * m * log(0.25 * (I + 1.0)) + 0.5 * l * (J - 1.0) * (J - 1.0) - 0.75 * m * (J - 1.0); // (3)
  }
  fn stress(F: ${mat}, lambda: f32, mu: f32) -> ${mat} {
    let m = 4.0 / 3.0 * mu;
    let l = lambda + 5.0 / 6.0 * mu;
    let I = contract(F, F) + ${3 - d}.0;
    let C = cofactor(F);
    return m * (1.0 - 1.0 / (I + 1.0)) * F + (l * (dot(F[0], C[0]) - 1.0) - 0.75 * m) * C;
  }`,
};

/** `density(F, lambda, mu)`: Ψ. `stress(F, lambda, mu)`: P. `cofactor(F)`: ∂J/∂F. `one()`. */
export function materialText(material: ElasticMaterial, d: 2 | 3): string {
  const mat = `mat${d}x${d}f`;
  return /* wgsl */ `
  ${traces[d]}
  fn one() -> ${mat} { return ${units[d]}; }
  fn cofactor(F: ${mat}) -> ${mat} { return ${cofactors[d]}; }
  ${laws[material](d, mat)}
`;
}
