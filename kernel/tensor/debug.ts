/**
 * Debug mode: after each launch, stops at the first NaN, and at two stores to one element of an output promised to be @unique.
 *
 * On a GPU the answer comes later, so the error is thrown by the next read or finish.
 */

import type { Executable, Storage } from '../backend/backend.ts';
import type { Device } from '../device/device.ts';
import { lineColumn } from '../error.ts';
import { type Block, type Buffer, type Inst, largestId, type Program, type Value } from '../ir/ir.ts';
import { visit } from '../ir/traverse.ts';
import type { Count } from '../words.ts';
import type { Tensor } from './tensor.ts';

/** Throws, or on a GPU notes for later, what is wrong with the outputs of a launch. */
export function checkOutputs(
  device: Device,
  program: Program,
  storages: readonly Storage[],
  outputs: readonly Tensor[],
  count: Count,
): void {
  const writes = program.buffers.flatMap((buffer, position) =>
    buffer.access === 'write' ? [{ buffer, position }] : [],
  );
  writes.forEach(({ buffer, position }, k) => {
    if (buffer.type !== 'f32') return;
    device.check([outputs[k].memory.retain()], words => {
      const at = words.findIndex(Number.isNaN);
      if (at >= 0)
        throw new Error(
          `${program.name}: ${element(buffer, at)} is NaN${where(program, position)}, in a launch of ${count.join(' × ')}.`,
        );
    });
  });
  const promised = writes.filter(({ buffer, position }) => buffer.unique && storesTo(program, position).length > 0);
  if (promised.length > 0 && program.source !== '') checkUnique(device, program, storages, count, promised);
}

const element = (buffer: Buffer, word: number): string =>
  `'${buffer.name}'[${Math.floor(word / buffer.stride)}]${buffer.stride > 1 ? `, component ${word % buffer.stride},` : ''}`;

function storesTo(program: Program, position: number): readonly Inst[] {
  const found: Inst[] = [];
  visit(program.body, inst => {
    if ((inst.kind === 'store' || inst.kind === 'scatterAdd') && inst.buffer === position) found.push(inst);
  });
  return found;
}

/** ', stored at line 9 (text)': every line that writes the buffer. */
function where(program: Program, position: number): string {
  const lines = new Map<number, string>();
  for (const { at } of storesTo(program, position)) {
    if (at === undefined || program.source === '') continue;
    const { line, text } = lineColumn(program.source, at);
    lines.set(line, text.trim());
  }
  return lines.size === 0
    ? ''
    : `, stored at line ${[...lines].map(([line, text]) => `${line} (${text})`).join(' or ')}`;
}

const counters = new WeakMap<Program, WeakMap<Device, Executable>>();

/** Runs the kernel again with a counter beside each promised output, and looks for a count above one. */
function checkUnique(
  device: Device,
  program: Program,
  storages: readonly Storage[],
  count: Count,
  promised: readonly { readonly buffer: Buffer; readonly position: number }[],
): void {
  const known = counters.get(program) ?? new WeakMap<Device, Executable>();
  counters.set(program, known);
  let executable = known.get(device);
  if (!executable) {
    executable = device.backend.compile(
      counting(
        program,
        promised.map(p => p.position),
      ),
    );
    known.set(device, executable);
  }
  const fresh = program.buffers.map((b, k) =>
    b.access === 'write' ? device.allocate(b.type, storages[k].length) : undefined,
  );
  const tallies = promised.map(({ position }) => device.allocate('f32', storages[position].length));
  const all = [...storages.map((s, k) => fresh[k]?.storage ?? s), ...tallies.map(m => m.storage)];
  device.backend.run(executable, all, count);
  for (const memory of fresh) memory?.release();
  promised.forEach(({ buffer, position }, k) => {
    device.check([tallies[k]], words => {
      const at = words.findIndex(n => n > 1);
      if (at >= 0)
        throw new Error(
          `${program.name}: ${element(buffer, at)} is stored ${words[at]} times${where(program, position)}, but '${buffer.name}' is declared @unique.`,
        );
    });
  });
}

/** The program with `count[e] += 1` beside each store to out[e] of the given outputs. */
function counting(program: Program, positions: readonly number[]): Program {
  const one: Value = { id: largestId(program.body) + 1, type: 'f32' };
  const tally = new Map(positions.map((position, k) => [position, program.buffers.length + k]));
  const instrument = (block: Block): Block => ({
    yields: block.yields,
    body: block.body.flatMap((inst): readonly Inst[] => {
      if (inst.kind === 'if') return [{ ...inst, then: instrument(inst.then), else: instrument(inst.else) }];
      if (inst.kind === 'while') return [{ ...inst, cond: instrument(inst.cond), body: instrument(inst.body) }];
      if (inst.kind !== 'store') return [inst];
      const buffer = tally.get(inst.buffer);
      return buffer === undefined ? [inst] : [inst, { ...inst, kind: 'scatterAdd', buffer, value: one }];
    }),
  });
  const body = instrument(program.body);
  return {
    ...program,
    buffers: [
      ...program.buffers,
      ...positions.map(p => ({
        ...program.buffers[p],
        name: `${program.buffers[p].name} count`,
        type: 'f32' as const,
        unique: false,
      })),
    ],
    body: { ...body, body: [{ kind: 'const', result: one, value: 1 }, ...body.body] },
  };
}
