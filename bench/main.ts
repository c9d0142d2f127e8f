/**
 * Retrograde beside plain JavaScript, jax-js, TensorFlow.js and C, on the same problems, in one run.
 *
 *   npm run bench                            everything that can be run here
 *   npm run bench -- wave matmul             cases whose names contain one of the words; 'compile': compile times,
 *                                            'systems': linear systems beside hypre and CHOLMOD,
 *                                            'solvers': all of solver-cases.ts, beside SciPy, SUNDIALS and C,
 *                                            'robots': steps, gradients and Jacobians beside MuJoCo,
 *                                            'pile': a thousand boxes beside Rapier,
 *                                            'melt': 32 000 particles with Lennard-Jones's potential,
 *                                            'flow': incompressible flow and its gradients,
 *                                            'solid': an elastic block of tetrahedra and its gradients,
 *                                            'raster': a sphere beside the adapter's fixed-function rasteriser,
 *                                            'pictures': splats, volumes and shadows, and their gradients
 *   npm run bench -- --only Retrograde,gcc   contenders whose names begin so
 *   npm run bench -- --quick                 one round; --rounds n: as many (default 5);
 *                                            --min, --cpu: show minima or processor time, not medians
 *   npm run bench -- --threads 1              as many threads for Retrograde and C (default: as the machine runs)
 *   npm run bench -- --save                  append the rows to bench/results/<machine>.jsonl
 */

import { parseArgs } from 'node:util';
import { cases } from './cases.ts';
import { compileRows, compileTable } from './compile-table.ts';
import { type Contender, contenders } from './contenders.ts';
import { flowRows, flowTable } from './flow-table.ts';
import { meltRow, meltTable } from './melt-table.ts';
import { pictureRows, picturesTable } from './pictures-table.ts';
import { pileRows, pileTable } from './pile-table.ts';
import { rasterRows, rasterTable } from './raster-table.ts';
import { commit, machine, save } from './results.ts';
import { robotRows, robotTable } from './robots-table.ts';
import { compete, type Row } from './rounds.ts';
import { solidRows, solidTable } from './solid-table.ts';
import { solverCases } from './solver-cases.ts';
import { solverContenders } from './solver-contenders.ts';
import { solverTable } from './solver-table.ts';
import { systemRows, systemTable } from './systems-table.ts';
import { table } from './table.ts';

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    min: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
    threads: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
});

if (options.threads !== undefined)
  Object.assign(process.env, { RETROGRADE_THREADS: options.threads, OMP_NUM_THREADS: options.threads });

const names = options.only?.toLowerCase().split(',');
const isChosen = ({ name }: Contender): boolean => !names || names.some(n => name.toLowerCase().startsWith(n));
const wanted = cases.filter(({ name }) => words.length === 0 || words.some(word => name.includes(word)));
const solversWanted = solverCases.filter(
  ({ name }) => words.length === 0 || words.some(word => word === 'solvers' || name.includes(word)),
);
const tables = ['compile', 'systems', 'robots', 'pile', 'melt', 'flow', 'solid', 'raster', 'pictures'] as const;
const asked = new Set(tables.filter(name => words.length === 0 || words.includes(name)));
if (wanted.length + solversWanted.length + asked.size === 0)
  throw new RangeError(
    `bench: no case is called so; there are ${[...cases, ...solverCases].map(c => c.name).join(', ')}.`,
  );

const plan = options.quick
  ? { rounds: 1, milliseconds: 100, warmUp: 100 }
  : { rounds: Number(options.rounds), milliseconds: 150, warmUp: 300 };
const by = options.cpu ? 'cpuMs' : options.min ? 'minMs' : 'medianMs';
const rows: Row[] = [];

