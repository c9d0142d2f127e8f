/**
 * Forces of triangles in the plane and of tetrahedra in space, whose deformation is the same everywhere in them.
 *
 *   F = Σ_a (x_a − x_0) ⊗ g_a,   g_a = ∇N_a at rest,  a = 1 … d                              deformation               (1)
 *   f_a = −V P(F) g_a,   f_0 = −Σ f_a                                                        force at corner a         (2)
 *   P ← P + 2 η F Ė,   Ė = ½ (Ḟᵀ F + Fᵀ Ḟ)                                                   viscosity                 (3)
 *
 * V is an element's volume at rest, in the plane its area times a thickness of 1 m. Rest positions are an input like any other. (3) is
 * blind to rigid motions, so it takes no momentum away, linear or angular.
 * Bonet & Wood: Nonlinear Continuum Mechanics for Finite Element Analysis, 2nd ed., 2008, ch. 9.
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { type ElasticMaterial, materialText } from './material.wgsl.ts';

const kernels = kernelsByKey();

const shapeTexts: Readonly<Record<2 | 3, string>> = {
  2: /* wgsl */ `
    let size = a.x * b.y - a.y * b.x;
    gradient[2u * e] = vec2f(b.y, -b.x) / size;
    gradient[2u * e + 1u] = vec2f(-a.y, a.x) / size;
    volume[e] = 0.5 * size;`,
  3: /* wgsl */ `
    let c = x[o + 3u] - x[o];
    let size = dot(a, cross(b, c));
    gradient[3u * e] = cross(b, c) / size;
    gradient[3u * e + 1u] = cross(c, a) / size;
    gradient[3u * e + 2u] = cross(a, b) / size;
    volume[e] = size / 6.0;`,
};

/** An element at rest. */
export interface RestShape {
  /** g: [m, d, d]. */
  readonly gradient: Tensor;
  /** V: [m]. Negative where an element's corners go round the wrong way. */
  readonly volume: Tensor;
}

/** @param x Of the corners, [m, d + 1, d]. */
export function restShape(x: Tensor): RestShape {
  const [count, , d] = x.shape as [number, number, 2 | 3];
  const text = (): string => /* wgsl */ `
  var<storage, read> x: array<vec${d}f>;
  var<storage, read_write> gradient: array<vec${d}f>;
  var<storage, read_write> volume: array<f32>;
  @compute @workgroup_size(64)
  fn restShape(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let o = ${d + 1}u * e;
    let a = x[o + 1u] - x[o];
    let b = x[o + 2u] - x[o];
    ${shapeTexts[d]}
  }
`;
  const { gradient, volume } = kernels(`shape ${d}`, text)({ x }, { count, out: { gradient: [count, d] } });
  return { gradient: gradient as Tensor, volume: volume as Tensor };
}

const outer = (d: number, what: string): string => {
  const terms = Array.from({ length: d }, (_, a) => {
    const [difference, g] = [`(${what}[o + ${a + 1}u] - ${what}[o])`, `gradient[${d}u * e + ${a}u]`];
    return `mat${d}x${d}f(${Array.from({ length: d }, (_, k) => `${difference} * ${g}[${k}]`).join(', ')})`;
  });
  return terms.join(' + ');
};

const bindings = (d: number): string => /* wgsl */ `
  var<storage, read> x: array<vec${d}f>;
  var<storage, read> gradient: array<vec${d}f>;
  var<storage, read> volume: array<f32>;
  var<storage, read> lame: array<vec2f>;`;

const forceText = (material: ElasticMaterial, d: 2 | 3, viscous: boolean): string => /* wgsl */ `
  ${materialText(material, d)}
  ${bindings(d)}
  ${viscous ? `var<storage, read> v: array<vec${d}f>;\n  var<storage, read> viscosity: array<f32>;` : ''}
  var<storage, read_write> f: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn elementForces(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let o = ${d + 1}u * e;
    let F = ${outer(d, 'x')};                                                                                  // (1)
    var P = stress(F, lame[e].x, lame[e].y);
    ${
      viscous
        ? `let rate = transpose(F) * (${outer(d, 'v')});
    P += F * (viscosity[e] * (rate + transpose(rate)));                                                        // (3)`
        : ''
    }
    var sum = vec${d}f();
    for (var a = 0u; a < ${d}u; a++) {
      let push = -volume[e] * (P * gradient[${d}u * e + a]);                                                   // (2)
      f[o + 1u + a] = push;
      sum += push;
    }
    f[o] = -sum;
  }
`;

const energyText = (material: ElasticMaterial, d: 2 | 3): string => /* wgsl */ `
  ${materialText(material, d)}
  ${bindings(d)}
  var<storage, read_write> energy: array<f32>;
  @compute @workgroup_size(64)
  fn elementEnergies(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let o = ${d + 1}u * e;
    energy[e] = volume[e] * density(${outer(d, 'x')}, lame[e].x, lame[e].y);
  }
`;

/** What elements are made of. */
export interface ElementParams extends RestShape {
  /** λ and μ: [m, 2], Pa. */
  readonly lame: Tensor;
}

/**
 * Forces at the corners, [m, d + 1, d].
 *
 * @param x, v Of the corners, [m, d + 1, d].
 * @param viscosity η: [m], Pa s; undefined: none, and v is not read.
 */
export function elementForces(
  material: ElasticMaterial,
  x: Tensor,
  params: ElementParams,
  viscous?: { readonly v: Tensor; readonly viscosity: Tensor },
): Tensor {
  const [count, each, d] = x.shape as [number, number, 2 | 3];
  const force = kernels(`force ${material} ${d} ${Boolean(viscous)}`, () => forceText(material, d, Boolean(viscous)));
  return force({ x, ...params, ...viscous }, { count, out: { f: [count, each] } }).f as Tensor;
}

/** V Ψ of each element, [m], J. */
export function elementEnergies(material: ElasticMaterial, x: Tensor, params: ElementParams): Tensor {
  const [count, , d] = x.shape as [number, number, 2 | 3];
  const energy = kernels(`energy ${material} ${d}`, () => energyText(material, d));
  return energy({ x, ...params }, { count }).energy as Tensor;
}
