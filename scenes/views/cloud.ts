/**
 * What is in a cloud that was photographed from seven sides? The density of every voxel, by gradients through the march of light.
 *
 *   min ⟨(image − photograph)²⟩ over densities σ ≥ 0, by L-BFGS within bounds
 *
 * Seven views do not determine the cloud: what is asked is that the photographs are met, and how well a view is that nobody took is told.
 * Goal: the loss a hundred times smaller within 100 steps.
 */

import { type Device, type Tensor, tensor, zeros } from '../../kernel/index.ts';
import {
  blueRed,
  type Camera,
  falseColours,
  type Image,
  imagesOf,
  magma,
  marchVolume,
  panels,
  perspective,
  rays,
} from '../../render/index.ts';
import { lbfgs } from '../../solvers/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { cameraAt, decibels, descent, ring, together } from './views.ts';

const corners = [
  [-1, -1, -1],
  [1, 1, 1],
];
const distance = 4; // m
const wanted = 100;

/** Lumps along a ring that rises and falls. */
function cloud(n: number, device: Device): Tensor {
  const lumps = Array.from({ length: 9 }, (_, k) => {
    const a = (2 * Math.PI * k) / 9;
    const r = 0.58 + 0.12 * Math.cos(3 * a);
    return {
      at: [r * Math.cos(a), 0.4 * Math.sin(2 * a), r * Math.sin(a)],
      width: 0.13 + 0.06 * Math.sin(5 * a),
      peak: 5,
    };
  });
  const density = new Float32Array(n ** 3);
  for (let k = 0; k < density.length; k++) {
    const p = [k % n, Math.floor(k / n) % n, Math.floor(k / n / n)].map(i => (2 * (i + 0.5)) / n - 1);
    for (const { at, width, peak } of lumps) {
      const q = p.reduce((sum, x, d) => sum + (x - at[d]) ** 2, 0) / (2 * width ** 2);
      density[k] += peak * Math.exp(-q);
    }
  }
  return tensor(density, [n, n, n], { device });
}

const coloured = (image: Image): Image => falseColours(image, { low: 0, high: 1, colours: magma });

/** Red where there is more light than on the photograph, blue where less. */
const off = (a: Image, b: Image): Image =>
  falseColours({ ...a, data: a.data.map((v, k) => v - b.data[k]) }, { low: -0.1, high: 0.1, colours: blueRed });

export const views: Scene = {
  name: 'views',
  summary: 'finds the densities of a cloud from seven photographs',
  settings: {
    voxels: 'along a side of the box (preset small: 32; full: 128)',
    pixels: 'along a side of a photograph (32; 128)',
    views: 'photographs (7)',
  },
  async run({ preset, settings, iterations = 100, onProgress, signal, device }) {
    const side = preset === 'small' ? 32 : 128;
    const given = { voxels: side, pixels: side, views: 7, ...settings };
    checkWhole('views', given, { voxels: 2, pixels: 4, views: 1 });
    const { voxels, pixels } = given;
    const lens = perspective({ fovY: 0.6, size: [pixels, pixels], near: 0.1, far: 10, device });
    const look = (density: Tensor, camera: Camera): Tensor =>
      marchVolume({ density, corners }, rays(camera), { step: 2 / voxels }).image;
    const cameras = together(ring(given.views, lens, distance, device));
    const truth = cloud(voxels, device);
    const photographs = look(truth, cameras);
    const fresh = together([cameraAt(lens, distance, 0.45, 0.9, device)]);
    const unseen = look(truth, fresh);
    const loss = ({ density }: { density: Tensor }): Tensor => look(density, cameras).sub(photographs).square().mean();

    const history: SceneProgress[] = [];
    const start = { density: zeros([voxels, voxels, voxels], { device }).add(0.1) };
    const targets = await imagesOf(photographs);
    const some = [0, Math.floor(given.views / 3), Math.floor((2 * given.views) / 3)];
    const sheet = async (density: Tensor): Promise<Image> => {
      const now = await imagesOf(look(density, cameras));
      return panels(
        [
          some.map(k => ({ image: coloured(targets[k]), label: 'photograph' })),
          some.map(k => ({ image: coloured(now[k]), label: 'now' })),
          some.map(k => ({ image: off(now[k], targets[k]), label: 'difference x 10' })),
        ],
        { height: 160 },
      );
    };
    let last = { iteration: 0, loss: Number.NaN };
    let first: number | undefined;
    let density = start.density;
    const note = (value: number): string => {
      first ??= value;
      return `loss 1/${Math.max(1, Math.round(first / value))} of the first`;
    };
    for await (const stretch of descent(loss, start, lbfgs({ low: 0, pairs: 6 }), {
      iterations,
      pictures: 1,
      ...{ note, history, onProgress, signal },
    })) {
      last = stretch;
      density = tensor(await stretch.params.density.read(), start.density.shape, { device });
    }
    const ended = await sheet(density);
    const turn = Array.from({ length: 24 }, (_, k) => cameraAt(lens, distance, (2 * Math.PI * k) / 24, 0.4, device));
    const orbit: Image[] = [];
    for (const camera of turn) {
      const [seen] = await imagesOf(look(density, together([camera])));
      const [real] = await imagesOf(look(truth, together([camera])));
      orbit.push(
        panels(
          [
            [
              { image: coloured(real), label: 'cloud' },
              { image: coloured(seen), label: 'found' },
            ],
          ],
          { height: 256 },
        ),
      );
    }
    const held = decibels(await look(density, fresh).sub(unseen).square().mean().item());
    const gain = (first ?? Number.NaN) / last.loss;
    return {
      goal: { name: 'loss over the first one', value: 1 / gain, bound: 1 / wanted, met: gain >= wanted },
      fitted: { ...given, iterations: last.iteration, gain, unseenView: held },
      loss: last.loss,
      iterations: last.iteration,
      estimates: [],
      history,
      pictures: [
        { caption: 'three of the photographs, what the densities found look like, and the difference', image: ended },
        { caption: 'from the side, as was not photographed', image: orbit[5] },
      ],
      film: { images: orbit, fps: 12, caption: 'once around: the cloud, and what was found' },
      notes: [
        `${voxels}³ densities from ${given.views} photographs of ${pixels} × ${pixels} pixels; a view that nobody took is met to ${held.toFixed(1)} dB.`,
        'Light: emission and absorption along each ray, a step a voxel long; its adjoint walks back with memory that does not grow with the steps.',
      ],
    };
  },
};
