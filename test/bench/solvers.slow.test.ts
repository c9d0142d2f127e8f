// Cases of the solvers, tiny: what comes out is what must, where that does not hang on the size; elsewhere the sums over sines agree.

import { expect, it } from 'vitest';
import { contestOf } from '../../bench/contest.ts';
import { constants, middleOf, smallestOf } from '../../bench/problems/solvers.ts';
import { families } from '../../bench/retrograde/solver-families.ts';
import { errorOf } from '../../bench/rounds.ts';
import { type SolverCase, solverCases } from '../../bench/solver-cases.ts';
import { solverTable } from '../../bench/solver-table.ts';

async function valuesOf(of: SolverCase): Promise<readonly number[]> {
  const contest = contestOf(families, of, true)!;
  return (await contest.results(await contest.run())).flatMap(numbers => Array.from(numbers));
}

const sized = new Set(['algebra', 'beam']);
const plates = /^advection/;
const anySize = solverCases.filter(({ name, family }) => !sized.has(family) && !plates.test(name));

it.each(anySize.map(of => [of.name, of] as const))('%s', async (_, of) => {
  expect(errorOf(await valuesOf(of), of.truth)).toBeLessThanOrEqual(of.tolerance);
});

const small = constants({ side: 15 });
it.each([
  ['direct', middleOf(small), 1e-12],
  ['conjugate-gradients', middleOf(small), 1e-7],
  ['smallest', smallestOf(small), 1e-8],
  ['beam-60x20', [1007.0221007], 1e-9], // the first analysis of the published program
  ['advection-diffusion-gradient', [0.10750548429154459, 0.10750548429154459], 1e-3], // A⁻ᵀ (e^A − 1) 1, on 8 × 4 points
] as const)('%s, on a small grid', async (name, truth, tolerance) => {
  expect(errorOf(await valuesOf(solverCases.find(of => of.name === name)!), truth)).toBeLessThanOrEqual(tolerance);
});

it('the table has a line for each contender, its error, and how many times its time Retrograde takes', () => {
  const [of] = solverCases;
  const row = (contender: string, medianMs: number, error: number) => ({
    ...{ case: of!.name, contender, medianMs, minMs: medianMs, cpuMs: medianMs, firstMs: 9, error, agrees: error < 1 },
  });
  const rows = [row('Retrograde', 10, 1e-6), row('C', 5, 1e-7), row('SciPy', 2000, 2)];
  const lines = solverTable(
    [of!],
    [...rows, { case: of!.name, contender: 'CVODES', failed: 'not installed: SUNDIALS' }],
    'medianMs',
  ).split('\n');
  const cells = lines.map(line => line.split('|').map(cell => cell.trim()));
  expect(cells[2]!.slice(1, 8)).toEqual([of!.name, 'Retrograde', '10.0', '10.0', '9.00', '1e-6', '']);
  expect(cells[3]!.slice(2, 8)).toEqual(['C', '5.00', '5.00', '9.00', '1e-7', '0.500']);
  expect(cells[4]!.slice(2, 8)).toEqual(['SciPy', '2000', '2000', '9.00', '2e+0 WRONG RESULT', '200']);
  expect(lines.at(-1)).toBe('CVODES: not installed: SUNDIALS');
});
