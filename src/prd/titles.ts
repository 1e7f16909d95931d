/** Finds the titles of tests in a test file, as they stand in its text. */
import { readFile } from 'node:fs/promises';

export interface Titles {
  names: string[];
  /** the file leaves tests out, or can */
  skips: boolean;
}

/** A block comment, a line comment, or a text in quotes: whichever begins first. */
const TOKEN =
  /\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/g;
/** A title is the first argument of a call; what it is called on ends in one of the runner's words, or is a table. */
const CALL = /(?:\b(?:test|it|describe)(?:\.\w+)*|\))\s*(?:<[^()]*>)?\s*\(\s*'((?:[^'\\\n]|\\.)*)'/g;
const SKIPS = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|todo|only|skipIf|runIf|fails)\b/;

/** @returns null where there is no such file */
export async function testTitles(path: string): Promise<Titles | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const code = text.replace(TOKEN, (token) => (token.startsWith('/') ? ' ' : asSingleQuoted(token)));
  const names = [...code.matchAll(CALL)].map(([, title = '']) => title.replace(/\\(.)/g, '$1'));
  return { names, skips: SKIPS.test(text.replace(TOKEN, ' ')) };
}

/** All three kinds of quotes as one, so that one pattern finds them. */
function asSingleQuoted(token: string): string {
  const inner = token.slice(1, -1).replaceAll('\n', ' ');
  return token.startsWith("'") ? token : `'${inner.replace(/(?<!\\)'/g, "\\'")}'`;
}
