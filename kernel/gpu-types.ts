/**
 * The WebGPU types of this package's interface, as the user's libraries declare them: TypeScript's own DOM or @webgpu/types,
 * whichever there is. Where neither is, the package's declarations still compile, and such an object is one with a label.
 */

type Declared<Name extends string> =
  typeof globalThis extends Readonly<Record<Name, { readonly prototype: infer T }>> ? T : { readonly label: string };

export type UserGPUDevice = Declared<'GPUDevice'>;
export type UserGPUBuffer = Declared<'GPUBuffer'>;
