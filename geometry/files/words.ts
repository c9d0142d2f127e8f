/** Lines and words of text files, by their places: files of millions of lines are not worth a list of lines, nor a pattern for each. */

/** Calls with each line and its number, from one, whatever its end is. */
export function eachLine(text: string, visit: (line: string, number: number) => void): void {
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  let number = 1;
  for (let at = 0; at <= lines.length; number++) {
    const end = lines.indexOf('\n', at);
    const until = end < 0 ? lines.length : end;
    visit(lines.slice(at, until), number);
    at = until + 1;
  }
}

/** What stands between blanks. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let from = -1;
  for (let k = 0; k < line.length; k++) {
    const code = line.charCodeAt(k);
    if (code > 127) return line.split(/\s+/).filter(word => word !== '');
    const isBlank = code === 32 || (code >= 9 && code <= 13);
    if (!isBlank && from < 0) from = k;
    else if (isBlank && from >= 0) {
      words.push(line.slice(from, k));
      from = -1;
    }
  }
  if (from >= 0) words.push(line.slice(from));
  return words;
}
