/**
 * Buffers and local arrays in WGSL: bounds, words of another type than the binding's, atomics.
 *
 * No text here counts on the device to keep an access in range: where an address is not known to be, a load is made of word 0 instead, and
 * a store is left out, or in a local array made to a word behind its end.
 */

import type { Access } from '../../ir/analysis/ranges.ts';
import type {
  Address,
  ArrayLoad,
  ArrayStore,
  Atomic,
  Load,
  LocalArray,
  Program,
  ScalarType,
  Value,
} from '../../ir/ir.ts';
import { accessFunctions, chooseWindow, windowRead, windowWrite } from './emit-windows.ts';
import type { Binding, Element, Layout, Place } from './layout.ts';
import type { Usage } from './usage.ts';
import type { Known } from './variants.ts';

/** What the emitters of statements share. */
export interface Scope {
  readonly program: Program;
  readonly usage: Usage;
  readonly layout: Layout;
  readonly known: Known;
  name(value: Value): string;
  /** Appends a line at the current indentation. */
  line(text: string): void;
  /** Names an expression once for the whole function. */
  hoist(name: string, expression: string): string;
}

const atomicOf = (element: Element): 'i32' | 'u32' | undefined =>
  element === 'atomic<i32>' ? 'i32' : element === 'atomic<u32>' ? 'u32' : undefined;

const cast = (text: string, from: ScalarType, to: ScalarType): string =>
  from === to ? text : `bitcast<${to}>(${text})`;

export const zeroOf = (type: ScalarType): string => ({ f32: '0f', i32: '0i', u32: '0u', bool: 'false' })[type];

const unsigned = (scope: Scope, v: Value): string => (v.type === 'i32' ? `u32(${scope.name(v)})` : scope.name(v));

interface Word {
  /** Condition under which the address is in range; none where it always is. */
  readonly inside: string | undefined;
  /** Word number, from the buffer's own start. */
  readonly at: string;
}

/** index · stride + offset < length, said without the product, which may wrap: index < ⌈(length − offset) / stride⌉. */
export function wordOf(scope: Scope, address: Address): Word {
  const { buffer, index, stride, offset } = address;
  const i = unsigned(scope, index);
  const at = stride === 1 ? i : `${i} * ${stride}u${offset ? ` + ${offset}u` : ''}`;
  if (scope.known.inRange.has(address as Access)) return { inside: undefined, at };
  const length = `launch.length${buffer}`;
  if (stride === 1) return { inside: `${i} < ${length}`, at };
  const limit = scope.hoist(`limit${buffer}_${stride}_${offset}`, `(${length} + ${stride - 1 - offset}u) / ${stride}u`);
  return { inside: `${i} < ${limit}`, at };
}

/** A statement, made where an address is in range. */
export const guarded = ({ inside }: Word, statement: string): string =>
  inside === undefined ? statement : `if (${inside}) { ${statement} }`;

/** Number of a word in its binding. */
const wordIn = (buffer: number, { based }: Place, at: string): string => (based ? `launch.base${buffer} + ${at}` : at);

/** @param inside If the word may be out of range: condition under which it is not. */
export function read(buffer: number, place: Place, at: string, type: ScalarType, inside?: string): string {
  const { name, windows, element } = place.binding;
  const atomic = atomicOf(element);
  const own = wordIn(buffer, place, at);
  const word = inside === undefined ? own : `select(0u, ${own}, ${inside})`;
  const held = atomic ?? (element as ScalarType);
  if (windows > 1) return cast(windowRead(name, word), held, type);
  return cast(atomic ? `atomicLoad(&${name}[${word}])` : `${name}[${word}]`, held, type);
}

export function write(buffer: number, place: Place, at: string, value: string, type: ScalarType): string {
  const { name, windows, element } = place.binding;
  const atomic = atomicOf(element);
  const word = wordIn(buffer, place, at);
  const bits = cast(value, type, atomic ?? (element as ScalarType));
  if (windows > 1) return windowWrite(name, word, bits);
  return atomic ? `atomicStore(&${name}[${word}], ${bits});` : `${name}[${word}] = ${bits};`;
}

/** The functions that reads and writes of a binding call. */
export function bindingFunctions({ windowWords }: Layout, binding: Binding): string[] {
  if (binding.windows === 1) return [];
  const atomic = atomicOf(binding.element);
  return accessFunctions(
    binding,
    windowWords,
    atomic ?? binding.element,
    atomic !== undefined,
    binding.access === 'write',
  );
}

const isAtomicArray = (scope: Scope, array: LocalArray): boolean => scope.usage.atomicArrays.has(array.id);

/** The value of a load. */
export function loaded(scope: Scope, inst: Load): string {
  const { inside, at } = wordOf(scope, inst);
  const { type } = inst.result;
  const word = read(inst.buffer, scope.layout.places.get(inst.buffer) as Place, at, type, inside);
  return inside === undefined ? word : `select(${zeroOf(type)}, ${word}, ${inside})`;
}

/**
 * Local arrays are variables of the module, since software drivers compile large ones of a function slowly. Not so in a program with
 * barriers: a WGSL compiler takes it that private variables of the module differ between invocations, and refuses barriers that depend on them.
 */
export const isOfModule = ({ barriers }: Usage, { space }: LocalArray): boolean => space === 'workgroup' || !barriers;

/** Whether an array may be assigned as a whole. Software drivers compile that element by element, so a long one is not. */
export const isValue = (scope: Scope, array: LocalArray): boolean =>
  array.space === 'function' && !isAtomicArray(scope, array) && array.length <= 64;

