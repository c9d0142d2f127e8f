/**
 * Mass, centre of mass and inertia of rigid bodies, made of parts.
 *
 *   m = Σ m_p        c = Σ m_p c_p / m        I = Σ [I_p + m_p (|d_p|² 1 − d_p d_pᵀ)],  d_p = c_p − c        (1)
 *
 * All of them are differentiable. An inertia is the matrix about the centre of mass, ∫ ρ (|x|² 1 − x xᵀ) dV, in the axes of whatever
 * the centre is given in.
 *
 * Goldstein, Poole & Safko: Classical Mechanics, 3rd ed., 2002, §5.3.
 */

import { lazyKernel, type Tensor, tensor } from '../kernel/index.ts';

/** Of n bodies, or of one: then without the first axis. */
export interface MassProperties {
  /** [n], kg. */
  readonly mass: Tensor;
  /** Centre of mass, [n, 3], m. */
  readonly com: Tensor;
  /** About the centre of mass, [n, 3, 3], kg m². */
  readonly inertia: Tensor;
}

/** Where parts are put. */
export interface Placement {
  /** [n, 3], m. Default 0. */
  readonly position?: Tensor;
  /** Rotations, [n, 3, 3]: turned x = R x. Default: none. */
  readonly rotation?: Tensor;
}

const turnKernel = lazyKernel(/* wgsl */ `
  var<storage, read> com: array<vec3f>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> rotation: array<f32>;
  var<storage, read_write> comNext: array<vec3f>;
  var<storage, read_write> inertiaNext: array<f32>;

  fn rows(at: u32) -> array<vec3f, 3> { // of R
    return array(
      vec3f(rotation[at], rotation[at + 1], rotation[at + 2]),
      vec3f(rotation[at + 3], rotation[at + 4], rotation[at + 5]),
      vec3f(rotation[at + 6], rotation[at + 7], rotation[at + 8]));
  }

  @compute @workgroup_size(64)
  fn turn(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let R = rows(9 * i);
    comNext[i] = vec3f(dot(R[0], com[i]), dot(R[1], com[i]), dot(R[2], com[i]));
    let I = mat3x3f(
      inertia[9 * i], inertia[9 * i + 1], inertia[9 * i + 2],
      inertia[9 * i + 3], inertia[9 * i + 4], inertia[9 * i + 5],
      inertia[9 * i + 6], inertia[9 * i + 7], inertia[9 * i + 8]);
    for (var r = 0u; r < 3; r++) {
      for (var c = 0u; c < 3; c++) { inertiaNext[9 * i + 3 * r + c] = dot(R[r], I * R[c]); }
    }
  }
`);

/** The parts, turned and then moved. */
export function placed({ mass, com, inertia }: MassProperties, { position, rotation }: Placement): MassProperties {
  const turned = rotation
    ? turnKernel(
        { com, inertia, rotation },
        { count: mass.size, out: { comNext: com.shape, inertiaNext: inertia.shape } },
      )
    : { comNext: com, inertiaNext: inertia };
  return { mass, com: position ? turned.comNext.add(position) : turned.comNext, inertia: turned.inertiaNext };
}

const momentsKernel = lazyKernel(/* wgsl */ `
  var<storage, read> mass: array<f32>;
  var<storage, read> com: array<vec3f>;
  var<storage, read> body: array<u32>;
  var<storage, read_write> total: array<f32>;
  var<storage, read_write> moment: array<f32>;
  @compute @workgroup_size(64)
  fn addMoments(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    let b = body[p];
    total[b] += mass[p];
    for (var k = 0u; k < 3; k++) { moment[3 * b + k] += mass[p] * com[p][k]; }
  }
`);

const inertiaKernel = lazyKernel(/* wgsl */ `
  var<storage, read> mass: array<f32>;
  var<storage, read> com: array<vec3f>;
  var<storage, read> inertia: array<f32>;
  var<storage, read> centre: array<vec3f>;
  var<storage, read> body: array<u32>;
  var<storage, read_write> sum: array<f32>;
  @compute @workgroup_size(64)
  fn addInertia(@builtin(global_invocation_id) id: vec3u) {
    let p = id.x;
    let b = body[p];
    let d = com[p] - centre[b];
    for (var r = 0u; r < 3; r++) {
      for (var c = 0u; c < 3; c++) {
        sum[9 * b + 3 * r + c] += inertia[9 * p + 3 * r + c] + mass[p] * (select(0.0, dot(d, d), r == c) - d[r] * d[c]);
      }
    }
  }
`);

/**
 * Bodies made of parts (1).
 *
 * @param body To which body each part belongs, whole numbers from 0; by default all to one, and the result is of one.
 * @throws RangeError if a body has no part.
 */
export function joined(parts: MassProperties, body?: readonly number[]): MassProperties {
  const { mass, com, inertia } = parts;
  const { size, device } = mass;
  const owners = body ?? Array.from({ length: size }, () => 0);
  const count = check(size, owners);
  const on = tensor(Uint32Array.from(owners), [size], { device });
  const { total, moment } = momentsKernel(
    { mass, com, body: on },
    { count: size, out: { total: count, moment: [count, 3] } },
  );
  const centre = moment.div(total.reshape([count, 1]));
  const { sum } = inertiaKernel({ mass, com, inertia, centre, body: on }, { count: size, out: { sum: [count, 3, 3] } });
  if (body) return { mass: total, com: centre, inertia: sum };
  return { mass: total.reshape([]), com: centre.reshape([3]), inertia: sum.reshape([3, 3]) };
}

function check(parts: number, body: readonly number[]): number {
  if (body.length !== parts)
    throw new RangeError(`joined: ${body.length} parts are told their body, but there are ${parts}.`);
  const bad = body.findIndex(b => !(Number.isInteger(b) && b >= 0));
  if (bad >= 0)
    throw new RangeError(`joined: part ${bad} belongs to body ${body[bad]}; bodies are whole numbers from 0.`);
  const there = new Set(body);
  const count = Math.max(-1, ...body) + 1;
  for (let b = 0; b < count; b++)
    if (!there.has(b)) throw new RangeError(`joined: body ${b} of ${count} has no part; number bodies without gaps.`);
  if (count === 0) throw new RangeError('joined: there are no parts; give at least one.');
  return count;
}
