/**
 * The light that surfaces send to a camera: materials (brdf.wgsl.ts) under lights (lights.wgsl.ts), place by place.
 *
 *   radiance = Σ over lights of E(x, l) f(n, v, l)                                                                (1)
 *
 * Fields of a surface and of a material are images, [.., 3] or [.., 1], or one value for all places, [3] or [1]; everything is
 * differentiable. There is one kernel for each material and kind of light; many lights are as many launches. A place without a
 * normal, where an image shows nothing, is black. What stands in the way of light is not asked here: multiply what each light gives by its
 * `shadow`.
 */

import { checkRecord, inWords, kernelsByKey, Tensor, zeros } from '../../kernel/index.ts';
import { brdfText } from './brdf.wgsl.ts';
import {
  type AreaLight,
  exactIrradiance,
  exactText,
  type LightKind,
  lightFields,
  lightText,
  lostText,
  outlineOf,
} from './lights.wgsl.ts';
import { type Lobe, mirroredText, passingText } from './lobe.wgsl.ts';

/** What is seen, place by place. */
export interface LitSurface {
  /** [.., 3], of any length. */
  readonly normal: Tensor;
  /** [.., 3], m; for lights that are somewhere. */
  readonly position?: Tensor;
  /** Towards the camera, [.., 3] or [3], of any length; for materials that shine. */
  readonly view?: Tensor;
}

export type Material =
  | { readonly kind: 'lambert'; readonly albedo: Tensor }
  | {
      readonly kind: 'phong' | 'blinnPhong';
      readonly diffuse: Tensor;
      readonly specular: Tensor;
      /** [.., 1] or [1]. */
      readonly exponent: Tensor;
    }
  | {
      readonly kind: 'ggx';
      readonly base: Tensor;
      /** 0 … 1, [.., 1] or [1]. */
      readonly metallic: Tensor;
      /** 0 … 1, [.., 1] or [1]. */
      readonly roughness: Tensor;
    };

/** Colours are [3]. */
export type Light =
  | {
      readonly kind: 'directional';
      /** In which light travels, [3], of any length. */
      readonly direction: Tensor;
      /** On a plane across it, W/m². */
      readonly irradiance: Tensor;
    }
  | {
      readonly kind: 'point';
      /** [3], m. */
      readonly position: Tensor;
      /** W/sr. */
      readonly intensity: Tensor;
    }
  | {
      readonly kind: 'rectangle';
      /** [3], m. */
      readonly centre: Tensor;
      /** From the centre to the middle of a side, and of the next one, [3], m; it shines to where right × up points. */
      readonly right: Tensor;
      readonly up: Tensor;
      /** W/(m² sr). */
      readonly radiance: Tensor;
      /**
       * N, for what shines: N points along each edge of the outline, crowded where it passes the highlight. What is dull is exact. Default 4.
       */
      readonly samples?: number;
    }
  | {
      readonly kind: 'polygon';
      /** Plane and convex, [n, 3], m, n from 3 to 64; it shines to where they run counterclockwise. */
      readonly corners: Tensor;
      /** W/(m² sr). */
      readonly radiance: Tensor;
      /** N, likewise. Default 4. */
      readonly samples?: number;
    }
  | {
      readonly kind: 'sphere';
      /** [3], m. */
      readonly centre: Tensor;
      /** [1], m. */
      readonly radius: Tensor;
      /** W/(m² sr). */
      readonly radiance: Tensor;
      /** N, likewise. Default 4. */
      readonly samples?: number;
    };

/** How a material is written in a kernel. */
interface MaterialText {
  /** Fields, each with its number of channels. */
  readonly fields: Readonly<Record<string, 1 | 3>>;
  /** Its answer to light from l. */
  readonly answer: (l: string) => string;
  /** What answers as Lambert's albedo does; the rest is in `lobe`. */
  readonly dull: string;
  readonly lobe?: Lobe;
  /** Whether what is dull goes with 1 − (1 − v·h)⁵. */
  readonly loses?: true;
}

const withExponent = { diffuse: 3, specular: 3, exponent: 1 } as const;
const power = {
  arcs: 3,
  width: 'sqrt(2.0 / (exponent + 1.0))',
  rest: tan2 => `pow(1.0 + ${tan2}, -0.5 * (exponent + 1.0))`,
  place: rest => `pow(max(${rest}, 1e-30), -2.0 / (exponent + 1.0)) - 1.0`,
  colour: 'got.x * specular',
} satisfies Partial<Lobe>;

