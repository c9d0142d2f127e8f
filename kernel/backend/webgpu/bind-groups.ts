/** Bind groups kept for the next launch on the same buffers: making one costs as much as the rest of a launch. */

const most = 1024;

export class BindGroups {
  private readonly device: GPUDevice;
  private readonly ring: GPUBuffer;
  private readonly serials = new WeakMap<GPUBuffer, number>();
  private readonly byLayout = new Map<GPUBindGroupLayout, Map<string, GPUBindGroup>>();
  private serial = 0;
  private held = 0;

  /** @param ring The buffer of launch records, bound at 0 with a dynamic offset. */
  constructor(device: GPUDevice, ring: GPUBuffer) {
    this.device = device;
    this.ring = ring;
  }

  private serialOf(buffer: GPUBuffer): number {
    const known = this.serials.get(buffer);
    if (known !== undefined) return known;
    this.serials.set(buffer, ++this.serial);
    return this.serial;
  }

  /** @param bytes Size of the launch record. */
  get(layout: GPUBindGroupLayout, buffers: readonly GPUBuffer[], bytes: number): GPUBindGroup {
    const key = buffers.map(buffer => this.serialOf(buffer)).join();
    let groups = this.byLayout.get(layout);
    const known = groups?.get(key);
    if (known) return known;
    if (this.held >= most) this.forget();
    groups = this.byLayout.get(layout) ?? new Map<string, GPUBindGroup>();
    this.byLayout.set(layout, groups);
    const record = { binding: 0, resource: { buffer: this.ring, size: Math.ceil(bytes / 16) * 16 } };
    const entries = [record, ...buffers.map((buffer, k) => ({ binding: k + 1, resource: { buffer } }))];
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
