/**
 * Liquid with a free surface, in the plane and in space: particles carry it, a grid keeps it incompressible.
 *
 *   u* = (m u) / m + dt g on the faces                       face-transfer.ts; 0 at the walls                 (1)
 *   −Δφ = −∇·u* in cells with particles, φ = 0 in others,   u = u* − ∇φ                                       (2)
 *   u of faces that no such cell has = mean of their neighbours that one has                                  (3)
 *   v⁺, C⁺ from the faces,  x⁺ = x + dt v⁺                                                                    (4)
 *
 * φ = p dt / ρ. Its equation is solved by multigrid and differentiated by one more solve; air holds φ at 0 by a reaction so strong that nothing is
 * left of it. Which cells have particles is not differentiated. Walls are slippery and part from the liquid only where they would have to pull, at
 * the top; particles stay a hundredth of a cell away from them. Of order 1 in dt; the surface is as sharp as the cells. Several particles per cell are
 * needed, 4 in the plane and 8 in space, and some air.
 *
 * Zhu & Bridson, ACM Trans. Graph. 24 (2005) 965, doi:10.1145/1073204.1073298; Bridson: Fluid Simulation for Computer Graphics, 2015, ch. 7.
 */

import { amax, checkOptions, kernelsByKey, type Tensor, tensor, zeros } from '../../../kernel/index.ts';
import { checkStable, divergence, type Grid, gradient, stencilOn, type VectorField } from '../../../solvers/index.ts';
import { type AxisName, linearSolve, multigrid, type SolveOptions, shapeOf } from '../../../sparse/index.ts';
import { checkModel, checkParams, checkTensor, look } from '../../field.ts';
import { checkTime, type Step } from '../../simulator.ts';
import { collectFromFaces, spreadToFaces } from './face-transfer.ts';

/** Shapes: n particles in d dimensions. */
export interface LiquidState {
  /** [n, d], m, from the lower corner of the grid. */
  readonly x: Tensor;
  /** [n, d], m/s. */
  readonly v: Tensor;
  /** How velocity changes around a particle, C_ij = ∂v_i/∂x_j, [n, d, d], 1/s. */
  readonly C: Tensor;
}

/** Differentiable. */
export interface LiquidParams {
  /** [d], m/s². */
  readonly gravity: Tensor;
}

export interface FreeSurfaceOptions {
  /** Whether to look at each step that no particle crosses more than a cell. Default true. */
  readonly check?: boolean;
  /** How the pressure is solved for. Default: conjugate gradients with multigrid. */
  readonly solve?: SolveOptions;
}

const kernelOf = kernelsByKey();
const preconditioner = multigrid();
/** How much stronger than its neighbours air holds its pressure. */
const hold = 1e8;

/** Particles as well as the number of each cell. */
function wetCells(grid: Grid, x: Tensor): Tensor {
  const { axes, shape } = grid;
  const d = axes.length;
  const run = kernelOf(
    `wet ${d}`,
    () => /* wgsl */ `
  ${axes.map(({ name }) => `var<uniform> n${name}: u32;`).join(' ')}
  var<uniform> h: vec${d}f;
  var<storage, read> x: array<vec${d}f>;
  var<storage, read_write> particles: array<f32>;
  @compute @workgroup_size(64)
  fn countParticles(@builtin(global_invocation_id) id: vec3u) {
    let c = vec${d}u(clamp(vec${d}i(floor(x[id.x] / h)), vec${d}i(0), vec${d}i(${axes.map(({ name }) => `i32(n${name}) - 1`).join(', ')})));
    particles[${axes.reduceRight((rest, { name }) => (rest ? `(${rest}) * n${name} + c.${name}` : `c.${name}`), '')}] += 1.0;
  }`,
  );
  const sizes = Object.fromEntries(axes.map(({ name, size }) => [`n${name}`, size]));
  const h = axes.map(({ spacing }) => spacing);
  return (run({ ...sizes, h, x } as never, { count: x.shape[0], out: { particles: shape } }) as Record<string, Tensor>)
    .particles as Tensor;
}

