// Built-in functions after lowering, against the definitions of the WGSL specification.

import { describe, expect, it } from 'vitest';
import { run, text } from '../../util/lowered.ts';

/** Components of a float expression in x. */
const values = (expression: string, x: readonly number[], components = 1, n: readonly number[] = []): number[] => {
  const stores = ['x', 'y', 'z', 'w']
    .slice(0, components)
    .map((c, k) => `y[${k}] = f32(${components > 1 ? `r.${c}` : 'r'});`);
  return run(`let v = vec3f(x[0], x[1], x[2]); let r = ${expression}; ${stores.join(' ')}`, {
    x,
    n,
    length: components,
  });
};
const close = (got: readonly number[], want: readonly number[], digits = 12): void => {
  expect(got.length).toBe(want.length);
  want.forEach((w, k) => {
    expect(got[k], `[${k}]`).toBeCloseTo(w, digits);
  });
};

describe('geometry', () => {
  // x[3] keeps arguments from being constants.
  const x = [3, -4, 12, 1];
  it.each([
    ['length(v)', [13]],
    ['length(x[1])', [4]],
    ['distance(v, vec3f(3, -4, 0))', [12]],
    ['distance(x[0], 5.0)', [2]],
    ['dot(v, vec3f(1, 2, 3))', [31]],
    ['f32(dot(vec2i(2, -3) * i32(x[3]), vec2i(4, 5)))', [-7]],
    ['cross(v, vec3f(1, 2, 3))', [-36, 3, 10]],
    ['normalize(v)', [3 / 13, -4 / 13, 12 / 13]],
    ['normalize(0 * v)', [0, 0, 0]],
    ['reflect(v, vec3f(0, 1, 0))', [3, 4, 12]],
    ['faceForward(v, v, vec3f(0, 1, 0))', [3, -4, 12]],
    ['faceForward(v, v, vec3f(1, 0, 0))', [-3, 4, -12]],
    ['refract(x[3] * vec3f(0, -1, 0), vec3f(0, 1, 0), 1.5)', [0, -1, 0]],
    ['refract(x[3] * vec3f(0.8, -0.6, 0), vec3f(0, 1, 0), 2.0)', [0, 0, 0]],
    ['refract(x[3] * vec3f(0.6, -0.8, 0), vec3f(0, 1, 0), 0.5)', [0.3, -Math.sqrt(1 - 0.09), 0]],
    ['transpose(mat2x3f(1, 2, 3, 4, 5, 6) * x[3])[2]', [3, 6]],
    ['determinant(mat2x2f(1, 2, 3, 4) * x[3])', [-2]],
    ['determinant(mat3x3f(2, 0, 1, 3, 1, 4, 5, 9, 2) * x[3])', [-46]],
    ['determinant(mat4x4f(2, 0, 0, 0, 1, 3, 0, 0, 7, 8, 4, 0, 1, 2, 3, 5) * x[3])', [120]],
  ])('%s', (expression, want) => {
    close(values(expression, x, want.length), want);
  });
});

describe('scalars', () => {
  const x = [0.25, -1.5, 2.75];
  it.each([
    ['clamp(x[1], -1.0, 1.0)', [-1]],
    ['saturate(v)', [0.25, 0, 1]],
    ['step(0.25, x[0])', [1]],
    ['step(v, vec3f(0))', [0, 1, 0]],
    ['smoothstep(0.0, 1.0, x[0])', [0.15625]],
    ['mix(v, vec3f(1), 0.5)', [0.625, -0.25, 1.875]],
    ['mix(2.0, 4.0, x[0])', [2.5]],
    ['fma(x[0], 4.0, 1.0)', [2]],
    ['degrees(radians(x[2]))', [2.75]],
    ['modf(x[1]).fract', [-0.5]],
    ['modf(v).whole', [0, -1, 2]],
    ['frexp(x[2]).fract', [0.6875]],
    ['frexp(v).exp', [-1, 1, 2]],
    ['ldexp(x[0], 3)', [2]],
    ['sign(v)', [1, -1, 1]],
    ['abs(vec2i(-3, 4))', [3, 4]],
    ['detach(x[1])', [-1.5]],
    ['pow(x[1], 2.0)', [2.25]],
    ['pow(x[1], -3.0)', [1 / -3.375]],
    ['pow(x[1], 7.0)', [(-1.5) ** 7]],
    ['pow(x[1], 0.0)', [1]],
    ['pow(x[2], 1.5)', [2.75 ** 1.5]],
    ['select(v, -v, vec3<bool>(true, false, true))', [-0.25, -1.5, -2.75]],
  ])('%s', (expression, want) => {
    close(values(expression, x, want.length), want);
  });

  it('pow with a constant integer exponent is multiplications', () => {
    expect(text('y[i] = pow(x[i], 3.0);')).not.toMatch(/pow/);
    expect(text('y[i] = pow(x[i], 9.0);')).toMatch(/pow/);
  });
});

