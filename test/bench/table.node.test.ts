// Specification of bench/table.ts and of the comparison of results in bench/rounds.ts, on recorded rows.

import { describe, expect, it } from 'vitest';
import type { Case } from '../../bench/case.ts';
import { caseNamed, cases } from '../../bench/cases.ts';
import { digest } from '../../bench/contest.ts';
import { agree, median, type Row } from '../../bench/rounds.ts';
import { type Column, Times, table, verdicts } from '../../bench/table.ts';

const columns: readonly Column[] = [
  { name: 'Retrograde', rivals: [] },
  { name: '1 thread', rivals: [] },
  { name: 'plain JS', rivals: ['plain'] },
  { name: 'jax-js', rivals: ['jax-js', 'libraries'] },
  { name: 'jax-js 2T', rivals: ['jax-js', 'libraries'] },
  { name: 'TF.js', rivals: ['tf.js', 'libraries'] },
  { name: 'gcc SSE4.2', rivals: ['sse4.2'] },
  { name: 'gcc native', rivals: ['gcc'] },
];
const row = (of: string, contender: string, medianMs: number, agrees = true): Row => ({
  case: of,
  contender,
  medianMs,
  minMs: medianMs / 2,
  firstMs: 2 * medianMs,
  runs: 9,
  agrees,
});
const wave: Case = {
  ...caseNamed('wave'),
  target: { ms: 10, over: { 'jax-js': 12, plain: 30, 'sse4.2': 0.95, gcc: 0.65, 'tf.js': 2 }, threads: 1.85 },
  traffic: { bytes: 8e6, like: 'triad-1m' },
};
const rows = [
  row('wave', 'Retrograde', 8),
  row('wave', '1 thread', 16),
  row('wave', 'plain JS', 200),
  row('wave', 'jax-js', 120),
  row('wave', 'jax-js 2T', 92),
  row('wave', 'gcc SSE4.2', 8),
  row('wave', 'gcc native', 4),
  row('triad-1m', 'gcc native', (12 * 2 ** 20) / 4e6),
];
const times = (of: readonly Row[]) =>
  new Times(
    of.filter(r => r.case === 'wave'),
    columns,
    'medianMs',
  );

describe('ratios', () => {
  it('are over the best of those who share a name', () => {
    expect(times(rows).ratio(({ rivals }) => rivals.includes('jax-js'))).toBe(92 / 8);
    expect(times(rows).ratio(({ rivals }) => rivals.includes('tf.js'))).toBeUndefined();
  });

  it('are of medians, minima or processor time, as asked', () => {
    expect(new Times(rows, columns, 'minMs').of('Retrograde')).toBe(4);
  });
});

describe('verdicts', () => {
  it('say what is met, and what the figure is where it is missed; nothing of rivals who took no part', () => {
    expect(verdicts(wave, times(rows), () => undefined)).toEqual([
      '≤ 10 ms ✓',
      '≥ 12× jax-js ✗ (11.5)',
      '≥ 30× plain ✗ (25.0)',
      '≥ 0.95× sse4.2 ✓',
      '≥ 0.65× gcc ✗ (0.50)',
      '≥ 1.85× 1 thread ✓',
    ]);
  });

  it('hold an adjoint against its forward kernel', () => {
    const adjoint: Case = { ...wave, target: { against: { case: 'step', most: 2.7 } } };
    expect(verdicts(adjoint, times(rows), name => (name === 'step' ? 2 : undefined))).toEqual(['≤ 2.7× step ✗ (4.00)']);
    expect(verdicts(adjoint, times(rows), () => 4)).toEqual(['≤ 2.7× step ✓']);
  });
});

describe('the table', () => {
  const lines = (of: readonly Row[]) => table([wave], of, columns, 'medianMs').split('\n');
  const cells = (line: string) => line.split('|').map(cell => cell.trim());

  it('has a column for each who has a time, ratios, and bandwidth as a share of the best plain loop', () => {
    const [header, rule, body] = lines(rows);
    const at = (title: string) => cells(body!)[cells(header!).indexOf(title)];
    expect(cells(header!)).not.toContain('TF.js');
    expect(rule).toMatch(/^\|-+\|(-+:\|)+-+\|$/);
    expect(['case', 'Retrograde', 'plain JS', '× plain', '× best C', 'GB/s', 'of triad'].map(at)).toEqual(
      ['wave', '8.00', '200', '25.0', '0.50', '1.00', '25 %'], // biome-ignore format: in the order of the titles
    );
  });

  it('marks results that differ, and says why somebody has no time', () => {
    const others = rows.filter(r => r.contender !== 'jax-js' && r.contender !== 'gcc native');
    const [, , body, note] = lines([
      ...others,
      row('wave', 'jax-js', 120, false),
      { case: 'wave', contender: 'gcc native', failed: 'not installed: gcc' },
    ]);
    expect(body).toContain('120 WRONG RESULT');
    expect(note).toBe('gcc native: not installed: gcc');
  });
});

describe('results', () => {
  const a = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  const near = (b: ArrayLike<number>) => agree([digest(a)], [digest(b)], 1e-4);

  it('agree within the tolerance', () => {
    expect(near(a.map(value => value * (1 + 1e-5)))).toBe(true);
    expect(near(a.map(value => value * 1.001))).toBe(false);
  });

  it('differ if two elements change places, if one is missing, or if there is another array', () => {
    const swapped = a.slice();
    [swapped[3], swapped[700]] = [swapped[700]!, swapped[3]!];
    expect(near(swapped)).toBe(false);
    expect(near(a.slice(1))).toBe(false);
    expect(agree([digest(a)], [digest(a), digest(a)], 1)).toBe(false);
  });

  it('never agree with what is not a number', () => {
    expect(near(a.map((value, i) => (i === 5 ? NaN : value)))).toBe(false);
  });
});

it('names every case once, and knows the cases that targets speak of', () => {
  const names = cases.map(c => c.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { target } of cases) if (target.against) expect(names).toContain(target.against.case);
  expect(() => caseNamed('waves')).toThrow("bench: there is no case 'waves'; there are wave, wave-gradient,");
});

it('takes the middle one as the median', () => {
  expect(median([3, 1, 2])).toBe(2);
});
