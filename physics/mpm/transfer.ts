/**
 * Between particles and the grid: affine particle-in-cell (APIC) transfers, and forces of moving least squares (MLS).
 *
 *   m_i = Σ_p w_ip m_p,   (m v)_i = Σ_p w_ip (m_p v_p + (m_p C_p − dt S_p) (x_i − x_p))                            (1) to the grid
 *   v_p = Σ_i w_ip v_i,   C_p = 4/Δx² Σ_i w_ip v_i (x_i − x_p)ᵀ,   x⁺_p = x_p + dt v_p                              (2) from the grid
 *
 * S_p = 4/Δx² V_p τ_p is what stress does in a time. Mass and momentum are kept by (1), linear and angular momentum by both.
 *
 * Both are differentiated by rules of their own, since what nodes have in common along an axis need be done but once, in adjoints too. With p, μ
 * adjoints of a node's momentum and mass, q = (m v) + A r and A = Δx (m C − dt S), r = (x_i − x) / Δx; and with u's adjoint ū:
 *
 *   v̄ = m Σ w p,   Ā = Σ w p rᵀ,   x̄ = 1/Δx (Σ (q · p + m μ) ∇w − Aᵀ Σ w p),   m̄ = Σ w μ + v · Σ w p + Δx C : Ā         (3) of (1)
 *   ū_i = w q,   q = v̄ + dt x̄⁺ + K r,   K = 4/Δx C̄,   x̄ = x̄⁺ + 1/Δx (Σ (q · u) ∇w − Kᵀ v⁺)                            (4) of (2)
 *
 * The sums of (1), and of the adjoint of (2), are shared by particles in an order that is fixed, so that results are the same bits each time
 * (kernel/scatter/). Sorting particles by cell and summing by node was measured beside it, on a CPU: 1.9 ms for the sort, 1.8 for the cells' starts
 * and 1.6 for the sums, where shared sums take 2.0 in all (3600 particles, 128² nodes); 5.4, 10.5 and 38 against 17 (30 000 particles, 64³ nodes).
 *
 * Jiang, Schroeder, Selle, Teran & Stomakhin, ACM Trans. Graph. 34 (2015) 51, doi:10.1145/2766996; Hu et al., ACM Trans. Graph. 37 (2018) 150,
 * eq. 16–18, doi:10.1145/3197517.3201293.
 */

import { custom, jvp } from '../../adjoint/index.ts';
import { type Kernel, kernel, type Tensor } from '../../kernel/index.ts';
import { nodeCount, overNodes, type Space, splineText, words } from './splines.wgsl.ts';

/** Σ t ∇w, of the sums of t with one slope each. */
const slopeOf = ({ d, vec }: ReturnType<typeof words>, t: string): string =>
  `${vec}(${slopes(d)
    .map(kinds => `${t}_${kinds}`)
    .join(', ')})`;
const slopes = (d: number): string[] => one(d, 'd');
/** Words of d letters w but for one. */
const one = (d: number, letter: string): string[] =>
  Array.from({ length: d }, (_, axis) => Array.from({ length: d }, (_, k) => (k === axis ? letter : 'w')).join(''));

/** Σ w u rᵀ, of the sums of u. */
const momentOf = ({ d, mat }: ReturnType<typeof words>, u: string): string =>
  `${mat}(${one(d, 'o')
    .map((kinds, k) => `${u}_${kinds} - s.r[${k}] * ${u}_${'w'.repeat(d)}`)
    .join(', ')})`;

/** Matrices are [n, d, d] by rows, as WGSL has them by columns. */
const motionText = ({ vec, mat }: ReturnType<typeof words>): string => /* wgsl */ `
  var<storage, read> x: array<${vec}>;
  var<storage, read> v: array<${vec}>;
  var<storage, read> C: array<${mat}>;
  var<storage, read> S: array<${mat}>;
  var<storage, read> mass: array<f32>;
  var<uniform> dt: f32;`;

