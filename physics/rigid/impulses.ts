/**
 * The impulses of contacts and joints as a differentiable function of all that they depend on.
 *
 *   F(P, θ) = P − Jᵀ λ(J u + o) = 0,    u = u₀ + M⁻¹ P                                   P: what each body is given  (1)
 *   H μ = M P̄,   θ̄ = −(∂F/∂θ)ᵀ μ               H = M + Jᵀ S J                                                        (2)
 *   Ṗ = −M H⁻¹ (∂F/∂θ) θ̇                                                                                             (3)
 *
 * (1) is stationarity of the solver's Φ, written in impulses: they come in opposite pairs, so that momenta are kept to rounding however
 * well it was solved. H is symmetric, so gradients and tangents are solves by the same conjugate gradients. All derivatives of (1)
 * are those of one form, the work of the rows along a virtual twist,
 *
 *   W(θ, u, μ) = Σ (J μ) · λ(J u + o),          Jᵀ λ = ∂W/∂μ,     Jᵀ S J μ = −∂W/∂u                                  (4)
 *
 * which is a kernel. Solves with H are differentiable by (4) in turn, so derivatives exist to any order.
 */

import { custom, jvp, vjp } from '../../adjoint/index.ts';
import {
  type Device,
  isBeingRecorded,
  type Kernel,
  kernelsByKey,
  lazyKernel,
  type Tensor,
  zeros,
} from '../../kernel/index.ts';
import type { ContactGraph } from './contact-graph.ts';
import { law } from './law.wgsl.ts';
import { type Heavy, type Momenta, momentaOf, type Twists, twistsOf } from './motion.ts';
import { firmness, frictionOf, lightness, seen } from './pair.wgsl.ts';
import { linearMiss, linearSteps, solveLinearText, solveText } from './solver.wgsl.ts';
import { rowsPerJoint, rowWidth, type SolverSizes, teamsOn, workspace } from './solver-work.wgsl.ts';

/** What impulses depend on and are differentiated by. */
export interface Pressed {
  /** Momenta after the step without impulses. */
  readonly p: Tensor;
  readonly L: Tensor;
  readonly x: Tensor;
  readonly q: Tensor;
  readonly mass: Tensor;
  readonly inertia: Tensor;
  readonly friction: Tensor;
  readonly normal: Tensor;
  readonly point: Tensor;
  /** What contacts see besides velocities, [contacts, 3], m/s. */
  readonly bias: Tensor;
  readonly rows: Tensor;
  readonly middle: Tensor;
}

/** What they depend on as constants. */
export interface Frozen {
  readonly freedom: Tensor;
  readonly pairs: Tensor;
  readonly pairOf: Tensor;
  readonly gap: Tensor;
  readonly jointBodies: Tensor;
  readonly graph: ContactGraph;
  /** Softness, the square of the smoothing's speed, tolerance, most steps, the heaviest mass. */
  readonly settings: Tensor;
  /** Of `bounces`, where there is restitution. */
  readonly bounce?: Tensor;
  /** Where the search begins. */
  readonly v: Tensor;
  readonly w: Tensor;
}

interface Given {
  readonly pressed: Pressed;
  readonly frozen: Frozen;
}

const heavy = ({ pressed: { q, mass, inertia }, frozen: { freedom } }: Given): Heavy => ({ q, mass, inertia, freedom });

const contactWork = kernelsByKey();
const contactWorkText = ({ smooth, bouncing }: SolverSizes): string => /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> normal: array<vec3f>;
  var<storage, read> point: array<vec3f>;
  var<storage, read> gap: array<f32>;
  var<storage, read> bias: array<vec3f>;
  var<storage, read> uV: array<vec3f>;
  var<storage, read> uW: array<vec3f>;
  var<storage, read> virtualV: array<vec3f>;
  var<storage, read> virtualW: array<vec3f>;
  var<storage, read> freedom: array<u32>;
  var<storage, read> pairs: array<u32>;
  var<storage, read> pairOf: array<u32>;
  var<storage, read> settings: array<f32>;
  ${bouncing ? 'var<storage, read> bounce: array<vec2f>;' : ''}
  var<storage, read_write> work: array<f32>;
  ${law(smooth)}
  ${lightness}
  ${firmness(bouncing)}
  ${frictionOf}
  @compute @workgroup_size(64)
  fn contactWork(@builtin(global_invocation_id) id: vec3u) {
    let slot = id.x;
    if (gap[slot] > 1e9) { return; }
    let a = pairs[2u * pairOf[slot]];
    let b = pairs[2u * pairOf[slot] + 1u];
    let c = point[slot];
    let n = normal[slot];
    let mu = frictionOf(a, b);
    let softness = softnessOf(a, b);
    let R = softness * (lightness(a) + lightness(b)) / firmness(slot, softness);
    work[slot] = dot(${seen('virtualV', 'virtualW', 'c')}, answered(${seen('uV', 'uW', 'c')} + bias[slot], n, mu, smoothing(slot, softness)).impulse) / R;  // (4)
  }
