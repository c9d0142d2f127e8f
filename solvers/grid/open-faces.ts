/**
 * Bodies of any shape in a grid, from a signed distance at its nodes: cells are cut by planes, and everything depends smoothly on the shape.
 *
 *   open_f = share of face f where φ > 0, for φ linear between its corners                                       (1)
 *   φ_c    = mean of φ over the corners of a face across c, where u_c is
 *   drag_c = Σ 1 / (ϑ h²) over neighbours beyond the surface, ϑ = φ_c / (φ_c − φ_neighbour)                      (2)
 *
 * (1) is what pressure sees, (2) what friction does: u_c falls linearly to 0 at the distance ϑ h, where the line to the neighbour meets the body.
 * Where fluid slips, friction acts between open faces alone, ∂u_c/∂n = 0, and beyond the surface goes on what is beside it (`continued`).
 *
 * Ng, Min & Gibou, J. Comput. Phys. 228 (2009) 8807, for (1); Gibou, Fedkiw, Cheng & Kang, J. Comput. Phys. 176 (2002) 205, for (2).
 */

import { checkOptions, type Device, inWords, isBeingRecorded, lazyKernel, Tensor, tensor } from '../../kernel/index.ts';
import type { Axis, AxisName, FaceFields } from '../../sparse/index.ts';
import { faceGrid, type Wall } from './face-sides.ts';
import {
  checkGrid,
  countOf,
  type Grid,
  gridKernel,
  indexText,
  launch,
  placeText,
  sizesOf,
  sizesText,
  type VectorField,
} from './grid.ts';
import { fluidCells, type Obstacles } from './obstacles.ts';
import { linksOf } from './operators.ts';
import { checkRegions } from './regions.ts';
import type { Points } from './sample.ts';

/** How a component of velocity meets the body. */
export interface FaceFriction {
  /** (2), 1/m². None where fluid slips. */
  readonly drag?: Tensor;
  /** 1 where the component is outside of the body, or where fluid slips on faces that are open if only in part; else 0. */
  readonly outside: Tensor;
  /** 1 between neighbours that both are outside, else 0. */
  readonly links: FaceFields;
}

export interface OpenFaces extends Obstacles {
  readonly wall: Wall;
  readonly friction: Readonly<Partial<Record<AxisName, FaceFriction>>>;
}

export interface OpenFacesOptions {
  /** Whether viscous fluid sticks to the body or slips along it: ∂u_t/∂n = 0, without the u_t / R of a wall of radius R. Default 'no-slip'. */
  readonly wall?: Wall;
  /** Whether to look that no fluid is cut off from where it could flow. Default true. */
  readonly check?: boolean;
}

const least = 1e-4; // Share of a face below which it is closed.
const nearest = 1e-3; // Least ϑ.

const shareText = `
  fn ofLine(a: f32, b: f32) -> f32 {
    if (a > 0.0 && b > 0.0) { return 1.0; }
    if (a <= 0.0 && b <= 0.0) { return 0.0; }
    return max(a, b) / (max(a, b) - min(a, b));
  }
  fn corner(p: f32, q: f32, r: f32) -> f32 { return p * p / ((p - q) * (p - r)); }
  fn ofTriangle(a: f32, b: f32, c: f32) -> f32 {
    if (a > 0.0 && b > 0.0 && c > 0.0) { return 1.0; }
    if (a <= 0.0 && b <= 0.0 && c <= 0.0) { return 0.0; }
    if (a > 0.0 && b <= 0.0 && c <= 0.0) { return corner(a, b, c); }
    if (b > 0.0 && a <= 0.0 && c <= 0.0) { return corner(b, c, a); }
    if (c > 0.0 && a <= 0.0 && b <= 0.0) { return corner(c, a, b); }
    if (a <= 0.0) { return 1.0 - corner(a, b, c); }
    if (b <= 0.0) { return 1.0 - corner(b, c, a); }
    return 1.0 - corner(c, a, b);
  }
  fn ofSquare(a: f32, b: f32, c: f32, d: f32) -> f32 {
    let middle = 0.25 * (a + b + c + d);
    return 0.25 * (ofTriangle(middle, a, b) + ofTriangle(middle, b, c) + ofTriangle(middle, c, d) + ofTriangle(middle, d, a));
  }`;