/** q at the first node, and how it grows. */
const affineText = /* wgsl */ `
    let s = spline(x[p]);
    let m = mass[p];
    let A = spacing * transpose(m * C[p] - dt * S[p]);
    let q = m * v[p] - A * s.r;`;

const spreadText = (space: Space): string => {
  const own = words(space);
  const { d, axes } = own;
  return /* wgsl */ `
  ${splineText(space)}
  ${motionText(own)}
  var<storage, read_write> momentum: array<f32>;   // and mass, node by node
  @compute @workgroup_size(64)
  fn particlesToGrid(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    ${affineText}
    ${overNodes(space, {
      linear: { q: 'A' },
      node: /* wgsl */ `let i = node * ${d + 1}u;
      ${axes.map((a, k) => `momentum[i + ${k}u] += w * q_here.${a};`).join(' ')}             // (1)
      momentum[i + ${d}u] += w * m;`,
    })}
  }`;
};

const spreadAdjointText = (space: Space): string => {
  const own = words(space);
  const { d, axes, vec, mat } = own;
  const all = 'w'.repeat(d);
  return /* wgsl */ `
  ${splineText(space)}
  ${motionText(own)}
  var<storage, read> bar: array<vec${d + 1}f>;
  var<storage, read_write> xBar: array<${vec}>;
  var<storage, read_write> vBar: array<${vec}>;
  var<storage, read_write> CBar: array<${mat}>;
  var<storage, read_write> SBar: array<${mat}>;
  var<storage, read_write> massBar: array<f32>;
  @compute @workgroup_size(64)
  fn particlesToGridAdjoint(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    ${affineText}
    let slopes = slope(s.r);
    ${overNodes(space, {
      linear: { q: 'A' },
      node: /* wgsl */ `let b = bar[node].${'xyz'.slice(0, d)};
      let mu = bar[node].${'xyzw'[d]};
      let t = dot(q_here, b) + m * mu;`,
      sums: {
        b: { type: vec, of: [all, ...one(d, 'o')] },
        t: { type: 'f32', of: slopes(d) },
        mu: { type: 'f32', of: [all] },
      },
    })}
    let ABar = ${momentOf(own, 'b')};
    xBar[p] = (${slopeOf(own, 't')} - transpose(A) * b_${all}) / spacing;                                     // (3)
    vBar[p] = m * b_${all};
    CBar[p] = (spacing * m) * transpose(ABar);
    SBar[p] = (-spacing * dt) * transpose(ABar);
    let c = transpose(C[p]);
    massBar[p] = mu_${all} + dot(v[p], b_${all}) + spacing * (${axes.map((_, k) => `dot(c[${k}], ABar[${k}])`).join(' + ')});
  }`;
};

const collectText = (space: Space): string => {
  const own = words(space);
  const { d, vec, mat } = own;
  const all = 'w'.repeat(d);
  return /* wgsl */ `
  ${splineText(space)}
  var<storage, read> x: array<${vec}>;
  var<storage, read> u: array<${vec}>;
  var<uniform> dt: f32;
  var<storage, read_write> xNext: array<${vec}>;
  var<storage, read_write> vNext: array<${vec}>;
  var<storage, read_write> CNext: array<${mat}>;
  @compute @workgroup_size(64)
  fn gridToParticles(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    let s = spline(x[p]);
    ${overNodes(space, {
      node: 'let g = u[node];',
      sums: { g: { type: vec, of: [all, ...one(d, 'o')] } },
    })}
    vNext[p] = g_${all};
    CNext[p] = (4.0 / spacing) * transpose(${momentOf(own, 'g')});                                            // (2)
    xNext[p] = x[p] + dt * g_${all};
  }`;
};

