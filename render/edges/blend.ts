/**
 * Pixels take shares of the colours of their neighbours in the four cells around them. With c_k the colour at corner k of a cell, and w_kj the share
 * that its quarter of the pixel there takes of corner j (shares.ts),
 *
 *   t_k = Σ_j w_kj (c_j − c_k),   picture[i] = c[i] + Σ of the t_k of all corners k at which pixel i is
 *
 * All but the product is linear, and adjoints of the steps are such steps: from pixels to cells' corners, and from corners to pixels. Both gather:
 * a pixel is a corner of four cells, and finds them. So a gradient keeps w and colours, of cells, but no colours of pixels.
 */

import { unrecorded } from '../../adjoint/index.ts';
import { adopt, callOnto, differentiable, kernelsByKey, type Rule, type Tensor } from '../../kernel/index.ts';
import { cellText, cornersText } from './cells.ts';
import { noneText } from './tables.ts';

/** Which pixels are at the corners of which cells: integers (cells.ts). */
interface Links {
  readonly marks: Tensor;
  readonly cell: Tensor;
}

const corners = [0, 1, 2, 3] as const;
const elementOf = (channels: number): string => `array<f32, ${channels}>`;
const each = (channels: number, text: (c: number) => string): string =>
  Array.from({ length: channels }, (_, c) => text(c)).join('');

const toCellsText = (channels: number): string => /* wgsl */ `
  ${cornersText}
  var<storage, read> cell: array<u32>;
  var<storage, read> x: array<${elementOf(channels)}>;
  var<uniform> width: u32;
  var<uniform> height: u32;
  var<storage, read_write> cells: array<array<${elementOf(channels)}, 4>>;
  @compute @workgroup_size(64)
  fn pixelsToCells(@builtin(global_invocation_id) id: vec3u) {
    if (cell[id.x] != 0u) {
      let at = cornersOf(cell[id.x] - 1u, width, height);
      for (var k = 0u; k < 4u; k++) {
        if (at[k] != ${noneText}) {
          ${each(channels, c => `cells[id.x][k][${c}] = x[at[k]][${c}];`)}
        }
      }
    }
  }
`;

/** A pixel is seen to by the first of its cells, which adds what all of them give it. */
const toPixelsText = (channels: number, based: boolean): string => /* wgsl */ `
  ${cornersText}
  var<storage, read> marks: array<vec2u>;
  var<storage, read> cell: array<u32>;
  var<storage, read> cells: array<array<${elementOf(channels)}, 4>>;
  ${based ? `var<storage, read> base: array<${elementOf(channels)}>;` : ''}
  var<uniform> width: u32;
  var<uniform> height: u32;
  @unique var<storage, read_write> pixels: array<${elementOf(channels)}>;
  ${cellText}
  @compute @workgroup_size(64)
  fn cellsToPixels(@builtin(global_invocation_id) id: vec3u) {
    if (cell[id.x] != 0u) {
      let own = cell[id.x] - 1u;
      let at = cornersOf(own, width, height);
      for (var k = 0u; k < 4u; k++) {
        let pixel = at[k];
        if (pixel != ${noneText}) {
          let last = own + select(0u, 1u, k == 1u || k == 2u) + select(0u, width + 1u, k >= 2u); // of which the pixel is corner 0
          let room = arrayLength(&cell);
          let r = vec4u(recordOf(last, room), recordOf(last - 1u, room), recordOf(last - width - 2u, room), recordOf(last - width - 1u, room));
          let first = select(select(select(r.x, r.y, r.y != 0u), r.w, r.w != 0u), r.z, r.z != 0u);
          if (first == id.x + 1u) {
            var sum = ${elementOf(channels)}();
            for (var j = 0u; j < 4u; j++) {
              if (r[j] != 0u) {
                ${each(channels, c => `sum[${c}] += cells[r[j] - 1u][j][${c}];`)}
              }
            }
            ${each(channels, c => `pixels[pixel][${c}] = ${based ? `base[pixel][${c}] + ` : ''}sum[${c}];`)}
          }
        }
      }
    }
  }
`;

