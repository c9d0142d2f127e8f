/**
 * The heap: one WebAssembly memory, grown as needed, up to 4 GiB; shared with worker threads if asked for and allowed here.
 *
 * Freed blocks wait in lists by size, since a simulation asks for the same sizes over and over, and a page touched before is
 * several times cheaper than a new one. Before the memory grows, free blocks are joined with their neighbours and searched in
 * order of address. Memory never used yet is zero and is not cleared again.
 */

import { bulkOf } from './bulk.ts';
import { heapStart } from './memory-map.ts';

const pageBytes = 65536;
const alignment = 16;
/** Vector loads may read past the end of the last word. */
const padding = 16;
const large = 65536;
const stagger = 1024 + 64;
const addressLimit: number = 65536 * pageBytes;

interface Range {
  start: number;
  bytes: number;
}

export class Heap {
  readonly memory: WebAssembly.Memory;
  /** The memory's words; another object after the memory has grown. */
  buffer: ArrayBufferLike;
  readonly shared: boolean;
  private readonly limit: number;
  /** End of the blocks; first byte never used. */
  private top = heapStart;
  private touched = heapStart;
  private readonly bySize = new Map<number, number[]>();
  private joined: Range[] = [];
  private freeBytes = 0;
  /** Whether the block allocated last has been used before; if not, it holds zeros. */
  dirty = false;
  private bulk: ReturnType<typeof bulkOf> | undefined;

  /** @param limit Bytes of memory allowed. */
  constructor(limit: number = addressLimit, shared = false) {
    this.limit = Math.min(limit, addressLimit);
    const size = { initial: heapStart / pageBytes, maximum: addressLimit / pageBytes };
    this.memory = (shared && sharedMemory(size)) || new WebAssembly.Memory(size);
    this.buffer = this.memory.buffer;
    this.shared = !(this.buffer instanceof ArrayBuffer);
  }

  fill(to: number, byte: number, bytes: number): void {
    this.bulk ??= bulkOf(this.memory, this.shared);
    this.bulk.fill(to, byte, bytes);
  }
  /** The two may overlap. */
  move(to: number, from: number, bytes: number): void {
    this.bulk ??= bulkOf(this.memory, this.shared);
    this.bulk.move(to, from, bytes);
  }

  /** Bytes handed out and not given back. */
  get used(): number {
    return this.top - heapStart - this.freeBytes;
  }

  /** @param who Named in the error if there is no room. */
  allocate(bytes: number, zero: boolean, who: string): number {
    const size = roundSize(bytes);
    const recycled = this.recycle(size);
    if (recycled !== undefined) return this.cleared(recycled, size, zero);
    if (this.freeBytes > 0 && this.top + size > this.buffer.byteLength) {
      this.join();
      const found = this.recycle(size);
      if (found !== undefined) return this.cleared(found, size, zero);
    }
    return this.cleared(this.extend(size, bytes, who), size, zero);
  }

  free(address: number, bytes: number): void {
    const size = roundSize(bytes);
    this.freeBytes += size;
    const list = this.bySize.get(size);
    if (list) list.push(address);
    else this.bySize.set(size, [address]);
  }

  private recycle(size: number): number | undefined {
    const address = this.bySize.get(size)?.pop() ?? this.takeJoined(size);
    if (address !== undefined) this.freeBytes -= size;
    return address;
  }

  private cleared(address: number, size: number, zero: boolean): number {
    const end = address + size;
    const used = Math.min(end, this.touched) - address;
    this.dirty = used > 0;
    if (zero && used > 0) this.fill(address, 0, used);
    if (end > this.touched) this.touched = end;
    return address;
  }

  private extend(size: number, asked: number, who: string): number {
    const end = this.top + size;
    const have = this.buffer.byteLength;
    if (end > this.limit || !this.grow(have, end)) {
      const mib = (n: number) => `${(n / 2 ** 20).toFixed(1)} MiB`;
      throw new RangeError(
        `${who}: no room for ${mib(asked)} on the CPU device, where ${mib(this.used)} of at most ${mib(this.limit)} are in use; ` +
          'dispose of tensors that are no longer needed (the garbage collector does so only while the program awaits a read), ' +
          'or keep fewer checkpoints.',
      );
    }
    const address = this.top;
    this.top = end;
    return address;
  }

  /** By a quarter at a time, so that growing is rare; by just enough if that much cannot be had. */
  private grow(have: number, end: number): boolean {
    if (end <= have) return true;
    const comfortable = Math.min(this.limit, Math.max(end, have + Math.max(have / 4, 2 ** 20)));
    for (const target of [comfortable, end]) {
      try {
        this.memory.grow(Math.ceil((target - have) / pageBytes));
        this.buffer = this.memory.buffer;
        return true;
      } catch {
        // The host has less than we may ask for: try the smaller amount.
      }
    }
    return false;
  }

  private takeJoined(size: number): number | undefined {
    for (let k = 0; k < this.joined.length; k++) {
      const range = this.joined[k];
      if (range.bytes < size) continue;
      const { start } = range;
      range.start += size;
      range.bytes -= size;
      if (range.bytes === 0) this.joined.splice(k, 1);
      return start;
    }
    return undefined;
  }

  private join(): void {
    const ranges = [...this.joined];
    for (const [bytes, starts] of this.bySize) for (const start of starts) ranges.push({ start, bytes });
    this.bySize.clear();
    ranges.sort((a, b) => a.start - b.start);
    this.joined = [];
    for (const range of ranges) {
      const last = this.joined.at(-1);
      if (last && last.start + last.bytes === range.start) last.bytes += range.bytes;
      else this.joined.push(range);
    }
    const last = this.joined.at(-1);
    if (last && last.start + last.bytes === this.top) {
      this.joined.pop();
      this.top = last.start;
      this.freeBytes -= last.bytes;
    }
  }
}

function sharedMemory(size: WebAssembly.MemoryDescriptor): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ ...size, shared: true });
  } catch {
    return undefined; // the host has not so much address space to reserve
  }
}

/**
 * Large blocks are a whole number of 4 KiB and a bit more: a store and loads of the next words of another buffer whose addresses
 * agree modulo 4 KiB would hold each other up.
 */
function roundSize(bytes: number): number {
  if (bytes >= large) return Math.ceil((bytes + padding) / 4096) * 4096 + stagger;
  return Math.max(alignment, Math.ceil((bytes + padding) / alignment) * alignment);
}
