/**
 * IR program → WGSL text of one pass.
 *
 * Invocations are numbered in one row and dispatched as a plane of groups of 64, so that no axis is bound by 65535 groups;
 * ids are taken back from the number. A program that can see its workgroups keeps its own size; its groups are numbered.
 * Nobody runs beyond the count, except whole workgroups of a program with barriers.
 */

import type { Program } from '../../ir/ir.ts';
import { BlockEmitter } from './emit-block.ts';
import { functionsOf } from './emit-function.ts';
import { declareArray } from './emit-memory.ts';
import type { Binding, Layout } from './layout.ts';
import { sumFunction } from './scatter.ts';
import type { Usage } from './usage.ts';

/** Invocations in a group of a program that cannot see its groups. */
export const flatGroup = 64;

function record(layout: Layout): string {
  const fields = layout.fields.map(f => `${f.kind}${f.buffer}: u32`);
  return `struct Launch {
  count: vec3u, zero: u32,
  groups: vec3u, spread: u32,
  total: u32, sumWords: u32, headroom: u32, unused: u32,
  ${[...fields, 'end: u32'].join(', ')}
}
@group(0) @binding(0) var<uniform> launch: Launch;`;
}

function declare(program: Program, { name, access, element, members }: Binding, binding: number): string {
  const mode = access === 'read' ? 'read' : 'read_write';
  const of = members.map(k => program.buffers[k].name).join(', ');
  return `@group(0) @binding(${binding}) var<storage, ${mode}> ${name}: array<${element}>; // ${of}`;
}

/** From the dispatched group to the ids that the program asks for. */
function entry(program: Program, usage: Usage, body: string): string {
  const { workgroupSize: size } = program;
  if (!usage.structured) {
    const ids = body.includes('id.')
      ? `  let id = vec3u(
    invocation % launch.count.x, invocation / launch.count.x % launch.count.y, invocation / (launch.count.x * launch.count.y));
`
      : '';
    return `@compute @workgroup_size(${flatGroup})
fn main(@builtin(workgroup_id) groupId: vec3u, @builtin(local_invocation_index) lane: u32) {
  let invocation = (groupId.y * launch.spread + groupId.x) * ${flatGroup}u + lane;
  if (invocation >= launch.total) { return; }
${ids}`;
  }
  const guard = usage.barriers ? '' : '  if (any(id >= launch.count)) { return; }\n';
  return `@compute @workgroup_size(${size.join(', ')})
fn main(
  @builtin(workgroup_id) groupId: vec3u, @builtin(local_invocation_id) localId: vec3u, @builtin(local_invocation_index) lane: u32
) {
  let group = groupId.y * launch.spread + groupId.x;
  if (group >= launch.total) { return; }
  let tile = vec3u(group % launch.groups.x, group / launch.groups.x % launch.groups.y, group / (launch.groups.x * launch.groups.y));
  let id = tile * vec3u(${size.map(n => `${n}u`).join(', ')}) + localId;
${guard}`;
}

export function emit(program: Program, usage: Usage, layout: Layout): string {
  const emitter = new BlockEmitter(program, usage, layout);
  emitter.block(program.body);
  const body = [...emitter.preamble(), ...emitter.lines].join('\n');
  const { sites, looped } = usage.sums;
  const bindings = layout.bindings.map((b, k) => declare(program, b, k + 1));
  if (layout.pass !== 'whole')
    bindings.push(`@group(0) @binding(${bindings.length + 1}) var<storage, read_write> sums: array<atomic<u32>>;`);
  const parts = [
    record(layout),
    bindings.join('\n'),
    program.arrays.map(array => declareArray(usage, array)).join('\n'),
    ...functionsOf(emitter),
    ...(layout.pass !== 'whole' && sites > 0 ? [sumFunction(layout.pass, looped)] : []),
    `${entry(program, usage, body)}${body}\n}`,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}
