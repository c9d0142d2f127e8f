/**
 * Forces of a medium on links that move through it: drag, lift, and those of the mass that goes along.
 *
 * v and ω are a shape's velocity less the wind, and its angular velocity, both in the shape's axes; ρ density, η viscosity.
 *
 * Boxes of sides h, with d their mean:
 *
 *   f_i = −½ ρ h_j h_k |v_i| v_i − 3 π η d v_i,       n_i = −ρ h_i (h_j⁴ + h_k⁴) |ω_i| ω_i / 64 − π η d³ ω_i                  (1)
 *
 * Ellipsoids of half axes s, whose largest two are a and b, V = 4/3 π s₀s₁s₂, D = ⅔ (s₀ + s₁ + s₂), c_i = s_j s_k, u = v / |v|:
 *
 *   A = π √(Σ c⁴u² / Σ c²u²)                           the area that is seen along v                                          (2)
 *   f = −(3 π η D + ρ |v| (C_b A + C_s (π a b − A))) v                                                        drag            (3)
 *       + C_M ρ V ω × v                                                                                       Magnus' lift
 *       + C_K ρ A cos α (n × v) × v,    n = c²u / |c²u|,  cos α = Σ c²u² / √(Σ c⁴u²)                                 Kutta's lift
 *       + ρ (m v) × ω                                                                                         added mass
 *   n = −(π η D³ + ρ |(C_a I + C_s (I_max − I)) ω|) ω + ρ (m v) × v + ρ (I' ω) × ω                                            (4)
 *
 * I_i = 8/15 π s_i max(s_j, s_k)⁴, I_max = 8/15 π b a⁴; m and I' are those of immersed.ts. Added mass does not resist accelerations.
 * Forces are C¹ in v and ω, and all numbers are parameters. Forces of shapes go to the joints by (4) of inverse.ts.
 *
 * MuJoCo documentation, "Computation: fluid forces".
 */

