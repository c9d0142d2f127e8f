/**
 * What is reflected in a shiny thing, and how does it shine? An environment map and a highlight's colour and exponent, from pictures.
 *
 *   colour = map(r) + k max(r·l, 0)ᵉ,   r = 2 (n·v) n − v                                                          (1)
 *   loss = mean (picture − reference)²,   a new camera and a new light for each step                               (2)
 *
 * Goal: k within 0.01 (root mean square), e within 2 %. After the sample `envphong` of Laine et al., Modular primitives for high-performance
 * differentiable rendering, 2020: k = (1, 0.8, 0.6), e = 25, Adam with 10⁻² falling to 10⁻³; here the
 * highlight's numbers go ten times as far in a step, e 250 times.
 */

import { normal } from '../../adjoint/index.ts';
import { torusKnot } from '../../geometry/index.ts';
import { type Device, lazyKernel, type Tensor, tensor } from '../../kernel/index.ts';
import {
  antialias,
  type Camera,
  cubeOf,
  cubeTexture,
  difference,
  enlarged,
  type Image,
  imageOf,
  interpolate,
  l2,
  latLongFromCube,
  mask,
  panels,
  perspective,
  project,
  rasterize,
  studioLight,
  toSrgb,
  unitText,
  vertexNormals,
} from '../../render/index.ts';
import { checkWhole, type Scene, type SceneProgress } from '../scene.ts';
import { descend } from './descend.ts';
import { randomView } from './views.ts';

interface Settings {
  readonly texels: number;
  readonly size: number;
}
interface Params {
  readonly map: Tensor;
  readonly colour: Tensor;
  /** In tens. */
  readonly exponent: Tensor;
}

const truth = { colour: [1, 0.8, 0.6], exponent: 25 };

const shine = lazyKernel(/* wgsl */ `
  var<storage, read> position: array<vec3f>;
  var<storage, read> normal: array<vec3f>;
  var<storage, read> eye: vec3f;
  var<storage, read> light: vec3f;
  var<storage, read> colour: vec3f;
  var<storage, read> exponent: f32;
  var<storage, read_write> reflected: array<vec3f>;
  var<storage, read_write> highlight: array<vec3f>;
  ${unitText}
  @compute @workgroup_size(64)
  fn shine(@builtin(global_invocation_id) id: vec3u) {
    let n = unit(normal[id.x]);
    let v = unit(eye - position[id.x]);
    let r = 2.0 * dot(n, v) * n - v;
    reflected[id.x] = r;
    highlight[id.x] = pow(max(dot(r, unit(light)), 0.0), exponent) * colour; // (1)
  }
`);

/** Draws the thing: black around it. */
function drawer(device: Device) {
  const { vertices, triangles } = torusKnot({ device });
  const normals = vertexNormals(vertices, triangles);
  return ({ map, colour, exponent }: Params, camera: Camera, light: Tensor): Tensor => {
    const clip = project(camera, vertices);
    const { size } = camera.lens;
    const raster = rasterize(clip, triangles, { size, cull: 'back' });
    const position = interpolate(raster, clip, vertices);
    const shape = position.shape.slice(0, -1);
    const { reflected, highlight } = shine(
      {
        position,
        normal: interpolate(raster, clip, normals),
        eye: camera.pose.position,
        light,
        colour,
        exponent: exponent.mul(10),
      },
      { count: position.size / 3, out: { reflected: shape, highlight: shape } },
    );
    const seen = cubeTexture(map, reflected).add(highlight).mul(mask(raster));
    return antialias(seen, raster, clip);
  };
}

function viewAt(size: number, seed: number, step: number, device: Device): readonly [Camera, Tensor] {
  const lens = perspective({ fovY: 2 * Math.atan(0.4), size: [size, size], near: 0.1, far: 20, device });
  const pose = randomView({ seed, stream: step, device }, [4, 6]);
  return [{ lens, pose }, normal([3], { seed: seed + 1, stream: step, device })];
}

/** Pixels of pictures of the thing in the report and in the film. */
const shown = { sheet: 256, film: 160 };

const picture = async (image: Tensor): Promise<Image> => toSrgb(await imageOf(image.max(0).min(1)));

