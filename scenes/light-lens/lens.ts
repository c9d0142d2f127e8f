/**
 * A square of glass, lit through its flat back; its front has heights, and bends the light onto a screen.
 *
 *   h(x, y) = Σ_ij c_ij B(g x − i) B(g y − j)             cubic B-splines on a grid of g × g cells over [0, 1]²            (1)
 *   N = (−h_x, −h_y, 1) / |…|,  t = n d + (√(1 − n² (1 − cos²)) − n cos) N,  cos = N·d,  d = (0, 0, 1)                     (2) Snell
 *   X = (x, y) + (D − h) (t_x, t_y) / t_z                 where the ray meets the screen, at the distance D               (3)
 *   E(p) = Σ_rays b(X − p)                                b: quadratic B-splines over three pixels                        (4)
 *
 * Lengths are in the lens's side; the screen is as large as the lens, before it. Rays are alike, and no light is lost in reflection; what
 * misses the screen is gone. (4) is differentiable once everywhere; it is 1 on the mean where the lens is flat.
 */

import { kernelsByKey, type Tensor } from '../../kernel/index.ts';

export interface Lens {
  /** Of the glass. */
  readonly index: number;
  /** D. */
  readonly distance: number;
  /** Along a side of the screen. */
  readonly pixels: number;
  /** Along a side of the lens; twice as many as pixels, or more, leave no gaps where light is spread. */
  readonly rays: number;
}

const text = /* wgsl */ `
  var<storage, read> c: array<f32>;              // (g + 3)², rows along x
  var<uniform> index: f32;
  var<uniform> distance: f32;
  var<uniform> pixels: f32;
  var<uniform> rays: f32;
  var<uniform> cells: f32;
  var<storage, read_write> light: array<f32>;

  fn spline(f: f32) -> vec4f {
    let e = 1.0 - f;
    return vec4f(e * e * e, 4.0 + f * f * (3.0 * f - 6.0), 4.0 + e * e * (3.0 * e - 6.0), f * f * f) / 6.0;
  }
  fn slope(f: f32) -> vec4f {
    let e = 1.0 - f;
    return vec4f(-e * e, f * (3.0 * f - 4.0), e * (4.0 - 3.0 * e), f * f) / 2.0;
  }
  fn quadratic(f: f32) -> vec3f {                // of the pixel before, at and after; f from its left side
    return vec3f(0.5 * (1.0 - f) * (1.0 - f), 0.5 + f * (1.0 - f), 0.5 * f * f);
  }

  @compute @workgroup_size(8, 8)
  fn caustic(@builtin(global_invocation_id) id: vec3u) {
    let p = (vec2f(id.xy) + 0.5) / rays;
    let at = p * cells;
    let cell = min(floor(at), vec2f(cells - 1.0));
    let f = at - cell;
    let wide = u32(cells) + 3u;
    let first = u32(cell.y) * wide + u32(cell.x);
    let bx = spline(f.x);
    let by = spline(f.y);
    let sx = slope(f.x);
    let sy = slope(f.y);
    var h = 0.0;
    var hx = 0.0;
    var hy = 0.0;
    for (var j = 0u; j < 4u; j++) {
      let row = first + j * wide;
      let four = vec4f(c[row], c[row + 1u], c[row + 2u], c[row + 3u]);
      let along = dot(four, bx);
      h += by[j] * along;                                                           // (1)
      hx += by[j] * dot(four, sx);
      hy += sy[j] * along;
    }
    let N = normalize(vec3f(-cells * hx, -cells * hy, 1.0));
    let inside = max(1.0 - index * index * (1.0 - N.z * N.z), 1e-4);                // beyond it light would be reflected
    let t = vec3f(0.0, 0.0, index) + (sqrt(inside) - index * N.z) * N;              // (2)
    let X = pixels * (p + (distance - h) * t.xy / t.z);                             // (3)
    let low = floor(X);
    let wx = quadratic(X.x - low.x);
    let wy = quadratic(X.y - low.y);
    let share = pixels * pixels / (rays * rays);
    let n = i32(pixels);
    for (var j = 0; j < 3; j++) {
      for (var i = 0; i < 3; i++) {
        let column = i32(low.x) + i - 1;
        let row = i32(low.y) + j - 1;
        if (column >= 0 && column < n && row >= 0 && row < n) {
          light[(n - 1 - row) * n + column] += share * wx[i] * wy[j];               // (4)
        }
      }
    }
  }
`;
const kernelOf = kernelsByKey();

/** Light on the screen, [pixels, pixels], rows from the top. @param c [g + 3, g + 3]. */
export function caustic(c: Tensor, { index, distance, pixels, rays }: Lens): Tensor {
  const run = kernelOf('caustic', () => text);
  const cells = c.shape[0] - 3;
  const sizes = { index, distance, pixels, rays, cells };
  return run({ c, ...sizes }, { count: [rays, rays], out: { light: [pixels, pixels] } }).light as Tensor;
}

/** The same heights on a grid of twice as many cells: knots of cubic splines put in between. @param c (g + 3)² numbers. */
export function refined(c: ArrayLike<number>, cells: number): Float64Array {
  const wide = cells + 3;
  const fine = 2 * cells + 3;
  /** Even places have the mean of two, odd ones ⅛, ¾ and ⅛ of three. */
  const along = (of: (k: number) => number): number[] =>
    Array.from({ length: fine }, (_, k) => {
      const m = Math.floor((k + 1) / 2);
      return k % 2 === 0 ? (of(m) + of(m + 1)) / 2 : (of(m - 1) + 6 * of(m) + of(m + 1)) / 8;
    });
  const rows = Array.from({ length: wide }, (_, j) => along(i => c[j * wide + i]));
  const columns = Array.from({ length: fine }, (_, i) => along(j => rows[j][i]));
  return Float64Array.from({ length: fine * fine }, (_, k) => columns[k % fine][Math.floor(k / fine)]);
}
