// Specification of bindings.ts: what the type checker reads out of WGSL text. The types are the test; tsc runs it.

import { type Arguments, kernel, type Outputs, type Tensor, tensor } from 'retrograde/kernel';
import { expect, expectTypeOf, it } from 'vitest';

const source = /* wgsl */ `
  struct Bodies { first: Body } // a longer name with the other one in it
  struct Body {
    x: vec2f, // m: a comment
    @align(16) angle: f32,
    limits: array<f32, 3>, inner: Inner
  }
  struct Inner { mass: f32 }
  var<storage, read> bodies: array<Body>;
  var<uniform> dt: f32;
  var<storage, read_write> next: array<Body>;
  var<storage, read_write> all: array<Bodies, 2>;
  var<storage, read_write> energy: array<f32>;
` as const;

it('knows inputs and outputs by name, and the fields of structs', () => {
  type Given = Arguments<typeof source>;
  type Made = Outputs<typeof source>;
  expectTypeOf<keyof Given>().toEqualTypeOf<'bodies' | 'dt'>();
  expectTypeOf<keyof Made>().toEqualTypeOf<'next' | 'all' | 'energy'>();
  expectTypeOf<Made['energy']>().toEqualTypeOf<Tensor>();
  expectTypeOf<Made['next']>().toExtend<{ x: Tensor; angle: Tensor; limits: Tensor; inner: { mass: Tensor } }>();
  expectTypeOf<Made['all']>().toExtend<{ first: { x: Tensor; inner: { mass: Tensor } } }>();
});

it('takes numbers, tensors and records, but not nothing', async () => {
  const scale = kernel(/* wgsl */ `
    struct Pair { a: f32, b: f32 }
    var<storage, read> x: array<Pair>;
    var<uniform> k: f32;
    var<storage, read_write> y: array<Pair>;
    @compute @workgroup_size(64) fn scale(@builtin(global_invocation_id) id: vec3u) {
      y[id.x] = Pair(k * x[id.x].a, k * x[id.x].b);
    }
  `);
  interface Pair {
    a: Tensor;
    b: Tensor;
  }
  const x: Pair = { a: tensor([1, 2]), b: tensor([3, 4]) };
  const y: Pair = scale({ x, k: 2 }, { count: 2 }).y;
  expect(Array.from(await y.b.read())).toEqual([6, 8]);
  // @ts-expect-error nothing is no argument
  expect(() => scale({ x, k: undefined }, { count: 2 })).toThrow("scale: 'k' is missing");
  // @ts-expect-error nor is a text
  expect(() => scale({ x, k: '2' }, { count: 2 })).toThrow("scale: 'k' is '2'; the kernel reads f32");
});
