// Specification: what a wrong kernel is told, whole: position, what is wrong, what to do.

import { KernelError, kernel } from 'retrograde/kernel';
import { describe, expect, it } from 'vitest';

const valid = `
var<storage, read> inp: array<f32>;
var<storage, read_write> outp: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { outp[id.x] = inp[id.x]; }
`;

function refusal(source: string): KernelError {
  try {
    kernel(source);
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
  throw new Error(`accepted: ${source}`);
}

/** The message without the quoted source. */
const told = (error: KernelError): string =>
  error.message
    .split('\n')
    .filter(line => !/^ +\d* \|/.test(line))
    .map(line => line.trim())
    .join(' ');

const fragments: readonly (readonly [string, string])[] = [
  ['fn f() -> f32 { return q; }', "main:1:24: there is no 'q'."],
  ['fn f(count: f32) -> f32 { return conut; }', "main:1:34: there is no 'conut'. Did you mean 'count'?"],
  ['fn f() -> f32 { return foo(1.0); }', "main:1:24: there is no function 'foo'."],
  [
    'fn f() -> f32 { return fmod(3.0, 2.0); }',
    "main:1:24: kernels have no 'fmod'. Write a % b, which has the sign of a.",
  ],
  ['fn f() -> f32 { return sni(1.0); }', "main:1:24: there is no function 'sni'."],
  [
    'fn f(a: f32, b: i32) -> f32 { return a + b; }',
    "main:1:40: '+' does not take f32 and i32. Convert one side explicitly, for example f32(n).",
  ],
  ['fn f(a: vec3f, b: vec2f) -> vec3f { return a * b; }', "main:1:46: '*' does not take vec3<f32> and vec2<f32>."],
  ['fn f() { let x: i32 = 1.5; }', "main:1:23: 'x' must be i32, but this is abstract-float. Convert it: i32(…)."],
  ['fn f() { let x = 1.0; x = 2.0; }', "main:1:23: cannot assign to 'x', which is a let. Declare it with var."],
  ['fn f(p: f32) { p = 1.0; }', "main:1:16: cannot assign to 'p', which is a parameter. Copy it first: var copy = p;"],
  [
    'fn g(a: f32) -> f32 { return a; } fn f() -> f32 { return g(1.0, 2.0); }',
    "main:1:58: 'g' takes 1 argument, but 2 are given. It is declared g(a: f32).",
  ],
  [
    'fn f(a: f32) -> f32 { if (a > 0) return a; return 0.0; }',
    "main:1:34: expected '{' after the condition, but found 'return'. A body stands in braces, also if it is one statement.",
  ],
  [
    'fn f(a: f32) -> f32 { return Math.sin(a); }',
    "main:1:35: 'sin' is called as a method. WGSL has functions only: write sin(…).",
  ],
  ['fn f(v: vec2f) -> f32 { return v.z; }', "main:1:34: vec2<f32> has no component 'z'. It has x, y."],
  ['fn f() -> f32 { let a = 1.0; }', "main:1:30: 'f' may end without returning f32. Add a return at its end."],
  [
    'fn f() { let a = 1.0; let a = 2.0; }',
    "main:1:27: 'a' is already declared in this scope. Choose another name, or assign to a var.",
  ],
  [
    'fn f(a: u32, b: u32) -> u32 { return a & b | a; }',
    "main:1:44: '|' cannot follow '&' without parentheses. Say which comes first: (a … b) … c.",
  ],
  ['fn f() -> f32 { return vec2f(); }', "main:1:24: the value 'f' returns must be f32, but this is vec2<f32>."],
  ['fn f() -> f32 { return f(); }', "main:1:24: 'f' calls itself. WGSL has no recursion; use a loop."],
  [
    'fn f() { inp[0] = 1.0; }',
    "main:1:10: cannot write to 'inp', which is an input. A kernel is a function from inputs to outputs. Declare an output: var<storage, read_write>.",
  ],
  ['fn f(a: f32) { if (a) { } }', "main:1:20: the condition of 'if' must be bool, but this is f32. Compare it: != 0."],
  ['fn f(a: u32) -> u32 { return a << 33u; }', 'main:1:35: the shift amount is 33, but u32 has 32 bits.'],
  ['fn f() -> i32 { return 1 / 0; }', "main:1:26: '1 / 0' divides by zero."],
  [
    'fn f(a: vec2u) -> vec2u { return a % vec2u(1, 0); }',
    "main:1:38: '%' divides by zero. The divisor of an integer must not be the constant 0.",
  ],
  [
    'fn f(a: u32) -> u32 { return extractBits(a, 30u, 3u); }',
    'main:1:45: bits 30 … 32 are asked for, but a word has 32.',
  ],
  ['fn f() -> i32 { return 3000000000; }', 'main:1:24: 3000000000 does not fit i32.'],
  ['struct P { a: f32 } fn f(p: P) -> f32 { return p.b; }', "main:1:50: 'P' has no member 'b'. It has a."],
  ['struct P { a: f32, a: f32 }', "main:1:20: 'P' has two members 'a'."],
  ['fn f() -> f32 { break; return 1.0; }', "main:1:17: 'break' is outside of a loop or switch."],
  ['fn f() { var a = array<f32, 3>(1.0, 2.0); }', 'main:1:18: array<f32, 3> has 3 elements, but 2 are given.'],
  [
    'fn f(a: array<f32, 4>) -> f32 { return a[4]; }',
    'main:1:42: index 4 is out of range: array<f32, 4> has elements 0 … 3.',
  ],
  ['fn f() { let x = 5 x; }', "main:1:20: expected ';' after let, but found 'x'."],
  ['fn f() { var x: foo; }', "main:1:17: there is no type 'foo'."],
  ['fn f() -> f32 { return max(1.0); }', "main:1:24: 'max' takes 2 arguments, but 1 is given."],
  [
    'fn f() -> f32 { return clamp(1.0, 0, vec2f()); }',
    "main:1:24: 'clamp' does not take (abstract-float, abstract-int, vec2<f32>). Allowed: clamp(T, T, T) with T = i32, u32 or f32 or a vector of it.",
  ],
  [
    'fn f(a: i32) -> f32 { return sqrt(a); }',
    "main:1:30: 'sqrt' does not take (i32). Allowed: sqrt(T) with T = f32 or a vector of it.",
  ],
  [
    'fn f(a: f32) -> f32 { return -a ** 2.0; }',
    "main:1:34: '*' takes a pointer, but this is abstract-float. WGSL has no '**': write pow(x, 2.0) or x * x.",
  ],
  [
    'fn f(a: f32) -> f32 { return a > 0.0 ? 1.0 : 2.0; }',
    "main:1:38: WGSL has no character '?'. Write select(ifFalse, ifTrue, condition).",
  ],
  ['fn f(m: mat2x2f, v: vec3f) -> vec3f { return m * v; }', "main:1:48: '*' does not take mat2x2<f32> and vec3<f32>."],
  [
    '@group(0) var t: texture_2d<f32>;',
    "main:1:18: kernels have no 'texture_2d'. Pass the texels as an array: var<storage, read>.",
  ],
  [
    '@fragment fn fs() -> @location(0) vec4f { return dpdx(vec4f()); }',
    "main:1:14: 'fs' is not a compute entry point. A kernel has one entry point: @compute @workgroup_size(64) fn name(…). main:1:50: kernels have no 'dpdx'. Compute neighbours and take differences.",
  ],
  [
    'fn f() { for (var i = 0; i < 3.5; i++) {} }',
    "main:1:28: '<' does not take i32 and abstract-float. Convert one side explicitly, for example f32(n).",
  ],
  ['fn f() { switch (1) { case 1: {} case 1: {} default: {} } }', 'main:1:39: this switch has a second case 1.'],
  ['fn f() { switch (1) { case 1: {} } }', "main:1:10: this switch has no 'default'. Add: default: {}"],
  ['const n = m; const m = n;', "main:1:24: 'n' depends on itself."],
  [
    'fn f() -> f32 { if (true) { return 1.0; } }',
    "main:1:43: 'f' may end without returning f32. Add a return at its end.",
  ],
  ['fn f() { loop { } }', 'main:1:10: this loop never ends. Give it a condition, a break or a return.'],
  ['fn f(p: ptr<function, f32>) { p = 1.0; }', "main:1:31: cannot assign to the pointer 'p'. Write *p = …."],
  [
    'fn f() { let a = inp.length; }',
    "main:1:22: array<f32> has no members, but 'length' is asked for. Write arrayLength(&x).",
  ],
  ['fn f() { "a"; }', "main:1:10: WGSL has no character '\"'. WGSL has no strings."],
  [
    'fn f() { let a = 1.0f + 1i; }',
    "main:1:23: '+' does not take f32 and i32. Convert one side explicitly, for example f32(n).",
  ],
  [
    'fn f() { var<storage> a: f32; }',
    "main:1:14: 'a' is in storage memory, but is declared in a function. Declare it outside of all functions.",
  ],
  [
    'fn f() { float x = 1.0; }',
    "main:1:16: 'float' cannot be followed by 'x'. Variables are declared by let or var: var x: f32 = 1.0;",
  ],
  ['fn f(){ 1 + 2; }', "main:1:9: expected a statement, but found '1'."],
  ['fn f(a: f32) { a++; }', "main:1:16: cannot assign to 'a', which is a parameter. Copy it first: var copy = a;"],
  ['fn f() { var a = 1.0; a++; }', "main:1:23: '++' takes i32 or u32, but this is f32. Write += 1."],
  ['fn f() { var b = !1; }', "main:1:18: '!' does not take abstract-int."],
  ['fn f() { let b = vec3f(1.0, 2.0); }', 'main:1:18: vec3<f32> has 3 components, but 2 components are given.'],
];

describe('a wrong kernel is told', () => {
  it.each(fragments)('%s', (fragment, message) => {
    expect(told(refusal(fragment + valid))).toBe(message);
  });

  it('everything that is wrong, at once, with the lines and carets', () => {
    const error = refusal(`fn f() -> f32 {\n  let a: i32 = 1.5;\n  return q;\n}${valid}`);
    expect(error.diagnostics).toHaveLength(2);
    expect(error.message).toContain('    2 |   let a: i32 = 1.5;\n      |                ^');
    expect(error.message).toContain('    3 |   return q;\n      |          ^');
  });
});
