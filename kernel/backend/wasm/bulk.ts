/**
 * Small modules beside the kernels: filling memory, and folding partial sums,
 *
 *   target[n] = Σ_k partₖ[n],   parts in order, the sum in their own precision, rounded once.
 */

import { Code, encodeModule, F64, I32, V128, type ValType } from './encode.ts';
import { Locals } from './locals.ts';
import * as op from './opcodes.ts';
import { f32x4, f64x2, i32x4, v128 } from './simd/opcodes.ts';

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

const [begin, end, frame] = [0, 1, 2];

/** `run(begin, end, frame)` for words begin ≤ n < end; parts lie `step` bytes apart, and are zero afterwards. */
export function foldModule(kind: Fold, shared: boolean): WebAssembly.Module {
  const code = new Code();
  const locals = new Locals(4);
  const take = (type: ValType) => locals.take(type, Number.POSITIVE_INFINITY).local;
  const [part, left] = [take(I32), take(I32)];
  const lanes = kind === 'i32' ? 4 : 2;
  const vectors = Array.from({ length: 4 }, () => take(V128));
  foldBy(lanes, kind, code, { part, left, sums: vectors });
  foldBy(lanes, kind, code, { part, left, sums: vectors.slice(0, 1) });
  foldBy(1, kind, code, { part, left, sums: [take(kind === 'i32' ? I32 : F64)] });
  return assemble(code, [I32, I32, I32, I32], locals.types, shared);
}

/** Folds so many words into each of the sums at a time, while there are so many left. */
function foldBy(
  lanes: number,
  kind: Fold,
  code: Code,
  { part, left, sums }: { readonly part: number; readonly left: number; readonly sums: readonly number[] },
): void {
  const wordBytes = kind === 'i32' ? 4 : 8;
  const vector = lanes > 1;
  const scalar = kind === 'i32' ? op.i32 : op.f64;
  const align = kind === 'i32' ? 2 : 3;
  const access = (name: 'load' | 'store', offset: number) =>
    vector ? code.vectorAccess(v128[name], align, offset) : code.access(scalar[name], align, offset);
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
  const advance = (local: number, step: () => void) => {
    code.get(local);
    step();
    code.op(op.i32.add);
    code.set(local);
  };
  /** Pushes the part's words of sum k, and clears them. */
  const takePart = (k: number) => {
    const offset = k * lanes * wordBytes;
    code.get(part);
    access('load', offset);
    code.get(part);
    if (vector || kind === 'i32') code.i32(0);
    else code.f64(0);
    if (vector) code.vector(i32x4.splat);
    access('store', offset);
  };
  const words = sums.length * lanes;
  code.block();
  code.loop();
  code.get(begin);
  code.i32(words - 1);
  code.op(op.i32.add);
  code.get(end);
  code.op(op.i32.geU);
  code.branchIf(1);
  address(foldFrame.parts, wordBytes);
  code.set(part);
  sums.forEach((sum, k) => {
    takePart(k);
    code.set(sum);
  });
  fromFrame(foldFrame.count);
  code.set(left);
  code.block();
  code.loop();
  advance(left, () => code.i32(-1));
  code.get(left);
  code.op(op.i32.eqz);
  code.branchIf(1);
  advance(part, () => fromFrame(foldFrame.step));
  sums.forEach((sum, k) => {
    code.get(sum);
    takePart(k);
    if (vector) code.vector(kind === 'i32' ? i32x4.add : f64x2.add);
    else code.op(scalar.add);
    code.set(sum);
  });
  code.branch(0);
  code.end();
  code.end();
  const targetBytes = kind === 'f64' ? 8 : 4;
  address(foldFrame.target, targetBytes);
  code.set(part);
  sums.forEach((sum, k) => {
    const offset = k * lanes * targetBytes;
    code.get(part);
    code.get(sum);
    if (kind !== 'f64 to f32') access('store', offset);
    else if (vector) {
      code.vector(f32x4.demote);
      code.vectorAccess(v128.store64Lane, 3, offset, 0);
    } else {
      code.op(op.f32.demote);
      code.access(op.f32.store, 2, offset);
    }
  });
  advance(begin, () => code.i32(words));
  code.branch(0);
  code.end();
  code.end();
}

const assemble = (code: Code, params: readonly ValType[], locals: readonly ValType[], shared: boolean) =>
  new WebAssembly.Module(encodeModule([], { name: 'run', params, results: [], locals, code }, shared));
