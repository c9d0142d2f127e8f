/**
 * The kernels of tridiagonal.ts. Row i of system s is word (s / inner · n + i) · inner + s % inner.
 *
 *   cᵢ = uᵢ / (dᵢ − lᵢ cᵢ₋₁)      yᵢ = (bᵢ − lᵢ yᵢ₋₁) / (dᵢ − lᵢ cᵢ₋₁)      xᵢ = yᵢ − cᵢ xᵢ₊₁                   Thomas's algorithm
 *
 * A periodic matrix is a tridiagonal one and a product of two vectors, A = A′ + v wᵀ with v = (γ, 0, …, 0, uₙ₋₁), w = (1, 0, …, 0, l₀/γ),
 * γ = −d₀; by Sherman and Morrison's formula, with A′ y = b and A′ z = v,
 *
 *   x = y − z (w·y) / (1 + w·z)
 *
 * Golub & Van Loan: Matrix Computations, 4th ed., 2013, §4.3.6 and §2.1.4. Press et al.: Numerical Recipes, 3rd ed., 2007, §2.7.2.
 */

const place = /* wgsl */ `
  override n: u32 = 1;
  override inner: u32 = 1;
`;

const bands = /* wgsl */ `
  ${place}
  var<storage, read> lower: array<f32>;
  var<storage, read> diagonal: array<f32>;
  var<storage, read> upper: array<f32>;
`;

const bad = '!(abs(pivot) > 0.0 && abs(pivot) < 3.4e38)';

export const eliminationText: string = /* wgsl */ `
  ${bands}
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> ratio: array<f32>;
  @unique var<storage, read_write> x: array<f32>;
  var<storage, read_write> broken: array<u32>;   // 1 + row of the first bad pivot, or 0
  @compute @workgroup_size(64)
  fn tridiagonal(@builtin(global_invocation_id) id: vec3u) {
    let first = id.x / inner * n * inner + id.x % inner;
    var c = 0.0;
    var y = 0.0;
    var failed = 0u;
    for (var i = 0u; i < n; i++) {
      let k = first + i * inner;
      let l = select(lower[k], 0.0, i == 0u);
      let pivot = diagonal[k] - l * c;
      if (failed == 0u && ${bad}) { failed = i + 1u; }
      c = upper[k] / pivot;
      y = (b[k] - l * y) / pivot;
      ratio[k] = c;
      x[k] = y;
    }
    for (var i = n - 1u; i > 0u; i--) {
      let k = first + (i - 1u) * inner;
      y = x[k] - ratio[k] * y;
      x[k] = y;
    }
    broken[id.x] = failed;
  }
`;

export const periodicText: string = /* wgsl */ `
  override rounding: f32 = 0.0;
  ${bands}
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> ratio: array<f32>;
  @unique var<storage, read_write> x: array<f32>;
  @unique var<storage, read_write> z: array<f32>;
  var<storage, read_write> broken: array<u32>;
  @compute @workgroup_size(64)
  fn periodicTridiagonal(@builtin(global_invocation_id) id: vec3u) {
    let first = id.x / inner * n * inner + id.x % inner;
    let last = first + (n - 1u) * inner;
    let corner = upper[last];
    let gamma = -diagonal[first];
    let w = lower[first] / gamma;
    var c = 0.0;
    var y = 0.0;
    var v = 0.0;
    var failed = 0u;
    for (var i = 0u; i < n; i++) {
      let k = first + i * inner;
      let l = select(lower[k], 0.0, i == 0u);
      let d = diagonal[k] - select(0.0, gamma, i == 0u) - select(0.0, corner * w, i == n - 1u);
      let pivot = d - l * c;
      if (failed == 0u && ${bad}) { failed = i + 1u; }
      c = upper[k] / pivot;
      y = (b[k] - l * y) / pivot;
      v = (select(0.0, gamma, i == 0u) + select(0.0, corner, i == n - 1u) - l * v) / pivot;
      ratio[k] = c;
      x[k] = y;
      z[k] = v;
    }
    for (var i = n - 1u; i > 0u; i--) {
      let k = first + (i - 1u) * inner;
      y = x[k] - ratio[k] * y;
      v = z[k] - ratio[k] * v;
      x[k] = y;
      z[k] = v;
    }
    let pivot = 1.0 + z[first] + w * z[last];
    let size = 1.0 + abs(z[first]) + abs(w * z[last]);
    if (failed == 0u && !(abs(pivot) > rounding * size && size < 3.4e38)) { failed = n; }
    let part = (x[first] + w * x[last]) / pivot;
    for (var i = 0u; i < n; i++) {
      let k = first + i * inner;
      x[k] -= part * z[k];
    }
    broken[id.x] = failed;
  }
`;

/** Neighbours of a word: at the ends those at the other end, which count only if periodic. */
const neighbours = /* wgsl */ `
    let k = id.x;
    let i = k / inner % n;
    let before = select(k - inner, k + (n - 1u) * inner, i == 0u);
    let after = select(k + inner, k - (n - 1u) * inner, i == n - 1u);
    let hasBefore = periodic || i > 0u;
    let hasAfter = periodic || i < n - 1u;
`;

/** The bands of Aᵀ. */
export const turnText: string = /* wgsl */ `
  ${place}
  override periodic: bool = false;
  var<storage, read> lower: array<f32>;
  var<storage, read> upper: array<f32>;
  var<storage, read_write> lowerT: array<f32>;
  var<storage, read_write> upperT: array<f32>;
  @compute @workgroup_size(64)
  fn transposeBands(@builtin(global_invocation_id) id: vec3u) {
    ${neighbours}
    if (hasBefore) { lowerT[k] = upper[before]; }
    if (hasAfter) { upperT[k] = lower[after]; }
  }
`;

export const adjointsText: string = /* wgsl */ `
  ${place}
  override periodic: bool = false;
  var<storage, read> lambda: array<f32>;
  var<storage, read> x: array<f32>;
  var<storage, read_write> lowerBar: array<f32>;
  var<storage, read_write> diagonalBar: array<f32>;
  var<storage, read_write> upperBar: array<f32>;
  @compute @workgroup_size(64)
  fn bandAdjoints(@builtin(global_invocation_id) id: vec3u) {
    ${neighbours}
    if (hasBefore) { lowerBar[k] = -lambda[k] * x[before]; }
    diagonalBar[k] = -lambda[k] * x[k];
    if (hasAfter) { upperBar[k] = -lambda[k] * x[after]; }
  }
`;

/** y = A x */
export const productText: string = /* wgsl */ `
  ${bands}
  override periodic: bool = false;
  var<storage, read> x: array<f32>;
  var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn tridiagonalTimes(@builtin(global_invocation_id) id: vec3u) {
    ${neighbours}
    var sum = diagonal[k] * x[k];
    if (hasBefore) { sum += lower[k] * x[before]; }
    if (hasAfter) { sum += upper[k] * x[after]; }
    y[k] = sum;
  }
`;
