/**
 * What is refused before parsing, so that no text can hang the parser or overflow the stack: too long, too deeply nested,
 * unclosed comments, characters WGSL does not have, heaps of attributes, and statements whose `<` signs would make template-list discovery (WGSL §3.9, a scan ahead from every
 * `<`) quadratic in the length of the text.
 */

import type { Diagnostic } from '../error.ts';

const maxLength = 1 << 20;
export const maxNesting = 200;
const maxScan = 1 << 25;

/** Attributes without a statement between them: after each, wesl's recovery starts again. */
const maxAttributes = 256;

const tokens = /\/\/|\/\*|[()[\]{}<;,@"'`#$?\\\0]/g;
const commentMarks = /\/\*|\*\//g;
const lineEnd = /[\n\v\f\r\u0085\u2028\u2029]/g;
const pairs: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/** Offset after the block comment that opens at `from`, or undefined if it is not closed. */
function blockCommentEnd(source: string, from: number): { readonly end: number } | { readonly problem: string } {
  let depth = 0;
  commentMarks.lastIndex = from;
  for (let mark = commentMarks.exec(source); mark; mark = commentMarks.exec(source)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return { end: commentMarks.lastIndex };
    if (depth > maxNesting) return { problem: `comments are nested more than ${maxNesting} deep.` };
  }
  return { problem: 'this comment is not closed.' };
}

/** Undefined if the text may be parsed. */
export function guard(source: string): Diagnostic | undefined {
  if (source.length > maxLength) {
    return {
      message: `the WGSL text has ${source.length} characters, but at most ${maxLength} are allowed.`,
      remedy: 'Pass large tables as an input array.',
    };
  }
  const open: { readonly close: string; readonly at: number }[] = [];
  let less = 0;
  let attributes = 0;
  let segment = 0;
  let scan = 0;
  tokens.lastIndex = 0;
  for (let token = tokens.exec(source); token; token = tokens.exec(source)) {
    const at = token.index;
    switch (token[0]) {
      case '//': {
        lineEnd.lastIndex = at;
        const end = lineEnd.exec(source);
        tokens.lastIndex = end ? end.index : source.length;
        break;
      }
      case '/*': {
        const comment = blockCommentEnd(source, at);
        if ('problem' in comment) return { message: comment.problem, at, remedy: 'Close it with */.' };
        tokens.lastIndex = comment.end;
        break;
      }
      case '(':
      case '[':
      case '{':
        open.push({ close: pairs[token[0]] ?? '', at });
        if (open.length > maxNesting) {
          return {
            message: `brackets are nested more than ${maxNesting} deep.`,
            at,
            remedy: 'Name the inner parts with let, or move them to a function.',
          };
        }
        break;
      case ')':
      case ']':
      case '}':
        // A stray bracket is the parser's to report; here it only must not unbalance the count.
        if (open.at(-1)?.close === token[0]) open.pop();
        break;
      case '<':
        less++;
        break;
      case '@':
        attributes++;
        if (attributes > maxAttributes) return { message: `there are more than ${maxAttributes} attributes here.`, at };
        break;
      case ';':
        break;
      case ',':
        if (open.at(-1)?.close === '}') attributes = 0;
        break;
      default:
        return {
          message: `WGSL has no character '${token[0] === '\0' ? '\\0' : token[0]}'.`,
          at,
          remedy:
            token[0] === '"'
              ? 'WGSL has no strings.'
              : token[0] === '?'
                ? 'Write select(ifFalse, ifTrue, condition).'
                : undefined,
        };
    }
    if (token[0] === ';' || token[0] === '{' || token[0] === '}') {
      scan += less * (at - segment);
      less = 0;
      attributes = 0;
      segment = at;
    }
  }
  scan += less * (source.length - segment);
  if (scan > maxScan) {
    return {
      message: "there are too many '<' signs in one statement.",
      remedy: 'Split the statement: name its parts with let.',
    };
  }
  return undefined;
}
