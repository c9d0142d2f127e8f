/**
 * −∇·(k ∇u) + c u on a grid, differentiable in k, c and u, to any order.
 *
 *   T(k, c, v, u) = vᵀ A u = Σ_faces k_f (v⁺ − v⁻)(u⁺ − u⁻) / h² + Σ_i c_i v_i u_i
 *
 * T is linear in (k, c), in v and in u, and symmetric in v and u: A u = ∂T/∂v, and the products at faces are ∂T/∂k. The derivative of
 * either is made of the other, so no sum is shared.
 */

import { unrecorded } from '../../adjoint/index.ts';
import {
  type Device,
  differentiable,
  type Kernel,
  kernelsByKey,
  type Rule,
  type Tensor,
  tensor,
  zeros,
} from '../../kernel/index.ts';
import { checkVector, type LinearOperator } from '../operators/operator.ts';
import {
  type Axis,
  type AxisName,
  faces,
  type Layout,
  type LayoutOptions,
  layoutOf,
  shapeOf,
  unknowns,
} from './layout.ts';
import {
  applyText,
  diagonalText,
  type Form,
  facesText,
  formKey,
  pairText,
  residualText,
  sweepText,
} from './stencil.wgsl.ts';

/** k at the faces across each axis, [nz, ny, nx] with one more along the axis (unless it is periodic). */
export type FaceFields = Readonly<Partial<Record<AxisName, Tensor>>>;

export interface StencilParams {
  /** k: one number, or numbers at all faces. */
  readonly conductivity: Tensor | FaceFields;
  /** c ≥ 0: one number, or one for each unknown. */
  readonly reaction?: Tensor;
}

export interface StencilOptions extends LayoutOptions {
  /** k > 0. Default 1. */
  readonly conductivity?: number | Tensor | FaceFields;
  /** c ≥ 0. Default: none. */
  readonly reaction?: number | Tensor;
  readonly device?: Device;
}

type Text = 'apply' | 'residual' | 'pair' | 'sweep' | 'diagonal';
const texts = { apply: applyText, residual: residualText, pair: pairText, sweep: sweepText, diagonal: diagonalText };
const kernelOf = kernelsByKey();

/** The operator −∇·(k ∇u) + c u on a grid; made by `stencil` or `stencilOn`. */
export class Stencil implements LinearOperator<StencilParams> {
  readonly name = 'stencil';
  readonly symmetric = true;
  readonly positiveDefinite = true;
  readonly layout: Layout;
  readonly params: StencilParams;
  readonly device: Device;
  private readonly launches = new Map<Text, Kernel>();
  private arguments: Readonly<Record<string, Tensor | number>> | undefined;

  /** @internal Use stencil(…). */
  constructor(layout: Layout, params: StencilParams, device: Device) {
    this.layout = layout;
    this.params = params;
    this.device = device;
  }

  get rows(): number {
    return unknowns(this.layout);
  }
  get columns(): number {
    return this.rows;
  }
  get transpose(): this {
    return this;
  }
  /** Whether constants are mapped to zero: no side holds a value, and there is no reaction. */
  get isSingular(): boolean {
    return (
      !this.params.reaction && this.layout.axes.every(({ low, high }) => low !== 'dirichlet' && high !== 'dirichlet')
    );
  }

  with(params: StencilParams): Stencil {
    return new Stencil(this.layout, params, this.device);
  }

  apply(u: Tensor): Tensor {
    checkVector('stencil: apply', u, this.rows);
    return applied(this, u);
  }

  /** @internal b − A u, one colour of a sweep towards A u = b, or the diagonal; not differentiated. */
  run(text: Text, u: Tensor, more?: Readonly<Record<string, Tensor | number>>): Tensor {
    let known = this.launches.get(text);
    if (!known) {
      const form = formOf(this);
      known = kernelOf(`${text} ${formKey(form)}`, () => texts[text](form));
      this.launches.set(text, known);
    }
    const [, width = 1] = u.shape;
    const count = this.layout.axes.map(({ size }, k) => (k === 0 ? size * width : size));
    return known({ ...this.given, u, ...more }, { count, out: { result: u.shape }, overrides: { width } }).result;
  }

