/**
 * Where the `GPU` object comes from in Node: the optional peer dependency `webgpu` (Dawn), loaded when first asked for.
 *
 * It is pinned on globalThis: Dawn aborts the process if its GPU object is collected while devices live,
 * and two copies of this module (a bundle's and a test's) must share one Dawn.
 */

const pinned = globalThis as { __retrogradeGpu?: Promise<GPU | undefined> };

/** Whether Dawn would find a Vulkan loader. Where there is none it says so on standard error, which would look like a fault. */
async function hasLoader(): Promise<boolean> {
  if (process.platform !== 'linux') return true; // Metal and Direct3D come with the system
  const { existsSync, readFileSync } = await import('node:fs');
  const folders = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean);
  if (folders.some(folder => existsSync(`${folder}/libvulkan.so.1`))) return true;
  const cache = '/etc/ld.so.cache';
  return !existsSync(cache) || readFileSync(cache).includes('libvulkan.so.1');
}

/**
 * Dawn need not keep addresses in range: our shaders do (emit-memory.ts), and nobody gives us another. SwiftShader compiles ours in three quarters
 * of the time without.
 */
const features = 'disable_robustness';

async function load(): Promise<GPU | undefined> {
  try {
    if (!(await hasLoader())) return undefined;
    const { create, globals } = await import('webgpu');
    for (const [name, value] of Object.entries(globals))
      if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    return create([`enable-dawn-features=${features}`]) as unknown as GPU;
  } catch {
    return undefined; // not installed, or no binary for this platform
  }
}

/** Dawn's GPU object; undefined where the package `webgpu` is not installed or cannot load. Never throws. */
export function requestGpu(): Promise<GPU | undefined> {
  pinned.__retrogradeGpu ??= load();
  return pinned.__retrogradeGpu;
}
