/**
 * Where bodies touch: contacts of all pairs in the list, and the velocities at which they begin to answer.
 *
 *   o = φ / dt + μ (√(|w_t|² + s²) − s)        φ ≥ 0                                                              (1)
 *   o = −c + …,   c = −φ / (τ − φ / v)         φ < 0;  τ = dt + recovery, v: the speed of recovery
 *   o = φ / τ + …                              where a contact is pressed so hard that R λ₀ > c                   (2)
 *   o n − R λ₀                                 what is added to the relative velocity: λ₀ of the pass before      (3)
 *
 * Overlaps are undone at the speed c, which is less than v. What presses them counts: contacts that give way under a load are held up by φ / τ,
 * as far as it takes. From R λ₀ = c / 5 to c one becomes the other.
 *
 * A contact answers to w_n + o < μ |w_t|: to the gap after the step, and to slip. The cone law alone would have a body that slides hover,
 * at w_n = μ |w_t|; o takes that out with the slip w_t that is known so far: the one before the step, then the one that a first pass has
 * found. With the slip after the step it would be Coulomb's law, made associated by de Saxcé's change of variables.
 *
 * Contacts give way a little, R. With λ₀ what they held in the pass before, only a change makes them do so: the method of multipliers, in
 * which each pass takes off the softness by its own factor once more. Contacts that were as hard at once would be much harder to solve.
 *
 * Which features touch is chosen by a kernel that is not differentiated; gaps, normals and points are differentiable for that choice.
 *
 * Rockafellar: Augmented Lagrangians and applications of the proximal point algorithm, Math. Oper. Res. 1 (1976). Acary & Cadoux: Applications of an existence result for the Coulomb friction problem, 2013. de Saxcé & Feng, Math. Comput. Modelling 28 (1998).
 */

import { choosesFeatures, contactSlots } from '../../geometry/index.ts';
import { type Kernel, kernelsByKey, scan, type Tensor } from '../../kernel/index.ts';
import { law } from './law.wgsl.ts';
import type { Twists } from './motion.ts';
import { frictionOf, seen } from './pair.wgsl.ts';
import { detached, type Kinds, type PairTensors, type Parts, placedText } from './parts.ts';

export const slotsOf = (kinds: Kinds): number => Math.max(1, ...kinds.map(([a, b]) => contactSlots(a, b)));

/** Pairs of kinds whose features do not tell whether they are near. */
const unbounded = (kinds: Kinds): string =>
  kinds.map(([a, b], k) => (a === 'plane' || !choosesFeatures(a, b) ? `kind[k] == ${k}u || ` : '')).join('');

const featureText = (kinds: Kinds): string => /* wgsl */ `
  ${placedText(kinds)}
  var<storage, read> parts: array<vec2u>;
  var<storage, read> bodies: array<vec2u>;
  var<storage, read> kind: array<u32>;
  var<storage, read> x: array<vec3f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<uniform> margin: f32;
  var<uniform> dt: f32;
  var<storage, read_write> features: array<vec2u>;
  var<storage, read_write> found: array<u32>;
  @compute @workgroup_size(64)
  fn bodyFeatures(@builtin(global_invocation_id) id: vec3u) {
    let k = id.x;
    let first = shapeOf(parts[k].x);
    let second = shapeOf(parts[k].y);
    let a = bodies[k].x;
    let b = bodies[k].y;
    var chosen: Features;
    let armA = length(size[parts[k].x]) + length(first.x - x[a]);
    let armB = length(size[parts[k].y]) + length(second.x - x[b]);
    let turn = length(w[a]) * armA + length(w[b]) * armB;
    let reach = margin + dt * (length(v[b] - v[a]) + turn);
    findFeatures(kind[k], first, second, reach, &chosen);
    let look = ${unbounded(kinds)}false;
    var count = 0u;
    for (var s = 0u; s < ${slotsOf(kinds)}u; s++) {
      if (look) {
        if (findContact(kind[k], first, second, chosen[s]).gap > reach) { chosen[s] = none; }
      }
      features[${slotsOf(kinds)}u * k + s] = chosen[s];
      count += select(1u, 0u, all(chosen[s] == none));
    }
    found[k] = count;
  }
`;

