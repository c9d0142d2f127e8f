/** The WebGPU device behind a backend: how it is found, its limits, and what it reports after the fact. */

import { requestGpu } from '#gpu';

export interface Limits {
  readonly storageBuffers: number;
  readonly bindingBytes: number;
  readonly bufferBytes: number;
  readonly groupsPerAxis: number;
  readonly groupInvocations: number;
  readonly groupSize: readonly [number, number, number];
  readonly groupBytes: number;
}

export interface Gpu {
  readonly device: GPUDevice;
  readonly description: string;
  readonly limits: Limits;
  /** Whether the backend made the device, and so may destroy it. */
  readonly own: boolean;
}

export interface DeviceOptions {
  /** A device of the caller's, which stays the caller's. */
  readonly device?: GPUDevice | undefined;
  /** Whether a software adapter (SwiftShader, lavapipe, WARP) will do. Default false. */
  readonly allowSoftware?: boolean | undefined;
  /** Storage buffers a shader may bind, if fewer than the device allows. */
  readonly storageBuffers?: number | undefined;
  /** Bytes of one buffer that a shader may bind, if fewer than the device allows; a multiple of 256. */
  readonly bindingBytes?: number | undefined;
}

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|warp|microsoft basic render/i;

function describe(info: GPUAdapterInfo | undefined): string {
  if (!info) return 'WebGPU';
  const words = [info.vendor, info.architecture, info.description].filter(Boolean);
  return words.length > 0 ? words.join(' · ') : 'WebGPU';
}

function isSoftware(adapter: GPUAdapter): boolean {
  const legacy = (adapter as { readonly isFallbackAdapter?: boolean }).isFallbackAdapter;
  return adapter.info.isFallbackAdapter || legacy === true || softwareNames.test(describe(adapter.info));
}

/** The limits worth raising: what an adapter offers beyond WebGPU's guarantees. */
const raised = [
  'maxStorageBuffersPerShaderStage',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupStorageSize',
] as const;

/**
 * Features taken where they are offered. Not `subgroups`: a driver adds in an order of its own, over 4 to 128 lanes, so that sums would
 * differ from device to device; in a fixed order, by shuffles, they would save a sum one of its short last passes, after the first
 * has read all words. Not `shader-f16`: kernels compute in f32, and store halves by pack2x16float, which needs no feature.
 */
const wanted: readonly GPUFeatureName[] = ['timestamp-query'];

function limitsOf(device: GPUDevice, { storageBuffers, bindingBytes }: DeviceOptions): Limits {
  const l = device.limits;
  return {
    storageBuffers: Math.min(l.maxStorageBuffersPerShaderStage, storageBuffers ?? Number.POSITIVE_INFINITY),
    bindingBytes: Math.min(l.maxStorageBufferBindingSize, bindingBytes ?? Number.POSITIVE_INFINITY),
    bufferBytes: l.maxBufferSize,
    groupsPerAxis: l.maxComputeWorkgroupsPerDimension,
    groupInvocations: l.maxComputeInvocationsPerWorkgroup,
    groupSize: [l.maxComputeWorkgroupSizeX, l.maxComputeWorkgroupSizeY, l.maxComputeWorkgroupSizeZ],
    groupBytes: l.maxComputeWorkgroupStorageSize,
  };
}

/** @returns undefined where there is no WebGPU, no adapter, or only a software one and that was not allowed. */
export async function openGpu(options: DeviceOptions): Promise<Gpu | undefined> {
  const { device, allowSoftware = false } = options;
  if (device) {
    const description = describe(device.adapterInfo);
    return { device, description, limits: limitsOf(device, options), own: false };
  }
  const gpu = await requestGpu();
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter || (isSoftware(adapter) && !allowSoftware)) return undefined;
  const requiredLimits = Object.fromEntries(raised.map(name => [name, adapter.limits[name]]));
  const requiredFeatures = wanted.filter(name => adapter.features.has(name));
  const opened = await adapter.requestDevice({ label: 'retrograde', requiredLimits, requiredFeatures });
  return { device: opened, description: describe(adapter.info), limits: limitsOf(opened, options), own: true };
}

/**
 * What went wrong after the call that caused it: WebGPU reports errors later, on the side.
 * They are kept until somebody awaits results, and thrown there.
 */
export class Reports {
  private readonly pending: Promise<unknown>[] = [];
  private readonly messages: string[] = [];
  private lostBecause: string | undefined;
  private readonly device: GPUDevice;
  private readonly onError = (event: GPUUncapturedErrorEvent): void => {
    const kind = event.error.constructor.name === 'GPUOutOfMemoryError' ? 'out of memory: ' : '';
    this.messages.push(kind + event.error.message);
    event.preventDefault(); // it is thrown by check(), not printed
  };

  constructor(device: GPUDevice) {
    this.device = device;
    device.addEventListener('uncapturederror', this.onError);
    device.lost.then(
      ({ reason, message }) => {
        this.lostBecause = `${reason || 'unknown'}${message ? `: ${message}` : ''}`;
      },
      () => undefined,
    );
  }

  get lost(): boolean {
    return this.lostBecause !== undefined;
  }

  /** Runs `work` and has its errors of one kind reported as `say(message)`. */
  watch<T>(filter: GPUErrorFilter, say: (message: string) => string, work: () => T): T {
    this.device.pushErrorScope(filter);
    try {
      return work();
    } finally {
      const popped = this.device.popErrorScope().then(
        error => {
          // Before what follows from it.
          if (error) this.messages.unshift(say(error.message));
        },
        () => undefined, // the device is lost, which check() tells
      );
      this.pending.push(popped);
      void popped.then(() => this.pending.splice(this.pending.indexOf(popped), 1));
    }
  }

  /** Waits for what is still to be reported. @throws Error with all of it, once. */
  async check(): Promise<void> {
    await Promise.all(this.pending);
    this.throwIfLost();
    if (this.messages.length === 0) return;
    const [first, ...more] = this.messages.splice(0);
    const others = more.length === 0 ? '' : `\n(and ${more.length} more error${more.length > 1 ? 's' : ''} after it)`;
    throw new Error(`webgpu: ${first}${others}`);
  }

  throwIfLost(): void {
    if (this.lostBecause === undefined) return;
    throw new Error(
      `webgpu: the device was lost (${this.lostBecause}), and with it every tensor on it. Call device(…) again for a new one.`,
    );
  }

  /** Waits a moment for the news of a loss, after an operation has failed for no reason of its own. */
  async explain(error: unknown): Promise<never> {
    await Promise.race([this.device.lost, new Promise(resolve => setTimeout(resolve, 1000))]);
    this.throwIfLost();
    await this.check();
    throw error;
  }

  close(): void {
    this.device.removeEventListener('uncapturederror', this.onError);
  }
}