const materials: Readonly<Record<Material['kind'], MaterialText>> = {
  lambert: { fields: { albedo: 3 }, answer: l => `lambert(albedo, n, ${l})`, dull: 'albedo' },
  phong: {
    fields: withExponent,
    answer: l => `phong(diffuse, specular, exponent, n, v, ${l})`,
    dull: 'diffuse',
    lobe: { ...power, half: false, smooth: '(exponent + 2.0) / (exponent + 1.0) * c' },
  },
  blinnPhong: {
    fields: withExponent,
    answer: l => `blinnPhong(diffuse, specular, exponent, n, v, ${l})`,
    dull: 'diffuse',
    lobe: { ...power, half: true, smooth: '(exponent + 8.0) / (exponent + 1.0) * c * vh' },
  },
  ggx: {
    fields: { base: 3, metallic: 1, roughness: 1 },
    answer: l => `ggx(base, metallic, roughness, n, v, ${l})`,
    dull: '(1.0 - metallic) * (1.0 - mix(vec3f(0.04), base, metallic)) * base',
    loses: true,
    lobe: {
      half: true,
      arcs: 4,
      width: 'max(roughness, 0.03) * max(roughness, 0.03)',
      rest: tan2 => `alpha * alpha / (${tan2} + alpha * alpha)`,
      place: rest => `alpha * alpha * (1.0 / ${rest} - 1.0)`,
      smooth: `2.0 * c * vh / cosine / (c * sqrt(nv * nv * (1.0 - alpha * alpha) + alpha * alpha)
                + nv * sqrt(c * c * (1.0 - alpha * alpha) + alpha * alpha))`,
      colour: '(got.x * mix(vec3f(0.04), base, metallic) + got.y * (1.0 - mix(vec3f(0.04), base, metallic)))',
    },
  },
};

/** @throws TypeError unless all numbers of the material are tensors. */
export function checkMaterial(who: string, material: Material): void {
  for (const [name, channels] of Object.entries(materials[material.kind].fields)) {
    const value: unknown = material[name as keyof Material];
    if (!(value instanceof Tensor))
      throw new TypeError(`${who}: '${name}' is ${inWords(value)}; give a tensor, [${channels}] or [.., ${channels}].`);
  }
}

/** A field as the kernel has it: of each place, or one for all. */
interface Field {
  /** In the kernel. */
  readonly name: string;
  readonly channels: 1 | 3;
  readonly tensor: Tensor;
  readonly each: boolean;
  /** How many there are of a list, such as corners; 0 where it is none. */
  readonly many: number;
}

function fieldOf(name: string, value: unknown, channels: 1 | 3, places: readonly number[], as = name): Field {
  const allowed = `[${channels}]${places.length > 0 ? ` or [${[...places, channels].join(', ')}]` : ''}`;
  if (!(value instanceof Tensor))
    throw new TypeError(`shade: '${name}' is ${inWords(value)}; give a tensor, ${allowed}.`);
  const each = places.length > 0 && value.shape.join() === [...places, channels].join();
  if (value.type !== 'f32' || !(each || (value.shape.length <= 1 && value.size === channels)))
    throw new RangeError(`shade: '${name}' has shape [${value.shape.join(', ')}]; give ${allowed}.`);
  return { name: as, channels, tensor: value, each, many: 0 };
}

function listOf(name: string, value: unknown): Field {
  if (!(value instanceof Tensor)) throw new TypeError(`shade: '${name}' is ${inWords(value)}; give a tensor, [n, 3].`);
  const [many, width] = value.shape;
  if (value.type !== 'f32' || value.shape.length !== 2 || width !== 3 || many < 3 || many > 64)
    throw new RangeError(`shade: '${name}' has shape [${value.shape.join(', ')}]; give [n, 3], n from 3 to 64.`);
  return { name, channels: 3, tensor: value, each: false, many };
}

const kernels = kernelsByKey();

/** A field's value, as a statement. */
const valueText = ({ name, each, many }: Field): string =>
  many > 0
    ? `let ${name} = array<vec3f, ${many}>(${Array.from({ length: many }, (_, k) => `${name}_[${k}u]`).join(', ')});`
    : `let ${name} = ${name}_[${each ? 'id.x' : '0u'}];`;

/** What a material answers to a light that has a size: what is dull by the exact irradiance, what shines by its lobe. */
function areaText({ dull, lobe, loses }: MaterialText, light: AreaLight, samples: number, corners: number): string {
  const { text, edges, within } = outlineOf(light, corners, lobe?.arcs ?? 0);
  const shining = /* wgsl */ `
      let g = 2.0 * dot(n, v) * n - v;
      ${text}
      ${lobe ? mirroredText(lobe, edges, within, samples) : ''}`;
  return /* wgsl */ `
    let direct = ${exactIrradiance[light]};
    if (direct > 0.0${loses ? ' && dot(n, v) > 0.0' : ''}) {
      var lost = 0.0;
      ${loses ? lostText(light, samples, corners) : ''}
      sum = 0.31830988618379067 * max(direct - lost, 0.0) * radiance * ${dull};
      ${lobe ? shining : ''}
    }`;
}

