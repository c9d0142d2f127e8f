/** Buffers and local arrays in WGSL: bounds, words of another type than the binding's, atomics. */

import type { Address, Atomic, LocalArray, Program, ScalarType, Value } from '../../ir/ir.ts';
import type { Element, Layout, Place } from './layout.ts';
import type { Usage } from './usage.ts';

/** What the emitters of statements share. */
export interface Scope {
  readonly program: Program;
  readonly usage: Usage;
  readonly layout: Layout;
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
  /** Condition under which the address is in range. */
  readonly inside: string;
  /** Word number, from the buffer's own start. */
  readonly at: string;
}

/** index · stride + offset < length, said without the product, which may wrap: index < ⌈(length − offset) / stride⌉. */
export function wordOf(scope: Scope, { buffer, index, stride, offset }: Address): Word {
  const i = unsigned(scope, index);
  const length = `launch.length${buffer}`;
  if (stride === 1) return { inside: `${i} < ${length}`, at: i };
  const limit = scope.hoist(`limit${buffer}_${stride}_${offset}`, `(${length} + ${stride - 1 - offset}u) / ${stride}u`);
  return { inside: `${i} < ${limit}`, at: `${i} * ${stride}u${offset ? ` + ${offset}u` : ''}` };
}

function element(buffer: number, { binding, packed }: Place, at: string): string {
  return `${binding.name}[${packed ? `launch.base${buffer} + ${at}` : at}]`;
}

export function read(buffer: number, place: Place, at: string, type: ScalarType): string {
  const atomic = atomicOf(place.binding.element);
  const word = element(buffer, place, at);
  return cast(atomic ? `atomicLoad(&${word})` : word, atomic ?? (place.binding.element as ScalarType), type);
}

export function write(buffer: number, place: Place, at: string, value: string, type: ScalarType): string {
  const atomic = atomicOf(place.binding.element);
  const word = element(buffer, place, at);
  const bits = cast(value, type, atomic ?? (place.binding.element as ScalarType));
  return atomic ? `atomicStore(&${word}, ${bits});` : `${word} = ${bits};`;
}

export const isAtomicArray = (scope: Scope, array: LocalArray): boolean => scope.usage.atomicArrays.has(array.id);

/** Of the module, not the function: software drivers compile large function variables slowly. */
export function declareArray(usage: Usage, array: LocalArray): string {
  const type = usage.atomicArrays.has(array.id) ? `atomic<${array.type}>` : array.type;
  const space = array.space === 'workgroup' ? 'workgroup' : 'private';
  return `var<${space}> array${array.id}: array<${type}, ${Math.max(1, array.length)}>; // ${array.name}`;
}

export function arrayRead(scope: Scope, array: LocalArray, at: string): string {
  const word = `array${array.id}[${at}]`;
  return isAtomicArray(scope, array) ? `atomicLoad(&${word})` : word;
}

export function arrayWrite(scope: Scope, array: LocalArray, at: string, value: string): string {
  const word = `array${array.id}[${at}]`;
  return isAtomicArray(scope, array) ? `atomicStore(&${word}, ${value});` : `${word} = ${value};`;
}

export function arrayIndex(scope: Scope, array: LocalArray, index: Value): Word {
  const at = unsigned(scope, index);
  return { inside: `${at} < ${array.length}u`, at };
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
  let word: Word;
  let held: ScalarType;
  let pointer: string;
  if ('array' in target) {
    word = arrayIndex(scope, target.array, target.index);
    held = target.array.type;
    pointer = `&array${target.array.id}[${word.at}]`;
  } else {
    const place = scope.layout.places.get(target.buffer) as Place;
    word = wordOf(scope, target);
    held = atomicOf(place.binding.element) ?? 'u32';
    pointer = `&${element(target.buffer, place, word.at)}`;
  }
  const name = scope.name(result);
  const bits = operands.map(v => cast(scope.name(v), v.type, held));
  const set = (old: string) => scope.line(`  ${name} = ${cast(old, held, type)};`);
  scope.line(`var ${name} = ${zeroOf(type)};`);
  scope.line(`if (${word.inside}) {`);
  if (op === 'load') set(`atomicLoad(${pointer})`);
  else if (op === 'store') scope.line(`  atomicStore(${pointer}, ${bits[0]});`);
  else if (op === 'compareExchange') {
    // The weak exchange may fail without reason.
    scope.line('  loop {');
    scope.line(`    let tried = atomicCompareExchangeWeak(${pointer}, ${bits[0]}, ${bits[1]});`);
    scope.line(`    ${name} = ${cast('tried.old_value', held, type)};`);
    scope.line(`    if (tried.exchanged || tried.old_value != ${bits[0]}) { break; }`);
    scope.line('  }');
  } else if (type === 'i32' && held === 'u32' && (op === 'min' || op === 'max')) {
    // In an arena of u32 words the order is unsigned.
    scope.line('  loop {');
    scope.line(`    let seen = atomicLoad(${pointer});`);
    scope.line(`    let wanted = bitcast<u32>(${op}(bitcast<i32>(seen), ${scope.name(operands[0])}));`);
    scope.line(`    let tried = atomicCompareExchangeWeak(${pointer}, seen, wanted);`);
    scope.line('    if (tried.exchanged) {');
    scope.line(`      ${name} = bitcast<i32>(seen);`);
    scope.line('      break;');
    scope.line('    }');
    scope.line('  }');
  } else set(`${builtinOf[op]}(${pointer}, ${bits[0]})`);
  scope.line('}');
}