/** One kernel for the faces across an axis: `f` is a face, `i` its place along the axis, `own` and `before` the cells at it. */
function onFaces(
  grid: Grid,
  name: string,
  axis: AxisName,
  inputs: string,
  value: string,
  given: Record<string, unknown>,
): Tensor {
  const { axes } = grid;
  const run = kernelOf(`${name} ${axis} ${axes.length}`, () => {
    const size = (a: string): string => `n${a}${a === axis ? ' + 1u' : ''}`;
    const join = (place: (a: string) => string, length: (a: string) => string): string =>
      axes.reduceRight((rest, { name: a }) => (rest ? `(${rest}) * (${length(a)}) + ${place(a)}` : place(a)), '');
    const cell = (at: string): string =>
      join(
        a => (a === axis ? at : `id.${a}`),
        a => `n${a}`,
      );
    const across = axes.filter(({ name: a }) => a !== axis);
    const beside = across.flatMap(({ name: a }) => [
      { inside: `id.${a} > 0u`, shift: `id.${a} - 1u`, a },
      { inside: `id.${a} + 1u < n${a}`, shift: `id.${a} + 1u`, a },
    ]);
    return /* wgsl */ `
  ${axes.map(({ name: a }) => `var<uniform> n${a}: u32;`).join(' ')}
  ${inputs}
  @unique var<storage, read_write> result: array<f32>;
  fn wetFace(${axes.map(({ name: a }) => `${a}: u32`).join(', ')}) -> bool {
    let low = ${axis} > 0u && wet[${join(
      a => (a === axis ? `max(${a}, 1u) - 1u` : a),
      a => `n${a}`,
    )}] > 0.0;
    let high = ${axis} < n${axis} && wet[${join(
      a => (a === axis ? `min(${a}, n${a} - 1u)` : a),
      a => `n${a}`,
    )}] > 0.0;
    return low || high;
  }
  @compute @workgroup_size(64)
  fn ${name}(@builtin(global_invocation_id) id: vec3u) {
    let f = ${join(a => `id.${a}`, size)};
    let inside = id.${axis} > 0u && id.${axis} < n${axis};
    var u = 0.0;
    ${value
      .replaceAll('OWN', cell(`min(id.${axis}, n${axis} - 1u)`))
      .replaceAll('BEFORE', cell(`max(id.${axis}, 1u) - 1u`))
      .replaceAll('WET', `wetFace(${axes.map(({ name: a }) => `id.${a}`).join(', ')})`)
      .replaceAll(
        'NEIGHBOURS',
        beside
          .map(
            ({ inside, shift, a }) => /* wgsl */ `
      if (${inside}) {
        if (wetFace(${axes.map(({ name: b }) => (b === a ? shift : `id.${b}`)).join(', ')})) {
          sum += given[${join(b => (b === a ? shift : `id.${b}`), size)}];
          count += 1.0;
        }
      }`,
          )
          .join(''),
      )}
    result[f] = u;
  }`;
  });
  const shape = shapeOf(grid, axis);
  const sizes = Object.fromEntries(axes.map(({ name: a, size }) => [`n${a}`, size]));
  const out = { count: [...shape].reverse(), out: { result: shape } };
  return (run({ ...sizes, ...given } as never, out as never) as Record<string, Tensor>).result as Tensor;
}

/**
 * Builds a simulator of liquid in a closed box, the grid.
 *
 * @param grid Of cells, with sides 'neumann'.
 * @returns `step(state, params, dt)`: the state dt seconds later. Throws a RangeError where dt is too long, a ConvergenceError where the pressure
 *   is not found.
 */
