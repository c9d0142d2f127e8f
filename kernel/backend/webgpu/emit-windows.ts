/**
 * WGSL that reaches words of a buffer larger than one binding may show: neighbouring windows of it are bound, each of a fixed number
 * of words but the last, and the number of the word chooses among them.
 */

/** What a name stands for in the shader: an array, or `windows` arrays whose names end in _0, _1, … */
export interface Windowed {
  readonly name: string;
  readonly windows: number;
}

/** Names of the variables. */
export const variablesOf = ({ name, windows }: Windowed): string[] =>
  windows === 1 ? [name] : Array.from({ length: windows }, (_, k) => `${name}_${k}`);

/** Statements for word `at`, given its element. */
export function chooseWindow(
  of: Windowed,
  windowWords: number,
  at: string,
  statements: (element: string) => readonly string[],
): string[] {
  const names = variablesOf(of);
  if (names.length === 1) return [...statements(`${of.name}[${at}]`)];
  const lines = [`switch (${at}) / ${windowWords}u {`];
  names.forEach((name, k) => {
    const last = k === names.length - 1;
    lines.push(`  ${last ? 'default' : `case ${k}u`}: {`);
    for (const line of statements(`${name}[(${at}) - ${k * windowWords}u]`)) lines.push(`    ${line}`);
    lines.push('  }');
  });
  return [...lines, '}'];
}

/** A function of the number of a word (and of a value) that does something to the element. */
export function windowFunction(
  of: Windowed,
  windowWords: number,
  signature: string,
  statement: (element: string) => string,
): string {
  const lines = chooseWindow(of, windowWords, 'at', element => [statement(element)]);
  return `fn ${signature} {\n${lines.map(line => `  ${line}`).join('\n')}\n}`;
}

/** Calls of what `accessFunctions` declares. */
export const windowRead = (name: string, at: string): string => `${name}Load(${at})`;
export const windowWrite = (name: string, at: string, value: string): string => `${name}Store(${at}, ${value});`;

/** Loads and stores of elements of a type. */
export function accessFunctions(
  of: Windowed,
  windowWords: number,
  held: string,
  atomic: boolean,
  writable: boolean,
): string[] {
  const load = (element: string) => `return ${atomic ? `atomicLoad(&${element})` : element};`;
  const store = (element: string) => (atomic ? `atomicStore(&${element}, v);` : `${element} = v;`);
  const functions = [windowFunction(of, windowWords, `${of.name}Load(at: u32) -> ${held}`, load)];
  if (writable) functions.push(windowFunction(of, windowWords, `${of.name}Store(at: u32, v: ${held})`, store));
  return functions;
}