`;

const jointWork = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> rows: array<f32>;
  var<storage, read> middle: array<vec3f>;
  var<storage, read> uV: array<vec3f>;
  var<storage, read> uW: array<vec3f>;
  var<storage, read> virtualV: array<vec3f>;
  var<storage, read> virtualW: array<vec3f>;
  var<storage, read> bodies: array<u32>;
  var<storage, read_write> work: array<f32>;
  ${law(false)}
  @compute @workgroup_size(64)
  fn jointWork(@builtin(global_invocation_id) id: vec3u) {
    let j = id.x;
    let a = bodies[2u * j];
    let b = bodies[2u * j + 1u];
    let c = middle[j];
    let virtualSlip = ${seen('virtualV', 'virtualW', 'c')};
    let slip = ${seen('uV', 'uW', 'c')};
    var sum = 0.0;
    for (var r = 0u; r < ${rowsPerJoint}u; r++) {
      let at = ${rowWidth}u * (${rowsPerJoint}u * j + r);
      if (rows[at + 7u] > 0.0) {
        let along = vec3f(rows[at], rows[at + 1u], rows[at + 2u]);
        let about = vec3f(rows[at + 3u], rows[at + 4u], rows[at + 5u]);
        let one = dot(along, slip) + dot(about, uW[b] - uW[a]) + rows[at + 6u];
        let answered = rowAnswer(one, rows[at + 7u], rows[at + 8u], rows[at + 9u]);
        sum += answered * (dot(along, virtualSlip) + dot(about, virtualW[b] - virtualW[a]));      // (4)
      }
    }
    work[j] = sum;
  }
`);

/** W of (4). */
function virtualWork(sizes: SolverSizes, { pressed, frozen }: Given, u: Twists, virtual: Twists): Tensor {
  const { x, mass, friction, normal, point, bias, rows, middle } = pressed;
  const { freedom, pairs, pairOf, gap, jointBodies, settings, bounce } = frozen;
  const twists = { uV: u.v, uW: u.w, virtualV: virtual.v, virtualW: virtual.w };
  const parts: Tensor[] = [];
  if (sizes.pairs > 0) {
    const given = {
      x,
      mass,
      friction,
      normal,
      point,
      bias,
      ...twists,
      freedom,
      pairs,
      pairOf,
      gap,
      settings,
      ...(bounce && { bounce }),
    };
    const run: Kernel = contactWork(`${sizes.smooth} ${sizes.bouncing}`, () => contactWorkText(sizes));
    parts.push((run(given, { count: gap.size }).work as Tensor).sum());
  }
  if (sizes.joints > 0)
    parts.push(jointWork({ x, rows, middle, ...twists, bodies: jointBodies }, { count: sizes.joints }).work.sum());
  return parts.reduce((a, b) => a.add(b));
}

const solvers = kernelsByKey();
const linearSolvers = kernelsByKey();

/** What both solvers read. */
function bindings({ pressed, frozen }: Given) {
  const { x, q, mass, inertia, friction, normal, point, bias, rows, middle } = pressed;
  const { freedom, settings, bounce, graph } = frozen;
  return {
    x,
    q,
    mass,
    inertia,
    friction,
    freedom,
    normal,
    point,
    bias,
    joints: rows,
    jointMiddle: middle,
    settings,
    ...(bounce && { bounce }),
    ...graph,
  };
}

/** The kernel for a device, and how it is launched. */
function solver(kernels: typeof solvers, text: typeof solveText, { smooth, bouncing }: SolverSizes, device: Device) {
  const { lanes, teams } = teamsOn(device);
  const run: Kernel = kernels(`${smooth} ${bouncing} ${lanes}`, () => text({ smooth, bouncing, lanes }));
  return { run, count: lanes * teams };
}

/** Impulses of all bodies, and how they were found. */
export interface Found extends Momenta {
  /** Of each island: the square of its part of the residual, steps of Newton, and of conjugate gradients. */
  readonly report: Tensor;
}

function solve(sizes: SolverSizes, given: Given): Found {
  const { p, L } = given.pressed;
  const start = twistsOf(heavy(given), { p, L });
  const { run, count } = solver(solvers, solveText, sizes, p.device);
  const { v, w } = given.frozen;
  const found = run(
    { ...bindings(given), v0: start.v, w0: start.w, p0: p, L0: L, vStart: v, wStart: w },
    { count, out: { ...workspace(sizes), impulse: sizes.bodies, turn: sizes.bodies, report: 3 * sizes.bodies } },
  ) as Record<string, Tensor>;
  return { p: found.impulse, L: found.turn, report: found.report };
}

/** The velocities that impulses make of the momenta. */
const after = (given: Given, P: Momenta): Twists =>
  twistsOf(heavy(given), { p: given.pressed.p.add(P.p), L: given.pressed.L.add(P.L) });

interface LinearGiven extends Given {
  readonly P: Momenta;
  readonly b: Momenta;
}

/** H μ, for impulses P. */
function curvature(sizes: SolverSizes, { b: _, ...given }: LinearGiven, mu: Twists): Momenta {
  const u = after(given, given.P);
  const W = vjp((u: Twists) => virtualWork(sizes, given, u, mu))(u);
  const own = momentaOf(heavy(given), mu);
  const pulled = W.pullback(one(W.value));
  const rows = keep(given, { p: pulled.v, L: pulled.w });
  return { p: own.p.sub(rows.p), L: own.L.sub(rows.L) };
}