  /** Coefficients and sizes, as kernels take them. */
  private get given(): Readonly<Record<string, Tensor | number>> {
    if (!this.arguments) {
      const { conductivity, reaction } = this.params;
      const k = isTensor(conductivity)
        ? { k: conductivity }
        : Object.fromEntries(Object.entries(conductivity).map(([axis, field]) => [`k${axis}`, field]));
      this.arguments = { ...k, ...(reaction && { c: reaction }), ...sizesOf(this.layout) };
    }
    return this.arguments;
  }

  residual(b: Tensor, x: Tensor, low: Tensor): Tensor {
    return this.run('pair', x, { b, low });
  }

  diagonal(): Tensor {
    return unrecorded(() => this.run('diagonal', zeros([this.rows], { device: this.device })));
  }
}

const isTensor = (k: Tensor | FaceFields): k is Tensor => 'device' in k;

function formOf({ layout, params: { conductivity, reaction } }: Stencil): Form {
  const kind = reaction === undefined ? 'none' : reaction.size === 1 ? 'number' : 'field';
  return { layout, faces: !isTensor(conductivity), reaction: kind };
}

const sizesOf = ({ axes }: Layout): Record<string, number> =>
  Object.fromEntries(
    axes.flatMap(({ name, size, spacing }) => [
      [`n${name}`, size],
      [`w${name}`, 1 / spacing ** 2],
    ]),
  );

/** The coefficients in a fixed order, and a stencil of others. */
function coefficientsOf({ params: { conductivity, reaction }, layout }: Stencil) {
  const names = isTensor(conductivity) ? [] : layout.axes.map(({ name }) => name);
  const leaves = isTensor(conductivity) ? [conductivity] : names.map(name => conductivity[name] as Tensor);
  const rebuild = (list: readonly Tensor[]): StencilParams => ({
    conductivity: isTensor(conductivity) ? list[0] : Object.fromEntries(names.map((name, k) => [name, list[k]])),
    ...(reaction && { reaction: list[leaves.length] }),
  });
  return { leaves: reaction ? [...leaves, reaction] : leaves, rebuild };
}

/** A u */
function applied(stencil: Stencil, u: Tensor): Tensor {
  const { leaves, rebuild } = coefficientsOf(stencil);
  const at = leaves.length;
  const rule: Rule = {
    name: 'stencil',
    vjp(inputs, [bar], wanted) {
      if (!bar) return [];
      const now = stencil.with(rebuild(inputs));
      const products = leaves.map((_, k) => (wanted[k] ? product(now, k, bar, inputs[at]) : undefined));
      return [...products, wanted[at] ? applied(now, bar) : undefined];
    },
    jvp(inputs, dots) {
      const parts: Tensor[] = [];
      if (dots.slice(0, at).some(Boolean)) {
        const moved = inputs.slice(0, at).map((x, k) => dots[k] ?? zeros(x.shape, { device: x.device }));
        parts.push(applied(stencil.with(rebuild(moved)), inputs[at]));
      }
      const dot = dots[at];
      if (dot) parts.push(applied(stencil.with(rebuild(inputs)), dot));
      return [parts.length === 2 ? parts[0].add(parts[1]) : parts[0]];
    },
  };
  return differentiable(rule, [...leaves, u], () => unrecorded(() => [stencil.run('apply', u)]))[0];
}

/** ∂(vᵀ A u) / ∂ coefficient k. */
function product(stencil: Stencil, k: number, v: Tensor, u: Tensor): Tensor {
  const { params, layout } = stencil;
  const { conductivity, reaction } = params;
  const fields = isTensor(conductivity) ? 1 : layout.axes.length;
  if (k === fields && reaction) {
    const all = v.mul(u);
    if (reaction.size === 1) return all.sum().reshape(reaction.shape);
    return (u.shape.length === 1 ? all : all.sum(1)).reshape(reaction.shape);
  }
  if (!isTensor(conductivity)) return atFaces(stencil, layout.axes[k], v, u);
  const sums = layout.axes.map(axis => atFaces(stencil, axis, v, u).sum());
  return sums.reduce((a, b) => a.add(b)).reshape(conductivity.shape);
}