/** φ at the corners of a face, in order around it. */
function cornersOf({ axes }: Grid, across: AxisName): readonly string[] {
  const node = (plus: readonly string[]): string =>
    axes.reduceRight((rest, { name }) => {
      const own = `${name}${plus.includes(name) ? ' + 1u' : ''}`;
      return rest ? `(${rest}) * (n${name} + 1u) + ${own}` : own;
    }, '');
  const [a, b] = axes.map(({ name }) => name).filter(name => name !== across);
  const around = b ? [[], [a], [a, b], [b]] : a ? [[], [a]] : [[]];
  return around.map(plus => `phi[${node(plus)}]`);
}

function atFaces(grid: Grid, phi: Tensor, { name: c }: Axis): { readonly open: Tensor; readonly middle: Tensor } {
  const run = gridKernel(grid, `open faces ${c}`, '', () => {
    const corners = cornersOf(grid, c);
    const share = ['', 'select(0.0, 1.0, middle > 0.0)', 'ofLine(p0, p1)', '', 'ofSquare(p0, p1, p2, p3)'][
      corners.length
    ];
    return `
  ${sizesText(grid)}
  var<storage, read> phi: array<f32>;
  @unique var<storage, read_write> open: array<f32>;
  @unique var<storage, read_write> mean: array<f32>;
  ${shareText}
  @compute @workgroup_size(64)
  fn openFaces(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(grid)}
    ${corners.map((corner, k) => `let p${k} = ${corner};`).join('\n    ')}
    let i = ${indexText(grid, {}, c)};
    let middle = (${corners.map((_, k) => `p${k}`).join(' + ')}) * ${1 / corners.length};
    let share = ${share}; // (1)
    open[i] = select(0.0, share, share > ${least});
    mean[i] = middle;
  }`;
  });
  const { shape } = faceGrid(grid, c);
  const made = run({ ...sizesOf(grid), phi }, { count: countOf(grid, c), out: { open: shape, mean: shape } });
  return { open: made.open, middle: made.mean };
}

/** 1 where positive. */
const outsideKernel = lazyKernel(/* wgsl */ `
  var<storage, read> phi: array<f32>;
  var<storage, read_write> outside: array<f32>;
  @compute @workgroup_size(64)
  fn outsideOf(@builtin(global_invocation_id) id: vec3u) { outside[id.x] = select(0.0, 1.0, phi[id.x] > 0.0); }
`);

/** Which faces a component is sought on: where φ, or what is open, is above 0. @param cells These faces as cells. */
function soughtOn(cells: Grid, phi: Tensor): FaceFriction {
  const { outside } = outsideKernel({ phi: phi.detach() }, { count: phi.size, out: { outside: phi.shape } });
  return { outside, links: linksOf(cells, outside) };
}

/** How a component sticks to the body, from φ at the faces that it is on. */
function stickingOn(cells: Grid, phi: Tensor): FaceFriction {
  const run = gridKernel(cells, 'drag of a body', '', () => {
    const towards = cells.axes.flatMap(({ name: c, low }) => {
      const at = (place: string): string => `phi[${indexText(cells, { [c]: place })}]`;
      const add = (place: string): string => `sum += beyond(own, ${at(place)}) * w${c} * w${c};`;
      if (low === 'periodic')
        return [add(`select(${c} - 1u, n${c} - 1u, ${c} == 0u)`), add(`select(${c} + 1u, 0u, ${c} == n${c} - 1u)`)];
      return [`if (${c} > 0u) { ${add(`(${c} - 1u)`)} }`, `if (${c} < n${c} - 1u) { ${add(`(${c} + 1u)`)} }`];
    });
    return `
  ${sizesText(cells)}
  var<storage, read> phi: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  fn beyond(own: f32, other: f32) -> f32 {
    if (other > 0.0) { return 0.0; }
    return 1.0 / max(own / (own - other), ${nearest}); // (2)
  }
  @compute @workgroup_size(64)
  fn dragOfBody(@builtin(global_invocation_id) id: vec3u) {
    ${placeText(cells)}
    let i = ${indexText(cells)};
    let own = phi[i];
    var sum = 0.0;
    if (own > 0.0) {
      ${towards.join('\n      ')}
    }
    result[i] = sum;
  }`;
  });
  return { drag: launch(cells, run, { phi }), ...soughtOn(cells, phi) };
}