const one = (like: Tensor): Tensor => like.detach().mul(0).add(1);

/** Only what bodies are free to do, by a round trip. */
const keep = (given: Given, { p, L }: Momenta): Momenta => momentaOf(heavy(given), twistsOf(heavy(given), { p, L }));

/** Tells of linear solves that did not arrive, where a step is not being recorded: a replayed one shows them as numbers that are not finite. */
function judge(report: Tensor, settings: Tensor): void {
  const { device } = report;
  if (isBeingRecorded(device)) return;
  device.flush();
  device.check([report.memory.retain(), settings.memory.retain()], (shares, [, , tolerance, steps]) => {
    let worst = 0;
    for (const share of shares) worst = Math.max(worst, share);
    if (worst > linearMiss * tolerance)
      throw new RangeError(
        `rigidBodies: derivatives of impulses were left with a residual of ${worst.toPrecision(2)} after ${linearSteps * steps} steps of conjugate gradients, where ${tolerance} was asked for; allow more 'maxSteps', a larger 'softness', take a smaller dt, or use f64.`,
      );
  });
}

/** H μ = b, differentiable. */
function linear(sizes: SolverSizes, given: LinearGiven): Twists {
  return custom(
    (x: LinearGiven): Twists => {
      const u = after(x, x.P);
      const { run, count } = solver(linearSolvers, solveLinearText, sizes, u.v.device);
      const { dv, dw, report } = run(
        { ...bindings(x), v: u.v, w: u.w, bForce: x.b.p, bTorque: x.b.L },
        { count, out: { ...workspace(sizes), dv: sizes.bodies, dw: sizes.bodies, report: sizes.bodies } },
      ) as Record<string, Tensor>;
      judge(report, x.frozen.settings);
      return { v: dv, w: dw };
    },
    {
      name: 'linearImpulses',
      vjp(x, bar, mu) {
        const nu = linear(sizes, { ...x, b: { p: bar.v, L: bar.w } });
        const { pressed, P } = vjp(({ pressed, P }: Pick<LinearGiven, 'pressed' | 'P'>) =>
          curvature(sizes, { ...x, pressed, P }, mu),
        )({ pressed: x.pressed, P: x.P }).pullback({ p: nu.v.neg(), L: nu.w.neg() });
        return { pressed, frozen: nothing(x.frozen), P, b: { p: nu.v, L: nu.w } };
      },
      jvp(x, dot, mu) {
        const { tangent } = jvp(({ pressed, P }: Pick<LinearGiven, 'pressed' | 'P'>) =>
          curvature(sizes, { ...x, pressed, P }, mu),
        )({ pressed: x.pressed, P: x.P }, { pressed: dot.pressed, P: dot.P });
        return linear(sizes, { ...x, b: { p: dot.b.p.sub(tangent.p), L: dot.b.L.sub(tangent.L) } });
      },
    },
  )(given);
}

const zerosLike = <T>(tensors: T): T =>
  Object.fromEntries(
    Object.entries(tensors as Record<string, Tensor>).map(([name, x]) => [
      name,
      zeros(x.shape, { device: x.device, type: x.type }),
    ]),
  ) as T;
const nothing = ({ graph, ...frozen }: Frozen): Frozen => ({ ...zerosLike(frozen), graph: zerosLike(graph) });

/** P, differentiable in what it is pressed by. */
export function impulses(sizes: SolverSizes, given: Given): Found {
  return custom((x: Given) => solve(sizes, x), {
    name: 'impulses',
    vjp(x, bar, { p, L }) {
      const P = { p, L };
      const b = momentaOf(heavy(x), { v: bar.p, w: bar.L });
      const mu = linear(sizes, { ...x, P, b });
      const W = vjp((pressed: Pressed) => virtualWork(sizes, { ...x, pressed }, after({ ...x, pressed }, P), mu))(
        x.pressed,
      );
      return { pressed: W.pullback(one(W.value)), frozen: nothing(x.frozen) }; // (2)
    },
    jvp(x, dot, { p, L, report }) {
      const P = { p, L };
      const { tangent } = jvp((pressed: Pressed) => wrenches(sizes, { ...x, pressed }, P))(x.pressed, dot.pressed);
      const mu = linear(sizes, { ...x, P, b: tangent });
      return { ...momentaOf(heavy(x), mu), report: zeros(report.shape, { device: report.device }) }; // (3)
    },
  })(given);
}

/** Jᵀ λ at the velocities that P makes. */
function wrenches(sizes: SolverSizes, given: Given, P: Momenta): Momenta {
  const u = after(given, P);
  const still = { v: zeros(u.v.shape, { device: u.v.device }), w: zeros(u.w.shape, { device: u.w.device }) };
  const W = vjp((virtual: Twists) => virtualWork(sizes, given, u, virtual))(still);
  const { v, w } = W.pullback(one(W.value));
  return keep(given, { p: v, L: w });
}
