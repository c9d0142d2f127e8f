/**
 * Chains of ever coarser copies of a texture (mip maps; Williams 1983, "Pyramidal parametrics").
 *
 *   even n:  coarse[i] = ½ fine[2i] + ½ fine[2i + 1]                                                              (1)
 *   odd n = 2m + 1:  coarse[i] = ((m − i) fine[2i] + m fine[2i + 1] + (i + 1) fine[2i + 2]) / n                   (2)
 *
 * along each axis, down to one texel: the mean of what a coarse texel covers, where a texel is a box. Constants stay what they
 * are; so do affine textures, at the same uv, where sizes are even. Each level is a linear map of the one before; its transpose is a
 * gather over a fixed number of places, so a gradient shares no sums. All levels lie one after the other in one tensor, for lookups
 * that choose their level pixel by pixel.
 */

import { concat, inWords, kernelsByKey, onDevice, type Tensor, tensor } from '../../kernel/index.ts';

/** A texture and its coarser copies: of one picture, of the six faces of a cube, or of a batch of cubes. */
export interface MipMap {
  /** All levels, the finest first, each cube by cube, face by face and row by row: [texels, channels]. */
  readonly texels: Tensor;
  /** Width and height of each level. */
  readonly sizes: readonly (readonly [number, number])[];
  readonly faces: number;
  readonly channels: number;
  /** How many cubes, of a batch. */
  readonly batch?: number;
}

const kernels = kernelsByKey();

/** The mean along an axis of n of what is at 2i + d, d = 0, 1, …; as differences, so that it is exact for a constant. */
function mean(n: number, i: string, at: (d: number) => string): string {
  if (n === 1) return at(0);
  if (n % 2 === 0) return `${at(0)} + 0.5 * (${at(1)} - ${at(0)})`; // (1)
  const [before, after] = [`(${(n - 1) / 2}.0 - f32(${i}))`, `(f32(${i}) + 1.0)`];
  return `${at(1)} + (${before} * (${at(0)} - ${at(1)}) + ${after} * (${at(2)} - ${at(1)})) / ${n}.0`; // (2)
}

function halveText(w: number, h: number, channels: number): string {
  const [W, H] = half([w, h]);
  const texel = (dx: number, dy: number): string =>
    `fine[((face * ${h}u + 2u * y + ${dy}u) * ${w}u + 2u * x + ${dx}u) * ${channels}u + c]`;
  const rows = Array.from({ length: h === 1 ? 1 : 2 + (h % 2) }, (_, dy) => {
    const row = mean(w, 'x', dx => texel(dx, dy));
    return `let row${dy} = ${row};`;
  });
  return /* wgsl */ `
    var<storage, read> fine: array<f32>;
    var<storage, read_write> coarse: array<f32>;
    @compute @workgroup_size(64)
    fn halve(@builtin(global_invocation_id) id: vec3u) {
      let c = id.x % ${channels}u;
      let x = id.x / ${channels}u % ${W}u;
      let y = id.x / ${channels * W}u % ${H}u;
      let face = id.x / ${channels * W * H}u;
      ${rows.join('\n      ')}
      coarse[id.x] = ${mean(h, 'y', dy => `row${dy}`)};
    }
  `;
}

const half = ([w, h]: readonly [number, number]): [number, number] => [Math.max(1, w >> 1), Math.max(1, h >> 1)];

/**
 * Makes the coarser copies of a texture; linear in the texels, and differentiable.
 *
 * @param map Rows from the top, [height, width, channels]; or the six faces of a cube, [6, n, n, channels], or of a batch, [B, 6, n, n, channels].
 * @param options.levels How many there are, the map itself being the first; default: down to one texel.
 */
export function mipMap(map: Tensor, { levels }: { readonly levels?: number } = {}): MipMap {
  const rank = map?.shape?.length;
  const [six, above, below] = map?.shape?.slice(-4) ?? [];
  if (map?.type !== 'f32' || !(rank === 3 || ((rank === 4 || rank === 5) && six === 6 && above === below)))
    throw new TypeError(
      `mipMap: the texture is ${inWords(map)}; give a tensor of f32, [height, width, channels], or [6, n, n, channels] for a cube.`,
    );
  const [h, w, channels] = map.shape.slice(-3);
  if (h * w * channels === 0)
    throw new RangeError(`mipMap: the texture has shape [${map.shape.join(', ')}]; it needs at least one texel.`);
  const most = Math.floor(Math.log2(Math.max(w, h))) + 1;
  const count = levels ?? most;
  if (!(Number.isInteger(count) && count >= 1 && count <= most))
    throw new RangeError(`mipMap: levels is ${count}; a texture of ${w} × ${h} has 1 to ${most}.`);
  const faces = rank === 3 ? 1 : 6;
  const batch = rank === 5 ? map.shape[0] : undefined;
  const pictures = faces * (batch ?? 1);
  const sizes: [number, number][] = [[w, h]];
  const parts = [map.reshape([pictures * h * w, channels])];
  while (sizes.length < count) {
    const fine = sizes[sizes.length - 1];
    const [W, H] = half(fine);
    const run = kernels(`${fine}:${channels}`, () => halveText(...fine, channels));
    const coarse = run(
      { fine: parts[parts.length - 1] },
      { count: pictures * H * W * channels, out: { coarse: [pictures * H * W, channels] } },
    ).coarse as Tensor;
    sizes.push([W, H]);
    parts.push(coarse);
  }
  const texels = count === 1 ? parts[0] : concat(parts);
  return { texels, sizes, faces, channels, ...(batch !== undefined && { batch }) };
}

const tablesOn = onDevice(() => new Map<string, Tensor>());

/** First texel, width and height of each level, [levels, 3], u32; made once for a device. */
export function levelTable({ sizes, faces, batch = 1, texels: { device } }: MipMap): Tensor {
  const known = tablesOn(device);
  const pictures = faces * batch;
  const key = `${pictures}:${sizes.join(';')}`;
  let table = known.get(key);
  if (!table) {
    let first = 0;
    const rows = sizes.flatMap(([w, h]) => {
      const row = [first, w, h];
      first += pictures * w * h;
      return row;
    });
    table = tensor(Uint32Array.from(rows), [sizes.length, 3], { device });
    known.set(key, table);
  }
  return table;
}

/** What a lookup takes: a mip map of the map given, of one level where it needs no more. */
export function asMipMap(who: string, map: Tensor | MipMap, faces: 1 | 6, levels: boolean): MipMap {
  if (typeof map !== 'object' || map === null)
    throw new TypeError(`${who}: the map is ${inWords(map)}; give a tensor, or a mipMap of it.`);
  if ('texels' in map) {
    if (map.faces !== faces)
      throw new TypeError(
        `${who}: the mip map has ${map.faces} faces; ${faces === 6 ? 'a cube needs 6' : 'look up those of a cube with cubeTexture'}.`,
      );
    return map;
  }
  const rank = map.shape?.length;
  if (faces === 6 ? (rank !== 4 && rank !== 5) || map.shape[rank - 4] !== 6 : rank !== 3)
    throw new TypeError(
      `${who}: the map is ${inWords(map)}; give ${faces === 6 ? '[6, n, n, channels]' : '[height, width, channels]'}, or a mipMap of it.`,
    );
  return mipMap(map, levels ? {} : { levels: 1 });
}
