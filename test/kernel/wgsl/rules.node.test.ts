// Property: what WebGPU's own compiler accepts of these kernels we accept, and what it refuses we refuse.

import { kernel } from 'retrograde/kernel';
import { expect, it } from 'vitest';
import { requestGpu } from '../../../kernel/backend/webgpu/gpu.node.ts';

const pointers = (body: string) => `fn f(p: ptr<function, f32>, q: ptr<function, f32>) -> f32 { ${body} }`;
const onPrivate = (body: string) => `fn grow() { seed = 2.0; } fn f(p: ptr<private, f32>) { ${body} }`;
const ofPair = 'struct Pair { a: f32, b: f32 }';
const atomics = 'var<workgroup> n: atomic<u32>; fn f(p: ptr<workgroup, atomic<u32>>, q: ptr<workgroup, atomic<u32>>)';

/** Statements of the entry point, and what stands before it. */
const bodies: readonly (readonly [statements: string, before?: string])[] = [
  // Two ways to one variable.
  ['_ = f(&a, &a);', pointers('return *p + *q;')],
  ['_ = f(&a, &b);', pointers('*p = 1.0; return *q;')],
  ['_ = f(&a, &a);', pointers('*p = 1.0; return 0.0;')],
  ['_ = f(&a, &a);', pointers('*p = 1.0; return *q;')],
  ['_ = f(&a, &a);', pointers('let old = *p; *q = 1.0; return old;')],
  ['_ = f(&a, &a);', pointers('*p += 1.0; let r = q; return *r;')],
  ['let p = &a; let q = p; _ = f(p, q);', pointers('*p = 1.0; return *q;')],
  ['var t: array<f32, 3>; _ = f(&t[0], &t[1]);', pointers('*p = 1.0; return *q;')],
  ['var t: array<f32, 3>; _ = f(&t[0], &t[1]);', pointers('return *p + *q;')],
  ['var t: Pair; _ = f(&t.a, &t.b);', `${ofPair} ${pointers('*p = 1.0; return *q;')}`],
  ['_ = g(&a, &a);', `${pointers('*p = 1.0; return *q;')} fn g(p: ptr<function, f32>, q: ptr<function, f32>) -> f32 { return f(p, q); }`], // biome-ignore format: one line
  ['_ = g(&a);', `${pointers('*p = 1.0; return *q;')} fn g(p: ptr<function, f32>) -> f32 { return f(p, p); }`],
  ['f(&seed);', onPrivate('*p = 1.0; seed = 2.0;')],
  ['f(&seed);', onPrivate('let a = *p; grow();')],
  ['f(&seed);', onPrivate('grow();')],
  ['f(&seed);', onPrivate('let a = *p + seed;')],
  ['f(&n, &n);', `${atomics} { atomicAdd(p, 1u); atomicAdd(q, 1u); }`],
  ['f(&n, &n);', `${atomics} { _ = atomicLoad(p) + atomicLoad(q); }`],
  // What stands for itself.
  ['let c;'],
  ['let c: f32;'],
  ['_ = &a;'],
  ['atomicLoad(&n);', 'var<workgroup> n: atomic<u32>;'],
  ['workgroupUniformLoad(&n);', 'var<workgroup> n: u32;'],
  // Constants out of range.
  ['let c = (-2147483647i - 1i) % -1i;'],
  ['let c = abs(-2147483647i - 1i);'],
  ['let c = smoothstep(1.0, 1.0, a);'],
  ['let c = ldexp(a, 129);'],
  ['let c = ldexp(a, 128);'],
  ['let c = 0x1p-150f;'],
  ['let c = 0x1p-149f;'],
];

/** Declarations beside a kernel that is right. */
const declarations: readonly string[] = [
  'fn f(a: i32) -> f32 { loop { return 1.0; continuing { break if a > 2; } } }',
  'fn f(a: i32) -> f32 { loop { if a > 3 { continue; } return 1.0; continuing { break if a > 2; } } }',
  'fn f(p: ptr<function, atomic<u32>>) {}',
  '@must_use(1) fn f() -> f32 { return 1.0; }',
  'fn f(a: f32) -> @location(0) f32 { return a; }',
  'const c: f32;',
  '@id(1) const c = 1;',
  '@id(65535) override c = 1;',
  '@id(65536) override c = 1;',
  'var<private, read_write> v: f32;',
  'var<workgroup, read_write> v: f32;',
  '@group(0) var<storage> v: f32;',
  'struct S { @align(2) a: f32 }',
  'struct S { @align(12) a: f32 }',
  'struct S { @align(8) a: vec4f }',
  'struct S { @align(32) a: vec4f, @size(8) b: f32 }',
  'struct S { @size(8.0) a: f32 }',
  'struct P { a: vec3f, b: f32 } struct S { @size(28) a: array<P, 2> }',
  'struct P { a: vec3f, b: f32 } struct S { @size(32) a: array<P, 2> }',
  'struct P { a: f32, b: vec3f } struct S { @size(56) a: array<P, 2> }',
  'struct S { @size(8) a: array<f32> }',
];

const entries: readonly string[] = [
  '@compute @workgroup_size(1u, 2i) fn main()',
  '@compute @workgroup_size(1u, 2u) fn main()',
  '@compute @workgroup_size(1, 1, 64) fn main()',
  '@compute @workgroup_size(1, 1, 65) fn main()',
  '@compute @workgroup_size(1) fn main(@builtin(workgroup_id) i: vec3u, @builtin(workgroup_id) j: vec3u)',
];

const outputs = '@group(0) @binding(0) var<storage, read_write> y: array<f32>; var<private> seed: f32;';
const sources = [
  ...bodies.map(([body, before = '']) => `${outputs} ${before}
    @compute @workgroup_size(1) fn main() { var a = 1.0; var b = 2.0; ${body} y[0] = a + b + seed; }`),
  ...declarations.map(text => `${outputs} ${text} @compute @workgroup_size(1) fn main() { y[0] = seed; }`),
  ...entries.map(head => `${outputs} ${head} { y[0] = seed; }`),
  `@group(0) @binding(0) var<storage> x: array<f32>; ${outputs} @compute @workgroup_size(1) fn main() { y[0] = x[0]; }`,
]; // biome-ignore format: short

function isOurs(source: string): boolean {
  try {
    kernel(source);
    return true;
  } catch {
    return false;
  }
}

it('agree with those of the adapter', async () => {
  const adapter = await (await requestGpu())?.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter: start the tests with npm test.');
  const device = await adapter.requestDevice();
  const isTheirs = async (code: string): Promise<boolean> => {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code });
    device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
    return (await device.popErrorScope()) === null;
  };
  const accepted = await Promise.all(sources.map(isTheirs));
  expect(sources.filter(isOurs)).toEqual(sources.filter((_, k) => accepted[k]));
  expect(accepted.filter(Boolean).length).toBeGreaterThan(15);
  device.destroy();
});
