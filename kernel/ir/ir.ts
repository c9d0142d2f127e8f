/**
 * The intermediate representation: scalar, structured, SSA. Vectors, matrices, structs, functions and pointers are gone.
 *
 *   program  = buffers, local arrays, body : block yielding nothing
 *   block    = inst*, yields : value*                      a value is visible in the rest of its block and inside it
 *   inst     = const | builtin | pure                      no effect: may be moved, merged, dropped
 *            | load | length                               from a buffer; a load of a written buffer sees this program's stores
 *            | store | scatterAdd | atomic                 to a buffer
 *            | arrayLoad | arrayStore | arrayFill | arrayCopy   local (function, workgroup) memory, mutable
 *            | if(cond) then else -> results               both blocks yield the results
 *            | while(init) params { cond } { body } -> results
 *            | barrier
 *
 * `while` is the only loop: params start at init; cond (no stores) yields one bool; while it is true, body runs and yields the
 * next params; results are the params when cond is first false. `break`, `continue` and `return` are flags, made by lowering.
 * Types: 'f32' is the working float, which an f64 device computes in double precision; bool; i32 and u32 wrap modulo 2³².
 * Out-of-range access is defined: loads give 0, stores and sums are dropped. Integer x/0 = x, x%0 = 0 (as in WGSL).
 * Instructions are immutable records; a pass builds new blocks.
 */

export type ScalarType = 'f32' | 'i32' | 'u32' | 'bool';

/** An SSA value: defined once; compared by identity. Ids are unique in a program and only for printing. */
export interface Value {
  readonly id: number;
  readonly type: ScalarType;
}

export interface Block {
  readonly body: readonly Inst[];
  readonly yields: readonly Value[];
}

/** One word-typed array the host binds: a whole binding, or one leaf field of a struct binding ('pair.a.pos'). */
export interface Buffer {
  /** Binding name, followed by field names joined by dots. Adjoints and tangents: see adjointName, tangentName. */
  readonly name: string;
  readonly type: 'f32' | 'i32' | 'u32';
  /** 'read': input, never changed. 'write': output, all zeros before the launch. */
  readonly access: 'read' | 'write';
  /** Words per element (vec3f: 3, no padding), and their shape ([3]; mat2x3f: [2, 3]; f32: []). */
  readonly stride: number;
  readonly shape: readonly number[];
  /** Elements if fixed by the type (1 for a plain `f32` or struct); undefined for a run-time sized array. */
  readonly count: number | undefined;
  readonly uniform: boolean;
  /** Declared @unique: stores are promised not to collide. */
  readonly unique: boolean;
  /** Promised that each launch writes every word, so that zeros beforehand are not needed. */
  readonly covered?: boolean;
}

/** Local memory, zero at the start of each invocation (workgroup: of each workgroup). */
export interface LocalArray {
  readonly id: number;
  readonly name: string;
  readonly type: ScalarType;
  readonly length: number;
  readonly space: 'function' | 'workgroup';
}

export interface Program {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  readonly arrays: readonly LocalArray[];
  readonly body: Block;
  readonly workgroupSize: readonly [number, number, number];
  /** WGSL text that positions (`at`) point into. */
  readonly source: string;
  /** Made for many shapes: a device that is slow to compile is told its u32 constants launch by launch (see `toldNumbers`). */
  readonly general?: boolean;
}

