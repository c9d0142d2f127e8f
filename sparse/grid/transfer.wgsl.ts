/**
 * Between a grid and one half as fine: R restricts by averages, P interpolates linearly, and R = Pᵀ / 2 along each axis.
 *
 *   cells   fine x lies in coarse x / 2: P takes ¾ of it and ¼ of the next one; R weighs 1 3 3 1 over 8
 *   nodes   coarse X is fine 2X + 1 (2X if periodic): P takes it, or half of each of the two around; R weighs 1 2 1 over 4
 *
 * Beyond a Dirichlet side of cells lie values of the opposite sign, beyond a Neumann side the same values; beyond nodes, zeros.
 * Axes that are not halved are copied.
 */

import type { Axis, Layout } from './layout.ts';
import { place } from './stencil.wgsl.ts';

/** A term of a sum along one axis: which coordinate, with which weight. */
interface Term {
  readonly at: string;
  readonly weight: string;
}

const wrapped = (at: string, n: string): string => `((${at} + ${n}) % ${n})`;

/** A coordinate that may be −1 or n: where it is read, and with which weight. */
function beyond(axis: Axis, cells: boolean, at: string, n: string, weight: string): Term {
  if (axis.low === 'periodic') return { at: wrapped(at, n), weight };
  const factor = (side: string): string => (!cells ? '0.0' : side === 'neumann' ? weight : `-${weight}`);
  return {
    at: `min(select(${at}, 0u, ${at} == 0xffffffffu), ${n} - 1u)`,
    weight: `select(select(${weight}, ${factor(axis.high)}, ${at} == ${n}), ${factor(axis.low)}, ${at} == 0xffffffffu)`,
  };
}

/** Of coarse x: the fine coordinates that R reads. */
function restriction(axis: Axis, cells: boolean): readonly Term[] {
  const { name } = axis;
  const n = `m${name}`;
  const first = cells || axis.low === 'periodic' ? `2u * ${name}` : `2u * ${name} + 1u`;
  const [offsets, weights] = cells
    ? [
        [-1, 0, 1, 2],
        ['0.125', '0.375', '0.375', '0.125'],
      ]
    : [
        [-1, 0, 1],
        ['0.25', '0.5', '0.25'],
      ];
  return offsets.map((offset, k) => {
    const at = offset < 0 ? `(${first} - 1u)` : `(${first} + ${offset}u)`;
    return beyond(axis, cells, at, n, weights[k]);
  });
}

/** Of fine x: the coarse coordinates that P reads. */
function prolongation(axis: Axis, cells: boolean): readonly Term[] {
  const { name } = axis;
  const n = `m${name}`;
  if (cells)
    return [
      { at: `(${name} / 2u)`, weight: '0.75' },
      beyond(axis, cells, `(${name} / 2u + (${name} & 1u) * 2u - 1u)`, n, '0.25'),
    ];
  const odd = axis.low === 'periodic' ? `((${name} + 1u) & 1u) == 1u` : `(${name} & 1u) == 1u`;
  const own = { at: `(${name} / 2u)`, weight: `select(0.5, 1.0, ${odd})` };
  const other = axis.low === 'periodic' ? `(${name} / 2u + 1u)` : `(${name} / 2u - 1u)`;
  const next = beyond(axis, cells, other, n, '0.5');
  const flip =
    axis.low === 'periodic'
      ? own
      : {
          ...own,
          weight: `select(select(0.5, 0.0, ${name} / 2u == ${n}), 1.0, ${odd})`,
          at: `min(${name} / 2u, ${n} - 1u)`,
        };
  return [flip, { at: next.at, weight: `select(${next.weight}, 0.0, ${odd})` }];
}

export interface Transfer {
  /** The grid that is written, and the one that is read. */
  readonly to: Layout;
  readonly from: Layout;
}

export const transferKey = ({ to, from }: Transfer): string =>
  `${to.placement} ${to.axes.map((axis, k) => `${axis.name} ${axis.low} ${axis.high} ${Math.sign(axis.size - from.axes[k].size)}`).join(', ')}`;

