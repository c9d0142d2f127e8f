/**
 * Where rays meet a distance field: choices, which are not differentiated (surface.ts is).
 *
 *   r(t) = f(o + t d) / ρ(t),   ρ(t) = radius + footprint t                                            (1) in half pixels
 *   t ← t + max(f, ρ)                                                                                  (2) sphere tracing
 *
 * While a ray comes nearer and r falls below −reach, the pixel is covered: a hit, whose root is enclosed by bisection. Where r has a minimum
 * between −reach and reach the pixel may be covered in part: a touch, at the minimum found by golden section, and the ray goes on behind it;
 * of several minima before r is beyond reach again only the lowest counts, since they are of one silhouette. A minimum beside which
 * the edge does not cut the pixel is a hit too, so that what is covered whole is seen where the ray meets it.
 * The corners of a pixel are √2 half widths away, a little more where pixels are seen askew. A ray that starts inside sees nothing before it
 * has left. What a touch shows is met where f rises above its level on the way back to the eye: (5) of surface.ts.
 *
 * Hart: Sphere tracing, 1996, doi:10.1007/s003710050084.
 */

/** Kinds of meetings. */
export const hit = 1;
export const touch = 2;
const reach = 1.5;

/**
 * h of (4) of surface.ts, from slopes of f / ρ to the right and down, whose vectors are R and D, before and behind the place where r is least, and from
 * how much more r is there, `higher`. (2, 0) where there is no slope across.
 */
export const facingText = /* wgsl */ `
  fn facing(before: vec2f, behind: vec2f, higher: vec2f, R: vec3f, D: vec3f) -> vec2f {
    let rise = max(higher, vec2f(0)) + 1e-3;
    let s = (rise.y * before + rise.x * behind) / (rise.x + rise.y);
    let det = dot(R, R) * dot(D, D) - dot(R, D) * dot(R, D);
    let square = dot(D, D) * s.x * s.x - 2.0 * dot(R, D) * s.x * s.y + dot(R, R) * s.y * s.y; // det times that of s over n's
    if (square > 1e-5 * det) { return max(0.5 * sqrt(det / square), 1.0) * s; }
    return vec2f(2.0, 0.0);
  }
`;

/** (3) and (5) of surface.ts: the share of a pixel that is covered, and m. */
export const partText = /* wgsl */ `
  struct Part { share: f32, middle: f32 }
  fn coveredPart(r: f32, h: vec2f) -> Part {
    let a = max(abs(h.x), abs(h.y));
    let b = min(abs(h.x), abs(h.y));
    if (abs(r) <= 0.5 * (a - b)) {
      let share = 0.5 - r / a;
      return Part(share, (0.125 * a - (0.5 * r * r - b * b / 24.0) / a) / max(share, 1e-6));
    }
    let c = max(0.5 * (a + b) - abs(r), 0.0);
    let corner = c * c / max(2.0 * a * b, 1e-30);
    let middle = max((0.5 * (a + b) + 2.0 * abs(r)) / 3.0, abs(r)); // of the triangle in the corner
    if (r > 0.0) { return Part(corner, middle); }
    return Part(1.0 - corner, middle * corner / (1.0 - corner));
  }
`;

/**
 * @param field WGSL with `fn distance(p: vec3f) -> f32`.
 * @returns A kernel: rays → `meeting`, `layers` for each ray, front to back: t, a kind, 0 for none, and t of what is seen.
 */