describe('bits', () => {
  const n = [0xf0f0a5a5, 4, 8, 32, 0];
  it.each([
    ['extractBits(n[0], 4u, 8u)', [0x5a]],
    ['extractBits(i32(n[0]), 4u, 4u)', [-6]],
    ['extractBits(n[0], n[4], n[3])', [0xf0f0a5a5]],
    ['extractBits(n[0], n[3], n[2])', [0]],
    ['extractBits(n[0], 28u, 100u + n[4])', [15]],
    ['extractBits(n[0], n[1], n[4])', [0]],
    ['insertBits(n[0], 0xffu, n[1], n[2])', [0xf0f0aff5]],
    ['insertBits(n[0], 7u, n[4], n[3])', [7]],
    ['insertBits(n[0], 7u, n[3], n[2])', [0xf0f0a5a5]],
    ['insertBits(i32(n[4]), -1, 30u, n[2])', [-(2 ** 30)]],
    ['countOneBits(n[0])', [16]],
    ['countLeadingZeros(n[2])', [28]],
    ['countTrailingZeros(n[2])', [3]],
    ['firstLeadingBit(i32(n[0]))', [27]],
    ['firstTrailingBit(n[3])', [5]],
    ['reverseBits(n[1])', [2 ** 29]],
    ['dot4U8Packed(0x01020304u + n[4], 0xff000001u)', [255 + 4]],
    ['dot4I8Packed(0x01020304u + n[4], 0xff000001u)', [-1 + 4]],
    ['bitcast<u32>(f32(n[1]))', [0x40800000]],
    ['bitcast<f32>(n[2] | 0x40000000u)', [2 + 2 ** -19]],
  ])('%s', (expression, want) => {
    close(values(expression, [], want.length, n), want);
  });
});

describe('packing', () => {
  const unpacked = (expression: string, n: number, components: number): number[] =>
    values(expression, [], components, [n]);
  it.each([
    ['pack4x8snorm(vec4f(1, -1, 0.5, -2) * x[0])', 0x8140817f],
    ['pack4x8unorm(vec4f(1, 0, 0.5, 2) * x[0])', 0xff8000ff],
    ['pack2x16snorm(vec2f(1, -0.5) * x[0])', 0xc0017fff],
    ['pack2x16unorm(vec2f(0.25, 1) * x[0])', 0xffff4000],
    ['pack2x16float(vec2f(1, -2.5) * x[0])', 0xc1003c00],
    ['pack2x16float(vec2f(0x1p-24, 65504) * x[0])', 0x7bff0001],
    ['pack4xI8(vec4i(1, -1, 127, 300) * i32(x[0]))', 0x2c7fff01],
    ['pack4xU8(vec4u(1, 2, 255, 256) * u32(x[0]))', 0x00ff0201],
    ['pack4xI8Clamp(vec4i(1, -200, 127, 300) * i32(x[0]))', 0x7f7f8001],
    ['pack4xU8Clamp(vec4u(1, 2, 255, 256) * u32(x[0]))', 0xffff0201],
  ])('%s', (expression, want) => {
    const body = `let p = ${expression}; y[0] = f32(p & 0xffffu); y[1] = f32(p >> 16u);`;
    const [low, high] = run(body, { x: [1], length: 2 });
    expect((high * 65536 + low).toString(16)).toBe(want.toString(16));
  });
  it.each([
    ['unpack4x8snorm(n[0])', 0x8140817f, [1, -1, 64 / 127, -1]],
    ['unpack4x8unorm(n[0])', 0xff8000ff, [1, 0, 128 / 255, 1]],
    ['unpack2x16snorm(n[0])', 0xc0017fff, [1, -16383 / 32767]],
    ['unpack2x16unorm(n[0])', 0xffff4000, [16384 / 65535, 1]],
    ['unpack2x16float(n[0])', 0xc1003c00, [1, -2.5]],
    ['unpack2x16float(n[0])', 0x7bff0001, [2 ** -24, 65504]],
    ['unpack2x16float(n[0])', 0xfc008000, [-0, Number.NEGATIVE_INFINITY]],
    ['unpack4xI8(n[0])', 0x2c7fff01, [1, -1, 127, 44]],
    ['unpack4xU8(n[0])', 0x00ff0201, [1, 2, 255, 0]],
  ])('%s of %d', (expression, n, want) => {
    expect(unpacked(expression, n, want.length)).toEqual(want);
  });
  it('goes back and forth through half floats', () => {
    for (const x of [0, 1, -1, 0.1, 1e-7, 6e-5, 6.2e-5, 1234.5, -65504, 1e-9]) {
      const [back, rounded] = run(
        'y[0] = unpack2x16float(pack2x16float(vec2f(7, x[0]))).y; y[1] = quantizeToF16(x[0]);',
        { x: [Math.fround(x)], length: 2 },
      );
      expect(back).toBe(rounded);
    }
  });
});