import { kernelsByKey, onDeviceOf, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { frameMotions } from '../dynamics/frame-motions.ts';
import { jointProjections } from '../dynamics/joint-projections.ts';
import type { Kinematics } from '../dynamics/kinematics.ts';
import { quaternions, store, vec } from '../layout.ts';
import type { Model } from '../model.ts';
import type { Immersed } from '../parts.ts';
import type { Prepared } from '../structure.ts';

const ofBoxes = /* wgsl */ `
  fn forBox(w: vec3f, u: vec3f, h: vec3f, density: f32, viscosity: f32) -> array<vec3f, 2> {
    let d = (h.x + h.y + h.z) / 3.0;
    let faces = vec3f(h.y * h.z, h.z * h.x, h.x * h.y);
    let square = h * h;
    let fourth = square * square;
    let edges = h * (vec3f(fourth.x + fourth.y + fourth.z) - fourth);
    let push = -0.5 * density * faces * abs(u) * u - 3.0 * ${Math.PI} * viscosity * d * u;                        // (1)
    let turn = -density / 64.0 * edges * abs(w) * w - ${Math.PI} * viscosity * d * d * d * w;
    return array<vec3f, 2>(turn, push);
  }
`;

const ofEllipsoids = /* wgsl */ `
  fn forEllipsoid(w: vec3f, u: vec3f, s: vec3f, density: f32, viscosity: f32, along: Coefficients, m: vec3f, I: vec3f) -> array<vec3f, 2> {
    let D = 2.0 / 3.0 * (s.x + s.y + s.z);
    let most = max(s.x, max(s.y, s.z));
    let least = min(s.x, min(s.y, s.z));
    let between = s.x + s.y + s.z - most - least;
    let volume = ${(4 / 3) * Math.PI} * s.x * s.y * s.z;
    let widest = most * between;
    let c = vec3f(s.y * s.z, s.z * s.x, s.x * s.y) / widest;
    var push = -3.0 * ${Math.PI} * viscosity * D * u + density * (along.magnus * volume * cross(w, u) + cross(m * u, w));
    var turn = -${Math.PI} * viscosity * D * D * D * w + density * (cross(m * u, u) + cross(I * w, w));
    let speed = length(u);
    if (speed > 0.0) {
      let d = c * u / speed;
      let second = dot(d, d);
      let fourth = dot(c * d, c * d);
      let area = ${Math.PI} * widest * sqrt(fourth / second);                                                    // (2)
      let blunt = along.blunt * area + along.slender * (${Math.PI} * widest - area);
      let lift = along.kutta * area * second / (speed * fourth);
      push += density * (lift * cross(cross(c * c * u, u), u) - speed * blunt * u);                                  // (3)
    }
    let next = vec3f(max(s.y, s.z), max(s.z, s.x), max(s.x, s.y));
    let own = ${(8 / 15) * Math.PI} * s * next * next * next * next;
    let largest = ${(8 / 15) * Math.PI} * between * most * most * most * most;
    let resisted = w * (along.angular * own + along.slender * (vec3f(largest) - own));
    if (dot(resisted, resisted) > 0.0) { turn -= density * length(resisted) * w; }                                // (4)
    return array<vec3f, 2>(turn, push);
  }
`;

const kernels = kernelsByKey();
const text = (ellipsoids: boolean): string => /* wgsl */ `
  struct Coefficients { blunt: f32, slender: f32, angular: f32, kutta: f32, magnus: f32 }
  ${quaternions}
  ${ofBoxes}
  ${ellipsoids ? ofEllipsoids : ''}
  var<storage, read> pose: array<f32>;
  var<storage, read> velocity: array<f32>;
  var<storage, read> position: array<vec3f>;
  var<storage, read> orientation: array<vec4f>;
  var<storage, read> size: array<vec3f>;
  var<storage, read> medium: array<vec2f>;
  var<storage, read> wind: array<vec3f>;
  ${
    ellipsoids
      ? `var<storage, read> drag: array<f32>;
  var<storage, read> added: array<f32>;
  var<storage, read> round: array<u32>;`
      : ''
  }
  var<storage, read_write> force: array<f32>;
  @compute @workgroup_size(64)
  fn forcesOfMedium(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let R = mat3x3f(${[0, 3, 6].map(k => vec('pose', 'i * 12u', k)).join(', ')});
    let x = R * position[i] + ${vec('pose', 'i * 12u', 9)};
    let axes = R * rotation(normalize(orientation[i]));
    let spin = ${vec('velocity', 'i * 6u')};
    let rate = ${vec('velocity', 'i * 6u', 3)} + cross(spin, x) - wind[i];
    let back = transpose(axes);
    let w = back * spin;
    let u = back * rate;
    ${
      ellipsoids
        ? `var own = array<vec3f, 2>(vec3f(0.0), vec3f(0.0));
    if (round[i % arrayLength(&round)] == 1u) {
      let C = Coefficients(drag[i * 5u], drag[i * 5u + 1u], drag[i * 5u + 2u], drag[i * 5u + 3u], drag[i * 5u + 4u]);
      own = forEllipsoid(w, u, size[i], medium[i].x, medium[i].y, C, ${vec('added', 'i * 6u')}, ${vec('added', 'i * 6u', 3)});
    } else { own = forBox(w, u, size[i], medium[i].x, medium[i].y); }`
        : 'let own = forBox(w, u, size[i], medium[i].x, medium[i].y);'
    }
    let push = axes * own[1];
    let turn = axes * own[0] + cross(x, push);
    ${store('force', 'i * 6u', ['turn', 'push'])}
  }
`;

/** Whether links are in a medium. */
export const isImmersed = ({ immersed }: Model): boolean => immersed.length > 0;

/** Forces of the joints, [envs, nv], at velocities v, [envs, nv]. */
export function mediumForces(prepared: Prepared, { pose, motion }: Kinematics, v: Tensor): Tensor {
  const { model, sizes, structure, envs, params } = prepared;
  const { immersed, tables } = model;
  const { device } = v;
  const n = immersed.length;
  const frames = immersed.map(({ link }) => tables.frameOf[link]);
  const { last, round } = shapesOf(model, device);
  const places = { ...prepared, sizes: { ...sizes, frames: n }, structure: { ...structure, last } };
  const { velocity } = frameMotions(places, { motion, v }, zeros(v.shape, { device }));
  const all = (x: Tensor | undefined, width: number, rows = n): Tensor =>
    (x as Tensor).reshape([-1, rows, width]).broadcastTo([envs, n, width]);
  const ellipsoids = immersed.some(({ kind }) => kind === 'ellipsoid');
  const { force } = kernels(`${ellipsoids}`, () => text(ellipsoids))(
    {
      pose: pose.transpose([1, 0, 2]).gather(frames).transpose([1, 0, 2]),
      velocity,
      position: all(params.immersedPosition, 3),
      orientation: all(params.immersedOrientation, 4),
      size: all(params.immersedSize, 3),
      medium: all(params.medium, 2, 1),
      wind: all(params.wind, 3, 1),
      ...(ellipsoids && {
        drag: all(params.dragCoefficients, 5),
        added: all(params.addedMass, 6),
        round,
      }),
    },
    { count: envs * n, out: { force: [envs, n, 6] } },
  );
  return jointProjections(places, motion, force as Tensor);
}

/** Of the shapes of links: the last velocity on the way to each, or 0; and whether it is an ellipsoid. */
const shapesOf = onDeviceOf(({ immersed, tables }: Model, device) => {
  const list = (of: (shape: Immersed) => number): Tensor =>
    tensor(Uint32Array.from(immersed.map(of)), undefined, { device });
  return {
    last: list(({ link }) => tables.last[tables.frameOf[link]]),
    round: list(({ kind }) => (kind === 'ellipsoid' ? 1 : 0)),
  };
});
