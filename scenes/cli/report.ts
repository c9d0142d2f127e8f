/** The HTML report of a run: one file that needs nothing else, with its curve, table and pictures inside. */

import { encodePng, type Image } from '../../render/index.ts';
import type { Estimate, Goal, Plot, SceneProgress, SceneResult } from '../scene.ts';
import { chartSvg } from './chart.ts';
import { numbersOf, told } from './numbers.ts';

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

/** The loss at each iteration, on a logarithmic axis. */
const lossCurve = (history: readonly SceneProgress[]): Plot => ({
  caption: '',
  x: { name: 'iteration' },
  y: { name: 'loss', log: true },
  series: [{ name: 'loss', marks: 'line', points: history.map(({ iteration, loss }) => [iteration, loss]) }],
});

interface Row {
  readonly cells: readonly string[];
  readonly missed: boolean;
}

function row(estimate: Estimate): Row {
  const { name, unit, fitted, interval, guess, truth, allowed } = estimate;
  const text = numbersOf(estimate);
  const error = truth === undefined ? 0 : fitted - truth;
  const given = (value: number | undefined, shown: (v: number) => string): string =>
    value === undefined ? '' : shown(value);
  const cells = [
    ...[name, Number.isFinite(guess) ? text(guess) : '', text(fitted), interval > 0 ? `± ${text(interval)}` : ''],
    ...[given(truth, text), given(truth, () => text(error)), given(allowed, v => `± ${text(v)}`), unit],
  ];
  return { cells, missed: allowed !== undefined && !(Math.abs(error) <= allowed) };
}

/** Without columns in which nothing stands. */
function table(estimates: readonly Estimate[]): string {
  const heads = ['', 'guess', 'fitted', '95 %', 'truth', 'error', 'allowed', 'unit'];
  const rows = estimates.map(row);
  const used = heads.map((_, k) => rows.some(({ cells }) => cells[k] !== ''));
  const line = (cells: readonly string[], tag: 'td' | 'th'): string =>
    cells.map((cell, k) => (used[k] ? `<${tag}>${escapeHtml(cell)}</${tag}>` : '')).join('');
  const body = rows.map(({ cells, missed }) => `<tr${missed ? ' class="missed"' : ''}>${line(cells, 'td')}</tr>`);
  return `<table><tr>${line(heads, 'th')}</tr>${body.join('')}</table>`;
}

const figure = (caption: string, inside: string): string =>
  `<figure>${inside}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;

/** Small pictures are shown large. */
const imageTag = ({ width }: Image, bytes: Uint8Array, kind: string, caption: string): string =>
  `<img src="${embed(`image/${kind}`, bytes)}" alt="${escapeHtml(caption)}"${width < 390 ? ' class="enlarged"' : ''}>`;

/** @param gif The animation, embedded if there is one. */
export function reportHtml(head: ReportHead, result: SceneResult, gif: Uint8Array | undefined): string {
  const { goal } = head;
  const facts = [
    `Goal ${goal.met ? 'met' : 'missed'}: ${goal.name} ${told(goal.value)}, bound ${told(goal.bound)}.`,
    `Loss ${told(head.loss)} after ${head.iterations} iterations, ${head.seconds} s, on ${head.device}.`,
    ...result.notes,
  ];
  const figures = result.pictures.map(({ caption, image }) =>
    figure(caption, imageTag(image, encodePng(image), 'png', caption)),
  );
  if (gif && result.film) {
    const { images, caption = 'film' } = result.film;
    figures.push(figure(caption, imageTag(images[0], gif, 'gif', caption)));
  }
  const plots = (result.plots ?? []).map(plot => figure(plot.caption, chartSvg(plot)));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(head.scene)}</title><style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; display: block; overflow-x: auto } td, th { padding: 2px 8px; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
td:first-child { text-align: left } tr + tr { border-top: 1px solid #ddd } .missed { color: #b00 }
figure { margin: 1em 0 } img { max-width: 100%; border: 1px solid #ddd } svg { max-width: 100%; height: auto } .enlarged { width: 640px; image-rendering: pixelated }
</style></head><body>
<h1>${escapeHtml(head.scene)}</h1><p>${escapeHtml(head.summary)}</p>
${facts.map(fact => `<p>${escapeHtml(fact)}</p>`).join('\n')}
${result.estimates.length > 0 ? `<h2>Fitted</h2>${table(result.estimates)}` : ''}
${figures.length + plots.length > 0 ? `<h2>Pictures</h2>${[...figures, ...plots].join('\n')}` : ''}
<h2>Loss</h2>${chartSvg(lossCurve(result.history))}
</body></html>
`;
}