const collectAdjointText = (space: Space): string => {
  const own = words(space);
  const { d, axes, vec, mat } = own;
  const all = 'w'.repeat(d);
  return /* wgsl */ `
  ${splineText(space)}
  var<storage, read> x: array<${vec}>;
  var<storage, read> u: array<${vec}>;
  var<storage, read> xNextBar: array<${vec}>;
  var<storage, read> vNextBar: array<${vec}>;
  var<storage, read> CNextBar: array<${mat}>;
  var<uniform> dt: f32;
  var<storage, read_write> xBar: array<${vec}>;
  var<storage, read_write> uBar: array<f32>;
  @compute @workgroup_size(64)
  fn gridToParticlesAdjoint(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    let s = spline(x[p]);
    let slopes = slope(s.r);
    let K = (4.0 / spacing) * transpose(CNextBar[p]);
    let q = vNextBar[p] + dt * xNextBar[p] - K * s.r;
    ${overNodes(space, {
      linear: { q: 'K' },
      node: /* wgsl */ `let g = u[node];
      let t = dot(q_here, g);
      ${axes.map((a, k) => `uBar[node * ${d}u + ${k}u] += w * q_here.${a};`).join(' ')}                   // (4)`,
      sums: { t: { type: 'f32', of: slopes(d) }, g: { type: vec, of: [all] } },
    })}
    xBar[p] = xNextBar[p] + (${slopeOf(own, 't')} - transpose(K) * g_${all}) / spacing;
  }`;
};

/** Of particles, as they move. Shapes: n particles in d dimensions. */
export interface Motion {
  /** [n, d], m. */
  readonly x: Tensor;
  /** [n, d], m/s. */
  readonly v: Tensor;
  /** [n, d, d], 1/s: how velocity changes around a particle, C_ij = ∂v_i/∂x_j. */
  readonly C: Tensor;
}

export interface Transfer {
  /** (1): momentum and mass of each node, [nodes, d + 1]. */
  spread(motion: Motion, S: Tensor, mass: Tensor, dt: number): Tensor;
  /** (2), from the nodes' velocities, [nodes, d]. */
  collect(x: Tensor, u: Tensor, dt: number): Motion;
}

export function transfer(space: Space): Transfer {
  const [toGrid, toGridAdjoint] = [kernel(spreadText(space)), kernel(spreadAdjointText(space))] as Kernel[];
  const [fromGrid, fromGridAdjoint] = [kernel(collectText(space)), kernel(collectAdjointText(space))] as Kernel[];
  const count = nodeCount(space);
  const d = space.nodes.length;
  type Spread = Motion & { readonly S: Tensor; readonly mass: Tensor };
  type Collected = { readonly x: Tensor; readonly u: Tensor };
  return {
    spread(motion, S, mass, dt) {
      const run = ({ x, v, C, S, mass }: Spread): Tensor =>
        toGrid({ x, v, C, S, mass, dt }, { count: x.shape[0], out: { momentum: [count, d + 1] } }).momentum as Tensor;
      const { x, v, C } = motion;
      return custom(run, {
        name: 'particlesToGrid',
        vjp(given, bar) {
          const made = toGridAdjoint({ ...given, bar, dt }, { count: given.x.shape[0] }) as Record<string, Tensor>;
          const { xBar, vBar, CBar, SBar, massBar } = made;
          return { x: xBar, v: vBar, C: CBar, S: SBar, mass: massBar } as Spread;
        },
        jvp: (given, dot) => jvp(run)(given, dot).tangent,
      })({ x, v, C, S, mass });
    },
    collect(x, u, dt) {
      const run = (given: Collected): Motion => {
        const { xNext, vNext, CNext } = fromGrid({ ...given, dt }, { count: given.x.shape[0] }) as Record<
          string,
          Tensor
        >;
        return { x: xNext as Tensor, v: vNext as Tensor, C: CNext as Tensor };
      };
      return custom(run, {
        name: 'gridToParticles',
        vjp({ x, u }, bar) {
          const given = { x, u, xNextBar: bar.x, vNextBar: bar.v, CNextBar: bar.C, dt };
          const out = { uBar: u.shape };
          const { xBar, uBar } = fromGridAdjoint(given, { count: x.shape[0], out }) as Record<string, Tensor>;
          return { x: xBar, u: uBar } as Collected;
        },
        jvp: (given, dot) => jvp(run)(given, dot).tangent,
      })({ x, u });
    },
  };
}
