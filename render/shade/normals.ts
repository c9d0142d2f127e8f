/**
 * Which way a surface faces: normals of triangles, and of vertices as means of those around them.
 *
 *   N_t = (x_b − x_a) × (x_c − x_a),   n_t = N_t / |N_t|                                                           (1)
 *   n_i = unit Σ_t N_t          'area': large triangles count more                                                 (2)
 *   n_i = unit Σ_t θ_ti n_t     'angle': θ_ti the angle of the triangle at the vertex; does not depend on how a face is cut up   (3)
 *
 * (3) is Thürmer & Wüthrich, Computing vertex normals from polygonal facets, Journal of Graphics Tools 3 (1998). Each vertex gathers from
 * its corners, in the order of triangles. A normal that is zero, of a triangle without area or a vertex without triangles, stays zero, with
 * derivative zero there.
 */

import { type Attribute, cornersAround, type Triangles } from '../../geometry/index.ts';
import { checkOptions, checkRecord, inWords, lazyKernel, onDeviceOf, type Tensor, tensor } from '../../kernel/index.ts';
import { unitText } from './brdf.wgsl.ts';

const ofFaces = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> corners: array<vec3u>;
  var<uniform> vertices: u32;
  var<storage, read_write> normal: array<vec3f>;
  ${unitText}
  @compute @workgroup_size(64)
  fn faceNormals(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&corners);
    let c = corners[id.x % n] + vec3u(id.x / n * vertices);
    normal[id.x] = unit(cross(x[c.y] - x[c.x], x[c.z] - x[c.x])); // (1)
  }
`);

const ofVertices = (share: string): string => /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> start: array<u32>;
  var<storage, read> items: array<u32>;
  var<storage, read> corners: array<u32>;
  var<uniform> vertices: u32;
  var<storage, read_write> normal: array<vec3f>;
  ${unitText}
  @compute @workgroup_size(64)
  fn vertexNormals(@builtin(global_invocation_id) id: vec3u) {
    let first = id.x / vertices * vertices;
    let i = id.x % vertices;
    var sum = vec3f(0);
    for (var k = start[i]; k < start[i + 1u]; k++) {
      let corner = items[k];
      let t = corner - corner % 3u;
      let p = x[first + corners[t + (corner + 1u) % 3u]] - x[id.x];
      let q = x[first + corners[t + (corner + 2u) % 3u]] - x[id.x];
      let N = cross(p, q);
      ${share}
    }
    normal[id.x] = unit(sum);
  }
`;

const kernels = {
  area: lazyKernel(ofVertices('sum += N; // (2)')),
  angle: lazyKernel(
    ofVertices(/* wgsl */ `
      let square = dot(N, N);
      let length = sqrt(select(square, 1.0, square == 0.0));
      if (square > 0.0) { sum += atan2(length, dot(p, q)) / length * N; } // (3)`),
  ),
};

/** @throws RangeError unless there are as many vertices as the triangles are of. */
function checkVertices(who: string, x: Tensor, triangles: Triangles): void {
  checkRecord(who, 'the list of triangles', triangles, ['vertices', 'corners']);
  const { vertices } = triangles;
  const shape = x?.shape ?? [];
  if (x?.type !== 'f32' || shape.length < 2 || shape.length > 3 || shape.at(-1) !== 3 || shape.at(-2) !== vertices)
    throw new RangeError(
      `${who}: the vertices are ${inWords(x)}; the triangles are of ${vertices}: give [${vertices}, 3], or a batch of them.`,
    );
}

/** Unit normals of triangles, out of the surface. Differentiable. @param x Vertices, [n, 3], or [B, n, 3]. @returns [triangles, 3], or [B, triangles, 3]. */
export function faceNormals(x: Tensor, triangles: Triangles): Tensor {
  checkVertices('faceNormals', x, triangles);
  const lead = x.shape.slice(0, -2);
  const shape = [...lead, triangles.size];
  const count = shape.reduce((a, b) => a * b, 1);
  const args = { x, corners: triangles.on(x.device), vertices: triangles.vertices };
  return ofFaces(args, { count, out: { normal: shape } }).normal;
}

export interface NormalOptions {
  /** What triangles count at a vertex, (2) or (3). Default 'angle'. */
  readonly weights?: 'area' | 'angle';
}

/** Unit normals of vertices, for smooth shading. Differentiable. @param x Vertices, [n, 3], or [B, n, 3]. @returns The same shape. */
export function vertexNormals(x: Tensor, triangles: Triangles, options: NormalOptions = {}): Tensor {
  checkOptions('vertexNormals', options, ['weights']);
  const { weights = 'angle' } = options;
  if (!(weights in kernels))
    throw new TypeError(`vertexNormals: weights is ${inWords(weights)}; give 'area' or 'angle'.`);
  checkVertices('vertexNormals', x, triangles);
  const { vertices } = triangles;
  const corners = triangles.on(x.device).reshape([-1]);
  const count = x.size / 3;
  return kernels[weights](
    { x, ...cornersAround(triangles, x.device), corners, vertices },
    { count, out: { normal: x.shape.slice(0, -1) } },
  ).normal;
}

/** The triangle that each corner is of. */
const ownTriangle = onDeviceOf(({ size }: Triangles, device) =>
  tensor(
    Uint32Array.from({ length: 3 * size }, (_, k) => Math.floor(k / 3)),
    [size, 3],
    { device },
  ),
);

/** Normals of triangles as an attribute of their corners, for flat shading. Pictures jump where they change: give them to `antialias` as `seams`, too. */
export function flatNormals(x: Tensor, triangles: Triangles): Attribute {
  checkRecord('flatNormals', 'the list of triangles', triangles, ['vertices', 'corners', 'size']);
  return { values: faceNormals(x, triangles), corners: ownTriangle(triangles, x.device) };
}
