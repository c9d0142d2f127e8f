/**
 * A WebGPU adapter and a browser for machines that have neither a GPU nor root: SwiftShader and headless Chromium,
 * both carried by the npm package @sparticuz/chromium and unpacked, once, into node_modules/.cache/retrograde-gpu.
 *
 * Linux x64 only. The loader reads LD_LIBRARY_PATH when a process starts, so the environment returned here
 * is for a child process; setting it in this one has no effect.
 */

import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const carrier = join(root, 'node_modules/@sparticuz/chromium');
const unbrotli = promisify(brotliDecompress);

/** The regular files of a ustar archive: name, mode, contents. */
function* untar(archive) {
  const text = (at, length) => archive.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    if (kind === '' || kind === '0') {
      const mode = Number.parseInt(text(at + 100, 8), 8);
      yield { name: text(at, 100), mode, data: archive.subarray(at + 512, at + 512 + size) };
    }
    at += 512 + 512 * Math.ceil(size / 512);
  }
}

/** Unpacks into a folder nobody else sees, then renames it into place, so that a half-unpacked one is never used. */
async function unpack(folder) {
  const draft = `${folder}.${process.pid}`;
  const write = async (name, data, mode) => {
    const path = join(draft, normalize(name));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, data, { mode });
  };
  try {
    await Promise.all(
      ['chromium.br', 'swiftshader.tar.br', 'al2023.tar.br', 'fonts.tar.br'].map(async file => {
        const data = await unbrotli(await readFile(join(carrier, 'bin', file)));
        if (!file.includes('.tar')) return write('chromium', data, 0o755);
        for (const entry of untar(data)) await write(entry.name, entry.data, entry.mode);
      }),
    );
    await rename(draft, folder).catch(error => {
      if (!existsSync(folder)) throw error; // another process was first
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * The environment in which `webgpu` (Dawn) finds SwiftShader and RETROGRADE_CHROMIUM names a browser,
 * or undefined on a platform that the carried files do not fit.
 */
export async function softwareGpu(env = process.env) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  if (!existsSync(carrier))
    throw new Error('softwareGpu: @sparticuz/chromium is not installed; it is a development dependency: run npm ci.');
  const { version } = JSON.parse(await readFile(join(carrier, 'package.json'), 'utf8'));
  const folder = join(root, 'node_modules/.cache/retrograde-gpu', version);
  if (!existsSync(folder)) await unpack(folder);
  const libraries = [folder, join(folder, 'lib'), env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    ...env,
    VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: libraries,
    FONTCONFIG_PATH: folder,
    RETROGRADE_CHROMIUM: join(folder, 'chromium'),
  };
}
