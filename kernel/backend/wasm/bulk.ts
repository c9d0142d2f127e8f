/**
 * Small modules beside the kernels: filling memory, and folding partial sums,
 *
 *   target[n] = Σ_k partₖ[n],   parts in order, the sum in their own precision, rounded once.
 */

import { Code, encodeModule, F64, I32, type ValType } from './encode.ts';
import { Locals } from './locals.ts';
import * as op from './opcodes.ts';

type Bulk = (to: number, what: number, bytes: number) => void;

/** memory.fill of one memory (`what` a byte) and memory.copy (`what` an address). Array.fill is slow on shared memory. */
export function bulkOf(memory: WebAssembly.Memory, shared: boolean): { readonly fill: Bulk; readonly move: Bulk } {
  const make = (emit: (code: Code) => void): Bulk => {
    const code = new Code();
    for (const param of [0, 1, 2]) code.get(param);
    emit(code);
    const module = assemble(code, [I32, I32, I32], [], shared);
    return new WebAssembly.Instance(module, { env: { memory } }).exports.run as Bulk;
  };
  return { fill: make(code => code.fill()), move: make(code => code.copy()) };
}

/** What is folded: doubles into singles or doubles, or integers. */
export type Fold = 'f64 to f32' | 'f64' | 'i32';

/** The frame of a fold: four 32-bit words. */
export const foldFrame = { target: 0, parts: 4, count: 8, step: 12, bytes: 16 } as const;

/** `run(begin, end, frame)` for words begin ≤ n < end; parts lie `step` bytes apart. */
export function foldModule(kind: Fold, shared: boolean): WebAssembly.Module {
  const code = new Code();
  const locals = new Locals(4);
  const [begin, end, frame] = [0, 1, 2];
  const take = (type: ValType) => locals.take(type, Number.POSITIVE_INFINITY).local;
  const wide = kind !== 'i32';
  const [sum, part, left] = [take(wide ? F64 : I32), take(I32), take(I32)];
  const loadPart = () => {
    code.get(part);
    code.access(wide ? op.f64.load : op.i32.load, wide ? 3 : 2, 0);
  };
  const fromFrame = (offset: number) => {
    code.get(frame);
    code.access(op.i32.load, 2, offset);
  };
  const address = (offset: number, bytes: number) => {
    fromFrame(offset);
    code.get(begin);
    code.i32(bytes);
    code.op(op.i32.mul, op.i32.add);
  };
  const bump = (local: number, step: () => void) => {
    code.get(local);
    step();
    code.op(op.i32.add);
    code.set(local);
  };
  code.block();
  code.loop();
  code.get(begin);
  code.get(end);
  code.op(op.i32.geU);
  code.branchIf(1);
  address(foldFrame.parts, wide ? 8 : 4);
  code.set(part);
  loadPart();
  code.set(sum);
  fromFrame(foldFrame.count);
  code.set(left);
  code.block();
  code.loop();
  bump(left, () => code.i32(-1));
  code.get(left);
  code.op(op.i32.eqz);
  code.branchIf(1);
  bump(part, () => fromFrame(foldFrame.step));
  code.get(sum);
  loadPart();
  code.op(wide ? op.f64.add : op.i32.add);
  code.set(sum);
  code.branch(0);
  code.end();
  code.end();
  address(foldFrame.target, kind === 'f64' ? 8 : 4);
  code.get(sum);
  if (kind === 'f64 to f32') {
    code.op(op.f32.demote);
    code.access(op.f32.store, 2, 0);
  } else code.access(wide ? op.f64.store : op.i32.store, wide ? 3 : 2, 0);
  bump(begin, () => code.i32(1));
  code.branch(0);
  code.end();
  code.end();
  return assemble(code, [I32, I32, I32, I32], locals.types, shared);
}

const assemble = (code: Code, params: readonly ValType[], locals: readonly ValType[], shared: boolean) =>
  new WebAssembly.Module(encodeModule([], { name: 'run', params, results: [], locals, code }, shared));
