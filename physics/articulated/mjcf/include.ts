/**
 * <include file="…"/>: the elements of another file in its place. A file is included once, so that there are no cycles.
 */

import { type Element, parseXml, type Source } from '../xml.ts';

/** Texts or bytes of files by their paths, as the model's file names them. */
export type Files = (path: string) => string | Uint8Array;

/** What a file holds. @param element Names the file, for messages. */
export function readFile(files: Files | undefined, path: string, element: Element): string | Uint8Array {
  if (!files) return element.fail(`it needs the file '${path}'; give { files: path => its text or bytes }.`);
  const held: unknown = reading(files, path, element);
  if (typeof held === 'string' || held instanceof Uint8Array) return held;
  return element.fail(`files gives ${typeof held} for '${path}'; it must give its text or bytes.`);
}

function reading(files: Files, path: string, element: Element): unknown {
  try {
    return files(path);
  } catch (error) {
    return element.fail(`the file '${path}' cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Path of a file as `files` is asked for it. */
export const pathIn = (folder: string, file: string, strip: boolean): string => {
  const name = strip ? file.replace(/^.*[/\\]/, '') : file;
  return name.startsWith('/') ? name : folder + name;
};

export const textOf = (held: string | Uint8Array): string =>
  typeof held === 'string' ? held : new TextDecoder().decode(held);

const mostFiles = 500;

/** The same tree with the elements of other files where they are included. */
export function withIncludes(root: Element, files: Files | undefined): Element {
  const seen = new Set<string>();
  const visit = (element: Element): Element => {
    const children = element.children.flatMap(child => {
      if (child.name !== 'include') return [visit(child)];
      const path = child.needed('file');
      if (seen.has(path)) child.fail(`'${path}' is included twice; a file is included once.`);
      if (seen.size === mostFiles)
        child.fail(`it is file ${mostFiles + 1} that is included; ${mostFiles} are the most.`);
      seen.add(path);
      const source: Source = { ...root.source, file: path };
      const held = parseXml(textOf(readFile(files, path, child)), source);
      if (held.name !== 'mujoco' && held.name !== 'mujocoinclude')
        held.fail(`the file begins with <${held.name}>; an included file begins with <mujocoinclude> or <mujoco>.`);
      return visit(held).children;
    });
    return element.with(new Map(), children);
  };
  return visit(root);
}
