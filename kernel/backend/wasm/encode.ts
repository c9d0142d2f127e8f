/** Writes WebAssembly binaries: LEB128 numbers, instructions, sections. WebAssembly core specification 2.0, chapter 5. */

export const I32 = 0x7f;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const I64 = 0x7e;
export const V128 = 0x7b;
export type ValType = typeof I32 | typeof F32 | typeof F64 | typeof I64 | typeof V128;

const emptyBlock = 0x40;
const functionType = 0x60;
const pageLimit = 65536;

/** Growing byte array. */
class Bytes {
  private data = new Uint8Array(256);
  length = 0;

  private room(more: number): void {
    if (this.length + more <= this.data.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, 2 * this.data.length));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }
  byte(value: number): void {
    this.room(1);
    this.data[this.length++] = value;
  }
  /** Unsigned LEB128 of a number below 2³². */
  unsigned(value: number): void {
    this.room(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.data[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.data[this.length++] = rest;
  }
  /** Signed LEB128 of the 32 bits of a number. */
  signed(value: number): void {
    this.room(5);
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.data[this.length++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.data[this.length++] = rest & 0x7f;
  }
  /** Signed LEB128 of a whole number of up to 53 bits. */
  signedWide(value: number): void {
    this.room(10);
    let rest = value;
    while (rest < -64 || rest > 63) {
      this.data[this.length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.data[this.length++] = rest & 0x7f;
  }
  /** Room for an unsigned number that is known later. @returns Its place. */
  leave(): number {
    this.room(5);
    this.length += 5;
    return this.length - 5;
  }
  putLater(at: number, value: number): void {
    for (let k = 0; k < 5; k++) this.data[at + k] = ((value >>> (7 * k)) & 0x7f) | (k < 4 ? 0x80 : 0);
  }
  float(value: number, bytes: 4 | 8): void {
    this.room(bytes);
    const view = new DataView(this.data.buffer, this.length, bytes);
    if (bytes === 4) view.setFloat32(0, value, true);
    else view.setFloat64(0, value, true);
    this.length += bytes;
  }
  append(other: Bytes): void {
    this.room(other.length);
    this.data.set(other.data.subarray(0, other.length), this.length);
    this.length += other.length;
  }
  text(value: string): void {
    this.unsigned(value.length);
    for (let k = 0; k < value.length; k++) this.byte(value.charCodeAt(k));
  }
  finish(): Uint8Array<ArrayBuffer> {
    return this.data.slice(0, this.length);
  }
}

/** The instructions of one function. */
export class Code extends Bytes {
  op(...opcodes: readonly number[]): void {
    for (const opcode of opcodes) this.byte(opcode);
  }
  /** An instruction of the 0xfc group: saturating truncations, bulk memory. */
  prefixed(opcode: number): void {
    this.byte(0xfc);
    this.unsigned(opcode);
  }
  i32(value: number): void {
    this.byte(0x41);
    this.signed(value);
  }
  i64(value: number): void {
    this.byte(0x42);
    this.signedWide(value);
  }
  f32(value: number): void {
    this.byte(0x43);
    this.float(value, 4);
  }
  f64(value: number): void {
    this.byte(0x44);
    this.float(value, 8);
  }
  get(local: number): void {
    this.byte(0x20);
    this.unsigned(local);
  }
  set(local: number): void {
    this.byte(0x21);
    this.unsigned(local);
  }
  tee(local: number): void {
    this.byte(0x22);
    this.unsigned(local);
  }
  call(index: number): void {
    this.byte(0x10);
    this.unsigned(index);
  }
  /** Vector instructions, of the 0xfd group. */
  vector(...opcodes: readonly number[]): void {
    for (const opcode of opcodes) {
      this.byte(0xfd);
      this.unsigned(opcode);
    }
  }
  /** A vector load or store; `lane` where it touches one. */
  vectorAccess(opcode: number, align: number, offset: number, lane?: number): void {
    this.vector(opcode);
    this.unsigned(align);
    this.unsigned(offset);
    if (lane !== undefined) this.byte(lane);
  }
  /** A lane is read or replaced. */
  lane(opcode: number, lane: number): void {
    this.vector(opcode);
    this.byte(lane);
  }
  /** Bytes of two vectors (16 and up: the second) in a new order. */
  shuffle(bytes: readonly number[]): void {
    this.vector(0x0d);
    this.op(...bytes);
  }
  /** A load or store; `align` is the exponent of two of the natural alignment. */
  access(opcode: number, align: number, offset: number): void {
    this.byte(opcode);
    this.unsigned(align);
    this.unsigned(offset);
  }
  block(): void {
    this.op(0x02, emptyBlock);
  }
  loop(): void {
    this.op(0x03, emptyBlock);
  }
  if(result: number = emptyBlock): void {
    this.op(0x04, result);
  }
  else(): void {
    this.byte(0x05);
  }
  end(): void {
    this.byte(0x0b);
  }
  branch(label: number): void {
    this.byte(0x0c);
    this.unsigned(label);
  }
  branchIf(label: number): void {
    this.byte(0x0d);
    this.unsigned(label);
  }
  /** memory.fill of (address, byte, length) on the stack. */
  fill(): void {
    this.prefixed(11);
    this.byte(0);
  }
  /** memory.copy of (target, source, length) on the stack. */
  copy(): void {
    this.prefixed(10);
    this.op(0, 0);
  }
}

export interface Signature {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}
export interface Import extends Signature {
  readonly name: string;
}
export interface Func extends Signature {
  readonly name: string;
  /** Types of the locals beyond the parameters. */
  readonly locals: readonly ValType[];
  readonly code: Code;
}

function section(module: Bytes, id: number, fill: (content: Bytes) => void): void {
  const content = new Bytes();
  fill(content);
  module.byte(id);
  module.unsigned(content.length);
  module.append(content);
}

function signature(out: Bytes, { params, results }: Signature): void {
  out.byte(functionType);
  for (const types of [params, results]) {
    out.unsigned(types.length);
    for (const type of types) out.byte(type);
  }
}

/** Runs of equal types, as the head of a function body wants them. */
function declareLocals(out: Bytes, locals: readonly ValType[]): void {
  const runs: [number, ValType][] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.[1] === type) last[0]++;
    else runs.push([1, type]);
  }
  out.unsigned(runs.length);
  for (const [count, type] of runs) {
    out.unsigned(count);
    out.byte(type);
  }
}

/**
 * A module that imports memory `env.memory` and functions `env.*` (numbered first, in order), and exports `func`, which may call the
 * others (numbered last).
 * @param shared Whether the memory is one that threads share.
 */
export function encodeModule(
  imports: readonly Import[],
  func: Func,
  shared = false,
  others: readonly Func[] = [],
): Uint8Array<ArrayBuffer> {
  const funcs = [func, ...others];
  const module = new Bytes();
  for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) module.byte(byte);
  section(module, 1, out => {
    out.unsigned(imports.length + funcs.length);
    for (const each of [...imports, ...funcs]) signature(out, each);
  });
  section(module, 2, out => {
    out.unsigned(imports.length + 1);
    out.text('env');
    out.text('memory');
    out.byte(2);
    out.byte(shared ? 3 : 1);
    out.unsigned(1);
    out.unsigned(pageLimit);
    imports.forEach((each, k) => {
      out.text('env');
      out.text(each.name);
      out.byte(0);
      out.unsigned(k);
    });
  });
  section(module, 3, out => {
    out.unsigned(funcs.length);
    for (let k = 0; k < funcs.length; k++) out.unsigned(imports.length + k);
  });
  section(module, 7, out => {
    out.unsigned(1);
    out.text(func.name);
    out.byte(0);
    out.unsigned(imports.length);
  });
  section(module, 10, out => {
    out.unsigned(funcs.length);
    for (const { locals, code } of funcs) {
      const body = new Bytes();
      declareLocals(body, locals);
      body.append(code);
      body.byte(0x0b);
      out.unsigned(body.length);
      out.append(body);
    }
  });
  return module.finish();
}
