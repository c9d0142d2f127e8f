/**
 * Solids given by a signed distance f(p), negative inside: a text of one's own, or a grid of values.
 *
 * f need not be a distance, if it is nowhere longer than one (|∇f| ≤ 1): where it is shorter, rays take more steps; where it is longer, they may
 * pass through what is thin. Slopes other than 1 at the surface make the edges of pictures sharper or softer.
 */

import { type Argument, inWords, type Kernel, kernel, Tensor, tensor } from '../../kernel/index.ts';
import { traceText, valueText } from './trace.wgsl.ts';

/** A text with the tensors that it reads. */
export interface Field {
  readonly family: FieldFamily;
  /** Differentiable. */
  readonly args: Readonly<Record<string, Tensor>>;
}

/** Kernels made from one text. */
export interface FieldFamily {
  readonly names: readonly string[];
  /** Points [n, 3] → f, [n]. */
  readonly value: Kernel;
  /** The trace of so many layers. */
  trace(layers: number): Kernel;
}

function familyOf(text: string): FieldFamily {
  const names = Array.from(text.matchAll(/var<\s*(?:storage|uniform)[^>]*>\s*(\w+)/g), ([, name]) => name);
  const traces = new Map<number, Kernel>();
  return {
    names,
    value: kernel(valueText(text)),
    trace(layers) {
      const known = traces.get(layers) ?? kernel(traceText(text, layers));
      traces.set(layers, known);
      return known;
    },
  };
}

/**
 * A solid by a text of one's own: `fn distance(p: vec3f) -> f32`, m, and the bindings it reads, `var<storage, read>` or `var<uniform>`.
 *
 * @throws TypeError for a text without that function, KernelError with the line of the text where it is wrong.
 * @example
 * const ball = distanceField('var<uniform> r: f32; fn distance(p: vec3f) -> f32 { return length(p) - r; }');
 * const field = ball({ r: tensor([0.5]) });
 */
export function distanceField(text: string): (args: Readonly<Record<string, Argument>>) => Field {
  if (!/\bfn\s+distance\s*\(/.test(text))
    throw new TypeError('distanceField: the text has no function of that name; give `fn distance(p: vec3f) -> f32`.');
  const family = familyOf(text);
  return given => {
    const missing = family.names.find(name => !(name in given));
    const extra = Object.keys(given).find(name => !family.names.includes(name));
    const known = family.names.map(name => `'${name}'`).join(', ') || 'nothing';
    if (missing !== undefined) throw new TypeError(`distanceField: '${missing}' is missing; the text reads ${known}.`);
    if (extra !== undefined)
      throw new TypeError(`distanceField: the text does not read '${extra}'; it reads ${known}.`);
    const args = Object.entries(given).map(([name, value]) => [
      name,
      value instanceof Tensor ? value : tensor(value as number),
    ]);
    return { family, args: Object.fromEntries(args) as Record<string, Tensor> };
  };
}

const cornersText = /* wgsl */ `
  var<storage, read> values: array<f32>;
  var<storage, read> corners: array<vec3f>;
  var<storage, read> counts: array<u32>;
  fn valueAt(x: i32, y: i32, z: i32) -> f32 {
    let n = vec3i(vec3u(counts[0], counts[1], counts[2]));
    let c = clamp(vec3i(x, y, z), vec3i(0), n - 1);
    return values[(c.z * n.y + c.y) * n.x + c.x];
  }
  struct Cell { low: vec3i, part: vec3f, away: f32 }
  fn cellOf(p: vec3f) -> Cell {
    let inside = clamp(p, corners[0], corners[1]);
    let n = vec3f(f32(counts[0]), f32(counts[1]), f32(counts[2]));
    let g = (inside - corners[0]) / (corners[1] - corners[0]) * (n - 1.0);
    let low = min(vec3i(g), vec3i(max(n - 2.0, vec3f(0))));
    let off = p - inside;
    let square = dot(off, off);
    var away = 0.0;
    if (square > 0.0) { away = sqrt(square); }
    return Cell(low, g - vec3f(low), away);
  }
`;

const linearText = /* wgsl */ `
  ${cornersText}
  fn distance(p: vec3f) -> f32 {
    let c = cellOf(p);
    var sum = c.away;
    for (var k = 0; k < 8; k++) {
      let q = vec3i(k & 1, (k >> 1u) & 1, k >> 2u);
      let w = select(vec3f(1) - c.part, c.part, q == vec3i(1));
      sum += w.x * w.y * w.z * valueAt(c.low.x + q.x, c.low.y + q.y, c.low.z + q.z);
    }
    return sum;
  }
`;

const cubicText = /* wgsl */ `
  ${cornersText}
  fn catmull(t: f32) -> vec4f {
    return 0.5 * vec4f(((2.0 - t) * t - 1.0) * t, (3.0 * t - 5.0) * t * t + 2.0, ((4.0 - 3.0 * t) * t + 1.0) * t, (t - 1.0) * t * t);
  }
  fn distance(p: vec3f) -> f32 {
    let c = cellOf(p);
    let u = catmull(c.part.x);
    let v = catmull(c.part.y);
    let w = catmull(c.part.z);
    let wu = array<f32, 4>(u.x, u.y, u.z, u.w);
    let wv = array<f32, 4>(v.x, v.y, v.z, v.w);
    let ww = array<f32, 4>(w.x, w.y, w.z, w.w);
    var sum = c.away;
    for (var z = 0; z < 4; z++) {
      for (var y = 0; y < 4; y++) {
        for (var x = 0; x < 4; x++) {
          sum += wu[x] * wv[y] * ww[z] * valueAt(c.low.x + x - 1, c.low.y + y - 1, c.low.z + z - 1);
        }
      }
    }
    return sum;
  }
`;

const grids: { linear?: FieldFamily; cubic?: FieldFamily } = {};

/**
 * A solid by values at the points of a grid; outside of it, the distance to the grid is added.
 *
 * @param values [nz, ny, nx], m, the first at the lowest corner, the last at the highest.
 * @param corners Lowest and highest corner, [2, 3], m.
 * @param interpolation 'linear', or 'cubic': Catmull & Rom's, with continuous normals. Default 'linear'.
 */
export function gridField(
  values: Tensor,
  corners: Tensor | readonly (readonly number[])[],
  interpolation: 'linear' | 'cubic' = 'linear',
): Field {
  if (values?.shape?.length !== 3 || values.size === 0)
    throw new RangeError(`gridField: the values are ${inWords(values)}; give [nz, ny, nx], none of them 0.`);
  const { shape, device } = values;
  if (interpolation !== 'linear' && interpolation !== 'cubic')
    throw new RangeError(`gridField: there is no interpolation '${interpolation}'; give 'linear' or 'cubic'.`);
  grids[interpolation] ??= familyOf(interpolation === 'linear' ? linearText : cubicText);
  const [nz, ny, nx] = shape;
  const args = {
    values,
    corners: corners instanceof Tensor ? corners : tensor(corners.flat(), [2, 3], { device }),
    counts: tensor(Uint32Array.from([nx, ny, nz]), [3], { device }),
  };
  return { family: grids[interpolation], args };
}
