/**
 * What must a soft block be made of, so that after it has struck a wall it comes to where it should? Lamé's constants of each tetrahedron.
 *
 *   loss = |middle of the block at the end − target|²      unknowns: log λ_e, log μ_e; the same at first in all              (1)
 *
 * Eight cells of 10 cm, six neo-Hookean tetrahedra each, fly at a wall and fall on a floor, by contact forces that set in smoothly. How fast they
 * come back is a matter of how they give way. Friction sets in over a slip of 0.2 m/s: with 0.05 m/s and steps of 1.25 ms it overshoots and chatters
 * while the block strikes, and a start moved by 10⁻⁶ m has another gradient, in double precision too.
 *
 * Goal: a tenth of the loss it began with, in 40 iterations of Adam. After the example soft_body of Newton's diffsim.
 */

import { rollout } from '../../adjoint/index.ts';
import { type Device, type Tensor, tensor } from '../../kernel/index.ts';
import { blockMesh, elasticSolid, lameConstants } from '../../physics/index.ts';
import { type Image, panels } from '../../render/index.ts';
import { trusted } from '../horizon.ts';
import { descend } from '../mesh-fit/descend.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { drawBlock } from './picture.ts';

interface Settings {
  /** Cells of the block along each edge, time steps, and whether each tetrahedron has its own constants. */
  readonly cells: number;
  readonly steps: number;
  readonly own: number;
}

const time = 0.6; // s
const edge = 0.2; // m
const wall = 0.9; // x, m
const young = 4e4; // Pa, to begin with

/** The throw: from log scales of (λ, μ), [1 or m, 2], to the block on its way and in the end. */
function thrown({ cells, steps }: Settings, device: Device) {
  const mesh = blockMesh([cells, cells, cells], { size: [edge, edge, edge], origin: [0.2, 0.35, -edge / 2] });
  const body = elasticSolid(mesh, { viscous: true });
  const planes = tensor([-1, 0, 0, -wall, 0, 1, 0, 0], [2, 4], { device });
  const contact = tensor([2e3, 0.3, 5e-3, 0.3, 0.2], [5], { device });
  const params = body.params({ young, viscosity: 10, density: 500, obstacles: { planes, contact }, device });
  const begun = body.start(device);
  const start = { x: begun.x, v: begun.v.add(tensor([4, 0.5, 0], [3], { device })) };
  const base = lameConstants(tensor([young], [1], { device }), 0.3);
  const dt = time / steps;
  const fly = (scales: Tensor, count: number, each: number) =>
    rollout(
      state => {
        let next = state;
        for (let k = 0; k < each; k++) next = body.step(next, { ...params, lame: base.mul(scales.exp()) }, dt);
        return next;
      },
      start,
      count,
      { save: state => state.x },
    );
  const middle = (x: Tensor): Tensor => x.mean(0);
  return {
    body,
    params,
    end: (scales: Tensor, count = steps): Tensor => fly(scales, 1, count).state.x,
    course: (scales: Tensor, times: number): Tensor => fly(scales, times, steps / times).saved as Tensor,
    middle,
  };
}

export const softBody: Scene = {
  name: 'soft-body',
  summary:
    'finds what a soft block must be made of, tetrahedron by tetrahedron, to rebound from a wall to where it should',
  settings: {
    cells: 'of the block along each edge (2)',
    steps: 'time steps, a multiple of 24 (preset small: 720; full: 960)',
    own: '1: each tetrahedron has constants of its own, 0: all have the same (1)',
  },
  async run({ preset, settings, iterations, onProgress, device, signal }) {
    const small = preset === 'small';
    const values: Settings = { cells: 2, steps: small ? 720 : 960, own: 1, ...settings };
    checkWhole('soft-body', values, { cells: 1, steps: 24, own: 0 });
    if (values.steps % 24 !== 0)
      throw new RangeError(
        `soft-body: 'steps' is ${values.steps}; it must be a multiple of 24, the pictures of the film.`,
      );
    const count = iterations ?? 40;
    const { body, params, end, course, middle } = thrown(values, device);
    const place = [0.05, 0.2, 0];
    const target = tensor(place, [3], { device });
    const unknownOn = (device: Device): Tensor =>
      tensor(new Float64Array(values.own ? 2 * body.elements : 2), [values.own ? body.elements : 1, 2], { device });
    const unknown = unknownOn(device);
    const away = (scales: Tensor): Tensor => middle(end(scales)).sub(target).square().sum(); // (1)
    const first = await away(unknown).item();
    const history: SceneProgress[] = [];
    const { scales } = await descend({ scales: unknown }, params => away(params.scales), {
      iterations: count,
      rate: step => 0.2 * 0.1 ** (step / count),
      onStep: (step, loss) => {
        const note = `the middle ends ${Math.sqrt(loss).toPrecision(3)} m off`;
        const progress = { iteration: step + 1, loss, done: (step + 1) / count, note };
        history.push(progress);
        onProgress(progress);
      },
      ...(signal && { signal }),
    });
    const last = await away(scales).item();
    await body.checkElements(end(scales), params);
    const horizon = await trusted((device, count) => {
      const { end, middle } = thrown(values, device);
      const to = tensor(place, [3], { device });
      return {
        loss: (scales: Tensor) => middle(end(scales, count)).sub(to).square().sum(),
        params: unknownOn(device),
      };
    }, values.steps);
    const times = 24;
    const [before, after] = await Promise.all(
      [unknown, scales].map(async s => Array.from(await course(s, times).read())),
    );
    const stiffness = Array.from(await scales.slice([0, 1], [scales.shape[0], 2]).exp().read());
    const goal = Array.from(await target.read());
    const n = body.nodes * 3;
    const frames: Image[] = Array.from({ length: times }, (_, k) =>
      panels([
        [
          { image: drawBlock(body.mesh, before.slice(k * n, k * n + n), [1], goal, wall), label: 'as it was' },
          { image: drawBlock(body.mesh, after.slice(k * n, k * n + n), stiffness, goal, wall), label: 'found' },
        ],
      ]),
    );
    const share = last / first;
    return {
      goal: { name: 'loss, as a share of what it was', value: share, bound: 0.1, met: share <= 0.1 },
      fitted: { stiffness, gradientHorizon: horizon.steps },
      loss: last,
      iterations: count,
      estimates: [],
      history,
      pictures: [
        {
          caption: 'The end, as it was and as found: blue is softer, red is stiffer; the cross is the target',
          image: frames[times - 1],
        },
      ],
      plots: [
        {
          caption: 'How far the middle of the block ends from the target',
          x: { name: 'iteration' },
          y: { name: 'm', log: true },
          series: [
            {
              name: 'distance',
              marks: 'line',
              points: history.map(({ iteration, loss }) => [iteration - 1, Math.sqrt(loss)]),
            },
          ],
        },
      ],
      film: { images: frames, fps: 12, caption: 'Before and after' },
      notes: [
        `${body.elements} tetrahedra, ${body.nodes} nodes, ${values.steps} steps of ${((1e3 * time) / values.steps).toFixed(2)} ms; ${unknown.size} unknowns.`,
        `μ is ${Math.min(...stiffness).toPrecision(3)} to ${Math.max(...stiffness).toPrecision(3)} times what it was.`,
        horizon.note,
      ],
    };
  },
};
