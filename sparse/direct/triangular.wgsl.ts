/**
 * Triangular solves with groups of columns (factors.ts): one invocation for each right-hand side makes all numbers of x, each from those
 * made before.
 *
 * `width` vectors lie side by side, so that number n of vector c is word n · width + c.
 */

/** y = L⁻¹ b, b's rows in the order of elimination. Runs are the parts of row k of L in groups other than k's own. */
export const downText = /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> at: array<u32>;
  var<storage, read> first: array<u32>;
  var<storage, read> valueStart: array<u32>;
  var<storage, read> runStart: array<u32>;
  var<storage, read> run: array<vec2u>; // group, and where in value
  var<storage, read> value: array<f32>;
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn sweepDown(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x;
    for (var g = 0u; g + 1u < arrayLength(&first); g++) {
      let begin = first[g];
      let end = first[g + 1u];
      var own = valueStart[g];
      for (var k = begin; k < end; k++) {
        var sum = b[at[k] * width + c];
        for (var r = runStart[k]; r < runStart[k + 1u]; r++) {
          var v = run[r].y;
          let last = first[run[r].x + 1u];
          for (var j = first[run[r].x]; j < last; j++) {
            sum -= value[v] * y[j * width + c];
            v++;
          }
        }
        for (var j = begin; j < k; j++) {
          sum -= value[own] * y[j * width + c];
          own++;
        }
        y[k * width + c] = sum;
      }
    }
  }
`;

/** x = U⁻¹ D⁻¹ y, with x's rows back in the user's order; z is in the order of elimination. D⁻¹ has blocks of 1 or 2 rows. */
export const upText = /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> at: array<u32>;
  var<storage, read> first: array<u32>;
  var<storage, read> valueStart: array<u32>;
  var<storage, read> rowStart: array<u32>;
  var<storage, read> row: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> inverse: array<vec3f>; // D⁻¹(k, k − 1), D⁻¹(k, k), D⁻¹(k, k + 1)
  var<storage, read> y: array<f32>;
  @unique var<storage, read_write> z: array<f32>;
  @unique var<storage, read_write> x: array<f32>;
  @compute @workgroup_size(64)
  fn sweepUp(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x;
    for (var g = arrayLength(&first) - 1u; g > 0u; g--) {
      let begin = first[g - 1u];
      let end = first[g];
      let p = end - begin;
      let rows = valueStart[g - 1u] + p * (p - 1u) / 2u;
      for (var k = end; k > begin; k--) {
        let t = k - 1u - begin;
        let d = inverse[k - 1u];
        var sum = d.y * y[(k - 1u) * width + c];
        if (d.x != 0.0) { sum += d.x * y[(k - 2u) * width + c]; }
        if (d.z != 0.0) { sum += d.z * y[k * width + c]; }
        var v = rows + t;
        for (var q = rowStart[g - 1u]; q < rowStart[g]; q++) {
          sum -= value[v] * z[row[q] * width + c];
          v += p;
        }
        for (var i = t + 1u; i < p; i++) {
          sum -= value[valueStart[g - 1u] + i * (i - 1u) / 2u + t] * z[(begin + i) * width + c];
        }
        z[(k - 1u) * width + c] = sum;
        x[at[k - 1u] * width + c] = sum;
      }
    }
  }
`;