/** Contacts one after the other: their pairs and features. */
const gatherText = (slots: number): string => /* wgsl */ `
  var<storage, read> features: array<vec2u>;
  var<storage, read> found: array<u32>;
  var<storage, read> ends: array<u32>;
  @unique var<storage, read_write> pairOf: array<u32>;
  @unique var<storage, read_write> feature: array<vec2u>;
  @compute @workgroup_size(64)
  fn gatherContacts(@builtin(global_invocation_id) id: vec3u) {
    var at = ends[id.x] - found[id.x];
    if (found[id.x] > 0u) {
      for (var s = 0u; s < ${slots}u; s++) {
        let one = features[${slots}u * id.x + s];
        if (any(one != vec2u(0u)) && at < arrayLength(&pairOf)) {
          pairOf[at] = id.x;
          feature[at] = one;
          at++;
        }
      }
    }
  }
`;

const contactsText = (kinds: Kinds): string => /* wgsl */ `
  ${placedText(kinds)}
  var<storage, read> parts: array<vec2u>;
  var<storage, read> kind: array<u32>;
  var<storage, read> pairOf: array<u32>;
  var<storage, read> features: array<vec2u>;
  var<storage, read_write> gap: array<f32>;
  var<storage, read_write> normal: array<vec3f>;
  var<storage, read_write> point: array<vec3f>;
  @compute @workgroup_size(64)
  fn bodyContacts(@builtin(global_invocation_id) id: vec3u) {
    let slot = id.x;
    let k = pairOf[slot];
    let feature = features[slot];
    var c = noContact();
    if (!all(feature == none)) { c = findContact(kind[k], shapeOf(parts[k].x), shapeOf(parts[k].y), feature); }
    gap[slot] = c.gap;
    normal[slot] = c.normal;
    point[slot] = c.point;
  }
`;

const biasText = (again: boolean, bouncing: boolean): string => /* wgsl */ `
  var<storage, read> pairs: array<u32>;
  var<storage, read> pairOf: array<u32>;
  var<storage, read> x: array<vec3f>;
  var<storage, read> v: array<vec3f>;
  var<storage, read> w: array<vec3f>;
  var<storage, read> friction: array<f32>;
  var<storage, read> gap: array<f32>;
  var<storage, read> normal: array<vec3f>;
  var<storage, read> point: array<vec3f>;
  ${again ? 'var<storage, read> before: array<vec3f>;' : ''}
  ${bouncing ? 'var<storage, read> bounce: array<vec2f>;' : ''}
  var<uniform> dt: f32;
  var<uniform> recovery: f32;
  var<uniform> slowness: f32; // 1 / v
  var<storage, read_write> bias: array<vec3f>;
  const still = 1e-3; // s, m/s
  ${law(false)}
  ${frictionOf}
  @compute @workgroup_size(64)
  fn contactBias(@builtin(global_invocation_id) id: vec3u) {
    let slot = id.x;
    let phi = gap[slot];
    if (phi > 1e9) { return; }
    let a = pairs[2u * pairOf[slot]];
    let b = pairs[2u * pairOf[slot] + 1u];
    let p = point[slot];
    let n = normal[slot];
    let rate = ${seen('v', 'w', 'p')};
    let t = rate - dot(n, rate) * n;
    let mu = frictionOf(a, b);
    ${again ? 'let held = answered(rate + before[slot], n, mu, 0.0).impulse;' : ''}
    var o = phi / dt;                                                                                             // (1)
    if (phi < 0.0) {
      let deep = -phi * slowness;
      let c = -phi / (dt + recovery + deep);
      o = -c${again ? ' + smoothstep(0.2, 1.0, dot(n, held) / max(c, 1e-30)) * (phi / (dt + recovery) + c)' : ''}; // (2)
    }
    ${bouncing ? 'if (bounce[slot].y >= 0.0) { o = bounce[slot].x; }' : ''}
    o += mu * (sqrt(dot(t, t) + still * still) - still);
    bias[slot] = o * n${again ? ' - held' : ''};                                                                   // (3)
  }
`;

