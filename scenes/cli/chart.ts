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

/** Powers of ten as such where they are far from one. */
const tick = (v: number): string => {
  const exponent = Math.round(Math.log10(Math.abs(v)));
  return v !== 0 && Math.abs(exponent) > 3 ? v.toExponential(0).replace('e+', 'e') : String(Number(v.toPrecision(12)));
};

const axis = ({ name, log = false }: Axis, gap: number) => ({
  type: log ? ('log' as const) : ('value' as const),
  name,
  nameLocation: 'middle' as const,
  nameGap: gap,
  scale: true,
  axisLine: { show: true, onZero: false },
  splitLine: { lineStyle: { color: '#eee' } },
  axisLabel: { formatter: tick },
});

interface LogRange {
  readonly min: number;
  readonly max: number;
  readonly logBase: number;
}

/** What a logarithmic axis shows: whole powers of ten, or of two where values are within a factor of ten. */
function logRange(values: readonly number[]): LogRange | undefined {
  if (values.length === 0) return;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const logBase = high < 10 * low ? 2 : 10;
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
        showSymbol: false,
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

/** @returns An SVG element, 760 × 360 pixels. */
export function chartSvg(plot: Plot): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 360 });
  const all = plot.series.flatMap(({ points }) => points);
  const range = (log: boolean | undefined, k: 0 | 1) =>
    log ? logRange(all.map(point => point[k]).filter(v => v > 0 && Number.isFinite(v))) : {};
  const option: ComposeOption<Drawn> = {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 80, right: 25, top: plot.series.length > 1 ? 40 : 15, bottom: 50 },
    xAxis: { ...axis(plot.x, 30), ...range(plot.x.log, 0) },
    yAxis: { ...axis(plot.y, 58), ...range(plot.y.log, 1) },
    series: plot.series.flatMap((series, k) => drawn(series, plot, k)),
  };
  chart.setOption(plot.series.length > 1 ? { ...option, legend: { top: 5, itemGap: 30 } } : option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
