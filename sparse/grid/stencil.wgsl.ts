/**
 * Kernels of the operator A u = −∇·(k ∇u) + c u in flux form.
 *
 *   (A u)_i = Σ_faces k_f (u_i − u_neighbour) / h² + c_i u_i
 *
 * Differences come first and are then weighted: on fine grids that keeps digits which an assembled row (4 u − u − u − …) loses.
 * Unknown i of vector c is word i · width + c; invocation (i, y, z) with x = i / width makes one word.
 */

import type { Axis, AxisName, Layout } from './layout.ts';

export interface Form {
  readonly layout: Layout;
  /** k is one number, or one for each face of each axis. */
  readonly faces: boolean;
  /** c is absent, one number, or one for each unknown. */
  readonly reaction: 'none' | 'number' | 'field';
}

/** What kernels of a form share: grids of other sizes and spacings have the same text. */
export const formKey = ({ layout: { placement, axes }, faces, reaction }: Form): string =>
  `${placement} ${axes.map(({ name, low, high }) => `${name} ${low} ${high}`).join(', ')} ${faces} ${reaction}`;

const sizes = (axes: readonly Axis[]): string =>
  axes.map(({ name }) => `var<uniform> n${name}: u32;\n  var<uniform> w${name}: f32;`).join('\n  ');

/** Coordinates x, y, z of an invocation, the number i of its unknown, and its word. */
export const place = (axes: readonly Axis[]): string => {
  const [, y, z] = axes;
  return `let x = id.x / max(width, 1u);
    ${y ? 'let y = id.y;' : ''}
    ${z ? 'let z = id.z;' : ''}
    let i = ${z ? '(z * ny + y) * nx + x' : y ? 'y * nx + x' : 'x'};
    let word = i * width + id.x % max(width, 1u);`;
};

/** Number of a face of an axis, shifted by `by`: the faces' own grid is longer along its axis. */
function face({ axes }: Layout, along: Axis, by: 0 | 1): string {
  const at = (axis: Axis): string => {
    const { name } = axis;
    if (axis !== along || by === 0) return name;
    return axis.low === 'periodic' ? `select(${name} + 1u, 0u, ${name} == n${name} - 1u)` : `(${name} + 1u)`;
  };
  const long = (axis: Axis): string =>
    axis === along && axis.low !== 'periodic' ? `(n${axis.name} + 1u)` : `n${axis.name}`;
  return axes.reduceRight((rest, axis) => (rest === '' ? at(axis) : `(${rest}) * ${long(axis)} + ${at(axis)}`), '');
}

const stride: Readonly<Record<AxisName, string>> = { x: 'width', y: 'nx * width', z: 'ny * nx * width' };

/** What one face adds: k times the difference to the neighbour, or at a side to the value 0 there, and k as a weight. */
function flux({ layout, faces }: Form, axis: Axis, end: 'low' | 'high', paired: boolean): string {
  const { name } = axis;
  const step = stride[name];
  const side = axis[end];
  const inside = end === 'low' ? `${name} > 0u` : `${name} < n${name} - 1u`;
  const beyond = end === 'low' ? `word - ${step}` : `word + ${step}`;
  const around = end === 'low' ? `word + (n${name} - 1u) * ${step}` : `word - (n${name} - 1u) * ${step}`;
  const at = side === 'periodic' ? `select(${around}, ${beyond}, ${inside})` : beyond;
  const edge = side === 'neumann' ? '0.0' : layout.placement === 'cell' ? '2.0' : '1.0';
  const difference = (own: string, u: string): string =>
    side === 'periodic' ? `${own} - ${u}[${at}]` : `select(${edge} * ${own}, ${own} - ${u}[${at}], ${inside})`;
  const k = faces ? `k${name}[${face(layout, axis, end === 'low' ? 0 : 1)}]` : '1.0';
  return `let k = ${k};
      let t = ${difference('own', 'u')};
      d += k * t;
      ${paired ? `e += k * (${difference('ownLow', 'low')})${faces ? ' + productError(k, t)' : ''};` : ''}
      all += ${side === 'periodic' ? 'k' : `k * select(${edge}, 1.0, ${inside})`};`;
}

/**
 * Adds what an axis contributes. Both sides' differences are summed before they are weighted: these sums are exact where u is
 * smooth. In a pair, what is lost in products and what the lower parts give is summed beside.
 */
const along = (form: Form, axis: Axis, paired: boolean): string => `{
      var d = 0.0;
      var e = 0.0;
      var all = 0.0;
      { ${flux(form, axis, 'low', paired)} }
      { ${flux(form, axis, 'high', paired)} }
      let w = w${axis.name}${form.faces ? '' : ' * k'};
      sum += w * (d + e);
      diagonal += w * all;
    }`;

/** a · b minus what it is rounded to. Dekker, Numer. Math. 18 (1971) 224; 4097 = 2¹² + 1 halves the 24 digits of an f32. */
const productError = /* wgsl */ `
  fn upper(a: f32) -> f32 { let c = 4097.0 * a; return c - (c - a); }
  fn productError(a: f32, b: f32) -> f32 {
    let p = a * b;
    let aHigh = upper(a);
    let bHigh = upper(b);
    let aLow = a - aHigh;
    let bLow = b - bHigh;
    return ((aHigh * bHigh - p) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
  }`;

