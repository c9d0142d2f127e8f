/**
 * Mass properties of solids of uniform density, in their own axes, centred at the origin; long ones lie along z.
 *
 *   sphere      V = 4/3 π r³             I = 2/5 m r² 1
 *   ellipsoid   V = 4/3 π a b c          I_x = m/5 (b² + c²), and so on
 *   box         V = 8 a b c              I_x = m/3 (b² + c²), and so on, of half sizes a, b, c
 *   cylinder    V = 2 π r² h             I_z = m r²/2,  I_x = I_y = m (r²/4 + h²/3), of half length h
 *   capsule     a cylinder of mass m_c and two half spheres of m_s together:
 *               I_z = m_c r²/2 + 2/5 m_s r²,  I_x = I_y = m_c (r²/4 + h²/3) + m_s (2/5 r² + h² + 3/4 h r)
 */

import { type Kernel, kernelsByKey, type Tensor, tensor } from '../kernel/index.ts';
import type { MassProperties } from './mass-properties.ts';

/** Sizes are tensors of n numbers for n solids, or numbers for one. */
type Size = Tensor | number;

export type Solid =
  | { readonly kind: 'sphere'; readonly radius: Size }
  | { readonly kind: 'ellipsoid'; readonly semiAxes: readonly [Size, Size, Size] }
  | { readonly kind: 'box'; readonly halfSizes: readonly [Size, Size, Size] }
  | { readonly kind: 'cylinder' | 'capsule'; readonly radius: Size; readonly halfLength: Size };

/** V, and I / m as I_x, I_y, I_z; from sizes a, b, c. */
const texts: Readonly<Record<Solid['kind'], string>> = {
  sphere: 'volume = 4.0 / 3.0 * pi * a * a * a; gyration = vec3f(0.4 * a * a);',
  ellipsoid: `volume = 4.0 / 3.0 * pi * a * b * c; gyration = 0.2 * vec3f(b * b + c * c, c * c + a * a, a * a + b * b);`,
  box: `volume = 8.0 * a * b * c; gyration = vec3f(b * b + c * c, c * c + a * a, a * a + b * b) / 3.0;`,
  cylinder: `volume = 2.0 * pi * a * a * b; gyration = vec3f(vec2f(0.25 * a * a + b * b / 3.0), 0.5 * a * a);`,
  capsule: `
    let tube = 2.0 * pi * a * a * b;
    let caps = 4.0 / 3.0 * pi * a * a * a;
    volume = tube + caps;
    let across = tube * (0.25 * a * a + b * b / 3.0) + caps * (0.4 * a * a + b * b + 0.75 * b * a);
    gyration = vec3f(vec2f(across), (0.5 * tube + 0.4 * caps) * a * a) / volume;`,
};

const text = (kind: Solid['kind']): string => /* wgsl */ `
  const pi = 3.141592653589793;
  var<storage, read> sizeA: array<f32>;
  var<storage, read> sizeB: array<f32>;
  var<storage, read> sizeC: array<f32>;
  var<storage, read> density: array<f32>;
  var<storage, read_write> mass: array<f32>;
  var<storage, read_write> inertia: array<f32>;
  @compute @workgroup_size(64)
  fn ${kind}(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let a = sizeA[i];
    let b = sizeB[i];
    let c = sizeC[i];
    var volume: f32;
    var gyration: vec3f;
    ${texts[kind]}
    let m = density[i] * volume;
    mass[i] = m;
    for (var k = 0u; k < 3; k++) { inertia[9 * i + 4 * k] = m * gyration[k]; }
  }
`;
const kernelOf = kernelsByKey();

function sizesOf(solid: Solid): Readonly<Record<string, Size>> {
  switch (solid.kind) {
    case 'sphere':
      return { radius: solid.radius };
    case 'ellipsoid':
      return named('semiAxes', solid.semiAxes);
    case 'box':
      return named('halfSizes', solid.halfSizes);
    case 'cylinder':
    case 'capsule':
      return { radius: solid.radius, halfLength: solid.halfLength };
  }
}

const named = (name: string, sizes: readonly Size[]): Record<string, Size> =>
  Object.fromEntries(sizes.map((size, k) => [`${name}[${k}]`, size]));

/**
 * Mass properties of solids, [n, …]; of one, without the first axis, if all that is given are single numbers.
 *
 * @param density kg/m³: one number, or one for each.
 */
export function massOf(solid: Solid, density: Size): MassProperties {
  const sizes = sizesOf(solid);
  const given = { ...sizes, density };
  const tensors = Object.values(given).filter(size => typeof size !== 'number');
  const many = tensors.find(size => size.shape.length > 0);
  const count = many?.size ?? 1;
  const device = tensors[0]?.device;
  const wide = Object.entries(given).map(([name, size]) => {
    if (typeof size === 'number' && !(size > 0 && Number.isFinite(size)))
      throw new RangeError(`massOf: ${name} of a ${solid.kind} is ${size}; give a number above 0.`);
    if (typeof size === 'number')
      return tensor(new Float64Array(count).fill(size), [count], { ...(device && { device }) });
    if (size.size !== 1 && size.size !== count)
      throw new RangeError(`massOf: ${name} of a ${solid.kind} are ${size.size} numbers where others are ${count}.`);
    return size.reshape([size.size]).broadcastTo([count]);
  });
  const density_ = wide[wide.length - 1];
  const [sizeA, sizeB = sizeA, sizeC = sizeB] = wide.slice(0, -1);
  const run: Kernel = kernelOf(solid.kind, () => text(solid.kind));
  const { mass, inertia } = run(
    { sizeA, sizeB, sizeC, density: density_ },
    { count, out: { mass: count, inertia: [count, 3, 3] } },
  );
  const com = mass.reshape([count, 1]).mul(0).broadcastTo([count, 3]);
  if (many) return { mass, com, inertia };
  return { mass: mass.reshape([]), com: com.reshape([3]), inertia: inertia.reshape([3, 3]) };
}
