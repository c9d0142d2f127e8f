/** The HTML report of a run: one file that needs nothing else, with its curve, table and pictures inside. */

import { LineChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { encodePng } from '../../render/index.ts';
import type { Estimate, Goal, SceneProgress, SceneResult } from '../scene.ts';

use([LineChart, GridComponent, TitleComponent, SVGRenderer]);

export interface ReportHead {
  readonly scene: string;
  readonly summary: string;
  readonly goal: Goal;
  readonly loss: number;
  readonly iterations: number;
  readonly seconds: number;
  readonly device: string;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, c => entities[c] ?? c);
const embed = (kind: string, bytes: Uint8Array): string =>
  `data:${kind};base64,${Buffer.from(bytes).toString('base64')}`;

/** The loss at each iteration, on a logarithmic axis, as SVG. */
function lossCurve(history: readonly SceneProgress[]): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 300 });
  chart.setOption({
    animation: false,
    grid: { left: 70, right: 20, top: 20, bottom: 45 },
    xAxis: { type: 'value', name: 'iteration', nameLocation: 'middle', nameGap: 28, minInterval: 1 },
    yAxis: {
      type: 'log',
      name: 'loss',
      nameLocation: 'middle',
      nameGap: 55,
      axisLabel: { formatter: (v: number) => v.toExponential(0) },
    },
    series: [{ type: 'line', symbolSize: 5, data: history.filter(h => h.loss > 0).map(h => [h.iteration, h.loss]) }],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function row({ name, unit, fitted, interval, guess, truth, allowed }: Estimate, known: boolean): string {
  const digits = (value: number): string => value.toFixed(4);
  const error = truth === undefined ? 0 : fitted - truth;
  const met = allowed === undefined || Math.abs(error) <= allowed;
  const cells = [name, digits(guess), digits(fitted), `± ${digits(interval)}`];
  if (known) cells.push(digits(truth ?? 0), digits(error), `± ${digits(allowed ?? 0)}`);
  return `<tr${met ? '' : ' class="missed"'}>${[...cells, unit].map(cell => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
}

function table(estimates: readonly Estimate[]): string {
  const known = estimates.some(({ truth }) => truth !== undefined);
  const heads = ['', 'guess', 'fitted', '95 %', ...(known ? ['truth', 'error', 'allowed'] : []), 'unit'];
  return `<table><tr>${heads.map(head => `<th>${head}</th>`).join('')}</tr>${estimates.map(each => row(each, known)).join('')}</table>`;
}

/** @param gif The animation, embedded if there is one. */
export function reportHtml(head: ReportHead, result: SceneResult, gif: Uint8Array | undefined): string {
  const { goal } = head;
  const facts = [
    `Goal ${goal.met ? 'met' : 'missed'}: ${goal.name} ${goal.value.toPrecision(3)}, bound ${goal.bound.toPrecision(3)}.`,
    `Loss ${head.loss.toExponential(3)} after ${head.iterations} iterations, ${head.seconds} s, on ${head.device}.`,
    ...result.notes,
  ];
  const figures = result.pictures.map(
    ({ caption, image }) =>
      `<figure><img src="${embed('image/png', encodePng(image))}" alt="${escapeHtml(caption)}"><figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  );
  if (gif)
    figures.push(
      `<figure><img src="${embed('image/gif', gif)}" alt="film and fit"><figcaption>film and fit</figcaption></figure>`,
    );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(head.scene)}</title><style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 820px; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse } td, th { padding: 2px 12px; text-align: right; font-variant-numeric: tabular-nums }
td:first-child { text-align: left } tr + tr { border-top: 1px solid #ddd } .missed { color: #b00 }
figure { margin: 1em 0 } img { max-width: 100%; width: 640px; image-rendering: pixelated; border: 1px solid #ccc }
</style></head><body>
<h1>${escapeHtml(head.scene)}</h1><p>${escapeHtml(head.summary)}</p>
${facts.map(fact => `<p>${escapeHtml(fact)}</p>`).join('\n')}
<h2>Fitted</h2>${table(result.estimates)}
<h2>Loss</h2>${lossCurve(result.history)}
<h2>Pictures</h2>${figures.join('\n')}
</body></html>
`;
}
