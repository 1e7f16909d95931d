/** The one way this project writes JSON documents. */

/** Two-space JSON with a final newline; lone surrogates (PEP 383 paths) are escaped by JSON.stringify itself. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** One line per value, each ended. Empty for no values. */
export function jsonLines(values: Iterable<unknown>): string {
  let text = '';
  for (const value of values) text += `${JSON.stringify(value)}\n`;
  return text;
}