export function freeSurface(grid: Grid, options: FreeSurfaceOptions = {}): Step<LiquidState, LiquidParams> {
  checkModel('freeSurface', grid, options, ['check', 'solve']);
  checkOptions('freeSurface', options, ['check', 'solve']);
  const { axes, size, shape } = grid;
  if (
    axes.length < 2 ||
    grid.placement !== 'cell' ||
    axes.some(({ low, high, size: n }) => low !== 'neumann' || high !== 'neumann' || n < 2)
  )
    throw new RangeError(
      "freeSurface: the grid must have 2 or 3 axes of at least 2 cells, all sides closed; take grid(shape, { spacing, sides: 'neumann' }).",
    );
  const { check = true, solve } = options;
  const d = axes.length;
  const steep = Math.max(...axes.map(({ spacing }) => spacing ** -2)) * hold;
  return ({ x, v, C }, params, dt) => {
    checkParams('freeSurface', params, ['gravity']);
    const { gravity } = params;
    checkParticles({ x, v, C }, gravity, d, dt);
    if (check) checkInside(grid, x);
    if (check)
      checkStable(
        { who: 'freeSurface', what: 'Δt |v| / h', dt },
        [v],
        dt / Math.min(...axes.map(({ spacing }) => spacing)),
      );
    const wet = wetCells(grid, x.detach());
    const sums = spreadToFaces(grid, x, v, C);
    const start: VectorField = Object.fromEntries(
      axes.map(({ name }, a) => [
        name,
        onFaces(
          grid,
          'faceVelocity',
          name,
          'var<storage, read> wet: array<f32>; var<storage, read> sums: array<f32>; var<storage, read> g: array<f32>; var<uniform> dt: f32;',
          'if (inside) { if (sums[2u * f + 1u] > 0.0) { u = sums[2u * f] / sums[2u * f + 1u] + dt * g[0]; } }', // (1)
          { wet, sums: sums[`m${name}`], g: gravity.reshape([d]).slice(a, a + 1), dt },
        ),
      ]),
    );
    const dry = wet.mul(-1).add(1).max(0);
    const A = stencilOn(grid, { reaction: dry.mul(steep).reshape([size]), device: x.device });
    const source = divergence(grid, start).neg().mul(dry.neg().add(1));
    const phi = linearSolve(A, source.reshape([size]), { preconditioner, ...solve }).reshape(shape); // (2)
    const slope = gradient(grid, phi);
    const u: VectorField = Object.fromEntries(
      axes.map(({ name }) => {
        const given = (start[name] as Tensor).sub(slope[name] as Tensor);
        return [
          name,
          onFaces(
            grid,
            'extendFaces',
            name,
            'var<storage, read> wet: array<f32>; var<storage, read> given: array<f32>;',
            /* wgsl */ `if (inside) {
      u = given[f];
      if (!WET) {
        var sum = 0.0;
        var count = 0.0;
        NEIGHBOURS
        if (count > 0.0) { u = sum / count; }                                                                          // (3)
      }
    }`,
            { wet, given },
          ),
        ];
      }),
    );
    const moved = collectFromFaces(grid, x, u);
    return { x: kept(grid, x.add(moved.v.mul(dt))), ...moved }; // (4)
  };
}

/** Within the box. */
function kept({ axes }: Grid, x: Tensor): Tensor {
  const d = axes.length;
  const run = kernelOf(
    `kept ${d}`,
    () => /* wgsl */ `
  var<uniform> low: vec${d}f;
  var<uniform> high: vec${d}f;
  var<storage, read> x: array<vec${d}f>;
  var<storage, read_write> result: array<vec${d}f>;
  @compute @workgroup_size(64)
  fn keepInside(@builtin(global_invocation_id) id: vec3u) { result[id.x] = clamp(x[id.x], low, high); }`,
  );
  const low = axes.map(({ spacing }) => 0.01 * spacing);
  const high = axes.map(({ spacing, size }) => (size - 0.01) * spacing);
  return (run({ low, high, x } as never, { count: x.shape[0] }) as Record<string, Tensor>).result as Tensor;
}

function checkParticles({ x, v, C }: LiquidState, gravity: Tensor, d: number, dt: number): void {
  for (const [name, given] of Object.entries({ x, v, C, gravity })) checkTensor('freeSurface', name, given);
  const [n] = x.shape;
  if (n === 0) throw new RangeError('freeSurface: there are no particles; give at least one.');
  const wanted: readonly (readonly [string, Tensor, readonly number[]])[] = [['x', x, [n, d]], ['v', v, [n, d]], ['C', C, [n, d, d]], ['gravity', gravity, [d]]]; // biome-ignore format: a table
  for (const [name, { shape }, expected] of wanted)
    if (shape.join() !== expected.join())
      throw new RangeError(
        `freeSurface: ${name} has shape [${shape.join(', ')}]; it must be [${expected.join(', ')}].`,
      );
  checkTime('freeSurface', dt);
}

/** @throws RangeError for particles that are not on the grid, or nowhere. */
function checkInside({ axes }: Grid, x: Tensor): void {
  const sizes = axes.map(({ size, spacing }) => size * spacing);
  const shares = (): Tensor =>
    x
      .detach()
      .div(tensor(sizes, undefined, { device: x.device }))
      .sub(0.5)
      .abs();
  look(
    x,
    () => amax(shares().reshape([x.size])),
    most => {
      if (!(most <= 0.5))
        throw new RangeError(
          `freeSurface: a particle is ${Number.isNaN(most) ? 'at NaN' : 'outside the grid'}; particles are from 0 to ${sizes.map(s => Number(s.toPrecision(4))).join(', ')} m.`,
        );
    },
  );
}

/** Particles at rest. @param points Where, m from the lower corner of the grid, [n, d]. */
export function liquidAt(points: Tensor): LiquidState {
  const [n, d] = points.shape;
  return { x: points, v: points.mul(0), C: zeros([n, d, d], { device: points.device }) };
}
