/** Numbers in WGSL that is made by a program. */

/** A finite number as a literal that is a float, as 2 is not. */
export function floatText(x: number): string {
  const text = `${x}`;
  return /[.e]/.test(text) ? text : `${text}.0`;
}
