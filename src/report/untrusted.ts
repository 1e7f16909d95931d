/** Text that an engine may have written, made visible: it can steer no terminal, page or reader. */

/** C0 and C1 controls, zero-width and bidirectional marks, line separators, lone surrogates. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu;

/** Shows what cannot be seen as an escape; a byte that is not UTF-8 (PEP 383) as `\xNN`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return point >= 0xdc80 && point <= 0xdcff
      ? `\\x${(point - 0xdc00).toString(16)}`
      : `\\u{${point.toString(16)}}`;
  });
}
