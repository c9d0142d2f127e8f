/**
 * When, on a path of given gaps, the first one closes.
 *
 *   c(x) = g₀ + x d₀ + x² (3 (g₁ − g₀) − 2 d₀ − d₁) + x³ (d₀ + d₁ − 2 (g₁ − g₀))           between two times, d: rates times the time between  (1)
 *
 * The earliest time that the cubics through both ends of a bracket tell becomes its new end, on the side on which it belongs. So a
 * smooth gap is found in few evaluations; where another feature comes to touch, brackets still narrow. A gap that is closed and
 * closing is an event at once, whose time is constant to derivatives; one that is closed and opening is none before it has been open. Gaps that dip below zero and open again before the end are
 * found by their cubics. Nothing here is differentiated.
 */

import { kernelsByKey, type Tensor } from '../../../kernel/index.ts';

/** What a search keeps of each environment: bracket, the time to look at, and what is known, [envs, 4]. */
const known = { nothing: 0, bracketed: 1, atOnce: 2, dip: 3 } as const;

const cubicText = /* wgsl */ `
  // The coefficients of (1) after the first.
  fn cubic(a: vec2f, b: vec2f, h: f32) -> vec3f {
    let d0 = h * a.y;
    let d1 = h * b.y;
    let rise = b.x - a.x;
    return vec3f(d0, 3.0 * rise - 2.0 * d0 - d1, d0 + d1 - 2.0 * rise);                                               // (1)
  }
  fn cubicAt(g: f32, c: vec3f, x: f32) -> f32 { return g + x * (c.x + x * (c.y + x * c.z)); }
  // The share of h at which a gap that opens at a is widest: 0 if it does not open.
  fn widest(c: vec3f) -> f32 {
    let square = c.y * c.y - 3.0 * c.z * c.x;
    if (c.x <= 0.0 || square < 0.0) { return 0.0; }
    let x = c.x / (sqrt(square) - c.y);
    return select(0.0, x, x > 0.0 && x < 1.0);
  }
  // Whether a gap is open at a, or opens from there before it is closed at b.
  fn opens(a: vec2f, b: vec2f, h: f32) -> bool {
    let c = cubic(a, b, h);
    return a.x > 0.0 || cubicAt(a.x, c, widest(c)) > 0.0;
  }
  // The share of h at which such a gap closes.
  fn closes(a: vec2f, b: vec2f, h: f32) -> f32 {
    let c = cubic(a, b, h);
    var low = widest(c);
    var high = 1.0;
    let wide = max(cubicAt(a.x, c, low), 0.0);
    var x = low + (1.0 - low) * wide / (wide - b.x);
    for (var i = 0u; i < 60u; i++) {
      let g = cubicAt(a.x, c, x);
      if (g > 0.0) { low = x; } else { high = x; }
      var to = 0.5 * (low + high);
      let slope = c.x + x * (2.0 * c.y + 3.0 * x * c.z);
      if (slope < 0.0) {
        let newton = x - g / slope;
        if (newton > low && newton < high) { to = newton; }
      }
      if (to == x || g == 0.0) { break; }
      x = to;
    }
    return x;
  }
  // The share of h at which a gap that closes and opens again is least; negative if it stays open.
  fn dips(a: vec2f, b: vec2f, h: f32) -> f32 {
    if (!(a.y < 0.0 && b.y > 0.0 && h > 0.0)) { return -1.0; }
    let c = cubic(a, b, h);
    let x = -c.x / (c.y + sqrt(max(c.y * c.y - 3.0 * c.z * c.x, 0.0)));
    return select(-1.0, x, x > 0.0 && x < 1.0 && cubicAt(a.x, c, x) < 0.0);
  }
  var<storage, read> low: array<vec2f>;   // gap and rate of each slot at the bracket's ends
  var<storage, read> high: array<vec2f>;
`;

const beginText = (slots: number): string => /* wgsl */ `
  ${cubicText}
  var<storage, read> guard: array<u32>;
  var<storage, read> left: array<f32>;
  var<storage, read_write> search: array<vec4f>;
  @unique var<storage, read_write> watch: array<u32>; // 1 for those that may be met on the way
  @compute @workgroup_size(64)
  fn beginSearch(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let T = left[e];
    var atOnce = false;
    var closed = 2.0;
    var dip = 2.0;
    for (var k = 0u; k < ${slots}u; k++) {
      let s = e * ${slots}u + k;
      let now = guard[s] == 1u && T > 0.0 && low[s].x <= 0.0 && low[s].y < 0.0;
      let later = guard[s] == 1u && T > 0.0 && opens(low[s], high[s], T);
      watch[s] = select(0u, 1u, now || later);
      atOnce = atOnce || now;
      if (later) {
        if (high[s].x < 0.0) { closed = min(closed, closes(low[s], high[s], T)); }
        let x = dips(low[s], high[s], T);
        if (x >= 0.0) { dip = min(dip, x); }
      }
    }
    var found = vec4f(0.0, T, T, ${known.nothing}.0);
    if (dip < 1.0) { found = vec4f(0.0, T, dip * T, ${known.dip}.0); }
    if (closed <= 1.0) { found = vec4f(0.0, T, T * closed, ${known.bracketed}.0); }
    if (atOnce) { found = vec4f(0.0, 0.0, 0.0, ${known.atOnce}.0); }
    search[e] = found;
  }
`;

