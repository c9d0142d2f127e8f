// What a run shows: numbers with the digits that are known, and plots as SVG.

import { describe, expect, it } from 'vitest';
import { chartSvg } from '../../scenes/cli/chart.ts';
import { numbersOf, told } from '../../scenes/cli/numbers.ts';

describe('numbers', () => {
  const written = (fitted: number, interval: number): readonly string[] => {
    const number = numbersOf({ name: 'k', unit: '', fitted, interval, guess: fitted });
    return [number(fitted), number(interval)];
  };
  it.each([
    [38.00213, 0.00344, '38.0021', '0.0034'],
    [3.1234, 0.13, '3.12', '0.13'],
    [30123456, 412345, '3.012e7', '0.041e7'],
    [0.0400123, 0.00021, '0.04001', '0.00021'],
    [3.6512e-5, 4.1e-7, '3.651e-5', '0.041e-5'],
    [216.81366, 0, '216.814', '0.000'],
    [0, 0, '0.00000', '0.00000'],
  ])('%d ± %d is written %s ± %s', (fitted, interval, value, error) => {
    expect(written(fitted, interval)).toEqual([value, error]);
  });

  it('are not known where a run was interrupted before', () => {
    expect([0.012345, Number.NaN, Number.POSITIVE_INFINITY].map(told)).toEqual(['0.0123', 'not known', 'not known']);
    expect([1e-6, 0].map(told)).toEqual(['1.00e-6', '0.00']);
  });

  it('are no powers of ten beside a truth of nought', () => {
    const number = numbersOf({ name: 'v', unit: '', fitted: -2.3e-4, interval: 1.1e-4, guess: 0, truth: 0 });
    expect([-2.3e-4, 1.1e-4, 0].map(number)).toEqual(['-0.00023', '0.00011', '0.00000']);
  });
});

describe('plots', () => {
  const points = [
    [1, 1],
    [10, 100],
    [100, 0],
  ] as const;
  const plot = (log: boolean) =>
    chartSvg({
      caption: 'c',
      x: { name: 'time', log },
      y: { name: 'share', log },
      series: [
        { name: 'seen', marks: 'points', points, errors: [0.1, 1, 1] },
        { name: 'fitted', marks: 'line', points, colourOf: 0 },
      ],
    });

  it('have axes, a legend and a bar through each point that can be shown', () => {
    const svg = plot(true);
    for (const text of ['time', 'share', 'seen', 'fitted', '>100<']) expect(svg).toContain(text);
    const bars = (text: string): number => text.split('stroke-width="1.5"').length - 1;
    expect([bars(svg), bars(plot(false))]).toEqual([2, 3]); // nought is nowhere on a logarithmic axis
  });

  it('show powers of two where numbers are within a factor of ten, and nothing where none can be shown', () => {
    const labels = (...x: number[]): string[] => {
      const at = x.map(v => [v, 1] as const);
      const axis = { name: 'x', log: true };
      const svg = chartSvg({
        caption: '',
        x: axis,
        y: { name: 'y' },
        series: [{ name: '', marks: 'line', points: at }],
      });
      return ['1e-6', '1e-4', '0.00391', '0.01', '0.1', '0.25', '0.5', '2', '10', '100'].filter(label =>
        svg.includes(`>${label}<`),
      );
    };
    expect(labels(0.35, 1.4)).toEqual(['0.25', '0.5', '2']);
    expect(labels(0.35, 14)).toEqual(['0.1', '10', '100']);
    expect(labels(0.5, 0.5)).toEqual(['0.5']);
    expect(labels(0, -1)).toEqual([]);
    expect(labels(0.0039, 0.0041)).toContain('0.00391'); // 2⁻⁸
    expect(labels(1e-6, 3000)).toEqual(['1e-6', '1e-4', '0.01', '100']); // every second power
  });

  it('have room for a legend of several rows', () => {
    const high = (names: number): number => {
      const series = Array.from({ length: names }, (_, k) => ({
        name: `the height of ball ${k}`,
        marks: 'line' as const,
        points,
      }));
      return Number(/height="(\d+)"/.exec(chartSvg({ caption: '', x: { name: 'x' }, y: { name: 'y' }, series }))?.[1]);
    };
    expect([1, 3, 8].map(high)).toEqual([360, 360, 394]);
  });
});
