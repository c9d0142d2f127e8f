/** Vector instructions the emitter uses, after the prefix 0xfd. WebAssembly core specification 2.0, §5.4.8. */

export const v128 = {
  load: 0, load32Splat: 9, load64Splat: 10, store: 11, load32Zero: 92, load64Zero: 93, load32Lane: 86, load64Lane: 87, store32Lane: 90, store64Lane: 91,
  not: 77, and: 78, andnot: 79, or: 80, xor: 81, bitselect: 82, anyTrue: 83,
} as const; // biome-ignore format: a table

export const i32x4 = {
  splat: 17, extract: 27, replace: 28,
  eq: 55, ne: 56, ltS: 57, ltU: 58, gtS: 59, gtU: 60, leS: 61, leU: 62, geS: 63, geU: 64,
  abs: 160, neg: 161, allTrue: 163, bitmask: 164, shl: 171, shrS: 172, shrU: 173, add: 174, sub: 177, mul: 181,
  minS: 182, minU: 183, maxS: 184, maxU: 185,
  truncSatF32S: 248, truncSatF32U: 249, truncSatF64S: 252, truncSatF64U: 253,
} as const; // biome-ignore format: a table

export const i64x2 = { extendLowS: 199, extmulLowU: 222, extmulHighU: 223 } as const;

export const f32x4 = {
  splat: 19, extract: 31, replace: 32,
  eq: 65, ne: 66, lt: 67, gt: 68, le: 69, ge: 70,
  ceil: 103, floor: 104, trunc: 105, nearest: 106,
  abs: 224, neg: 225, sqrt: 227, add: 228, sub: 229, mul: 230, div: 231, pmin: 234, pmax: 235,
  convertS: 250, convertU: 251, demote: 94,
} as const; // biome-ignore format: a table

export const f64x2 = {
  splat: 20, extract: 33, replace: 34,
  eq: 71, ne: 72, lt: 73, gt: 74, le: 75, ge: 76,
  ceil: 116, floor: 117, trunc: 122, nearest: 148,
  abs: 236, neg: 237, sqrt: 239, add: 240, sub: 241, mul: 242, div: 243, pmin: 246, pmax: 247,
  convertS: 254, convertU: 255, promote: 95,
} as const; // biome-ignore format: a table
