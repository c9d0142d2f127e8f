/** What readers of files are given: text or bytes. */

import { type Bytes, inWords } from '../../kernel/index.ts';

/** A text file: its text, or its bytes in UTF-8. */
export type TextFile = string | Uint8Array | ArrayBuffer;

/** @throws TypeError unless it is a text file. */
export function textIn(who: string, file: TextFile): string {
  if (typeof file === 'string') return file;
  if (isBytes(file)) return new TextDecoder().decode(file);
  throw new TypeError(`${who}: the file is ${inWords(file)}; give its text or its bytes.`);
}

/** The file's bytes, from the beginning of a buffer: copied if they are not there. @throws TypeError unless they are bytes. */
export function bytesIn(who: string, file: Uint8Array | ArrayBuffer): Bytes {
  if (!isBytes(file)) throw new TypeError(`${who}: the file is ${inWords(file)}; give its bytes.`);
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  const isCopied = file.byteOffset > 0 || !(file.buffer instanceof ArrayBuffer);
  return isCopied ? new Uint8Array(file) : new Uint8Array(file.buffer, 0, file.length);
}

const isBytes = (file: unknown): file is Uint8Array | ArrayBuffer =>
  file instanceof Uint8Array || file instanceof ArrayBuffer;
