/**
 * Range finders: how far it is from a site, along its z axis, to the nearest shape of another link; −1 where there is none.
 *
 * Shapes that rays meet are planes, spheres, capsules, ellipsoids, cylinders and boxes. Which one is nearest is decided by the numbers; where
 * that changes, distances may jump.
 */

import { contactText, rayText, type ShapeKind, shapeKinds } from '../../../geometry/index.ts';
import { kernelsByKey, type Tensor, tensor } from '../../../kernel/index.ts';
import type { Geom } from '../constraint/constraint.ts';
import type { Sensor } from '../parts.ts';
import { type Moved, type Points, pointMotionsOf } from '../points.ts';
import { tablesOf } from '../tables-of.ts';
import { integers } from './tables.ts';

const kinds: readonly ShapeKind[] = ['plane', 'sphere', 'capsule', 'ellipsoid', 'cylinder', 'box'];

/** Whether rays meet a shape. */
export const isSeen = ({ kind }: Pick<Geom, 'kind'>): boolean => (kinds as readonly string[]).includes(kind);

const kernels = kernelsByKey();
const text = (n: number, shapes: number, met: readonly ShapeKind[]): string => /* wgsl */ `
  var<storage, read> position: array<vec3f>; // sites, then shapes
  var<storage, read> orientation: array<f32>;
  var<storage, read> size: array<vec3f>;
  var<storage, read> kinds: array<u32>;
  var<storage, read> sees: array<u32>;
  var<storage, read_write> distance: array<f32>;
  ${contactText([])}
  ${rayText(met)}
  fn axis(i: u32, k: u32) -> vec3f {
    let at = 9u * i + 3u * k;
    return vec3f(orientation[at], orientation[at + 1u], orientation[at + 2u]);
  }
  @compute @workgroup_size(64)
  fn ranges(@builtin(global_invocation_id) id: vec3u) {
    let e = id.x;
    let first = e * ${n + shapes}u;
    for (var s = 0u; s < ${n}u; s++) {
      var nearest = 1e10;
      for (var g = 0u; g < ${shapes}u; g++) {
        let i = first + ${n}u + g;
        if (sees[s * ${shapes}u + g] == 1u) {
          let shape = Shape(size[g], mat3x3f(axis(i, 0u), axis(i, 1u), axis(i, 2u)), position[i], 0u);
          nearest = min(nearest, castRay(kinds[g], shape, position[first + s], axis(first + s, 2u)));
        }
      }
      distance[e * ${n}u + s] = select(nearest, -1.0, nearest > 1e9);
    }
  }
`;

/** [envs, sensors], m. */
export function ranges(moved: Moved, list: readonly Sensor[]): Tensor {
  const { model, envs } = moved.prepared;
  const { device } = moved.velocity;
  const n = list.length;
  const geoms = model.geoms.filter(isSeen);
  if (geoms.length === 0) return tensor(new Array<number>(envs * n).fill(-1), [envs, n], { device });
  const { points, ...tables } = tablesFor(list, model, device);
  const { position, orientation } = pointMotionsOf(moved, points);
  const met = kinds.filter(kind => geoms.some(geom => geom.kind === kind));
  const run = kernels([n, geoms.length, ...met].join(), () => text(n, geoms.length, met));
  return run({ position, orientation, ...tables }, { count: envs, out: { distance: [envs, n] } }).distance as Tensor;
}

const tablesFor = tablesOf((list: readonly Sensor[], model, device) => {
  const geoms = model.geoms.filter(isSeen);
  const places = [...list.map(({ of }) => of as NonNullable<Sensor['of']>), ...geoms];
  const rows = (numbers: readonly number[], width: number): Tensor =>
    tensor(numbers, [numbers.length / width, width], { device });
  const points: Points = {
    links: places.map(({ link }) => link),
    offsets: rows(
      places.flatMap(({ position }) => [...position]),
      3,
    ),
    orientations: rows(
      places.flatMap(({ orientation }) => [...orientation]),
      4,
    ),
  };
  return {
    points,
    size: rows(
      geoms.flatMap(({ size }) => [...size]),
      3,
    ),
    kinds: integers(
      geoms.map(({ kind }) => shapeKinds.indexOf(kind)),
      device,
    ),
    sees: integers(
      list.flatMap(({ of }) => geoms.map(({ link }) => (link === of?.link ? 0 : 1))),
      device,
    ),
  };
});