// Op names by operand type. Unless said otherwise the result has the operands' type.
/** f32 → f32. `round` is to even; `detach` is the identity whose derivative is zero. */
export const floatUnary = [
  'neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'trunc', 'fract', 'sqrt', 'inverseSqrt', 'exp', 'exp2', 'log', 'log2',
  'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'quantizeToF16',
  'frexpFract', 'detach',
] as const; // biome-ignore format: a table
/** (f32, f32) → f32; rem truncates (sign of the dividend), as WGSL's %. */
export const floatBinary = ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'pow', 'atan2'] as const;
/** i32 or u32. */
export const intUnary = [
  'neg',
  'abs',
  'sign',
  'not',
  'countOneBits',
  'countLeadingZeros',
  'countTrailingZeros',
  'reverseBits',
  'firstLeadingBit',
  'firstTrailingBit',
] as const;
/** i32 or u32, both operands alike, except shl and shr: the amount is u32, taken modulo 32; shr is arithmetic on i32. */
export const intBinary = ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'and', 'or', 'xor', 'shl', 'shr'] as const;
/** bool → bool; (bool, bool) → bool, both operands evaluated. eq and ne also compare bools. */
export const boolUnary = ['not'] as const;
export const boolBinary = ['and', 'or', 'xor'] as const;
/** (t, t) → bool, t a number type. */
export const comparisons = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
/**
 * select(cond, ifTrue, ifFalse) → t. convert: any → any, WGSL value conversion (float → int truncates and saturates; bool → 0/1).
 * bitcast between f32, i32, u32: the f32 bits, also on an f64 device. ldexp(f32, i32) → f32. frexpExp(f32) → i32.
 */
const otherPure = ['select', 'convert', 'bitcast', 'ldexp', 'frexpExp'] as const;

export type PureOp =
  | (typeof floatUnary)[number]
  | (typeof floatBinary)[number]
  | (typeof intUnary)[number]
  | (typeof intBinary)[number]
  | (typeof boolUnary)[number]
  | (typeof boolBinary)[number]
  | (typeof comparisons)[number]
  | (typeof otherPure)[number];

export type BuiltinName =
  | 'globalX'
  | 'globalY'
  | 'globalZ' // global_invocation_id
  | 'localX'
  | 'localY'
  | 'localZ'
  | 'localIndex'
  | 'workgroupX'
  | 'workgroupY'
  | 'workgroupZ'
  | 'groupsX'
  | 'groupsY'
  | 'groupsZ' // num_workgroups
  | 'countX'
  | 'countY'
  | 'countZ'; // invocations launched along each axis

/** Where an instruction came from: an offset into program.source. */
interface Located {
  readonly at?: number | undefined;
}

/** Address of word `index · stride + offset` of buffer number `buffer`. index: u32 or i32. stride ≥ 1, 0 ≤ offset < stride. */
export interface Address {
  readonly buffer: number;
  readonly index: Value;
  readonly stride: number;
  readonly offset: number;
}

export interface Const extends Located {
  readonly kind: 'const';
  readonly result: Value;
  /** bool: 0 or 1. f32: any number, NaN and infinities too. */
  readonly value: number;
}
export interface Builtin extends Located {
  readonly kind: 'builtin';
  readonly name: BuiltinName;
  readonly result: Value; // u32
}
export interface Pure extends Located {
  readonly kind: 'pure';
  readonly op: PureOp;
  readonly args: readonly Value[];
  readonly result: Value;
}
export interface Load extends Located, Address {
  readonly kind: 'load';
  readonly result: Value;
}
/** Whole elements in a buffer: floor(words / stride), u32. */
export interface Length extends Located {
  readonly kind: 'length';
  readonly buffer: number;
  readonly stride: number;
  readonly result: Value;
}
export interface Store extends Located, Address {
  readonly kind: 'store';
  readonly value: Value;
}
/** Adds value to the word; the sum over all invocations is exact in the sense of its backend, and deterministic. */
export interface ScatterAdd extends Located, Address {
  readonly kind: 'scatterAdd';
  readonly value: Value;
}
export type AtomicOp =
  | 'add'
  | 'sub'
  | 'min'
  | 'max'
  | 'and'
  | 'or'
  | 'xor'
  | 'exchange'
  | 'load'
  | 'store'
  | 'compareExchange';
