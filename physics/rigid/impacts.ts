/**
 * Impacts that bounce: at their own time within a step.
 *
 *   τ = φ / −w₁,   w(τ) = w₀ + (½ + τ / dt) (w₁ − w₀)  w₀, w₁: normal velocities before the step, and after its forces      (1)
 *   w⁺ = w₁ − (1 + e) w(τ)                             Newton's restitution of what was met at τ, then what forces do        (2)
 *   x⁺ = x + dt (u₁ + M⁻¹ P) − τ M⁻¹ P                 impulses have moved bodies for dt − τ                               (3)
 *   L⁺ = L₁ + (c − x) × P + τ (v_c − u⁺) × P           and turned them about where they were at τ                          (4)
 *
 * for contacts that would overlap by the end of the step, φ + dt w₁ < 0, and are met faster than bodies that are said to rest. v_c is
 * the mean of both bodies' velocities before P, by the inverse of their masses; (3) and (4) together keep all momenta. A step moves bodies
 * by w₁, which therefore belongs to its middle: hence ½, without which each impact would cost energy of order dt. Places and velocities
 * after an impact do not jump where it moves from one step to the next, so derivatives are those of impacts located in time, to order 1
 * in dt; without (1) and (3) they would converge to something else. A contact bounces once in a step, with all others of that step at once.
 */

import { type Kernel, kernelsByKey, lazyKernel, type Tensor } from '../../kernel/index.ts';
import { law } from './law.wgsl.ts';
import type { Twists } from './motion.ts';
import { firmness, frictionOf, lightness, seen } from './pair.wgsl.ts';
import type { Touches } from './touch.ts';

const bounceKernel = lazyKernel(/* wgsl */ `
  var<storage, read> pairs: array<u32>;
  var<storage, read> pairOf: array<u32>;
  var<storage, read> x: array<vec3f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<storage, read> forcedV: array<vec3f>;
  var<storage, read> forcedW: array<vec3f>;
  var<storage, read> restitution: array<f32>;
  var<storage, read> gap: array<f32>;
  var<storage, read> normal: array<vec3f>;
  var<storage, read> point: array<vec3f>;
  var<uniform> dt: f32;
  var<uniform> rest: f32;
  var<storage, read_write> bounce: array<vec2f>;
  @compute @workgroup_size(64)
  fn bounces(@builtin(global_invocation_id) id: vec3u) {
    let slot = id.x;
    bounce[slot] = vec2f(0.0, -1.0);
    let phi = gap[slot];
    if (phi > 1e9) { return; }
    let a = pairs[2u * pairOf[slot]];
    let b = pairs[2u * pairOf[slot] + 1u];
    let p = point[slot];
    let n = normal[slot];
    let e = max(restitution[a], restitution[b]);
    let before = dot(n, ${seen('v', 'w', 'p')});
    let forced = dot(n, ${seen('forcedV', 'forcedW', 'p')});
    if (e <= 0.0 || phi + dt * forced >= 0.0) { return; }
    var share = 0.0;
    if (phi > 0.0) { share = -phi / (dt * forced); }
    let met = before + (0.5 + share) * (forced - before);                               // (1)
    if (met >= -rest - max(before - forced, 0.0)) { return; }
    bounce[slot] = vec2f((1.0 + e) * met - forced, share);                              // (2)
  }
`);

/** What contacts see besides velocities, and τ / dt, or −1 where nothing bounces, [contacts, 2]. */
export function bounces(
  { gap, normal, point, pairOf }: Touches,
  { v, w }: Twists,
  forced: Twists,
  given: { readonly pairs: Tensor; readonly x: Tensor; readonly restitution: Tensor },
  { dt, rest }: { readonly dt: number; readonly rest: number },
): Tensor {
  const all = { gap, normal, point, pairOf, v, w, forcedV: forced.v, forcedW: forced.w, ...given, dt, rest };
  return bounceKernel(all, { count: gap.size, out: { bounce: [gap.size] } }).bounce;
}

const lateKernels = kernelsByKey();
const lateText = (smooth: boolean): string => /* wgsl */ `
  var<storage, read> pairs: array<u32>;
  var<storage, read> pairOf: array<u32>;
  var<storage, read> x: array<vec3f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<storage, read> forcedV: array<vec3f>;
  var<storage, read> mass: array<f32>;
  var<storage, read> freedom: array<u32>;
  var<storage, read> friction: array<f32>;
  var<storage, read> gap: array<f32>;
  var<storage, read> normal: array<vec3f>;
  var<storage, read> point: array<vec3f>;
  var<storage, read> bias: array<vec3f>;
  var<storage, read> bounce: array<vec2f>;
  var<storage, read> settings: array<f32>;
  var<uniform> dt: f32;
  var<storage, read_write> p: array<f32>;
  var<storage, read_write> L: array<f32>;
  var<storage, read_write> turn: array<f32>;
  ${law(smooth)}
  ${lightness}
  ${firmness(true)}
  ${frictionOf}
  fn turning(i: u32, v: vec3f) -> vec3f { return select(select(vec3f(0.0), vec3f(0.0, 0.0, v.z), freedom[i] == 2u), v, freedom[i] == 1u); }
  @compute @workgroup_size(64)
  fn lateImpulses(@builtin(global_invocation_id) id: vec3u) {
    let slot = id.x;
    let share = bounce[slot].y;
    if (gap[slot] > 1e9 || share <= 0.0) { return; }
    let a = pairs[2u * pairOf[slot]];
    let b = pairs[2u * pairOf[slot] + 1u];
    let c = point[slot];
    let mu = frictionOf(a, b);
    let lightA = lightness(a);
    let lightB = lightness(b);
    let rate = ${seen('v', 'w', 'c')} + bias[slot];
    let softness = softnessOf(a, b);
    let reply = answered(rate, normal[slot], mu, smoothing(slot, softness)).impulse;
    let P = firmness(slot, softness) * reply / (softness * (lightA + lightB));
    let along = (lightA * forcedV[a] + lightB * forcedV[b]) / (lightA + lightB);
    let onA = share * cross(c - x[a], P);
    let onB = share * cross(c - x[b], P);
    let turnA = -dt * share * turning(a, cross(along - v[a], P));                       // (4)
    let turnB = dt * share * turning(b, cross(along - v[b], P));
    for (var k = 0u; k < 3u; k++) {
      p[3u * a + k] -= share * P[k];
      p[3u * b + k] += share * P[k];
      L[3u * a + k] -= onA[k];
      L[3u * b + k] += onB[k];
      turn[3u * a + k] += turnA[k];
      turn[3u * b + k] += turnB[k];
    }
  }
`;

/** Of each body, [n, 3]: momenta times τ / dt of the impulses in (3), and the rest of (4). */
export interface Late {
  readonly p: Tensor;
  readonly L: Tensor;
  readonly turn: Tensor;
}

/** What impulses with this bias did after their contacts' times, at the twists after the step. */
export function lateImpulses(
  { gap, normal, point, pairOf }: Touches,
  { v, w }: Twists,
  forced: Twists,
  given: Readonly<Record<'pairs' | 'x' | 'mass' | 'freedom' | 'friction' | 'bias' | 'bounce' | 'settings', Tensor>>,
  { dt, smooth }: { readonly dt: number; readonly smooth: boolean },
): Late {
  const { shape } = given.x;
  const all = { gap, normal, point, pairOf, v, w, forcedV: forced.v, ...given, dt };
  const run: Kernel = lateKernels(`${smooth}`, () => lateText(smooth));
  return run(all, { count: gap.size, out: { p: shape, L: shape, turn: shape } }) as unknown as Late;
}
