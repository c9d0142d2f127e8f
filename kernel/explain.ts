/**
 * Tells how a kernel and its gradient will run: operations, words moved, the strategy of every sum, the rule of every loop.
 * Nothing is run; everything told is decided at compile time.
 */

import { lineColumn } from './error.ts';
import { scatterOwnership } from './ir/affine.ts';
import { type Block, blocksOf, type Inst, type Program } from './ir/ir.ts';
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
  const passes = all.some(inst => inst.kind === 'scatterAdd' && ownershipOf(program, inst) === 'shared') ? 3 : 1;
  return [
    `  ${all.filter(inst => inst.kind === 'pure').length} operations in the text; reads ${bytes(['load'])} bytes and writes ${bytes(['store', 'scatterAdd'])} bytes per pass through it`,
    `  passes: 1 on the CPU, ${passes} on WebGPU`,
    ...localMemory(program),
    ...sums(program, all),
  ];
}

function localMemory(program: Program): string[] {
  const bytes = program.arrays.reduce((sum, a) => sum + 4 * a.length, 0);
  return bytes > 0 ? [`  local memory: ${bytes} bytes per invocation`] : [];
}

const ownershipOf = (program: Program, inst: Extract<Inst, { kind: 'scatterAdd' }>) =>
  scatterOwnership(program).get(inst) ?? 'shared';

function sums(program: Program, all: readonly Inst[]): string[] {
  const ownership = scatterOwnership(program);
  const lines = all.flatMap(inst => {
    if (inst.kind !== 'scatterAdd') return [];
    const owned = ownership.get(inst) === 'owned';
    const strategy = owned
      ? 'owned by one invocation, added in place'
      : 'shared, f64 accumulators on the CPU, 64-bit fixed point on WebGPU';
    return [`  ${where(program, inst.at)}sum into ${program.buffers[inst.buffer].name}: ${strategy}`];
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
