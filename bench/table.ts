/** Rows as a Markdown table: times side by side, how many times faster Retrograde is than whom, and each target with its verdict. */

import type { Case, Rival } from './case.ts';
import type { Row } from './rounds.ts';

export type By = 'medianMs' | 'minMs' | 'cpuMs';

/** Contenders in the order of their columns, and what targets call them. */
export interface Column {
  readonly name: string;
  readonly rivals: readonly Rival[];
}

const number = (value: number): string =>
  value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 1
        ? value.toFixed(2)
        : value.toPrecision(2);

/** Times of one case, by contender. */
export class Times {
  private readonly rows: ReadonlyMap<string, Row>;
  private readonly columns: readonly Column[];
  private readonly by: By;

  constructor(rows: readonly Row[], columns: readonly Column[], by: By) {
    this.rows = new Map(rows.map(row => [row.contender, row]));
    this.columns = columns;
    this.by = by;
  }

  of(contender: string): number | undefined {
    return this.rows.get(contender)?.[this.by];
  }

  /** The best time of those whom a target calls so. */
  best(wanted: (column: Column) => boolean): number | undefined {
    const times = this.columns.filter(wanted).map(({ name }) => this.of(name));
    const known = times.filter(time => time !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  }

  /** How many times faster Retrograde is. */
  ratio(wanted: (column: Column) => boolean): number | undefined {
    const [own, other] = [this.of('Retrograde'), this.best(wanted)];
    return own === undefined || other === undefined ? undefined : other / own;
  }

  cell(contender: string): string {
    const row = this.rows.get(contender);
    if (!row) return '';
    if (row.failed !== undefined) return row.failed.startsWith('takes no part') ? '' : `(${row.failed})`;
    return `${number(row[this.by]!)}${row.agrees ? '' : ' WRONG RESULT'}`;
  }
}

/** Each target, its verdict, and what it is where it is missed. `others`: Retrograde's times in other cases. */
export function verdicts(
  { target }: Case,
  times: Times,
  others: (name: string) => number | undefined,
): readonly string[] {
  const own = times.of('Retrograde');
  if (own === undefined) return [];
  const verdict = (text: string, met: boolean, value: string) => `${text} ${met ? '✓' : `✗ (${value})`}`;
  const limit = target.ms === undefined ? [] : [verdict(`≤ ${target.ms} ms`, own <= target.ms, number(own))];
  const ratios = Object.entries(target.over ?? {}).flatMap(([rival, least]) => {
    const ratio = times.ratio(({ rivals }) => rivals.includes(rival as Rival));
    return ratio === undefined ? [] : [verdict(`≥ ${least}× ${rival}`, ratio >= least, number(ratio))];
  });
  const alone = times.of('1 thread');
  const scaling =
    target.threads === undefined || alone === undefined
      ? []
      : [verdict(`≥ ${target.threads}× 1 thread`, alone / own >= target.threads, number(alone / own))];
  const other = target.against && others(target.against.case);
  const against = other
    ? [
        verdict(
          `≤ ${target.against!.most}× ${target.against!.case}`,
          own / other <= target.against!.most,
          number(own / other),
        ),
      ]
    : [];
  return [...limit, ...ratios, ...scaling, ...against];
}

/** GB/s of those bytes that must move, and their share of what the fastest plain loop over arrays of that size reaches. */
function bandwidth(
  { traffic }: Case,
  times: Times,
  others: (name: string) => readonly (number | undefined)[],
): readonly [string, string] {
  const own = times.of('Retrograde');
  if (!traffic || own === undefined) return ['', ''];
  const rate = traffic.bytes / own / 1e6;
  const copies = others(traffic.like).filter(ms => ms !== undefined);
  const best = triadBytes[traffic.like] / Math.min(...copies) / 1e6;
  return [number(rate), copies.length > 0 ? `${Math.round((100 * rate) / best)} %` : ''];
}

const triadBytes = { 'triad-1m': 12 * 2 ** 20, 'triad-32m': 12 * 2 ** 25 };
const libraries = ({ rivals }: Column): boolean => rivals.includes('libraries');
const isNative = ({ name }: Column): boolean => /native|SSE/.test(name);
const ratioColumns: readonly (readonly [string, (column: Column) => boolean])[] = [
  ['× library', libraries],
  ['× plain', ({ rivals }) => rivals.includes('plain')],
  ['× SSE4.2 C', ({ rivals }) => rivals.includes('sse4.2')],
  ['× best C', isNative],
];

/** A Markdown table in columns, the first and the last to the left. */
export function layout(header: readonly string[], body: readonly (readonly string[])[]): string {
  const all = [header, ...body];
  const widths = header.map((_, k) => Math.max(...all.map(cells => cells[k]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, k) => (k === 0 || k === cells.length - 1 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, k) => (k === 0 || k === widths.length - 1 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...body.map(line)].join('\n');
}

/** @param by Median or minimum over the runs, or processor time, ms. */
export function table(cases: readonly Case[], rows: readonly Row[], columns: readonly Column[], by: By): string {
  const present = columns.filter(({ name }) => rows.some(row => row.contender === name && row.medianMs !== undefined));
  const header = [
    'case',
    ...present.map(c => c.name),
    ...ratioColumns.map(([title]) => title),
    'GB/s',
    'of triad',
    'target',
  ];
  const timesOf = (name: string) =>
    new Times(
      rows.filter(row => row.case === name),
      columns,
      by,
    );
  const body = cases.flatMap(of => {
    const own = rows.filter(row => row.case === of.name);
    if (own.length === 0) return [];
    const times = timesOf(of.name);
    const targets = verdicts(of, times, name => timesOf(name).of('Retrograde'));
    const triads = (name: string) => columns.map(column => timesOf(name).of(column.name));
    const ratios = ratioColumns.map(([, wanted]) => times.ratio(wanted)).map(r => (r === undefined ? '' : number(r)));
    return [
      [
        of.name,
        ...present.map(c => times.cell(c.name)),
        ...ratios,
        ...bandwidth(of, times, triads),
        targets.join('; '),
      ],
    ];
  });
  const failures = new Set(
    rows.flatMap(({ contender, failed }) => (failed?.startsWith('not installed') ? [`${contender}: ${failed}`] : [])),
  );
  return [layout(header, body), ...failures].join('\n');
}