/** (v⁺ − v⁻)(u⁺ − u⁻) / h² at the faces across an axis. */
function atFaces(stencil: Stencil, axis: Axis, v: Tensor, u: Tensor): Tensor {
  const { layout, device } = stencil;
  /** A with k = bar across this axis and nothing else. */
  const only = (bar: Tensor): Stencil => {
    const fields = layout.axes.map(({ name }) => [
      name,
      name === axis.name ? bar : zeros(shapeOf(layout, name), { device }),
    ]);
    return new Stencil(layout, { conductivity: Object.fromEntries(fields) }, device);
  };
  const rule: Rule = {
    name: 'stencil: products at faces',
    vjp: ([v, u], [bar], wanted) =>
      bar ? [wanted[0] ? applied(only(bar), u) : undefined, wanted[1] ? applied(only(bar), v) : undefined] : [],
    jvp([v, u], [dotV, dotU]) {
      const one = dotV && atFaces(stencil, axis, dotV, u);
      const two = dotU && atFaces(stencil, axis, v, dotU);
      return [one && two ? one.add(two) : (one ?? two)];
    },
  };
  const form = formOf(stencil);
  const run = kernelOf(`faces ${axis.name} ${formKey({ ...form, faces: true, reaction: 'none' })}`, () =>
    facesText(form, axis),
  );
  const [, width = 1] = u.shape;
  const count = layout.axes.map(other => (other === axis ? faces(axis) : other.size));
  const options = { count, out: { result: shapeOf(layout, axis.name) }, overrides: { width } };
  return differentiable(rule, [v, u], () => unrecorded(() => [run({ ...sizesOf(layout), v, u }, options).result]))[0];
}

/**
 * The operator −∇·(k ∇u) + c u on a grid of [nx], [ny, nx] or [nz, ny, nx] unknowns.
 *
 * @throws RangeError if coefficients do not fit the grid.
 */
export function stencil(shape: readonly number[], options: StencilOptions = {}): Stencil {
  const layout = layoutOf('stencil', shape, options, ['conductivity', 'reaction', 'device']);
  const { conductivity = 1, reaction } = options;
  for (const [what, v] of Object.entries({ conductivity, reaction }))
    if (typeof v === 'number' && !(v >= 0 && v < Number.POSITIVE_INFINITY))
      throw new RangeError(`stencil: the ${what} is ${v}; it must be a finite number that is not negative.`);
  const given = [conductivity, reaction].find(x => typeof x === 'object');
  const sample = given && ('device' in given ? (given as Tensor) : Object.values(given as FaceFields)[0]);
  const device = options.device ?? sample?.device ?? tensor(0).device;
  const k = typeof conductivity === 'number' ? tensor([conductivity], undefined, { device }) : conductivity;
  const c = typeof reaction === 'number' ? tensor([reaction], undefined, { device }) : reaction;
  checkCoefficients(layout, k, c, device);
  return new Stencil(layout, { conductivity: k, ...(c && { reaction: c }) }, device);
}

function checkCoefficients(layout: Layout, k: Tensor | FaceFields, c: Tensor | undefined, device: Device): void {
  const fields = isTensor(k) ? { 'the conductivity': k } : k;
  for (const [name, field] of Object.entries({ ...fields, ...(c && { 'the reaction': c }) }) as [string, Tensor][]) {
    if (!field) continue;
    if (field.type !== 'f32') throw new TypeError(`stencil: ${name} holds ${field.type}; it must hold f32.`);
    if (field.device !== device)
      throw new TypeError(`stencil: ${name} is on another device than the rest; move it there: await x.to(device).`);
  }
  if (isTensor(k)) {
    if (k.size !== 1)
      throw new RangeError(
        `stencil: the conductivity has shape [${k.shape.join(', ')}]; it must be one number, or a record { ${layout.axes.map(a => a.name).join(', ')} } of numbers at the faces.`,
      );
  } else
    for (const { name } of layout.axes) {
      const expected = shapeOf(layout, name);
      const field = k[name];
      if (!field || field.shape.join() !== expected.join())
        throw new RangeError(
          `stencil: the conductivity at faces across ${name} ${field ? `has shape [${field.shape.join(', ')}]` : 'is missing'}; it must be [${expected.join(', ')}].`,
        );
    }
  if (c && c.size !== 1 && c.size !== unknowns(layout))
    throw new RangeError(
      `stencil: the reaction has shape [${c.shape.join(', ')}]; it must be one number, or one for each unknown, [${shapeOf(layout).join(', ')}].`,
    );
}