const bracketText = (slots: number): string => /* wgsl */ `
  var<storage, read> watch: array<u32>;
  var<storage, read> low: array<vec2f>;
  var<storage, read> high: array<vec2f>;
  var<storage, read> here: array<vec2f>;
  var<storage, read> search: array<vec4f>;
  var<storage, read_write> lowNext: array<vec2f>;
  var<storage, read_write> highNext: array<vec2f>;
  var<storage, read_write> next: array<vec4f>;
  @compute @workgroup_size(64)
  fn narrowBracket(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let now = search[e];
    var closed = false;
    for (var s = e * ${slots}u; s < (e + 1u) * ${slots}u; s++) {
      closed = closed || (watch[s] == 1u && here[s].x < 0.0 && (low[s].x > 0.0 || here[s].y < 0.0)); // it has been open
    }
    let looking = now.w == ${known.bracketed}.0 || now.w == ${known.dip}.0;
    for (var k = 0u; k < ${slots}u; k++) {
      let s = e * ${slots}u + k;
      lowNext[s] = low[s];
      highNext[s] = high[s];
      if (looking) {
        if (closed) { highNext[s] = here[s]; } else { lowNext[s] = here[s]; }
      }
    }
    var to = now;
    if (looking) {
      if (closed) { to.y = now.z; } else { to.x = now.z; }
      to.w = ${known.bracketed}.0;
    }
    if (now.w == ${known.dip}.0 && !closed) { to = vec4f(now.x, now.y, now.y, ${known.nothing}.0); }
    next[e] = to;
  }
`;

const proposeText = (slots: number): string => /* wgsl */ `
  ${cubicText}
  var<storage, read> watch: array<u32>;
  var<storage, read> search: array<vec4f>;
  var<storage, read_write> next: array<vec4f>;
  @compute @workgroup_size(64)
  fn proposeTime(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    var to = search[e];
    if (to.w == ${known.bracketed}.0) {
      let h = to.y - to.x;
      var x = 1.0;
      for (var s = e * ${slots}u; s < (e + 1u) * ${slots}u; s++) {
        if (watch[s] == 1u && high[s].x < 0.0) { x = min(x, closes(low[s], high[s], h)); }
      }
      to.z = to.x + h * x;
    }
    next[e] = to;
  }
`;

const foundText = (slots: number): string => /* wgsl */ `
  var<storage, read> watch: array<u32>;
  var<storage, read> here: array<vec2f>;
  var<storage, read> search: array<vec4f>;
  var<storage, read_write> which: array<i32>;
  var<uniform> grazing: f32;
  var<storage, read_write> t: array<f32>;
  var<storage, read_write> met: array<f32>;
  var<storage, read_write> inverse: array<f32>;
  @compute @workgroup_size(64)
  fn foundEvent(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    t[e] = search[e].z;
    which[e] = -1i;
    if (search[e].w != ${known.nothing}.0) {
      var least = 1e30;
      for (var s = 0u; s < ${slots}u; s++) {
        let g = here[e * ${slots}u + s];
        if (watch[e * ${slots}u + s] == 1u && g.y < 0.0 && g.x < least) {
          least = g.x;
          which[e] = i32(s);
          met[e] = 1.0;
          inverse[e] = select(0.0, 1.0 / g.y, g.y < -grazing && search[e].w != ${known.atOnce}.0);
        }
      }
    }
  }
`;

const begins = kernelsByKey();
const brackets = kernelsByKey();
const proposals = kernelsByKey();
const finds = kernelsByKey();

/** After the bracket: evaluations of the path. */
const evaluations = 6;

/** Of each environment: the slot that closes first, i32, or −1; 1 if there is one, else 0; when; and 1 / φ̇, 0 where it grazes. */
export interface Event {
  readonly which: Tensor;
  readonly met: Tensor;
  readonly t: Tensor;
  readonly inverse: Tensor;
}

/**
 * @param gaps Gaps and their rates, [envs, slots, 2], at times [envs].
 * @param low The same at 0.
 * @param guard 1 for slots that are looked at, u32, [envs, slots].
 * @param left How long the path is, [envs]. @param grazing A rate.
 */
export function search(gaps: (t: Tensor) => Tensor, low: Tensor, guard: Tensor, left: Tensor, grazing: number): Event {
  const [envs, slots] = guard.shape;
  const count = { count: envs };
  const shape = { lowNext: [envs, slots], highNext: [envs, slots], next: [envs] };
  let ends = { low, high: gaps(left) };
  const begun = begins(`${slots}`, () => beginText(slots))(
    { guard, ...ends, left },
    { ...count, out: { search: [envs], watch: guard.shape } },
  );
  const watch = begun.watch as Tensor;
  let now = begun.search as Tensor;
  const time = (): Tensor => now.slice([0, 2], [envs, 3]).reshape([envs]);
  for (let i = 0; i < evaluations; i++) {
    const made = brackets(`${slots}`, () => bracketText(slots))(
      { watch, ...ends, here: gaps(time()), search: now },
      { ...count, out: shape },
    ) as Record<string, Tensor>;
    ends = { low: made.lowNext, high: made.highNext };
    now = proposals(`${slots}`, () => proposeText(slots))(
      { watch, ...ends, search: made.next },
      { ...count, out: { next: [envs] } },
    ).next as Tensor;
  }
  const { which, met, t, inverse } = finds(`${slots}`, () => foundText(slots))(
    { watch, here: gaps(time()), search: now, grazing },
    { ...count, out: { which: [envs], t: [envs], met: [envs], inverse: [envs] } },
  ) as Record<string, Tensor>;
  return { which, met, t, inverse };
}
