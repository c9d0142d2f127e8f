/** Where the `GPU` object comes from in a browser: `navigator.gpu`. */

/** The browser's GPU object; undefined where WebGPU is off. */
export async function requestGpu(): Promise<GPU | undefined> {
  return (globalThis.navigator as { readonly gpu?: GPU } | undefined)?.gpu;
}
