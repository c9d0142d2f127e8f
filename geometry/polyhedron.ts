/**
 * Mass properties of what a closed mesh encloses, of uniform density: the sum over tetrahedra from a point o to each triangle.
 *
 *   6 V_t = a · (b × c)        ∫ x = V_t/4 s        ∫ x xᵀ = V_t/20 (a aᵀ + b bᵀ + c cᵀ + s sᵀ),  s = a + b + c        (1)
 *
 * for corners a, b, c as seen from o. Parts outside cancel. o is the mean of the vertices: far from the origin, sums about the origin
 * would cancel to nothing in single precision.
 *
 * Blow & Binstock: How to find the inertia tensor (or other mass properties) of a 3D solid body represented by a triangle mesh, 2004.
 */

import { lazyKernel, type Tensor, tensor } from '../kernel/index.ts';
import type { MassProperties } from './mass-properties.ts';
import type { Mesh } from './mesh.ts';

const sumsKernel = lazyKernel(/* wgsl */ `
  var<storage, read> vertices: array<vec3f>;
  var<storage, read> corners: array<vec3u>;
  var<storage, read> origin: vec3f;
  var<storage, read_write> volume: array<f32>;
  var<storage, read_write> first: array<f32>;
  var<storage, read_write> second: array<f32>;
  @compute @workgroup_size(64)
  fn addTetrahedra(@builtin(global_invocation_id) id: vec3u) {
    let t = corners[id.x];
    let a = vertices[t.x] - origin;
    let b = vertices[t.y] - origin;
    let c = vertices[t.z] - origin;
    let s = a + b + c;
    let v = dot(a, cross(b, c)) / 6.0;
    volume[0] += v;
    for (var i = 0u; i < 3; i++) {
      first[i] += v / 4.0 * s[i];
      for (var j = 0u; j < 3; j++) {
        second[3 * i + j] += v / 20.0 * (a[i] * a[j] + b[i] * b[j] + c[i] * c[j] + s[i] * s[j]); // (1)
      }
    }
  }
`);

const finishKernel = lazyKernel(/* wgsl */ `
  var<storage, read> volume: array<f32>;
  var<storage, read> first: array<f32>;
  var<storage, read> second: array<f32>;
  var<storage, read> origin: vec3f;
  var<storage, read> density: f32;
  var<storage, read_write> mass: array<f32>;
  var<storage, read_write> com: array<f32>;
  var<storage, read_write> inertia: array<f32>;
  @compute @workgroup_size(1)
  fn finish() {
    let v = volume[0];
    let c = vec3f(first[0], first[1], first[2]) / v;
    mass[0] = density * v;
    let trace = second[0] + second[4] + second[8] - v * dot(c, c);
    for (var i = 0u; i < 3; i++) {
      com[i] = origin[i] + c[i];
      for (var j = 0u; j < 3; j++) {
        inertia[3 * i + j] = density * (select(0.0, trace, i == j) - (second[3 * i + j] - v * c[i] * c[j]));
      }
    }
  }
`);

/**
 * Mass properties of a body with this surface.
 *
 * @param density kg/m³, a number or a tensor of one.
 * @throws RangeError if the density is a number below 0, the mesh is not closed, or turned inside out (on a GPU, by the next read).
 */
export function massOfMesh({ vertices, triangles }: Mesh, density: Tensor | number): MassProperties {
  const { device } = vertices;
  if (typeof density === 'number' && !(density >= 0 && density < Infinity))
    throw new RangeError(`massOfMesh: the density is ${density}; give a finite number of kg/m³, from 0.`);
  if (!triangles.isClosed) {
    const open = triangles.edges.filter(edge => edge.triangles.length !== 2);
    const [first] = open;
    throw new RangeError(
      first
        ? `massOfMesh: the mesh is not closed: ${open.length} of its edges have no triangle on one side, the first from vertex ${first.a} to ${first.b}; a body has an inside. Weld vertices that are in the same place, and let all triangles turn counterclockwise seen from outside.`
        : 'massOfMesh: the mesh has no triangles; a body has an inside.',
    );
  }
  const origin = vertices.detach().mean(0);
  const sums = sumsKernel(
    { vertices, corners: triangles.on(device), origin },
    { count: triangles.size, out: { volume: 1, first: 3, second: [3, 3] } },
  );
  const rho = typeof density === 'number' ? tensor(density, [], { device }) : density.reshape([]);
  const found = finishKernel(
    { ...sums, origin, density: rho },
    { count: 1, out: { mass: [], com: [3], inertia: [3, 3] } },
  );
  device.check([sums.volume.memory.retain()], ([volume]) => {
    if (volume > 0) return;
    throw new RangeError(
      `massOfMesh: the mesh encloses ${volume.toPrecision(3)} m³: ${volume < 0 ? 'it is turned inside out; let triangles turn counterclockwise seen from outside' : 'its vertices must be finite numbers that enclose a body'}.`,
    );
  });
  return found;
}
