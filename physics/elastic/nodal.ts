/**
 * Forces on nodes that come from outside: weight, loads, drag, and contact with planes and spheres.
 *
 *   f_i = q_i + m_i (g − γ v_i) + Σ (N n − μ N u / √(|u|² + s²)),   N = k z(φ) (1 − d φ̇)₊                               (1)
 *
 * The law of contact is that of `compliant` (articulated/compliant/touch.ts): once continuously differentiable, never pulling; φ is the gap
 * between a node and the obstacle, u the slip along it. Obstacles rest; what they are is differentiable.
 */

import { inWords, kernelsByKey, type Tensor } from '../../kernel/index.ts';
import { pressText } from '../articulated/compliant/touch.ts';

/** What deformable bodies stand on or fall against; d = 2 or 3. A sphere in the plane is a disc. */
export interface Obstacles {
  /** n and c of half spaces n · x ≥ c that are free, n of length 1: [k, d + 1]. */
  readonly planes?: Tensor | undefined;
  /** Centre and radius, m: [k, d + 1]. With a negative radius, what is within is free. */
  readonly spheres?: Tensor | undefined;
  /**
   * Stiffness k of a node's contact, N/m; damping d, s/m; width w, m, over which it sets in; friction μ; slip s, m/s: [5].
   * Explicit steps need μ N Δt < s m for a node of mass m pressed by N: else friction chatters, and gradients mean nothing.
   */
  readonly contact: Tensor;
}

/** What every deformable body has; n nodes, d = 2 or 3. All of it is differentiable. */
export interface NodalParams {
  /** g: [d], m/s². */
  readonly gravity: Tensor;
  /** q: [n, d], N. */
  readonly load: Tensor;
  /** γ: one number, 1/s. */
  readonly drag: Tensor;
  /** Default: none. */
  readonly obstacles?: Obstacles | undefined;
}

const kernels = kernelsByKey();

const obstacleText = (d: number, kind: 'planes' | 'spheres'): string => {
  const at = (k: number): string => `${kind}[o + ${k}u]`;
  const first = `vec${d}f(${Array.from({ length: d }, (_, k) => at(k)).join(', ')})`;
  const place =
    kind === 'planes'
      ? `let normal = ${first};
      let gap = dot(normal, x[i]) - ${at(d)};`
      : `let arm = x[i] - ${first};
      let inward = select(1.0, -1.0, ${at(d)} < 0.0);
      let normal = inward * arm / length(arm);
      let gap = inward * length(arm) - ${at(d)};`;
  return /* wgsl */ `
    for (var o = 0u; o < arrayLength(&${kind}); o += ${d + 1}u) {
      ${place}
      let rate = dot(normal, v[i]);
      let slip = v[i] - rate * normal;
      let N = press(gap, rate, contact[0], contact[1], contact[2]);
      sum += N * normal - contact[3] * N / sqrt(dot(slip, slip) + contact[4] * contact[4]) * slip;             // (1)
    }`;
};

const nodalText = (d: number, kinds: readonly ('planes' | 'spheres')[]): string => /* wgsl */ `
  ${kinds.length ? pressText : ''}
  var<storage, read> x: array<vec${d}f>;
  var<storage, read> v: array<vec${d}f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> load: array<vec${d}f>;
  var<storage, read> gravity: vec${d}f;
  var<storage, read> drag: f32;
  ${kinds.map(kind => `var<storage, read> ${kind}: array<f32>;`).join('\n  ')}
  ${kinds.length ? 'var<storage, read> contact: array<f32>;' : ''}
  var<storage, read_write> f: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn nodalForces(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    var sum = load[i] + mass[i] * (gravity - drag * v[i]);
    ${kinds.map(kind => obstacleText(d, kind)).join('')}
    f[i] = sum;
  }
`;

/** @param mass [n], kg. @returns f, [n, d]. */
export function nodalForces(x: Tensor, v: Tensor, mass: Tensor, params: NodalParams): Tensor {
  const { gravity, load, drag, obstacles } = params;
  const [count, d] = x.shape;
  const kinds = (['planes', 'spheres'] as const).filter(kind => (obstacles?.[kind]?.size ?? 0) > 0);
  const force = kernels(`${d} ${kinds}`, () => nodalText(d, kinds));
  const given = Object.fromEntries(kinds.map(kind => [kind, obstacles?.[kind] as Tensor]));
  return force(
    { x, v, mass, load, gravity, drag, ...given, ...(kinds.length && { contact: obstacles?.contact as Tensor }) },
    { count },
  ).f as Tensor;
}

/** Numbers that a user gives. @throws RangeError unless the first are finite and above 0, and the others finite and from 0. */
export function checkNumbers(
  who: string,
  above: Readonly<Record<string, number>>,
  from: Readonly<Record<string, number>>,
): void {
  for (const [name, x] of Object.entries({ ...above, ...from }))
    if (!(x >= 0 && x < Number.POSITIVE_INFINITY) || (x === 0 && name in above))
      throw new RangeError(`${who}: ${name} is ${inWords(x)}; give a number ${name in above ? 'above' : 'from'} 0.`);
}
