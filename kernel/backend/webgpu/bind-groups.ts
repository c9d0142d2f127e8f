/** Bind groups kept for the next launch on the same buffers: making one costs as much as the rest of a launch. */

const most = 1024;

/** A part of a buffer that a shader binds: bytes of buffer number `buffer` of those given. */
export interface Span {
  readonly buffer: number;
  readonly offset: number;
  readonly size: number;
}

export class BindGroups {
  private readonly device: GPUDevice;
  private readonly ring: GPUBuffer;
  private readonly bindingBytes: number;
  private readonly serials = new WeakMap<GPUBuffer, number>();
  private readonly byLayout = new Map<GPUBindGroupLayout, Map<string, GPUBindGroup>>();
  private serial = 0;
  private held = 0;

  /**
   * @param ring The buffer of launch records, bound at 0 with a dynamic offset.
   * @param bindingBytes Most that a binding may show of a buffer.
   */
  constructor(device: GPUDevice, ring: GPUBuffer, bindingBytes: number) {
    this.device = device;
    this.ring = ring;
    this.bindingBytes = bindingBytes;
  }

  private serialOf(buffer: GPUBuffer): number {
    const known = this.serials.get(buffer);
    if (known !== undefined) return known;
    this.serials.set(buffer, ++this.serial);
    return this.serial;
  }

  /**
   * @param bytes Size of the launch record.
   * @param spans What is bound of the buffers; undefined: of each one its beginning.
   */
  get(layout: GPUBindGroupLayout, buffers: readonly GPUBuffer[], bytes: number, spans?: readonly Span[]): GPUBindGroup {
    const parts = spans ? spans.map(({ buffer, offset, size }) => `;${buffer},${offset},${size}`).join('') : '';
    const key = buffers.map(buffer => this.serialOf(buffer)).join() + parts;
    let groups = this.byLayout.get(layout);
    const known = groups?.get(key);
    if (known) return known;
    if (this.held >= most) this.forget();
    groups = this.byLayout.get(layout) ?? new Map<string, GPUBindGroup>();
    this.byLayout.set(layout, groups);
    const bound = spans
      ? spans.map(({ buffer, offset, size }) => ({ buffer: buffers[buffer], offset, size }))
      : buffers.map(buffer => (buffer.size > this.bindingBytes ? { buffer, size: this.bindingBytes } : { buffer }));
    const record = { binding: 0, resource: { buffer: this.ring, size: Math.ceil(bytes / 16) * 16 } };
    const entries = [record, ...bound.map((resource, k) => ({ binding: k + 1, resource }))];
    const group = this.device.createBindGroup({ layout, entries });
    groups.set(key, group);
    this.held++;
    return group;
  }

  /** Lets go of destroyed buffers. */
  forget(): void {
    this.byLayout.clear();
    this.held = 0;
  }
}
