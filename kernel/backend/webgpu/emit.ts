/**
 * IR program → WGSL text of one pass.
 *
 * Invocations are numbered in one row and dispatched as a plane of groups of 64, so that no axis is bound by 65535 groups;
 * ids are taken back from the number.
 * A launch in pieces numbers those of each piece from `first` on. A program that can see its workgroups keeps its own size; its groups are numbered.
 * Nobody runs beyond the count, except whole workgroups of a program with barriers.
 */

import type { Program } from '../../ir/ir.ts';
import { BlockEmitter } from './emit-block.ts';
import { functionsOf } from './emit-function.ts';
import { bindingFunctions, declareArray, isOfModule } from './emit-memory.ts';
import { variablesOf, type Windowed } from './emit-windows.ts';
import type { Layout } from './layout.ts';
import { sumFunctions } from './scatter.ts';
import type { Usage } from './usage.ts';
import type { Known } from './variants.ts';

/** Invocations in a group of a program that cannot see its groups. */
export const flatGroup = 64;

function record(layout: Layout): string {
  const fields = layout.fields.map(f => `${f.kind}${f.of}: u32`);
  return `struct Launch {
  count: vec3u, zero: u32,
  groups: vec3u, spread: u32,
  total: u32, sumWords: u32, headroom: u32, first: u32,
  ${[...fields, 'end: u32'].join(', ')}
}
@group(0) @binding(0) var<uniform> launch: Launch;`;
}

/** Declares a variable for each window, numbering bindings from `binding` on. */
function declare(of: Windowed, binding: number, mode: 'read' | 'read_write', element: string, comment = ''): string[] {
  return variablesOf(of).map(
    (name, k) => `@group(0) @binding(${binding + k}) var<storage, ${mode}> ${name}: array<${element}>;${comment}`,
  );
}

function declarations(program: Program, { bindings, pass, sumWindows }: Layout): string {
  const lines: string[] = [];
  for (const binding of bindings) {
    const of = binding.members.map(k => program.buffers[k].name).join(', ');
    const mode = binding.access === 'read' ? 'read' : 'read_write';
    lines.push(...declare(binding, lines.length + 1, mode, binding.element, ` // ${of}`));
  }
  if (pass !== 'whole')
    lines.push(...declare({ name: 'sums', windows: sumWindows }, lines.length + 1, 'read_write', 'atomic<u32>'));
  return lines.join('\n');
}

/** From the dispatched group to the ids that the program asks for. */
function entry(program: Program, usage: Usage, { isFlat }: Known, body: string): string {
  const { workgroupSize: size } = program;
  if (!usage.structured) {
    const fromNumber = isFlat
      ? 'let id = vec3u(invocation, 0u, 0u);'
      : `let id = vec3u(
    invocation % launch.count.x, invocation / launch.count.x % launch.count.y, invocation / (launch.count.x * launch.count.y));`;
    const ids = body.includes('id.') ? `  ${fromNumber}\n` : '';
    return `@compute @workgroup_size(${flatGroup})
fn main(@builtin(workgroup_id) groupId: vec3u, @builtin(local_invocation_index) lane: u32) {
  let invocation = launch.first + (groupId.y * launch.spread + groupId.x) * ${flatGroup}u + lane;
  if (invocation >= launch.total) { return; }
${ids}`;
  }
  const guard = usage.barriers ? '' : '  if (any(id >= launch.count)) { return; }\n';
  return `@compute @workgroup_size(${size.join(', ')})
fn main(
  @builtin(workgroup_id) groupId: vec3u, @builtin(local_invocation_id) localId: vec3u, @builtin(local_invocation_index) lane: u32
) {
  let group = launch.first + groupId.y * launch.spread + groupId.x;
  if (group >= launch.total) { return; }
  let tile = vec3u(group % launch.groups.x, group / launch.groups.x % launch.groups.y, group / (launch.groups.x * launch.groups.y));
  let id = tile * vec3u(${size.map(n => `${n}u`).join(', ')}) + localId;
${guard}`;
}

export function emit(program: Program, usage: Usage, layout: Layout, known: Known): string {
  const emitter = new BlockEmitter(program, usage, layout, known);
  emitter.block(program.body);
  const declared = (ofModule: boolean) =>
    program.arrays.filter(a => isOfModule(usage, a) === ofModule).map(a => declareArray(usage, a));
  const body = [...declared(false).map(line => `  ${line}`), ...emitter.preamble(), ...emitter.lines].join('\n');
  const { sites, looped } = usage.sums;
  const parts = [
    record(layout),
    declarations(program, layout),
    declared(true).join('\n'),
    ...layout.bindings.flatMap(binding => bindingFunctions(layout, binding)),
    ...functionsOf(emitter),
    ...(layout.pass !== 'whole' && sites > 0 ? sumFunctions(layout, looped) : []),
    `${entry(program, usage, known, body)}${body}\n}`,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}
