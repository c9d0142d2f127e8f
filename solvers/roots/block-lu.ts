/**
 * Block-diagonal matrices A = diag(A₁ … A_m) with k × k blocks: found by asking for their columns, factored, solved with.
 *
 *   A (e_j, …, e_j) = (column j of A₁, …, column j of A_m),  j = 0 … k − 1,      P_b A_b = L_b U_b
 *
 * k products show all blocks, however many there are; one invocation factors each, by Gaussian elimination with partial pivoting. With
 * k = n it is a dense matrix. A block that is singular gives infinities or NaN, which is for the caller to judge. Where a block
 * keeps its numbers is a matter of two strides: row i of block b is word b · blockStride + i · rowStride of a vector.
 * Golub & Van Loan: Matrix Computations, 4th ed., 2013, §3.4.
 */

import { kernel, lazyKernel, type Rule, record, stack, type Tensor, tensor } from '../../kernel/index.ts';
import type { Preconditioner, Prepared } from '../../sparse/index.ts';

export interface Blocks {
  /** m */
  readonly count: number;
  /** k */
  readonly rows: number;
  readonly blockStride: number;
  readonly rowStride: number;
}

/** L and U in place of A, [k, k, m], and the row that came to each row, [k, m]. */
export interface Factors {
  readonly lu: Tensor;
  readonly pivots: Tensor;
}

const factorKernel = lazyKernel(/* wgsl */ `
  struct Shape { k: u32, m: u32, blockStride: u32, rowStride: u32 }
  var<storage, read> columns: array<f32>; // J's, [k, m k]
  var<storage, read> scale: array<f32>;   // A = shift I − scale J; a scale for each row of a batch
  var<uniform> shape: Shape;
  var<uniform> shift: f32;
  @unique var<storage, read_write> lu: array<f32>;
  @unique var<storage, read_write> pivots: array<u32>;
  @compute @workgroup_size(64)
  fn factor(@builtin(global_invocation_id) id: vec3u) {
    let b = id.x;
    let k = shape.k;
    let m = shape.m;
    let s = scale[b / (m / arrayLength(&scale))];
    for (var i = 0u; i < k; i++) {
      for (var j = 0u; j < k; j++) {
        let entry = columns[j * m * k + b * shape.blockStride + i * shape.rowStride];
        lu[(i * k + j) * m + b] = select(0.0, shift, i == j) - s * entry;
      }
    }
    for (var p = 0u; p < k; p++) {
      var pivot = p;
      for (var i = p + 1u; i < k; i++) {
        if (abs(lu[(i * k + p) * m + b]) > abs(lu[(pivot * k + p) * m + b])) { pivot = i; }
      }
      pivots[p * m + b] = pivot;
      if (pivot != p) {
        for (var j = 0u; j < k; j++) {
          let kept = lu[(p * k + j) * m + b];
          lu[(p * k + j) * m + b] = lu[(pivot * k + j) * m + b];
          lu[(pivot * k + j) * m + b] = kept;
        }
      }
      for (var i = p + 1u; i < k; i++) {
        let factor = lu[(i * k + p) * m + b] / lu[(p * k + p) * m + b];
        lu[(i * k + p) * m + b] = factor;
        for (var j = p + 1u; j < k; j++) { lu[(i * k + j) * m + b] -= factor * lu[(p * k + j) * m + b]; }
      }
    }
  }
`);

/**
 * Factors shift I − scale J.
 *
 * @param columns Of J, [k, n]: row j is J (e_j, …, e_j).
 * @param scale One number, or one for each of so many equal groups of blocks.
 */
export function factorBlocks(
  { count: m, rows: k, ...strides }: Blocks,
  columns: Tensor,
  shift: number,
  scale: Tensor,
): Factors {
  const { lu, pivots } = factorKernel(
    { columns, scale: scale.reshape([scale.size]), shape: { k, m, ...strides }, shift },
    { count: m, out: { lu: [k, k, m], pivots: [k, m] } },
  );
  return { lu, pivots };
}

/** WGSL: x := A⁻¹ x, for x in the output `x`, whose words of block b begin at `at` and are `stride` apart; `lu` and `pivots` are inputs. */
export const solveInPlace = (at: string, stride: string): string => `
    for (var i = 0u; i < k; i++) {
      let pivot = pivots[i * m + b];
      let kept = x[${at} + i * ${stride}];
      x[${at} + i * ${stride}] = x[${at} + pivot * ${stride}];
      x[${at} + pivot * ${stride}] = kept;
    }
    for (var i = 1u; i < k; i++) {
      var sum = x[${at} + i * ${stride}];
      for (var j = 0u; j < i; j++) { sum -= lu[(i * k + j) * m + b] * x[${at} + j * ${stride}]; }
      x[${at} + i * ${stride}] = sum;
    }
    for (var back = 0u; back < k; back++) {
      let i = k - 1u - back;
      var sum = x[${at} + i * ${stride}];
      for (var j = i + 1u; j < k; j++) { sum -= lu[(i * k + j) * m + b] * x[${at} + j * ${stride}]; }
      x[${at} + i * ${stride}] = sum / lu[(i * k + i) * m + b];
    }`;

