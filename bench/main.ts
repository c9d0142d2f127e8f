/**
 * Retrograde beside plain JavaScript, jax-js, TensorFlow.js and C, on the same problems, in one run.
 *
 *   npm run bench                            everything that can be run here
 *   npm run bench -- wave matmul             cases whose names contain one of the words
 *   npm run bench -- --only Retrograde,gcc   contenders whose names begin so
 *   npm run bench -- --quick                 one round; --rounds n: as many (default 5); --min: show minima, not medians
 *   npm run bench -- --save                  append the rows to bench/results/<machine>.jsonl
 */

import { parseArgs } from 'node:util';
import { cases } from './cases.ts';
import { contenders } from './contenders.ts';
import { machine, save } from './results.ts';
import { compete, type Row } from './rounds.ts';
import { table } from './table.ts';

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    min: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

const names = options.only?.toLowerCase().split(',');
const chosen = contenders.filter(({ name }) => !names || names.some(n => name.toLowerCase().startsWith(n)));
const wanted = cases.filter(({ name }) => words.length === 0 || words.some(word => name.includes(word)));
if (wanted.length === 0)
  throw new RangeError(`bench: no case is called so; there are ${cases.map(c => c.name).join(', ')}.`);

const plan = options.quick
  ? { rounds: 1, milliseconds: 100, warmUp: 100 }
  : { rounds: Number(options.rounds), milliseconds: 200, warmUp: 400 };
const by = options.min ? 'minMs' : 'medianMs';
const rows: Row[] = [];
for (const of of wanted) {
  process.stderr.write(`${of.name} …\n`);
  rows.push(...(await compete(of, chosen, plan)));
}
console.log(`${machine}, Node ${process.version}; ${options.min ? 'minimum' : 'median'} of interleaved runs, ms. C is built with -ffast-math, so it may
reassociate and contract sums, which WebAssembly code may not; SSE4.2 is WebAssembly's own vector width. × counts how many times as fast as
another Retrograde is. 'agrees' is checked for every contender; a result that differs is marked WRONG RESULT.\n`);
console.log(table(wanted, rows, contenders, by));
if (options.save) save(rows);
