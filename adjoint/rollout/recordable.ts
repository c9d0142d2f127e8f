/** Whether a function takes no more than its first parameters, as far as its text tells. */

/**
 * A step that does not take the step's number does the same each time, since it depends on its arguments alone.
 *
 * @returns Why it may take more than `parameters` arguments; undefined if it cannot.
 */
export function takesMore(step: (...args: never[]) => unknown, parameters: number): string | undefined {
  const text = Function.prototype.toString.call(step);
  const unknown = 'the text of its function is not known';
  if (/\[native code\]\s*\}\s*$/.test(text)) return unknown;
  if (step.length > parameters) return 'it takes the number of the step';
  if (/\barguments\b/.test(text)) return "it uses 'arguments'";
  const list = parameterList(text);
  if (list === undefined) return unknown;
  return list > parameters ? 'it may take more arguments' : undefined;
}

/** Parameters in the text of a function, of which one that gathers the rest counts as many; undefined if it cannot be told. */
function parameterList(text: string): number | undefined {
  if (/^(async\s+)?[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>/u.test(text)) return 1;
  const start = text.indexOf('(');
  if (start < 0 || text.startsWith('[')) return undefined;
  let depth = 0;
  let commas = 0;
  for (let k = start; k < text.length; k++) {
    const c = text[k];
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    else if ('"\'`/'.includes(c)) return undefined;
    else if (depth === 1 && text.startsWith('...', k)) return Number.POSITIVE_INFINITY;
    else if (depth === 1 && c === ',') commas++;
    if (depth > 0) continue;
    const inside = text.slice(start + 1, k).trim();
    return inside === '' ? 0 : commas + (inside.endsWith(',') ? 0 : 1);
  }
  return undefined;
}
