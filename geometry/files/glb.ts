/**
 * glTF 2.0 in: GLB, which is one file, or text with files beside it or inside, as base64. The format is @gltf-transform/core's, which is
 * loaded when a file is read or written; what of it becomes a surface: gltf-surface.ts.
 *
 *   GLB: 'glTF' · version, length of the file, u32 each · parts: length u32, kind 'JSON' or 'BIN', bytes             (1) glTF 2.0, §4.4
 */

import type { GLTF, JSONDocument } from '@gltf-transform/core';
import type { Surface } from '../surface.ts';
import { checkGltf } from './gltf-check.ts';
import { surfaceOf } from './gltf-surface.ts';
import { bytesIn, type TextFile, textIn } from './input.ts';
import type { ReadOptions } from './loose.ts';

export interface GltfOptions extends ReadOptions {
  /** Gives the bytes of files beside it, by the paths that the file has for them. Pictures for which it gives undefined stay by name. */
  readonly files?: (path: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/**
 * Reads a binary glTF: its scene as one surface, with materials and textures.
 *
 * @throws SyntaxError if the file is broken, with the place, or needs an extension or a file that is not given.
 */
export function readGlb(data: Uint8Array | ArrayBuffer, options: GltfOptions = {}): Promise<Surface> {
  const bytes = bytesIn('readGlb', data);
  return reading('readGlb', `the ${bytes.length} bytes are no GLB`, options, () => {
    const { text, binary } = unpacked(bytes);
    return { json: parsed(text), binary };
  });
}

/**
 * Reads glTF's text.
 *
 * @param file A `.gltf`, as text or bytes.
 * @throws SyntaxError if the file is broken, with the place, or needs an extension or a file that is not given.
 */
export function readGltf(file: TextFile, options: GltfOptions = {}): Promise<Surface> {
  const text = textIn('readGltf', file);
  return reading('readGltf', `the ${text.length} characters are no glTF`, options, () => ({ json: parsed(text) }));
}

interface Contents {
  readonly json: GLTF.IGLTF;
  /** Of the first buffer, if it names no file. */
  readonly binary?: Uint8Array<ArrayBuffer> | undefined;
}

async function reading(who: string, no: string, options: GltfOptions, contents: () => Contents): Promise<Surface> {
  try {
    const { GLB_BUFFER, Logger, WebIO } = await import('@gltf-transform/core');
    const { json, binary } = contents();
    const resources: JSONDocument['resources'] = binary ? { [GLB_BUFFER]: binary } : {};
    await addFiles(who, json, resources, options.files);
    checkGltf(json, buffer => (buffer.uri === undefined ? binary : resources[buffer.uri]));
    const over = withoutExtensions(json);
    const silent = new WebIO().setLogger(new Logger(Logger.Verbosity.SILENT));
    return surfaceOf(who, await silent.readJSON({ json, resources }), over, options);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.startsWith(`${who}: `) || message.startsWith('Triangles: ')) throw error;
    throw new SyntaxError(
      `${who}: ${no} that can be read (${message.replace(/[^ -~]+/g, ' ').replace(/\.$/, '')}); the file may be cut short or changed, or need an extension.`,
      { cause: error },
    );
  }
}

/** Positions of few bits are read as all others are. */
const quantised = 'KHR_mesh_quantization';

/** Takes out the extension that asks for nothing else, and tells those that are passed over. */
function withoutExtensions(json: GLTF.IGLTF): readonly string[] {
  if (json.extensionsRequired) json.extensionsRequired = json.extensionsRequired.filter(name => name !== quantised);
  return (json.extensionsUsed ?? []).filter(name => name !== quantised);
}

const [jsonPart, binaryPart] = [0x4e4f534a, 0x004e4942];

function unpacked(bytes: Uint8Array<ArrayBuffer>): { text: string; binary: Uint8Array<ArrayBuffer> | undefined } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0, true) !== 0x46546c67)
    throw new SyntaxError("it does not begin with 'glTF'; text is read by readGltf");
  if (view.getUint32(4, true) !== 2) throw new SyntaxError(`it has version ${view.getUint32(4, true)}; 2 is read`);
  if (view.getUint32(8, true) !== bytes.length)
    throw new SyntaxError(`its head tells ${view.getUint32(8, true)} bytes`);
  const parts = new Map<number, Uint8Array<ArrayBuffer>>();
  for (let at = 12; at < bytes.length; ) {
    const [length, kind] =
      at + 8 <= bytes.length ? [view.getUint32(at, true), view.getUint32(at + 4, true)] : [Infinity, 0];
    if (at + 8 + length > bytes.length) throw new SyntaxError(`byte ${at}: a part leads beyond the end`);
    if (!parts.has(kind)) parts.set(kind, bytes.slice(at + 8, at + 8 + length)); // (1)
    at += 8 + length;
  }
  const json = parts.get(jsonPart);
  if (!json) throw new SyntaxError('it has no text part');
  return { text: new TextDecoder().decode(json), binary: parts.get(binaryPart) };
}

function parsed(text: string): GLTF.IGLTF {
  if (text.startsWith('glTF')) throw new SyntaxError("it begins with 'glTF', as GLB does, which is read by readGlb");
  const json = JSON.parse(text);
  if (json?.asset?.version === undefined) throw new SyntaxError("it has no 'asset' with a version");
  return json;
}

/** Asks for the files beside. A picture that is not given has its name alone. */
async function addFiles(
  who: string,
  { buffers = [], images = [] }: GLTF.IGLTF,
  resources: JSONDocument['resources'],
  files: GltfOptions['files'],
): Promise<void> {
  const named = [
    ...buffers.map(({ uri }) => ({ uri, isNeeded: true })),
    ...images.map(({ uri }) => ({ uri, isNeeded: false })),
  ];
  for (const { uri, isNeeded } of named) {
    if (uri?.startsWith('data:') && isNeeded) resources[uri] = fromBase64(uri);
    if (uri === undefined || uri.startsWith('data:')) continue;
    const bytes = await files?.(pathOf(uri));
    if (bytes instanceof Uint8Array) resources[uri] = Uint8Array.from(bytes);
    else if (bytes !== undefined || isNeeded)
      throw new RangeError(`${who}: '${pathOf(uri)}' is a file beside it; give its bytes by { files: path => bytes }.`);
  }
}

function fromBase64(uri: string): Uint8Array<ArrayBuffer> {
  const [, text] = /^data:[^,]*;base64,([A-Za-z0-9+/]*={0,2})$/.exec(uri) ?? [];
  if (text === undefined)
    throw new SyntaxError(
      `a buffer is '${uri.slice(0, 40)}'; inside the text it must be base64: 'data:TYPE;base64,DIGITS'`,
    );
  return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}

/** As names of files are written, with '%20' for a blank. */
function pathOf(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}
