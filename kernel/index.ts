export type { Floats, Timing } from './backend/backend.ts';
export type { Argument, Arguments, Inputs, Outputs, StructOutput } from './bindings.ts';
export { type Compacted, compact, type Selected, selected } from './blocks/compact.ts';
export { amax, amin, argmax, argmin } from './blocks/extreme.ts';
export { type HistogramOptions, histogram } from './blocks/histogram.ts';
export { type ScanOptions, scan } from './blocks/scan.ts';
export { argsort, type SortOptions, sort, sortBy } from './blocks/sort.ts';
export type { Bytes } from './bytes.ts';
export { Device, type DeviceOptions, debug, defaultDevice, device, memoryInUse } from './device/device.ts';
export type { Memory } from './device/memory.ts';
export { onDevice, onDeviceBy, onDeviceOf } from './device/on-device.ts';
export { withRecorder } from './device/recorder.ts';
export { adopt, collecting, outliving, releaseAll, releaseWhenCollected, scoped } from './device/scope.ts';
export { checkOptions, checkRecord, type Diagnostic, inWords, KernelError } from './error.ts';
export {
  callOnto,
  explain,
  type Kernel,
  kernel,
  type LaunchOptions,
  lazyKernel,
  type OverrideValues,
} from './kernel.ts';
export { kernelsByKey } from './kernels-by-key.ts';
export type { Recorded, Slots, View } from './replay/recorded.ts';
export {
  areFixedNow,
  aside,
  type Body,
  type Form,
  isBeingRecorded,
  mustBeZero,
  Repeated,
  takeOut,
  whyNotNow,
  writeRow,
} from './replay/repeated.ts';
export { makeTensor } from './tensor/construct.ts';
export { fromGPUBuffer, gpuDevice, toGPUBuffer } from './tensor/gpu-buffer.ts';
export {
  bounded,
  type Cotangents,
  currentMode,
  derivativesInTheMaking,
  inMode,
  isRecording,
  isTracked,
  leaf,
  type Mode,
  nextTrace,
  type Rule,
  record,
  Trace,
} from './tensor/graph.ts';
export { concat, stack } from './tensor/indexing.ts';
export { differentiable, sizeOf } from './tensor/launch.ts';
export { peek } from './tensor/peek.ts';
export { pick } from './tensor/permute.ts';
export type { SumOptions } from './tensor/reduce.ts';
export { type Index, type Nested, type Operand, Tensor, type TensorOptions, tensor, zeros } from './tensor/tensor.ts';
export { backward, forward, type Target } from './tensor/walk.ts';
export { floatText } from './wgsl/float-text.ts';
export type { Count, Precision, Words, WordType } from './words.ts';