function kernelText(material: Material['kind'], light: LightKind, fields: readonly Field[], samples: number): string {
  const text = materials[material];
  const corners = fields.find(({ many }) => many > 0)?.many ?? 0;
  const wide = light !== 'directional' && light !== 'point';
  return /* wgsl */ `
    ${fields.map(({ name, channels }) => `var<storage, read> ${name}_: array<${channels === 3 ? 'vec3f' : 'f32'}>;`).join('\n')}
    var<storage, read_write> colour: array<vec3f>;
    ${brdfText}
    ${wide ? exactText(light, corners) : ''}
    ${wide && text.lobe ? passingText(text.lobe.half) : ''}
    @compute @workgroup_size(64)
    fn shade(@builtin(global_invocation_id) id: vec3u) {
      ${fields.map(valueText).join('\n')}
      let n = unit(normal);
      ${fields.some(f => f.name === 'view') ? 'let v = unit(view);' : ''}
      var sum = vec3f(0);
      ${wide ? areaText(text, light, samples, corners) : lightText(light, text.answer)}
      colour[id.x] = sum; // (1)
    }
  `;
}

function underLight(surface: LitSurface, material: Material, light: Light): Tensor {
  const places = surface.normal.shape.slice(0, -1);
  const { fields: own, answer } = materials[material.kind];
  const read = <T extends object>(record: T, name: string): unknown => record[name as keyof T];
  const fields = [
    fieldOf('normal', surface.normal, 3, places),
    ...(answer('l').includes('v,') ? [fieldOf('view', surface.view, 3, places)] : []),
    ...(light.kind === 'directional' ? [] : [fieldOf('position', surface.position, 3, places, 'x')]),
    ...Object.entries(own).map(([name, channels]) => fieldOf(name, read(material, name), channels, places)),
    ...Object.entries(lightFields[light.kind]).map(([name, channels]) =>
      channels === 0 ? listOf(name, read(light, name)) : fieldOf(name, read(light, name), channels, []),
    ),
  ];
  const { samples = 4 } = 'radiance' in light ? light : {};
  if (!(Number.isInteger(samples) && samples >= 1 && samples <= 64))
    throw new RangeError(`shade: samples is ${inWords(samples)}; give a whole number from 1 to 64.`);
  const key = [material.kind, light.kind, samples, ...fields.map(f => (f.each ? 1 : -f.many))].join();
  const run = kernels(key, () => kernelText(material.kind, light.kind, fields, samples));
  const args = Object.fromEntries(fields.map(f => [`${f.name}_`, f.tensor]));
  const count = places.reduce((a, b) => a * b, 1);
  return run(args as never, { count, out: { colour: places } }).colour as Tensor;
}

/**
 * The light that a surface sends to the camera.
 *
 * @param lights One, or several whose light adds up.
 * @returns Radiance, [.., 3]; W/(m² sr) for lights in W.
 * @throws TypeError or RangeError naming the field that is missing or of another shape.
 * @example
 * const normal = tensor([0, 1, 0], [1, 3]);
 * const sun = { kind: 'directional', direction: tensor([0, -1, 0]), irradiance: tensor([3, 3, 3]) };
 * const lit = shade({ normal }, { kind: 'lambert', albedo: tensor([0.5, 0.5, 0.5]) }, sun).mean(); // 0.47746483
 */
export function shade(surface: LitSurface, material: Material, lights: Light | readonly Light[]): Tensor {
  checkRecord('shade', 'the surface', surface, ['normal']);
  const { normal } = surface;
  if (normal.type !== 'f32' || normal.shape.length < 2 || normal.shape.at(-1) !== 3)
    throw new RangeError(`shade: 'normal' is ${inWords(normal)}; give floats of shape [.., 3].`);
  if (!(material?.kind in materials))
    throw new TypeError(
      `shade: the material's kind is ${inWords(material?.kind)}; give one of '${Object.keys(materials).join("', '")}'.`,
    );
  const list: readonly Light[] = Array.isArray(lights) ? lights : [lights];
  for (const light of list) {
    checkRecord('shade', 'a light', light, ['kind']);
    if (!(light.kind in lightFields))
      throw new TypeError(
        `shade: a light's kind is ${inWords(light.kind)}; give one of '${Object.keys(lightFields).join("', '")}'.`,
      );
  }
  const parts = list.map(light => underLight(surface, material, light));
  return parts.length === 0
    ? zeros(normal.shape, { device: normal.device })
    : parts.reduce((sum, part) => sum.add(part));
}