export const traceText = (field: string, layers: number): string => /* wgsl */ `${field}
  var<storage, read> rayOrigin: array<vec3f>;
  var<storage, read> rayDirection: array<vec3f>;
  var<storage, read> rayFootprint: array<f32>;
  var<storage, read> rayRadius: array<f32>;
  var<storage, read> rayRight: array<vec3f>; // sides of pixels; zeros for round ones
  var<storage, read> rayDown: array<vec3f>;
  var<uniform> rayNear: f32;
  var<uniform> rayFar: f32;
  var<uniform> raySteps: u32;
  var<storage, read_write> meeting: array<vec3f>;

  fn distanceAlong(k: u32, t: f32) -> f32 { return distance(rayOrigin[k] + t * rayDirection[k]); }
  fn halfPixel(k: u32, t: f32) -> f32 { return max(rayRadius[k] + rayFootprint[k] * t, 1e-9); }
  fn measure(k: u32, t: f32) -> f32 { return distanceAlong(k, t) / halfPixel(k, t); } // (1)

  // Where f = level, between a point where it is more and one where it is less.
  fn enclosed(k: u32, outside: f32, inside: f32, level: f32) -> f32 {
    var a = outside;
    var b = inside;
    for (var i = 0u; i < 16u; i++) {
      let middle = 0.5 * (a + b);
      if (distanceAlong(k, middle) > level) { a = middle; } else { b = middle; }
    }
    return 0.5 * (a + b);
  }

  // The minimum of r between a and b.
  fn lowest(k: u32, from: f32, to: f32) -> f32 {
    let golden = 0.6180339887498949;
    var a = from;
    var b = to;
    var c = b - golden * (b - a);
    var d = a + golden * (b - a);
    var rc = measure(k, c);
    var rd = measure(k, d);
    for (var i = 0u; i < 48u; i++) {
      if (rc < rd) {
        b = d;
        d = c;
        rd = rc;
        c = b - golden * (b - a);
        rc = measure(k, c);
      } else {
        a = c;
        c = d;
        rc = rd;
        d = a + golden * (b - a);
        rd = measure(k, d);
      }
    }
    return 0.5 * (a + b);
  }

  ${facingText}
  ${partText}
  fn across(k: u32, t: f32, rho: f32) -> vec2f {
    let p = rayOrigin[k] + t * rayDirection[k];
    let right = 0.5 * rho * rayRight[k];
    let down = 0.5 * rho * rayDown[k];
    return vec2f(distance(p + right) - distance(p - right), distance(p + down) - distance(p - down)) / rho;
  }
  // h of a pixel: (4) of surface.ts.
  fn turned(k: u32, t: f32) -> vec2f {
    let rho = halfPixel(k, t);
    let higher = vec2f(measure(k, t - rho), measure(k, t + rho)) - measure(k, t);
    return facing(across(k, t - rho, rho), across(k, t + rho, rho), higher, rayRight[k], rayDown[k]);
  }

  // Where the ray meets what a touch at t shows.
  fn seen(k: u32, t: f32, h: vec2f) -> f32 {
    let rho = halfPixel(k, t);
    let level = coveredPart(measure(k, t), h).middle * rho;
    var a = t;
    var b = t;
    var step = 0.5 * rho;
    for (var i = 0u; i < 32u && a > rayNear; i++) {
      a = max(t - step, rayNear);
      if (distanceAlong(k, a) > level) { return enclosed(k, a, b, level); }
      b = a;
      step *= 2.0;
    }
    return t;
  }

  fn meet(found: ptr<function, array<vec3f, ${layers}>>, count: ptr<function, u32>, what: vec3f) {
    if (*count < ${layers}u) { (*found)[*count] = what; }
    *count = *count + 1u;
  }

  @compute @workgroup_size(64)
  fn traceField(@builtin(global_invocation_id) id: vec3u) {
    let k = id.x;
    var found: array<vec3f, ${layers}>;
    for (var i = 0u; i < ${layers}u; i++) { found[i] = vec3f(0); }
    var count = 0u;
    var t = rayNear;
    var f = distanceAlong(k, t);
    var outside = f > 0.0;     // whether the ray has been outside
    var open = t;              // the last place outside
    var falling = false;
    var apart = true;          // whether the ray has left what it touched last,
    var least = 0.0;           // and how near it came to that
    var r = f / halfPixel(k, t);
    var last = t;              // the places before this one
    var before = t;
    for (var i = 0u; i < raySteps && t < rayFar && (count < ${layers}u || !apart); i++) {
      let rho = halfPixel(k, t);
      before = last;
      last = t;
      t += max(f, rho); // (2)
      f = distanceAlong(k, t);
      let next = f / halfPixel(k, t);
      if (!outside) {
        outside = f > 0.0;
        open = t;
      } else if (next < -${reach}) {
        let root = enclosed(k, open, t, 0.0);
        meet(&found, &count, vec3f(root, ${hit}.0, root));
        break;
      } else {
        apart = apart || next > ${reach};
        if (next < r) {
          falling = true;
        } else if (falling) {
          falling = false;
          let at = lowest(k, before, t);
          let most = measure(k, at);
          let h = turned(k, at);
          if (most < max(-0.5 * (abs(h.x) + abs(h.y)), -${reach})) {
            let root = enclosed(k, open, at, 0.0);
            meet(&found, &count, vec3f(root, ${hit}.0, root));
            break;
          }
          if (most < ${reach} && (apart || most < least)) {
            if (!apart) { count--; }
            meet(&found, &count, vec3f(at, ${touch}.0, seen(k, at, h)));
            apart = false;
            least = most;
          }
        }
        if (f > 0.0) { open = t; }
      }
      r = next;
    }
    for (var i = 0u; i < ${layers}u; i++) { meeting[k * ${layers}u + i] = found[i]; }
  }
`;

/** The field at points, differentiable. */
export const valueText = (field: string): string => /* wgsl */ `${field}
  var<storage, read> fieldPoints: array<vec3f>;
  var<storage, read_write> value: array<f32>;
  @compute @workgroup_size(64)
  fn fieldValue(@builtin(global_invocation_id) id: vec3u) { value[id.x] = distance(fieldPoints[id.x]); }
`;
