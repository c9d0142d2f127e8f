/**
 * Exact areas of a disc, a strip and a round cap inside one pixel, as WGSL functions.
 *
 *   V(x) = ∫₀ˣ √(R² − X²) dX = ½ (x s + R² atan(x / s)),   s = √(R² − x²)                     (1)
 *   area of the disc in [x₀, x₁] × [y₀, y₁] = T(x₁, y₁) − T(x₀, y₁) − T(x₁, y₀) + T(x₀, y₀)    (2)
 *   T(x, y) = ∫₀ˣ clamp(y, −√(R² − X²), √(R² − X²)) dX + const
 *           = sgn(y) (V(min(x, −c)) + V(max(x, c))) + y clamp(x, −c, c),   c = √(R² − y²)      (3)
 *   area of a polygon in [0, 1]² = |Σ_edges ∫ clamp(x(y), 0, 1) dy|, y clipped to [0, 1]       (4) Green
 *
 * Both are continuous in the geometry, and differentiable except where a border is tangent to a pixel's side (disc) or a
 * corner lies on one (strip); there the derivative is one of the two one-sided ones. So the gradient of an image is the
 * gradient of what is drawn, with no blur and no sampling. Near |x| = R the square root is bounded below, which changes (1)
 * by less than 1e-10 R² and keeps its derivative finite. f32: areas to about 1e-5.
 */
export const coverage: string = /* wgsl */ `
  fn circleIntegral(x: f32, R: f32) -> f32 {
    let s = sqrt(max(R * R - x * x, 1e-7 * R * R));
    return 0.5 * (x * s + R * R * atan2(x, s));                                        // (1)
  }

  fn discCorner(x: f32, y: f32, R: f32) -> f32 {
    let c = sqrt(max(R * R - y * y, 1e-7 * R * R));
    return sign(y) * (circleIntegral(min(x, -c), R) + circleIntegral(max(x, c), R)) + y * clamp(x, -c, c);   // (3)
  }

  // Area of the disc inside the unit pixel whose corner nearest the origin is at pixel.
  fn discArea(pixel: vec2f, centre: vec2f, R: f32) -> f32 {
    if (R <= 0.0) { return 0.0; }
    let low = pixel - centre;
    let high = low + 1.0;
    let far = max(abs(low), abs(high));
    if (dot(far, far) <= R * R) { return 1.0; }
    let near = max(max(low, -high), vec2f(0));
    if (dot(near, near) >= R * R) { return 0.0; }
    let a = clamp(low, vec2f(-R), vec2f(R));
    let b = clamp(high, vec2f(-R), vec2f(R));
    return discCorner(b.x, b.y, R) - discCorner(a.x, b.y, R) - discCorner(b.x, a.y, R) + discCorner(a.x, a.y, R);   // (2)
  }

  // One edge's share of (4): what lies between it and the pixel's side x = 0.
  fn edgeArea(p: vec2f, q: vec2f) -> f32 {
    let ya = clamp(p.y, 0.0, 1.0);
    let yb = clamp(q.y, 0.0, 1.0);
    if (ya == yb) { return 0.0; }
    let slope = (q.x - p.x) / (q.y - p.y);
    let xa = p.x + (ya - p.y) * slope;
    let xb = p.x + (yb - p.y) * slope;
    let low = min(xa, xb);
    let high = max(xa, xb);
    if (high - low < 1e-3) { return (yb - ya) * clamp(0.5 * (low + high), 0.0, 1.0); }
    let a = clamp(low, 0.0, 1.0);
    let b = clamp(high, 0.0, 1.0);
    return (yb - ya) * (0.5 * (b - a) * (a + b) + max(high - max(low, 1.0), 0.0)) / (high - low);
  }

  // Area of the strip from a to b, of half width h, inside the unit pixel at pixel.
  fn stripArea(pixel: vec2f, a: vec2f, b: vec2f, h: f32) -> f32 {
    let along = normalize(b - a);
    let side = h * vec2f(-along.y, along.x);
    let p = a + side - pixel;
    let q = b + side - pixel;
    let r = b - side - pixel;
    let s = a - side - pixel;
    return abs(edgeArea(p, q) + edgeArea(q, r) + edgeArea(r, s) + edgeArea(s, p));     // (4)
  }

  // Area of the half disc about centre on the side of outward (a unit vector), inside the unit pixel at pixel: as a fan
  // of eight edges with the area of the half disc.
  fn capArea(pixel: vec2f, centre: vec2f, outward: vec2f, h: f32) -> f32 {
    let reach = h * 1.0130015;                      // √(π / (8 sin(π / 8)))
    let side = reach * vec2f(-outward.y, outward.x);
    let out = reach * outward;
    let middle = centre - pixel;
    var sum = edgeArea(middle - side, middle + side);
    var last = middle + side;
    for (var k = 1u; k <= 8u; k++) {
      let angle = f32(k) * 0.39269908;
      let next = middle + cos(angle) * side + sin(angle) * out;
      sum += edgeArea(last, next);
      last = next;
    }
    return abs(sum);
  }
`;
