/** Plots as SVG, by ECharts. */

import {
  CustomChart,
  type CustomSeriesOption,
  LineChart,
  type LineSeriesOption,
  ScatterChart,
  type ScatterSeriesOption,
} from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Axis, Plot, Series } from '../scene.ts';

use([LineChart, ScatterChart, CustomChart, GridComponent, LegendComponent, SVGRenderer]);

type Drawn = LineSeriesOption | ScatterSeriesOption | CustomSeriesOption;

/** Okabe and Ito's colours, which colour-blind people tell apart. */
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/** Powers of ten as such where they are far from one; negative powers of two to three digits. */
const tick = (v: number, log: boolean): string => {
  const exponent = Math.round(Math.log10(Math.abs(v)));
  if (v !== 0 && Math.abs(exponent) > 3) return v.toExponential(0).replace('e+', 'e');
  return String(Number(v.toPrecision(log && Math.abs(v) < 1 ? 3 : 12)));
};

const axis = ({ name, log = false }: Axis, gap: number) => ({
  type: log ? ('log' as const) : ('value' as const),
  name,
  nameLocation: 'middle' as const,
  nameGap: gap,
  scale: true,
  axisLine: { show: true, onZero: false },
  splitLine: { lineStyle: { color: '#eee' } },
  axisLabel: { formatter: (v: number) => tick(v, log) },
});

interface LogRange {
  readonly min: number;
  readonly max: number;
  readonly logBase: number;
}

/** What a logarithmic axis shows: whole powers of ten, or of two where values are within a factor of ten; of hundred and so on, where ten makes more than eight parts. */
function logRange(values: readonly number[]): LogRange | undefined {
  if (values.length === 0) return;
  const low = values.reduce((least, v) => Math.min(least, v));
  const high = values.reduce((most, v) => Math.max(most, v));
  const logBase = high < 10 * low ? 2 : 10 ** Math.ceil(Math.log10(high / low) / 8);
  const power = (v: number, round: (exponent: number) => number): number =>
    logBase ** round(Number((Math.log(v) / Math.log(logBase)).toFixed(9)));
  const min = power(low, Math.floor);
  return { min, max: Math.max(power(high, Math.ceil), min * logBase), logBase };
}

/** Upright bars from one value to another. */
const bars = (name: string, data: readonly (readonly number[])[], color: string): CustomSeriesOption => ({
  type: 'custom',
  name,
  data: data.map(bar => [...bar]),
  encode: { x: 0, y: [1, 2] },
  itemStyle: { color },
  renderItem: (_, api) => {
    const [from, to] = [1, 2].map(k => api.coord([api.value(0), api.value(k)]));
    return {
      type: 'line',
      shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
      style: { stroke: color, lineWidth: 1.5 },
    };
  },
});

function drawn({ name, marks, points, errors, colourOf }: Series, { x, y }: Plot, k: number): Drawn[] {
  const color = palette[(colourOf ?? k) % palette.length];
  const isShown = ([a, b]: readonly [number, number]): boolean =>
    Number.isFinite(a + b) && !(x.log && a <= 0) && !(y.log && b <= 0);
  const data = points.filter(isShown).map(([a, b]) => [a, b]);
  if (marks !== 'points')
    return [
      {
        type: 'line',
        name,
        data,
        symbol: 'none',
        lineStyle: { color, width: 2, type: marks === 'dashes' ? 'dashed' : 'solid' },
        itemStyle: { color },
      },
    ];
  const dots: ScatterSeriesOption = { type: 'scatter', name, data, symbolSize: 7, itemStyle: { color, opacity: 0.8 } };
  if (!errors) return [dots];
  const lowest = y.log ? Math.min(...data.map(([, b]) => b)) / 10 : Number.NEGATIVE_INFINITY;
  const ends = points.flatMap((point, i) =>
    isShown(point) ? [[point[0], Math.max(point[1] - errors[i], lowest), point[1] + errors[i]]] : [],
  );
  return [dots, bars(name, ends, color)];
}

const width = 760;
/** Pixels: between entries and between rows; a sample with the space after it; from row to row. */
const legend = { gap: 20, sample: 30, row: 34 };

/** Of a line; ECharts would put a point into it that no line here has. */
const samples = { line: 'path://M0,0h25v2h-25z', dashes: 'path://M0,0h7v2h-7zM9,0h7v2h-7zM18,0h7v2h-7z' };

/** Rows of a legend: letters are taken to be 7 pixels wide, which is more than most are. */
function legendRows(series: readonly Series[]): number {
  if (series.length < 2) return 0;
  let [rows, end] = [1, 0];
  for (const { name } of series) {
    const long = legend.sample + 7 * name.length + legend.gap;
    if (end > 0 && end + long > width) [rows, end] = [rows + 1, 0];
    end += long;
  }
  return rows;
}

/** @returns An SVG element, 760 × 360 pixels, and higher by what its legend takes beyond one row. */
export function chartSvg(plot: Plot): string {
  const rows = legendRows(plot.series);
  const more = legend.row * Math.max(0, rows - 1);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height: 360 + more });
  const all = plot.series.flatMap(({ points }) => points);
  const counts = all.every(([x]) => Number.isInteger(x)); // such as of iterations, of which there are no halves
  const range = (log: boolean | undefined, k: 0 | 1) =>
    log ? logRange(all.map(point => point[k]).filter(v => v > 0 && Number.isFinite(v))) : {};
  const option: ComposeOption<Drawn> = {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 80, right: 25, top: rows > 0 ? 40 + more : 15, bottom: 50 },
    xAxis: { ...axis(plot.x, 30), ...range(plot.x.log, 0), ...(counts && { minInterval: 1 }) },
    yAxis: { ...axis(plot.y, 58), ...range(plot.y.log, 1) },
    series: plot.series.flatMap((series, k) => drawn(series, plot, k)),
  };
  const entries = {
    top: 5,
    itemGap: legend.gap,
    data: plot.series.map(({ name, marks }) => (marks === 'points' ? { name } : { name, icon: samples[marks] })),
  };
  chart.setOption(rows > 0 ? { ...option, legend: entries } : option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
