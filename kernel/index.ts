export type { Count, Floats, Precision, Timing, Words, WordType } from './backend/backend.ts';
export type { Argument, Arguments, Inputs, Outputs, StructOutput } from './bindings.ts';
export type { Bytes } from './bytes.ts';
export { type Compacted, compact, type Selected, selected } from './compact.ts';
export { makeTensor } from './construct.ts';
export { Device, type DeviceOptions, debug, defaultDevice, device, memoryInUse } from './device.ts';
export { checkOptions, checkRecord, type Diagnostic, inWords, KernelError } from './error.ts';
export { amax, amin, argmax, argmin } from './extreme.ts';
export { fromGPUBuffer, gpuDevice, toGPUBuffer } from './gpu-buffer.ts';
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
  Node,
  nextTrace,
  type Rule,
  record,
  Trace,
} from './graph.ts';
export { type HistogramOptions, histogram } from './histogram.ts';
export { concat, stack } from './indexing.ts';
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
export { differentiable, sizeOf } from './launch.ts';
export type { Memory } from './memory.ts';
export { onDevice, onDeviceBy, onDeviceOf } from './on-device.ts';
export { peek } from './peek.ts';
export { pick } from './permute.ts';
export type { Recorded, Slots, View } from './recorded.ts';
export { withRecorder } from './recorder.ts';
export type { SumOptions } from './reduce.ts';
export { type Body, type Form, isBeingRecorded, Repeated, takeOut, whyNotNow, writeRow } from './repeated.ts';
export { rows } from './rows.ts';
export { type ScanOptions, scan } from './scan.ts';
export { adopt, collecting, outliving, releaseAll, releaseWhenCollected, scoped } from './scope.ts';
export { argsort, type SortOptions, sort, sortBy } from './sort.ts';
export { type Index, type Nested, type Operand, Tensor, type TensorOptions, tensor, zeros } from './tensor.ts';
export { backward, forward, type Target } from './walk.ts';
export { floatText } from './wgsl/float-text.ts';