/** Integer atomic on a buffer word or a workgroup array element; result is the old value. operands: [] load, [v], or [compare, v]. */
export interface Atomic extends Located {
  readonly kind: 'atomic';
  readonly op: AtomicOp;
  readonly target: Address | { readonly array: LocalArray; readonly index: Value };
  readonly operands: readonly Value[];
  readonly result: Value;
}
export interface ArrayLoad extends Located {
  readonly kind: 'arrayLoad';
  readonly array: LocalArray;
  readonly index: Value;
  readonly result: Value;
}
export interface ArrayStore extends Located {
  readonly kind: 'arrayStore';
  readonly array: LocalArray;
  readonly index: Value;
  readonly value: Value;
}
/** Sets every element (a declaration inside a loop starts again from its initial value). */
export interface ArrayFill extends Located {
  readonly kind: 'arrayFill';
  readonly array: LocalArray;
  readonly value: Value;
}
/** target[targetStart + k] = source[sourceStart + k], 0 ≤ k < length; the two are different arrays, or the same with no overlap. */
export interface ArrayCopy extends Located {
  readonly kind: 'arrayCopy';
  readonly target: LocalArray;
  readonly targetStart: Value; // u32
  readonly source: LocalArray;
  readonly sourceStart: Value; // u32
  readonly length: number;
}
export interface If extends Located {
  readonly kind: 'if';
  readonly cond: Value;
  readonly then: Block;
  readonly else: Block;
  readonly results: readonly Value[];
}
export interface While extends Located {
  readonly kind: 'while';
  readonly init: readonly Value[];
  readonly params: readonly Value[];
  readonly cond: Block;
  readonly body: Block;
  readonly results: readonly Value[];
}
/** workgroupBarrier or storageBarrier; in uniform control flow. */
export interface Barrier extends Located {
  readonly kind: 'barrier';
}

export type Inst =
  | Const
  | Builtin
  | Pure
  | Load
  | Length
  | Store
  | ScatterAdd
  | Atomic
  | ArrayLoad
  | ArrayStore
  | ArrayFill
  | ArrayCopy
  | If
  | While
  | Barrier;

/** Name of the buffer that holds the adjoint (x̄) or the tangent (ẋ) of another. */
export const adjointName = (name: string): string => `${name}~`;
export const tangentName = (name: string): string => `${name}'`;

/** Values an instruction defines, and values it reads itself (not those its inner blocks read). */
export function resultsOf(inst: Inst): readonly Value[] {
  if (inst.kind === 'if' || inst.kind === 'while') return inst.results;
  return 'result' in inst ? [inst.result] : [];
}
export function operandsOf(inst: Inst): readonly Value[] {
  switch (inst.kind) {
    case 'pure':
      return inst.args;
    case 'load':
      return [inst.index];
    case 'store':
    case 'scatterAdd':
    case 'arrayStore':
      return [inst.index, inst.value];
    case 'atomic':
      return [inst.target.index, ...inst.operands];
    case 'arrayLoad':
      return [inst.index];
    case 'arrayFill':
      return [inst.value];
    case 'arrayCopy':
      return [inst.targetStart, inst.sourceStart];
    case 'if':
      return [inst.cond];
    case 'while':
      return inst.init;
    default:
      return [];
  }
}
export const blocksOf = (inst: Inst): readonly Block[] =>
  inst.kind === 'if' ? [inst.then, inst.else] : inst.kind === 'while' ? [inst.cond, inst.body] : noBlocks;
const noBlocks: readonly Block[] = [];

/** The local arrays that an instruction itself, not its blocks, looks at or changes. */
export function arraysOf(inst: Inst): readonly LocalArray[] {
  if (inst.kind === 'arrayCopy') return [inst.target, inst.source];
  if (inst.kind === 'atomic') return 'array' in inst.target ? [inst.target.array] : [];
  return inst.kind === 'arrayLoad' || inst.kind === 'arrayStore' || inst.kind === 'arrayFill' ? [inst.array] : [];
}

/** Largest value and array ids in a program, so that a pass can make fresh ones. */
export function largestId(block: Block): number {
  let id = -1;
  for (const inst of block.body) {
    if ('result' in inst) id = Math.max(id, inst.result.id);
    else {
      for (const v of resultsOf(inst)) id = Math.max(id, v.id);
      if (inst.kind === 'while') for (const v of inst.params) id = Math.max(id, v.id);
      for (const inner of blocksOf(inst)) id = Math.max(id, largestId(inner));
    }
  }
  return id;
}
