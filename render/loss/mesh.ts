/**
 * What keeps a surface tidy while its vertices move.
 *
 *   laplacianLoss  = mean_i |δ_i|²,   δ_i = Σ_j w_ij (x_j − x_i) / Σ_j w_ij                                        (1)
 *                    w_ij = 1, or the cotangents of the angles that face the edge, cot α_ij + cot β_ij            (2)
 *   flatteningLoss = mean over edges of (1 − n₁ · n₂)²,   n: unit normals of the edge's triangles                 (3)
 *   edgeLengthLoss = mean over edges of (|x_a − x_b| − L)²                                                        (4)
 *
 * (1) pulls a vertex to the middle of its neighbours; with (2) it acts along the normal alone, to the degree that the surface is curved.
 * Cotangents are kept to ±10⁴ and their sum to at least 10⁻³, so that thin triangles do no harm; they are differentiated with the rest. (3) is 0 where two
 * triangles lie in a plane and 4 where they are folded together; triangles without area count as being at right angles.
 *
 * Pinkall & Polthier: Computing discrete minimal surfaces and their conjugates, Experimental Mathematics 2 (1993), for (2).
 */

import { cornersAround, neighbours, nextCorner, noSide, type Triangles } from '../../geometry/index.ts';
import {
  checkOptions,
  checkRecord,
  inWords,
  lazyKernel,
  onDeviceOf,
  type Tensor,
  tensor,
  zeros,
} from '../../kernel/index.ts';

const uniformText = /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> start: array<u32>;
  var<storage, read> items: array<u32>;
  var<uniform> vertices: u32;
  var<storage, read_write> delta: array<vec3f>;
  @compute @workgroup_size(64)
  fn uniformLaplacian(@builtin(global_invocation_id) id: vec3u) {
    let first = id.x / vertices * vertices;
    let i = id.x % vertices;
    let count = start[i + 1u] - start[i];
    var sum = vec3f(0);
    for (var k = 0u; k < count; k++) { sum += x[first + items[start[i] + k]] - x[id.x]; }
    delta[id.x] = sum / f32(max(count, 1u)); // (1)
  }
`;

const cotangentText = /* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> start: array<u32>;
  var<storage, read> items: array<u32>;
  var<storage, read> corners: array<u32>;
  var<uniform> vertices: u32;
  var<storage, read_write> delta: array<vec3f>;

  // Of the angle at o in the triangle o, p, q.
  fn cotangent(o: vec3f, p: vec3f, q: vec3f) -> f32 {
    let c = cross(p - o, q - o);
    return clamp(dot(p - o, q - o) / max(sqrt(dot(c, c)), 1e-12), -1e4, 1e4);
  }
  @compute @workgroup_size(64)
  fn cotangentLaplacian(@builtin(global_invocation_id) id: vec3u) {
    let first = id.x / vertices * vertices;
    let i = id.x % vertices;
    let here = x[id.x];
    var sum = vec3f(0);
    var weight = 0.0;
    for (var k = start[i]; k < start[i + 1u]; k++) {
      let corner = items[k];
      let t = corner - corner % 3u;
      let p = x[first + corners[t + (corner + 1u) % 3u]];
      let q = x[first + corners[t + (corner + 2u) % 3u]];
      let atQ = cotangent(q, here, p); // it faces the edge to p
      let atP = cotangent(p, q, here);
      sum += atQ * (p - here) + atP * (q - here);
      weight += atQ + atP; // (2)
    }
    delta[id.x] = sum / max(weight, 1e-3); // (1)
  }
`;

const laplacians = { uniform: lazyKernel(uniformText), cotangent: lazyKernel(cotangentText) };

/** @throws RangeError unless there are as many vertices as the triangles are of. */
function checkVertices(who: string, x: Tensor, triangles: Triangles): void {
  checkRecord(who, 'the list of triangles', triangles, ['vertices', 'corners']);
  const rank = x?.shape?.length;
  if (x?.type !== 'f32' || rank < 2 || rank > 3 || x.shape[rank - 1] !== 3 || x.shape[rank - 2] !== triangles.vertices)
    throw new RangeError(
      `${who}: the vertices are ${inWords(x)}; the triangles are of ${triangles.vertices}: give [${triangles.vertices}, 3], or a batch of them.`,
    );
}

/**
 * How far vertices are from the middle of their neighbours, squared. Differentiable.
 *
 * @param x Vertices, [n, 3] or a batch of them, m.
 * @param options.weights What neighbours count, (2). Default 'uniform'.
 */