/** Where the nodes of a grid of cells are, in metres: tensors with one more than cells along each axis. */
export function nodePlaces(grid: Grid, device?: Device): Points {
  const shape = grid.shape.map(n => n + 1);
  let stride = 1;
  const parts = grid.axes.map(({ name, size, spacing }) => {
    const [step, n] = [stride, size + 1];
    stride *= n;
    const data = Float64Array.from(
      { length: shape.reduce((a, b) => a * b) },
      (_, i) => (Math.floor(i / step) % n) * spacing,
    );
    return [name, tensor(data, shape, device && { device })] as const;
  });
  return Object.fromEntries(parts);
}

/** @throws RangeError for NaN, by the next read on a GPU. Not where a step of a rollout is recorded. */
function checkPlaces(phi: Tensor): void {
  if (isBeingRecorded(phi.device)) return;
  phi.device.check([phi.memory.retain()], words => {
    if (words.subarray(0, phi.size).some(Number.isNaN))
      throw new RangeError('openFaces: phi holds NaN; give the distance of every node to the surface.');
  });
}

/**
 * What is open of a grid beside a body: for `project`, `diffuseFaces` and models of fluids.
 *
 * @param phi Signed distance at the nodes (`nodePlaces`), m: above 0 in the fluid, below in the body. With one more than cells along each
 *   axis. Only where it is 0, and its size next to there, matters.
 * @returns Differentiable in phi; where the surface passes through the middle of a face, by continuity. Where it passes through a node, shares of
 *   faces have one slope on each side. A face that opens brings its whole velocity at once, so weigh sums over velocities by `open`.
 * @throws RangeError if the body cuts fluid off from where it could flow: at once on a CPU, by the next read on a GPU.
 */
export function openFaces(grid: Grid, phi: Tensor, options: OpenFacesOptions = {}): OpenFaces {
  checkOptions('openFaces', options, ['wall', 'check']);
  const { wall = 'no-slip', check = true } = options;
  if (wall !== 'no-slip' && wall !== 'slip')
    throw new RangeError(`openFaces: wall is ${inWords(wall)}; it must be 'no-slip' or 'slip'.`);
  checkGrid('openFaces', grid);
  const expected = grid.shape.map(n => n + 1);
  if (!(phi instanceof Tensor))
    throw new TypeError(`openFaces: phi is ${inWords(phi)}; give a tensor of shape [${expected.join(', ')}].`);
  if (phi.shape.join() !== expected.join())
    throw new RangeError(
      `openFaces: phi has shape [${phi.shape.join(', ')}]; at the nodes of this grid it must be [${expected.join(', ')}].`,
    );
  if (grid.placement !== 'cell')
    throw new RangeError("openFaces: bodies cut cells, and this grid has nodes; take { placement: 'cell' }.");
  const parts = grid.axes.map(axis => ({ name: axis.name, ...atFaces(grid, phi, axis) }));
  const open: VectorField = Object.fromEntries(parts.map(({ name, open }) => [name, open]));
  if (check) {
    checkPlaces(phi);
    checkRegions('openFaces', grid, open);
  }
  const friction = parts.map(({ name, open, middle }) => {
    const cells = faceGrid(grid, name);
    return [name, wall === 'slip' ? soughtOn(cells, open) : stickingOn(cells, middle)] as const;
  });
  return { open, wall, fluid: fluidCells(grid, open), friction: Object.fromEntries(friction) };
}