const productText = (channels: number): string => /* wgsl */ `
  var<storage, read> cell: array<u32>;
  var<storage, read> w: array<array<vec3f, 4>>;
  var<storage, read> colours: array<array<${elementOf(channels)}, 4>>;
  var<storage, read_write> taken: array<array<${elementOf(channels)}, 4>>;
  @compute @workgroup_size(64)
  fn takeShares(@builtin(global_invocation_id) id: vec3u) {
    if (cell[id.x] != 0u) {
    ${corners
      .map(k =>
        each(channels, c => {
          const of = (j: number): string =>
            `w[id.x][${k}][${j - 1}] * (colours[id.x][${(k + j) % 4}][${c}] - colours[id.x][${k}][${c}])`;
          return `taken[id.x][${k}][${c}] = ${of(1)} + ${of(2)} + ${of(3)};`;
        }),
      )
      .join('')}
    }
  }
`;

const kernels = kernelsByKey();

/** The sides of [H, W, C] or [B, H, W, C]. */
function sidesOf(shape: readonly number[]): {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
} {
  const [height, width, channels] = shape.slice(-3);
  return { height, width, channels };
}

/** What cells have at their corners of a picture, [n, 4, C]. */
function toCells(links: Links, x: Tensor): Tensor {
  const rule: Rule = {
    name: 'antialias',
    reads: [0, 1],
    vjp: ([marks, cell], [bar]) => [undefined, undefined, bar && toPixels({ marks, cell }, bar, x.shape)],
    jvp: ([marks, cell], [, , dot]) => [dot && toCells({ marks, cell }, dot)],
  };
  const { marks, cell } = links;
  return differentiable(rule, [marks, cell, x], () =>
    unrecorded(() => {
      const { height, width, channels } = sidesOf(x.shape);
      const run = kernels(`cells ${channels}`, () => toCellsText(channels));
      return [run({ cell, x, width, height }, { count: cell.size }).cells as Tensor];
    }),
  )[0];
}

/** The transpose of `toCells`: a picture, to which `base` is added. */
function toPixels(links: Links, cells: Tensor, shape: readonly number[], base?: Tensor): Tensor {
  const rule: Rule = {
    name: 'antialias',
    reads: [0, 1],
    vjp: ([marks, cell], [bar]) => [undefined, undefined, bar && toCells({ marks, cell }, bar), bar],
    jvp: ([marks, cell], [, , dot, baseDot]) => [dot ? toPixels({ marks, cell }, dot, shape, baseDot) : baseDot],
  };
  const { marks, cell } = links;
  return differentiable(rule, [marks, cell, cells, ...(base ? [base] : [])], () =>
    unrecorded(() => {
      const { height, width, channels } = sidesOf(shape);
      const run = kernels(`pixels ${channels} ${base !== undefined}`, () => toPixelsText(channels, base !== undefined));
      const given = { marks, cell, cells, width, height };
      const count = cell.size;
      const made = base
        ? callOnto(run, { ...given, base }, { count }, base)
        : run(given, { count, out: { pixels: shape.slice(0, -1) } });
      return [made.pixels as Tensor];
    }),
  )[0];
}

/** A picture and its colours at cells' corners at once, so that adjoints of both are added up in one step. */
function withCells(links: Links, x: Tensor): readonly [Tensor, Tensor] {
  const rule: Rule = {
    name: 'antialias',
    reads: [0, 1],
    vjp: ([marks, cell], [bar, cellsBar]) => [
      ...[undefined, undefined],
      cellsBar ? toPixels({ marks, cell }, cellsBar, x.shape, bar) : bar,
    ],
    jvp: ([marks, cell], [, , dot]) => (dot ? withCells({ marks, cell }, dot) : []),
  };
  const { marks, cell } = links;
  const forward = (): Tensor[] => {
    const same = x.alias(false);
    adopt(same);
    return [same, unrecorded(() => toCells(links, x))];
  };
  const [same, cells] = differentiable(rule, [marks, cell, x], forward);
  return [same, cells];
}

/**
 * The picture with each pixel mixed with its neighbours.
 *
 * @param w Of each cell what each corner's quarter takes of the others, [n, 4, 3].
 * @param colour [.., H, W, C]; both are differentiable.
 */
export function blend({ marks, cell }: Links, w: Tensor, colour: Tensor): Tensor {
  const { channels } = sidesOf(colour.shape);
  const links = { marks, cell };
  const [same, colours] = withCells(links, colour);
  const product = kernels(`product ${channels}`, () => productText(channels));
  const { taken } = product({ cell, w, colours }, { count: cell.size });
  return toPixels(links, taken as Tensor, colour.shape, same);
}
