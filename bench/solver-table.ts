/** Rows of the solvers as a Markdown table, a line for each who took part. */

import type { Row } from './rounds.ts';
import type { SolverCase } from './solver-cases.ts';
import { type By, layout } from './table.ts';

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** How many times its time Retrograde takes, turned round: above 1 it is faster. */
function ratio(row: Row, own: Row | undefined, by: By): string {
  const [mine, other] = [own?.[by], row[by]];
  return row === own || mine === undefined || other === undefined ? '' : number(other / mine);
}

/** @param by Median or minimum over the runs, or processor time, ms. */
export function solverTable(cases: readonly SolverCase[], rows: readonly Row[], by: By): string {
  const header = ['case', 'contender', 'ms', 'processor', 'first', 'error', '× Retrograde', 'what'];
  const body = cases.flatMap(of => {
    const entrants = rows.filter(row => row.case === of.name && row.medianMs !== undefined);
    const own = entrants.find(row => row.contender === 'Retrograde');
    return entrants.map((row, k) => [
      k === 0 ? of.name : '',
      row.contender,
      number(row[by]!),
      number(row.cpuMs!),
      number(row.firstMs!),
      `${row.error!.toExponential(0)}${row.agrees ? '' : ' WRONG RESULT'}`,
      ratio(row, own, by),
      k === 0 ? of.what : '',
    ]);
  });
  const absent = new Set(
    rows.flatMap(({ contender, failed }) => (failed === undefined ? [] : [`${contender}: ${failed}`])),
  );
  return [layout(header, body), ...absent].join('\n');
}