function report(): void {
  if (solversWanted.some(({ name }) => rows.some(row => row.case === name)))
    console.log(`
Solvers: each by methods of its own, to the same tolerances; processor time is of all threads.

${solverTable(solversWanted, rows, by)}`);
  if (!wanted.some(({ name }) => rows.some(row => row.case === name))) return;
  console.log(`
${{ medianMs: 'Median', minMs: 'Minimum', cpuMs: 'Processor time (all threads)' }[by]} of interleaved runs, ms. × counts how many times as fast as another Retrograde is. C is built with -ffast-math: it may
reassociate and contract sums, which WebAssembly code may not; SSE4.2 is WebAssembly's own vector width. Every result is compared; one that
differs is marked WRONG RESULT.
`);
  console.log(table(wanted, rows, contenders, by));
}

process.on('SIGINT', () => {
  report();
  process.exit(130);
});
console.log(`${machine}, Node ${process.version}, commit ${commit}`);
const entries = [
  ...wanted.map(of => ({ of, among: contenders })),
  ...solversWanted.map(of => ({ of, among: solverContenders })),
];
for (const { of, among } of entries) {
  const begin = performance.now();
  const found = await compete(of, among.filter(isChosen), plan);
  rows.push(...found);
  if (options.save) save(found);
  const times = found.flatMap(row => (row[by] === undefined ? [] : [`${row.contender} ${row[by].toPrecision(3)}`]));
  process.stderr.write(`${of.name} (${((performance.now() - begin) / 1000).toFixed(0)} s): ${times.join(', ')} ms\n`);
}
report();
const compiled = asked.has('compile') ? await compileRows() : [];
if (asked.has('compile'))
  console.log(`\nCompile times, ms: in a new process / with warm JavaScript.\n\n${compileTable(compiled)}`);
if (options.save) save(compiled.map(({ name, ...times }) => ({ case: `compile ${name}`, ...times })));
if (asked.has('systems')) {
  const { rows: systems, absent } = await systemRows();
  console.log(`\nLinear systems: processor time of the best of some runs, one thread.\n\n${systemTable(systems)}`);
  for (const sentence of absent) console.log(sentence);
  if (options.save) save(systems.map(({ name, ...row }) => ({ case: `systems ${name}`, ...row })));
}
if (asked.has('robots')) {
  const robots = await robotRows();
  if (typeof robots === 'string') console.log(robots);
  else {
    console.log(`\nRobots: processor time of one environment among many, one thread.\n\n${robotTable(robots)}`);
    if (options.save) save(robots.map(({ name, ...row }) => ({ case: `robots ${name}`, ...row })));
  }
}
if (asked.has('pile')) {
  const { rows: piles, absent } = await pileRows();
  console.log(`\nA pile: processor time, one thread.\n\n${pileTable(piles)}`);
  if (absent) console.log(absent);
  if (options.save) save(piles.map(({ contender, ...row }) => ({ case: 'pile', contender, ...row })));
}
if (asked.has('melt')) {
  const melt = await meltRow();
  console.log(`\nParticles: processor time, one thread.\n\n${meltTable(melt)}`);
  if (options.save) save([{ case: 'melt', ...melt }]);
}
if (asked.has('flow')) {
  const flows = await flowRows();
  console.log(`\nIncompressible flow, one thread: least times.\n\n${flowTable(flows)}`);
  if (options.save) save(flows.map(({ name, ...row }) => ({ case: `flow ${name}`, ...row })));
}
if (asked.has('solid')) {
  const solids = await solidRows();
  console.log(`\nAn elastic block: processor time at its least, one thread.\n\n${solidTable(solids)}`);
  if (options.save) save(solids.map(({ name, ...row }) => ({ case: `solid ${name}`, ...row })));
}
if (asked.has('raster')) {
  const drawn = await rasterRows();
  console.log(`\nRasterising: least times, ms. 'picture' is ids, colours and antialiasing.\n\n${rasterTable(drawn)}`);
  if (options.save) save(drawn.map(({ side, triangles, ...row }) => ({ case: `raster ${side} ${triangles}`, ...row })));
}
if (asked.has('pictures')) {
  const pictures = await pictureRows();
  console.log(
    `\nPictures and gradients, ms: least processor time of one thread, least times of all.\n\n${picturesTable(pictures)}`,
  );
  if (options.save) save(pictures.map(({ name, ...row }) => ({ case: `pictures ${name}`, ...row })));
}
