/**
 * What bodies look like: the triangles of all their shapes, and where the corners are when the shapes are somewhere.
 *
 *   x = x_s + R_s (fixed + S s)                   of a corner of shape s; its sizes' matrix: geometry/contact/shape-form.ts         (1)
 *
 * Differentiable in where shapes are, how they are turned and how large they are.
 */

import { type ShapeForm, Triangles } from '../geometry/index.ts';
import { concat, type Device, lazyKernel, outliving, Tensor, tensor } from '../kernel/index.ts';

/** The shapes of many bodies as one mesh. */
export interface BodySurface {
  readonly triangles: Triangles;
  /** Whose each triangle is, at each of its corners, [triangles, 3], u32: `interpolate(…, { values, corners })` takes a row of values for each body. */
  readonly corners: Tensor;
}

/** Where shapes are. */
export interface PlacedShapes {
  /** [shapes, 3] or of a batch [envs, shapes, 3], m. */
  readonly position: Tensor;
  /** Rotation matrices by columns, [shapes, 3, 3] or [envs, shapes, 3, 3]. */
  readonly rotation: Tensor;
  /** [shapes, 3], m. */
  readonly size: Tensor;
}

const cornerKernel = lazyKernel(/* wgsl */ `
  var<storage, read> position: array<vec3f>;
  var<storage, read> rotation: array<mat3x3f>;
  var<storage, read> size: array<vec3f>;
  var<storage, read> fixed: array<vec3f>;
  var<storage, read> slopes: array<mat3x3f>;
  var<storage, read> shapeOf: array<u32>;
  var<storage, read_write> x: array<vec3f>;
  @compute @workgroup_size(64)
  fn bodyCorners(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&shapeOf);
    let v = id.x % n;
    let s = shapeOf[v];
    let at = id.x / n * arrayLength(&size) + s;
    x[id.x] = position[at] + rotation[at] * (fixed[v] + slopes[v] * size[s]); // (1)
  }
`);

/** A mesh, and how its corners follow shapes. */
export interface ShapeCorners extends BodySurface {
  /** Where each shape's corners begin, and the fixed parts of all of them, [corners, 3]. */
  readonly first: readonly number[];
  readonly fixed: Tensor;
  /** Corners in the world, [corners, 3] or [envs, corners, 3], m. @param fixed Other ones than the forms'. */
  at(shapes: PlacedShapes, fixed?: Tensor): Tensor;
}

const still = [0, 0, 0, 0, 0, 0, 0, 0, 0];

const lengthOf = ({ fixed }: ShapeForm): number => (fixed instanceof Tensor ? fixed.shape[0] : fixed.length);

/** Fixed parts of all corners, one after the other; points that follow each other are one tensor. */
function fixedOf(forms: readonly ShapeForm[], on: { readonly device?: Device }): Tensor {
  const pieces: Tensor[] = [];
  let points: number[] = [];
  const flush = (): void => {
    if (points.length > 0) pieces.push(tensor(points, [points.length / 3, 3], on));
    points = [];
  };
  for (const { fixed } of forms)
    if (fixed instanceof Tensor) {
      flush();
      pieces.push(fixed);
    } else for (const p of fixed) points.push(...p);
  flush();
  return pieces.length === 1 ? pieces[0] : concat(pieces);
}

/**
 * @param forms One for each shape.
 * @param owner Whose each shape is: a number of a body.
 */
export function bodySurface(
  forms: readonly ShapeForm[],
  owner: readonly number[],
  device: Device | undefined,
): ShapeCorners {
  const on = device ? { device } : {};
  const first: number[] = [];
  let count = 0;
  for (const form of forms) {
    first.push(count);
    count += lengthOf(form);
  }
  const corners = forms.flatMap(({ triangles }, s) => triangles.flatMap(t => t.map(v => v + first[s])));
  const owners = forms.flatMap(({ triangles }, s) => new Array<number>(3 * triangles.length).fill(owner[s]));
  const slopes = forms.flatMap(form => form.slopes ?? new Array(lengthOf(form)).fill(still)).flat();
  const shapeOf = forms.flatMap((form, s) => new Array<number>(lengthOf(form)).fill(s));
  const usual = outliving(fixedOf(forms, on));
  const tables = {
    slopes: outliving(tensor(slopes, [count, 3, 3], on)),
    shapeOf: outliving(tensor(Uint32Array.from(shapeOf), [count], on)),
  };
  return {
    triangles: new Triangles(count, corners),
    corners: outliving(tensor(Uint32Array.from(owners), [owners.length / 3, 3], on)),
    first,
    fixed: usual,
    at({ position, rotation, size }: PlacedShapes, fixed = usual): Tensor {
      const shape = [...position.shape.slice(0, -2), count];
      const args = { ...tables, fixed, position, rotation, size };
      return cornerKernel(args, { count: shape.reduce((a, b) => a * b), out: { x: shape } }).x;
    },
  };
}
