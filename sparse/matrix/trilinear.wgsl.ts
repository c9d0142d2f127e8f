/**
 * The kernels of trilinear.ts for b × b blocks: one invocation makes one number.
 *
 * `width` vectors lie side by side, so that number n of vector c is word n · width + c.
 */

const each = (b: number, line: (c: number) => string): string => Array.from({ length: b }, (_, c) => line(c)).join(' ');

/** (A right)[n] */
export const rowText = (b: number) => /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> rowStart: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> right: array<f32>;
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn rowTimes(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x % max(width, 1u);
    let n = id.x / max(width, 1u);
    let i = n / ${b}u;
    let a = n % ${b}u;
    var sum = 0.0;
    for (var k = rowStart[i]; k < rowStart[i + 1u]; k++) {
      let v = (k * ${b}u + a) * ${b}u;
      let x = column[k] * ${b}u;
      ${each(b, j => `sum += value[v + ${j}u] * right[(x + ${j}u) * width + c];`)}
    }
    result[id.x] = sum;
  }
`;

/** (Aᵀ left)[n]: the pattern is that of Aᵀ, and `entry` says where its entries are in A. */
export const columnText = (b: number) => /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> rowStart: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> entry: array<u32>;
  var<storage, read> value: array<f32>;
  var<storage, read> left: array<f32>;
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn columnTimes(@builtin(global_invocation_id) id: vec3u) {
    let c = id.x % max(width, 1u);
    let n = id.x / max(width, 1u);
    let i = n / ${b}u;
    let a = n % ${b}u;
    var sum = 0.0;
    for (var k = rowStart[i]; k < rowStart[i + 1u]; k++) {
      let v = entry[k] * ${b * b}u + a;
      let y = column[k] * ${b}u;
      ${each(b, j => `sum += value[v + ${j * b}u] * left[(y + ${j}u) * width + c];`)}
    }
    result[id.x] = sum;
  }
`;

/** left rightᵀ at one number of a block. */
export const entryText = (b: number) => /* wgsl */ `
  override width: u32 = 1;
  var<storage, read> row: array<u32>;
  var<storage, read> column: array<u32>;
  var<storage, read> left: array<f32>;
  var<storage, read> right: array<f32>;
  var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn entryOuter(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x / ${b * b}u;
    let y = (row[e] * ${b}u + id.x / ${b}u % ${b}u) * width;
    let x = (column[e] * ${b}u + id.x % ${b}u) * width;
    var sum = 0.0;
    for (var c = 0u; c < width; c++) { sum += left[y + c] * right[x + c]; }
    result[id.x] = sum;
  }
`;
