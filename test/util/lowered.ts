/** Short WGSL through parser, lowering and interpreter: `body` sees i (invocation), x, n (f32 and u32 inputs), writes y. */

import { interpret } from '../../kernel/ir/interpret.ts';
import type { Program } from '../../kernel/ir/ir.ts';
import { lower } from '../../kernel/ir/lower/lower.ts';
import { eliminateDeadCode } from '../../kernel/ir/passes/dce.ts';
import { print } from '../../kernel/ir/print.ts';
import { verify } from '../../kernel/ir/verify.ts';
import { parse } from '../../kernel/wgsl/check.ts';

export function lowered(body: string, top = ''): Program {
  const program = lower(
    parse(`var<storage, read> x: array<f32>; var<storage, read> n: array<u32>; var<storage, read_write> y: array<f32>;
${top}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
let i = id.x;
${body}
}`),
  );
  verify(program);
  return program;
}

/** The instructions of the body, without dead code, one a line. */
export function text(body: string, top = ''): string {
  const lines = print(eliminateDeadCode(lowered(body, top))).split('\n');
  return lines.filter(line => !/^(kernel|read|write) /.test(line)).join('\n');
}

export interface Inputs {
  readonly x?: readonly number[];
  readonly n?: readonly number[];
  readonly top?: string;
  /** Invocations. */
  readonly count?: number;
  /** Words of y. */
  readonly length?: number;
}

/** y, in doubles. */
export function run(body: string, { x = [], n = [], top = '', count = 1, length = count }: Inputs = {}): number[] {
  const program = lowered(body, top);
  const given: Readonly<Record<string, readonly number[]>> = { x, n };
  const words = program.buffers.map(b => given[b.name] ?? (b.name === 'y' ? length : 64));
  const out = interpret(program, words, [count, 1, 1], 'f64');
  return Array.from(out[program.buffers.findIndex(b => b.name === 'y')]);
}