const solveTransposedInPlace = (at: string, stride: string): string => `
    for (var i = 0u; i < k; i++) {
      var sum = x[${at} + i * ${stride}];
      for (var j = 0u; j < i; j++) { sum -= lu[(j * k + i) * m + b] * x[${at} + j * ${stride}]; }
      x[${at} + i * ${stride}] = sum / lu[(i * k + i) * m + b];
    }
    for (var back = 0u; back < k; back++) {
      let i = k - 1u - back;
      var sum = x[${at} + i * ${stride}];
      for (var j = i + 1u; j < k; j++) { sum -= lu[(j * k + i) * m + b] * x[${at} + j * ${stride}]; }
      x[${at} + i * ${stride}] = sum;
    }
    for (var back = 0u; back < k; back++) {
      let i = k - 1u - back;
      let pivot = pivots[i * m + b];
      let kept = x[${at} + i * ${stride}];
      x[${at} + i * ${stride}] = x[${at} + pivot * ${stride}];
      x[${at} + pivot * ${stride}] = kept;
    }`;

const solver = (name: string, inPlace: (at: string, stride: string) => string) =>
  kernel(/* wgsl */ `
  struct Shape { k: u32, m: u32, blockStride: u32, rowStride: u32, w: u32 }
  var<storage, read> lu: array<f32>;
  var<storage, read> pivots: array<u32>;
  var<storage, read> r: array<f32>; // [m k, w]
  var<uniform> shape: Shape;
  @unique var<storage, read_write> x: array<f32>;
  @compute @workgroup_size(64)
  fn ${name}(@builtin(global_invocation_id) id: vec3u) {
    let k = shape.k;
    let m = shape.m;
    let b = id.x / shape.w;
    let at = b * shape.blockStride * shape.w + id.x % shape.w;
    let stride = shape.rowStride * shape.w;
    for (var i = 0u; i < k; i++) { x[at + i * stride] = r[at + i * stride]; }
    ${inPlace('at', 'stride')}
  }
`);
const forth = solver('solveBlocks', solveInPlace);
const back = solver('solveTransposedBlocks', solveTransposedInPlace);

/** A⁻¹ r, or A⁻ᵀ r where `turned`, for r of [n] or [n, w]. Differentiable in r; the factors count as constants. */
export function solveBlocks(blocks: Blocks, factors: Factors, r: Tensor, turned = false): Tensor {
  const { count: m, rows: k, ...strides } = blocks;
  const { lu, pivots } = factors;
  const shape = { k, m, ...strides, w: r.size / (m * k) };
  const { x } = (turned ? back : forth)(
    { lu: lu.detach(), pivots, r: r.detach(), shape },
    { count: m * shape.w, out: { x: r.shape } },
  );
  const again = ([lu, pivots]: readonly Tensor[], by: Tensor | undefined, flip: boolean): Tensor | undefined =>
    by && solveBlocks(blocks, { lu, pivots }, by, turned !== flip);
  const rule: Rule = {
    name: 'solveBlocks',
    vjp: (saved, [bar]) => [undefined, undefined, again(saved, bar, true)],
    jvp: (saved, [, , dot]) => [again(saved, dot, false)],
  };
  const node = record(rule, [lu.detach(), pivots, r]);
  if (node) x.attach(node, 0);
  return x;
}

/** A as the exact preconditioner of itself. @param options Rows of a block that follow each other, or fields. Default: a dense matrix. */
export function blockInverse({ block, fields }: { readonly block?: number; readonly fields?: number }): Preconditioner {
  return {
    name: 'the inverse of the blocks',
    exact: true,
    prepare(A): Prepared {
      const rows = fields ?? block ?? A.rows;
      const count = A.rows / rows;
      const strides = fields ? { blockStride: 1, rowStride: count } : { blockStride: rows, rowStride: 1 };
      const blocks: Blocks = { count, rows, ...strides };
      const columns = unitsOf(blocks, A.device).map(unit => A.apply(unit));
      const factors = factorBlocks(blocks, stack(columns), 0, tensor([-1], undefined, { device: A.device }));
      return {
        apply: r => solveBlocks(blocks, factors, r),
        applyTranspose: r => solveBlocks(blocks, factors, r, true),
      };
    },
  };
}

/** (e_j, …, e_j) for each j. */
export const unitsOf = ({ count, rows, blockStride, rowStride }: Blocks, device: Tensor['device']): readonly Tensor[] =>
  Array.from({ length: rows }, (_, j) => {
    const unit = new Float64Array(count * rows);
    for (let b = 0; b < count; b++) unit[b * blockStride + j * rowStride] = 1;
    return tensor(unit, [unit.length], { device });
  });
