/**
 * Forces of cloth in its own plane, and of the air on it, triangle by triangle.
 *
 *   g_ab = d_a · d_b,   d_a = x_a − x_0,   G the same at rest           metric                                        (1)
 *   E = ½ (g − G),   W = A (μ E : E + ½ λ tr² E),  indices raised by G⁻¹   stretch and shear (St. Venant–Kirchhoff)   (2)
 *   S = (λ tr E − μ) G⁻¹ + μ G⁻¹ g G⁻¹ + η G⁻¹ ġ G⁻¹,   f_a = −A S^ab d_b                                             (3)
 *   f = ½ ρ a |u| (c_n (u · n) n + c_t (u − (u · n) n)),   u = wind − v, a third for each corner   air                (4)
 *
 * (2) needs no axes in the cloth: all of it follows from edges. λ and μ are N/m, those of the material times its thickness. In (4) a is the
 * area as it is now, and both sides feel the wind alike: across it drag c_n, along it c_t, and lift where it stands aslant. |u| is rounded off
 * below 10⁻⁴ m/s. A triangle without area has no n: its derivatives are not finite.
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';

const kernels = kernelsByKey();

const metricText = /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read_write> inverse: array<vec3f>;  // G⁻¹: 11, 12, 22
  var<storage, read_write> area: array<f32>;
  @compute @workgroup_size(64)
  fn restMetric(@builtin(global_invocation_id) id: vec3u) {
    let o = 3u * id.x;
    let a = x[o + 1u] - x[o];
    let b = x[o + 2u] - x[o];
    let G = vec3f(dot(a, a), dot(a, b), dot(b, b));                                                            // (1)
    let size = G.x * G.z - G.y * G.y;
    inverse[id.x] = vec3f(G.z, -G.y, G.x) / size;
    area[id.x] = 0.5 * sqrt(size);
  }
`;

/** Triangles at rest. */
export interface RestMetric {
  /** G⁻¹: its 11, 12 and 22, [m, 3]. */
  readonly inverse: Tensor;
  /** A: [m], m². */
  readonly area: Tensor;
}

/** @param x Of the corners, [m, 3, 3]. */
export function restMetric(x: Tensor): RestMetric {
  const { inverse, area } = kernels('metric', () => metricText)({ x }, { count: x.shape[0] });
  return { inverse: inverse as Tensor, area: area as Tensor };
}

/** A symmetric 2 × 2 matrix is a vec3f of its 11, 12 and 22. */
const algebra = /* wgsl */ `
  fn metric(a: vec3f, b: vec3f) -> vec3f { return vec3f(dot(a, a), dot(a, b), dot(b, b)); }
  fn contract(p: vec3f, q: vec3f) -> f32 { return p.x * q.x + 2.0 * p.y * q.y + p.z * q.z; }
  fn raise(G: vec3f, g: vec3f) -> vec3f {   // G g G
    let p = vec2f(G.x * g.x + G.y * g.y, G.x * g.y + G.y * g.z);
    let q = vec2f(G.y * g.x + G.z * g.y, G.y * g.y + G.z * g.z);
    return vec3f(p.x * G.x + p.y * G.y, p.x * G.y + p.y * G.z, q.x * G.y + q.y * G.z);
  }
  fn trace(G: vec3f, g: vec3f) -> f32 { return 0.5 * contract(G, g) - 1.0; }
`;

const bindings = /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> inverse: array<vec3f>;
  var<storage, read> area: array<f32>;
  var<storage, read> stretch: array<vec2f>;  // λ, μ`;

const forceText = (viscous: boolean, air: boolean): string => /* wgsl */ `
  ${algebra}
  ${bindings}
  ${viscous || air ? 'var<storage, read> v: array<vec3f>;' : ''}
  ${viscous ? 'var<storage, read> viscosity: array<f32>;' : ''}
  ${air ? 'var<storage, read> wind: vec3f;\n  var<storage, read> air: vec3f;  // ρ, c_n, c_t' : ''}
  var<storage, read_write> f: array<vec3f>;
  @compute @workgroup_size(64)
  fn membraneForces(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let o = 3u * e;
    let a = x[o + 1u] - x[o];
    let b = x[o + 2u] - x[o];
    let G = inverse[e];
    let g = metric(a, b);
    var S = (stretch[e].x * trace(G, g) - stretch[e].y) * G + stretch[e].y * raise(G, g);                      // (3)
    ${
      viscous
        ? `let p = v[o + 1u] - v[o];
    let q = v[o + 2u] - v[o];
    S += viscosity[e] * raise(G, vec3f(2.0 * dot(a, p), dot(a, q) + dot(b, p), 2.0 * dot(b, q)));`
        : ''
    }
    let first = -area[e] * (S.x * a + S.y * b);
    let second = -area[e] * (S.y * a + S.z * b);
    var push = vec3f();
    ${
      air
        ? `let normal = cross(a, b);
    let size = length(normal);
    let n = normal / size;
    let u = wind - (v[o] + v[o + 1u] + v[o + 2u]) / 3.0;
    let across = dot(u, n) * n;
    push = air.x * size / 12.0 * sqrt(dot(u, u) + 1e-8) * (air.y * across + air.z * (u - across));             // (4)`
        : ''
    }
    f[o] = push - first - second;
    f[o + 1u] = push + first;
    f[o + 2u] = push + second;
  }
`;

const energyText = /* wgsl */ `
  ${algebra}
  ${bindings}
  var<storage, read_write> energy: array<f32>;
  @compute @workgroup_size(64)
  fn membraneEnergies(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let o = 3u * e;
    let G = inverse[e];
    let g = metric(x[o + 1u] - x[o], x[o + 2u] - x[o]);
    let t = trace(G, g);
    let squares = 0.25 * (contract(g, raise(G, g)) - 2.0 * contract(G, g) + 2.0);                              // E : E
    energy[e] = area[e] * (stretch[e].y * squares + 0.5 * stretch[e].x * t * t);                               // (2)
  }
`;

export interface MembraneParams extends RestMetric {
  /** λ and μ: [m, 2], N/m. */
  readonly stretch: Tensor;
}

/** What asks for velocities, [m, 3, 3]. */
export interface MembraneMotion {
  readonly v: Tensor;
  /** η: [m], N s/m. */
  readonly viscosity?: Tensor;
  /** [3], m/s. */
  readonly wind?: Tensor;
  /** ρ, c_n and c_t: [3]; with `wind`. */
  readonly air?: Tensor;
}

/** Forces at the corners, [m, 3, 3]. */
export function membraneForces(x: Tensor, params: MembraneParams, moving?: MembraneMotion): Tensor {
  const [viscous, air] = [Boolean(moving?.viscosity), Boolean(moving?.wind)];
  const force = kernels(`force ${viscous} ${air}`, () => forceText(viscous, air));
  const [count] = x.shape;
  return force({ x, ...params, ...moving }, { count, out: { f: [count, 3] } }).f as Tensor;
}

/** W of each triangle, [m], J. */
export const membraneEnergies = (x: Tensor, params: MembraneParams): Tensor =>
  kernels('energy', () => energyText)({ x, ...params }, { count: x.shape[0] }).energy as Tensor;
