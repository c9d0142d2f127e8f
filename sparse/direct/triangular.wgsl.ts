/**
 * Triangular solves with groups of columns (factors.ts): one invocation for some right-hand sides, `lanes` of them, makes all numbers of
 * their solutions, each from those made before.
 *
 * `width` vectors lie side by side, so that number n of vector c is word n · width + c.
 *
 * An invocation reads back what it has stored. A kernel that does so has no derivative (and `explain`, which shows it, refuses them):
 * solutions are differentiated by their equation (solution.ts), never through the sweeps.
 */

const each = (lanes: number, line: (lane: number) => string): string =>
  Array.from({ length: lanes }, (_, lane) => line(lane)).join(' ');

/** y = L⁻¹ b, b's rows in the order of elimination. Runs are the parts of row k of L in groups other than k's own. */
export const downText = (lanes: number): string => /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> at: array<u32>;
  var<storage, read> first: array<u32>;
  var<storage, read> valueStart: array<u32>;
  var<storage, read> runStart: array<u32>;
  var<storage, read> run: array<vec3u>; // columns from, to; where in value
  var<storage, read> value: array<f32>;
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn sweepDown(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x * ${lanes}u;
    for (var g = 0u; g + 1u < arrayLength(&first); g++) {
      let begin = first[g];
      let end = first[g + 1u];
      var own = valueStart[g];
      for (var k = begin; k < end; k++) {
        let from = at[k] * width + c;
        ${each(lanes, s => `var sum${s} = b[from + ${s}u];`)}
        for (var r = runStart[k]; r < runStart[k + 1u]; r++) {
          let part = run[r];
          var v = part.z;
          for (var j = part.x; j < part.y; j++) {
            let l = value[v];
            ${each(lanes, s => `sum${s} -= l * y[j * width + c + ${s}u];`)}
            v++;
          }
        }
        for (var j = begin; j < k; j++) {
          let l = value[own];
          ${each(lanes, s => `sum${s} -= l * y[j * width + c + ${s}u];`)}
          own++;
        }
        ${each(lanes, s => `y[k * width + c + ${s}u] = sum${s};`)}
      }
    }
  }
`;

/** x = U⁻¹ D⁻¹ y, with x's rows back in the user's order; z is in the order of elimination. D⁻¹ has blocks of 1 or 2 rows. */
export const upText = (lanes: number): string => /* wgsl */ `
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
    let c = id.x * ${lanes}u;
    for (var g = arrayLength(&first) - 1u; g > 0u; g--) {
      let begin = first[g - 1u];
      let end = first[g];
      let p = end - begin;
      let rows = valueStart[g - 1u] + p * (p - 1u) / 2u;
      for (var k = end; k > begin; k--) {
        let t = k - 1u - begin;
        let d = inverse[k - 1u];
        let here = (k - 1u) * width + c;
        ${each(lanes, s => `var sum${s} = d.y * y[here + ${s}u];`)}
        if (d.x != 0.0) { ${each(lanes, s => `sum${s} += d.x * y[here - width + ${s}u];`)} }
        if (d.z != 0.0) { ${each(lanes, s => `sum${s} += d.z * y[here + width + ${s}u];`)} }
        var v = rows + t;
        for (var q = rowStart[g - 1u]; q < rowStart[g]; q++) {
          let l = value[v];
          let from = row[q] * width + c;
          ${each(lanes, s => `sum${s} -= l * z[from + ${s}u];`)}
          v += p;
        }
        for (var i = t + 1u; i < p; i++) {
          let l = value[valueStart[g - 1u] + i * (i - 1u) / 2u + t];
          ${each(lanes, s => `sum${s} -= l * z[(begin + i) * width + c + ${s}u];`)}
        }
        let to = at[k - 1u] * width + c;
        ${each(lanes, s => `z[here + ${s}u] = sum${s}; x[to + ${s}u] = sum${s};`)}
      }
    }
  }
`;
