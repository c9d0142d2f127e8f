/**
 * Many copies of one small mass–spring network, each advanced over many time steps by one invocation.
 *
 *   the equations (1), (2), (4), (5) of mass-spring.ts, in the plane, with gravity (0, −g)
 *
 * For fitting: one launch runs a chain under several parameter sets, so all columns of a Jacobian cost one tangent launch
 * (copy p carries the p-th unit tangent). A launch takes `steps` time steps in registers and local memory, where stepping
 * kernels would spend their time on being launched. Cost: copies × steps × springs; state of at most a few hundred nodes.
 */

import { kernel, type Tensor, tensor } from '../kernel/index.ts';
import { checkEdges, checkPinned, type Edge, freedom } from './adjacency.ts';
import type { MassSpringState } from './mass-spring.ts';

/** Material of each copy; all differentiable. Shapes: c copies. */
export interface EnsembleMaterial {
  /** Stiffness k of every spring, [c], N/m. */
  readonly stiffness: Tensor;
  /** Damping of every spring, [c], N s/m. */
  readonly damping: Tensor;
  /** Drag b on each node, [c], N s/m. */
  readonly drag: Tensor;
  /** Gravity g, downwards, [c], m/s². */
  readonly gravity: Tensor;
}

/** What the copies have in common. Shapes: n nodes, s springs. */
export interface EnsembleNetwork {
  readonly edges: readonly Edge[];
  /** Node mass, [n], kg. */
  readonly mass: readonly number[];
  /** Rest length, [s], m. */
  readonly restLength: readonly number[];
  /** Nodes that never move. Default none. */
  readonly pinned?: readonly number[];
}

/** The state of all copies: x and v are [c n, 2]. */
export type EnsembleStep = (
  state: MassSpringState,
  material: EnsembleMaterial,
  dt: number,
  steps: number,
) => MassSpringState;

const ensembleVerlet = (nodes: number, springs: number): string => /* wgsl */ `
  const nodes = ${nodes}u;
  const springs = ${springs}u;
  struct Material { stiffness: f32, damping: f32, drag: f32, gravity: f32 }
  struct Time { dt: f32, steps: u32 }

  var<storage, read> x: array<vec2f>;
  var<storage, read> v: array<vec2f>;
  var<storage, read> material: array<Material>;
  var<storage, read> mass: array<f32>;
  var<storage, read> restLength: array<f32>;
  var<storage, read> ends: array<vec2u>;
  var<storage, read> free: array<u32>;
  var<uniform> time: Time;
  var<storage, read_write> xNext: array<vec2f>;
  var<storage, read_write> vNext: array<vec2f>;

  fn accelerate(p: ptr<function, array<vec2f, nodes>>, u: ptr<function, array<vec2f, nodes>>,
                a: ptr<function, array<vec2f, nodes>>, m: Material) {
    for (var i = 0u; i < nodes; i++) { (*a)[i] = -m.drag * (*u)[i]; }
    for (var s = 0u; s < springs; s++) {
      let i = ends[s].x;
      let j = ends[s].y;
      let d = (*p)[j] - (*p)[i];
      let l = length(d);
      let n = d / l;
      let f = (m.stiffness * (l - restLength[s]) + m.damping * dot((*u)[j] - (*u)[i], n)) * n;   // (1)
      (*a)[i] += f;
      (*a)[j] -= f;
    }
    for (var i = 0u; i < nodes; i++) {
      (*a)[i] = select(vec2f(0), (*a)[i] / mass[i] - vec2f(0, m.gravity), free[i] == 1u);        // (2)
    }
  }

  @compute @workgroup_size(64)
  fn ensembleVerlet(@builtin(global_invocation_id) id: vec3u) {
    let copy = id.x;
    let m = material[copy];
    var p: array<vec2f, nodes>;
    var u: array<vec2f, nodes>;
    var w: array<vec2f, nodes>;
    var a: array<vec2f, nodes>;
    var b: array<vec2f, nodes>;
    for (var i = 0u; i < nodes; i++) {
      p[i] = x[copy * nodes + i];
      u[i] = v[copy * nodes + i];
    }
    let dt = time.dt;
    for (var t = 0u; t < time.steps; t++) {
      accelerate(&p, &u, &a, m);
      for (var i = 0u; i < nodes; i++) {
        p[i] += select(0.0, dt, free[i] == 1u) * (u[i] + 0.5 * dt * a[i]);                 // (4)
        w[i] = u[i] + dt * a[i];
      }
      accelerate(&p, &w, &b, m);
      for (var i = 0u; i < nodes; i++) { u[i] += 0.5 * dt * (a[i] + b[i]); }               // (5)
    }
    for (var i = 0u; i < nodes; i++) {
      xNext[copy * nodes + i] = p[i];
      vNext[copy * nodes + i] = u[i];
    }
  }
`;

/**
 * Builds the simulator of an ensemble.
 *
 * @returns `advance(state, material, dt, steps)`: the state `steps` time steps of dt seconds later, by velocity Verlet.
 * @throws RangeError if masses, lengths, edges or pinned nodes do not fit together.
 */
export function massSpringEnsemble({ edges, mass, restLength, pinned = [] }: EnsembleNetwork): EnsembleStep {
  const nodes = mass.length;
  checkEdges('massSpringEnsemble', nodes, edges);
  checkPinned('massSpringEnsemble', nodes, pinned);
  if (edges.length === 0) throw new RangeError('massSpringEnsemble: a network has at least 1 spring, got 0.');
  if (restLength.length !== edges.length) {
    throw new RangeError(
      `massSpringEnsemble: ${edges.length} springs have ${restLength.length} rest lengths; give one to each spring.`,
    );
  }
  const run = kernel(ensembleVerlet(nodes, edges.length));
  const network = {
    mass: tensor([...mass], [nodes]),
    restLength: tensor([...restLength], [edges.length]),
    ends: tensor(Uint32Array.from(edges.flat()), [edges.length, 2]),
    free: freedom(nodes, pinned),
  };
  return ({ x, v }, material, dt, steps) => {
    const copies = x.shape[0] / nodes;
    const out = { xNext: x.shape[0], vNext: x.shape[0] };
    const { xNext, vNext } = run({ x, v, material, ...network, time: { dt, steps } }, { count: copies, out });
    return { x: xNext as Tensor, v: vNext as Tensor };
  };
}