/** result = R u or P u, or base + P u. */
export function transferText({ to, from }: Transfer, adds: boolean): string {
  const { axes, placement } = to;
  const terms = axes.map((axis, k): readonly Term[] => {
    const other = from.axes[k];
    if (other.size === axis.size) return [{ at: axis.name, weight: '1.0' }];
    return other.size > axis.size ? restriction(axis, placement === 'cell') : prolongation(axis, placement === 'cell');
  });
  // Coordinates and weights have names, so that each is worked out once.
  const names = terms.flatMap((list, k) =>
    list.map(({ at, weight }, j) => `let ${axes[k].name}${j} = ${at}; let w${axes[k].name}${j} = ${weight};`),
  );
  let sums: readonly { index: string; weight: string }[] = [{ index: '', weight: '' }];
  for (let k = axes.length - 1; k >= 0; k--) {
    const { name } = axes[k];
    sums = sums.flatMap(({ index, weight }) =>
      terms[k].map((_, j) => ({
        index: index ? `(${index}) * m${name} + ${name}${j}` : `${name}${j}`,
        weight: weight ? `${weight} * w${name}${j}` : `w${name}${j}`,
      })),
    );
  }
  return `
  override width: u32 = 1;
  ${axes.map(({ name }) => `var<uniform> n${name}: u32;\n  var<uniform> m${name}: u32;`).join('\n  ')}
  ${adds ? 'var<storage, read> base: array<f32>;' : ''}
  var<storage, read> u: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64)
  fn transfer(@builtin(global_invocation_id) id: vec3u) {
    ${place(axes)}
    let c = id.x % width;
    ${names.join('\n    ')}
    var sum = ${adds ? 'base[word]' : '0.0'};
    ${sums.map(({ index, weight }) => `sum += ${weight} * u[(${index}) * width + c];`).join('\n    ')}
    result[word] = sum;
  }`;
}

/**
 * Coefficients at the faces across `along` of a grid half as fine: of the two faces in line, the harmonic mean for nodes, and for
 * cells the outer one; and of the neighbours beside, the mean.
 */
export function coarseFacesText(to: Layout, from: Layout, along: Axis): string {
  const { axes, placement } = to;
  const halved = (k: number): boolean => axes[k].size !== from.axes[k].size;
  const a = axes.findIndex(axis => axis.name === along.name);
  const inner = placement === 'node' && along.low !== 'periodic';
  const length = (axis: Axis): string =>
    axis.name === along.name && axis.low !== 'periodic' ? `(m${axis.name} + 1u)` : `m${axis.name}`;
  const long = (axis: Axis): string =>
    axis.name === along.name && axis.low !== 'periodic' ? `(n${axis.name} + 1u)` : `n${axis.name}`;
  const index = (at: readonly string[]): string =>
    axes.reduceRight((rest, axis, k) => (rest ? `(${rest}) * ${length(axis)} + ${at[k]}` : at[k]), '');
  // Faces in line with this one.
  const line =
    !halved(a) ? [along.name]
    : placement === 'cell' ? [`2u * ${along.name}`]
    : inner ? [`2u * ${along.name}`, `2u * ${along.name} + 1u`]
    : [`(2u * ${along.name} + m${along.name} - 1u) % m${along.name}`, `2u * ${along.name}`]; // biome-ignore format: a table
  const beside = axes.map(({ name }, k): readonly string[] => {
    if (k === a) return [''];
    if (!halved(k)) return [name];
    return placement === 'cell'
      ? [`2u * ${name}`, `2u * ${name} + 1u`]
      : [axes[k].low === 'periodic' ? `2u * ${name}` : `2u * ${name} + 1u`];
  });
  let places: readonly (readonly string[])[] = [[]];
  for (const list of beside) places = places.flatMap(at => list.map(x => [...at, x]));
  const values = places.map(at => {
    const [one, two] = line.map(x => `k[${index(at.with(a, x))}]`);
    return two ? `harmonic(${one}, ${two})` : one;
  });
  const own = axes.reduceRight((rest, axis) => (rest ? `(${rest}) * ${long(axis)} + ${axis.name}` : axis.name), '');
  return `
  ${axes.map(({ name }) => `var<uniform> n${name}: u32;\n  var<uniform> m${name}: u32;`).join('\n  ')}
  var<storage, read> k: array<f32>;
  @unique var<storage, read_write> result: array<f32>;
  fn harmonic(a: f32, b: f32) -> f32 { return select(0.0, 2.0 * a * b / (a + b), a + b > 0.0); }
  @compute @workgroup_size(64)
  fn coarseFaces(@builtin(global_invocation_id) id: vec3u) {
    let x = id.x;
    ${axes.length > 1 ? 'let y = id.y;' : ''}
    ${axes.length > 2 ? 'let z = id.z;' : ''}
    result[${own}] = (${values.join(' + ')}) / ${values.length}.0;
  }`;
}