export function laplacianLoss(
  x: Tensor,
  triangles: Triangles,
  options: { readonly weights?: 'uniform' | 'cotangent' } = {},
): Tensor {
  checkOptions('laplacianLoss', options, ['weights']);
  const { weights = 'uniform' } = options;
  if (!(weights in laplacians))
    throw new TypeError(`laplacianLoss: weights is ${inWords(weights)}; give 'uniform' or 'cotangent'.`);
  checkVertices('laplacianLoss', x, triangles);
  if (triangles.size === 0) return zeros([], { device: x.device });
  const { vertices } = triangles;
  const count = { count: x.size / 3 };
  const args = { x, vertices };
  const { delta } =
    weights === 'uniform'
      ? laplacians.uniform({ ...args, ...neighbours(triangles, x.device) }, count)
      : laplacians.cotangent(
          { ...args, ...cornersAround(triangles, x.device), corners: triangles.on(x.device).reshape([-1]) },
          count,
        );
  return delta
    .square()
    .sum()
    .div(x.size / 3);
}

const fold = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> edges: array<vec4u>;     // its ends a and b, and what its triangles have left
  var<uniform> vertices: u32;
  var<storage, read_write> bend: array<f32>;
  fn upright(v: vec3f) -> vec3f {
    let square = dot(v, v);
    return select(v / sqrt(select(square, 1.0, square == 0.0)), vec3f(0), square == 0.0);
  }
  @compute @workgroup_size(64)
  fn flattening(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&edges);
    let e = edges[id.x % n] + vec4u(id.x / n * vertices);
    let along = x[e.y] - x[e.x];
    let one = upright(cross(along, x[e.z] - x[e.x]));
    let two = upright(cross(x[e.w] - x[e.x], along));
    let apart = 1.0 - dot(one, two);
    bend[id.x] = apart * apart; // (3)
  }
`);

const stretch = lazyKernel(/* wgsl */ `
  var<storage, read> x: array<vec3f>;
  var<storage, read> edges: array<vec2u>;
  var<storage, read> rest: array<f32>;
  var<uniform> vertices: u32;
  var<storage, read_write> energy: array<f32>;
  @compute @workgroup_size(64)
  fn edgeLength(@builtin(global_invocation_id) id: vec3u) {
    let n = arrayLength(&edges);
    let e = edges[id.x % n] + vec2u(id.x / n * vertices);
    let d = x[e.y] - x[e.x];
    let off = sqrt(dot(d, d)) - rest[id.x % n % arrayLength(&rest)];
    energy[id.x] = off * off; // (4)
  }
`);

/** The vertices of each edge, u32, [edges, 2]. */
const ends = onDeviceOf(({ corners, halfEdges: { first } }: Triangles, device): Tensor => {
  const table = new Uint32Array(2 * first.length);
  first.forEach((k, e) => {
    table[2 * e] = corners[k];
    table[2 * e + 1] = corners[nextCorner(k)];
  });
  return tensor(table, [first.length, 2], { device });
});

/** The vertices of each edge with two triangles, then the third ones of these, u32, [edges, 4]. */
const folds = onDeviceOf(({ corners, halfEdges: { first, mate } }: Triangles, device): Tensor => {
  const inner = first.filter(k => mate[k] !== noSide);
  const table = new Uint32Array(4 * inner.length);
  const third = (k: number): number => corners[nextCorner(nextCorner(k))];
  inner.forEach((k, e) => {
    table[4 * e] = corners[k];
    table[4 * e + 1] = corners[nextCorner(k)];
    table[4 * e + 2] = third(k);
    table[4 * e + 3] = third(mate[k]);
  });
  return tensor(table, [inner.length, 4], { device });
});

/**
 * How much a surface is bent at its edges; borders do not count. Differentiable.
 *
 * @param x Vertices, [n, 3] or a batch of them, m.
 */
export function flatteningLoss(x: Tensor, triangles: Triangles): Tensor {
  checkVertices('flatteningLoss', x, triangles);
  const { vertices } = triangles;
  const edges = folds(triangles, x.device);
  const images = x.size / (3 * vertices);
  if (edges.size === 0) return zeros([], { device: x.device });
  return fold({ x, edges, vertices }, { count: images * edges.shape[0] }).bend.mean();
}

/**
 * How far edges are from the length that they should have, squared. Differentiable, also in that length.
 *
 * @param x Vertices, [n, 3] or a batch of them, m.
 * @param options.rest L, m: one number, or for each edge of `triangles.edges`. Default 0: short edges.
 */
export function edgeLengthLoss(
  x: Tensor,
  triangles: Triangles,
  options: { readonly rest?: Tensor | number } = {},
): Tensor {
  checkOptions('edgeLengthLoss', options, ['rest']);
  checkVertices('edgeLengthLoss', x, triangles);
  const { vertices } = triangles;
  const given = options.rest ?? 0;
  const edges = ends(triangles, x.device);
  if (edges.size === 0) return zeros([], { device: x.device });
  const rest = typeof given === 'number' ? tensor([given], [1], { device: x.device }) : given.reshape([-1]);
  if (rest.size !== 1 && rest.size !== edges.shape[0])
    throw new RangeError(
      `edgeLengthLoss: rest has ${rest.size} lengths, but there are ${edges.shape[0]} edges; give one for each, or one.`,
    );
  const images = x.size / (3 * vertices);
  return stretch({ x, edges, rest, vertices }, { count: images * edges.shape[0] }).energy.mean();
}
