/** What buffers hold and how many invocations run: shared by the language and by what runs it. */

export type Precision = 'f32' | 'f64';
export type WordType = 'f32' | 'i32' | 'u32';
/** Host copy of a buffer. Float64Array only for 'f32' words on an f64 device. */
export type Words = Float32Array | Float64Array | Int32Array | Uint32Array;
/** Invocations along x, y, z; only those run (a kernel with barriers runs whole workgroups). */
export type Count = readonly [number, number, number];