const bindings = ({ layout: { axes }, faces, reaction }: Form): string =>
  [
    ...(faces ? axes.map(({ name }) => `var<storage, read> k${name}: array<f32>;`) : ['var<storage, read> k: f32;']),
    ...(reaction === 'none' ? [] : [`var<storage, read> c: ${reaction === 'number' ? 'f32' : 'array<f32>'};`]),
  ].join('\n  ');

/** Declares `own`, `sum` = (A u)_i and `diagonal` = A_ii. */
const body = (form: Form, paired = false): string => `
    ${place(form.layout.axes)}
    let own = u[word];
    ${paired ? 'let ownLow = low[word];' : ''}
    var sum = 0.0;
    var diagonal = 0.0;
    ${form.layout.axes.map(axis => along(form, axis, paired)).join('\n    ')}
    ${form.reaction === 'none' ? '' : `{ let w = ${form.reaction === 'number' ? 'c' : 'c[i]'}; sum += w * ${paired ? '(own + ownLow)' : 'own'}; diagonal += w; }`}`;

const head = (form: Form): string => `
  override width: u32 = 1;
  ${sizes(form.layout.axes)}
  ${bindings(form)}
  var<storage, read> u: array<f32>;`;

/** result = A u */
export const applyText = (form: Form) => `${head(form)}
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn stencilApply(@builtin(global_invocation_id) id: vec3u) {${body(form)}
    result[word] = sum;
  }`;

/** result = b − A u */
export const residualText = (form: Form) => `${head(form)}
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn stencilResidual(@builtin(global_invocation_id) id: vec3u) {${body(form)}
    result[word] = b[word] - sum;
  }`;

/** result = b − A (u + low) */
export const pairText = (form: Form) => `${head(form)}
  ${form.faces ? productError : ''}
  var<storage, read> low: array<f32>;
  var<storage, read> b: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn stencilPair(@builtin(global_invocation_id) id: vec3u) {${body(form, true)}
    result[word] = b[word] - sum;
  }`;

/** One colour of a red-black Gauss–Seidel sweep. */
export const sweepText = (form: Form) => `${head(form)}
  var<storage, read> b: array<f32>;
  var<uniform> colour: u32;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn stencilSweep(@builtin(global_invocation_id) id: vec3u) {${body(form)}
    let mine = ((${form.layout.axes.map(({ name }) => name).join(' + ')}) & 1u) == colour && diagonal > 0.0;
    result[word] = own + select(0.0, (b[word] - sum) / diagonal, mine);
  }`;

export const diagonalText = (form: Form) => `${head(form)}
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn stencilDiagonal(@builtin(global_invocation_id) id: vec3u) {${body(form)}
    result[word] = diagonal;
  }`;

/** ∂/∂k of vᵀ A u for each face of an axis: w (v⁺ − v⁻)(u⁺ − u⁻), where beyond a Dirichlet side lie zeros (or −v, −u at half a step). */
export const facesText = ({ layout }: Form, axis: Axis) => {
  const { axes, placement } = layout;
  const { name, low, high } = axis;
  const n = `n${name}`;
  const [, y, z] = axes;
  const cell = (at: string) =>
    `${z ? `(${name === 'z' ? at : 'z'} * ny + ${name === 'y' ? at : 'y'}) * nx` : y ? `${name === 'y' ? at : 'y'} * nx` : '0u'} + ${name === 'x' ? at : 'x'}`;
  const longX = name === 'x' && low !== 'periodic' ? '(nx + 1u)' : 'nx';
  const longY = name === 'y' && low !== 'periodic' ? '(ny + 1u)' : 'ny';
  const own = z ? `(z * ${longY} + y) * ${longX} + x` : y ? `y * ${longX} + x` : 'x';
  const factor = placement === 'cell' ? '2.0' : '1.0';
  const end = (side: string, at: string) =>
    side === 'neumann'
      ? ''
      : `let a = (${cell(at)}) * width; for (var c = 0u; c < width; c++) { sum += ${factor} * v[a + c] * u[a + c]; }`;
  const between = (from: string, to: string) =>
    `let a = (${cell(from)}) * width; let b = (${cell(to)}) * width;
        for (var c = 0u; c < width; c++) { sum += (v[b + c] - v[a + c]) * (u[b + c] - u[a + c]); }`;
  const middle = between(`(${name} - 1u)`, name);
  return `
  override width: u32 = 1;
  ${sizes(axes)}
  var<storage, read> v: array<f32>;
  var<storage, read> u: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn stencilFaces(@builtin(global_invocation_id) id: vec3u) {
    let x = id.x;
    ${y ? 'let y = id.y;' : ''}
    ${z ? 'let z = id.z;' : ''}
    var sum = 0.0;
    ${
      low === 'periodic'
        ? `let before = select(${name} - 1u, ${n} - 1u, ${name} == 0u);
    ${between('before', name)}`
        : `if (${name} == 0u) { ${end(low, '0u')} }
    else if (${name} == ${n}) { ${end(high, `(${n} - 1u)`)} }
    else { ${middle} }`
    }
    result[${own}] = w${name} * sum;
  }`;
};