export function arrayType(usage: Usage, array: LocalArray): string {
  const type = usage.atomicArrays.has(array.id) ? `atomic<${array.type}>` : array.type;
  const words = array.space === 'workgroup' ? array.length : array.length + 1;
  return `array<${type}, ${Math.max(1, words)}>`;
}

export function declareArray(usage: Usage, array: LocalArray): string {
  const space = array.space === 'workgroup' ? '<workgroup>' : isOfModule(usage, array) ? '<private>' : '';
  return `var${space} array${array.id}: ${arrayType(usage, array)}; // ${array.name}`;
}

export function arrayRead(scope: Scope, array: LocalArray, at: string): string {
  const word = `array${array.id}[${at}]`;
  return isAtomicArray(scope, array) ? `atomicLoad(&${word})` : word;
}

export function arrayWrite(scope: Scope, array: LocalArray, at: string, value: string): string {
  const word = `array${array.id}[${at}]`;
  return isAtomicArray(scope, array) ? `atomicStore(&${word}, ${value});` : `${word} = ${value};`;
}

function arrayIndex(scope: Scope, array: LocalArray, index: Value, access?: Access): Word {
  const at = unsigned(scope, index);
  return { inside: access && scope.known.inRange.has(access) ? undefined : `${at} < ${array.length}u`, at };
}

/** The value of a load from an array. @param read The element at an index. */
export function arrayLoaded(scope: Scope, inst: ArrayLoad, read: (at: string) => string): string {
  const { inside, at } = arrayIndex(scope, inst.array, inst.index, inst);
  if (inside === undefined) return read(at);
  return `select(${zeroOf(inst.result.type)}, ${read(`min(${at}, ${Math.max(1, inst.array.length) - 1}u)`)}, ${inside})`;
}

/** A store to an array. */
export function arrayStored(scope: Scope, inst: ArrayStore): string {
  const { array, index } = inst;
  const word = arrayIndex(scope, array, index, inst);
  const value = scope.name(inst.value);
  if (word.inside === undefined || array.space === 'workgroup')
    return guarded(word, arrayWrite(scope, array, word.at, value));
  return arrayWrite(scope, array, `min(${word.at}, ${array.length}u)`, value); // the word behind the end
}

// biome-ignore format: a table
const builtinOf: Partial<Record<Atomic['op'], string>> = {
  add: 'atomicAdd', sub: 'atomicSub', min: 'atomicMin', max: 'atomicMax',
  and: 'atomicAnd', or: 'atomicOr', xor: 'atomicXor', exchange: 'atomicExchange',
};

/** Out of range: nothing happens, the old value is 0. */
export function emitAtomic(scope: Scope, inst: Atomic): void {
  const { target, op, result, operands } = inst;
  const type = result.type;
  const name = scope.name(result);
  let word: Word;
  let held: ScalarType;
  let lines: (statements: (element: string) => string[]) => string[];
  if ('array' in target) {
    word = arrayIndex(scope, target.array, target.index);
    held = target.array.type;
    lines = statements => statements(`array${target.array.id}[${word.at}]`);
  } else {
    const place = scope.layout.places.get(target.buffer) as Place;
    word = wordOf(scope, target);
    held = atomicOf(place.binding.element) ?? 'u32';
    const at = wordIn(target.buffer, place, word.at);
    lines = statements => chooseWindow(place.binding, scope.layout.windowWords, at, statements);
  }
  scope.line(`var ${name} = ${zeroOf(type)};`);
  scope.line(`if (${word.inside}) {`);
  const values = operands.map(v => scope.name(v));
  const bits = operands.map((v, k) => cast(values[k], v.type, held));
  for (const line of lines(element => atomicLines(op, name, `&${element}`, held, type, values, bits)))
    scope.line(`  ${line}`);
  scope.line('}');
}

/** @param held Type of the words, whose values are `bits`; of the result: `type`. */
function atomicLines(
  op: Atomic['op'],
  name: string,
  pointer: string,
  held: ScalarType,
  type: ScalarType,
  values: readonly string[],
  bits: readonly string[],
): string[] {
  const set = (old: string) => `${name} = ${cast(old, held, type)};`;
  if (op === 'load') return [set(`atomicLoad(${pointer})`)];
  if (op === 'store') return [`atomicStore(${pointer}, ${bits[0]});`];
  if (op === 'compareExchange')
    // The weak exchange may fail without reason.
    return [
      'loop {',
      `  let tried = atomicCompareExchangeWeak(${pointer}, ${bits[0]}, ${bits[1]});`,
      `  ${set('tried.old_value')}`,
      `  if (tried.exchanged || tried.old_value != ${bits[0]}) { break; }`,
      '}',
    ];
  if (type === 'i32' && held === 'u32' && (op === 'min' || op === 'max'))
    // In an arena of u32 words the order is unsigned.
    return [
      'loop {',
      `  let seen = atomicLoad(${pointer});`,
      `  let wanted = bitcast<u32>(${op}(bitcast<i32>(seen), ${values[0]}));`,
      `  let tried = atomicCompareExchangeWeak(${pointer}, seen, wanted);`,
      '  if (tried.exchanged) {',
      `    ${name} = bitcast<i32>(seen);`,
      '    break;',
      '  }',
      '}',
    ];
  return [set(`${builtinOf[op]}(${pointer}, ${bits[0]})`)];
}
