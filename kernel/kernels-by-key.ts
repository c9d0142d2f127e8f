/** Families of kernels: texts that depend on a kind, such as a rank, a block size or what holds at the sides. */

import { type Kernel, type KernelOptions, kernel } from './kernel.ts';

/** A cache of its own: the kernel of a key, made of its text when it is first asked for. */
export function kernelsByKey(options: KernelOptions = {}): (key: string | number, text: () => string) => Kernel {
  const made = new Map<string | number, Kernel>();
  return (key, text) => {
    const known = made.get(key) ?? kernel(text(), options);
    made.set(key, known);
    return known;
  };
}
