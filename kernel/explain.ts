/**
 * Tells how a kernel and its gradient will run: operations, words moved, the strategy of every sum, the rule of every loop.
 * Nothing is run; of the strategies of sums it tells the best ones, which launches take if their sizes and indices allow.
 */

import { lineColumn } from './error.ts';
import { type Block, blocksOf, type Inst, type Program } from './ir/ir.ts';
import { Strategies, type Strategy } from './scatter/schedule.ts';
import { adjoint } from './transform/adjoint.ts';
import type { LoopRule } from './transform/reverse.ts';

/** A report on a differentiable program (one that simplify(forwardStores(…)) has been through). */
export function explainProgram(program: Program, simplify: (program: Program) => Program): string {
  const inputs = program.buffers.filter(b => b.access === 'read' && b.type === 'f32').map(b => b.name);
  const outputs = program.buffers.filter(b => b.access === 'write' && b.type === 'f32').map(b => b.name);
  const rules: LoopRule[] = [];
  const gradient = simplify(adjoint(program, new Set(inputs), new Set(outputs), rules));
  return [
    `${program.name}`,
    ...section(program),
    `gradient with respect to ${inputs.join(', ')}, given ${outputs.join(', ')}`,
    ...section(gradient),
    ...rules.map(rule => `  ${where(program, rule.at)}loop: ${loopText(rule)}`),
  ].join('\n');
}

function section(program: Program): string[] {
  const all = [...instructions(program.body)];
  const bytes = (kinds: readonly Inst['kind'][]) => 4 * all.filter(inst => kinds.includes(inst.kind)).length;
  const strategies = new Strategies(program);
  return [
    `  ${all.filter(inst => inst.kind === 'pure').length} operations in the text; reads ${bytes(['load'])} bytes and writes ${bytes(['store', 'scatterAdd'])} bytes per pass through it`,
    passes(strategies, all),
    ...localMemory(program),
    ...sums(program, strategies, all),
  ];
}

function localMemory(program: Program): string[] {
  const bytes = program.arrays.reduce((sum, a) => sum + 4 * a.length, 0);
  return bytes > 0 ? [`  local memory: ${bytes} bytes per invocation`] : [];
}

/** The kernel itself, and what its sums add to it. */
function passes(strategies: Strategies, all: readonly Inst[]): string {
  const used = new Set(all.flatMap(inst => (inst.kind === 'scatterAdd' ? [strategies.strategyOf(inst.buffer)] : [])));
  const more = (count: number, strategy: Strategy): number => (used.has(strategy) ? count : 0);
  const cpu = 1 + more(1, 'gathered') + more(1, 'rows');
  const gpu = cpu + more(3, 'word') + more(2, 'shared');
  return `  passes: ${cpu} on the CPU, ${gpu} on WebGPU, at most`;
}

const texts: Readonly<Record<Strategy, string>> = {
  stored: 'one term for each word, stored at once',
  owned: 'owned by one invocation, added in place',
  gathered: 'gathered, each element by one invocation',
  rows: 'shared; kept, then added by rows of a transpose made once, if the host wrote the indices and, on the CPU, rows are short; f64 accumulators there else; stored at once where no element gets two terms',
  word: 'one for all invocations, f64 accumulators on the CPU, partial sums on WebGPU',
  shared: 'shared, f64 accumulators on the CPU, 64-bit fixed point on WebGPU',
};

function sums(program: Program, strategies: Strategies, all: readonly Inst[]): string[] {
  const lines = all.flatMap(inst => {
    if (inst.kind !== 'scatterAdd') return [];
    const { name } = program.buffers[inst.buffer];
    return [`  ${where(program, inst.at)}sum into ${name}: ${texts[strategies.strategyOf(inst.buffer)]}`];
  });
  return [...new Set(lines)];
}

function loopText({ rule, countKnown, words, slots }: LoopRule): string {
  const count = countKnown ? 'trip count known from its bounds' : 'trip count counted in the replay';
  if (rule === 'direct') return `nothing recorded; ${count}`;
  return `snapshots of ${words} words in ${slots} slots (${4 * words * slots} bytes); ${count}`;
}

function where(program: Program, at: number | undefined): string {
  return at === undefined || program.source === '' ? '' : `line ${lineColumn(program.source, at).line}: `;
}

function* instructions(block: Block): Generator<Inst> {
  for (const inst of block.body) {
    yield inst;
    for (const inner of blocksOf(inst)) yield* instructions(inner);
  }
}