const featureKernels = kernelsByKey();
const contactKernels = kernelsByKey();
const gatherKernels = kernelsByKey();
const biasKernels = kernelsByKey();
const kernelOf = (kernels: typeof featureKernels, text: (kinds: Kinds) => string, kinds: Kinds): Kernel =>
  kernels(kinds.join(' '), () => text(kinds));

/** Contacts, [contacts, …]; those of a pair follow each other. */
export interface Touches {
  readonly gap: Tensor;
  readonly normal: Tensor;
  readonly point: Tensor;
  /** The pair of each, u32. */
  readonly pairOf: Tensor;
  /** How many were found, [1]; undefined if there is room for all. */
  readonly count: Tensor | undefined;
}

/** The pairs' contacts, of which there may be `contacts`; undefined: as many as the pairs can have. */
export function touches(
  kinds: Kinds,
  { parts, bodies, kind }: PairTensors,
  { x, placed, tables }: Parts,
  { v, w }: Twists,
  { margin, dt, contacts }: { readonly margin: number; readonly dt: number; readonly contacts: number | Tensor },
): Touches {
  const [pairs] = parts.shape;
  const slots = slotsOf(kinds);
  const shapes = { parts, kind, ...placed, ...tables };
  const chosen = kernelOf(
    featureKernels,
    featureText,
    kinds,
  )(
    { ...detached({ ...shapes, bodies, x, v, w }), margin, dt },
    { count: pairs, out: { features: [pairs, slots] } },
  ) as Record<string, Tensor>;
  let pairOf = contacts as Tensor;
  let { features } = chosen;
  let count: Tensor | undefined;
  if (typeof contacts === 'number') {
    const ends = scan(chosen.found);
    const gather = gatherKernels(slots, () => gatherText(slots));
    const gathered = gather(
      { features, found: chosen.found, ends },
      { count: pairs, out: { pairOf: contacts, feature: contacts } },
    ) as Record<string, Tensor>;
    pairOf = gathered.pairOf;
    features = gathered.feature;
    count = ends.slice(pairs - 1, pairs);
  }
  const { gap, normal, point } = kernelOf(
    contactKernels,
    contactsText,
    kinds,
  )({ ...shapes, pairOf, features }, { count: pairOf.size }) as Record<string, Tensor>;
  return { gap, normal, point, pairOf, count };
}

/** (3), [contacts, 3], m/s; after a pass that was biased by `before` and ended with these twists. @param bounce Of `bounces`. */
export function biases(
  given: Touches & Twists & { readonly pairs: Tensor; readonly x: Tensor; readonly friction: Tensor },
  {
    dt,
    recovery,
    recoverySpeed,
    before,
    bounce,
  }: {
    readonly dt: number;
    readonly recovery: number;
    readonly recoverySpeed: number;
    readonly before?: Tensor | undefined;
    readonly bounce?: Tensor | undefined;
  },
): Tensor {
  const { pairs, pairOf, x, v, w, friction, gap, normal, point } = given;
  const [again, bouncing] = [before !== undefined, bounce !== undefined];
  const run = biasKernels(`${again} ${bouncing}`, () => biasText(again, bouncing));
  const all = { pairs, pairOf, x, v, w, friction, gap, normal, point, dt, recovery, slowness: 1 / recoverySpeed };
  return run({ ...all, ...(before && { before }), ...(bounce && { bounce }) }, { count: gap.size }).bias as Tensor;
}