export const environmentFit: Scene = {
  name: 'mesh-fit-environment',
  summary: 'finds what a shiny knot reflects, and its highlight, from pictures of it',
  settings: {
    texels: 'along an edge of the environment map (preset small: 16; full: 64)',
    size: 'of the pictures, px (48; 128)',
  },
  async run({ preset, settings, iterations, seed, onProgress, device, signal }) {
    const small = preset === 'small';
    const values: Settings = { texels: small ? 16 : 64, size: small ? 48 : 128, ...settings };
    checkWhole('mesh-fit-environment', values, { texels: 2, size: 8 });
    const { texels, size } = values;
    const steps = iterations ?? (small ? 250 : 1500);
    const draw = drawer(device);
    const on = { device };
    const target: Params = {
      map: cubeOf(texels, d => studioLight(d), on).min(1.5),
      colour: tensor(truth.colour, [3], on),
      exponent: tensor([truth.exponent / 10], [1], on),
    };
    const guess: Params = {
      map: tensor(new Float32Array(18 * texels * texels).fill(0.5), [6, texels, texels, 3], on),
      colour: tensor([0.5, 0.5, 0.5], [3], on),
      exponent: tensor([1], [1], on),
    };
    const view = (params: Params, px: number): Promise<Image> =>
      picture(draw(params, ...viewAt(px, seed, steps, device))); // which no step takes
    const around = async ({ map }: Params): Promise<Image> =>
      enlarged(await picture(latLongFromCube(map, [4 * texels, 2 * texels])), Math.max(1, Math.round(64 / texels)));
    const film: Image[] = [];
    const history: SceneProgress[] = [];
    const errors = async ({ colour, exponent }: Omit<Params, 'map'>): Promise<{ rgb: number; exponent: number }> => ({
      rgb: Math.sqrt(await colour.sub(target.colour).square().mean().item()),
      exponent: Math.abs(10 * (await exponent.item()) - truth.exponent) / truth.exponent,
    });
    const found = await descend<Params & Record<string, Tensor>>(
      { ...guess },
      (params, step) => {
        const [camera, light] = viewAt(size, seed, step, device);
        return l2(draw(params, camera, light), draw(target, camera, light));
      },
      {
        iterations: steps,
        rate: step => 1e-2 * 0.1 ** (step / steps),
        scale: name => (name === 'map' ? 1 : name === 'colour' ? 10 : 25), // few pixels tell of the highlight
        onStep: async (step, loss, params) => {
          if (step % Math.ceil(steps / 50) !== 0) return;
          const off = await errors(params);
          const note = `the highlight's colour is off by ${off.rgb.toFixed(3)}, its exponent by ${(100 * off.exponent).toFixed(1)} %`;
          const progress = { iteration: step, loss, done: step / steps, note };
          history.push(progress);
          film.push(await view(params, shown.film));
          onProgress(progress);
        },
        ...(signal && { signal }),
      },
    );
    const off = await errors(found);
    const colour = Array.from(await found.colour.read());
    const exponent = 10 * (await found.exponent.item());
    const sheet = await Promise.all(
      [(params: Params) => view(params, shown.sheet), around].map(async (drawn, k) => {
        const [aim, first, now] = await Promise.all([target, guess, found].map(drawn));
        return [
          { image: aim, label: ['target', 'all around'][k] },
          { image: first, label: 'guess' },
          { image: now, label: 'now' },
          { image: difference(now, aim), label: 'difference' },
        ];
      }),
    );
    const bounds = small ? { rgb: 0.15, exponent: 0.25 } : { rgb: 0.01, exponent: 0.02 };
    return {
      goal: {
        name: `error of the highlight's colour, and ${100 * bounds.exponent} % of its exponent`,
        value: off.rgb,
        bound: bounds.rgb,
        met: off.rgb <= bounds.rgb && off.exponent <= bounds.exponent,
      },
      fitted: { colour, exponent },
      loss: history.at(-1)?.loss ?? Number.NaN,
      iterations: steps,
      estimates: [
        ...['red', 'green', 'blue'].map((name, c) => ({
          name: `${name} of the highlight`,
          unit: '',
          fitted: colour[c],
          interval: 0,
          guess: 0.5,
          truth: truth.colour[c],
          allowed: bounds.rgb,
        })),
        {
          ...{ name: 'exponent', unit: '', fitted: exponent, interval: 0, guess: 10, truth: truth.exponent },
          allowed: bounds.exponent * truth.exponent,
        },
      ],
      history,
      pictures: [
        {
          caption: 'the thing from a side that no step drew, and what it reflects: a map of all directions',
          image: panels(sheet),
        },
      ],
      film: { images: film, fps: 10, caption: 'the thing, from the guess on' },
      notes: [
        `${size}² pictures, a ${texels}² cube map; a new camera and a new light for each of ${steps} steps.`,
        'The map is found where the thing mirrors it: directions that no normal of the knot turns to stay as they were.',
      ],
    };
  },
};
