/**
 * From dynamics to pixels, on the device: the film that a chain with given numbers would make, and its Jacobian.
 *
 *   θ → positions in frames 1 … F − 1 → chosen pixels                                    (1) simulator, then renderer
 *
 * A pass runs `copies` chains side by side. For the Jacobian of (1) there is one copy for each unknown, whose tangent is the
 * unit vector of that unknown, so one `jvp` gives all columns. Each step of the rollout is a frame; the trajectory is kept
 * by shifting the last frames through the state, so the step body is the same at every frame.
 */

import { jvp, rollout } from '../../adjoint/index.ts';
import { lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';
import { type EnsembleStep, massSpringEnsemble } from '../../physics/index.ts';
import { type Draw, figure } from '../../render/index.ts';
import type { Film } from './input.ts';

/** What a pass differentiates: each [copies], velocity [copies nodes, 2] with the anchor's zeros. */
interface Chains {
  readonly stiffness: Tensor;
  readonly damping: Tensor;
  readonly gravity: Tensor;
  readonly drag: Tensor;
  readonly velocity: Tensor;
}

/** Pixels of a stack of frames, drawn at 1 / coarseness of the film's size. */
export interface PixelChoice {
  readonly coarseness: number;
  /** (frame − 1, column, row), flat. */
  readonly pixels: Uint32Array;
}

export interface FilmModel {
  /** Positions of the masses in frames 1 … F − 1, flat [F − 1, masses, 2], m. */
  positions(theta: Float64Array, frames: number, substeps: number): Promise<Float64Array>;
  /** Drawn values of chosen pixels. */
  values(theta: Float64Array, frames: number, substeps: number, choice: PixelChoice): Promise<ArrayLike<number>>;
  /** Drawn values, and their derivatives by each unknown, in order. */
  jacobian(
    theta: Float64Array,
    frames: number,
    substeps: number,
    choice: PixelChoice,
    unknowns: readonly number[],
  ): Promise<{ readonly values: ArrayLike<number>; readonly columns: readonly ArrayLike<number>[] }>;
}

const shiftFrames = lazyKernel(/* wgsl */ `
  struct Shape { nodes: u32, words: u32 }           // of one frame, of one copy's trajectory
  var<storage, read> path: array<vec2f>;
  var<storage, read> x: array<vec2f>;
  var<uniform> shape: Shape;
  var<storage, read_write> pathNext: array<vec2f>;
  @compute @workgroup_size(64)
  fn shiftFrames(@builtin(global_invocation_id) id: vec3u) {
    let k = id.x % shape.words;
    let copy = id.x / shape.words;
    if (k + shape.nodes < shape.words) { pathNext[id.x] = path[id.x + shape.nodes]; }
    else { pathNext[id.x] = x[copy * shape.nodes + k + shape.nodes - shape.words]; }
  }
`);

/** θ = (stiffness, spring damping, gravity, drag, vx₀, vy₀, vx₁, …) of each copy as tensors. */
function chains(thetas: readonly Float64Array[], nodes: number): Chains {
  const each = (k: number): Tensor =>
    tensor(
      thetas.map(theta => theta[k]),
      [thetas.length],
    );
  return {
    stiffness: each(0),
    damping: each(1),
    gravity: each(2),
    drag: each(3),
    velocity: tensor(
      thetas.flatMap(theta => [0, 0, ...theta.subarray(4)]),
      [thetas.length * nodes, 2],
    ),
  };
}

const disposeAll = (tensors: Iterable<Tensor>): void => {
  for (const each of tensors) each.dispose();
};

/** Builds simulator and renderer for the chain of a film, on the default device. */
export function filmModel(film: Film): FilmModel {
  const nodes = film.mass.length + 1; // node 0 is the anchor
  const links = film.mass.map((_, i) => [i, i + 1] as const);
  const advance: EnsembleStep = massSpringEnsemble({
    edges: links,
    mass: [1, ...film.mass],
    restLength: film.restLength,
    pinned: [0],
  });
  const draw: Draw = figure({ points: nodes, segments: links });
  const start = [film.anchor, ...film.position0].flat();

  const trajectory = (chain: Chains, copies: number, frames: number, substeps: number): Tensor => {
    const { stiffness, damping, gravity, drag } = chain;
    const dt = 1 / (film.fps * substeps);
    const x = tensor(Array.from({ length: copies }, () => start).flat(), [copies * nodes, 2]);
    const words = (frames - 1) * nodes; // positions of one copy
    const path = tensor(new Float32Array(2 * copies * words), [copies * words, 2]);
    const end = rollout(
      ({ path, ...state }: { x: Tensor; v: Tensor; path: Tensor }) => {
        const next = advance(state, { stiffness, damping, gravity, drag }, dt, substeps);
        const { pathNext } = shiftFrames({ path, x: next.x, shape: { nodes, words } }, { count: copies * words });
        return { x: next.x, v: next.v, path: pathNext as Tensor };
      },
      { x, v: chain.velocity, path },
      frames - 1,
    );
    return end.path;
  };

  const drawn = (path: Tensor, frames: number, { coarseness, pixels }: PixelChoice): Tensor => {
    const scale = film.pixelsPerMetre / coarseness;
    const toPixels = tensor([scale, -scale]); // y is up in the world, down in the image
    const origin = tensor(film.origin.map(o => o / coarseness));
    const style = {
      radius: tensor([0, ...film.mass.map(() => film.massRadius * scale)]),
      width: tensor(film.springWidth * scale, []),
    };
    const at = path.mul(toPixels).add(origin);
    return draw(at, style, tensor(pixels, [pixels.length / 3, 3]), { batch: frames - 1 });
  };

  return {
    async positions(theta, frames, substeps) {
      const chain = chains([theta], nodes);
      const path = trajectory(chain, 1, frames, substeps);
      const words = await path.read();
      disposeAll([path, ...Object.values(chain)]);
      return Float64Array.from(words).filter((_, i) => i % (2 * nodes) >= 2); // without the anchor
    },
    async values(theta, frames, substeps, choice) {
      const chain = chains([theta], nodes);
      const values = drawn(trajectory(chain, 1, frames, substeps), frames, choice);
      const words = await values.read();
      disposeAll([values, ...Object.values(chain)]);
      return words;
    },
    async jacobian(theta, frames, substeps, choice, unknowns) {
      const copies = unknowns.length;
      const chain = chains(
        unknowns.map(() => theta),
        nodes,
      );
      const units = unknowns.map(k => Float64Array.from(theta, (_, i) => (i === k ? 1 : 0)));
      const direction = chains(units, nodes);
      const film_ = (c: Chains): Tensor => drawn(trajectory(c, copies, frames, substeps), frames, choice);
      const { value, tangent } = jvp(film_)(chain, direction);
      const [values, tangents] = await Promise.all([value.read(), tangent.read()]);
      disposeAll([value, tangent, ...Object.values(chain), ...Object.values(direction)]);
      const m = choice.pixels.length / 3;
      return {
        values: values.subarray(0, m),
        columns: unknowns.map((_, copy) => tangents.subarray(copy * m, (copy + 1) * m)),
      };
    },
  };
}
